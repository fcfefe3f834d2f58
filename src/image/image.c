/* image.c - the table of the kinds of files, each with its reader and writer,
 * and what is the same for all of them: the bound of a picture's size, sides
 * swapped by the orientation, the file's name in errors. Called by the loader's
 * threads, by infer, 'new', 'data check' and 'data synth'. A file's bytes
 * choose the reader; its name matters in lists of a folder and when a picture
 * is written. */
#include "image/image.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "image/codec.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One row a kind: who adds a format adds a row here, its marks in kind.c and a
 * file beside jpeg.c. Endings are compared without regard to capitals. */
static const struct {
	const char *name, *endings[2];
	image_prober *probe;
	image_decoder *decode;
	image_encoder *encode;
} kinds[IMAGE_KINDS] = {
	[IMAGE_UNKNOWN] = { .name = "unknown" },
	[IMAGE_JPEG] = { "JPEG",
			 { ".jpg", ".jpeg" },
			 jpeg_probe,
			 jpeg_decode,
			 jpeg_encode },
	[IMAGE_PNG] = { "PNG", { ".png" }, png_probe, png_decode, png_encode },
	[IMAGE_BMP] = { "BMP", { ".bmp" }, bmp_probe, bmp_decode, bmp_encode },
	[IMAGE_WEBP] = { "WebP",
			 { ".webp" },
			 webp_probe,
			 webp_decode,
			 webp_encode },
	[IMAGE_TIFF] = { "TIFF",
			 { ".tif", ".tiff" },
			 tiff_probe,
			 tiff_decode,
			 tiff_encode },
};

/* The buffer only grows: a loader's thread decodes thousands of pictures into
 * one struct image and allocates for the largest of them alone. */
void image_resize_buffer(struct image *im, int w, int h)
{
	size_t need = (size_t)w * (size_t)h * 3;

	if (need > im->capacity) {
		free(im->rgb);
		im->rgb = fl_malloc(need);
		im->capacity = need;
	}
	im->w = w;
	im->h = h;
}

void image_release(struct image *im)
{
	free(im->rgb);
	*im = (struct image){ 0 };
}

const char *image_kind_name(enum image_kind kind)
{
	return kinds[kind].name;
}

enum image_kind image_kind_named(const char *name)
{
	size_t n = strlen(name);

	for (int k = IMAGE_UNKNOWN + 1; k < IMAGE_KINDS; k++)
		for (int i = 0; i < 2; i++) {
			const char *ending = kinds[k].endings[i];
			size_t m = ending ? strlen(ending) : n;

			if (n > m && strcasecmp(name + n - m, ending) == 0)
				return (enum image_kind)k;
		}
	return IMAGE_UNKNOWN;
}

bool image_is_named(const char *name)
{
	return image_kind_named(name) != IMAGE_UNKNOWN;
}

/* The three refusals from the one that helps most: nothing in the file, a kind
 * that people do bring, anything else. */
static int not_ours(const uint8_t *bytes, size_t size, struct fl_err *err)
{
	const char *what = image_foreign_kind(bytes, size);

	if (size == 0)
		return fl_fail(err, FL_EDATA, "an empty file");
	if (what)
		return fl_fail(err, FL_EDATA, "%s", what);
	return fl_fail(
		err, FL_EDATA,
		"not an image that flotilla reads (JPEG, PNG, BMP, WebP or TIFF)");
}

int image_probe(const void *bytes, size_t size, struct image_info *info,
		struct fl_err *err)
{
	enum image_kind kind = image_kind_of(bytes, size);
	int rc;

	if (kind == IMAGE_UNKNOWN)
		return not_ours(bytes, size, err);
	/* Before anything is decoded: a header of a few bytes may claim sides
	 * whose product no machine has memory for, and every decoder relies on
	 * this bound. */
	rc = kinds[kind].probe(bytes, size, info, err);
	if (rc == 0 && (info->w < 1 || info->h < 1 ||
			(size_t)info->w * (size_t)info->h > IMAGE_MAX_PIXELS))
		rc = fl_fail(
			err, FL_EDATA,
			"%dx%d pixels, too large to be true (the bound is %zu million)",
			info->w, info->h, IMAGE_MAX_PIXELS / 1000000);
	/* 5 to 8 lay the picture on its side. Annotations count in the turned
	 * picture, so that is the size everyone is told. */
	if (rc == 0 && info->orientation >= 5) {
		int w = info->w;

		info->w = info->h;
		info->h = w;
	}
	return rc;
}

int image_measure(const char *path, struct image_info *info, struct fl_err *err)
{
	struct fl_map map;
	int rc;

	/* Only the pages that hold the header are read: 'new' does this for
	 * every picture of a data set. */
	if (fl_map_peek(&map, path, err) != 0)
		return err->code = FL_EDATA;
	rc = image_probe(map.data, map.size, info, err);
	if (rc != 0)
		fl_context(err, "'%s'", path);
	return fl_map_end(&map, path, rc, err);
}

int image_decode(const void *bytes, size_t size, struct image *out,
		 struct fl_err *err)
{
	struct image_info info;
	int rc = image_probe(bytes, size, &info, err);

	/* A struct that is decoded into again must not tell of the last
	 * file. */
	out->warning[0] = '\0';
	out->lost = false;
	return rc ? rc : kinds[info.kind].decode(bytes, size, out, err);
}

int image_read(const char *path, struct image *out, struct fl_err *err)
{
	struct fl_map map;
	int rc;

	if (fl_map_open(&map, path, err) != 0)
		return err->code = FL_EDATA;
	rc = image_decode(map.data, map.size, out, err);
	if (rc != 0)
		fl_context(err, "'%s'", path);
	return fl_map_end(&map, path, rc, err);
}

int image_encode(enum image_kind kind, const struct image *im, int quality,
		 uint8_t **bytes, size_t *size, struct fl_err *err)
{
	return kinds[kind].encode(im, quality, bytes, size, err);
}

int image_write(const char *path, const struct image *im, int quality,
		struct fl_err *err)
{
	enum image_kind kind = image_kind_named(path);
	uint8_t *bytes = NULL;
	size_t size = 0;
	int rc;

	if (kind == IMAGE_UNKNOWN)
		kind = IMAGE_JPEG;
	rc = image_encode(kind, im, quality, &bytes, &size, err);
	if (rc == 0)
		rc = fl_write_file(path, bytes, size, err);
	free(bytes);
	return rc;
}

const struct fl_library image_libraries[] = {
	{ "libjpeg-turbo", jpeg_library_version },
	{ "libspng", png_library_version },
	{ "libwebp", webp_library_version },
	{ "libtiff", tiff_library_version },
	{ NULL, NULL },
};
