#include "image/image.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "image/codec.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static enum image_kind kind_of(const uint8_t *b, size_t size)
{
	if (size >= 3 && b[0] == 0xFF && b[1] == 0xD8 && b[2] == 0xFF)
		return IMAGE_JPEG;
	if (size >= 8 && memcmp(b, "\x89PNG\r\n\x1A\n", 8) == 0)
		return IMAGE_PNG;
	return IMAGE_UNKNOWN;
}

const char *image_kind_name(enum image_kind kind)
{
	static const char *const names[] = { "unknown", "JPEG", "PNG" };

	return names[kind];
}

bool image_is_named(const char *name)
{
	static const char *const endings[] = { ".jpg", ".jpeg", ".png" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t m = strlen(endings[i]);

		if (n > m && strcasecmp(name + n - m, endings[i]) == 0)
			return true;
	}
	return false;
}

int image_probe(const void *bytes, size_t size, struct image_info *info,
		struct fl_err *err)
{
	enum image_kind kind = kind_of(bytes, size);
	int rc;

	if (size == 0)
		return fl_fail(err, FL_EDATA, "an empty file");
	if (kind == IMAGE_UNKNOWN)
		return fl_fail(
			err, FL_EDATA,
			"not an image that flotilla reads (JPEG or PNG)");
	rc = kind == IMAGE_JPEG ? jpeg_probe(bytes, size, info, err)
				: png_probe(bytes, size, info, err);
	if (rc == 0 && (info->w < 1 || info->h < 1 ||
			(size_t)info->w * (size_t)info->h > IMAGE_MAX_PIXELS))
		rc = fl_fail(
			err, FL_EDATA,
			"%dx%d pixels, too large to be true (the bound is %zu million)",
			info->w, info->h, IMAGE_MAX_PIXELS / 1000000);
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
	int rc = fl_map_open(&map, path, err);

	if (rc != 0) {
		err->code = FL_EDATA;
		return FL_EDATA;
	}
	rc = image_probe(map.data, map.size, info, err);
	fl_map_close(&map);
	if (rc != 0)
		fl_context(err, "'%s'", path);
	return rc;
}

int image_decode(const void *bytes, size_t size, struct image *out,
		 struct fl_err *err)
{
	struct image_info info;
	int rc = image_probe(bytes, size, &info, err);

	if (rc != 0)
		return rc;
	return info.kind == IMAGE_JPEG ? jpeg_decode(bytes, size, out, err)
				       : png_decode(bytes, size, out, err);
}

int image_read(const char *path, struct image *out, struct fl_err *err)
{
	struct fl_map map;
	int rc = fl_map_open(&map, path, err);

	if (rc != 0) {
		err->code = FL_EDATA;
		return FL_EDATA;
	}
	rc = image_decode(map.data, map.size, out, err);
	fl_map_close(&map);
	if (rc != 0)
		fl_context(err, "'%s'", path);
	return rc;
}

int image_write(const char *path, const struct image *im, int quality,
		struct fl_err *err)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int rc = fl_ends_with(path, ".png")
			 ? png_encode(im, &bytes, &size, err)
			 : jpeg_encode(im, quality, &bytes, &size, err);

	if (rc == 0)
		rc = fl_write_file(path, bytes, size, err);
	free(bytes);
	return rc;
}

const struct fl_library image_libraries[] = {
	{ "libjpeg-turbo", jpeg_library_version },
	{ "libspng", png_library_version },
	{ NULL, NULL },
};
