/* winograd_avx512.inc.h - vectors of AVX-512 for winograd.inc.h. 8 x 3 sums, three
 * vectors of b and one of a are 28 of 32 registers. */
#include <immintrin.h>

#define VECTOR 16
#define ROWS 8

typedef __m512 vec;
#define set1(x) _mm512_set1_ps(x)
#define load(p) _mm512_loadu_ps(p)
#define store(p, v) _mm512_storeu_ps(p, v)
#define load_some(p, n) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define store_some(p, v, n) \
	_mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), v)

/* p[0], p[stride], ...: n of them */
static inline vec load_across(const float *p, int stride, int n)
{
	__m512i at =
		_mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8,
						     9, 10, 11, 12, 13, 14, 15),
				   _mm512_set1_epi32(stride));

	return _mm512_mask_i32gather_ps(_mm512_setzero_ps(),
					(__mmask16)((1u << n) - 1), at, p, 4);
}
