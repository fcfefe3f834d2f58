/* Every operation of the cpu backend against its definition in device/ref, on random shapes: odd
 * sizes, one pixel, one channel, many channels, slices of wider tensors. The definition's own
 * backward is held against finite differences in test_slopes.c. */
#include "base/par.h"
#include "base/rng.h"
#include "device/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Sums of a few thousand float products against sums in double. */
#define TOLERANCE 2e-5

static struct dev *ref, *cpu;

static struct dev_queue *queue(struct dev *d)
{
	return dev_queue(d, DEV_COMPUTE);
}
static struct fl_rng rng;

static float *values(size_t n)
{
	float *v = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);

	for (size_t i = 0; i < n; i++)
		v[i] = (float)fl_rng_range(&rng, -2, 2);
	return v;
}

static float *copy_of(const float *v, size_t n)
{
	float *c = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);

	return memcpy(c, v, n * sizeof(float));
}

/* Largest difference relative to the largest value. */
static double distance(const float *a, const float *b, size_t n)
{
	double worst = 0, top = 1e-6;

	for (size_t i = 0; i < n; i++) {
		worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
		top = fmax(top, fabs((double)b[i]));
	}
	return worst / top;
}

static int pick(int n)
{
	return (int)fl_rng_below(&rng, (uint64_t)n);
}

/* Shapes that break careless loops, and random ones. */
static struct tensor shape(int round)
{
	static const int odd[][4] = { { 1, 1, 1, 1 },	{ 1, 1, 1, 130 },
				      { 3, 1, 7, 5 },	{ 2, 13, 1, 33 },
				      { 1, 37, 41, 3 }, { 2, 6, 10, 512 } };
	struct tensor t;

	if (round < 6)
		t = tensor_make(NULL, DTYPE_F32, odd[round][0], odd[round][1],
				odd[round][2], odd[round][3]);
	else
		t = tensor_make(NULL, DTYPE_F32, 1 + pick(4), 1 + pick(20),
				1 + pick(20), 1 + pick(70));
	return t;
}

#define ROUNDS 16

/* The same shape with room for a slice: ld larger than c. */
static struct tensor filled(struct tensor t, bool slice)
{
	t.ld = slice ? t.c + 1 + pick(9) : t.c;
	t.data = values(tensor_pixels(&t) * (size_t)t.ld);
	return t;
}

static size_t room(const struct tensor *t)
{
	return tensor_pixels(t) * (size_t)t->ld;
}

static struct tensor twin(const struct tensor *t)
{
	struct tensor c = *t;

	c.data = copy_of(t->data, room(t));
	return c;
}

static void same(const char *what, const struct tensor *a,
		 const struct tensor *b)
{
	double d = distance(a->data, b->data, room(a));

	if (d > TOLERANCE)
		fail_msg("%s of [%d,%d,%d,%d] ld %d differs by %g", what, a->n,
			 a->h, a->w, a->c, a->ld, d);
}

/* out: y, dx, dw, db */
static void run_conv(struct dev *dev, struct dev_conv *c,
		     const struct dev_conv_desc *d, int oh, int ow, float *x,
		     const float *w, const float *b, float *dy, float *out[4],
		     bool acc, void *ws)
{
	const struct dev_ops *ops = dev_ops(dev);
	struct dev_queue *q = queue(dev);
	struct tensor tx, ty, tdy, tdx;

	tx = tensor_make(x, DTYPE_F32, d->n, d->h, d->w, d->cin);
	tdx = tensor_make(out[1], DTYPE_F32, d->n, d->h, d->w, d->cin);
	ty = tensor_make(out[0], DTYPE_F32, d->n, oh, ow, d->cout);
	tdy = tensor_make(dy, DTYPE_F32, d->n, oh, ow, d->cout);
	ops->conv_forward(q, c, &tx, w, b, &ty, NULL, ws);
	ops->conv_backward_data(q, c, &tdy, w, &tdx, acc, ws);
	ops->conv_backward_weights(q, c, &tx, &tdy, out[2], b ? out[3] : NULL,
				   ws);
}

static void test_conv(void **state)
{
	(void)state;
	for (int round = 0; round < 64; round++) {
		bool point = round % 8 == 6, wide = round % 8 == 7;
		int unit = round % 2 ? 4 : 1; /* of channels, for short sums */
		struct dev_conv_desc d = {
			.n = 1 + pick(3),
			.h = point ? 1 : 1 + pick(17),
			.w = point ? 1 : 1 + pick(17),
			.cin = unit * (1 + pick(wide ? 400 / unit : 40)),
			.cout = unit * (1 + pick(wide ? 400 / unit : 40)),
			.k = pick(2) ? 3 : 1,
			.stride = 1 + pick(2),
			.bias = pick(2),
			.backward = true,
			.diff_src = true,
			.short_sums = unit > 1,
		};
		size_t oh = (size_t)(d.h - 1) / (size_t)d.stride + 1;
		size_t ow = (size_t)(d.w - 1) / (size_t)d.stride + 1;
		size_t nx = (size_t)(d.n * d.h * d.w * d.cin);
		size_t ny = (size_t)d.n * oh * ow * (size_t)d.cout;
		size_t nw = (size_t)(d.cout * d.k * d.k * d.cin);
		float *x = values(nx), *w = values(nw), *dy = values(ny);
		float *b = values((size_t)d.cout), *dx = values(nx);
		float *out[2][4];
		struct dev *dev[2] = { ref, cpu };
		bool acc = pick(2);

		if (d.k == 1)
			d.stride = 1, oh = (size_t)d.h, ow = (size_t)d.w,
			ny = (size_t)(d.n * d.h * d.w * d.cout), free(dy),
			dy = values(ny);
		for (int i = 0; i < 2; i++) {
			struct fl_err err = FL_ERR_INIT;
			struct dev_conv *c = NULL;
			void *ws;

			assert_int_equal(
				dev_ops(dev[i])->conv_new(dev[i], &d, &c, &err),
				0);
			ws = aligned_alloc(64,
					   dev_ops(dev[i])->conv_workspace(c) /
							   64 * 64 +
						   64);
			out[i][0] = calloc(ny, sizeof(float));
			out[i][1] = copy_of(dx, nx);
			out[i][2] = values(nw);
			out[i][3] = calloc((size_t)d.cout, sizeof(float));
			run_conv(dev[i], c, &d, (int)oh, (int)ow, x, w,
				 d.bias ? b : NULL, dy, out[i], acc, ws);
			dev_ops(dev[i])->conv_free(c);
			free(ws);
		}
		assert_true(distance(out[1][0], out[0][0], ny) < TOLERANCE);
		assert_true(distance(out[1][1], out[0][1], nx) < TOLERANCE);
		assert_true(distance(out[1][2], out[0][2], nw) < TOLERANCE);
		assert_true(distance(out[1][3], out[0][3], (size_t)d.cout) <
			    TOLERANCE);
		for (int i = 0; i < 8; i++)
			free(out[i / 4][i % 4]);
		free(x), free(w), free(dy), free(b), free(dx);
	}
}

static void sums_agree(const char *what, const double *a, const double *b,
		       size_t n, double scale)
{
	for (size_t i = 0; i < n; i++)
		if (fabs(a[i] - b[i]) > 1e-6 * scale)
			fail_msg("%s: sum %zu is %g, not %g", what, i, a[i],
				 b[i]);
}

static void test_norm(void **state)
{
	(void)state;
	for (int round = 0; round < 2 * ROUNDS; round++) {
		struct tensor s = shape(round / 2), y, r, dy, g[2], out[2];
		struct dev_branch b[2];
		int count = 1 + round % 2;
		enum dev_act act = pick(2) ? DEV_ACT_SILU : DEV_ACT_NONE;
		size_t c = (size_t)s.c;
		double sums[2][4096];
		double scale = (double)tensor_pixels(&s) * 4;
		bool residual = pick(2);

		for (int k = 0; k < 2; k++) {
			b[k].z = filled(s, false);
			b[k].scale = values(c);
			b[k].shift = values(c);
			b[k].mean = values(c);
		}
		dev_ops(ref)->norm_stats(queue(ref), &b[0].z, sums[0]);
		dev_ops(cpu)->norm_stats(queue(cpu), &b[0].z, sums[1]);
		sums_agree("norm_stats", sums[1], sums[0], 2 * c, scale);
		y = filled(s, round % 3 == 0);
		r = filled(s, round % 4 == 0);
		out[0] = twin(&y);
		out[1] = twin(&y);
		dev_ops(ref)->norm_forward(queue(ref), b, count, act,
					   residual ? &r : NULL, &out[0]);
		dev_ops(cpu)->norm_forward(queue(cpu), b, count, act,
					   residual ? &r : NULL, &out[1]);
		same("norm_forward", &out[1], &out[0]);
		dy = filled(s, round % 3 == 1);
		for (int i = 0; i < 2; i++)
			g[i] = filled(s, false);
		dev_ops(ref)->norm_backward_sums(queue(ref), b, count, act, &dy,
						 &g[0], sums[0]);
		dev_ops(cpu)->norm_backward_sums(queue(cpu), b, count, act, &dy,
						 &g[1], sums[1]);
		same("norm_backward_sums", &g[1], &g[0]);
		sums_agree("norm_backward_sums", sums[1], sums[0],
			   (1 + (size_t)count) * c, 4 * scale);
		for (int i = 0; i < 2; i++) {
			struct dev *dev = i ? cpu : ref;
			struct tensor dz = g[i];

			dev_ops(dev)->norm_backward_apply(
				queue(dev), &g[i], &b[0].z, b[0].mean,
				b[0].scale, b[1].scale, b[1].shift, &dz);
		}
		same("norm_backward_apply", &g[1], &g[0]);
		for (int k = 0; k < 2; k++) {
			free(b[k].z.data), free(out[k].data), free(g[k].data);
			free((void *)(uintptr_t)b[k].scale);
			free((void *)(uintptr_t)b[k].shift);
			free((void *)(uintptr_t)b[k].mean);
		}
		free(y.data), free(r.data), free(dy.data);
	}
}

static void test_gates(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int n = 1 + pick(5), most = round % 4 ? 90 : 600;
		int cin = 1 + pick(most), cout = 1 + pick(most);
		enum dev_gate gate =
			pick(2) ? DEV_GATE_SIGMOID : DEV_GATE_HARDSIGMOID;
		size_t nx = (size_t)(n * cin), ny = (size_t)(n * cout);
		size_t nw = (size_t)(cout * cin), nb = (size_t)cout;
		/* y, dx, dw, db, scratch */
		size_t sizes[5] = { ny, nx, nw, nb, ny };
		float *x = values(nx), *w = values(nw), *b = values(nb);
		float *dy = values(ny), *out[2][5];

		for (int i = 0; i < 2; i++) {
			struct dev_queue *q = queue(i ? cpu : ref);
			const struct dev_ops *ops = dev_ops(q->dev);

			for (int k = 0; k < 5; k++)
				out[i][k] = values(sizes[k]);
			ops->fc_forward(q, x, w, b, n, cin, cout, gate,
					out[i][0]);
			ops->fc_backward(q, x, w, out[0][0], dy, n, cin, cout,
					 gate, out[i][1], out[i][2], out[i][3],
					 out[i][4]);
		}
		for (int k = 0; k < 4; k++)
			assert_true(distance(out[1][k], out[0][k], sizes[k]) <
				    TOLERANCE);
		for (int i = 0; i < 10; i++)
			free(out[i / 5][i % 5]);
		free(x), free(w), free(b), free(dy);
	}
}

static void test_maps(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct tensor s = shape(round), big = s, x, dx[2], y[2], up[2];
		size_t nc = (size_t)(s.n * s.c);
		float *gate = values(nc), *vec[2] = { values(nc), values(nc) };
		uint8_t *won[2];
		bool acc = pick(2);
		int k = 5 + 4 * pick(3);

		x = filled(s, round % 2);
		dx[0] = filled(s, round % 3 == 0);
		dx[1] = twin(&dx[0]);
		y[0] = filled(s, round % 2 == 0);
		y[1] = twin(&y[0]);
		big.h *= 2, big.w *= 2;
		up[0] = filled(big, round % 2);
		up[1] = twin(&up[0]);
		for (int i = 0; i < 2; i++) {
			struct dev_queue *q = queue(i ? cpu : ref);
			const struct dev_ops *ops = dev_ops(q->dev);

			ops->gap_forward(q, &x, vec[i]);
			ops->gap_backward(q, vec[0], &dx[i], acc);
			ops->scale_forward(q, &x, gate, &y[i]);
		}
		assert_true(distance(vec[1], vec[0], nc) < TOLERANCE);
		same("gap_backward", &dx[1], &dx[0]);
		same("scale_forward", &y[1], &y[0]);
		for (int i = 0; i < 2; i++) {
			struct dev_queue *q = queue(i ? cpu : ref);
			const struct dev_ops *ops = dev_ops(q->dev);

			ops->scale_backward(q, &x, gate, &y[0], &dx[i], acc,
					    vec[i]);
			ops->upsample_forward(q, &x, &up[i]);
			ops->upsample_backward(q, &up[0], &dx[i], acc);
			ops->copy(q, &x, &dx[i], acc);
		}
		assert_true(distance(vec[1], vec[0], nc) < TOLERANCE);
		same("upsample_forward", &up[1], &up[0]);
		same("scale and upsample backward, copy", &dx[1], &dx[0]);
		for (int i = 0; i < 2; i++) {
			struct dev_queue *q = queue(i ? cpu : ref);
			const struct dev_ops *ops = dev_ops(q->dev);

			won[i] = calloc(tensor_count(&s), 1);
			ops->maxpool_forward(q, &x, k, &y[i], won[i]);
			ops->maxpool_backward(q, &x, won[i], k, &dx[i]);
		}
		same("maxpool_forward", &y[1], &y[0]);
		assert_memory_equal(won[0], won[1], tensor_count(&s));
		same("maxpool_backward", &dx[1], &dx[0]);
		free(x.data), free(gate);
		for (int i = 0; i < 2; i++)
			free(dx[i].data), free(y[i].data), free(up[i].data),
				free(won[i]), free(vec[i]);
	}
}

static void test_flat(void **state)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 1000, 70001 };

	(void)state;
	for (int round = 0; round < 6; round++) {
		size_t n = sizes[round];
		float *w[2], *v[2], *e[2], *g = values(n);
		double sum[2];

		w[0] = values(n), v[0] = values(n), e[0] = values(n);
		w[1] = copy_of(w[0], n), v[1] = copy_of(v[0], n);
		e[1] = copy_of(e[0], n);
		for (int i = 0; i < 2; i++) {
			struct dev_queue *q = queue(i ? cpu : ref);
			const struct dev_ops *ops = dev_ops(q->dev);

			ops->momentum(q, w[i], v[i], g, n, 0.01f, 0.9f, 5e-4f);
			ops->ema(q, e[i], w[i], n, 0.9998);
		}
		assert_true(distance(w[1], w[0], n) < 1e-6);
		assert_true(distance(v[1], v[0], n) < 1e-6);
		assert_true(distance(e[1], e[0], n) < 1e-6);
		for (int i = 0; i < 2; i++)
			dev_ops(i ? cpu : ref)
				->sum_squares(queue(i ? cpu : ref), g, n,
					      &sum[i]);
		assert_true(fabs(sum[1] - sum[0]) < 1e-9 * (double)n);
		memcpy(e[0], g, n * sizeof(float));
		memcpy(e[1], g, n * sizeof(float));
		dev_ops(ref)->scale(queue(ref), e[0], n, 0.3f);
		dev_ops(cpu)->scale(queue(cpu), e[1], n, 0.3f);
		assert_memory_equal(e[0], e[1], n * sizeof(float));
		for (int i = 0; i < 2; i++) {
			struct tensor t =
				tensor_make(e[i], DTYPE_F32, 1, 1, 1, (int)n);

			dev_ops(i ? cpu : ref)->zero(queue(i ? cpu : ref), &t);
		}
		for (size_t i = 0; i < n; i++)
			assert_true(e[0][i] == 0 && e[1][i] == 0);
		for (int i = 0; i < 2; i++)
			free(w[i]), free(v[i]), free(e[i]);
		free(g);
	}
}

/* Logits of all sizes but those where float decides whether p is 1. */
static void test_varifocal(void **state)
{
	static const size_t sizes[] = { 1, 15, 80, 1000, 70001 };

	(void)state;
	for (int round = 0; round < 5; round++) {
		size_t n = sizes[round];
		float *z = values(n), *d[2] = { values(n), values(n) };
		double sum[2];

		for (size_t i = 0; i < n; i++) {
			z[i] *= i % 3 ? 3 : 30;
			if (z[i] > 15 && z[i] < 18)
				z[i] = i % 2 ? 14 : 40;
		}
		dev_ops(ref)->varifocal(queue(ref), z, n, 0.7f, d[0], &sum[0]);
		dev_ops(cpu)->varifocal(queue(cpu), z, n, 0.7f, d[1], &sum[1]);
		assert_true(fabs(sum[1] - sum[0]) < 1e-5 * fabs(sum[0]) + 1e-9);
		assert_true(distance(d[1], d[0], n) < 1e-5);
		free(z), free(d[0]), free(d[1]);
	}
}

/* The same inputs give the same bits for any number of threads. */
static void test_thread_count(void **state)
{
	struct tensor z =
		filled(tensor_make(NULL, DTYPE_F32, 2, 61, 67, 40), false);
	double sums[2][80];

	(void)state;
	fl_par_init(1);
	dev_ops(cpu)->norm_stats(queue(cpu), &z, sums[0]);
	fl_par_init(3);
	dev_ops(cpu)->norm_stats(queue(cpu), &z, sums[1]);
	fl_par_init(2);
	assert_memory_equal(sums[0], sums[1], sizeof(sums[0]));
	free(z.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv),
		cmocka_unit_test(test_norm),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_varifocal),
		cmocka_unit_test(test_thread_count),
	};
	struct fl_err err = FL_ERR_INIT;
	int failed;

	fl_par_init(2);
	rng = fl_rng_open(7, FL_RNG_TEST, 0, 0);
	if (device_open("ref", &ref, &err) || device_open("cpu", &cpu, &err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(ref);
	device_close(cpu);
	return failed;
}
