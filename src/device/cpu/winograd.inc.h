/* winograd.inc.h - the loops of winograd_kernels.h; included by winograd_<isa>.c,
 * which define KERNELS (the table), vec and its moves, VECTOR (floats) and ROWS
 * (of a product at once: ROWS x 3 sums stay in registers); for maps in BF16 also
 * map_value, their moves and what rounds a tap. Operators on vec
 * become fused multiply-adds (Makefile.flags). */

#include "device/cpu/winograd_kernels.h"

#define INLINE static inline __attribute__((always_inline))

#ifndef MAP_BF16
typedef float map_value;
#define load_map(p) load(p)
#define load_some_map(p, n) load_some(p, n)
#define store_map(p, v) store(p, v)
#define store_some_map(p, v, n) store_some(p, v, n)
#define tap_value(v) (v)
#endif

/* The points, and the powers that the transforms need. */
#define PA 0.625f
#define PB 1.5f

#define A1 set1(PA)
#define A2 set1(PA *PA)
#define A3 set1(PA *PA *PA)
#define B1 set1(PB)
#define B2 set1(PB *PB)
#define B3 set1(PB *PB *PB)
#define A2B2 set1(PA *PA *PB *PB)
#define A2_B2 set1(PA *PA + PB * PB)
/* Of G: 1 / (a^2 b^2), 1 / (2 a^2 (a^2 - b^2)) and the same of b. */
#define G0 (1 / (PA * PA * PB * PB))
#define GA (1 / (2 * PA * PA * (PA * PA - PB * PB)))
#define GB (1 / (2 * PB * PB * (PB * PB - PA * PA)))

/* Each takes its operands 'at' apart and leaves its results 'to' apart. */
INLINE void in_by_in(const vec *d, int at, vec *out, int to)
{
	vec d0 = d[0], d1 = d[at], d2 = d[2 * at], d3 = d[3 * at];
	vec d4 = d[4 * at], d5 = d[5 * at];
	vec even_a = d4 - B2 * d2, odd_a = A1 * (d3 - B2 * d1);
	vec even_b = d4 - A2 * d2, odd_b = B1 * (d3 - A2 * d1);

	out[0] = A2B2 * d0 - A2_B2 * d2 + d4;
	out[to] = even_a + odd_a;
	out[2 * to] = even_a - odd_a;
	out[3 * to] = even_b + odd_b;
	out[4 * to] = even_b - odd_b;
	out[5 * to] = A2B2 * d1 - A2_B2 * d3 + d5;
}

INLINE void out_by_in(const vec *m, int at, vec *out, int to)
{
	vec even_a = m[at] + m[2 * at], odd_a = m[at] - m[2 * at];
	vec even_b = m[3 * at] + m[4 * at], odd_b = m[3 * at] - m[4 * at];

	out[0] = m[0] + even_a + even_b;
	out[to] = A1 * odd_a + B1 * odd_b;
	out[2 * to] = A2 * even_a + B2 * even_b;
	out[3 * to] = A3 * odd_a + B3 * odd_b + m[5 * at];
}

INLINE void in_by_out(const vec *y, int at, vec *out, int to)
{
	vec y0 = y[0], y1 = y[at], y2 = y[2 * at], y3 = y[3 * at];
	vec even_a = y0 + A2 * y2, odd_a = A1 * (y1 + A2 * y3);
	vec even_b = y0 + B2 * y2, odd_b = B1 * (y1 + B2 * y3);

	out[0] = y0;
	out[to] = even_a + odd_a;
	out[2 * to] = even_a - odd_a;
	out[3 * to] = even_b + odd_b;
	out[4 * to] = even_b - odd_b;
	out[5 * to] = y3;
}

INLINE void in_by_tap(const vec *g, int at, vec *out, int to)
{
	vec even_a = set1(GA) * (g[0] + A2 * g[2 * at]);
	vec odd_a = set1(GA * PA) * g[at];
	vec even_b = set1(GB) * (g[0] + B2 * g[2 * at]);
	vec odd_b = set1(GB * PB) * g[at];

	out[0] = set1(G0) * g[0];
	out[to] = even_a + odd_a;
	out[2 * to] = even_a - odd_a;
	out[3 * to] = even_b + odd_b;
	out[4 * to] = even_b - odd_b;
	out[5 * to] = g[2 * at];
}

INLINE void tap_by_in(const vec *u, int at, vec *out, int to)
{
	vec even_a = set1(GA) * (u[at] + u[2 * at]);
	vec even_b = set1(GB) * (u[3 * at] + u[4 * at]);

	out[0] = set1(G0) * u[0] + even_a + even_b;
	out[to] = set1(GA * PA) * (u[at] - u[2 * at]) +
		  set1(GB * PB) * (u[3 * at] - u[4 * at]);
	out[2 * to] = A2 * even_a + B2 * even_b + u[5 * at];
}

static int at_most(int n, int most)
{
	return n < most ? n : most;
}

static void sources(const void *const p[36], int channels, float *out,
		    size_t step)
{
	for (int c = 0; c < channels; c += VECTOR) {
		int n = at_most(channels - c, VECTOR);
		vec d[36], t[36];

		if (n == VECTOR)
			for (int i = 0; i < 36; i++)
				d[i] = load_map((const map_value *)p[i] + c);
		else
			for (int i = 0; i < 36; i++)
				d[i] = load_some_map(
					(const map_value *)p[i] + c, n);
		for (int x = 0; x < 6; x++)
			in_by_in(d + x, 6, t + x, 6);
		for (int y = 0; y < 6; y++) {
			vec row[6];

			in_by_in(t + 6 * y, 1, row, 1);
			for (int x = 0; x < 6; x++)
				store(out + (size_t)(6 * y + x) * step + c,
				      row[x]);
		}
	}
}

static void gradients(const void *const p[16], int channels, float *out,
		      size_t step)
{
	for (int c = 0; c < channels; c += VECTOR) {
		int n = at_most(channels - c, VECTOR);
		vec d[16], t[24];

		for (int i = 0; i < 16; i++)
			d[i] = n == VECTOR
				       ? load_map((const map_value *)p[i] + c)
				       : load_some_map((const map_value *)p[i] +
							       c,
						       n);
		for (int x = 0; x < 4; x++)
			in_by_out(d + x, 4, t + x, 4);
		for (int y = 0; y < 6; y++) {
			vec row[6];

			in_by_out(t + 4 * y, 1, row, 1);
			for (int x = 0; x < 6; x++)
				store(out + (size_t)(6 * y + x) * step + c,
				      row[x]);
		}
	}
}

INLINE void put(map_value *to, vec v, int n, bool acc)
{
	if (acc)
		v += n == VECTOR ? load_map(to) : load_some_map(to, n);
	if (n == VECTOR)
		store_map(to, v);
	else
		store_some_map(to, v, n);
}

static void results(const float *m, size_t step, int channels,
		    const float *bias, bool acc, void *const p[16])
{
	for (int c = 0; c < channels; c += VECTOR) {
		int n = at_most(channels - c, VECTOR);
		vec d[6], t[24], b = bias ? load_some(bias + c, n) : set1(0);

		for (int x = 0; x < 6; x++) {
			for (int y = 0; y < 6; y++)
				d[y] = load(m + (size_t)(6 * y + x) * step + c);
			out_by_in(d, 1, t + x, 6);
		}
		for (int y = 0; y < 4; y++) {
			vec row[4];

			out_by_in(t + 6 * y, 1, row, 1);
			for (int x = 0; x < 4; x++)
				put((map_value *)p[4 * y + x] + c, row[x] + b,
				    n, acc);
		}
	}
}

/* Taps g[9] to places out_step apart. */
INLINE void spread_taps(const vec *g, float *out, size_t out_step)
{
	vec t[18];

	for (int x = 0; x < 3; x++)
		in_by_tap(g + x, 3, t + x, 3);
	for (int y = 0; y < 6; y++) {
		vec row[6];

		in_by_tap(t + 3 * y, 1, row, 1);
		for (int x = 0; x < 6; x++)
			store(out + (size_t)(6 * y + x) * out_step, row[x]);
	}
}

static void taps(const float *weights, int inputs, int outputs, int input,
		 float *out, size_t row, size_t step)
{
	int stride = 9 * inputs;
	vec g[9];

	for (int o = 0; o < outputs; o += VECTOR) {
		const float *w = weights + (size_t)o * (size_t)stride + input;
		int n = at_most(outputs - o, VECTOR);

		for (int t = 0; t < 9; t++)
			g[t] = tap_value(
				load_across(w + t * inputs, stride, n));
		spread_taps(g, out + (size_t)input * row + o, step);
	}
}

static void taps_flipped(const float *weights, int inputs, int output,
			 float *out, size_t row, size_t step)
{
	const float *w = weights + (size_t)output * 9 * inputs;

	for (int i = 0; i < inputs; i += VECTOR) {
		int n = at_most(inputs - i, VECTOR);
		vec g[9];

		for (int t = 0; t < 9; t++)
			g[t] = tap_value(
				load_some(w + (8 - t) * inputs + i, n));
		spread_taps(g, out + (size_t)output * row + i, step);
	}
}

static void tap_gradients(const float *u, size_t u_row, size_t step, int inputs,
			  int output, float *dw)
{
	const float *from = u + (size_t)output * u_row;
	float *to = dw + (size_t)output * 9 * inputs;

	for (int i = 0; i < inputs; i += VECTOR) {
		int n = at_most(inputs - i, VECTOR);
		vec d[6], t[18];

		for (int x = 0; x < 6; x++) {
			for (int y = 0; y < 6; y++)
				d[y] = load(from + (size_t)(6 * y + x) * step +
					    i);
			tap_by_in(d, 1, t + x, 6);
		}
		for (int y = 0; y < 3; y++) {
			vec row[3];

			tap_by_in(t + 6 * y, 1, row, 1);
			for (int x = 0; x < 3; x++)
				if (n == VECTOR)
					store(to + (3 * y + x) * inputs + i,
					      row[x]);
				else
					store_some(to + (3 * y + x) * inputs +
							   i,
						   row[x], n);
		}
	}
}

/* ROWS rows by 'wide' vectors, a constant at every call, as is across. */
INLINE void block(const struct winograd_product *p, const float *a,
		  const float *b, float *c, int wide, bool across)
{
	size_t row = across ? 1 : p->a_row, next = across ? p->a_row : 1;
	vec sum[ROWS][3];

#pragma GCC unroll 8
	for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 3
		for (int j = 0; j < wide; j++)
			sum[r][j] = set1(0);
	for (int k = 0; k < p->terms; k++) {
		vec v[3];

#pragma GCC unroll 3
		for (int j = 0; j < wide; j++)
			v[j] = load(b + j * VECTOR);
#pragma GCC unroll 8
		for (int r = 0; r < ROWS; r++) {
			vec s = set1(a[(size_t)r * row]);

#pragma GCC unroll 3
			for (int j = 0; j < wide; j++)
				sum[r][j] += s * v[j];
		}
		a += next;
		b += p->b_row;
	}
#pragma GCC unroll 8
	for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 3
		for (int j = 0; j < wide; j++) {
			float *to = c + (size_t)r * p->c_row + j * VECTOR;

			if (p->add)
				sum[r][j] += load(to);
			store(to, sum[r][j]);
		}
}

INLINE void all_rows(const struct winograd_product *p, int column, int wide,
		     bool across)
{
	size_t row = across ? 1 : p->a_row;

	for (int r = 0; r < p->rows; r += ROWS)
		block(p, p->a + (size_t)r * row, p->b + column,
		      p->c + (size_t)r * p->c_row + column, wide, across);
}

/* Columns in threes; four that are left are twos. */
INLINE void all_columns(const struct winograd_product *p, bool across)
{
	int left = p->columns / VECTOR, column = 0;

	while (left > 0) {
		int wide = left == 4 || left == 2 ? 2 : left == 1 ? 1 : 3;

		if (wide == 3)
			all_rows(p, column, 3, across);
		else if (wide == 2)
			all_rows(p, column, 2, across);
		else
			all_rows(p, column, 1, across);
		column += wide * VECTOR;
		left -= wide;
	}
}

static void product(const struct winograd_product *p)
{
	all_columns(p, false);
}

static void product_across(const struct winograd_product *p)
{
	all_columns(p, true);
}

const struct winograd_kernels KERNELS = {
	.vector = VECTOR,
	.rows_at_once = ROWS,
	.pixel = sizeof(map_value),
	.sources = sources,
	.results = results,
	.gradients = gradients,
	.taps = taps,
	.taps_flipped = taps_flipped,
	.tap_gradients = tap_gradients,
	.product = product,
	.product_across = product_across,
};
