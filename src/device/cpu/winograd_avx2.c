/* Winograd's loops for AVX2; flags in Makefile.flags. 4 x 3 sums, three vectors of b
 * and one of a are all 16 registers. */
#ifdef __x86_64__
#include <immintrin.h>

#define KERNELS winograd_avx2
#define VECTOR 8
#define ROWS 4

typedef __m256 vec;

static inline __m256i first(int n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n),
				  _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#define set1(x) _mm256_set1_ps(x)
#define load(p) _mm256_loadu_ps(p)
#define store(p, v) _mm256_storeu_ps(p, v)
#define load_some(p, n) _mm256_maskload_ps(p, first(n))
#define store_some(p, v, n) _mm256_maskstore_ps(p, first(n), v)

/* p[0], p[stride], ...: n of them */
static inline vec load_across(const float *p, int stride, int n)
{
	__m256i at =
		_mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
				   _mm256_set1_epi32(stride));

	return _mm256_mask_i32gather_ps(_mm256_setzero_ps(), p, at,
					_mm256_castsi256_ps(first(n)), 4);
}

#include "device/cpu/winograd.inc.h"
#endif
