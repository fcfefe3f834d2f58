/* calibrate.c - steps of several models, sizes and batches, timed and fitted.
 *
 * cost_calibrate() times points that spread the five terms of a step (fixed,
 * wide and thin convolutions, bytes of maps, parameters) and cost_fit() finds
 * their constants. Of a point the quickest step counts: what other programs take
 * is not the machine's. The loader is timed by the processor's time that it uses,
 * for the same reason, on made-up pictures in a temporary folder. */
#include "cost/calibrate.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/cores.h"
#include "base/file.h"
#include "base/processor.h"
#include "base/str.h"
#include "cost/time_loader.h"
#include "cost/work.h"
#include "family/family.h"
#include "text/json.h"
#include "train/batch_room.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "plan.json"
#define STEPS 6	    /* of a point */
#define ROUNDS 4000 /* of the fit */
#define SUMS 300    /* small ones that are timed */
#define FLOATS (4 << 20)

static const struct shape {
	double depth, width;
	int size, batch;
} shapes[] = {
	{ 0.33, 0.25, 160, 2 }, { 0.33, 0.25, 320, 4 }, { 0.33, 0.5, 128, 1 },
	{ 0.33, 0.5, 256, 4 },	{ 0.33, 0.5, 416, 2 },	{ 0.33, 0.5, 640, 1 },
	{ 0.67, 0.75, 192, 2 }, { 0.67, 0.75, 320, 2 }, { 1.0, 1.0, 128, 1 },
	{ 1.0, 1.0, 256, 2 },	{ 1.33, 1.25, 160, 1 },
};
#define SHAPES ((int)(sizeof(shapes) / sizeof(shapes[0])))

void cost_fit(struct cost_point *points, int count, double out[COST_TERMS])
{
	double scale[COST_TERMS] = { 0 };

	/* Terms of very different size: each by its largest share. */
	for (int i = 0; i < count; i++)
		for (int k = 0; k < COST_TERMS; k++)
			scale[k] = fmax(scale[k],
					points[i].terms[k] / points[i].seconds);
	for (int k = 0; k < COST_TERMS; k++)
		out[k] = 0;
	/* One constant after another to its best value beside the others, never
	 * below zero: the sum of squares is convex, so this ends at its least. */
	for (int round = 0; round < ROUNDS * COST_TERMS; round++) {
		int k = round % COST_TERMS;
		double up = 0, down = 0;

		for (int i = 0; i < count; i++) {
			const struct cost_point *p = &points[i];
			double rest = 1, x = 0;

			if (scale[k] > 0)
				x = p->terms[k] / p->seconds / scale[k];
			for (int j = 0; j < COST_TERMS; j++)
				if (j != k)
					rest -= out[j] * p->terms[j] /
						p->seconds;
			up += x * rest;
			down += x * x;
		}
		out[k] = down > 0 ? fmax(0, up / down) / scale[k] : 0;
	}
	for (int i = 0; i < count; i++) {
		points[i].fitted = 0;
		for (int k = 0; k < COST_TERMS; k++)
			points[i].fitted += out[k] * points[i].terms[k];
	}
}

static int time_shape(const struct shape *s, struct dev *dev,
		      struct cost_point *p, struct fl_err *err)
{
	char depth[32], width[32];
	const char *const overrides[] = { depth, width, "pretrain_weights=''" };
	double pixels = (double)s->batch * s->size * s->size;
	struct recipe *recipe = NULL;
	struct model *model = NULL;
	struct cost_work w;
	int rc;

	snprintf(depth, sizeof(depth), "depth_mult=%g", s->depth);
	snprintf(width, sizeof(width), "width_mult=%g", s->width);
	rc = recipe_load(COST_RECIPE, overrides, 3, &recipe, err);
	if (rc == 0)
		rc = family_model(recipe, &model, err);
	if (rc == 0) {
		cost_work_of(model->graph, &w);
		*p = (struct cost_point){ .terms = { 1, pixels * w.wide_flops,
						     pixels * w.thin_flops,
						     pixels * w.elements * 4,
						     w.parameters } };
		rc = batch_room_time(recipe, dev, s->batch, s->size, s->size,
				     STEPS, &p->seconds, err);
	}
	family_model_free(model);
	recipe_free(recipe);
	return rc;
}

static int calibrate_steps(struct dev *dev, struct cost_machine *m,
			   void (*said)(const char *line), struct fl_err *err)
{
	struct cost_point points[SHAPES];
	double fit[COST_TERMS];
	char line[160];
	int rc = 0;

	for (int i = 0; rc == 0 && i < SHAPES; i++)
		rc = time_shape(&shapes[i], dev, &points[i], err);
	if (rc != 0)
		return rc;
	cost_fit(points, SHAPES, fit);
	for (int i = 0; i < SHAPES; i++) {
		snprintf(line, sizeof(line),
			 "PP-YOLOE depth %.2f width %.2f, %d of %dx%d: "
			 "%.1f ms measured, %.1f by the model (%+.0f %%)",
			 shapes[i].depth, shapes[i].width, shapes[i].batch,
			 shapes[i].size, shapes[i].size,
			 1e3 * points[i].seconds, 1e3 * points[i].fitted,
			 100 * (points[i].fitted / points[i].seconds - 1));
		said(line);
	}
	m->rates.step_s = fit[0];
	m->rates.wide_s = fit[1];
	m->rates.thin_s = fit[2];
	m->rates.byte_s = fit[3];
	m->rates.parameter_s = fit[4];
	return 0;
}

/* Over ranks of one machine: the time of a small sum, and of one of gradients. */
static int calibrate_sums(struct comm *comm, struct cost_machine *m,
			  struct fl_err *err)
{
	double small[64] = { 0 }, start, took = INFINITY;
	double others = comm->world - 1.0;
	float *values;
	int rc = comm_sum_doubles(comm, small, 64, err);

	start = fl_now_s();
	for (int i = 0; rc == 0 && i < SUMS; i++)
		rc = comm_sum_doubles(comm, small, 64, err);
	m->rates.near_s = fmax(1e-6, (fl_now_s() - start) / SUMS -
					     others * m->rates.rank_s);
	values = fl_calloc(FLOATS, sizeof(*values));
	for (int i = 0; rc == 0 && i < 5; i++) {
		start = fl_now_s();
		rc = comm_sum_floats(comm, values, FLOATS, err);
		took = fmin(took, fl_now_s() - start);
	}
	free(values);
	m->rates.near_byte_s =
		took / (2 * others / comm->world) / (FLOATS * sizeof(float));
	return rc;
}

int cost_calibrate(struct dev *dev, struct comm *comm, struct cost_machine *m,
		   void (*said)(const char *line), struct fl_err *err)
{
	int rc;

	if (comm->world > 1)
		return calibrate_sums(comm, m, err);
	m->rates.cores = fl_cores();
	rc = calibrate_steps(dev, m, said, err);
	if (rc == 0)
		rc = cost_time_loader(m, err);
	return rc;
}

static int place(const char *path, char *buf, size_t size, struct fl_err *err)
{
	if (path)
		snprintf(buf, size, "%s", path);
	else if (!fl_cache_path(buf, size, FILE_NAME))
		return fl_fail(
			err, FL_EUSAGE,
			"there is no folder for the calibration: neither HOME nor XDG_CACHE_HOME "
			"is set; name a file with --calibration");
	return 0;
}

/* All that a step takes must be there; 0 of a term is what the fit may say. */
static bool makes_sense(const struct cost_rates *r)
{
	const double all[] = { r->step_s, r->wide_s,	  r->thin_s,
			       r->byte_s, r->parameter_s, r->near_s,
			       r->rank_s, r->near_byte_s, r->decode_s,
			       r->pixel_s };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!isfinite(all[i]) || all[i] < 0)
			return false;
	return r->wide_s + r->thin_s + r->byte_s > 0 && r->cores > 0;
}

int cost_calibration_read(const char *path, struct cost_machine *m,
			  struct fl_err *err)
{
	struct cost_rates rates;
	char file[PATH_MAX];
	struct json *o;
	int rc = place(path, file, sizeof(file), err);

	if (!path && (rc != 0 || !fl_exists(file)))
		return 0;
	if (rc != 0)
		return rc;
	o = json_read(file, err);
	if (!o)
		return fl_context(err, "calibration");
	record_read(&cost_rates_record, o, &rates);
	json_free(o);
	if (!makes_sense(&rates))
		return fl_fail(
			err, FL_EDATA,
			"calibration: '%s' holds no constants of a machine; remove it, or "
			"make it anew with 'flotilla plan --calibrate'",
			file);
	m->rates = rates;
	m->cores = rates.cores;
	snprintf(m->about, sizeof(m->about),
		 "flotilla on %s, %d %s, as calibrated (%.90s)",
		 rates.processor[0] ? rates.processor : "a processor",
		 rates.cores, fl_plural(rates.cores, "core", "cores"), file);
	return 0;
}

int cost_calibration_write(const char *path, const struct cost_machine *m,
			   char *where, size_t size, struct fl_err *err)
{
	struct cost_rates rates = m->rates;
	char folder[PATH_MAX];
	struct json *o;
	int rc = place(path, where, size, err);

	if (rc != 0)
		return rc;
	snprintf(folder, sizeof(folder), "%s", where);
	if (strrchr(folder, '/')) {
		*strrchr(folder, '/') = '\0';
		rc = *folder ? fl_make_dirs(folder, err) : 0;
	}
	fl_processor_name(rates.processor, sizeof(rates.processor));
	o = record_write(&cost_rates_record, &rates, 0);
	if (rc == 0)
		rc = json_write(o, where, err);
	json_free(o);
	return rc;
}
