/* png.c - PNG by libspng, with two things that OpenCV's libpng does besides: a
 * damaged chunk that is not needed is passed over, and the orientation of an
 * eXIf chunk is applied, wherever it stands. Called through the table of
 * image.c, which has checked the size by then. */
#include "image/codec.h"
#include "image/orient.h"

#include <spng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *png_library_version(void)
{
	return spng_version_string();
}

static int failed(int status, const char *what, struct fl_err *err)
{
	return fl_fail(err, FL_EDATA, "%s: %s", what, spng_strerror(status));
}

static spng_ctx *open_png(const uint8_t *bytes, size_t size,
			  struct spng_ihdr *header, int *status)
{
	spng_ctx *ctx = spng_ctx_new(0);

	if (!ctx) {
		*status = SPNG_EMEM;
		return NULL;
	}
	/* A million a side is past what image_probe lets through by area, and
	 * 64 MiB a chunk is ample for profiles and texts: both keep a file of a
	 * few bytes from asking for gigabytes. */
	spng_set_image_limits(ctx, 1 << 20, 1 << 20);
	spng_set_chunk_limits(ctx, 64 << 20, 64 << 20);
	/* A wrong check sum is an error in a chunk that the pixels need; text,
	 * time or a profile with one is dropped. */
	spng_set_crc_action(ctx, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
	*status = spng_set_png_buffer(ctx, bytes, size);
	if (*status == 0)
		*status = spng_get_ihdr(ctx, header);
	return ctx;
}

/* libspng knows a chunk once it has read that far, which a probe does not: an
 * eXIf chunk may stand behind the pixels, and OpenCV turns by it there too. So
 * all chunks are walked: length, kind, data, check sum. */
static int orientation_of(const uint8_t *b, size_t size)
{
	size_t at = 8;

	while (size - at >= 12) {
		size_t n = (size_t)b[at] << 24 | (size_t)b[at + 1] << 16 |
			   (size_t)b[at + 2] << 8 | b[at + 3];

		if (n > size - at - 12)
			break;
		if (memcmp(b + at + 4, "eXIf", 4) == 0)
			return exif_orientation(b + at + 8, n);
		at += 12 + n;
	}
	return 1;
}

/* By the type of colour: grey, (none), RGB, palette, grey with alpha, (none),
 * RGB with alpha. A palette is one sample a pixel, which probing reports. */
static struct image_info info_of(const struct spng_ihdr *h)
{
	static const int components[7] = { 1, 0, 3, 1, 2, 0, 4 };

	return (struct image_info){ .kind = IMAGE_PNG,
				    .w = (int)h->width,
				    .h = (int)h->height,
				    .components = components[h->color_type % 7],
				    .bits = h->bit_depth };
}

int png_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	      struct fl_err *err)
{
	struct spng_ihdr header;
	int status;
	spng_ctx *ctx = open_png(bytes, size, &header, &status);

	if (status == 0) {
		*info = info_of(&header);
		info->orientation = orientation_of(bytes, size);
	}
	spng_ctx_free(ctx);
	return status == 0 ? 0
			   : failed(status, "a PNG whose header cannot be read",
				    err);
}

int png_decode(const uint8_t *bytes, size_t size, struct image *out,
	       struct fl_err *err)
{
	struct spng_ihdr header;
	size_t need = 0;
	int status;
	spng_ctx *ctx = open_png(bytes, size, &header, &status);

	if (status == 0)
		status = spng_decoded_image_size(ctx, SPNG_FMT_RGB8, &need);
	if (status == 0) {
		image_resize_buffer(out, (int)header.width, (int)header.height);
		status = spng_decode_image(ctx, out->rgb, need, SPNG_FMT_RGB8,
					   0);
	}
	/* The pixels are whole by now (zlib has its own check), so a last chunk
	 * with a wrong sum or a file without its end is a warning: OpenCV
	 * refuses both, and tests/golden/test_pictures.c lists them as
	 * differences on purpose. */
	if (status == 0 && spng_decode_chunks(ctx) != 0)
		snprintf(out->warning, sizeof(out->warning), "no proper end");
	spng_ctx_free(ctx);
	if (status != 0)
		return failed(status, "a damaged or truncated PNG", err);
	orient_pixels(out, orientation_of(bytes, size));
	return 0;
}

int png_encode(const struct image *im, int quality, uint8_t **out, size_t *size,
	       struct fl_err *err)
{
	struct spng_ihdr header = { .width = (uint32_t)im->w,
				    .height = (uint32_t)im->h,
				    .bit_depth = 8,
				    .color_type = SPNG_COLOR_TYPE_TRUECOLOR };
	spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
	int status = ctx ? 0 : SPNG_EMEM;

	/* Without loss: quality is JPEG's alone. */
	(void)quality;
	if (status == 0)
		status = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
	if (status == 0)
		status = spng_set_ihdr(ctx, &header);
	if (status == 0)
		status = spng_encode_image(ctx, im->rgb,
					   (size_t)im->w * (size_t)im->h * 3,
					   SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
	if (status == 0)
		/* The buffer is malloc's and ours from here on. */
		*out = spng_get_png_buffer(ctx, size, &status);
	spng_ctx_free(ctx);
	return status == 0 ? 0 : failed(status, "cannot write PNG", err);
}
