/* image.h - pictures of 8-bit RGB, from and to JPEG and PNG files.
 *
 * Decoding gives what OpenCV's imread gives (there in BGR): JPEG with
 * the accurate DCT and smooth chroma, EXIF orientation applied; PNG with alpha
 * dropped, grey and palette as RGB, 16 bits cut to 8.
 *
 * Ownership: a struct image owns its pixels; decoding into one again reuses
 * them. Errors are FL_EDATA with a sentence that says what is wrong with the
 * file. Threads: no shared state; one struct per thread.
 */
#ifndef FL_IMAGE_IMAGE_H
#define FL_IMAGE_IMAGE_H

#include "base/err.h"
#include "base/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image {
	int w, h;
	uint8_t *rgb; /* [h][w][3] */
	size_t capacity;
};

/* No picture of training is larger; more is a broken or hostile file. */
#define IMAGE_MAX_PIXELS ((size_t)256 << 20)

enum image_kind {
	IMAGE_UNKNOWN,
	IMAGE_JPEG,
	IMAGE_PNG
};

/* What the header says, before anything is decoded. */
struct image_info {
	enum image_kind kind;
	int w, h;	 /* of the decoded picture: after orientation */
	int components;	 /* 1 grey, 3 colour, 4 CMYK or with alpha */
	int bits;	 /* of a sample */
	int orientation; /* EXIF, 1 to 8 */
};

int image_probe(const void *bytes, size_t size, struct image_info *info,
		struct fl_err *err);
/* The same of a file, named in errors (FL_EDATA). No pixel is decoded and of a
 * large file only the front is read where that suffices: quick enough for every
 * picture of a data set. */
int image_measure(const char *path, struct image_info *info,
		  struct fl_err *err);
/* "JPEG", "PNG"; "unknown" of IMAGE_UNKNOWN */
const char *image_kind_name(enum image_kind kind);
/* Does the name end as those of pictures that flotilla reads? What a file
 * holds is settled by its bytes alone; this is for lists of a folder. */
bool image_is_named(const char *name);
int image_decode(const void *bytes, size_t size, struct image *out,
		 struct fl_err *err);
/* Reads the file and names it in errors. */
int image_read(const char *path, struct image *out, struct fl_err *err);
/* By the ending of the name; quality is JPEG's. */
int image_write(const char *path, const struct image *image, int quality,
		struct fl_err *err);
/* Room for w x h, contents undefined. */
void image_resize_buffer(struct image *image, int w, int h);
void image_release(struct image *image);

/* The libraries that decode, for --version; ended by a name of NULL. */
extern const struct fl_library image_libraries[];

#endif
