/* Operations that memory bounds: every one is a pass over pixels, cut into
 * chunks that threads claim; what they sum is added in order of the chunks. The
 * loops themselves are compiled once for each instruction set and type of map
 * (kernels.inc.h); here stands only how they are shared out. Plans call these
 * through the table of cpu.c, on the compute thread, one at a time. */
#include "device/cpu/pass.h"

#include "base/par.h"
#include "device/cpu/kernels.h"

#include <string.h>

/* Elements that a chunk has at least, 64 KiB of floats: fewer do not pay for
 * claiming it. */
#define CHUNK_ELEMENTS ((size_t)16384)

/* Sums of every chunk, added in order of the chunk afterwards, so that the
 * result does not depend on who computed which. One compute thread calls the
 * operations (base/par.h), so one such buffer serves the process. */
static double partial[FL_PAR_MAX_CHUNKS][3 * CPU_MAX_CHANNELS];

/* What one call hands to its chunks. The fields are those of every operation
 * together; each fills in its own, under the names that the kernels give
 * them. */
struct pass {
	const struct cpu_kernels *k;
	const struct dev_branch *branches;
	int count;
	enum dev_act act;
	const struct tensor *x, *y, *out;
	const float *a, *b, *d, *mean, *vector;
	float factor;
	bool acc;
	size_t width;  /* sums of a chunk */
	size_t offset; /* first pixel of the image in work */
	int kernel;
	uint8_t *arg;
	const uint8_t *won;
};

/* Pixels of a chunk; + 1 keeps it from being none where a pixel has more
 * channels than a chunk has elements. */
static size_t grain(int channels)
{
	return CHUNK_ELEMENTS / (size_t)channels + 1;
}

/* A pass over maps of t's type. */
static struct pass pass_over(const struct tensor *t)
{
	return (struct pass){ .k = cpu_kernels(t->type) };
}

/* per_chunk: the least items of a chunk (base/par.h). */
static void run(struct pass *p, size_t n, size_t per_chunk, fl_par_fn *fn)
{
	fl_par_for(n, per_chunk, fn, p);
}

/* A reduction over pixels: fn adds its sums to partial[chunk]. Chunks depend on
 * n alone and are added in their order, so sums have the same bits for any
 * number of threads. Only the first p->width places of a chunk are cleared and
 * used. */
static void reduce(struct pass *p, size_t n, size_t per_chunk, fl_par_fn *fn,
		   double *sums)
{
	int chunks = fl_par_chunks(n, per_chunk);

	for (int c = 0; c < chunks; c++)
		memset(partial[c], 0, p->width * sizeof(double));
	fl_par_for(n, per_chunk, fn, p);
	memset(sums, 0, p->width * sizeof(*sums));
	for (int c = 0; c < chunks; c++)
		for (size_t i = 0; i < p->width; i++)
			sums[i] += partial[c][i];
}

static void stats_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	p->k->stats(p->x, first, last, partial[chunk]);
}

void cpu_norm_stats(struct dev_queue *q, const struct tensor *z, double *sums)
{
	struct pass p = pass_over(z);

	(void)q;
	/* A family refuses wider layers with a sentence (ppyoloe/model.c), so
	 * this is an error of ours. */
	FL_ASSERT(z->c <= CPU_MAX_CHANNELS);
	p.x = z;
	/* [2][C]: of z and of z^2 */
	p.width = 2 * (size_t)z->c;
	reduce(&p, tensor_pixels(z), grain(z->c), stats_range, sums);
}

static void norm_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->norm(p->branches, p->count, p->act, p->x, p->y, first, last);
}

void cpu_norm_forward(struct dev_queue *q, const struct dev_branch *branches,
		      int count, enum dev_act act,
		      const struct tensor *residual, const struct tensor *y)
{
	struct pass p = pass_over(y);

	(void)q;
	p.branches = branches;
	p.count = count;
	p.act = act;
	p.x = residual;
	p.y = y;
	run(&p, tensor_pixels(y), grain(y->c), norm_range);
}

static void sums_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	p->k->norm_sums(p->branches, p->count, p->act, p->x, p->y, first, last,
			partial[chunk]);
}

void cpu_norm_backward_sums(struct dev_queue *q,
			    const struct dev_branch *branches, int count,
			    enum dev_act act, const struct tensor *dy,
			    const struct tensor *g, double *sums)
{
	struct pass p = pass_over(dy);

	(void)q;
	p.branches = branches;
	p.count = count;
	p.act = act;
	p.x = dy;
	p.y = g;
	/* [1 + branches][C]: of g, and of g (z - mean) for each branch */
	p.width = (1 + (size_t)count) * (size_t)dy->c;
	reduce(&p, tensor_pixels(dy), grain(dy->c), sums_range, sums);
}

static void apply_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->norm_apply(p->x, p->y, p->mean, p->a, p->b, p->d, p->out, first,
			 last);
}

void cpu_norm_backward_apply(struct dev_queue *q, const struct tensor *g,
			     const struct tensor *z, const float *mean,
			     const float *a, const float *b, const float *d,
			     const struct tensor *dz)
{
	struct pass p = pass_over(g);

	(void)q;
	p.x = g;
	p.y = z;
	p.out = dz;
	p.mean = mean;
	p.a = a;
	p.b = b;
	p.d = d;
	run(&p, tensor_pixels(g), grain(g->c), apply_range);
}

/* Pixels of one image, which is what gates and means work on. */
static size_t area(const struct tensor *t)
{
	return (size_t)t->h * (size_t)t->w;
}

static void sum_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	p->k->sum(p->x, p->offset + first, p->offset + last, partial[chunk]);
}

void cpu_gap_forward(struct dev_queue *q, const struct tensor *x, float *y)
{
	struct pass p = pass_over(x);
	double sums[CPU_MAX_CHANNELS];

	(void)q;
	p.x = x;
	p.width = (size_t)x->c;
	for (int n = 0; n < x->n; n++) {
		p.offset = (size_t)n * area(x);
		reduce(&p, area(x), grain(x->c), sum_range, sums);
		for (int c = 0; c < x->c; c++)
			y[n * x->c + c] = (float)(sums[c] / (double)area(x));
	}
}

static void add_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->add_vector(p->vector, p->factor, p->y, p->acc, p->offset + first,
			 p->offset + last);
}

void cpu_gap_backward(struct dev_queue *q, const float *dy,
		      const struct tensor *dx, bool acc)
{
	struct pass p = pass_over(dx);

	(void)q;
	p.y = dx;
	p.acc = acc;
	p.factor = 1 / (float)area(dx);
	for (int n = 0; n < dx->n; n++) {
		p.vector = dy + n * dx->c;
		p.offset = (size_t)n * area(dx);
		run(&p, area(dx), grain(dx->c), add_range);
	}
}

static void mul_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->mul(p->x, p->vector, p->y, p->acc, p->offset + first,
		  p->offset + last);
}

/* y (+)= x gate, an image at a time because each has a gate of its own; forward
 * and the gradient by x are the same loop. */
static void multiply(const struct tensor *x, const float *gate,
		     const struct tensor *y, bool acc)
{
	struct pass p = pass_over(x);

	p.x = x;
	p.y = y;
	p.acc = acc;
	for (int n = 0; n < x->n; n++) {
		p.vector = gate + n * x->c;
		p.offset = (size_t)n * area(x);
		run(&p, area(x), grain(x->c), mul_range);
	}
}

void cpu_scale_forward(struct dev_queue *q, const struct tensor *x,
		       const float *gate, const struct tensor *y)
{
	(void)q;
	multiply(x, gate, y, false);
}

static void product_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	p->k->product_sum(p->x, p->y, p->offset + first, p->offset + last,
			  partial[chunk]);
}

void cpu_scale_backward(struct dev_queue *q, const struct tensor *x,
			const float *gate, const struct tensor *dy,
			const struct tensor *dx, bool acc, float *dgate)
{
	struct pass p = pass_over(x);
	double sums[CPU_MAX_CHANNELS];

	(void)q;
	p.x = x;
	p.y = dy;
	p.width = (size_t)x->c;
	for (int n = 0; n < x->n; n++) {
		p.offset = (size_t)n * area(x);
		reduce(&p, area(x), grain(x->c), product_range, sums);
		for (int c = 0; c < x->c; c++)
			dgate[n * x->c + c] = (float)sums[c];
	}
	/* Two passes: dgate is a sum and dx a map, and dx may be added to. */
	multiply(dy, gate, dx, acc);
}

static void maxpool_rows(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	for (size_t r = first; r < last; r++)
		p->k->maxpool_row(p->x, p->kernel, p->y, p->arg,
				  (int)r / p->x->h, (int)r % p->x->h);
}

void cpu_maxpool_forward(struct dev_queue *q, const struct tensor *x, int k,
			 const struct tensor *y, uint8_t *arg)
{
	struct pass p = pass_over(x);

	(void)q;
	p.x = x;
	p.y = y;
	p.kernel = k;
	p.arg = arg;
	run(&p, (size_t)x->n * (size_t)x->h, 1, maxpool_rows);
}

/* By images, not by rows: windows of different rows give to the same pixel, and
 * their order is part of the definition. */
static void maxpool_images(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	for (size_t n = first; n < last; n++)
		p->k->maxpool_back(p->x, p->won, p->kernel, p->y, (int)n);
}

void cpu_maxpool_backward(struct dev_queue *q, const struct tensor *dy,
			  const uint8_t *arg, int k, const struct tensor *dx)
{
	struct pass p = pass_over(dy);

	(void)q;
	p.x = dy;
	p.y = dx;
	p.won = arg;
	p.kernel = k;
	run(&p, (size_t)dy->n, 1, maxpool_images);
}

/* Rows of the source of an upsampling, forward: each pixel is copied to four.
 * Bytes are moved as they are, so one text serves both types of maps; y may be
 * a slice of a concat, hence its own step. */
static void upsample_rows(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;
	size_t w = (size_t)p->x->w, unit = dtype_bytes(p->x->type);
	size_t bytes = (size_t)p->x->c * unit;
	size_t step = (size_t)p->y->ld * unit; /* to the next pixel */
	const char *from = p->x->data;
	char *to = p->y->data;

	(void)chunk;
	for (size_t r = first; r < last; r++) {
		for (size_t x = 0; x < w; x++) {
			const char *v =
				from + (r * w + x) * (size_t)p->x->ld * unit;
			char *top = to + (2 * r * 2 * w + 2 * x) * step;
			char *low = top + 2 * w * step;

			memcpy(top, v, bytes);
			memcpy(top + step, v, bytes);
			memcpy(low, v, bytes);
			memcpy(low + step, v, bytes);
		}
	}
}

void cpu_upsample_forward(struct dev_queue *q, const struct tensor *x,
			  const struct tensor *y)
{
	struct pass p = pass_over(x);

	(void)q;
	p.x = x;
	p.y = y;
	run(&p, (size_t)x->n * (size_t)x->h, 4, upsample_rows);
}

/* Backward by rows of the small map: each of its pixels gathers its four, so no
 * two threads write one place. */
static void upsample_back_rows(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	for (size_t r = first; r < last; r++)
		p->k->upsample_row(p->x, p->y, p->acc, (int)r / p->y->h,
				   (int)r % p->y->h);
}

void cpu_upsample_backward(struct dev_queue *q, const struct tensor *dy,
			   const struct tensor *dx, bool acc)
{
	struct pass p = pass_over(dy);

	(void)q;
	p.x = dy;
	p.y = dx;
	p.acc = acc;
	run(&p, (size_t)dx->n * (size_t)dx->h, 4, upsample_back_rows);
}

static void copy_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->copy(p->x, p->y, p->acc, first, last);
}

void cpu_copy(struct dev_queue *q, const struct tensor *src,
	      const struct tensor *dst, bool acc)
{
	struct pass p = pass_over(src);

	(void)q;
	p.x = src;
	p.y = dst;
	p.acc = acc;
	run(&p, tensor_pixels(src), grain(src->c), copy_range);
}

/* For conv.c: a map that is F32 where BF16 is multiplied. */
static void round_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->rounded(p->a, p->y, first, last);
}

void cpu_round(const float *x, const struct tensor *y)
{
	struct pass p = pass_over(y);

	p.a = x;
	p.y = y;
	run(&p, tensor_pixels(y), grain(y->c), round_range);
}

/* For conv.c: a convolution's sums in parts. */
static void parts_range(void *ctx, size_t first, size_t last, int chunk)
{
	struct pass *p = ctx;

	(void)chunk;
	p->k->add_parts(p->a, p->count, p->vector, p->y, p->acc, first, last);
}

void cpu_add_parts(const float *x, int parts, const float *bias,
		   const struct tensor *y, bool acc)
{
	struct pass p = pass_over(y);

	p.a = x;
	p.count = parts;
	p.vector = bias;
	p.y = y;
	p.acc = acc;
	run(&p, tensor_pixels(y), grain(y->c), parts_range);
}
