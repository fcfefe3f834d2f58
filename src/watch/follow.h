/* follow.h - a run's folder while the run is at work.
 *
 * Looking costs the run nothing: files are read that it writes anyway, of
 * those that grow the new lines alone, and nothing where nothing is new.
 *
 * Ownership: the struct owns all; follow_close frees it.
 * Threads: one at a time.
 */
#ifndef FL_WATCH_FOLLOW_H
#define FL_WATCH_FOLLOW_H

#include "page/run.h"

struct followed {
	struct page_run run;
	struct json
		*window; /* the launcher's newest line (launch/watch/ledger.c);
				NULL: none of this run can be read here */
	struct page_file ledger;
	bool at_work;	  /* as far as can be told from here */
	char holder[512]; /* who is at work */
};

/* FL_EDATA where there is no such folder, or nothing of a run in it and nobody
 * at work. */
int follow_open(struct followed *f, const char *folder, struct fl_err *err);
/* 1: there was something new; 0; FL_EDATA where the folder is gone. */
int follow_update(struct followed *f, struct fl_err *err);
void follow_close(struct followed *f);
/* The summary of a run that is over, NULL while it is at work or was killed. */
const struct json *follow_summary(const struct followed *f);

#endif
