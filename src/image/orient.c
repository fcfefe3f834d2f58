/* orient.c - for the decoders: cameras store the picture as the sensor lay and
 * say in an Exif block how to turn it. OpenCV turns JPEG, PNG, WebP and TIFF by
 * it, so every coordinate of an annotation counts in the turned picture. The
 * block is read here by hand, for one tag of it is wanted and everything else
 * (thumbnails, makers' notes) is where readers of Exif have their faults. */
#include "image/orient.h"

#include <string.h>

/* TIFF, which an Exif block is, has its numbers in the byte order that its
 * first two letters say. */
static unsigned u16(const uint8_t *p, bool big)
{
	return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static size_t u32(const uint8_t *p, bool big)
{
	return big ? (size_t)u16(p, big) << 16 | u16(p + 2, big)
		   : (size_t)u16(p + 2, big) << 16 | u16(p, big);
}

int exif_orientation(const uint8_t *tiff, size_t size)
{
	size_t at, count;
	bool big;

	/* What is damaged says nothing, as with OpenCV: the picture is shown as
	 * it lies. */
	if (size < 8 || tiff[0] != tiff[1] ||
	    (tiff[0] != 'I' && tiff[0] != 'M'))
		return 1;
	big = tiff[0] == 'M';
	at = u32(tiff + 4, big);
	if (at > size - 2)
		return 1;
	count = u16(tiff + at, big);
	/* Entries of twelve bytes: tag, type, count, value. Only the first
	 * directory counts; the second describes the thumbnail. */
	for (size_t i = 0; i < count; i++) {
		const uint8_t *entry = tiff + at + 2 + 12 * i;
		unsigned value;

		if (at + 2 + 12 * (i + 1) > size)
			break;
		if (u16(entry, big) != 0x0112)
			continue;
		/* OpenCV reads two bytes whatever the entry's type is: a LONG
		 * in big-endian therefore reads as 0, which is no orientation
		 * (tests/golden/pictures.tsv). */
		value = u16(entry + 8, big);
		return value >= 1 && value <= 8 ? (int)value : 1;
	}
	return 1;
}

int exif_orientation_prefixed(const uint8_t *block, size_t size)
{
	/* WebP's chunk has the prefix or has not, by the program that wrote
	 * it. */
	size_t skip = size > 6 && memcmp(block, "Exif\0\0", 6) == 0 ? 6 : 0;

	return exif_orientation(block + skip, size - skip);
}

/* A second buffer, since a turn in place would move pixels along cycles. 2
 * mirrors, 3 is half a turn, 4 is upside down; 5 to 8 are the same four with
 * the axes swapped first. */
void orient_pixels(struct image *im, int orientation)
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
	/* The new buffer is the decoder's result, and what it said stays with
	 * it. */
	memcpy(to.warning, im->warning, sizeof(to.warning));
	to.lost = im->lost;
	image_release(im);
	*im = to;
}
