/* loop.h - a training run: epochs, checkpoints, evaluations, resume, the end.
 *
 * The loop reports through callbacks and knows no console and no report file
 * (report/sink.h). What it does write are checkpoints: <epoch>, step_<n>
 * when the user stops it and every snapshot_steps, best_model, model_final, all
 * .safetensors, in run_dir.
 */
#ifndef FL_TRAIN_LOOP_H
#define FL_TRAIN_LOOP_H

#include "data/loader.h"
#include "train/checkpoint.h"
#include "detect/evaluate.h"

struct train_step_info {
	struct train_place place; /* before the step */
	double lr, batch_s, data_s;
	struct engine_result result;
};

/* Of each process that tells, the first so many batches are shown. */
#define TRAIN_SHOWN_BATCHES 3

/* A callback that returns an error ends the run; one that is NULL is not
 * wanted. Those from 'started' to 'saved' are called on rank 0 alone. */
struct train_events {
	void *ctx;
	/* On every rank: everything is open, no step is made yet. */
	int (*ready)(void *ctx, const struct engine *engine,
		     const struct train_place *place,
		     const struct dataset *data, struct fl_err *err);
	/* Likewise; steps_per_epoch is known. */
	int (*started)(void *ctx, const struct engine *engine,
		       const struct train_place *place,
		       const struct dataset *data, struct fl_err *err);
	/* Once, before anything is told or written: the first step is done, or
	 * the checkpoint that the run goes on with (from, "" for none) is about
	 * to be scored. place: where the run began. */
	int (*writing)(void *ctx, const struct engine *engine,
		       const struct train_place *place, const char *from,
		       struct fl_err *err);
	/* What a step took, before 'stepped' of the same one. */
	int (*batch)(void *ctx, const struct train_place *place,
		     const struct batch *batch, const struct dataset *data,
		     struct fl_err *err);
	int (*stepped)(void *ctx, const struct train_step_info *info,
		       struct fl_err *err);
	/* detections: the evaluation's, in order of images. */
	int (*evaluated)(void *ctx, const struct train_place *place,
			 const struct evaluator *evaluator,
			 const struct evaluation *evaluation,
			 const struct coco_detection *detections, bool best,
			 struct fl_err *err);
	int (*saved)(void *ctx, const char *path, int64_t step,
		     struct fl_err *err);
	/* On every rank: where the run is, for whoever watches: "data",
	 * "step", "eval"... */
	void (*phase)(void *ctx, int64_t step, const char *what);
};

/* Why a run ended without a failure. */
enum train_end {
	TRAIN_END_EPOCHS,   /* its last one is done */
	TRAIN_END_PATIENCE, /* no better AP for so many epochs */
	TRAIN_END_TIME,	    /* train_options.until is near */
	TRAIN_END_SIGNAL,   /* train_request_stop(), train_request_wind_up() */
	TRAIN_END_REPLAY    /* the record of draws has no more */
};

struct train_options {
	const char *run_dir;
	const char *resume; /* file, prefix or folder; NULL: from the start */
	struct loader_tapes tapes;
	bool eval;
	/* How many ranks of batch_size the images of a step are, however many
	 * are here to take them. 0: those that are here. */
	int batch_ranks;
	bool lost_ranks; /* the job began with that many */
	int local_ranks; /* that share this machine's memory; 0: one */
	/* An agent goes on with the run after a fault: the checkpoint may be
	 * its copy, and run_dir on another disk than before. */
	bool again;
	/* By fl_now_s() the run is to have ended, with a checkpoint and, where
	 * eval is, its score. Rank 0's counts. 0: without limit. */
	double until;
};

struct train_summary {
	int64_t steps;
	int epochs;
	double ap, ap50; /* of the last evaluation; -1: none */
	double best_ap;
	int bad_images;
	enum train_end end;
	char weights[4096]; /* the newest checkpoint */
};

/* Ask the run to end after the step in work; from any thread. */
void train_request_stop(void);
/* Likewise, with a score too where evaluations are asked for. A request to stop
 * goes before one of these. */
void train_request_wind_up(void);

int train_run(const struct recipe *recipe, struct dev *dev, struct comm *comm,
	      const struct train_options *options,
	      const struct train_events *events, struct train_summary *summary,
	      struct fl_err *err);

#endif
