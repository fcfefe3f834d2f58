/* progress.h - what people see of a running job, and metrics.jsonl.
 *
 * The log line is PaddleDetection's (fields, order, digits), so that existing
 * scripts read it; behind "ips", which is images per second of one rank, stands
 * the speed of the whole job. Losses are medians, times are means, over the
 * last log_iter steps of rank 0. On a terminal a line that rewrites itself
 * shows every step.
 *
 * metrics.jsonl holds one object per logged step and per evaluation. Every line
 * is flushed when written. A resumed run goes on at its end, after what it will
 * do a second time has been taken out.
 *
 * Only rank 0 opens a progress. Threads: belongs to the training thread.
 */
#ifndef FL_REPORT_PROGRESS_H
#define FL_REPORT_PROGRESS_H

#include "base/err.h"

#include <stdint.h>

#define PROGRESS_LOSSES 5 /* loss, loss_cls, loss_iou, loss_dfl, loss_l1 */

struct progress_plan {
	const char *metrics_path;
	int log_iter;
	int epochs, steps_per_epoch;
	int batch_size; /* images of one rank and step */
	int world_size;
	int64_t done;	   /* steps before this process; 0 for a new run */
	int64_t evaluated; /* step of the newest evaluation that counts */
};

struct progress_step {
	int64_t step; /* of the whole run, from 0 */
	int epoch, step_in_epoch;
	double lr;
	float losses[PROGRESS_LOSSES];
	double batch_s, data_s;
	double comm_s, comm_wait_s, sync_bn_s;
};

struct progress;

int progress_open(const struct progress_plan *plan, struct progress **out,
		  struct fl_err *err);
void progress_close(struct progress *progress);
int progress_step(struct progress *progress, const struct progress_step *step,
		  struct fl_err *err);

/* One line of metrics.jsonl for an evaluation: numbers by name. seconds are
 * counted in the time to come. */
struct progress_number {
	const char *name;
	double value;
};
int progress_eval(struct progress *progress, int64_t step, int epoch,
		  double seconds, const struct progress_number *numbers,
		  int count, struct fl_err *err);
/* Images per second of the whole job, over all steps so far. */
double progress_images_per_s(const struct progress *progress);

#endif
