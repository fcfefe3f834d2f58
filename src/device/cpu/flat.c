/* Gates of the squeeze-excitation blocks and passes over flat vectors
 * (parameters, their gradients, the EMA, all logits of a level), shared out in
 * whole lines of the cache: parameters lie in one buffer, so a chunk is a range
 * of floats whatever layer they belong to. Loops stand in flat.inc.h, one text
 * for each instruction set. */
#include "device/cpu/pass.h"

#include "base/par.h"
#include "device/cpu/kernels.h"

#include <math.h>
#include <string.h>

/* Chunks start on whole vectors of this many floats: a line of the cache, so
 * that threads write no line together, and AVX-512's width. */
#define LINE 16

/* What one call hands to its chunks: fields of all the operations below. p0, p1
 * and p2 are the kernel's numbers in its order. */
struct flat {
	const struct flat_kernels *k;
	float *w, *v;
	const float *g, *x, *b;
	size_t n;
	float p0, p1, p2;
	int images, cin, cout;
	enum dev_gate gate;
	float *y, *dx, *dw, *db;
};

/* As device/ref has them, in float; slopes come from the value, since z is not
 * kept. */
static float gate_of(float z, enum dev_gate gate)
{
	if (gate == DEV_GATE_SIGMOID)
		return 1 / (1 + expf(-z));
	z = 0.1666667f * z + 0.5f;
	return z < 0 ? 0 : z > 1 ? 1 : z;
}

static float gate_slope(float y, enum dev_gate gate)
{
	if (gate == DEV_GATE_SIGMOID)
		return y * (1 - y);
	return y > 0 && y < 1 ? 0.1666667f : 0;
}

/* y[n][o] for all images: a row of w is read once and serves them all. */
static void fc_outputs(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;
	size_t cin = (size_t)f->cin, cout = (size_t)f->cout;

	(void)chunk;
	for (size_t o = first; o < last; o++)
		for (size_t n = 0; n < (size_t)f->images; n++)
			f->y[n * cout + o] = gate_of(
				f->b[o] + f->k->dot(f->x + n * cin,
						    f->w + o * cin, cin),
				f->gate);
}

/* Outputs whose products pay for claiming a chunk; + 1 keeps it from being
 * none. */
static size_t fc_grain(int cin, int n)
{
	return 65536 / ((size_t)cin * (size_t)n) + 1;
}

void cpu_fc_forward(struct dev_queue *q, const float *x, const float *w,
		    const float *b, int n, int cin, int cout,
		    enum dev_gate gate, float *y)
{
	struct flat f = { .k = cpu_kernel_set()->flat,
			  .x = x,
			  .b = b,
			  .images = n,
			  .cin = cin,
			  .cout = cout,
			  .gate = gate,
			  .y = y };

	(void)q;
	f.w = (float *)(uintptr_t)w; /* only read by fc_outputs */
	fl_par_for((size_t)cout, fc_grain(cin, n), fc_outputs, &f);
}

/* dw and db of outputs first .. last - 1. Images are added in their order
 * within one chunk, so the sum does not depend on threads. v holds the gradient
 * before the gate. */
static void fc_weight_rows(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;
	size_t cin = (size_t)f->cin, cout = (size_t)f->cout;

	(void)chunk;
	for (size_t o = first; o < last; o++) {
		f->db[o] = 0;
		memset(f->dw + o * cin, 0, cin * sizeof(float));
		for (size_t n = 0; n < (size_t)f->images; n++) {
			float d = f->v[n * cout + o];

			f->db[o] += d;
			f->k->axpy(d, f->x + n * cin, f->dw + o * cin, cin);
		}
	}
}

/* One image's dx = dpre w, rows of w one after another. */
static void fc_images(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;
	size_t cin = (size_t)f->cin, cout = (size_t)f->cout;

	(void)chunk;
	for (size_t n = first; n < last; n++) {
		memset(f->dx + n * cin, 0, cin * sizeof(float));
		for (size_t o = 0; o < cout; o++)
			f->k->axpy(f->v[n * cout + o], f->w + o * cin,
				   f->dx + n * cin, cin);
	}
}

void cpu_fc_backward(struct dev_queue *q, const float *x, const float *w,
		     const float *y, const float *dy, int n, int cin, int cout,
		     enum dev_gate gate, float *dx, float *dw, float *db,
		     float *scratch)
{
	struct flat f = { .k = cpu_kernel_set()->flat,
			  .x = x,
			  .v = scratch,
			  .images = n,
			  .cin = cin,
			  .cout = cout,
			  .dx = dx,
			  .dw = dw,
			  .db = db };

	(void)q;
	f.w = (float *)(uintptr_t)w; /* only read by fc_images */
	/* Before the two loops, which both read it. */
	for (int i = 0; i < n * cout; i++)
		scratch[i] = dy[i] * gate_slope(y[i], gate);
	fl_par_for((size_t)n, 1, fc_images, &f);
	fl_par_for((size_t)cout, fc_grain(cin, n), fc_weight_rows, &f);
}

/* Loops run over lines, the last of which may be short. */
static size_t lines(size_t n)
{
	return (n + LINE - 1) / LINE;
}

static size_t end_of(const struct flat *f, size_t last)
{
	return last * LINE < f->n ? last * LINE : f->n;
}

#define FLAT_GRAIN 1024 /* lines: 64 KiB */

static void momentum_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;
	size_t at = first * LINE;

	(void)chunk;
	f->k->momentum(f->w + at, f->v + at, f->g + at, end_of(f, last) - at,
		       f->p0, f->p1, f->p2);
}

void cpu_momentum(struct dev_queue *q, float *w, float *v, const float *g,
		  size_t n, float lr, float mu, float wd)
{
	struct flat f = { .k = cpu_kernel_set()->flat,
			  .w = w,
			  .v = v,
			  .g = g,
			  .n = n,
			  .p0 = lr,
			  .p1 = mu,
			  .p2 = wd };

	(void)q;
	fl_par_for(lines(n), FLAT_GRAIN, momentum_range, &f);
}

static void ema_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;
	size_t at = first * LINE;

	(void)chunk;
	f->k->ema(f->v + at, f->g + at, end_of(f, last) - at, f->p0, f->p1);
}

void cpu_ema(struct dev_queue *q, float *e, const float *w, size_t n,
	     double decay)
{
	struct flat f = { .k = cpu_kernel_set()->flat,
			  .v = e,
			  .g = w,
			  .n = n,
			  .p0 = (float)decay,
			  /* Both rounded from double, as op.h says: 1 -
			   * (float)decay would be another number. */
			  .p1 = (float)(1 - decay) };

	(void)q;
	fl_par_for(lines(n), FLAT_GRAIN, ema_range, &f);
}

/* Sums of the chunks, added in their order. */
static double partial[FL_PAR_MAX_CHUNKS]; /* one compute thread calls */

static void squares_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;
	size_t at = first * LINE;

	partial[chunk] = f->k->sum_squares(f->g + at, end_of(f, last) - at);
}

void cpu_sum_squares(struct dev_queue *q, const float *x, size_t n, double *sum)
{
	struct flat f = { .k = cpu_kernel_set()->flat, .g = x, .n = n };
	int chunks = fl_par_chunks(lines(n), FLAT_GRAIN);

	(void)q;
	fl_par_for(lines(n), FLAT_GRAIN, squares_range, &f);
	*sum = 0;
	for (int c = 0; c < chunks; c++)
		*sum += partial[c];
}

/* Elements of a chunk: large enough to pay for claiming it. */
#define VARIFOCAL_GRAIN ((size_t)16384)

static void varifocal_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct flat *f = ctx;

	partial[chunk] = f->k->varifocal(f->x + first, last - first, f->p0,
					 f->dx + first);
}

void cpu_varifocal(struct dev_queue *q, const float *z, size_t n, float factor,
		   float *dz, double *sum)
{
	struct flat f = {
		.k = cpu_kernel_set()->flat, .x = z, .p0 = factor, .dx = dz
	};
	int chunks = fl_par_chunks(n, VARIFOCAL_GRAIN);

	(void)q;
	fl_par_for(n, VARIFOCAL_GRAIN, varifocal_range, &f);
	*sum = 0;
	for (int c = 0; c < chunks; c++)
		*sum += partial[c];
}
