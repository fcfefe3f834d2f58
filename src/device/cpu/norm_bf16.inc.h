/* norm_bf16.inc.h - a normalisation's loops over maps in BF16, on vectors of AVX-512
 * with AVX512_BF16, whose one instruction rounds; a part of kernels.inc.h, with
 * the meanings of norm.inc.h.
 *
 * A compiler's loop runs over the channels of one pixel, reads the parameters
 * and adds to the sums in memory again at every pixel, and has only a few turns where
 * channels are few. Here 16 channels stay with a strip of pixels, parameters and
 * sums in registers; a strip is as long as its pixels stay in the nearest
 * cache while the other channels take their turn. */

#include <immintrin.h>

#define LANES 16
/* Pixels of a strip, whose sums are taken in float: more rounds more. */
#define STRIP_MOST 32
#define STRIP_LEAST 8
/* Values of one map in a strip: three maps of these are 24 KiB. */
#define STRIP_VALUES 4096

INLINE size_t strip_of(size_t channels)
{
	size_t n = STRIP_VALUES / channels;

	n = n < STRIP_MOST ? n : STRIP_MOST;
	return n > STRIP_LEAST ? n : STRIP_LEAST;
}

/* 16 channels from c on, or what is left of them. */
struct lanes {
	size_t c;
	__mmask16 some;
	bool all; /* a constant in every loop: plain stores are quicker */
};

INLINE struct lanes lanes_at(size_t c, size_t channels)
{
	size_t left = channels - c;

	return (struct lanes){ c,
			       left < LANES ? (__mmask16)((1u << left) - 1)
					    : (__mmask16)0xffff,
			       left >= LANES };
}

INLINE __m512 wide(__m256i v)
{
	return _mm512_castsi512_ps(
		_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}

INLINE __m512 get(const map_value *p, const struct lanes *l)
{
	return wide(l->all ? _mm256_loadu_si256((const __m256i *)p)
			   : _mm256_maskz_loadu_epi16(l->some, p));
}

INLINE void put(map_value *p, const struct lanes *l, __m512 v)
{
	__m256i narrow = (__m256i)_mm512_cvtneps_pbh(v);

	if (l->all)
		_mm256_storeu_si256((__m256i *)p, narrow);
	else
		_mm256_mask_storeu_epi16(p, l->some, narrow);
}

INLINE __m512 vector_of(const float *v, const struct lanes *l)
{
	return _mm512_maskz_loadu_ps(l->some, v + l->c);
}

/* 2^x with x / log2(e) for argument: a polynomial of degree 4 over half a power of two
 * on both sides, 3e-6 of the value, where BF16 keeps 4e-3. Beyond what float
 * holds it is 0 or infinity. */
INLINE __m512 exp_of(__m512 x)
{
	__m512 e = _mm512_set1_ps(1.44269504f), p, r;
	__m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, e),
					_MM_FROUND_TO_NEAREST_INT |
						_MM_FROUND_NO_EXC);

	r = _mm512_fmsub_ps(x, e, n);
	p = _mm512_set1_ps(9.570102015e-3f);
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.591786031e-2f));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.402474482e-1f));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.931218147e-1f));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.999992614e-1f));
	return _mm512_scalef_ps(p, n);
}

/* 1 + exp(-x) */
INLINE __m512 one_and_exp(__m512 x)
{
	return _mm512_add_ps(_mm512_set1_ps(1),
			     exp_of(_mm512_sub_ps(_mm512_setzero_ps(), x)));
}

/* sums += acc */
INLINE void flush_lanes(__m512 acc, double *sums, const struct lanes *l)
{
	__mmask8 low = (__mmask8)l->some, high = (__mmask8)(l->some >> 8);
	double *s = sums + l->c;

	_mm512_mask_storeu_pd(
		s, low,
		_mm512_add_pd(_mm512_maskz_loadu_pd(low, s),
			      _mm512_cvtps_pd(_mm512_castps512_ps256(acc))));
	_mm512_mask_storeu_pd(
		s + 8, high,
		_mm512_add_pd(_mm512_maskz_loadu_pd(high, s + 8),
			      _mm512_cvtps_pd(_mm512_extractf32x8_ps(acc, 1))));
}

/* Every strip of [first, last), and in it every 16 channels: 'body' with p, the strip's
 * first pixel, n of them, and l. */
#define FOR_STRIPS(channels, body)                                  \
	for (size_t p = first, n; p < last; p += n) {               \
		n = strip_of(channels);                             \
		n = n < last - p ? n : last - p;                    \
		for (size_t at = 0; at < (channels); at += LANES) { \
			struct lanes l = lanes_at(at, channels);    \
                                                                    \
			if (l.all) {                                \
				l.all = true;                       \
				body;                               \
			} else {                                    \
				l.all = false;                      \
				body;                               \
			}                                           \
		}                                                   \
	}

INLINE void stats_strip(const map_value *x, size_t ld, const map_value *pivot,
			const struct lanes *l, size_t n, double *sums,
			size_t channels)
{
	__m512 m = get(pivot + l->c, l), s = _mm512_setzero_ps(), q = s;

	x += l->c;
	for (size_t i = 0; i < n; i++, x += ld) {
		__m512 d = _mm512_sub_ps(get(x, l), m);

		s = _mm512_add_ps(s, d);
		q = _mm512_fmadd_ps(d, d, q);
	}
	flush_lanes(s, sums, l);
	flush_lanes(q, sums + channels, l);
}

static void stats(const struct tensor *z, size_t first, size_t last,
		  double *sums)
{
	const map_value *pivot = pixel(z, first);
	size_t c = (size_t)z->c, ld = (size_t)z->ld;

	FOR_STRIPS(c, stats_strip(pixel(z, p), ld, pivot, &l, n, sums, c));
	for (size_t i = 0; i < c; i++) {
		double m = (double)bf16_to_float(pivot[i]);

		sums[c + i] += m * (2 * sums[i] + (double)(last - first) * m);
		sums[i] += (double)(last - first) * m;
	}
}

/* One branch's part of 16 channels. */
struct affine {
	const map_value *z;
	size_t ld;
	__m512 scale, shift, mean;
};

INLINE struct affine affine_of(const struct dev_branch *b, size_t p,
			       const struct lanes *l)
{
	return (struct affine){ pixel(&b->z, p) + l->c, (size_t)b->z.ld,
				vector_of(b->scale, l), vector_of(b->shift, l),
				vector_of(b->mean, l) };
}

/* What it is without its mean; the next pixel's turn then. */
INLINE __m512 centred(struct affine *a, const struct lanes *l)
{
	__m512 z = _mm512_sub_ps(get(a->z, l), a->mean);

	a->z += a->ld;
	return z;
}

/* two, silu and r != NULL are constants at every call. */
INLINE void norm_strip(const struct dev_branch *b, bool two, bool silu,
		       const struct tensor *r, const struct tensor *y, size_t p,
		       const struct lanes *l, size_t n)
{
	struct affine f = affine_of(&b[0], p, l);
	struct affine g = two ? affine_of(&b[1], p, l) : f;
	const map_value *add = r ? pixel(r, p) + l->c : NULL;
	map_value *out = pixel_mut(y, p) + l->c;

	for (size_t i = 0; i < n; i++, out += y->ld) {
		__m512 s = _mm512_fmadd_ps(f.scale, centred(&f, l), f.shift);

		if (two)
			s = _mm512_add_ps(s, _mm512_fmadd_ps(g.scale,
							     centred(&g, l),
							     g.shift));
		if (silu)
			s = _mm512_div_ps(s, one_and_exp(s));
		if (r) {
			s = _mm512_add_ps(s, get(add, l));
			add += r->ld;
		}
		put(out, l, s);
	}
}

INLINE void norm_range(const struct dev_branch *b, bool two, bool silu,
		       const struct tensor *r, const struct tensor *y,
		       size_t first, size_t last)
{
	size_t c = (size_t)y->c;

	if (r)
		FOR_STRIPS(c, norm_strip(b, two, silu, r, y, p, &l, n))
	else
		FOR_STRIPS(c, norm_strip(b, two, silu, NULL, y, p, &l, n))
}

static void norm(const struct dev_branch *b, int count, enum dev_act act,
		 const struct tensor *residual, const struct tensor *y,
		 size_t first, size_t last)
{
	bool silu = act == DEV_ACT_SILU;

	if (count == 2 && silu)
		norm_range(b, true, true, residual, y, first, last);
	else if (count == 2)
		norm_range(b, true, false, residual, y, first, last);
	else if (silu)
		norm_range(b, false, true, residual, y, first, last);
	else
		norm_range(b, false, false, residual, y, first, last);
}

/* d (sigmoid(s) s)' */
INLINE __m512 silu_slope(__m512 d, __m512 s)
{
	__m512 one = _mm512_set1_ps(1);
	__m512 q = _mm512_div_ps(one, one_and_exp(s));

	return _mm512_mul_ps(_mm512_mul_ps(d, q),
			     _mm512_fmadd_ps(s, _mm512_sub_ps(one, q), one));
}

INLINE void sums_strip(const struct dev_branch *b, bool two, bool silu,
		       const struct tensor *dy, const struct tensor *g,
		       size_t p, const struct lanes *l, size_t n, double *sums)
{
	struct affine e = affine_of(&b[0], p, l);
	struct affine f = two ? affine_of(&b[1], p, l) : e;
	const map_value *from = pixel(dy, p) + l->c;
	map_value *to = pixel_mut(g, p) + l->c;
	__m512 acc = _mm512_setzero_ps(), acc1 = acc, acc2 = acc;
	size_t c = (size_t)dy->c;

	for (size_t i = 0; i < n; i++, from += dy->ld, to += g->ld) {
		__m512 d = get(from, l), x = centred(&e, l);
		__m512 y = two ? centred(&f, l) : x;

		if (silu) {
			__m512 s = _mm512_fmadd_ps(e.scale, x, e.shift);

			if (two)
				s = _mm512_add_ps(s, _mm512_fmadd_ps(f.scale, y,
								     f.shift));
			d = silu_slope(d, s);
		}
		put(to, l, d);
		acc = _mm512_add_ps(acc, d);
		acc1 = _mm512_fmadd_ps(d, x, acc1);
		if (two)
			acc2 = _mm512_fmadd_ps(d, y, acc2);
	}
	flush_lanes(acc, sums, l);
	flush_lanes(acc1, sums + c, l);
	if (two)
		flush_lanes(acc2, sums + 2 * c, l);
}

INLINE void sums_range(const struct dev_branch *b, bool two, bool silu,
		       const struct tensor *dy, const struct tensor *g,
		       size_t first, size_t last, double *sums)
{
	FOR_STRIPS((size_t)dy->c,
		   sums_strip(b, two, silu, dy, g, p, &l, n, sums))
}

static void norm_sums(const struct dev_branch *b, int count, enum dev_act act,
		      const struct tensor *dy, const struct tensor *g,
		      size_t first, size_t last, double *sums)
{
	bool silu = act == DEV_ACT_SILU;

	if (count == 2 && silu)
		sums_range(b, true, true, dy, g, first, last, sums);
	else if (count == 2)
		sums_range(b, true, false, dy, g, first, last, sums);
	else if (silu)
		sums_range(b, false, true, dy, g, first, last, sums);
	else
		sums_range(b, false, false, dy, g, first, last, sums);
}

INLINE void apply_strip(const struct tensor *g, const struct tensor *z,
			__m512 mean, __m512 a, __m512 b, __m512 d,
			const struct tensor *dz, size_t p,
			const struct lanes *l, size_t n)
{
	const map_value *x = pixel(g, p) + l->c, *y = pixel(z, p) + l->c;
	map_value *out = pixel_mut(dz, p) + l->c;

	for (size_t i = 0; i < n; i++) {
		__m512 s =
			_mm512_fmadd_ps(b, _mm512_sub_ps(get(y, l), mean), d);

		put(out, l, _mm512_fmadd_ps(a, get(x, l), s));
		x += g->ld;
		y += z->ld;
		out += dz->ld;
	}
}

static void norm_apply(const struct tensor *g, const struct tensor *z,
		       const float *mean, const float *a, const float *b,
		       const float *d, const struct tensor *dz, size_t first,
		       size_t last)
{
	FOR_STRIPS((size_t)g->c, apply_strip(g, z, vector_of(mean, &l),
					     vector_of(a, &l), vector_of(b, &l),
					     vector_of(d, &l), dz, p, &l, n))
}
