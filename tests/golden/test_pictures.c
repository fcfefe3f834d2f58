/* test_pictures.c - some two hundred small files of every kind, plain, odd and
 * damaged, against what OpenCV 5.0.0 makes of each (make_pictures.py). Where we
 * differ on purpose it is in a list with the reason. */
#include "base/digest.h"
#include "base/file.h"
#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct picture {
	char name[64], digest[80];
	long at, size;
	int w, h;
};

/* Ours beside OpenCV's: each with the reason. */
static const struct {
	const char *name, *why;
} differ[] = {
	{ "png_idat_crc_bad.png", "the pixels are whole and checked by zlib" },
	{ "png_iend_cut.png", "the pixels are whole" },
	{ "png_no_iend.png", "the pixels are whole" },
	{ "tiff_lzma.tif", "OpenCV's own libtiff lacks LZMA" },
	{ "tiff_zstd.tif", "OpenCV's own libtiff lacks Zstandard" },
};

static bool may_differ(const char *name)
{
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (strcmp(differ[i].name, name) == 0)
			return true;
	return false;
}

static void digest_of(const struct image *im, char hex[FL_DIGEST_HEX])
{
	struct fl_digest d;

	fl_digest_init(&d);
	fl_digest_update(&d, im->rgb, (size_t)im->w * (size_t)im->h * 3);
	fl_digest_hex(&d, hex);
}

/* The same verdict, the same size as its header says, the same pixels? */
static bool agrees(const struct picture *p, const unsigned char *bytes)
{
	struct image im = { 0 };
	struct image_info info;
	struct fl_err err = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX] = "refused";
	bool decodes = image_decode(bytes, (size_t)p->size, &im, &err) == 0;
	bool good;

	if (decodes)
		digest_of(&im, hex);
	good = strcmp(hex, p->digest) == 0 &&
	       (!decodes || (im.w == p->w && im.h == p->h));
	if (decodes) {
		assert_int_equal(
			image_probe(bytes, (size_t)p->size, &info, &err), 0);
		assert_int_equal(info.w, im.w);
		assert_int_equal(info.h, im.h);
	}
	if (good == may_differ(p->name)) {
		print_message("%s: %s, OpenCV: %s; %s\n", p->name, hex,
			      p->digest, decodes ? im.warning : err.text);
		good = false;
	} else {
		good = true;
	}
	image_release(&im);
	return good;
}

static void test_pictures(void **state)
{
	FILE *list = fopen("tests/golden/pictures.tsv", "r");
	struct fl_map all;
	struct fl_err err = FL_ERR_INIT;
	struct picture p;
	int count = 0, bad = 0;

	(void)state;
	assert_non_null(list);
	assert_int_equal(fl_map_open(&all, "tests/golden/pictures.bin", &err),
			 0);
	while (fscanf(list, "%63s %ld %ld %79s %d %d", p.name, &p.at, &p.size,
		      p.digest, &p.w, &p.h) == 6) {
		assert_true(p.at + p.size <= (long)all.size);
		bad += !agrees(&p, all.data + p.at);
		count++;
	}
	fclose(list);
	fl_map_close(&all);
	assert_int_equal(bad, 0);
	assert_true(count > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
