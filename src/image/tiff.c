/* tiff.c - TIFF by libtiff, from and to memory, with its complaints caught for
 * each file (by default it prints them for the whole process). OpenCV takes
 * libtiff's own view of a page as red, green, blue and alpha, and so do we: 16
 * bits a sample are rounded to 8, alpha is multiplied in. The first page
 * counts. Called through the table of image.c. */
#include "image/codec.h"
#include "image/orient.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

/* One allocation of libtiff's. The largest picture (IMAGE_MAX_PIXELS) takes 1
 * GiB with four samples a pixel in one strip; what asks for more has a damaged
 * tag. */
#define MOST_MEMORY ((tmsize_t)1 << 30)

struct tiff_file {
	const uint8_t *bytes; /* reading */
	uint8_t *written;     /* writing; bytes is NULL */
	size_t size, cap, at;
	struct image *image; /* who hears the first warning, or NULL */
	char text[160];	     /* the first error */
};

/* The last word of the first line of what libtiff says of itself. */
const char *tiff_library_version(void)
{
	static char text[32];

	sscanf(TIFFGetVersion(), "LIBTIFF, Version %31s", text);
	return text;
}

/* libtiff thinks that it has a file: these five callbacks give it one that lies
 * in memory. While writing it also reads back what it wrote. */
static tmsize_t do_read(thandle_t h, void *to, tmsize_t n)
{
	struct tiff_file *f = h;
	size_t left = f->at < f->size ? f->size - f->at : 0;
	size_t count = (size_t)n < left ? (size_t)n : left;
	const uint8_t *from = f->bytes ? f->bytes : f->written;

	if (count)
		memcpy(to, from + f->at, count);
	f->at += count;
	return (tmsize_t)count;
}

/* libtiff seeks past the end and fills in the directory later: the gap is zero
 * until then. */
static tmsize_t do_write(thandle_t h, void *from, tmsize_t n)
{
	struct tiff_file *f = h;
	size_t end = f->at + (size_t)n;

	if (f->bytes)
		return 0;
	if (end > f->cap) {
		f->cap = end > 2 * f->cap ? end : 2 * f->cap;
		f->written = fl_realloc(f->written, f->cap);
	}
	if (f->at > f->size)
		memset(f->written + f->size, 0, f->at - f->size);
	memcpy(f->written + f->at, from, (size_t)n);
	f->at = end;
	f->size = end > f->size ? end : f->size;
	return n;
}

static toff_t do_seek(thandle_t h, toff_t offset, int whence)
{
	struct tiff_file *f = h;

	f->at = (size_t)offset + (whence == SEEK_CUR   ? f->at
				  : whence == SEEK_END ? f->size
						       : 0);
	return f->at;
}

/* The memory is the caller's: it outlives the TIFF. */
static int do_close(thandle_t h)
{
	(void)h;
	return 0;
}

static toff_t do_size(thandle_t h)
{
	return ((struct tiff_file *)h)->size;
}

/* The first error is the cause, those behind it are its consequences. */
static int on_error(TIFF *t, void *user, const char *module, const char *fmt,
		    va_list ap) __attribute__((format(printf, 4, 0)));
static int on_warning(TIFF *t, void *user, const char *module, const char *fmt,
		      va_list ap) __attribute__((format(printf, 4, 0)));

static int on_error(TIFF *t, void *user, const char *module, const char *fmt,
		    va_list ap)
{
	struct tiff_file *f = user;

	(void)t;
	(void)module;
	if (!*f->text)
		vsnprintf(f->text, sizeof(f->text), fmt, ap);
	return 1;
}

static int on_warning(TIFF *t, void *user, const char *module, const char *fmt,
		      va_list ap)
{
	struct tiff_file *f = user;

	(void)t;
	(void)module;
	if (f->image && !*f->image->warning)
		vsnprintf(f->image->warning, sizeof(f->image->warning), fmt,
			  ap);
	return 1;
}

/* Handlers are of this TIFF alone, so threads do not hear each other. */
static TIFF *open_tiff(struct tiff_file *f, const char *mode)
{
	TIFFOpenOptions *o = TIFFOpenOptionsAlloc();
	TIFF *t;

	TIFFOpenOptionsSetMaxSingleMemAlloc(o, MOST_MEMORY);
	TIFFOpenOptionsSetErrorHandlerExtR(o, on_error, f);
	TIFFOpenOptionsSetWarningHandlerExtR(o, on_warning, f);
	t = TIFFClientOpenExt("picture", mode, f, do_read, do_write, do_seek,
			      do_close, do_size, NULL, NULL, o);
	TIFFOpenOptionsFree(o);
	return t;
}

static struct image_info info_of(TIFF *t)
{
	/* A tag that is missing leaves its default; of width and height that is
	 * 0, which image_probe refuses. */
	struct image_info info = { .kind = IMAGE_TIFF };
	uint16_t bits, samples, orientation;
	uint32_t w = 0, h = 0;

	TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &w);
	TIFFGetField(t, TIFFTAG_IMAGELENGTH, &h);
	TIFFGetFieldDefaulted(t, TIFFTAG_BITSPERSAMPLE, &bits);
	TIFFGetFieldDefaulted(t, TIFFTAG_SAMPLESPERPIXEL, &samples);
	TIFFGetFieldDefaulted(t, TIFFTAG_ORIENTATION, &orientation);
	/* Sides are 32 bits without sign; past int they are refused by area
	 * anyway. */
	info.w = w > INT32_MAX ? INT32_MAX : (int)w;
	info.h = h > INT32_MAX ? INT32_MAX : (int)h;
	info.components = samples;
	info.bits = bits;
	info.orientation =
		orientation >= 1 && orientation <= 8 ? orientation : 1;
	return info;
}

int tiff_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	       struct fl_err *err)
{
	struct tiff_file f = { .bytes = bytes, .size = size };
	TIFF *t = open_tiff(&f, "rmM");

	if (!t)
		return fl_fail(err, FL_EDATA,
			       "a TIFF whose header cannot be read: %s",
			       *f.text ? f.text : "it has no page");
	*info = info_of(t);
	TIFFClose(t);
	return 0;
}

/* Pixels as they are stored, 0x..BBGGRR, for libtiff can only flip and not
 * turn: asking for the orientation that the page has makes it leave them alone,
 * and orient_pixels() does the rest. */
static bool read_view(TIFF *t, const struct image_info *info, uint32_t *raster,
		      char *why, size_t size)
{
	char text[1024] = ""; /* what libtiff counts on */
	TIFFRGBAImage view;
	bool good;

	if (!TIFFRGBAImageOK(t, text) ||
	    !TIFFRGBAImageBegin(&view, t, 1, text)) {
		snprintf(why, size, "%s", text);
		return false;
	}
	view.req_orientation = view.orientation;
	good = TIFFRGBAImageGet(&view, raster, (uint32_t)info->w,
				(uint32_t)info->h);
	TIFFRGBAImageEnd(&view);
	return good;
}

int tiff_decode(const uint8_t *bytes, size_t size, struct image *out,
		struct fl_err *err)
{
	struct tiff_file f = { .bytes = bytes, .size = size, .image = out };
	TIFF *t = open_tiff(&f, "rmM");
	struct image_info info;
	uint32_t *raster;
	size_t n;
	bool good;

	if (!t)
		return fl_fail(err, FL_EDATA, "a damaged TIFF: %s", f.text);
	info = info_of(t);
	/* libtiff's view would take the first three samples for red, green and
	 * blue; in pictures of satellites and microscopes they are other
	 * bands. */
	if (info.components > 4) {
		TIFFClose(t);
		return fl_fail(
			err, FL_EDATA,
			"a TIFF of %d samples a pixel, of which none is known to be red; save it as RGB",
			info.components);
	}
	n = (size_t)info.w * (size_t)info.h;
	raster = fl_malloc(n * sizeof(*raster));
	image_resize_buffer(out, info.w, info.h);
	good = read_view(t, &info, raster, f.text, sizeof(f.text));
	for (size_t i = 0; good && i < n; i++) {
		out->rgb[3 * i] = (uint8_t)TIFFGetR(raster[i]);
		out->rgb[3 * i + 1] = (uint8_t)TIFFGetG(raster[i]);
		out->rgb[3 * i + 2] = (uint8_t)TIFFGetB(raster[i]);
	}
	free(raster);
	TIFFClose(t);
	if (!good)
		return fl_fail(err, FL_EDATA,
			       "a TIFF that cannot be decoded: %s", f.text);
	orient_pixels(out, info.orientation);
	return 0;
}

int tiff_encode(const struct image *im, int quality, uint8_t **out,
		size_t *size, struct fl_err *err)
{
	struct tiff_file f = { 0 };
	TIFF *t = open_tiff(&f, "wm");
	bool good = t != NULL;

	(void)quality;
	if (good) {
		TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)im->w);
		TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)im->h);
		TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, 8);
		TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 3);
		TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
		TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
		/* LZW finds little in pixels, more in the differences of
		 * neighbours. */
		TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
		TIFFSetField(t, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
	}
	for (int y = 0; good && y < im->h; y++)
		good = TIFFWriteScanline(
			       t, im->rgb + (size_t)y * (size_t)im->w * 3,
			       (uint32_t)y, 0) == 1;
	/* Closing writes the directory, without which nobody finds the rows. */
	if (t)
		TIFFClose(t);
	if (!good) {
		free(f.written);
		return fl_fail(err, FL_EDATA, "cannot write TIFF: %s", f.text);
	}
	*out = f.written;
	*size = f.size;
	return 0;
}
