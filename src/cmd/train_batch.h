/* train_batch.h - batch_size auto becomes a number, before a run begins. */
#ifndef FL_CMD_TRAIN_BATCH_H
#define FL_CMD_TRAIN_BATCH_H

#include "cmd/job.h"

/* Where the recipe says auto: of a run that goes on (resume), its own batch; else
 * the largest that the memory of every rank's machine holds, in one line. The
 * recipe is loaded anew with it, so that everything that is written down has
 * the number. The recipe's own number gives way to that of a run that goes on
 * too, where the images of a step would differ and it was not typed for this
 * start. batch_ranks: ranks that the job began with, 0: those that are here.
 * Collective. */
int train_settle_batch(struct model_job *job, const struct job_args *args,
		       const char *resume, int batch_ranks, int local_ranks,
		       struct fl_err *err);

#endif
