/* The shortest decimal that reads back as the same double, as Python's repr.
 * Scores and pixels, 1e-4 to 1e14, are scaled by a power of ten in 128 bits and
 * tried at 15 to 17 digits, which is exact and some ten times as fast as
 * printing and reading back; files of detections are hundreds of thousands of
 * such numbers. All else goes by printf, 15 to 17 digits, until it reads back. */
#include "text/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* 5^k fits 64 bits. */
#define MAX_POWER 27

/* value * 10^k as an exact fraction: top / 2^shift. */
struct scaled {
	uint128 top;
	uint64_t five; /* 5^k */
	int shift;
	bool even, power; /* of the mantissa: even; 2^52, closer below */
};

/* False where the numbers do not fit, which is far from pixels and scores. */
/* frexp gives a half to one, so 53 bits more make the mantissa a whole number.
 * value * 10^k is mantissa * 5^k times a power of two: 53 and 63 bits, so that
 * reads_back() may double twice within 128. */
static bool scale(double value, int k, struct scaled *s)
{
	int exponent;
	uint64_t mantissa = (uint64_t)ldexp(frexp(value, &exponent), 53);

	if (k < 0 || k > MAX_POWER)
		return false;
	s->five = 1;
	for (int i = 0; i < k; i++)
		s->five *= 5;
	s->top = (uint128)mantissa * s->five;
	s->shift = -(exponent - 53 + k);
	s->even = mantissa % 2 == 0;
	s->power = mantissa == (uint64_t)1 << 52;
	return s->shift >= 1 && s->shift <= 100;
}

/* Nearest integer, ties to even as printf rounds. */
static uint64_t nearest(const struct scaled *s)
{
	uint128 half = (uint128)1 << (s->shift - 1);
	uint128 rest = s->top & (half * 2 - 1);
	uint64_t n = (uint64_t)(s->top >> s->shift);

	return n + (rest > half || (rest == half && n % 2));
}

/* Does n / 10^k read back as the value? It does within half the distance to
 * the neighbours, which is 5^k / 2 in units of 1 / 2^shift. */
static bool reads_back(const struct scaled *s, uint64_t n)
{
	uint128 at = (uint128)n << s->shift;
	bool below = at < s->top;
	uint128 off = below ? s->top - at : at - s->top;

	/* Below a power of two the neighbours are half as far. Ties
	 * read back to the even mantissa. */
	off *= below && s->power ? 4 : 2;
	return off < s->five || (off == s->five && s->even);
}

/* 17 digits tell all doubles apart, 15 never add noise
 * to a number that was typed. */
static size_t by_printf(double value, char *text)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, NUMBER_ROOM, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	if (!strpbrk(text, ".e"))
		strcat(text, ".0");
	return strlen(text);
}

/* n / 10^k without zeros at the end, at least one digit behind the point. */
static size_t write_decimal(uint64_t n, int k, char *text)
{
	char digits[24];
	int count = 0, len = 0;

	while (k > 1 && n % 10 == 0) {
		n /= 10;
		k--;
	}
	for (; n > 0 || count <= k; n /= 10)
		digits[count++] = (char)('0' + n % 10);
	while (count > 0) {
		text[len++] = digits[--count];
		if (count == k)
			text[len++] = '.';
	}
	text[len] = '\0';
	return (size_t)len;
}

size_t number_print(double value, char text[NUMBER_ROOM])
{
	struct scaled s;
	int k = 15, sign = 0;

	if (!isfinite(value))
		return (size_t)snprintf(text, NUMBER_ROOM, "%s",
					isnan(value) ? "NaN"
					: value < 0  ? "-Infinity"
						     : "Infinity");
	if (signbit(value)) {
		*text = '-';
		sign = 1;
		value = -value;
	}
	/* Below 1e-4 an exponent is written; above, digits get too many. */
	if (value >= 1e-4 && value < 1e14) {
		/* k so that n has 15 digits: 10^14 <= value * 10^k < 10^15. */
		for (double p = 1; p <= value; p *= 10)
			k--;
		for (double p = 0.1; p > value; p /= 10)
			k++;
		for (int more = 0; more < 3 && scale(value, k + more, &s);
		     more++) {
			uint64_t n = nearest(&s);

			if (reads_back(&s, n))
				return (size_t)sign +
				       write_decimal(n, k + more, text + sign);
		}
	}
	return (size_t)sign + by_printf(value, text + sign);
}
