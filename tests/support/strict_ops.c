/* The strict device's operations: each keeps what it was given and, when its turn
 * comes, calls the definition in device/ref. A map or a vector is kept by value or
 * by pointer, so a caller's structures may go as soon as the call returns. */
#include "support/strict.h"

#include "device/ref/ref.h"

#define REF (ref_device.ops)
#define MAP(i) (w->has[i] ? &w->maps[i] : NULL)
#define INT(i) ((int)w->numbers[i])
#define REAL(i) ((float)w->numbers[i])

/* What is done when the turn comes. */
#define DEFER(op, args)                             \
	static void run_##op(struct strict_work *w) \
	{                                           \
		REF->op args;                       \
	}

static void keep_map(struct strict_work *w, int i, const struct tensor *t)
{
	w->has[i] = t != NULL;
	if (t)
		w->maps[i] = *t;
}

static void keep(struct strict_work *w, int i, const void *p)
{
	w->pointers[i] = (void *)(uintptr_t)p;
}

static void keep_branches(struct strict_work *w, const struct dev_branch *b,
			  int count)
{
	w->count = (size_t)count;
	for (int k = 0; k < count; k++)
		w->branches[k] = b[k];
}

/* Objects of convolutions are the definition's own. */
static int conv_new(struct dev *dev, const struct dev_conv_desc *desc,
		    struct dev_conv **out, struct fl_err *err)
{
	return REF->conv_new(dev, desc, out, err);
}

static size_t conv_workspace(const struct dev_conv *conv)
{
	return REF->conv_workspace(conv);
}

static void conv_free(struct dev_conv *conv)
{
	REF->conv_free(conv);
}

DEFER(conv_forward, (NULL, w->pointers[0], MAP(0), w->pointers[1],
		     w->pointers[2], MAP(1), w->pointers[3], w->pointers[4]))
static void conv_forward(struct dev_queue *q, struct dev_conv *conv,
			 const struct tensor *x, const float *weights,
			 const float *bias, const struct tensor *y,
			 double *sums, void *workspace)
{
	struct strict_work *w = strict_add(q, run_conv_forward);

	keep(w, 0, conv);
	keep_map(w, 0, x);
	keep(w, 1, weights);
	keep(w, 2, bias);
	keep_map(w, 1, y);
	keep(w, 3, sums);
	keep(w, 4, workspace);
}

DEFER(conv_backward_data, (NULL, w->pointers[0], MAP(0), w->pointers[1], MAP(1),
			   INT(0), w->pointers[2]))
static void conv_backward_data(struct dev_queue *q, struct dev_conv *conv,
			       const struct tensor *dy, const float *weights,
			       const struct tensor *dx, bool acc,
			       void *workspace)
{
	struct strict_work *w = strict_add(q, run_conv_backward_data);

	keep(w, 0, conv);
	keep_map(w, 0, dy);
	keep(w, 1, weights);
	keep_map(w, 1, dx);
	w->numbers[0] = acc;
	keep(w, 2, workspace);
}

DEFER(conv_backward_weights, (NULL, w->pointers[0], MAP(0), MAP(1),
			      w->pointers[1], w->pointers[2], w->pointers[3]))
static void conv_backward_weights(struct dev_queue *q, struct dev_conv *conv,
				  const struct tensor *x,
				  const struct tensor *dy, float *dw, float *db,
				  void *workspace)
{
	struct strict_work *w = strict_add(q, run_conv_backward_weights);

	keep(w, 0, conv);
	keep_map(w, 0, x);
	keep_map(w, 1, dy);
	keep(w, 1, dw);
	keep(w, 2, db);
	keep(w, 3, workspace);
}

DEFER(norm_stats, (NULL, MAP(0), w->pointers[0]))
static void norm_stats(struct dev_queue *q, const struct tensor *z,
		       double *sums)
{
	struct strict_work *w = strict_add(q, run_norm_stats);

	keep_map(w, 0, z);
	keep(w, 0, sums);
}

DEFER(norm_forward, (NULL, w->branches, (int)w->count, INT(0), MAP(0), MAP(1)))
static void norm_forward(struct dev_queue *q, const struct dev_branch *branches,
			 int count, enum dev_act act,
			 const struct tensor *residual, const struct tensor *y)
{
	struct strict_work *w = strict_add(q, run_norm_forward);

	keep_branches(w, branches, count);
	w->numbers[0] = act;
	keep_map(w, 0, residual);
	keep_map(w, 1, y);
}

DEFER(norm_backward_sums, (NULL, w->branches, (int)w->count, INT(0), MAP(0),
			   MAP(1), w->pointers[0]))
static void norm_backward_sums(struct dev_queue *q,
			       const struct dev_branch *branches, int count,
			       enum dev_act act, const struct tensor *dy,
			       const struct tensor *g, double *sums)
{
	struct strict_work *w = strict_add(q, run_norm_backward_sums);

	keep_branches(w, branches, count);
	w->numbers[0] = act;
	keep_map(w, 0, dy);
	keep_map(w, 1, g);
	keep(w, 0, sums);
}

DEFER(norm_backward_apply,
      (NULL, MAP(0), MAP(1), w->pointers[0], w->pointers[1], w->pointers[2],
       w->pointers[3], MAP(2)))
static void norm_backward_apply(struct dev_queue *q, const struct tensor *g,
				const struct tensor *z, const float *mean,
				const float *a, const float *b, const float *d,
				const struct tensor *dz)
{
	struct strict_work *w = strict_add(q, run_norm_backward_apply);

	keep_map(w, 0, g);
	keep_map(w, 1, z);
	keep(w, 0, mean);
	keep(w, 1, a);
	keep(w, 2, b);
	keep(w, 3, d);
	keep_map(w, 2, dz);
}

DEFER(norm_own, (NULL, &w->norm, w->pointers[0]))
static void norm_own(struct dev_queue *q, const struct dev_norm *n,
		     double *sums)
{
	struct strict_work *w = strict_add(q, run_norm_own);

	w->norm = *n;
	keep(w, 0, sums);
}

DEFER(norm_finish, (NULL, &w->norm, w->pointers[0]))
static void norm_finish(struct dev_queue *q, const struct dev_norm *n,
			const double *sums)
{
	struct strict_work *w = strict_add(q, run_norm_finish);

	w->norm = *n;
	keep(w, 0, sums);
}

DEFER(norm_running, (NULL, &w->norm))
static void norm_running(struct dev_queue *q, const struct dev_norm *n)
{
	struct strict_work *w = strict_add(q, run_norm_running);

	w->norm = *n;
}

DEFER(norm_params, (NULL, &w->norm, w->pointers[0]))
static void norm_params(struct dev_queue *q, const struct dev_norm *n,
			double *sums)
{
	struct strict_work *w = strict_add(q, run_norm_params);

	w->norm = *n;
	keep(w, 0, sums);
}

DEFER(norm_coefficients, (NULL, &w->norm, w->pointers[0]))
static void norm_coefficients(struct dev_queue *q, const struct dev_norm *n,
			      const double *sums)
{
	struct strict_work *w = strict_add(q, run_norm_coefficients);

	w->norm = *n;
	keep(w, 0, sums);
}

DEFER(gap_forward, (NULL, MAP(0), w->pointers[0]))
static void gap_forward(struct dev_queue *q, const struct tensor *x, float *y)
{
	struct strict_work *w = strict_add(q, run_gap_forward);

	keep_map(w, 0, x);
	keep(w, 0, y);
}

DEFER(gap_backward, (NULL, w->pointers[0], MAP(0), INT(0)))
static void gap_backward(struct dev_queue *q, const float *dy,
			 const struct tensor *dx, bool acc)
{
	struct strict_work *w = strict_add(q, run_gap_backward);

	keep(w, 0, dy);
	keep_map(w, 0, dx);
	w->numbers[0] = acc;
}

DEFER(fc_forward, (NULL, w->pointers[0], w->pointers[1], w->pointers[2], INT(0),
		   INT(1), INT(2), INT(3), w->pointers[3]))
static void fc_forward(struct dev_queue *q, const float *x,
		       const float *weights, const float *b, int n, int cin,
		       int cout, enum dev_gate gate, float *y)
{
	struct strict_work *w = strict_add(q, run_fc_forward);

	keep(w, 0, x);
	keep(w, 1, weights);
	keep(w, 2, b);
	w->numbers[0] = n;
	w->numbers[1] = cin;
	w->numbers[2] = cout;
	w->numbers[3] = gate;
	keep(w, 3, y);
}

DEFER(fc_backward,
      (NULL, w->pointers[0], w->pointers[1], w->pointers[2], w->pointers[3],
       INT(0), INT(1), INT(2), INT(3), w->pointers[4], w->pointers[5],
       w->pointers[6], w->pointers[7]))
static void fc_backward(struct dev_queue *q, const float *x,
			const float *weights, const float *y, const float *dy,
			int n, int cin, int cout, enum dev_gate gate, float *dx,
			float *dw, float *db, float *scratch)
{
	struct strict_work *w = strict_add(q, run_fc_backward);

	keep(w, 0, x);
	keep(w, 1, weights);
	keep(w, 2, y);
	keep(w, 3, dy);
	w->numbers[0] = n;
	w->numbers[1] = cin;
	w->numbers[2] = cout;
	w->numbers[3] = gate;
	keep(w, 4, dx);
	keep(w, 5, dw);
	keep(w, 6, db);
	keep(w, 7, scratch);
}

DEFER(scale_forward, (NULL, MAP(0), w->pointers[0], MAP(1)))
static void scale_forward(struct dev_queue *q, const struct tensor *x,
			  const float *gate, const struct tensor *y)
{
	struct strict_work *w = strict_add(q, run_scale_forward);

	keep_map(w, 0, x);
	keep(w, 0, gate);
	keep_map(w, 1, y);
}

DEFER(scale_backward,
      (NULL, MAP(0), w->pointers[0], MAP(1), MAP(2), INT(0), w->pointers[1]))
static void scale_backward(struct dev_queue *q, const struct tensor *x,
			   const float *gate, const struct tensor *dy,
			   const struct tensor *dx, bool acc, float *dgate)
{
	struct strict_work *w = strict_add(q, run_scale_backward);

	keep_map(w, 0, x);
	keep(w, 0, gate);
	keep_map(w, 1, dy);
	keep_map(w, 2, dx);
	w->numbers[0] = acc;
	keep(w, 1, dgate);
}

DEFER(maxpool_forward, (NULL, MAP(0), INT(0), MAP(1), w->pointers[0]))
static void maxpool_forward(struct dev_queue *q, const struct tensor *x, int k,
			    const struct tensor *y, uint8_t *won)
{
	struct strict_work *w = strict_add(q, run_maxpool_forward);

	keep_map(w, 0, x);
	w->numbers[0] = k;
	keep_map(w, 1, y);
	keep(w, 0, won);
}

DEFER(maxpool_backward, (NULL, MAP(0), w->pointers[0], INT(0), MAP(1)))
static void maxpool_backward(struct dev_queue *q, const struct tensor *dy,
			     const uint8_t *won, int k, const struct tensor *dx)
{
	struct strict_work *w = strict_add(q, run_maxpool_backward);

	keep_map(w, 0, dy);
	keep(w, 0, won);
	w->numbers[0] = k;
	keep_map(w, 1, dx);
}

DEFER(upsample_forward, (NULL, MAP(0), MAP(1)))
static void upsample_forward(struct dev_queue *q, const struct tensor *x,
			     const struct tensor *y)
{
	struct strict_work *w = strict_add(q, run_upsample_forward);

	keep_map(w, 0, x);
	keep_map(w, 1, y);
}

DEFER(upsample_backward, (NULL, MAP(0), MAP(1), INT(0)))
static void upsample_backward(struct dev_queue *q, const struct tensor *dy,
			      const struct tensor *dx, bool acc)
{
	struct strict_work *w = strict_add(q, run_upsample_backward);

	keep_map(w, 0, dy);
	keep_map(w, 1, dx);
	w->numbers[0] = acc;
}

DEFER(copy, (NULL, MAP(0), MAP(1), INT(0)))
static void copy(struct dev_queue *q, const struct tensor *src,
		 const struct tensor *dst, bool acc)
{
	struct strict_work *w = strict_add(q, run_copy);

	keep_map(w, 0, src);
	keep_map(w, 1, dst);
	w->numbers[0] = acc;
}

DEFER(zero, (NULL, MAP(0)))
static void zero(struct dev_queue *q, const struct tensor *t)
{
	struct strict_work *w = strict_add(q, run_zero);

	keep_map(w, 0, t);
}

DEFER(varifocal,
      (NULL, w->pointers[0], w->count, REAL(0), w->pointers[1], w->pointers[2]))
static void varifocal(struct dev_queue *q, const float *z, size_t n,
		      float factor, float *dz, double *sum)
{
	struct strict_work *w = strict_add(q, run_varifocal);

	keep(w, 0, z);
	w->count = n;
	w->numbers[0] = factor;
	keep(w, 1, dz);
	keep(w, 2, sum);
}

DEFER(momentum, (NULL, w->pointers[0], w->pointers[1], w->pointers[2], w->count,
		 REAL(0), REAL(1), REAL(2)))
static void momentum(struct dev_queue *q, float *weights, float *v,
		     const float *g, size_t n, float lr, float mu, float wd)
{
	struct strict_work *w = strict_add(q, run_momentum);

	keep(w, 0, weights);
	keep(w, 1, v);
	keep(w, 2, g);
	w->count = n;
	w->numbers[0] = lr;
	w->numbers[1] = mu;
	w->numbers[2] = wd;
}

DEFER(ema, (NULL, w->pointers[0], w->pointers[1], w->count, w->numbers[0]))
static void ema(struct dev_queue *q, float *e, const float *weights, size_t n,
		double decay)
{
	struct strict_work *w = strict_add(q, run_ema);

	keep(w, 0, e);
	keep(w, 1, weights);
	w->count = n;
	w->numbers[0] = decay;
}

DEFER(sum_squares, (NULL, w->pointers[0], w->count, w->pointers[1]))
static void sum_squares(struct dev_queue *q, const float *x, size_t n,
			double *sum)
{
	struct strict_work *w = strict_add(q, run_sum_squares);

	keep(w, 0, x);
	w->count = n;
	keep(w, 1, sum);
}

DEFER(scale, (NULL, w->pointers[0], w->count, REAL(0)))
static void scale(struct dev_queue *q, float *x, size_t n, float factor)
{
	struct strict_work *w = strict_add(q, run_scale);

	keep(w, 0, x);
	w->count = n;
	w->numbers[0] = factor;
}

DEFER(divide, (NULL, w->pointers[0], w->count, REAL(0), w->pointers[1]))
static void divide(struct dev_queue *q, const float *x, size_t n, float divisor,
		   float *y)
{
	struct strict_work *w = strict_add(q, run_divide);

	keep(w, 0, x);
	w->count = n;
	w->numbers[0] = divisor;
	keep(w, 1, y);
}

DEFER(add, (NULL, w->pointers[0], w->count, REAL(0), w->pointers[1]))
static void add(struct dev_queue *q, const float *x, size_t n, float factor,
		float *y)
{
	struct strict_work *w = strict_add(q, run_add);

	keep(w, 0, x);
	w->count = n;
	w->numbers[0] = factor;
	keep(w, 1, y);
}

DEFER(clamp, (NULL, w->pointers[0], w->count, REAL(0)))
static void clamp(struct dev_queue *q, float *x, size_t n, float bound)
{
	struct strict_work *w = strict_add(q, run_clamp);

	keep(w, 0, x);
	w->count = n;
	w->numbers[0] = bound;
}

const struct dev_ops strict_ops = {
	.conv_new = conv_new,
	.conv_workspace = conv_workspace,
	.conv_free = conv_free,
	.conv_forward = conv_forward,
	.conv_backward_data = conv_backward_data,
	.conv_backward_weights = conv_backward_weights,
	.norm_stats = norm_stats,
	.norm_forward = norm_forward,
	.norm_backward_sums = norm_backward_sums,
	.norm_backward_apply = norm_backward_apply,
	.norm_own = norm_own,
	.norm_finish = norm_finish,
	.norm_running = norm_running,
	.norm_params = norm_params,
	.norm_coefficients = norm_coefficients,
	.gap_forward = gap_forward,
	.gap_backward = gap_backward,
	.fc_forward = fc_forward,
	.fc_backward = fc_backward,
	.scale_forward = scale_forward,
	.scale_backward = scale_backward,
	.maxpool_forward = maxpool_forward,
	.maxpool_backward = maxpool_backward,
	.upsample_forward = upsample_forward,
	.upsample_backward = upsample_backward,
	.copy = copy,
	.zero = zero,
	.varifocal = varifocal,
	.momentum = momentum,
	.ema = ema,
	.sum_squares = sum_squares,
	.scale = scale,
	.divide = divide,
	.add = add,
	.clamp = clamp,
};
