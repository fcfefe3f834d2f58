/* kind.c - what a file is by its first bytes: the kinds that are read, and
 * those that people bring instead, so that the error says what to do. Called by
 * image_probe before any decoder sees the bytes. Names do not count: cameras,
 * browsers and converters leave JPEG under .png and PNG under .jpg, and OpenCV
 * goes by the bytes as well. */
#include "image/codec.h"

#include <string.h>
#include <strings.h>

/* These bytes at this place; a mark of no bytes fits everything, so that most
 * rows need no second one. */
struct mark {
	size_t at;
	const char *bytes;
	size_t count;
};

static bool has(const uint8_t *b, size_t size, const struct mark *m)
{
	if (m->count == 0)
		return true;
	return size >= m->at + m->count &&
	       memcmp(b + m->at, m->bytes, m->count) == 0;
}

static const struct {
	enum image_kind kind;
	struct mark mark, second;
} ours[] = {
	{ IMAGE_JPEG, { 0, "\xFF\xD8\xFF", 3 }, { 0 } },
	{ IMAGE_PNG, { 0, "\x89PNG\r\n\x1A\n", 8 }, { 0 } },
	{ IMAGE_WEBP, { 0, "RIFF", 4 }, { 8, "WEBP", 4 } },
	/* Little- and big-endian, as the processor was that wrote it. */
	{ IMAGE_TIFF, { 0, "II*\0", 4 }, { 0 } },
	{ IMAGE_TIFF, { 0, "MM\0*", 4 }, { 0 } },
	{ IMAGE_TIFF, { 0, "II+\0\x08\0\0\0", 8 }, { 0 } }, /* BigTIFF */
	{ IMAGE_TIFF, { 0, "MM\0+\0\x08\0\0", 8 }, { 0 } },
	/* two letters are little: the next fields are zero in practice */
	{ IMAGE_BMP, { 0, "BM", 2 }, { 15, "\0\0\0", 3 } },
};

enum image_kind image_kind_of(const uint8_t *b, size_t size)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (has(b, size, &ours[i].mark) &&
		    has(b, size, &ours[i].second))
			return ours[i].kind;
	return IMAGE_UNKNOWN;
}

/* In order, for one mark is part of another: of the containers that begin with
 * "ftyp" the pictures stand before what is left of them, videos. */
static const struct {
	struct mark mark;
	const char *what;
} foreign[] = {
	{ { 0, "GIF8", 4 }, "a GIF picture; save it as PNG" },
	{ { 4, "ftypavi", 7 }, "an AVIF picture; save it as PNG or JPEG" },
	{ { 4, "ftyphei", 7 },
	  "a HEIC picture, as iPhones take them; save it as JPEG" },
	{ { 4, "ftyphev", 7 },
	  "a HEIC picture, as iPhones take them; save it as JPEG" },
	{ { 4, "ftypmif1", 8 },
	  "a HEIF picture, as iPhones take them; save it as JPEG" },
	{ { 4, "ftyp", 4 }, "a video or another MP4 file" },
	{ { 0, "\0\0\0\x0CjP  ", 8 }, "a JPEG 2000 picture; save it as PNG" },
	{ { 0, "\xFF\x4F\xFF\x51", 4 }, "a JPEG 2000 picture; save it as PNG" },
	{ { 0, "\0\0\0\x0CJXL ", 8 }, "a JPEG XL picture; save it as PNG" },
	{ { 0, "\xFF\x0A", 2 }, "a JPEG XL picture; save it as PNG" },
	{ { 0, "8BPS", 4 }, "a Photoshop document; save it as PNG" },
	{ { 0, "\x76\x2F\x31\x01", 4 }, "an OpenEXR picture; save it as PNG" },
	{ { 0, "#?RADIANCE", 10 }, "a Radiance HDR picture; save it as PNG" },
	{ { 0, "DDS ", 4 }, "a DDS texture; save it as PNG" },
	{ { 128, "DICM", 4 }, "a DICOM file; save its picture as PNG" },
	{ { 0, "P5", 2 }, "a PGM picture; save it as PNG" },
	{ { 0, "P6", 2 }, "a PPM picture; save it as PNG" },
	{ { 0, "%PDF", 4 }, "a PDF document" },
	{ { 0, "PK\x03\x04", 4 }, "a ZIP archive" },
	{ { 0, "\x1F\x8B", 2 }, "a gzip archive" },
	{ { 0, "\x93NUMPY", 6 }, "a NumPy array" },
	{ { 0, "\x89HDF", 4 }, "an HDF5 file" },
	{ { 0, "version https://git-lfs", 23 },
	  "a pointer of Git LFS, not the picture; 'git lfs pull' fetches it" },
	{ { 0, "<svg", 4 }, "an SVG drawing; save it as PNG" },
};

/* Servers answer a missing picture with a page, and a download that does not
 * look at the status stores it under the picture's name. */
static bool is_page(const uint8_t *b, size_t size)
{
	const char *text = (const char *)b;

	return (size >= 9 && strncasecmp(text, "<!doctype", 9) == 0) ||
	       (size >= 5 && strncasecmp(text, "<html", 5) == 0);
}

const char *image_foreign_kind(const uint8_t *b, size_t size)
{
	if (is_page(b, size))
		return "a web page, as a failed download leaves it";
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (has(b, size, &foreign[i].mark))
			return foreign[i].what;
	return NULL;
}
