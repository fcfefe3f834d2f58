/* webp.c - WebP by libwebp, the format's own library: still pictures, the first
 * frame of moving ones, the orientation of an Exif chunk. Called through the
 * table of image.c. What OpenCV decodes is decoded to the same pixels (alpha is
 * dropped, not blended). */
#include "image/codec.h"
#include "image/orient.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

/* Of the library that runs, packed in one number; the buffer is written with
 * the same text by every caller, at start-up, before threads. */
const char *webp_library_version(void)
{
	static char text[16];
	int v = WebPGetDecoderVersion();

	snprintf(text, sizeof(text), "%d.%d.%d", v >> 16 & 255, v >> 8 & 255,
		 v & 255);
	return text;
}

/* libwebp has codes and no words for them. */
static const char *why(VP8StatusCode status)
{
	switch (status) {
	case VP8_STATUS_NOT_ENOUGH_DATA:
		return "it ends too early";
	case VP8_STATUS_OUT_OF_MEMORY:
		return "no memory";
	case VP8_STATUS_UNSUPPORTED_FEATURE:
		return "it uses a feature that is unknown";
	default:
		return "its data is wrong";
	}
}

/* The demuxer walks the container; a file of the simple form has pixels alone
 * there, and the orientation is none. */
static int orientation_of(const uint8_t *bytes, size_t size)
{
	WebPData data = { bytes, size };
	WebPDemuxer *d = WebPDemux(&data);
	WebPChunkIterator chunk;
	int orientation = 1;

	if (d && WebPDemuxGetChunk(d, "EXIF", 1, &chunk)) {
		orientation = exif_orientation_prefixed(chunk.chunk.bytes,
							chunk.chunk.size);
		WebPDemuxReleaseChunkIterator(&chunk);
	}
	WebPDemuxDelete(d);
	return orientation;
}

int webp_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	       struct fl_err *err)
{
	WebPBitstreamFeatures f;
	VP8StatusCode status = WebPGetFeatures(bytes, size, &f);

	if (status != VP8_STATUS_OK)
		return fl_fail(err, FL_EDATA,
			       "a WebP whose header cannot be read: %s",
			       why(status));
	/* The canvas: of a moving picture a frame may be smaller. */
	*info = (struct image_info){ .kind = IMAGE_WEBP,
				     .w = f.width,
				     .h = f.height,
				     .components = f.has_alpha ? 4 : 3,
				     .bits = 8,
				     .orientation =
					     orientation_of(bytes, size) };
	return 0;
}

/* The canvas as it looks while the first frame is shown. The decoder of
 * animations owns the pixels that it hands out, four bytes each, and frees them
 * with itself; so they are copied before it goes. */
static bool first_frame(const uint8_t *bytes, size_t size, struct image *out)
{
	WebPData data = { bytes, size };
	WebPAnimDecoderOptions options;
	WebPAnimDecoder *d;
	uint8_t *rgba = NULL;
	int when = 0;
	bool good;

	WebPAnimDecoderOptionsInit(&options);
	options.color_mode = MODE_RGBA;
	d = WebPAnimDecoderNew(&data, &options);
	good = d && WebPAnimDecoderGetNext(d, &rgba, &when);
	for (size_t i = 0; good && i < (size_t)out->w * (size_t)out->h; i++)
		memcpy(out->rgb + 3 * i, rgba + 4 * i, 3);
	WebPAnimDecoderDelete(d);
	return good;
}

static VP8StatusCode still(const uint8_t *bytes, size_t size, struct image *out)
{
	/* Straight into our buffer: libwebp's own would be copied once more,
	 * and a picture of 16383 pixels a side is 800 MB. */
	WebPDecoderConfig config;
	VP8StatusCode status;
	size_t stride = (size_t)out->w * 3;

	if (!WebPInitDecoderConfig(&config))
		return VP8_STATUS_UNSUPPORTED_FEATURE;
	config.output.colorspace = MODE_RGB;
	config.output.is_external_memory = 1;
	config.output.u.RGBA.rgba = out->rgb;
	config.output.u.RGBA.stride = (int)stride;
	config.output.u.RGBA.size = stride * (size_t)out->h;
	status = WebPDecode(bytes, size, &config);
	WebPFreeDecBuffer(&config.output);
	return status;
}

int webp_decode(const uint8_t *bytes, size_t size, struct image *out,
		struct fl_err *err)
{
	WebPBitstreamFeatures f;
	VP8StatusCode status = WebPGetFeatures(bytes, size, &f);

	if (status == VP8_STATUS_OK) {
		image_resize_buffer(out, f.width, f.height);
		if (!f.has_animation)
			status = still(bytes, size, out);
		else if (!first_frame(bytes, size, out))
			status = VP8_STATUS_BITSTREAM_ERROR;
	}
	if (status != VP8_STATUS_OK)
		return fl_fail(err, FL_EDATA, "a damaged or truncated WebP: %s",
			       why(status));
	orient_pixels(out, orientation_of(bytes, size));
	return 0;
}

int webp_encode(const struct image *im, int quality, uint8_t **out,
		size_t *size, struct fl_err *err)
{
	uint8_t *bytes = NULL;

	/* Lossless, as image.h promises; quality is JPEG's alone. */
	(void)quality;
	*size = WebPEncodeLosslessRGB(im->rgb, im->w, im->h, im->w * 3, &bytes);
	if (*size == 0)
		return fl_fail(
			err, FL_EDATA,
			"cannot write WebP of %dx%d pixels (at most 16383 each)",
			im->w, im->h);
	/* Its buffer has to go back to WebPFree, ours is to be free()d like any
	 * other. */
	*out = fl_malloc(*size);
	memcpy(*out, bytes, *size);
	WebPFree(bytes);
	return 0;
}
