/* options.h - what a recipe says about the update of weights, and about the
 * learning rate over time.
 */
#ifndef FL_OPTIM_OPTIONS_H
#define FL_OPTIM_OPTIONS_H

#include "config/recipe.h"

/* How the decay of the average begins; a checkpoint names it by its word. */
#define EMA_WORDS "threshold|exponential|normal"
enum ema_type {
	EMA_THRESHOLD,
	EMA_EXPONENTIAL,
	EMA_NORMAL
};

struct optim_options {
	double momentum, weight_decay;
	double clip_norm, clip_value, clip_history; /* 0: off */
	bool use_ema;
	double ema_decay;
	enum ema_type ema_type;
};

/* What becomes of base_lr at another number of images a step. */
#define BATCH_RULE_WORDS "keep|linear|sqrt"
enum batch_rule {
	BATCH_RULE_KEEP,
	BATCH_RULE_LINEAR,
	BATCH_RULE_SQRT
};

#define SCHEDULE_MOST 4
#define SCHEDULE_MILESTONES 16

enum schedule_kind {
	SCHEDULE_COSINE,
	SCHEDULE_PIECEWISE,
	SCHEDULE_LINEAR_WARMUP,
	SCHEDULE_EXP_WARMUP
};

struct schedule {
	enum schedule_kind kind;
	int max_epochs;
	bool use_warmup;
	double min_lr_ratio;
	int last_plateau_epochs;
	double gamma[SCHEDULE_MILESTONES];
	int gamma_count;
	int milestones[SCHEDULE_MILESTONES];
	int milestone_count;
	double start_factor;
	double epochs; /* of the warm-up; < 0: steps count */
	int steps;
	int power;
};

struct schedule_options {
	double base_lr;
	int base_batch; /* images a step that base_lr was chosen for */
	enum batch_rule batch_rule;
	struct schedule list[SCHEDULE_MOST];
	int count;
};

extern const struct recipe_part optim_part, schedule_part;
const struct optim_options *optim_options(const struct recipe *recipe);
const struct schedule_options *schedule_options(const struct recipe *recipe);

#endif
