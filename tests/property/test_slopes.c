/* Every backward against central differences of its forward, in device/ref: operation by
 * operation, walked from the table in tests/ops, and a small network with every kind of node.
 * What cpu and other backends compute is compared with ref in test_ops.c; the losses of the head
 * are in test_loss_slopes.c. */
#include "base/par.h"
#include "base/rng.h"
#include "device/device.h"
#include "graph/plan.h"
#include "ops/op_case.h"
#include "support/slopes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dev *ref;
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

/* A forward operation whose result y is weighted by dy, of its backward. ref
 * computes in the host's memory: operands are looked at where they lie. */
struct pair {
	struct op_call calls[2];
	struct op_run forward, backward;
	const struct tensor *y, *dy;
};

/* Place of value i within a map whose pixels may be further apart. */
static size_t place(const struct tensor *t, size_t i)
{
	return i / (size_t)t->c * (size_t)t->ld + i % (size_t)t->c;
}

static float *at(const struct tensor *t, size_t i)
{
	return (float *)t->data + place(t, i);
}

static double pair_value(void *ctx)
{
	struct pair *p = ctx;
	double sum = 0;

	p->calls[0].op->run(&p->forward);
	for (size_t i = 0; i < tensor_count(p->y); i++)
		sum += (double)*at(p->y, i) * (double)*at(p->dy, i);
	return sum;
}

/* Values further apart than the differences are wide, in random order. */
static void spread(const struct tensor *x)
{
	size_t n = op_room(x);
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

static void shrink(const struct tensor *t, float factor)
{
	for (size_t i = 0; i < tensor_count(t); i++)
		*at(t, i) *= factor;
}

/* Away from where operations bend: equals of a window, the ends of hard gates. */
static void straighten(struct pair *p)
{
	const char *name = p->calls[0].op->name;

	if (strcmp(name, "maxpool_forward") == 0)
		spread(op_tensor(&p->forward, "x"));
	if (strcmp(name, "fc_forward") == 0) {
		shrink(op_tensor(&p->forward, "x"), 0.5f);
		shrink(op_tensor(&p->forward, "w"), 0.015f);
		shrink(op_tensor(&p->forward, "b"), 0.25f);
	}
}

/* What both have under one name is the same. */
static void match(struct pair *p)
{
	for (int i = 0; i < p->calls[1].count; i++) {
		const struct op_operand *o = &p->calls[1].operands[i];
		const struct tensor *to = &p->backward.at[i];
		const struct tensor *from = op_tensor(&p->forward, o->name);

		if (o->use == OP_INOUT) /* a gradient that is added to */
			memset(to->data, 0, op_room(to) * sizeof(float));
		for (size_t k = 0; from && k < tensor_count(to); k++)
			op_put(to->type, to->data, place(to, k),
			       op_get(from->type, from->data, place(from, k)));
	}
}

static void open_pair(struct pair *p, const struct op_slope *slope,
		      const struct op_shape *s)
{
	struct op_run *runs[] = { &p->forward, &p->backward };
	const char *names[] = { slope->forward, slope->backward };
	struct fl_err err = FL_ERR_INIT;

	for (int i = 0; i < 2; i++) {
		op_call_make(&p->calls[i], op_case_find(names[i]), s, &rng);
		assert_int_equal(
			op_run_open(runs[i], ref, &p->calls[i], false, &err),
			0);
		op_run_write(runs[i]);
	}
	p->y = op_tensor(&p->forward, "y");
	p->dy = op_tensor(&p->backward, "dy");
	straighten(p);
	p->calls[0].op->run(&p->forward);
	match(p);
	p->calls[1].op->run(&p->backward);
	assert_int_equal(op_run_read(&p->backward, &err), 0);
}

/* The gradient by x, in x's own layout. */
static float *gradient_of(const struct pair *p, const struct op_slope *slope,
			  const struct tensor *x)
{
	float *grad = calloc(op_room(x), sizeof(*grad));
	char name[32];

	snprintf(name, sizeof(name), "d%s", slope->by);
	for (size_t i = 0; i < tensor_count(x); i++)
		grad[place(x, i)] =
			slope->gradient
				? (float)slope->gradient(&p->backward, i)
				: *at(op_tensor(&p->backward, name), i);
	return grad;
}

static void check_slope(const struct op_slope *slope, const struct op_shape *s)
{
	const struct tensor *x;
	char what[80];
	struct pair p;

	open_pair(&p, slope, s);
	snprintf(what, sizeof(what), "%s by %s", slope->forward, slope->by);
	x = op_tensor(&p.forward, slope->by);
	if (x) { /* there is no second branch in every shape */
		float *grad = gradient_of(&p, slope, x);

		slopes(what, x->data, grad, op_room(x), slope->step,
		       slope->limit, pair_value, &p);
		free(grad);
	}
	op_run_close(&p.forward);
	op_run_close(&p.backward);
	op_call_release(&p.calls[0]);
	op_call_release(&p.calls[1]);
}

static void test_operations(void **state)
{
	/* n, h, w, c, cout, k, stride: odd, one pixel, many channels */
	static const int shapes[][7] = {
		{ 2, 5, 4, 3, 2, 3, 2 },  { 1, 7, 5, 2, 3, 3, 1 },
		{ 1, 1, 1, 4, 5, 3, 1 },  { 1, 1, 1, 3, 2, 3, 2 },
		{ 3, 3, 1, 1, 4, 1, 1 },  { 1, 2, 1, 70, 3, 1, 1 },
		{ 1, 2, 2, 3, 70, 3, 1 }, { 2, 1, 6, 5, 1, 3, 2 },
	};

	(void)state;
	for (int i = 0; i < 16 * op_slope_count; i++) {
		const struct op_slope *slope = &op_slopes[i / 16];
		const int *d = shapes[i % 8];
		enum op_kind kind = op_case_find(slope->forward)->kind;
		struct op_shape s = op_shape_random(kind, i % 16, &rng);

		s.n = d[0], s.h = d[1], s.w = d[2], s.c = d[3], s.cout = d[4];
		if (kind == OP_CONV)
			s.k = d[5], s.stride = d[6];
		s.bias = true;
		s.acc = s.in_place = s.inference = s.short_sums = false;
		check_slope(slope, &s);
	}
}

/* No gradient is left out: what is named backward stands in the table, but for
 * norm_backward_apply, which is the gradient by a norm's statistics: test_graph
 * has norms whole. */
static void test_every_gradient(void **state)
{
	(void)state;
	for (int i = 0; i < op_case_count; i++) {
		const char *name = op_cases[i].name;
		int found = 0;

		for (int k = 0; k < op_slope_count; k++)
			found += strcmp(op_slopes[k].backward, name) == 0;
		if (strstr(name, "_backward") && !found &&
		    strcmp(name, "norm_backward_apply") != 0)
			fail_msg("%s has no row in op_slopes", name);
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
		cmocka_unit_test(test_every_gradient),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_graph),
	};
	struct fl_err err = FL_ERR_INIT;
	int failed;

	fl_par_init(1);
	rng = fl_rng_open(11, FL_RNG_TEST, 0, 0);
	if (device_open("ref", &ref, &err) != 0)
		return 1;
	q = dev_queue(ref, DEV_COMPUTE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(ref);
	return failed;
}
