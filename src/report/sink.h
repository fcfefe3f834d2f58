/* sink.h - an output of a run: the console's lines, metrics.jsonl, and whatever
 * else a person wants to see of a training.
 *
 * A sink is one file in this folder with a line in SINK_LIST, at the end here. It
 * is told what happens (report/sinks.h calls it, on rank 0 alone). An error ends
 * the run, as for a disk that is full, unless the output is an optional one. Of
 * the functions those that are NULL are not wanted.
 *
 * Values travel as named numbers, so that no sink knows which losses a model
 * has: what a sink prints of each is settled by its kind.
 *
 * Ownership: what a call gets is borrowed until it returns; struct sink_run,
 * and what it points to, until close.
 * Threads: the training thread.
 */
#ifndef FL_REPORT_SINK_H
#define FL_REPORT_SINK_H

#include "data/loader.h"
#include "detect/evaluate.h"

#include <stdbool.h>
#include <stdint.h>

enum sink_kind {
	SINK_SETTING, /* as it was set for a step: the learning rate */
	SINK_LOSS,    /* the first of them is what is trained by */
	SINK_SECONDS, /* a part of a step's time */
	SINK_SPEED,   /* images a second of the whole job */
	SINK_SCORE    /* of an evaluation; -1: nothing to measure */
};

struct sink_number {
	const char *name;
	enum sink_kind kind;
	double value;
};

struct sink_run {
	const char *folder; /* the run's own, which exists */
	const struct recipe *recipe;
	int log_iter;
	int epochs, steps_per_epoch;
	int batch_size;	      /* images of one rank and step */
	int world_size;	      /* so many times as many are a step's */
	int64_t done;	      /* steps before this process; 0 for a new run */
	int done_epochs;      /* whole ones among them */
	int64_t evaluated;    /* step of the newest evaluation that counts */
	const char *versions; /* of this program, in lines; NULL: not known */
};

struct sink_step {
	int64_t step; /* of the whole run, from 0 */
	int epoch, step_in_epoch;
	const struct sink_number *now; /* of this step alone */
	/* Every log_iter-th step of an epoch, otherwise NULL: the same numbers
	 * of the last log_iter steps, of losses the median, of times the mean. */
	const struct sink_number *recent;
	int count;
	double left_s; /* to the run's end, with evaluations, at the pace so far */
};

/* The pictures of a step, as the network sees them, with their boxes. */
struct sink_batch {
	int64_t step;
	const struct batch *batch;
	const struct dataset *data; /* names of pictures and classes */
};

struct sink_evaluation {
	int64_t step; /* steps done before it */
	int epoch;    /* the last one done */
	bool best;    /* of this run so far */
	const struct sink_number *scores;
	int count;
	const struct evaluator *evaluator; /* its data set, and the truth */
	const struct evaluation *result;
	const struct coco_detection
		*detections; /* result->detections of them */
};

struct sink {
	const char *name;
	/* For looking at: the training goes on where it fails, with a warning.
	 * An open that failed is told nothing more. */
	bool optional;
	/* *self: what the others get, NULL until open sets it. */
	int (*open)(const struct sink_run *run, void **self,
		    struct fl_err *err);
	int (*step)(void *self, const struct sink_step *step,
		    struct fl_err *err);
	/* The first TRAIN_SHOWN_BATCHES batches of this process (train/loop.h). */
	int (*batch)(void *self, const struct sink_batch *batch,
		     struct fl_err *err);
	int (*evaluated)(void *self, const struct sink_evaluation *evaluation,
			 struct fl_err *err);
	/* A checkpoint is whole, with so many steps in it. */
	int (*saved)(void *self, const char *path, int64_t step,
		     struct fl_err *err);
	/* Also after an open that failed, with what it has set. */
	void (*close)(void *self);
};

/* The value of a name that is there. */
double sink_value(const struct sink_number *numbers, int count,
		  const char *name);
/* The first of a kind, or NULL. */
const struct sink_number *sink_first(const struct sink_number *numbers,
				     int count, enum sink_kind kind);

/* All outputs, in the order in which they are told.
 *
 * console_sink: the log line is PaddleDetection's (fields, order, digits), so
 * that existing scripts read it; behind "ips", which is images per second of one
 * rank, stands the speed of the whole job. On a terminal a line that rewrites
 * itself shows every step.
 * metrics_sink: metrics.jsonl, one object per logged step and per evaluation,
 * each flushed when written. A resumed run goes on at its end, after what it
 * will do a second time has been taken out.
 * results_sink: results.csv, one row per epoch, under the names of Ultralytics.
 * page_sink: report.html, for people (docs/report.md).
 * events_sink: TensorBoard's event files, where the recipe's use_vdl asks for
 * them. */
#define SINK_LIST(X)    \
	X(console_sink) \
	X(metrics_sink) \
	X(results_sink) \
	X(page_sink)    \
	X(events_sink)

#define X(name) extern const struct sink name;
SINK_LIST(X)
#undef X

#endif
