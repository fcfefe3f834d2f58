/* rng.h - randomness as a function, never as a state that threads share.
 *
 * A stream is named by (seed, purpose, a, b), for example (seed, FL_RNG_CROP,
 * epoch, image index); its k-th draw is a hash of that name and k. So a draw
 * does not depend on threads, ranks or workers, and a resumed run continues
 * with the same numbers. The hash is SplitMix64's finaliser (Steele, Lea,
 * Flood: Fast splittable pseudorandom number generators, 2014).
 */
#ifndef FL_BASE_RNG_H
#define FL_BASE_RNG_H

#include <stdint.h>

enum fl_rng_purpose {
	FL_RNG_INIT = 1, /* a: index of the parameter */
	FL_RNG_SHUFFLE,	 /* a: epoch */
	FL_RNG_RESIZE,	 /* a: epoch, b: step (size and interpolation) */
	FL_RNG_AUGMENT,	 /* a: epoch, b: index of the image */
	FL_RNG_SYNTH,	 /* a: index of the image */
	FL_RNG_TEST,
};

struct fl_rng {
	uint64_t key, count;
};

struct fl_rng fl_rng_open(uint64_t seed, enum fl_rng_purpose purpose,
			  uint64_t a, uint64_t b);
/* All 64 bits, which the others are made of; tests call it too. */
uint64_t fl_rng_u64(struct fl_rng *rng);
/* [0, 1), 53 bits. */
double fl_rng_unit(struct fl_rng *rng);
/* [lo, hi) */
double fl_rng_range(struct fl_rng *rng, double lo, double hi);
/* 0 .. n-1, exactly uniform; n > 0 */
uint64_t fl_rng_below(struct fl_rng *rng, uint64_t n);
/* Standard normal (Box-Muller, one value for two uniforms). */
double fl_rng_normal(struct fl_rng *rng);

#endif
