/* codec.h - one reader and writer for each kind of file; for src/image.
 *
 * A probe tells width and height as they are stored; image.c turns them. A
 * decoder may count on the bounds that image_probe checks. What an encoder
 * gives in *out is malloc's.
 */
#ifndef FL_IMAGE_CODEC_H
#define FL_IMAGE_CODEC_H

#include "image/image.h"

typedef int image_prober(const uint8_t *bytes, size_t size,
			 struct image_info *info, struct fl_err *err);
typedef int image_decoder(const uint8_t *bytes, size_t size, struct image *out,
			  struct fl_err *err);
typedef int image_encoder(const struct image *image, int quality, uint8_t **out,
			  size_t *size, struct fl_err *err);

image_prober jpeg_probe, png_probe, bmp_probe, webp_probe, tiff_probe;
image_decoder jpeg_decode, png_decode, bmp_decode, webp_decode, tiff_decode;
image_encoder jpeg_encode, png_encode, bmp_encode, webp_encode, tiff_encode;

/* Of the library that runs; of JPEG that of the build. */
const char *jpeg_library_version(void);
const char *png_library_version(void);
const char *webp_library_version(void);
const char *tiff_library_version(void);

/* The kind by the first bytes. */
enum image_kind image_kind_of(const uint8_t *bytes, size_t size);
/* What a file is that is no picture of ours, with what helps ("a GIF
 * picture; ..."); NULL where that is not known. */
const char *image_foreign_kind(const uint8_t *bytes, size_t size);

#endif
