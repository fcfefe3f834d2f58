/* Every backward against central differences of its forward, in device/ref: operation by
 * operation, and a small network with every kind of node. What cpu and other backends compute is
 * compared with ref in test_ops.c; the losses of the head are in test_loss_slopes.c. */
#include "base/par.h"
#include "base/rng.h"
#include "device/device.h"
#include "graph/plan.h"
#include "../support/slopes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dev *ref;
static const struct dev_ops *ops;
static struct dev_queue *q;
static struct fl_rng rng;

static float *values(size_t n, double low, double high)
{
	float *v = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);

	for (size_t i = 0; i < n; i++)
		v[i] = (float)fl_rng_range(&rng, low, high);
	return v;
}

/* sum of y t, whose slope by y is t. */
static double weighted(const float *y, const float *t, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)y[i] * (double)t[i];
	return sum;
}

static void slopes(const char *what, float *v, const float *grad, size_t n,
		   float h, double limit, double (*f)(void *ctx), void *ctx)
{
	double e = slopes_error(v, grad, n, h, f, ctx);

	if (e > limit)
		fail_msg("%s: off by %g of its size", what, e);
}

struct conv_case {
	struct dev_conv *conv;
	struct tensor x, y, t;
	float *w, *b;
};

static double conv_value(void *ctx)
{
	struct conv_case *k = ctx;

	ops->conv_forward(q, k->conv, &k->x, k->w, k->b, &k->y, NULL, NULL);
	return weighted(k->y.data, k->t.data, tensor_count(&k->y));
}

static struct tensor dense(int n, int h, int w, int c, double low)
{
	float *v = values((size_t)(n * h * w * c), low, 1);

	return tensor_make(v, DTYPE_F32, n, h, w, c);
}

static void conv_slopes(const struct dev_conv_desc *d)
{
	int oh = (d->h - 1) / d->stride + 1, ow = (d->w - 1) / d->stride + 1;
	size_t nw = (size_t)(d->cout * d->k * d->k * d->cin);
	size_t nb = (size_t)d->cout;
	struct conv_case k = { .x = dense(d->n, d->h, d->w, d->cin, -1),
			       .y = dense(d->n, oh, ow, d->cout, 0),
			       .t = dense(d->n, oh, ow, d->cout, -1),
			       .w = values(nw, -1, 1),
			       .b = values(nb, -1, 1) };
	struct tensor dx = dense(d->n, d->h, d->w, d->cin, 0);
	float *dw = values(nw, 0, 1), *db = values(nb, 0, 1);
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(ops->conv_new(ref, d, &k.conv, &err), 0);
	ops->conv_backward_data(q, k.conv, &k.t, k.w, &dx, false, NULL);
	ops->conv_backward_weights(q, k.conv, &k.x, &k.t, dw, db, NULL);
	slopes("conv by source", k.x.data, dx.data, tensor_count(&dx), 0.0625f,
	       1e-3, conv_value, &k);
	slopes("conv by weights", k.w, dw, nw, 0.0625f, 1e-3, conv_value, &k);
	slopes("conv by bias", k.b, db, nb, 0.0625f, 1e-3, conv_value, &k);
	ops->conv_free(k.conv);
	free(k.x.data), free(k.y.data), free(k.t.data), free(dx.data);
	free(k.w), free(k.b), free(dw), free(db);
}

static void test_conv(void **state)
{
	/* n, h, w, cin, cout, k, stride: odd, one pixel, many channels */
	static const int shapes[][7] = {
		{ 2, 5, 4, 3, 2, 3, 2 },  { 1, 7, 5, 2, 3, 3, 1 },
		{ 1, 1, 1, 4, 5, 3, 1 },  { 1, 1, 1, 3, 2, 3, 2 },
		{ 3, 3, 1, 1, 4, 1, 1 },  { 1, 2, 1, 70, 3, 1, 1 },
		{ 1, 2, 2, 3, 70, 3, 1 }, { 2, 1, 6, 5, 1, 3, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const int *s = shapes[i];
		struct dev_conv_desc d = { .n = s[0],
					   .h = s[1],
					   .w = s[2],
					   .cin = s[3],
					   .cout = s[4],
					   .k = s[5],
					   .stride = s[6],
					   .bias = true,
					   .backward = true,
					   .diff_src = true };

		conv_slopes(&d);
	}
}

static struct tensor map_of(int n, int h, int w, int c, int gap)
{
	struct tensor t = tensor_make(NULL, DTYPE_F32, n, h, w, c);

	t.ld = c + gap;
	t.data = values((size_t)(n * h * w) * (size_t)t.ld, -1, 1);
	return t;
}

static size_t room(const struct tensor *t)
{
	return tensor_pixels(t) * (size_t)t->ld;
}

static double weighted_map(const struct tensor *y, const struct tensor *t)
{
	double sum = 0;

	for (size_t p = 0; p < tensor_pixels(y); p++)
		sum += weighted((float *)y->data + p * (size_t)y->ld,
				(float *)t->data + p * (size_t)t->ld,
				(size_t)y->c);
	return sum;
}

struct norm_case {
	struct dev_branch b[2];
	int count;
	enum dev_act act;
	struct tensor r, y, t;
};

static double norm_value(void *ctx)
{
	struct norm_case *k = ctx;

	ops->norm_forward(q, k->b, k->count, k->act, &k->r, &k->y);
	return weighted_map(&k->y, &k->t);
}

/* g is the slope by the sum of the branches: scale_i g by z_i. */
static void norm_branch(struct norm_case *k, int i, const struct tensor *g,
			const double *sums)
{
	size_t c = (size_t)g->c, n = tensor_count(g);
	float *dz = values(n, 0, 1), *dscale = values(c, 0, 1);
	float *dshift = values(c, 0, 1);

	for (size_t j = 0; j < n; j++)
		dz[j] = ((float *)g->data)[j] * k->b[i].scale[j % c];
	for (size_t j = 0; j < c; j++) {
		dshift[j] = (float)sums[j];
		dscale[j] = (float)sums[(1 + (size_t)i) * c + j];
	}
	slopes("norm by a branch", k->b[i].z.data, dz, n, 0.015625f, 2e-3,
	       norm_value, k);
	slopes("norm by a scale", (float *)(uintptr_t)k->b[i].scale, dscale, c,
	       0.015625f, 2e-3, norm_value, k);
	slopes("norm by a shift", (float *)(uintptr_t)k->b[i].shift, dshift, c,
	       0.015625f, 2e-3, norm_value, k);
	free(dz), free(dscale), free(dshift);
}

static void test_norm(void **state)
{
	static const int shapes[][4] = {
		{ 1, 3, 4, 2 }, { 2, 1, 1, 33 }, { 1, 5, 3, 1 }, { 1, 1, 1, 1 }
	};

	(void)state;
	for (int round = 0; round < 16; round++) {
		const int *s = shapes[round / 4];
		struct norm_case k = { .count = 1 + round % 2,
				       .act = round % 4 < 2 ? DEV_ACT_SILU
							    : DEV_ACT_NONE };
		struct tensor g = map_of(s[0], s[1], s[2], s[3], 0);
		double sums[3 * 64];

		for (int i = 0; i < 2; i++) {
			k.b[i].z = map_of(s[0], s[1], s[2], s[3], 0);
			k.b[i].scale = values((size_t)s[3], -1, 1);
			k.b[i].shift = values((size_t)s[3], -1, 1);
			k.b[i].mean = values((size_t)s[3], -1, 1);
		}
		k.r = map_of(s[0], s[1], s[2], s[3], 1);
		k.y = map_of(s[0], s[1], s[2], s[3], 2);
		k.t = map_of(s[0], s[1], s[2], s[3], 3);
		ops->norm_backward_sums(q, k.b, k.count, k.act, &k.t, &g, sums);
		for (int i = 0; i < k.count; i++)
			norm_branch(&k, i, &g, sums);
		for (int i = 0; i < 2; i++) {
			free(k.b[i].z.data);
			free((void *)(uintptr_t)k.b[i].scale);
			free((void *)(uintptr_t)k.b[i].shift);
			free((void *)(uintptr_t)k.b[i].mean);
		}
		free(k.r.data), free(k.y.data), free(k.t.data), free(g.data);
	}
}

struct fc_case {
	float *x, *w, *b, *y, *t;
	int n, cin, cout;
	enum dev_gate gate;
};

static double fc_value(void *ctx)
{
	struct fc_case *k = ctx;

	ops->fc_forward(q, k->x, k->w, k->b, k->n, k->cin, k->cout, k->gate,
			k->y);
	return weighted(k->y, k->t, (size_t)(k->n * k->cout));
}

static void test_fc(void **state)
{
	static const int shapes[][3] = { { 1, 1, 1 },
					 { 3, 5, 7 },
					 { 2, 65, 3 } };

	(void)state;
	for (int i = 0; i < 6; i++) {
		const int *s = shapes[i / 2];
		size_t nx = (size_t)(s[0] * s[1]), ny = (size_t)(s[0] * s[2]);
		size_t nw = (size_t)(s[1] * s[2]);
		/* small weights: away from where the hard sigmoid bends */
		struct fc_case k = { values(nx, -1, 1),
				     values(nw, -0.03, 0.03),
				     values((size_t)s[2], -0.5, 0.5),
				     values(ny, 0, 1),
				     values(ny, -1, 1),
				     s[0],
				     s[1],
				     s[2],
				     i % 2 ? DEV_GATE_SIGMOID
					   : DEV_GATE_HARDSIGMOID };
		float *dx = values(nx, 0, 1), *dw = values(nw, 0, 1);
		float *db = values((size_t)s[2], 0, 1), *scratch;

		scratch = values(ny, 0, 1);
		fc_value(&k);
		ops->fc_backward(q, k.x, k.w, k.y, k.t, k.n, k.cin, k.cout,
				 k.gate, dx, dw, db, scratch);
		slopes("fc by source", k.x, dx, nx, 0.0625f, 5e-3, fc_value,
		       &k);
		slopes("fc by weights", k.w, dw, nw, 0.0625f, 5e-3, fc_value,
		       &k);
		slopes("fc by bias", k.b, db, (size_t)s[2], 0.0625f, 5e-3,
		       fc_value, &k);
		free(k.x), free(k.w), free(k.b), free(k.y), free(k.t);
		free(dx), free(dw), free(db), free(scratch);
	}
}

struct map_case {
	struct tensor x, y, t;
	float *gate, *vector, *weight;
	int k;
	uint8_t *won;
};

static double gap_value(void *ctx)
{
	struct map_case *k = ctx;

	ops->gap_forward(q, &k->x, k->vector);
	return weighted(k->vector, k->weight, (size_t)(k->x.n * k->x.c));
}

static double scale_value(void *ctx)
{
	struct map_case *k = ctx;

	ops->scale_forward(q, &k->x, k->gate, &k->y);
	return weighted_map(&k->y, &k->t);
}

static double maxpool_value(void *ctx)
{
	struct map_case *k = ctx;

	ops->maxpool_forward(q, &k->x, k->k, &k->y, k->won);
	return weighted_map(&k->y, &k->t);
}

static double copy_value(void *ctx)
{
	struct map_case *k = ctx;

	ops->copy(q, &k->x, &k->y, false);
	return weighted_map(&k->y, &k->t);
}

/* Values further apart than the differences are wide, in random order. */
static void spread(struct tensor *x)
{
	size_t n = room(x);
	float *v = x->data;

	for (size_t i = 0; i < n; i++)
		v[i] = (float)i * 0.125f;
	for (size_t i = n - 1; i > 0; i--) {
		size_t k = (size_t)fl_rng_below(&rng, i + 1);
		float old = v[i];

		v[i] = v[k];
		v[k] = old;
	}
}

/* Gradients lie in g, a map like x whose pixels are as far apart; what stands
 * between the channels of a slice counts nowhere. */
static void map_slopes(const char *what, struct map_case *k,
		       const struct tensor *g, double (*f)(void *ctx))
{
	float *v = g->data;

	for (size_t p = 0; p < tensor_pixels(g); p++)
		for (int i = g->c; i < g->ld; i++)
			v[p * (size_t)g->ld + (size_t)i] = 0;
	slopes(what, k->x.data, g->data, room(&k->x), 0.03125f, 1e-3, f, k);
}

static void test_maps(void **state)
{
	static const int shapes[][4] = {
		{ 1, 1, 1, 1 }, { 2, 3, 5, 2 }, { 1, 7, 1, 3 }, { 1, 2, 3, 65 }
	};

	(void)state;
	for (int round = 0; round < 12; round++) {
		const int *s = shapes[round % 4];
		size_t nc = (size_t)(s[0] * s[3]);
		struct map_case k = { .x = map_of(s[0], s[1], s[2], s[3], 1),
				      .y = map_of(s[0], s[1], s[2], s[3], 2),
				      .t = map_of(s[0], s[1], s[2], s[3], 0),
				      .gate = values(nc, -1, 1),
				      .vector = values(nc, -1, 1),
				      .weight = values(nc, -1, 1),
				      .k = 5 + 4 * (round / 4) };
		struct tensor g = map_of(s[0], s[1], s[2], s[3], 1);
		float *dgate = values(nc, 0, 1);

		k.won = calloc(tensor_count(&k.x), 1);
		ops->gap_backward(q, k.weight, &g, false);
		map_slopes("mean over pixels", &k, &g, gap_value);
		ops->scale_backward(q, &k.x, k.gate, &k.t, &g, false, dgate);
		map_slopes("scale by source", &k, &g, scale_value);
		slopes("scale by gate", k.gate, dgate, nc, 0.0625f, 1e-3,
		       scale_value, &k);
		ops->copy(q, &k.t, &g, false);
		map_slopes("copy", &k, &g, copy_value);
		spread(&k.x);
		maxpool_value(&k);
		memset(g.data, 0, room(&g) * sizeof(float));
		ops->maxpool_backward(q, &k.t, k.won, k.k, &g);
		map_slopes("largest of a window", &k, &g, maxpool_value);
		free(k.x.data), free(k.y.data), free(k.t.data), free(k.won);
		free(k.gate), free(k.vector), free(k.weight), free(dgate);
		free(g.data);
	}
}

static double upsample_value(void *ctx)
{
	struct map_case *k = ctx;

	ops->upsample_forward(q, &k->x, &k->y);
	return weighted_map(&k->y, &k->t);
}

static void test_upsample(void **state)
{
	static const int shapes[][4] = { { 1, 1, 1, 1 },
					 { 2, 3, 5, 2 },
					 { 1, 2, 1, 65 } };

	(void)state;
	for (int i = 0; i < 3; i++) {
		const int *s = shapes[i];
		struct map_case k = {
			.x = map_of(s[0], s[1], s[2], s[3], 1),
			.y = map_of(s[0], 2 * s[1], 2 * s[2], s[3], 2),
			.t = map_of(s[0], 2 * s[1], 2 * s[2], s[3], 0)
		};
		struct tensor g = map_of(s[0], s[1], s[2], s[3], 1);

		ops->upsample_backward(q, &k.t, &g, false);
		map_slopes("upsampling", &k, &g, upsample_value);
		free(k.x.data), free(k.y.data), free(k.t.data), free(g.data);
	}
}

/* A network with every kind of node: stem, RepVGG block with alpha and
 * residual, squeeze and excitation, pooling pyramid, upsampling, concat. */
static struct graph *every_node(int *out)
{
	struct graph *g = graph_new(3);
	struct graph_branch stem, block[2], last;
	int a, b, c, gate, parts[3];

	stem = (struct graph_branch){ graph_conv(g, g->input, 6, 3, 2,
						 "stem.conv.weight", NULL, 0,
						 false),
				      "stem" };
	a = graph_norm(g, &stem, 1, NULL, DEV_ACT_SILU, -1);
	block[0] = (struct graph_branch){
		graph_conv(g, a, 6, 3, 1, "b0.conv.weight", NULL, 0, false),
		"b0"
	};
	block[1] = (struct graph_branch){
		graph_conv(g, a, 6, 1, 1, "b1.conv.weight", NULL, 0, false),
		"b1"
	};
	b = graph_norm(g, block, 2, "b.alpha", DEV_ACT_SILU, a);
	gate = graph_fc(g, graph_gap(g, b), "fc", DEV_GATE_SIGMOID, 0.1f);
	c = graph_scale(g, b, gate);
	parts[0] = c;
	parts[1] = graph_maxpool(g, c, 5);
	c = graph_upsample(g, graph_concat(g, parts, 2));
	last = (struct graph_branch){
		graph_conv(g, c, 4, 1, 1, "last.conv.weight", NULL, 0, false),
		"last"
	};
	c = graph_norm(g, &last, 1, NULL, DEV_ACT_NONE, -1);
	*out = graph_conv(g, c, 3, 3, 1, "out.weight", "out.bias", 0.1f, false);
	graph_mark_output(g, *out);
	graph_finish(g);
	return g;
}

struct graph_case {
	struct plan *plan;
	struct plan_run run;
	int out;
	float *t;
};

static double graph_value_of(void *ctx)
{
	struct graph_case *k = ctx;
	struct fl_err err = FL_ERR_INIT;
	struct tensor y = plan_value(k->plan, k->out);

	assert_int_equal(plan_forward(k->plan, &k->run, &err), 0);
	return weighted(y.data, k->t, tensor_count(&y));
}

static void test_graph(void **state)
{
	struct graph_case k = { 0 };
	struct graph *g = every_node(&k.out);
	struct plan_key key = plan_key_make(PLAN_PROBE, DTYPE_F32, 2, 10, 6);
	struct fl_err err = FL_ERR_INIT;
	float *w = values(g->flat_count, 0, 0), *s, *grads, *slab;
	struct tensor y, image;
	void *workspace;

	(void)state;
	s = values(g->statistic_count, 0, 0);
	grads = values(g->flat_count, 0, 0);
	graph_init_params(g, 3, w, s);
	assert_int_equal(plan_new(g, ref, &key, &k.plan, &err), 0);
	slab = values(plan_activation_bytes(k.plan) / 4 + 16, 0, 0);
	workspace = values(plan_workspace_bytes(k.plan) / 4 + 16, 0, 0);
	plan_bind(k.plan, slab, workspace);
	image = plan_value(k.plan, g->input);
	for (size_t i = 0; i < tensor_count(&image); i++)
		((float *)image.data)[i] = (float)fl_rng_range(&rng, -2, 2);
	y = plan_value(k.plan, k.out);
	k.t = values(tensor_count(&y), -1, 1);
	k.run = (struct plan_run){
		.queue = q, .weights = w, .grads = grads, .statistics = s
	};
	graph_value_of(&k);
	memcpy(plan_gradient(k.plan, k.out).data, k.t,
	       tensor_count(&y) * sizeof(float));
	assert_int_equal(plan_backward(k.plan, &k.run, &err), 0);
	for (int i = 0; i < g->param_count; i++) {
		const struct graph_param *p = &g->params[i];

		if (!graph_role_is_statistic(p->role))
			slopes(p->name, w + p->offset, grads + p->offset,
			       p->count, 0.00025f, 0.02, graph_value_of, &k);
	}
	plan_free(k.plan);
	graph_free(g);
	free(w), free(s), free(grads), free(slab), free(workspace), free(k.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv),	 cmocka_unit_test(test_norm),
		cmocka_unit_test(test_fc),	 cmocka_unit_test(test_maps),
		cmocka_unit_test(test_upsample), cmocka_unit_test(test_graph),
	};
	struct fl_err err = FL_ERR_INIT;
	int failed;

	fl_par_init(1);
	rng = fl_rng_open(11, FL_RNG_TEST, 0, 0);
	if (device_open("ref", &ref, &err) != 0)
		return 1;
	ops = dev_ops(ref);
	q = dev_queue(ref, DEV_COMPUTE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(ref);
	return failed;
}
