/* A folded convolution against its branches, each computed by its definition in double: the
 * two have to agree at every pixel, the edge with its padding included. */
#include "base/rng.h"
#include "export/export.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CIN 3
#define COUT 4
#define SIZE 5

static struct fl_rng rng;

static float draw(double low, double high)
{
	return (float)fl_rng_range(&rng, low, high);
}

struct net {
	struct graph *g;
	const struct graph_node *norm;
	float *weights, *statistics;
};

static void fill(struct net *n)
{
	n->weights = calloc(n->g->flat_count, sizeof(float));
	n->statistics = calloc(n->g->statistic_count, sizeof(float));
	for (int i = 0; i < n->g->param_count; i++) {
		const struct graph_param *p = &n->g->params[i];
		bool statistic = graph_role_is_statistic(p->role);
		float *at =
			(statistic ? n->statistics : n->weights) + p->offset;

		for (size_t k = 0; k < p->count; k++)
			at[k] = p->role == GRAPH_VARIANCE ? draw(0.1, 4)
							  : draw(-2, 2);
	}
}

/* second: kernel of the other branch, or 0 for none. */
static struct net make(int first, int second, bool alpha, int stride)
{
	struct net n = { .g = graph_new(CIN) };
	struct graph_branch b[2] = { { .path = "a" }, { .path = "b" } };

	b[0].value = graph_conv(n.g, n.g->input, COUT, first, stride,
				"a.weight", NULL, 0, false);
	if (second)
		b[1].value = graph_conv(n.g, n.g->input, COUT, second, stride,
					"b.weight", NULL, 0, false);
	graph_norm(n.g, b, second ? 2 : 1, alpha ? "alpha" : NULL, DEV_ACT_NONE,
		   -1);
	graph_finish(n.g);
	n.norm = &n.g->nodes[n.g->node_count - 1];
	fill(&n);
	return n;
}

static void release(struct net *n)
{
	free(n->weights);
	free(n->statistics);
	graph_free(n->g);
}

/* Pixel (y, x) of channel o; weight: [out][in][k][k]. */
static double convolve(const float *weight, int k, int stride,
		       const float *image, int o, int y, int x)
{
	double sum = 0;

	for (int c = 0; c < CIN; c++)
		for (int i = 0; i < k * k; i++) {
			int sy = y * stride + i / k - k / 2;
			int sx = x * stride + i % k - k / 2;

			if (sy >= 0 && sy < SIZE && sx >= 0 && sx < SIZE)
				sum += (double)weight[((o * CIN + c) * k * k) +
						      i] *
				       (double)image[(c * SIZE + sy) * SIZE +
						     sx];
		}
	return sum;
}

static double param(const struct net *n, const float *buffer, int which, int at)
{
	return (double)buffer[n->g->params[which].offset + (size_t)at];
}

static double expected(const struct net *n, const float *image, int o, int y,
		       int x)
{
	double sum = 0;

	for (int b = 0; b < n->norm->branches; b++) {
		const struct graph_node *conv =
			&n->g->nodes[n->g->values[n->norm->in[b]].producer];
		const struct graph_param *w = &n->g->params[conv->weight];
		float weight[COUT * CIN * 9];
		double v, alpha = b == 1 && n->norm->alpha >= 0
					  ? param(n, n->weights, n->norm->alpha,
						  0)
					  : 1;

		graph_param_export(w, n->weights, weight);
		v = convolve(weight, conv->k, conv->stride, image, o, y, x) -
		    param(n, n->statistics, n->norm->mean[b], o);
		v /= sqrt(param(n, n->statistics, n->norm->variance[b], o) +
			  1e-5);
		sum += alpha * (v * param(n, n->weights, n->norm->gamma[b], o) +
				param(n, n->weights, n->norm->beta[b], o));
	}
	return sum;
}

static void agrees(int first, int second, bool alpha, int stride)
{
	struct net n = make(first, second, alpha, stride);
	int out = (SIZE + stride - 1) / stride;
	float image[CIN * SIZE * SIZE];
	struct fl_err err = FL_ERR_INIT;
	struct fused f;

	for (int i = 0; i < CIN * SIZE * SIZE; i++)
		image[i] = draw(-1, 1);
	assert_int_equal(
		fuse_norm(n.g, n.norm, n.weights, n.statistics, &f, &err), 0);
	assert_int_equal(f.k, first > second ? first : second);
	assert_int_equal(f.stride, stride);
	for (int o = 0; o < COUT; o++)
		for (int y = 0; y < out; y++)
			for (int x = 0; x < out; x++) {
				double got = (double)f.bias[o] +
					     convolve(f.weight, f.k, stride,
						      image, o, y, x);
				double want = expected(&n, image, o, y, x);

				if (fabs(got - want) > 1e-5 * (1 + fabs(want)))
					fail_msg(
						"%dx%d and %d, stride %d: %.9g, not %.9g",
						first, first, second, stride,
						got, want);
			}
	fused_release(&f);
	release(&n);
}

static void folds(void **state)
{
	(void)state;
	rng = fl_rng_open(1, FL_RNG_INIT, 0, 0);
	for (int stride = 1; stride <= 2; stride++) {
		agrees(1, 0, false, stride);
		agrees(3, 0, false, stride);
		for (int alpha = 0; alpha < 2; alpha++) {
			agrees(3, 1, alpha, stride);
			agrees(1, 3, alpha, stride);
		}
	}
}

/* Branches of two sources cannot be one convolution. */
static void refuses(void **state)
{
	struct graph *g = graph_new(CIN);
	struct graph_branch b[2] = { { .path = "a" }, { .path = "b" } };
	struct fl_err err = FL_ERR_INIT;
	struct fused f;
	int pooled = graph_maxpool(g, g->input, 5);
	float *zero;

	(void)state;
	b[0].value =
		graph_conv(g, g->input, COUT, 3, 1, "a.weight", NULL, 0, false);
	b[1].value =
		graph_conv(g, pooled, COUT, 1, 1, "b.weight", NULL, 0, false);
	graph_norm(g, b, 2, NULL, DEV_ACT_NONE, -1);
	graph_finish(g);
	zero = calloc(g->flat_count + g->statistic_count, sizeof(float));
	assert_int_equal(fuse_norm(g, &g->nodes[g->node_count - 1], zero, zero,
				   &f, &err),
			 FL_EINTERNAL);
	assert_non_null(strstr(err.text, "branches of a"));
	fused_release(&f);
	free(zero);
	graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
