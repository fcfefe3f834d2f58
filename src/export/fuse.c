/* A norm with the convolutions that feed it, as one convolution with a bias: what
 * inference needs of both. export.c calls it once for each norm of the graph. A
 * RepVGG block's 1x1 kernel is a 3x3 one with zeros around it, so its two branches
 * add up as kernels as their results would. */
#include "export/export.h"

#include <math.h>
#include <stdlib.h>

static const struct graph_node *
branch_conv(const struct graph *g, const struct graph_node *norm, int branch)
{
	return &g->nodes[g->values[norm->in[branch]].producer];
}

static const float *at(const struct graph *g, const float *buffer, int param)
{
	return buffer + g->params[param].offset;
}

static int fits(const struct graph *g, const struct graph_node *norm,
		struct fused *f, struct fl_err *err)
{
	const struct graph_node *first = branch_conv(g, norm, 0);

	f->source = first->in[0];
	f->stride = first->stride;
	f->cout = g->values[norm->out].channels;
	f->cin = g->values[f->source].channels;
	for (int i = 0; i < norm->branches; i++) {
		const struct graph_node *conv = branch_conv(g, norm, i);

		if (conv->kind != GRAPH_CONV || conv->bias >= 0 ||
		    conv->in[0] != f->source || conv->stride != f->stride)
			return fl_fail(
				err, FL_EINTERNAL,
				"the branches of %s do not make one convolution",
				norm->name);
		f->k = conv->k > f->k ? conv->k : f->k;
	}
	return 0;
}

/* One output channel of one branch. kernel: [cin][k][k] in double. */
static double add_channel(const struct graph *g, const struct graph_node *norm,
			  int branch, int o, const struct fused *f,
			  const float *weights, const float *statistics,
			  double *kernel)
{
	const struct graph_node *conv = branch_conv(g, norm, branch);
	double alpha = branch == 1 && norm->alpha >= 0
			       ? (double)at(g, weights, norm->alpha)[0]
			       : 1;
	double mean = (double)at(g, statistics, norm->mean[branch])[o];
	double variance = (double)at(g, statistics, norm->variance[branch])[o];
	double scale = alpha * (double)at(g, weights, norm->gamma[branch])[o] /
		       sqrt(variance + DEV_NORM_EPSILON);
	int k = conv->k, edge = (f->k - k) / 2;
	/* [out][kh][kw][in] in the buffer */
	const float *w =
		at(g, weights, conv->weight) + (size_t)o * k * k * f->cin;

	for (int y = 0; y < k; y++)
		for (int x = 0; x < k; x++)
			for (int i = 0; i < f->cin; i++)
				kernel[(i * f->k + y + edge) * f->k + x +
				       edge] += scale * (double)*w++;
	return alpha * (double)at(g, weights, norm->beta[branch])[o] -
	       scale * mean;
}

int fuse_norm(const struct graph *g, const struct graph_node *norm,
	      const float *weights, const float *statistics, struct fused *f,
	      struct fl_err *err)
{
	double *kernel;
	size_t size;
	int rc;

	*f = (struct fused){ 0 };
	rc = fits(g, norm, f, err);
	if (rc != 0)
		return rc;
	size = (size_t)f->cin * (size_t)f->k * (size_t)f->k;
	f->weight = fl_calloc((size_t)f->cout * size, sizeof(float));
	f->bias = fl_calloc((size_t)f->cout, sizeof(float));
	kernel = fl_calloc(size, sizeof(double));
	for (int o = 0; o < f->cout; o++) {
		double bias = 0;

		for (size_t i = 0; i < size; i++)
			kernel[i] = 0;
		for (int b = 0; b < norm->branches; b++)
			bias += add_channel(g, norm, b, o, f, weights,
					    statistics, kernel);
		for (size_t i = 0; i < size; i++)
			f->weight[(size_t)o * size + i] = (float)kernel[i];
		f->bias[o] = (float)bias;
	}
	free(kernel);
	return 0;
}

void fused_release(struct fused *f)
{
	free(f->weight);
	free(f->bias);
	*f = (struct fused){ 0 };
}
