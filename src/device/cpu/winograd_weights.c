/* The gradient of Winograd's convolution by its weights: spectra of sources and of
 * results' gradients, multiplied place by place and summed over all tiles, then
 * gathered to 3x3. Called by conv.c.
 *
 * Where the sums are small (few channels), each thread takes chunks of tiles and has
 * sums of its own in its own cache, if need be for a panel of outputs after another;
 * what chunks found is added in their order. Where they are large, tiles go in spans:
 * first their spectra, by all threads, then products, each of which belongs to one
 * thread with its sum. Either way a sum's order is a matter of the shape alone. */
#include "device/cpu/winograd_priv.h"

#include "base/par.h"
#include "device/cpu/pass.h"

#include <stdatomic.h>

/* Sums up to this are a thread's own: they fit into its second-level cache beside the
 * spectra of a span. */
#define OWN_SUMS_BYTES ((size_t)640 << 10)
#define OWN_SPAN_BYTES ((size_t)512 << 10)
/* For every panel the sources are transformed again. */
#define MOST_PANELS 4
/* Of the tiles, each with results of its own that have to be added up. */
#define CHUNKS_MOST 16
#define CHUNK_LEAST 32
/* Of a span's spectra that threads share, which stay in the last-level cache from one
 * half of the work to the other. */
#define SHARED_SPAN_BYTES ((size_t)8 << 20)
#define SPAN_LEAST 32
#define SPAN_MOST 512
/* Outputs of one product. */
#define PRODUCT_ROWS 32

/* Spectra of a span, and sums over tiles. */
struct spectra {
	float *in, *out, *sums;
};

struct winograd_weights_job {
	const struct winograd *w;
	const struct tensor *x, *dy;
	struct spectra shared;
	float *own;   /* spectra of each worker */
	float *found; /* gradients of each chunk */
	float *dw;
	size_t in_row, out_row;
	size_t in_step, out_step, sum_step;
	size_t tiles, span;  /* all; at once */
	size_t first, count; /* of a shared span */
	int rows;	     /* outputs at once, in whole vectors */
	int parts;	     /* products of one place */
	size_t chunks;
	atomic_size_t next;
};

/* Outputs whose sums are a thread's own, whole vectors; 0: they would be too few. */
static int panel_of(const struct winograd *w)
{
	size_t output =
		WINOGRAD_PLACES * winograd_row(w, w->d.cin) * sizeof(float);
	int v = w->k->vector, columns = winograd_columns(w, w->d.cout);
	int most = (int)(OWN_SUMS_BYTES / output) / v * v, panels, each;

	if (most == 0)
		return 0;
	panels = (columns + most - 1) / most;
	each = ((columns + panels - 1) / panels + v - 1) / v * v;
	return panels <= MOST_PANELS ? each : 0;
}

/* By tiles alone, not by threads: chunks settle the order of sums. */
static size_t chunks_of(const struct winograd *w)
{
	size_t chunks = winograd_tiles(&w->d) / CHUNK_LEAST;

	chunks = chunks > CHUNKS_MOST ? CHUNKS_MOST : chunks;
	return chunks > 0 ? chunks : 1;
}

/* Which of the two ways of the opening this shape goes. */
static bool own_sums(const struct winograd *w)
{
	return panel_of(w) > 0;
}

/* Outputs at once. */
static int rows_of(const struct winograd *w)
{
	return own_sums(w) ? panel_of(w) : winograd_columns(w, w->d.cout);
}

static size_t sum_floats(const struct winograd *w)
{
	return WINOGRAD_PLACES *
	       winograd_step((size_t)rows_of(w), winograd_row(w, w->d.cin));
}

static size_t dw_floats(const struct winograd *w)
{
	size_t n = (size_t)w->d.cout * 9 * (size_t)w->d.cin;

	return (n + 15) / 16 * 16;
}

/* Floats of one place of a tile, of both spectra. */
static size_t place_floats(const struct winograd *w)
{
	return winograd_row(w, w->d.cin) + winograd_row(w, rows_of(w));
}

static size_t span_of(const struct winograd *w)
{
	size_t bytes = WINOGRAD_PLACES * sizeof(float) * place_floats(w);
	size_t span =
		(own_sums(w) ? OWN_SPAN_BYTES : SHARED_SPAN_BYTES) / bytes;
	size_t tiles = winograd_tiles(&w->d);

	span = span < SPAN_LEAST ? SPAN_LEAST : span;
	span = span > SPAN_MOST ? SPAN_MOST : span;
	return span < tiles ? span : tiles;
}

/* Of one span's spectra and the sums. */
static size_t spectra_floats(const struct winograd *w)
{
	size_t span = span_of(w);

	return WINOGRAD_PLACES *
		       (winograd_step(span, winograd_row(w, w->d.cin)) +
			winograd_step(span, winograd_row(w, rows_of(w)))) +
	       sum_floats(w);
}

static struct spectra spectra_at(const struct winograd_weights_job *j,
				 float *at)
{
	float *out = at + WINOGRAD_PLACES * j->in_step;

	return (struct spectra){ at, out, out + WINOGRAD_PLACES * j->out_step };
}

size_t winograd_weights_bytes(const struct winograd *w)
{
	size_t floats = spectra_floats(w);

	if (own_sums(w))
		floats = floats * (size_t)w->workers +
			 chunks_of(w) * dw_floats(w);
	return floats * sizeof(float) + 2 * (size_t)w->d.cout * sizeof(double);
}

/* Tile 'tile' is number t of its span. */
static void transform(const struct winograd_weights_job *j,
		      const struct spectra *s, const struct tensor *dy,
		      size_t tile, size_t t)
{
	void *p[36];

	winograd_pixels(j->w, j->x, tile, 1, WINOGRAD_IN, winograd_zeros, p);
	j->w->k->sources((const void *const *)p, j->x->c, s->in + t * j->in_row,
			 j->in_step);
	winograd_pixels(j->w, dy, tile, 0, WINOGRAD_OUT, winograd_zeros, p);
	j->w->k->gradients((const void *const *)p, dy->c,
			   s->out + t * j->out_row, j->out_step);
}

/* Over the tiles of a span, for outputs from 'row' on. */
static void multiply(const struct winograd_weights_job *j,
		     const struct spectra *s, size_t place, int row, int rows,
		     size_t count, bool add)
{
	struct winograd_product p = {
		.a = s->out + place * j->out_step + row,
		.b = s->in + place * j->in_step,
		.c = s->sums + place * j->sum_step + (size_t)row * j->in_row,
		.a_row = j->out_row,
		.b_row = j->in_row,
		.c_row = j->in_row,
		.rows = rows,
		.columns = winograd_columns(j->w, j->x->c),
		.terms = (int)count,
		.add = add,
	};

	j->w->k->product_across(&p);
}

/* --- sums of each thread's own --- */

/* For the outputs that dy has; dw is theirs. */
static void do_panel(const struct winograd_weights_job *j,
		     const struct spectra *s, const struct tensor *dy,
		     size_t begin, size_t end, float *dw)
{
	for (size_t first = begin; first < end; first += j->span) {
		size_t count = end - first < j->span ? end - first : j->span;

		for (size_t t = 0; t < count; t++)
			transform(j, s, dy, first + t, t);
		for (size_t i = 0; i < WINOGRAD_PLACES; i++)
			multiply(j, s, i, 0, winograd_columns(j->w, dy->c),
				 count, first > begin);
	}
	for (int o = 0; o < dy->c; o++)
		j->w->k->tap_gradients(s->sums, j->in_row, j->sum_step, j->x->c,
				       o, dw);
}

static void do_chunk(const struct winograd_weights_job *j,
		     const struct spectra *s, size_t chunk)
{
	size_t begin = j->tiles * chunk / j->chunks;
	size_t end = j->tiles * (chunk + 1) / j->chunks;
	float *found = j->found + chunk * dw_floats(j->w);

	for (int c = 0; c < j->dy->c; c += j->rows) {
		int left = j->dy->c - c;
		struct tensor dy =
			tensor_slice(j->dy, c, left < j->rows ? left : j->rows);

		do_panel(j, s, &dy, begin, end,
			 found + (size_t)c * 9 * (size_t)j->x->c);
	}
}

static void do_chunks(void *ctx, size_t first, size_t last, int number)
{
	struct winograd_weights_job *j = ctx;
	size_t chunk;

	(void)number;
	for (size_t i = first; i < last; i++) {
		struct spectra s =
			spectra_at(j, j->own + i * spectra_floats(j->w));

		while ((chunk = atomic_fetch_add(&j->next, 1)) < j->chunks)
			do_chunk(j, &s, chunk);
	}
}

/* In order of the chunks. */
static void add_chunks(void *ctx, size_t first, size_t last, int number)
{
	const struct winograd_weights_job *j = ctx;

	(void)number;
	for (size_t c = 0; c < j->chunks; c++) {
		const float *found = j->found + c * dw_floats(j->w);

		for (size_t i = first; i < last; i++)
			j->dw[i] = c ? j->dw[i] + found[i] : found[i];
	}
}

/* --- shared sums --- */

static void transform_span(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_weights_job *j = ctx;

	(void)chunk;
	for (size_t t = first; t < last; t++)
		transform(j, &j->shared, j->dy, j->first + t, t);
}

static void multiply_span(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_weights_job *j = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		int row = (int)(i % (size_t)j->parts) * PRODUCT_ROWS;
		int left = j->rows - row;

		multiply(j, &j->shared, i / (size_t)j->parts, row,
			 left < PRODUCT_ROWS ? left : PRODUCT_ROWS, j->count,
			 j->first > 0);
	}
}

static void gather(void *ctx, size_t first, size_t last, int chunk)
{
	const struct winograd_weights_job *j = ctx;

	(void)chunk;
	for (size_t o = first; o < last; o++)
		j->w->k->tap_gradients(j->shared.sums, j->in_row, j->sum_step,
				       j->x->c, (int)o, j->dw);
}

static void do_spans(struct winograd_weights_job *j)
{
	for (; j->first < j->tiles; j->first += j->span) {
		size_t left = j->tiles - j->first;

		j->count = left < j->span ? left : j->span;
		fl_par_for(j->count, 1, transform_span, j);
		fl_par_for((size_t)(WINOGRAD_PLACES * j->parts), 1,
			   multiply_span, j);
	}
	fl_par_for((size_t)j->dy->c, 1, gather, j);
}

/* db is the sum of dy over pixels, the first row of norm_stats; sums:
 * [2][C]. */
static void sum_bias(const struct tensor *dy, float *db, double *sums)
{
	cpu_norm_stats(NULL, dy, sums);
	for (int i = 0; i < dy->c; i++)
		db[i] = (float)sums[i];
}

void winograd_weights(const struct winograd *w, const struct tensor *x,
		      const struct tensor *dy, float *dw, float *db,
		      void *workspace)
{
	struct winograd_weights_job j = { .w = w,
					  .x = x,
					  .dy = dy,
					  .dw = dw,
					  .in_row = winograd_row(w, x->c),
					  .out_row =
						  winograd_row(w, rows_of(w)),
					  .tiles = winograd_tiles(&w->d),
					  .span = span_of(w),
					  .rows = rows_of(w) };
	float *end = workspace;

	j.in_step = winograd_step(j.span, j.in_row);
	j.out_step = winograd_step(j.span, j.out_row);
	j.sum_step = winograd_step((size_t)j.rows, j.in_row);
	j.parts = (j.rows + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
	j.chunks = chunks_of(w);
	if (own_sums(w)) {
		j.own = workspace;
		j.found = j.own + (size_t)w->workers * spectra_floats(w);
		end = j.found + j.chunks * dw_floats(w);
		fl_par_for((size_t)w->workers, 1, do_chunks, &j);
		/* After all chunks: each thread adds other weights. */
		fl_par_for((size_t)(dy->c * 9 * x->c), 4096, add_chunks, &j);
	} else {
		j.shared = spectra_at(&j, workspace);
		/* The doubles of sum_bias lie behind whatever was used; floats
		 * are a multiple of 16. */
		end += spectra_floats(w);
		do_spans(&j);
	}
	if (db)
		sum_bias(dy, db, (double *)(void *)end);
}
