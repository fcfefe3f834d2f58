#include "optim/schedule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PI 3.14159265358979323846

static bool is_warmup(const struct recipe_schedule *s)
{
	return s->kind == RECIPE_LINEAR_WARMUP || s->kind == RECIPE_EXP_WARMUP;
}

static int64_t warmup_steps(const struct recipe_schedule *s, int64_t per_epoch)
{
	int64_t w = s->epochs >= 0 ? (int64_t)(s->epochs * (double)per_epoch)
				   : s->steps;

	return w > 1 ? w : 1;
}

static double warmup(const struct recipe_schedule *s, double base, int64_t w,
		     int64_t t)
{
	double a = (double)t / (double)w, f = s->start_factor;

	if (s->kind == RECIPE_EXP_WARMUP)
		return base * (f + (1 - f) * pow(a, s->power));
	return base * (f * (1 - a) + a);
}

static double cosine(const struct recipe_schedule *s, double base,
		     int64_t per_epoch, int64_t w, int64_t t)
{
	int64_t end =
		(int64_t)(s->max_epochs - s->last_plateau_epochs) * per_epoch;
	double least = base * s->min_lr_ratio;
	double x;

	if (t >= end) {
		if (s->last_plateau_epochs > 0)
			return least;
		t = end > 0 ? end - 1 : 0;
	}
	x = end > w ? (double)(t - w) / (double)(end - w) : 1;
	return least + (base - least) * 0.5 * (cos(PI * x) + 1);
}

/* gamma is a list of factors, or one factor whose powers are taken. */
static double piecewise(const struct recipe_schedule *s, double base,
			int64_t per_epoch, int64_t t)
{
	double lr = base;

	for (int i = 0; i < s->milestone_count; i++) {
		if (t < s->milestones[i] * per_epoch)
			break;
		if (s->gamma_count > 1)
			lr = base *
			     s->gamma[i < s->gamma_count ? i
							 : s->gamma_count - 1];
		else
			lr *= s->gamma_count == 1 ? s->gamma[0] : 0.1;
	}
	return lr;
}

static double rate_factor(const char *rule, double k)
{
	if (strcmp(rule, "linear") == 0)
		return k;
	return strcmp(rule, "sqrt") == 0 ? sqrt(k) : 1;
}

/* A warm-up of w epochs, k times as long; never more than a fifth of all. */
static double longer(double w, double k, int epochs)
{
	double most = epochs / 5.0;

	return fmax(w, fmin(w * k, most));
}

void schedule_fit(struct recipe *r, int world, char line[SCHEDULE_LINE])
{
	int batch = world * r->train_reader.batch_size;
	double k = (double)batch / r->base_batch, was = r->base_lr;
	double factor = rate_factor(r->batch_rule, k);
	bool scales = strcmp(r->batch_rule, "keep") != 0;
	int n;

	n = snprintf(
		line, SCHEDULE_LINE,
		"learning rate %g was chosen for %d images a step, this job has %d (%d ranks of %d); "
		"batch_rule %s: ",
		was, r->base_batch, batch, world, r->train_reader.batch_size,
		r->batch_rule);
	r->base_lr = was * factor;
	if (scales && batch != r->base_batch)
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n), "%g",
			      r->base_lr);
	else
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n),
			      "it stays");
	if (!scales && batch != r->base_batch)
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n),
			      " (linear would make it %g)", was * k);
	for (int i = 0; scales && k > 1 && i < r->schedule_count; i++) {
		struct recipe_schedule *s = &r->schedules[i];
		double before = s->epochs;

		if (!is_warmup(s) || before <= 0)
			continue;
		s->epochs = longer(before, k, r->epoch);
		n += snprintf(line + n, (size_t)(SCHEDULE_LINE - n),
			      ", warm-up %g epochs instead of %g", s->epochs,
			      before);
	}
}

double schedule_lr(const struct recipe *r, int64_t per_epoch, int64_t step)
{
	const struct recipe_schedule *decay = NULL, *warm = NULL;
	int64_t w = 0;

	for (int i = 0; i < r->schedule_count; i++) {
		if (is_warmup(&r->schedules[i]))
			warm = &r->schedules[i];
		else
			decay = &r->schedules[i];
	}
	if (decay && !decay->use_warmup)
		warm = NULL;
	if (warm) {
		w = warmup_steps(warm, per_epoch);
		if (step < w)
			return warmup(warm, r->base_lr, w, step);
	}
	if (decay && decay->kind == RECIPE_COSINE)
		return cosine(decay, r->base_lr, per_epoch, w, step);
	if (decay)
		return piecewise(decay, r->base_lr, per_epoch, step);
	return r->base_lr;
}
