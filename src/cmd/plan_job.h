/* plan_job.h - a recipe, asked machines and a data set as a job of the model of
 * costs (cost/model.h), with what a trainer takes of memory.
 *
 * Ownership: a plan_job owns its recipe. Threads: the main thread.
 */
#ifndef FL_CMD_PLAN_JOB_H
#define FL_CMD_PLAN_JOB_H

#include "cmd/job.h"
#include "cost/model.h"
#include "train/batch_room.h"

/* What the command line asks for. */
struct plan_asked {
	struct job_args job;
	const char *hosts; /* "4", or "12..1250" */
	const char *gpu, *link, *calibration, *json;
	double latency_us, price;
	int cards, batch, images;
	bool calibrate;
};

struct plan_job {
	struct recipe *recipe;
	struct cost_machine machine;
	struct cost_job cost;
	struct batch_room_line memory;
	int hosts_most; /* of a range; else cost.hosts */
	double price;	/* of a machine and hour; 0: not told */
	const char *pictures_from, *eval_from; /* in words */
};

int plan_job_open(const struct plan_asked *asked, struct plan_job *out,
		  struct fl_err *err);
void plan_job_close(struct plan_job *job);

/* Bytes of a trainer, and what there are for it (0: unknown). */
double plan_job_bytes(const struct plan_job *job, const struct cost_job *row);
double plan_job_room(const struct plan_job *job, const struct cost_job *row);

#endif
