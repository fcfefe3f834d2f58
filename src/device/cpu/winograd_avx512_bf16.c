/* Winograd's loops for AVX-512 with maps in BF16, where AVX512_BF16 rounds them; flags in
 * Makefile.flags. Taps are rounded before their transform, as all that is
 * multiplied is; what comes after is float. */
#ifdef __x86_64__
#define KERNELS winograd_avx512_bf16
#define MAP_BF16
#include "device/cpu/winograd_avx512.inc.h"

#include <stdint.h>

typedef uint16_t map_value;

static inline vec widened(__m256i v)
{
	return _mm512_castsi512_ps(
		_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}

#define SOME(n) ((__mmask16)((1u << (n)) - 1))
#define load_map(p) widened(_mm256_loadu_si256((const __m256i *)(p)))
#define load_some_map(p, n) widened(_mm256_maskz_loadu_epi16(SOME(n), p))
#define store_map(p, v) \
	_mm256_storeu_si256((__m256i *)(p), (__m256i)_mm512_cvtneps_pbh(v))
#define store_some_map(p, v, n) \
	_mm256_mask_storeu_epi16(p, SOME(n), (__m256i)_mm512_cvtneps_pbh(v))
#define tap_value(v) widened((__m256i)_mm512_cvtneps_pbh(v))

#include "device/cpu/winograd.inc.h"
#endif
