/* picture.c - see picture.h. */
#include "fuzz/picture.h"

#include <string.h>

#define MOST_PIXELS 65536

/* Every pixel is read: one that was never written, or lies behind the end, shows. */
static unsigned touch(const struct image *im)
{
	unsigned sum = 0;

	for (size_t i = 0; i < (size_t)im->w * (size_t)im->h * 3; i++)
		sum += im->rgb[i];
	return sum;
}

int fuzz_picture(const uint8_t *data, size_t size, int kinds)
{
	struct fl_err err = FL_ERR_INIT;
	struct image im = { 0 };
	struct image_info info;
	int rc = image_probe(data, size, &info, &err);

	fuzz_check_error(rc, &err);
	FUZZ_CHECK(rc == 0 || rc == FL_EDATA);
	if (rc != 0 || !(1 << info.kind & kinds))
		return 0;
	FUZZ_CHECK(info.w > 0 && info.h > 0 &&
		   (size_t)info.w * (size_t)info.h <= IMAGE_MAX_PIXELS);
	if ((size_t)info.w * (size_t)info.h > MOST_PIXELS)
		return 0;
	rc = image_decode(data, size, &im, &err);
	fuzz_check_error(rc, &err);
	if (rc == 0) {
		FUZZ_CHECK(im.w == info.w && im.h == info.h);
		FUZZ_CHECK(memchr(im.warning, 0, sizeof(im.warning)));
		FUZZ_CHECK(touch(&im) < UINT32_MAX);
	}
	image_release(&im);
	return 0;
}
