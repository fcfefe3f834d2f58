/* Winograd's convolution and its gradient by the source, which is the same with taps
 * flipped and channels changed over. Called by conv.c.
 *
 * The taps become a spectrum first. Where that is small, each thread then takes blocks
 * of tiles: their sources' spectrum, 36 products with the taps', and the results, all of
 * which stays in the thread's own cache; so a block is as large as fits there. Where the
 * taps' spectrum is large (many channels), tiles go in longer spans instead: sources by
 * all threads, then products, each thread with other taps, then results. Either way a
 * result is one sum over the channels in their order. */
#include "device/cpu/winograd_priv.h"

#include "base/par.h"
#include "device/cpu/kernels.h"

#include <stdatomic.h>
#include <string.h>

/* Of the spectra that one block works with: what a core's second-level cache holds
 * beside the taps that stream through it (1 to 2 MiB in what has AVX-512). */
#define BLOCK_BYTES ((size_t)768 << 10)
/* Results of more channels than these are made in panels. */
#define PANEL 96
/* Taps' spectra larger than this would come from memory for every block. */
#define OWN_TAPS_BYTES ((size_t)8 << 20)
/* Of the spectra of tiles that threads share, in the last-level cache. */
#define SPAN_BYTES ((size_t)8 << 20)

/* For maps of this type; NULL: there are none. */
static const struct winograd_kernels *loops_of(enum dtype type)
{
	const struct kernel_set *set = cpu_kernel_set();

	return type == DTYPE_BF16 ? set->winograd_bf16 : set->winograd;
}

/* Not with short_sums: they ask for less rounding than a direct convolution
 * has, and this has twice as much. Channels are bounded by arrays on the
 * stack. */
bool winograd_fits(const struct dev_conv_desc *d)
{
	return d->k == 3 && d->stride == 1 && d->x_type == d->y_type &&
	       loops_of(d->x_type) && !d->short_sums &&
	       d->cin <= DEV_MAX_CHANNELS && d->cout <= DEV_MAX_CHANNELS;
}

void winograd_init(struct winograd *w, const struct dev_conv_desc *d)
{
	w->d = *d;
	w->k = loops_of(d->x_type);
	w->workers = fl_par_threads();
}

/* Never written: what tiles read where they stick out of the map. */
float winograd_zeros[DEV_MAX_CHANNELS];

/* Tiles are counted row by row, image by image; each is 4 x 4 results, and the
 * last ones of a row or column stick out where the map is no multiple of 4. */
void winograd_pixels(const struct winograd *w, const struct tensor *map,
		     size_t t, int border, int size, void *outside, void **p)
{
	size_t wide = (size_t)((map->w + 3) / 4);
	size_t high = (size_t)((map->h + 3) / 4);
	int x = (int)(t % wide) * 4 - border;
	int y = (int)(t / wide % high) * 4 - border;
	size_t step = (size_t)map->ld * w->k->pixel;
	char *image = (char *)map->data +
		      t / wide / high * (size_t)map->h * (size_t)map->w * step;

	for (int i = 0; i < size * size; i++) {
		int py = y + i / size, px = x + i % size;
		bool inside = py >= 0 && py < map->h && px >= 0 && px < map->w;

		p[i] = inside ? image + ((size_t)py * (size_t)map->w +
					 (size_t)px) *
						step
			      : outside;
	}
}

/* One convolution by tiles: from 'inputs' channels to 'outputs'. */
struct winograd_job {
	const struct winograd *w;
	const struct tensor *from, *to;
	const float *weights, *bias;
	bool acc;
	float *taps, *scratch;
	size_t tiles, block; /* all; at once */
	int panel;	     /* channels of results at once */
	size_t in_row, panel_row, taps_row;
	size_t in_step, panel_step, taps_step;
	size_t first, count; /* of a span that threads share */
	int parts;	     /* products of one place */
	atomic_size_t next;  /* tile of the next block */
};

/* [36][inputs][outputs], whichever direction. */
static size_t taps_floats(const struct winograd *w, int inputs, int outputs)
{
	return WINOGRAD_PLACES *
	       winograd_step((size_t)inputs, winograd_row(w, outputs));
}

/* Whether tiles go in spans that threads share (the opening says when). */
static bool shared(const struct winograd *w, int inputs, int outputs)
{
	return taps_floats(w, inputs, outputs) * sizeof(float) > OWN_TAPS_BYTES;
}

static int panel_of(const struct winograd *w, int inputs, int outputs)
{
	int columns = winograd_columns(w, outputs);

	return columns < PANEL || shared(w, inputs, outputs) ? columns : PANEL;
}

/* As many tiles as the cache holds; of a thread's own, in equal blocks for all. */
static size_t block_of(const struct winograd *w, int inputs, int outputs)
{
	size_t rows = (size_t)w->k->rows_at_once, tiles = winograd_tiles(&w->d);
	size_t bytes = WINOGRAD_PLACES * sizeof(float) *
		       (winograd_row(w, inputs) +
			winograd_row(w, panel_of(w, inputs, outputs)));
	bool spans = shared(w, inputs, outputs);
	size_t most = (spans ? SPAN_BYTES : BLOCK_BYTES) / bytes / rows * rows;
	size_t each = spans ? 1 : (size_t)w->workers, blocks;

	/* One group of rows at least, though it does not fit. */
	most = most > 0 ? most : rows;
	blocks = (tiles + most - 1) / most;
	blocks = (blocks + each - 1) / each * each;
	return ((tiles + blocks - 1) / blocks + rows - 1) / rows * rows;
}

/* Spectra of a block's sources and results. */
static size_t scratch_floats(const struct winograd *w, int inputs, int outputs)
{
	size_t block = block_of(w, inputs, outputs);
	size_t panel = winograd_row(w, panel_of(w, inputs, outputs));

	return WINOGRAD_PLACES *
	       (winograd_step(block, winograd_row(w, inputs)) +
		winograd_step(block, panel));
}

static size_t job_bytes(const struct winograd *w, int inputs, int outputs)
{
	size_t each = shared(w, inputs, outputs) ? 1 : (size_t)w->workers;

	return sizeof(float) * (taps_floats(w, inputs, outputs) +
				each * scratch_floats(w, inputs, outputs));
}

size_t winograd_forward_bytes(const struct winograd *w)
{
	return job_bytes(w, w->d.cin, w->d.cout);
}

size_t winograd_data_bytes(const struct winograd *w)
{
	return job_bytes(w, w->d.cout, w->d.cin);
}

static void one_source(const struct winograd_job *j, size_t tile, float *out)
{
	void *p[36];

	winograd_pixels(j->w, j->from, tile, 1, WINOGRAD_IN, winograd_zeros, p);
	j->w->k->sources((const void *const *)p, j->from->c, out, j->in_step);
}

/* Products go over whole groups of rows: those that no tile has are zero. */
static int whole_rows(const struct winograd_job *j, size_t count, float *in)
{
	size_t rows = (size_t)j->w->k->rows_at_once;
	size_t whole = (count + rows - 1) / rows * rows;

	for (size_t i = 0; i < WINOGRAD_PLACES; i++)
		memset(in + i * j->in_step + count * j->in_row, 0,
		       (whole - count) * j->in_row * sizeof(float));
	return (int)whole;
}

/* Of one place: channels from 'from' on, to the same of out from 'to' on. */
static void one_product(const struct winograd_job *j, size_t place, int from,
			int to, int columns, int rows, const float *in,
			float *out)
{
	struct winograd_product p = {
		.a = in + place * j->in_step,
		.b = j->taps + place * j->taps_step + from,
		.c = out + place * j->panel_step + to,
		.a_row = j->in_row,
		.b_row = j->taps_row,
		.c_row = j->panel_row,
		.rows = rows,
		.columns = columns,
		.terms = j->from->c,
	};

	/* Sums run over the channels of the source in their order, all of them
	 * at once: that is what makes the bits a matter of the shape. */
	j->w->k->product(&p);
}

static void one_result(const struct winograd_job *j, const struct tensor *to,
		       const float *bias, size_t tile, const float *m)
{
	float nobody[DEV_MAX_CHANNELS]; /* beyond the border */
	void *p[16];

	winograd_pixels(j->w, to, tile, 0, WINOGRAD_OUT, nobody, p);
	j->w->k->results(m, j->panel_step, to->c, bias, j->acc, p);
}

/* --- blocks of each thread's own --- */

static void do_block(const struct winograd_job *j, size_t first, float *in,
		     float *out)
{
	size_t left = j->tiles - first;
	size_t count = left < j->block ? left : j->block;
	int rows = whole_rows(j, count, in);

	for (size_t t = 0; t < count; t++)
		one_source(j, first + t, in + t * j->in_row);
	for (int c = 0; c < j->to->c; c += j->panel) {
		int most = j->to->c - c;
		struct tensor to = tensor_slice(
			j->to, c, most < j->panel ? most : j->panel);

		for (size_t i = 0; i < WINOGRAD_PLACES; i++)
			one_product(j, i, c, 0, winograd_columns(j->w, to.c),
				    rows, in, out);
		for (size_t t = 0; t < count; t++)
			one_result(j, &to, j->bias ? j->bias + c : NULL,
				   first + t, out + t * j->panel_row);
	}
}

/* Each worker has a scratch of its own and takes blocks until there are no more. */
static void do_blocks(void *ctx, size_t first, size_t last, int chunk)
{
	struct winograd_job *j = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		float *in = j->scratch +
			    i * scratch_floats(j->w, j->from->c, j->to->c);
		float *out = in + WINOGRAD_PLACES * j->in_step;
		size_t at;

		/* Who is quicker takes more blocks. No block shares a result
		 * with another, so who does which changes nothing. */
		while ((at = atomic_fetch_add(&j->next, j->block)) < j->tiles)
			do_block(j, at, in, out);
	}
}

/* --- spans that threads share --- */

static void span_sources(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_job *j = ctx;

	(void)chunk;
	for (size_t t = first; t < last; t++)
		one_source(j, j->first + t, j->scratch + t * j->in_row);
}

static void span_products(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_job *j = ctx;
	size_t rows = (size_t)j->w->k->rows_at_once;
	size_t whole = (j->count + rows - 1) / rows * rows;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		int column = (int)(i % (size_t)j->parts) * PANEL;
		int left = winograd_columns(j->w, j->to->c) - column;

		one_product(j, i / (size_t)j->parts, column, column,
			    left < PANEL ? left : PANEL, (int)whole, j->scratch,
			    j->scratch + WINOGRAD_PLACES * j->in_step);
	}
}

static void span_results(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_job *j = ctx;
	const float *out = j->scratch + WINOGRAD_PLACES * j->in_step;

	(void)chunk;
	for (size_t t = first; t < last; t++)
		one_result(j, j->to, j->bias, j->first + t,
			   out + t * j->panel_row);
}

/* Three loops with all threads between two spans: each of them reads what all
 * threads of the one before have written. */
static void do_spans(struct winograd_job *j)
{
	for (; j->first < j->tiles; j->first += j->block) {
		size_t left = j->tiles - j->first;

		j->count = left < j->block ? left : j->block;
		/* Clears the rows behind the last tile, which an earlier span
		 * left filled. */
		whole_rows(j, j->count, j->scratch);
		fl_par_for(j->count, 1, span_sources, j);
		fl_par_for((size_t)(WINOGRAD_PLACES * j->parts), 1,
			   span_products, j);
		fl_par_for(j->count, 1, span_results, j);
	}
}

/* make_taps: a row for each channel of the source. */
static void run(struct winograd_job *j, fl_par_fn *make_taps, void *workspace)
{
	const struct winograd *w = j->w;
	int in = j->from->c, out = j->to->c;

	j->tiles = winograd_tiles(&w->d);
	j->block = block_of(w, in, out);
	j->panel = panel_of(w, in, out);
	j->parts = (out + PANEL - 1) / PANEL;
	j->in_row = winograd_row(w, in);
	j->panel_row = winograd_row(w, j->panel);
	j->taps_row = winograd_row(w, out);
	j->in_step = winograd_step(j->block, j->in_row);
	j->panel_step = winograd_step(j->block, j->panel_row);
	j->taps_step = winograd_step((size_t)in, j->taps_row);
	j->taps = workspace;
	j->scratch = j->taps + taps_floats(w, in, out);
	fl_par_for((size_t)in, 1, make_taps, j);
	if (shared(w, in, out))
		do_spans(j);
	else
		fl_par_for((size_t)w->workers, 1, do_blocks, j);
}

static void make_taps(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_job *j = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++)
		j->w->k->taps(j->weights, j->from->c, j->to->c, (int)i, j->taps,
			      j->taps_row, j->taps_step);
}

static void make_flipped(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_job *j = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++)
		j->w->k->taps_flipped(j->weights, j->to->c, (int)i, j->taps,
				      j->taps_row, j->taps_step);
}

void winograd_forward(const struct winograd *w, const struct tensor *x,
		      const float *weights, const float *bias,
		      const struct tensor *y, void *workspace)
{
	struct winograd_job j = {
		.w = w, .from = x, .to = y, .weights = weights, .bias = bias
	};

	run(&j, make_taps, workspace);
}

void winograd_data(const struct winograd *w, const struct tensor *dy,
		   const float *weights, const struct tensor *dx, bool acc,
		   void *workspace)
{
	struct winograd_job j = {
		.w = w, .from = dy, .to = dx, .weights = weights, .acc = acc
	};

	run(&j, make_flipped, workspace);
}
