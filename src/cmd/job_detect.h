/* job_detect.h - what eval, infer and export open: the job, the classes of the
 * weights, pictures (but for export), and the recipe's model with its weights and
 * one plan. Neither a loss nor anything of an optimizer is among it. */
#ifndef FL_CMD_JOB_DETECT_H
#define FL_CMD_JOB_DETECT_H

#include "cmd/job.h"
#include "detect/evaluate.h"
#include "detect/model_classes.h"

/* Pictures without ground truth: a file, or a folder of them. */
struct job_pictures {
	const char *file, *folder;
};

struct job_detect {
	struct model_job job;
	struct model_classes classes;
	struct evaluator evaluator;
	const struct reader_options *reader; /* whose batches it looks at */
	struct model *model;
	struct network net;
};

/* pictures, through the TestReader; NULL: the recipe's EvalDataset, through its
 * EvalReader, by all ranks. FL_ERECIPE where the recipe names no weights, which
 * is asked before any data are opened. Close it however it ended. */
int job_detect_open(struct job_detect *d, const struct job_args *args,
		    const struct job_pictures *pictures, struct fl_err *err);
/* The same without pictures and ranks: the model of the TestReader's size, with the
 * cheapest plan that a network opens with. */
int job_detect_open_model(struct job_detect *d, const struct job_args *args,
			  struct fl_err *err);
/* rc: how the job ended here, as for job_close(). */
void job_detect_close(struct job_detect *d, int rc);

#endif
