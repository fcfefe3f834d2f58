/* Random damage to small pictures of every kind (tests/golden/pictures.bin):
 * decoding ends with pixels of the size that the header says or with a
 * sentence, never with a crash. The sequence is the same in every run. */
#include "base/file.h"
#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 150 /* of each picture */

static uint64_t random_state = 0x2545f4914f6cdd1du;

static size_t draw(size_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state >> 11) % below;
}

/* Sizes and offsets are what readers trust: extremes are put in their place. */
static void damage(unsigned char *b, size_t *size)
{
	static const unsigned char extremes[] = { 0, 1, 0x7F, 0x80, 0xFF };
	int times = 1 + (int)draw(4);

	while (times-- > 0 && *size > 8) {
		size_t at = draw(draw(2) ? *size : *size < 64 ? *size : 64);
		size_t n = 1 + draw(4);

		if (n > *size - at)
			n = *size - at;
		switch (draw(5)) {
		case 0:
			b[at] ^= (unsigned char)(1u << draw(8));
			break;
		case 1:
			b[at] = (unsigned char)draw(256);
			break;
		case 2:
			memset(b + at, extremes[draw(5)], n);
			break;
		case 3:
			memmove(b + at, b + at + n, *size - at - n);
			*size -= n;
			break;
		case 4:
			if (draw(6) == 0)
				*size = at;
			break;
		}
	}
}

/* Larger pictures than this are left: allocating them is slow, not wrong. */
#define MOST_PIXELS 4000000

static bool decodes(const unsigned char *bytes, size_t size)
{
	struct image_info info;
	struct image im = { 0 };
	struct fl_err err = FL_ERR_INIT;
	bool good;

	if (image_probe(bytes, size, &info, &err) != 0) {
		assert_int_equal(err.code, FL_EDATA);
		assert_true(*err.text != '\0');
		return false;
	}
	if ((long)info.w * info.h > MOST_PIXELS)
		return false;
	good = image_decode(bytes, size, &im, &err) == 0;
	if (good) {
		assert_int_equal(im.w, info.w);
		assert_int_equal(im.h, info.h);
	} else {
		assert_int_equal(err.code, FL_EDATA);
		assert_true(*err.text != '\0');
	}
	image_release(&im);
	return good;
}

static void fuzz_one(const unsigned char *bytes, size_t size, long *good,
		     long *bad)
{
	for (int round = 0; round < ROUNDS; round++) {
		unsigned char *copy = malloc(size), *exact;
		size_t n = size;

		memcpy(copy, bytes, size);
		damage(copy, &n);
		exact = malloc(n ? n : 1); /* a read past it shows */
		memcpy(exact, copy, n);
		*(decodes(exact, n) ? good : bad) += 1;
		free(exact);
		free(copy);
	}
}

static void test_damage(void **state)
{
	FILE *list = fopen("tests/golden/pictures.tsv", "r");
	long at, size, good = 0, bad = 0;
	struct fl_err err = FL_ERR_INIT;
	struct fl_map all;
	char name[64];

	(void)state;
	assert_non_null(list);
	assert_int_equal(fl_map_open(&all, "tests/golden/pictures.bin", &err),
			 0);
	while (fscanf(list, "%63s %ld %ld %*s %*d %*d", name, &at, &size) == 3)
		fuzz_one(all.data + at, (size_t)size, &good, &bad);
	fclose(list);
	fl_map_close(&all);
	assert_true(good > 3000);
	assert_true(bad > 3000);
}

/* Nothing but noise behind the marks of each kind, and no mark at all. */
static void test_noise(void **state)
{
	static const struct {
		const char *mark;
		size_t n;
	} marks[] = { { "", 0 },
		      { "\xFF\xD8\xFF\xE0", 4 },
		      { "\x89PNG\r\n\x1A\n", 8 },
		      { "BM", 2 },
		      { "RIFF\0\1\0\0WEBPVP8 ", 16 },
		      { "II*\0\x08\0\0\0", 8 },
		      { "MM\0*\0\0\0\x08", 8 } };
	unsigned char bytes[512];

	(void)state;
	for (int round = 0; round < 7000; round++) {
		size_t k = (size_t)round % 7;
		size_t n = marks[k].n + draw(sizeof(bytes) - marks[k].n);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (unsigned char)draw(256);
		memcpy(bytes, marks[k].mark, marks[k].n);
		decodes(bytes, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
