/* facts.h - report.json: what a run's page shows and no other file of the folder
 * holds (page/run.h reads it).
 *
 *     recipe     path, changes: key, value, base, from
 *     machines, versions, digests   texts by their names, as the page has them
 *     epochs, steps_per_epoch, ranks, seconds
 *     batch_size images of one rank and step
 *     begun      of this process, in seconds since 1970
 *     ledger     report/ledger_means.h
 *     ledger_file   where the launcher keeps it, on the machine of rank 0
 *     evaluation, pictures, batch   report/scores.h, report/pictures.h
 *     labels     report/labels.h
 *
 * A run that goes on keeps what its file has and adds to its seconds.
 */
#ifndef FL_REPORT_FACTS_H
#define FL_REPORT_FACTS_H

#include "report/sink.h"
#include "text/json.h"

#include <time.h>

struct facts {
	const struct sink_run *run;
	char path[4096];
	struct json *root;
	double start; /* on this process's clock, of the run's second 0 */
	time_t begun; /* of this process */
};

int facts_open(struct facts *facts, const struct sink_run *run,
	       struct fl_err *err);
/* Digest of a data set, under that name. */
void facts_add_data(struct facts *facts, const char *name,
		    const struct dataset *data);
/* Digests of the weights that lie in the folder. */
void facts_add_weights(struct facts *facts);
/* Whole or not at all. */
int facts_write(struct facts *facts, struct fl_err *err);
void facts_close(struct facts *facts);

#endif
