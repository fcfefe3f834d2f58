/* Two parts of a recipe, one of the optimizer and one of the learning rate; the
 * schedules are a list of objects, each read by its class. registry/lists.c
 * adds both. A schedule's defaults are those of the reference's class; the rule
 * of the batch and the clip by history it does not have. */
#include "optim/options.h"

#include "config/keys.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define F(field) offsetof(struct optim_options, field)

static const struct recipe_row optim_rows[] = {
	{ "use_ema", ROW_BOOL, F(use_ema), 0, 0, 0, "false", NULL,
	  "keep an average of the weights; it is what is scored" },
	{ "ema_decay", ROW_REAL, F(ema_decay), 0, 1, 0, "0.9998", NULL,
	  "decay of that average" },
	{ "ema_decay_type", ROW_WORD, F(ema_type), 0, 0, 0, "threshold",
	  EMA_WORDS, "how the decay begins" },
	/* Refused unless it says what is done: another optimizer would train
	 * another model without a word. */
	{ "OptimizerBuilder.optimizer.type", ROW_REFUSED, 0, 0, 0, 0,
	  "Momentum", NULL, "the optimiser of PP-YOLOE" },
	{ "OptimizerBuilder.optimizer.momentum", ROW_REAL, F(momentum), 0,
	  0.999999, 0, "0.9", NULL, "share of the velocity that stays" },
	{ "OptimizerBuilder.optimizer.use_nesterov", ROW_REFUSED, 0, 0, 0, 0,
	  "false", NULL, "not used by PP-YOLOE" },
	{ "OptimizerBuilder.regularizer.type", ROW_REFUSED, 0, 0, 0, 0, "L2",
	  NULL, "weight decay is coupled L2" },
	{ "OptimizerBuilder.regularizer.factor", ROW_REAL, F(weight_decay), 0,
	  10, 0, "0.0001", NULL,
	  "weight decay; none on batch normalisation; regularizer: null has none at all" },
	{ "OptimizerBuilder.clip_grad_by_norm", ROW_REAL, F(clip_norm), 0, 1e9,
	  0, "0.0", NULL, "bound of the global gradient norm; 0: off" },
	{ "OptimizerBuilder.clip_grad_by_value", ROW_REAL, F(clip_value), 0,
	  1e9, 0, "0.0", NULL, "bound of each gradient; 0: off" },
	{ "OptimizerBuilder.clip_grad_by_history", ROW_REAL, F(clip_history), 0,
	  1e9, 0, "3.0", NULL,
	  "bound of the global gradient norm, in running means of the norms of the last 100 steps; "
	  "0: off, as in the reference (ours)" },
};

/* A recipe without the section decays as the reference's default does; one that
 * says there is nothing there means none. */
static int read_optim(struct recipe *r, void *options, const struct yaml *tree,
		      struct fl_err *err)
{
	struct optim_options *o = options;
	const struct yaml *n =
		yaml_get(yaml_get(tree, "OptimizerBuilder"), "regularizer");

	(void)r, (void)err;
	if (n && n->kind != YAML_MAP)
		o->weight_decay = 0;
	return 0;
}

const struct recipe_part optim_part = {
	.rows = optim_rows,
	.row_count = sizeof(optim_rows) / sizeof(optim_rows[0]),
	.size = sizeof(struct optim_options),
	.read = read_optim,
};

const struct optim_options *optim_options(const struct recipe *recipe)
{
	return recipe_options(recipe, &optim_part);
}

#define S(field) offsetof(struct schedule_options, field)

static const struct recipe_row schedule_rows[] = {
	{ "LearningRate.base_lr", ROW_REAL, S(base_lr), 0, 100, 0, "0.01", NULL,
	  "highest learning rate" },
	{ "LearningRate.base_batch", ROW_INT, S(base_batch), 1, 1000000, 0,
	  "64", NULL,
	  "images a step, over all ranks, that base_lr was chosen for (ours)" },
	{ "LearningRate.batch_rule", ROW_WORD, S(batch_rule), 0, 0, 0, "keep",
	  BATCH_RULE_WORDS,
	  "what becomes of base_lr at another number of images a step: nothing, as in the reference; "
	  "in proportion; with the root; the last two lengthen the warm-up (ours)" },
};

static const struct {
	const char *name;
	enum schedule_kind kind;
} schedules[] = {
	{ "CosineDecay", SCHEDULE_COSINE },
	{ "PiecewiseDecay", SCHEDULE_PIECEWISE },
	{ "LinearWarmup", SCHEDULE_LINEAR_WARMUP },
	{ "ExpWarmup", SCHEDULE_EXP_WARMUP },
};

/* What the reference's classes begin with. */
static struct schedule plain_schedule(enum schedule_kind kind)
{
	return (struct schedule){ .kind = kind,
				  .max_epochs = 1000,
				  .use_warmup = true,
				  .gamma = { 0.1, 0.01 },
				  .gamma_count = 2,
				  .milestones = { 8, 11 },
				  .milestone_count = 2,
				  .start_factor = 1.0 / 3,
				  .epochs = -1,
				  .steps = kind == SCHEDULE_EXP_WARMUP ? 1000
								       : 500,
				  .power = 2 };
}

/* What is not given stays as it is. Returns true where a number stands alone. */
static bool take_list(struct keys *k, const char *key, double *out, int *count,
		      int most, const char *help)
{
	const struct yaml *n = keys_look(k, key, "number or list", help);

	if (!n)
		return false;
	if (n->kind == YAML_LIST && n->count <= most) {
		*count = n->count;
		for (int i = 0; k->rc == 0 && i < n->count; i++)
			k->rc = recipe_number(k->r, n->items[i],
					      keys_full(k, key), false, 0, 1e9,
					      &out[i], k->err);
		return false;
	}
	*count = 1;
	k->rc = recipe_number(k->r, n, keys_full(k, key), false, 0, 1e9, out,
			      k->err);
	return true;
}

/* One factor stands for itself, a tenth of it, a hundredth, at one milestone
 * after the other: the reference divides by ten, whatever the factor is. */
static void take_steps(struct keys *k, struct schedule *s)
{
	double milestones[SCHEDULE_MILESTONES];
	bool alone;

	for (int i = 0; i < s->milestone_count; i++)
		milestones[i] = s->milestones[i];
	alone = take_list(
		k, "gamma", s->gamma, &s->gamma_count, SCHEDULE_MILESTONES,
		"PiecewiseDecay: factors of base_lr, or one that is divided by ten from milestone to milestone");
	take_list(k, "milestones", milestones, &s->milestone_count,
		  SCHEDULE_MILESTONES, "PiecewiseDecay: epochs");
	for (int i = 0; i < s->milestone_count; i++)
		s->milestones[i] = (int)milestones[i];
	if (!alone)
		return;
	s->gamma_count = s->milestone_count;
	for (int i = 1; i < s->gamma_count; i++)
		s->gamma[i] = s->gamma[0] / pow(10, i);
}

/* One schedule of the list. The table of docs/recipes.md is what is asked for
 * here, so every key is, whatever the class is (but for start_factor). */
static int fill_schedule(struct recipe *r, const struct yaml *n,
			 struct schedule *s, struct fl_err *err)
{
	struct keys k = keys_of(r, n, "schedulers", err);
	const struct yaml *epochs;
	const char *class = keys_class(&k);
	size_t i = 0;

	while (i < 4 && strcmp(schedules[i].name, class) != 0)
		i++;
	if (k.rc == 0 && i == 4)
		return fl_fail(
			err, FL_ERECIPE,
			"%s: unknown schedule '%s'; there are CosineDecay, PiecewiseDecay, LinearWarmup and ExpWarmup",
			yaml_where(&r->arena, n), class);
	/* Keys of other classes are taken and mean nothing: one struct holds
	 * them all. */
	*s = plain_schedule(schedules[i < 4 ? i : 0].kind);
	keys_int(&k, "max_epochs", 1, 1e6, &s->max_epochs,
		 "where the cosine would end");
	keys_bool(&k, "use_warmup", &s->use_warmup,
		  "false: the second schedule is ignored");
	keys_real(&k, "min_lr_ratio", 0, 1, &s->min_lr_ratio,
		  "the cosine's end, as a share of base_lr");
	keys_int(&k, "last_plateau_epochs", 0, 1e6, &s->last_plateau_epochs,
		 "epochs at that end");
	take_steps(&k, s);
	if (s->kind != SCHEDULE_EXP_WARMUP) /* which begins at 0 */
		keys_real(&k, "start_factor", 0, 1, &s->start_factor,
			  "where a LinearWarmup begins, as a share of base_lr");
	epochs = keys_number(&k, "epochs", 0, 1e6, "length of a warm-up");
	/* null, as recipes write it, means "by steps". */
	if (epochs && epochs->kind != YAML_NULL && k.rc == 0)
		k.rc = recipe_number(r, epochs, "schedulers.epochs", false, 0,
				     1e6, &s->epochs, err);
	keys_int(&k, "steps", 0, 1e9, &s->steps,
		 "length of a warm-up where epochs is null");
	keys_int(&k, "power", 1, 10, &s->power, "of ExpWarmup");
	return keys_finish(&k);
}

static int read_schedules(struct recipe *r, void *options,
			  const struct yaml *tree, struct fl_err *err)
{
	struct schedule_options *o = options;
	const struct yaml *list =
		yaml_get(yaml_get(tree, "LearningRate"), "schedulers");
	int rc = 0;

	/* The reference's, where a recipe has no list; an empty one, which it
	 * cannot run, is base_lr from the first step to the last. */
	if (!list) {
		o->list[0] = plain_schedule(SCHEDULE_PIECEWISE);
		o->list[1] = plain_schedule(SCHEDULE_LINEAR_WARMUP);
		o->count = 2;
		return 0;
	}
	if (list->kind != YAML_LIST || list->count > SCHEDULE_MOST)
		return fl_fail(
			err, FL_ERECIPE,
			"%s: 'LearningRate.schedulers' must be a list of at most %d schedules",
			yaml_where(&r->arena, list), SCHEDULE_MOST);
	for (int i = 0; rc == 0 && i < list->count; i++)
		rc = fill_schedule(r, list->items[i], &o->list[i], err);
	o->count = list->count;
	return rc;
}

/* The same code that reads them, asked about nothing. */
static void list_schedules(struct recipe *r, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	/* A class has to be named; which one, the table does not show. */
	struct yaml cosine = { .kind = YAML_MAP,
			       .tag = (char *)(uintptr_t) "CosineDecay" };
	struct schedule schedule;

	(void)out;
	fill_schedule(r, &cosine, &schedule, &err);
}

const struct recipe_part schedule_part = {
	.rows = schedule_rows,
	.row_count = sizeof(schedule_rows) / sizeof(schedule_rows[0]),
	.size = sizeof(struct schedule_options),
	.objects = (const char *const[]){ "LearningRate.schedulers", NULL },
	.read = read_schedules,
	.list = list_schedules,
};

const struct schedule_options *schedule_options(const struct recipe *recipe)
{
	return recipe_options(recipe, &schedule_part);
}
