/* codec.h - the two file formats; for src/image. */
#ifndef FL_IMAGE_CODEC_H
#define FL_IMAGE_CODEC_H

#include "image/image.h"

/* Of the library that runs; of JPEG that of the build. */
const char *jpeg_library_version(void);
const char *png_library_version(void);

int jpeg_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	       struct fl_err *err);
int jpeg_decode(const uint8_t *bytes, size_t size, struct image *out,
		struct fl_err *err);
/* *out is malloc's. */
int jpeg_encode(const struct image *image, int quality, uint8_t **out,
		size_t *size, struct fl_err *err);
int png_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	      struct fl_err *err);
int png_decode(const uint8_t *bytes, size_t size, struct image *out,
	       struct fl_err *err);
int png_encode(const struct image *image, uint8_t **out, size_t *size,
	       struct fl_err *err);

#endif
