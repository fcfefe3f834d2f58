/* The convolution as its formula reads: every value is one sum in double,
 * rounded once when it is written. It is what tests compare other devices with
 * (tests/ops), and what '--device ref' computes with, so it is plain before it
 * is fast. Each loop below owns the rows it writes, so threads never meet and
 * sums have one order. With maps in BF16 the same loops run on floats in the
 * workspace: the operands rounded before, the result after. */
#include "device/ref/conv.h"

#include "base/arena.h"
#include "base/par.h"
#include "device/ref/norm.h"
#include "tensor/value.h"

#include <stdlib.h>
#include <string.h>

struct dev_conv {
	struct dev_conv_desc d;
	int oh, ow;	 /* of the destination */
	enum dtype type; /* of what is multiplied */
};

/* One call's operands; each loop below owns the rows it writes. */
struct conv_job {
	const struct dev_conv *c;
	const float *x, *w, *bias, *dy;
	float *out, *db;
	bool acc;
};

int ref_conv_new(struct dev *dev, const struct dev_conv_desc *desc,
		 struct dev_conv **out, struct fl_err *err)
{
	struct dev_conv *c;
	int rc;

	/* The host's core has no handles that a convolution would need. */
	(void)dev;
	rc = dev_conv_types(desc, err);
	if (rc != 0)
		return rc;
	if ((desc->k != 1 && desc->k != 3) ||
	    (desc->stride != 1 && desc->stride != 2))
		return fl_fail(
			err, FL_EINTERNAL,
			"convolution of kernel %d, stride %d is not known",
			desc->k, desc->stride);
	c = fl_calloc(1, sizeof(*c));
	c->d = *desc;
	/* With padding k / 2 both kernels give ceil(size / stride): the taps of
	 * the last output may lie in the border. */
	c->oh = (desc->h - 1) / desc->stride + 1;
	c->ow = (desc->w - 1) / desc->stride + 1;
	c->type = dev_conv_type(desc);
	*out = c;
	return 0;
}

/* Values of the source, the destination, the weights. */
static size_t source_count(const struct dev_conv *c)
{
	return (size_t)(c->d.n * c->d.h * c->d.w) * (size_t)c->d.cin;
}

static size_t destination_count(const struct dev_conv *c)
{
	return (size_t)(c->d.n * c->oh * c->ow) * (size_t)c->d.cout;
}

static size_t weight_count(const struct dev_conv *c)
{
	return (size_t)(c->d.k * c->d.k * c->d.cin) * (size_t)c->d.cout;
}

size_t ref_conv_workspace(const struct dev_conv *c)
{
	return c->type == DTYPE_F32 ? 0
				    : sizeof(float) * (source_count(c) +
						       destination_count(c) +
						       weight_count(c));
}

/* The three in the workspace, where there are any. */
struct f32_copies {
	float *x, *y, *w;
};

static struct f32_copies copies_in(const struct dev_conv *c, void *workspace)
{
	float *x = workspace;

	if (c->type == DTYPE_F32)
		return (struct f32_copies){ 0 };
	return (struct f32_copies){ x, x + source_count(c),
				    x + source_count(c) +
					    destination_count(c) };
}

/* t as it is multiplied: itself, or its copy at 'to'. */
static const float *operand(const struct dev_conv *c, const struct tensor *t,
			    float *to)
{
	if (c->type == DTYPE_F32)
		return t->data;
	for (size_t i = 0; i < tensor_count(t); i++)
		to[i] = value_rounded(c->type, tensor_get(t, i));
	return to;
}

static const float *weight_operand(const struct dev_conv *c, const float *w,
				   float *to)
{
	if (c->type == DTYPE_F32)
		return w;
	for (size_t i = 0; i < weight_count(c); i++)
		to[i] = value_rounded(c->type, w[i]);
	return to;
}

/* Where t's values are made: itself, or its copy at 'to', which acc adds to. */
static float *result(const struct dev_conv *c, const struct tensor *t,
		     float *to, bool acc)
{
	if (c->type == DTYPE_F32)
		return t->data;
	for (size_t i = 0; acc && i < tensor_count(t); i++)
		to[i] = tensor_get(t, i);
	return to;
}

static void put_result(const float *from, const struct tensor *t)
{
	for (size_t i = 0; from != t->data && i < tensor_count(t); i++)
		tensor_put(t, i, from[i]);
}

void ref_conv_free(struct dev_conv *c)
{
	free(c);
}

/* Pixel of the source under tap (ky, kx) of output pixel (oy, ox), or NULL in
 * the padding. */
static const float *tap(const struct dev_conv *c, const float *x, int n, int oy,
			int ox, int ky, int kx)
{
	const struct dev_conv_desc *d = &c->d;
	int iy = oy * d->stride + ky - d->k / 2;
	int ix = ox * d->stride + kx - d->k / 2;

	if (iy < 0 || iy >= d->h || ix < 0 || ix >= d->w)
		return NULL;
	return x + (((size_t)n * (size_t)d->h + (size_t)iy) * (size_t)d->w +
		    (size_t)ix) *
			   (size_t)d->cin;
}

static double dot(const float *a, const float *b, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double)a[i] * b[i];
	return sum;
}

static void forward_rows(void *ctx, size_t first, size_t last, int chunk)
{
	const struct conv_job *j = ctx;
	const struct dev_conv_desc *d = &j->c->d;
	int ow = j->c->ow, oh = j->c->oh, k = d->k;

	(void)chunk;
	for (size_t r = first; r < last; r++) {
		/* r counts rows of all images: row oy of image n. */
		int n = (int)r / oh, oy = (int)r % oh;

		for (int i = 0; i < ow * d->cout; i++) {
			int ox = i / d->cout, o = i % d->cout;
			double sum = j->bias ? j->bias[o] : 0;

			for (int t = 0; t < k * k; t++) {
				const float *x = tap(j->c, j->x, n, oy, ox,
						     t / k, t % k);
				if (x)
					sum += dot(x,
						   j->w + (o * k * k + t) *
								   d->cin,
						   d->cin);
			}
			j->out[r * (size_t)(ow * d->cout) + (size_t)i] =
				(float)sum;
		}
	}
}

void ref_conv_forward(struct dev_queue *q, struct dev_conv *c,
		      const struct tensor *x, const float *weights,
		      const float *bias, const struct tensor *y, double *sums,
		      void *workspace)
{
	struct f32_copies at = copies_in(c, workspace);
	struct conv_job j = { .c = c,
			      .x = operand(c, x, at.x),
			      .w = weight_operand(c, weights, at.w),
			      .bias = bias,
			      .out = result(c, y, at.y, false) };

	fl_par_for((size_t)(c->d.n * c->oh), 1, forward_rows, &j);
	put_result(j.out, y);
	if (sums)
		ref_norm_stats(q, y, sums);
}

/* dx[iy][ix][ci] = sum over taps that read it */
static double data_gradient(const struct conv_job *j, int n, int iy, int ix,
			    int ci)
{
	const struct dev_conv_desc *d = &j->c->d;
	int k = d->k, s = d->stride;
	double sum = 0;

	for (int t = 0; t < k * k; t++) {
		/* The inverse of tap(): the output pixel (y / s, x / s) whose
		 * tap t lies on (iy, ix); with a stride of 2 there is one only
		 * where y and x are even. */
		int y = iy + k / 2 - t / k, x = ix + k / 2 - t % k;
		const float *dy;

		if (y < 0 || x < 0 || y % s || x % s || y / s >= j->c->oh ||
		    x / s >= j->c->ow)
			continue;
		dy = j->dy +
		     ((size_t)(n * j->c->oh + y / s) * (size_t)j->c->ow +
		      (size_t)(x / s)) *
			     (size_t)d->cout;
		for (int o = 0; o < d->cout; o++)
			sum += (double)dy[o] *
			       j->w[(o * k * k + t) * d->cin + ci];
	}
	return sum;
}

static void data_rows(void *ctx, size_t first, size_t last, int chunk)
{
	const struct conv_job *j = ctx;
	const struct dev_conv_desc *d = &j->c->d;

	(void)chunk;
	for (size_t r = first; r < last; r++) {
		int n = (int)r / d->h, iy = (int)r % d->h;
		float *row = j->out + r * (size_t)(d->w * d->cin);

		for (int i = 0; i < d->w * d->cin; i++) {
			/* Rounded before it is added: op.h allows a convolution
			 * that, and oneDNN's gradient is a map of its own too
			 * before it is added. */
			float g = (float)data_gradient(j, n, iy, i / d->cin,
						       i % d->cin);
			row[i] = j->acc ? row[i] + g : g;
		}
	}
}

void ref_conv_backward_data(struct dev_queue *q, struct dev_conv *c,
			    const struct tensor *dy, const float *weights,
			    const struct tensor *dx, bool acc, void *workspace)
{
	struct f32_copies at = copies_in(c, workspace);
	struct conv_job j = { .c = c,
			      .dy = operand(c, dy, at.y),
			      .w = weight_operand(c, weights, at.w),
			      .out = result(c, dx, at.x, acc),
			      .acc = acc };

	(void)q;
	fl_par_for((size_t)(c->d.n * c->d.h), 1, data_rows, &j);
	put_result(j.out, dx);
}

/* dw[o][t][ci], the sum over all pixels of all images of x under tap t times
 * dy. */
static double weight_gradient(const struct conv_job *j, int o, int t, int ci)
{
	const struct dev_conv *c = j->c;
	double sum = 0;

	for (int p = 0; p < c->d.n * c->oh * c->ow; p++) {
		int n = p / (c->oh * c->ow), oy = p / c->ow % c->oh;
		const float *x =
			tap(c, j->x, n, oy, p % c->ow, t / c->d.k, t % c->d.k);

		if (x)
			sum += (double)x[ci] *
			       j->dy[(size_t)p * (size_t)c->d.cout + (size_t)o];
	}
	return sum;
}

static void weight_channels(void *ctx, size_t first, size_t last, int chunk)
{
	const struct conv_job *j = ctx;
	const struct dev_conv_desc *d = &j->c->d;
	int per_out = d->k * d->k * d->cin;
	size_t pixels = (size_t)(d->n * j->c->oh * j->c->ow);

	(void)chunk;
	for (size_t o = first; o < last; o++) {
		double sum = 0;

		for (int i = 0; i < per_out; i++)
			j->out[o * (size_t)per_out + (size_t)i] =
				(float)weight_gradient(j, (int)o, i / d->cin,
						       i % d->cin);
		/* db is the sum of dy as it was multiplied: rounded in BF16, as
		 * op.h says. */
		for (size_t p = 0; j->db && p < pixels; p++)
			sum += j->dy[p * (size_t)d->cout + o];
		if (j->db)
			j->db[o] = (float)sum;
	}
}

void ref_conv_backward_weights(struct dev_queue *q, struct dev_conv *c,
			       const struct tensor *x, const struct tensor *dy,
			       float *dw, float *db, void *workspace)
{
	struct f32_copies at = copies_in(c, workspace);
	struct conv_job j = { .c = c,
			      .x = operand(c, x, at.x),
			      .dy = operand(c, dy, at.y),
			      .out = dw,
			      .db = c->d.bias ? db : NULL };

	(void)q;
	/* dw stays float in either precision, as all gradients of parameters
	 * do, so there is no put_result here. */
	fl_par_for((size_t)c->d.cout, 1, weight_channels, &j);
}
