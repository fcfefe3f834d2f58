/* op.h - the operations of a training step, one slot of a table each.
 *
 * device/ref holds the plain C definition of every slot; a backend overrides
 * slots and is compared with ref on random shapes (tests/property).
 *
 * Rules for all: the first argument is the queue the work goes into, and the
 * work may be done after the call has returned (device/device.h); all pointers
 * are device memory, also those that results are left in. Maps are tensors
 * of F32 or BF16, all maps of a call of one type unless said so; vectors,
 * parameters, their gradients and statistics are float32 always, and sums over
 * pixels or ranks float64. Whatever the type, an operation computes in float32
 * or better and rounds once, when it writes; a backend's convolution may round
 * what it adds to a gradient before as well. Dense
 * means ld == c, all other maps may be channel slices; sources and
 * destinations do not overlap unless said so; "acc" true adds to the
 * destination, false overwrites it. Nothing allocates. Reductions have a
 * fixed order: the same inputs give the same bits for any thread count in our
 * own kernels, and for the same thread count in oneDNN's.
 * Weights are [out][kh][kw][in].
 */
#ifndef FL_DEVICE_OP_H
#define FL_DEVICE_OP_H

#include "base/err.h"
#include "tensor/tensor.h"

#include <stdbool.h>
#include <stdint.h>

struct dev;
struct dev_queue;

/* --- convolution: a plan object, because choosing a kernel costs time --- */

struct dev_conv_desc {
	int n, h, w; /* source */
	int cin, cout;
	int k, stride; /* k is 1 or 3, padding k / 2, stride 1 or 2 */
	/* Of the maps and their gradients; they may differ. Where one of them
	 * is BF16, so is all that is multiplied: the other map and the weights
	 * are rounded on the way, and so is the dy that db is the sum of. */
	enum dtype x_type, y_type;
	bool bias;
	bool backward; /* plan both backward kernels too */
	bool diff_src; /* with backward: the source wants a gradient */
	/* More time for less rounding: no long sum is added one by one. Means
	 * nothing with BF16, whose values are rounded far more than sums are. */
	bool short_sums;
};

struct dev_conv; /* the backend's own */

/* What maps can be. */
static inline bool dev_map_type(enum dtype type)
{
	return type == DTYPE_F32 || type == DTYPE_BF16;
}

/* FL_EINTERNAL where the maps are of types that no convolution knows. */
static inline int dev_conv_types(const struct dev_conv_desc *d,
				 struct fl_err *err)
{
	if (dev_map_type(d->x_type) && dev_map_type(d->y_type))
		return 0;
	return fl_fail(err, FL_EINTERNAL,
		       "convolutions from %s to %s maps are not known",
		       dtype_name(d->x_type), dtype_name(d->y_type));
}

/* What a convolution multiplies. */
static inline enum dtype dev_conv_type(const struct dev_conv_desc *d)
{
	return d->x_type == DTYPE_BF16 ? d->x_type : d->y_type;
}

/* --- batch normalisation + sum of branches + activation + residual --- */

enum dev_act {
	DEV_ACT_NONE,
	DEV_ACT_SILU
};

/* One branch of y = act(sum_i (scale_i (z_i - mean_i) + shift_i)) + residual.
 * The mean is taken off first: folded into the shift it costs digits where it is
 * large beside the deviation.
 * A plain ConvBN has one branch, a RepVGG block two (3x3 and 1x1). */
struct dev_branch {
	struct tensor z;    /* dense: what the convolution wrote */
	const float *scale; /* [C] */
	const float *shift; /* [C] */
	const float *mean;  /* [C] */
};

#define DEV_MAX_BRANCHES 2
/* Of a map. Operations count on it; no family builds a wider layer. */
#define DEV_MAX_CHANNELS 4096

/* The numbers of one normalisation, vectors of C floats unless said otherwise.
 * scale = alpha gamma inverse, shift = alpha beta, inverse = 1 / deviation;
 * alpha is the learned factor of branch 1 where there is one. */
struct dev_norm {
	int branches, channels;
	double pixels;	  /* of this rank's batch */
	bool equal_ranks; /* each rank counts once, whatever its pixels */
	const float *gamma[DEV_MAX_BRANCHES], *beta[DEV_MAX_BRANCHES];
	const float *alpha; /* one float, or NULL */
	float *running_mean[DEV_MAX_BRANCHES];
	float *running_variance[DEV_MAX_BRANCHES];
	/* written forward, read backward */
	float *mean[DEV_MAX_BRANCHES], *inverse[DEV_MAX_BRANCHES];
	float *scale[DEV_MAX_BRANCHES], *shift[DEV_MAX_BRANCHES];
	double *count; /* one: values a channel behind the statistics */
	/* gradients of the parameters */
	float *dgamma[DEV_MAX_BRANCHES], *dbeta[DEV_MAX_BRANCHES], *dalpha;
	/* of norm_backward_apply, for each branch */
	float *a[DEV_MAX_BRANCHES], *b[DEV_MAX_BRANCHES], *d[DEV_MAX_BRANCHES];
};

#define DEV_NORM_EPSILON 1e-5
#define DEV_NORM_KEEP 0.9f /* of a running statistic, at each step */

/* --- gates of the squeeze-excitation blocks --- */

enum dev_gate {
	DEV_GATE_SIGMOID,
	DEV_GATE_HARDSIGMOID
};
/* hardsigmoid(z) = clip(0.1666667 z + 0.5, 0, 1), slope 0 at both bounds */

struct dev_ops {
	/* FL_EINTERNAL for a type or a shape that the device has no kernel for.
	 * Every conv call gets workspace of at least conv_workspace() bytes,
	 * 64-byte aligned. x, y, dx, dy are dense; bias may be NULL. */
	int (*conv_new)(struct dev *dev, const struct dev_conv_desc *desc,
			struct dev_conv **out, struct fl_err *err);
	size_t (*conv_workspace)(const struct dev_conv *conv);
	void (*conv_free)(struct dev_conv *conv);
	/* sums, where not NULL, gets what norm_stats finds in y. */
	void (*conv_forward)(struct dev_queue *q, struct dev_conv *conv,
			     const struct tensor *x, const float *weights,
			     const float *bias, const struct tensor *y,
			     double *sums, void *workspace);
	void (*conv_backward_data)(struct dev_queue *q, struct dev_conv *conv,
				   const struct tensor *dy,
				   const float *weights,
				   const struct tensor *dx, bool acc,
				   void *workspace);
	/* Overwrites dw and, when the plan has a bias, db. */
	void (*conv_backward_weights)(struct dev_queue *q,
				      struct dev_conv *conv,
				      const struct tensor *x,
				      const struct tensor *dy, float *dw,
				      float *db, void *workspace);

	/* sums[c] = sum over pixels of z, sums[C + c] = sum of z^2, accurate to
	 * double after at most 256 float additions. z dense. */
	void (*norm_stats)(struct dev_queue *q, const struct tensor *z,
			   double *sums);
	/* y = act(sum_i scale_i (z_i - mean_i) + shift_i) [+ residual]. residual may be
	 * NULL; y may be the residual's or a branch's own memory. */
	void (*norm_forward)(struct dev_queue *q,
			     const struct dev_branch *branches, int count,
			     enum dev_act act, const struct tensor *residual,
			     const struct tensor *y);
	/* With s = sum_i scale_i (z_i - mean_i) + shift_i:  g = dy act'(s), written dense;
	 * sums[c] = sum g, sums[(1 + i) C + c] = sum g (z_i - mean_i).
	 * g may be dy's own memory when dy is dense. */
	void (*norm_backward_sums)(struct dev_queue *q,
				   const struct dev_branch *branches, int count,
				   enum dev_act act, const struct tensor *dy,
				   const struct tensor *g, double *sums);
	/* dz = a g + b (z - mean) + d per channel; all dense; dz may be g's
	 * own memory. */
	void (*norm_backward_apply)(struct dev_queue *q, const struct tensor *g,
				    const struct tensor *z, const float *mean,
				    const float *a, const float *b,
				    const float *d, const struct tensor *dz);

	/* What stands between the passes over pixels, in order of a step. sums
	 * has a count in front: sums[0], then norm_stats of every branch
	 * (forward) or norm_backward_sums (backward). In between the ranks
	 * that share the statistics add theirs up.
	 *
	 * norm_own: sums[0] = pixels; with equal_ranks all become averages and
	 * sums[0] = 1. */
	void (*norm_own)(struct dev_queue *q, const struct dev_norm *n,
			 double *sums);
	/* From the ranks' sums: count, mean, inverse, scale, shift and the
	 * running statistics (biased variance). A batch of one value a channel
	 * has no statistics: mean 0, inverse 1, and the running ones stay. */
	void (*norm_finish)(struct dev_queue *q, const struct dev_norm *n,
			    const double *sums);
	/* In evaluation: the same from the running statistics. */
	void (*norm_running)(struct dev_queue *q, const struct dev_norm *n);
	/* Gradients of gamma, beta and alpha from this rank's own sums, which
	 * get their count, as norm_own's (the sums themselves stay). */
	void (*norm_params)(struct dev_queue *q, const struct dev_norm *n,
			    double *sums);
	/* From the ranks' sums: a, b and d of every branch, for
	 * dz = scale (g - sum g / n - (z - mean) inverse^2 sum g (z - mean) / n) */
	void (*norm_coefficients)(struct dev_queue *q, const struct dev_norm *n,
				  const double *sums);

	/* y[n][c] = mean over pixels; dx (+)= dy[n][c] / (h w). y, dy: [N][C] */
	void (*gap_forward)(struct dev_queue *q, const struct tensor *x,
			    float *y);
	void (*gap_backward)(struct dev_queue *q, const float *dy,
			     const struct tensor *dx, bool acc);
	/* y[n][o] = gate(sum_i x[n][i] w[o][i] + b[o]); backward from y:
	 * dpre = dy gate', dx = dpre w (overwritten), dw, db overwritten.
	 * scratch: n * cout floats. */
	void (*fc_forward)(struct dev_queue *q, const float *x, const float *w,
			   const float *b, int n, int cin, int cout,
			   enum dev_gate gate, float *y);
	void (*fc_backward)(struct dev_queue *q, const float *x, const float *w,
			    const float *y, const float *dy, int n, int cin,
			    int cout, enum dev_gate gate, float *dx, float *dw,
			    float *db, float *scratch);
	/* y = x gate[n][c]; dx (+)= dy gate; dgate = sum over pixels dy x */
	void (*scale_forward)(struct dev_queue *q, const struct tensor *x,
			      const float *gate, const struct tensor *y);
	void (*scale_backward)(struct dev_queue *q, const struct tensor *x,
			       const float *gate, const struct tensor *dy,
			       const struct tensor *dx, bool acc, float *dgate);

	/* Largest of the k x k window, stride 1, borders never win. won (NULL
	 * in inference) [N][H][W][C] keeps which pixel it was: ky * k + kx with ky,
	 * kx from 0 at the window's upper left; first in row order among equals.
	 * Backward adds dy to the winners' dx, all of a pixel before it is
	 * rounded. */
	void (*maxpool_forward)(struct dev_queue *q, const struct tensor *x,
				int k, const struct tensor *y, uint8_t *won);
	void (*maxpool_backward)(struct dev_queue *q, const struct tensor *dy,
				 const uint8_t *won, int k,
				 const struct tensor *dx);
	/* Nearest, twice as wide and high; dx (+)= sum of the four. */
	void (*upsample_forward)(struct dev_queue *q, const struct tensor *x,
				 const struct tensor *y);
	void (*upsample_backward)(struct dev_queue *q, const struct tensor *dy,
				  const struct tensor *dx, bool acc);
	/* dst (+)= src, same shape, any ld. */
	void (*copy)(struct dev_queue *q, const struct tensor *src,
		     const struct tensor *dst, bool acc);
	/* A dense map. */
	void (*zero)(struct dev_queue *q, const struct tensor *t);

	/* Varifocal loss of n logits that are examples of nothing, weighted
	 * w = 0.75 p^2 with p = sigmoid(z) and s = -ln(1 - p): *sum becomes the
	 * sum of w s, and dz = factor w (p + 2 (1 - p) s), the weight's own
	 * slope included. Where float32 has p = 1 (z above 17), s counts as
	 * 100 and dz is 0, as in the reference (family/ppyoloe/point.c says why). */
	void (*varifocal)(struct dev_queue *q, const float *z, size_t n,
			  float factor, float *dz, double *sum);

	/* Flat vectors of n. momentum (D.1 of Paddle's kernel): g' = g + wd w;
	 * v = mu v + g'; w -= lr v. ema: e = decay e + (1 - decay) w, with both
	 * factors rounded from double to float. */
	void (*momentum)(struct dev_queue *q, float *w, float *v,
			 const float *g, size_t n, float lr, float mu,
			 float wd);
	void (*ema)(struct dev_queue *q, float *e, const float *w, size_t n,
		    double decay);
	/* *sum = the sum of squares */
	void (*sum_squares)(struct dev_queue *q, const float *x, size_t n,
			    double *sum);
	void (*scale)(struct dev_queue *q, float *x, size_t n, float factor);
	/* y = x / divisor; y may be x */
	void (*divide)(struct dev_queue *q, const float *x, size_t n,
		       float divisor, float *y);
	/* y += factor x */
	void (*add)(struct dev_queue *q, const float *x, size_t n, float factor,
		    float *y);
	/* -bound <= x <= bound; what is no number stays */
	void (*clamp)(struct dev_queue *q, float *x, size_t n, float bound);
};

#endif
