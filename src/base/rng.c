/* Draws as a hash of their name and their number; no state is shared.
 * The constants are SplitMix64's: the golden ratio as increment and its
 * finaliser's two multipliers. fl_rng_open mixes each part of the name before
 * the next one comes in, so that (1, 2) and (2, 1) are unrelated streams. */
#include "base/rng.h"

#include <math.h>

#define GOLDEN 0x9E3779B97F4A7C15u

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

struct fl_rng fl_rng_open(uint64_t seed, enum fl_rng_purpose purpose,
			  uint64_t a, uint64_t b)
{
	/* mix(0) is 0: without the increment the seed 0
	 * would begin with an empty key. */
	uint64_t key = mix(seed + GOLDEN);

	key = mix(key ^ ((uint64_t)purpose * GOLDEN));
	key = mix(key ^ mix(a + GOLDEN));
	key = mix(key ^ mix(b + 2 * GOLDEN));
	return (struct fl_rng){ .key = key };
}

uint64_t fl_rng_u64(struct fl_rng *rng)
{
	return mix(rng->key + ++rng->count * GOLDEN);
}

double fl_rng_unit(struct fl_rng *rng)
{
	/* The upper 53 bits are as many as a double holds, so every value is as
	 * likely as its neighbour and 1 is never reached. */
	return (double)(fl_rng_u64(rng) >> 11) * 0x1p-53;
}

double fl_rng_range(struct fl_rng *rng, double lo, double hi)
{
	return lo + (hi - lo) * fl_rng_unit(rng);
}

uint64_t fl_rng_below(struct fl_rng *rng, uint64_t n)
{
	uint64_t reject = (0 - n) % n; /* 2^64 mod n values are too many */
	uint64_t v;

	do {
		v = fl_rng_u64(rng);
	} while (v < reject);
	return v % n;
}

double fl_rng_normal(struct fl_rng *rng)
{
	double u = 1.0 - fl_rng_unit(rng); /* (0, 1], so the log is finite */
	double v = fl_rng_unit(rng);

	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
