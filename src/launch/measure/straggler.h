/* straggler.h - which rank holds up the others, and the likely cause.
 *
 * Ranks meet in every step, so all steps take as long: what differs is how much
 * of it each spends on its own (data and computing) and how much it waits for
 * the others in collectives. The slow one is the one that waits least.
 *
 * Pure: no clocks, no processes. Threads: any.
 */
#ifndef FL_LAUNCH_STRAGGLER_H
#define FL_LAUNCH_STRAGGLER_H

#include "base/str.h"

/* Means of one rank over some steps, seconds a step. */
struct straggler_row {
	double step; /* all of it */
	double data; /* waiting for the loader */
	double wait; /* in collectives, and for averaged gradients */
	/* Of the training thread, by the system: */
	double on_core;	  /* running */
	double for_core;  /* able to run, while others ran */
	double throttled; /* its control group had used up its share */
};

enum straggler_cause {
	STRAGGLER_NONE,
	STRAGGLER_DATA,	     /* reading and preparing images */
	STRAGGLER_THROTTLED, /* a limit of its control group */
	STRAGGLER_SHARED,    /* other programs on its cores */
	STRAGGLER_STANDS,    /* neither runs nor could: stopped, paging */
	STRAGGLER_COMPUTE,   /* slower or fewer cores */
	STRAGGLER_NETWORK
};

struct straggler {
	enum straggler_cause cause;
	int which;    /* row; -1: all alike */
	double costs; /* s a step that the others lose by it */
	/* What the cause is about, of this row (the least of all where all are
	 * alike), and what others have of it; s a step. */
	double has, others;
};

/* several: the ranks are on several machines, so a network lies between. */
void straggler_find(const struct straggler_row *rows, int count, bool several,
		    struct straggler *out);
/* A word for files: "data loading"; "" for none. */
const char *straggler_word(enum straggler_cause cause);
/* Why, as the end of a sentence. */
void straggler_explain(const struct straggler *s, struct fl_str *out);

#endif
