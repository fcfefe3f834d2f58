/* image.h - pictures of 8-bit RGB, from and to files: JPEG, PNG, BMP, WebP, TIFF.
 *
 * Decoding gives what OpenCV's imread(..., IMREAD_COLOR) gives (there in BGR),
 * pixel by pixel (tests/golden/pictures.tsv): Exif orientation applied, alpha
 * dropped (of TIFF multiplied in), grey, palette and ink (CMYK) as RGB, 16 bits
 * brought to 8; of several frames or pages the first. What a file is settles its
 * content, not its name.
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
	/* Of decoding: what is odd about a file that decodes as OpenCV decodes
	 * it, "" where nothing is; lost: and part of its pixels are not those
	 * that were written. */
	char warning[80];
	bool lost;
};

/* No picture of training is larger; more is a broken or hostile file. */
#define IMAGE_MAX_PIXELS ((size_t)256 << 20)

enum image_kind {
	IMAGE_UNKNOWN,
	IMAGE_JPEG,
	IMAGE_PNG,
	IMAGE_BMP,
	IMAGE_WEBP,
	IMAGE_TIFF,
	IMAGE_KINDS
};

/* What the header says, before anything is decoded. */
struct image_info {
	enum image_kind kind;
	int w, h;	/* of the decoded picture: after orientation */
	int components; /* 1 grey or palette, 3 colour, 2 and 4 with alpha or CMYK */
	int bits;	/* of a sample */
	int orientation; /* as Exif counts, 1 to 8; decoding applies it */
};

/* Of bytes in memory: tests call these two. */
int image_probe(const void *bytes, size_t size, struct image_info *info,
		struct fl_err *err);
int image_decode(const void *bytes, size_t size, struct image *out,
		 struct fl_err *err);
/* What the header of a file says, which is named in errors (FL_EDATA). No pixel is
 * decoded and little is read: quick enough for every picture of a data set. */
int image_measure(const char *path, struct image_info *info,
		  struct fl_err *err);
/* "JPEG", "PNG", ...; "unknown" of IMAGE_UNKNOWN */
const char *image_kind_name(enum image_kind kind);
/* The kind that the name ends as, IMAGE_UNKNOWN where it ends otherwise. What a
 * file holds is settled by its bytes alone; this is for lists of a folder. */
enum image_kind image_kind_named(const char *name);
bool image_is_named(const char *name);
/* Reads the file and names it in errors. */
int image_read(const char *path, struct image *out, struct fl_err *err);
/* In the kind that the name ends as, JPEG where it says none; quality is
 * JPEG's, BMP, PNG, TIFF and WebP are written without loss. */
int image_write(const char *path, const struct image *image, int quality,
		struct fl_err *err);
/* The bytes of such a file (malloc). */
int image_encode(enum image_kind kind, const struct image *image, int quality,
		 uint8_t **bytes, size_t *size, struct fl_err *err);
/* Room for w x h, contents undefined. */
void image_resize_buffer(struct image *image, int w, int h);
void image_release(struct image *image);

/* The libraries that decode, for --version; ended by a name of NULL. */
extern const struct fl_library image_libraries[];

#endif
