#include "image/codec.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

const char *jpeg_library_version(void)
{
	return JPEG_VERSION;
}

static int failed(tjhandle h, const char *what, struct fl_err *err)
{
	return fl_fail(err, FL_EDATA, "%s: %s", what,
		       h ? tjGetErrorStr2(h) : "no memory");
}

static int orientation_in_ifd(const uint8_t *tiff, size_t size, bool big)
{
#define U16(p) (big ? (p)[0] << 8 | (p)[1] : (p)[1] << 8 | (p)[0])
	size_t at, count;

	if (size < 8)
		return 1;
	at = big ? (size_t)tiff[4] << 24 | (size_t)tiff[5] << 16 |
			     (size_t)tiff[6] << 8 | tiff[7]
		 : (size_t)tiff[7] << 24 | (size_t)tiff[6] << 16 |
			     (size_t)tiff[5] << 8 | tiff[4];
	if (at > size - 2)
		return 1;
	count = (size_t)U16(tiff + at);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *entry = tiff + at + 2 + 12 * i;
		int value;

		if (at + 2 + 12 * (i + 1) > size)
			break;
		if (U16(entry) != 0x0112)
			continue;
		value = U16(entry + 8);
		return value >= 1 && value <= 8 ? value : 1;
	}
	return 1;
#undef U16
}

/* The orientation tag of the first Exif segment, 1 where there is none. */
static int orientation_of(const uint8_t *b, size_t size)
{
	size_t at = 2;

	while (at + 4 <= size && b[at] == 0xFF && b[at + 1] != 0xDA) {
		size_t len = (size_t)b[at + 2] << 8 | b[at + 3];

		if (len < 2 || at + 2 + len > size)
			break;
		if (b[at + 1] == 0xE1 && len >= 16 &&
		    memcmp(b + at + 4, "Exif\0\0", 6) == 0)
			return orientation_in_ifd(b + at + 10, len - 8,
						  b[at + 10] == 'M');
		at += 2 + len;
	}
	return 1;
}

int jpeg_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	       struct fl_err *err)
{
	tjhandle h = tjInitDecompress();
	int subsampling, space, rc = 0;

	*info = (struct image_info){ .kind = IMAGE_JPEG, .bits = 8 };
	if (!h || tjDecompressHeader3(h, bytes, size, &info->w, &info->h,
				      &subsampling, &space) != 0) {
		rc = failed(h, "a JPEG whose header cannot be read", err);
	} else {
		info->components = space == TJCS_GRAY ? 1
				   : space == TJCS_CMYK || space == TJCS_YCCK
					   ? 4
					   : 3;
		info->orientation = orientation_of(bytes, size);
	}
	if (h)
		tjDestroy(h);
	return rc;
}

/* Turn the pixels by an EXIF orientation. */
static void orient(struct image *im, int orientation)
{
	struct image to = { 0 };
	bool swap = orientation >= 5;

	if (orientation < 2)
		return;
	image_resize_buffer(&to, swap ? im->h : im->w, swap ? im->w : im->h);
	for (int y = 0; y < to.h; y++) {
		for (int x = 0; x < to.w; x++) {
			int sx = swap ? y : x, sy = swap ? x : y;

			if (orientation == 2 || orientation == 3 ||
			    orientation == 7 || orientation == 8)
				sx = im->w - 1 - sx;
			if (orientation == 3 || orientation == 4 ||
			    orientation == 6 || orientation == 7)
				sy = im->h - 1 - sy;
			memcpy(to.rgb + ((size_t)y * (size_t)to.w + (size_t)x) *
						3,
			       im->rgb + ((size_t)sy * (size_t)im->w +
					  (size_t)sx) *
						 3,
			       3);
		}
	}
	image_release(im);
	*im = to;
}

int jpeg_decode(const uint8_t *bytes, size_t size, struct image *out,
		struct fl_err *err)
{
	struct image_info info;
	tjhandle h;
	int rc = jpeg_probe(bytes, size, &info, err);

	if (rc != 0)
		return rc;
	if (info.components == 4)
		return fl_fail(
			err, FL_EDATA,
			"a JPEG in CMYK, which has no exact RGB; save it as RGB");
	h = tjInitDecompress();
	if (!h)
		return failed(h, "JPEG", err);
	image_resize_buffer(out, info.w, info.h);
	if (tjDecompress2(h, bytes, size, out->rgb, info.w, 0, info.h, TJPF_RGB,
			  TJFLAG_ACCURATEDCT) != 0)
		rc = failed(h, "a damaged or truncated JPEG", err);
	tjDestroy(h);
	if (rc == 0)
		orient(out, info.orientation);
	return rc;
}

int jpeg_encode(const struct image *im, int quality, uint8_t **out,
		size_t *size, struct fl_err *err)
{
	tjhandle h = tjInitCompress();
	unsigned char *bytes = NULL;
	unsigned long n = 0;
	int rc = 0;

	if (!h || tjCompress2(h, im->rgb, im->w, 0, im->h, TJPF_RGB, &bytes, &n,
			      TJSAMP_420, quality, TJFLAG_ACCURATEDCT) != 0) {
		rc = failed(h, "cannot write JPEG", err);
	} else {
		*out = malloc(n);
		*size = n;
		if (*out)
			memcpy(*out, bytes, n);
		else
			rc = fl_fail(err, FL_ENOMEM, "out of memory");
	}
	tjFree(bytes);
	if (h)
		tjDestroy(h);
	return rc;
}
