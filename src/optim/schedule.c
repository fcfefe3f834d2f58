/* The formulas of schedule.h, one function each; schedule_lr() picks among them
 * at every step, schedule_fit() is called once before the first. The reference
 * keeps a table with a row a step and searches it; a formula needs none and
 * gives the same to the last digits (tests/golden, lr to 1e-12). */
#include "optim/schedule.h"

#include <math.h>
#include <stdio.h>

#define PI 3.14159265358979323846

static bool is_warmup(const struct schedule *s)
{
	return s->kind == SCHEDULE_LINEAR_WARMUP ||
	       s->kind == SCHEDULE_EXP_WARMUP;
}

/* At least one, as in the reference: a warm-up of nothing is one step at its
 * first rate. */
static int64_t warmup_steps(const struct schedule *s, int64_t per_epoch)
{
	int64_t w = s->epochs >= 0 ? (int64_t)(s->epochs * (double)per_epoch)
				   : s->steps;

	return w > 1 ? w : 1;
}

/* a is the share of the warm-up that is done. */
static double warmup(const struct schedule *s, double base, int64_t w,
		     int64_t t)
{
	double a = (double)t / (double)w, f = s->start_factor;

	if (s->kind == SCHEDULE_EXP_WARMUP)
		return base * pow(a, s->power);
	return base * (f * (1 - a) + a);
}

/* It begins behind the warm-up's w steps and ends before the plateau. */
static double cosine(const struct schedule *s, double base, int64_t per_epoch,
		     int64_t w, int64_t t)
{
	int64_t end =
		(int64_t)(s->max_epochs - s->last_plateau_epochs) * per_epoch;
	double least = base * s->min_lr_ratio;
	double x;

	/* The reference's table ends there, and what it says last goes on. */
	if (t >= end) {
		if (s->last_plateau_epochs > 0)
			return least;
		t = end > 0 ? end - 1 : 0;
	}
	x = end > w ? (double)(t - w) / (double)(end - w) : 1;
	return least + (base - least) * 0.5 * (cos(PI * x) + 1);
}

/* A factor a milestone; behind the last milestone the last factor, however many
 * there are, for so Paddle's PiecewiseDecay looks them up. */
static double piecewise(const struct schedule *s, double base,
			int64_t per_epoch, int64_t t)
{
	int passed = 0;

	while (passed < s->milestone_count &&
	       t >= s->milestones[passed] * per_epoch)
		passed++;
	if (passed == 0 || s->gamma_count == 0)
		return base;
	if (passed == s->milestone_count || passed > s->gamma_count)
		passed = s->gamma_count;
	return base * s->gamma[passed - 1];
}

static double rate_factor(enum batch_rule rule, double k)
{
	if (rule == BATCH_RULE_LINEAR)
		return k;
	return rule == BATCH_RULE_SQRT ? sqrt(k) : 1;
}

/* A warm-up of w epochs, k times as long; never more than a fifth of all, nor
 * shorter than it was. */
static double longer(double w, double k, int epochs)
{
	double most = epochs / 5.0;

	return fmax(w, fmin(w * k, most));
}

/* Warm-ups of epochs get their steps back; told behind the line's n letters. */
static void lengthen_warmups(struct schedule_options *o, double k, int epochs,
			     char line[SCHEDULE_LINE], int n)
{
	for (int i = 0; k > 1 && i < o->count; i++) {
		struct schedule *s = &o->list[i];
		double before = s->epochs;

		if (!is_warmup(s) || before <= 0)
			continue;
		s->epochs = longer(before, k, epochs);
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n),
			      ", warm-up %g epochs instead of %g", s->epochs,
			      before);
	}
}

void schedule_fit(struct schedule_options *o, int batch_size, int world,
		  int epochs, char line[SCHEDULE_LINE])
{
	int batch = world * batch_size, n;
	double k = (double)batch / o->base_batch, was = o->base_lr;
	bool scales = o->batch_rule != BATCH_RULE_KEEP;
	char rule[RECIPE_WORD];

	n = snprintf(
		line, SCHEDULE_LINE,
		"learning rate %g was chosen for %d images a step, this job has %d (%d %s of %d); "
		"batch_rule %s: ",
		was, o->base_batch, batch, world,
		fl_plural(world, "rank", "ranks"), batch_size,
		recipe_word(BATCH_RULE_WORDS, (int)o->batch_rule, rule));
	o->base_lr = was * rate_factor(o->batch_rule, k);
	if (scales && batch != o->base_batch)
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n), "%g",
			      o->base_lr);
	else
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n),
			      "it stays");
	if (!scales && batch != o->base_batch)
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n),
			      " (linear would make it %g)", was * k);
	if (scales)
		lengthen_warmups(o, k, epochs, line, n);
}

double schedule_lr(const struct schedule_options *o, int64_t per_epoch,
		   int64_t step)
{
	const struct schedule *decay = NULL, *warm = NULL;
	int64_t w = 0;

	/* The last of each kind counts; a recipe has one of each. */
	for (int i = 0; i < o->count; i++) {
		if (is_warmup(&o->list[i]))
			warm = &o->list[i];
		else
			decay = &o->list[i];
	}
	if (decay && !decay->use_warmup)
		warm = NULL;
	if (warm) {
		w = warmup_steps(warm, per_epoch);
		if (step < w)
			return warmup(warm, o->base_lr, w, step);
	}
	if (decay && decay->kind == SCHEDULE_COSINE)
		return cosine(decay, o->base_lr, per_epoch, w, step);
	if (decay)
		return piecewise(decay, o->base_lr, per_epoch, step);
	return o->base_lr;
}
