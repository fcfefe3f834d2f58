/* run_priv.h - a training that is open, and its next step.
 *
 * loop.c drives it through epochs, timing.c through a few steps.
 *
 *     run_open()      data, model, engine, weights or checkpoint, loader
 *     run_step()      until the place is where the driver wants it
 *     run_close()     also after a run_open() that failed
 */
#ifndef FL_TRAIN_RUN_PRIV_H
#define FL_TRAIN_RUN_PRIV_H

#include "detect/bad_images.h"
#include "train/loop.h"

/* What the end of a run would take, from what it took so far. */
struct run_ending {
	double step_s, save_s;
	double eval_s; /* 0: none was made yet */
};

/* The driver fills the first six; the rest starts as zero. */
struct run {
	const struct recipe *recipe;
	struct dev *dev;
	struct comm *comm;
	const struct train_options *options;
	const struct train_events *events;
	struct train_summary *summary;
	struct model *model;
	struct dataset data;
	struct class_list classes; /* data's, which become the model's */
	struct loader *loader;
	struct bad_images bad;
	struct evaluator evaluator;
	struct engine engine;
	struct train_place place;
	int batch_ranks, global;   /* images of a step, of all ranks */
	int shown;		   /* batches that were told of */
	bool writing;		   /* a step is done, or an old run scored */
	struct snapshot *snapshot; /* loop.c's; NULL: none are asked for */
	struct run_ending ending;
};

int run_open(struct run *run, struct fl_err *err);
void run_close(struct run *run);

/* One batch, one update, its events. Where a tape of draws has ended nothing is
 * done, and summary->end says so. */
int run_step(struct run *run, struct fl_err *err);

/* Tell whoever watches. */
void run_phase(const struct run *run, const char *what);
int run_ready(struct run *run, struct fl_err *err);
/* Before this nothing is written: a start that fails must leave what was there
 * as it was. Later calls do nothing. */
int run_begin_writing(struct run *run, struct fl_err *err);
/* Does any rank want the run to end, as of the last step? */
bool run_end_asked(const struct run *run);

/* ending.c: when a run ends before its last epoch. */
/* This rank's wish for the step that is about to be made. */
enum engine_wish run_wish(const struct run *run);
void run_ending_stepped(struct run *run, double seconds);
/* Collective, where run_end_asked(): what the run ends by. */
enum train_end run_ended_by(const struct run *run);
/* Collective, after an epoch was scored: *end is TRAIN_END_EPOCHS where the run
 * goes on, or what it ends by, the same on every rank. */
int run_settle_end(struct run *run, enum train_end *end, struct fl_err *err);

/* Collective: names the bad pictures of the last steps. */
int run_report_bad(struct run *run, struct fl_err *err);

/* passes.c: how the images of a step are shared out to ranks, and a rank's to
 * passes. run_share_out() settles batch_ranks and global, which the others use. */
int run_share_out(struct run *run, struct fl_err *err);
/* Collective. */
int run_choose_passes(const struct run *run, int *passes, struct fl_err *err);
#define RUN_MOST_PLANS (2 * READER_MAX_SIZES)
/* A plan for every image size of training, whose batch may be taken in passes
 * of two sizes; returns how many. */
int run_plans(const struct run *run, int passes,
	      struct plan_key keys[RUN_MOST_PLANS]);

#endif
