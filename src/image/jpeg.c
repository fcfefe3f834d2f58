/* jpeg.c - JPEG by libjpeg-turbo's classic interface, because TurboJPEG's lacks
 * three things: telling warnings apart, any sampling factors (4:1:0), and ink
 * (CMYK). Judged against OpenCV: what libjpeg warns of is a warning, a file
 * that ends before its last row is an error. Called through the table of
 * image.c, by many threads at once, each with its own structs. */
#include "image/codec.h"
#include "image/orient.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

const char *jpeg_library_version(void)
{
	return JPEG_VERSION;
}

/* Cameras write some ten scans. Each scan goes over the whole picture, so a
 * file of some kilobytes with thousands of empty ones costs minutes of
 * decoding. */
#define MOST_SCANS 500

/* libjpeg's own fields stand first in each struct: its callbacks find ours. */
struct complaints {
	struct jpeg_error_mgr manager;
	jmp_buf back;
	struct image *image; /* who is to hear warnings; NULL: nobody */
	bool reading_rows;
	char text[JMSG_LENGTH_MAX];
};

struct jpeg_reader {
	struct jpeg_decompress_struct d;
	struct jpeg_progress_mgr progress;
	struct complaints complaints;
	const uint8_t *bytes;
	size_t size;
	struct image_info *info; /* to fill by read_info */
	struct image *out;	 /* to fill by read_pixels */
	JSAMPLE *ink;		 /* a row of CMYK */
};

/* Does the work go through? libjpeg jumps back here where it does not: what the
 * work changes lies outside this function, so it is whole after the jump. */
static bool goes_through(struct complaints *c, void (*work)(void *), void *with)
{
	if (setjmp(c->back) != 0)
		return false;
	work(with);
	return true;
}

/* libjpeg's default prints and ends the process: a broken picture would end a
 * training. */
static void give_up(j_common_ptr c)
{
	struct complaints *to = (struct complaints *)c->err;

	c->err->format_message(c, to->text);
	longjmp(to->back, 1);
}

/* Warnings go to the picture's struct; standard error is not theirs. */
static void keep_quiet(j_common_ptr c)
{
	(void)c;
}

/* Was anything of the pixels lost by what libjpeg warns of? 'data check' tells
 * these pictures apart from those that are only untidy. */
static bool loses_pixels(const struct complaints *c)
{
	switch (c->manager.msg_code) {
	case JWRN_HIT_MARKER:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_ARITH_BAD_CODE:
	case JWRN_BOGUS_PROGRESSION:
		return true;
	case JWRN_EXTRANEOUS_DATA: /* between headers it is padding */
	case JWRN_MUST_RESYNC:
		return c->reading_rows;
	default:
		return false;
	}
}

/* In place of libjpeg's counting of warnings. A file that ends too early would
 * be filled with grey by libjpeg; OpenCV refuses it. */
static void warned(j_common_ptr c, int level)
{
	struct complaints *to = (struct complaints *)c->err;

	if (level >= 0)
		return; /* a trace */
	if (c->err->msg_code == JWRN_JPEG_EOF)
		give_up(c);
	if (!to->image)
		return;
	/* The first warning is told, but any of them may be the one that lost
	 * pixels. */
	to->image->lost = to->image->lost || loses_pixels(to);
	if (*to->image->warning)
		return;
	c->err->format_message(c, to->text);
	snprintf(to->image->warning, sizeof(to->image->warning), "%s",
		 to->text);
}

/* Called by libjpeg's own loops, the only place from which a decoding that is
 * under way can be stopped. */
static void count_scans(j_common_ptr c)
{
	struct jpeg_reader *r = (struct jpeg_reader *)c;

	if (r->d.input_scan_number > MOST_SCANS) {
		snprintf(r->complaints.text, sizeof(r->complaints.text),
			 "more than %d scans", MOST_SCANS);
		longjmp(r->complaints.back, 1);
	}
}

static struct jpeg_error_mgr *listen(struct complaints *c, struct image *image)
{
	jpeg_std_error(&c->manager);
	c->manager.error_exit = give_up;
	c->manager.output_message = keep_quiet;
	c->manager.emit_message = warned;
	c->image = image;
	return &c->manager;
}

static void read_header(struct jpeg_reader *r)
{
	jpeg_create_decompress(&r->d);
	r->progress.progress_monitor = count_scans;
	r->d.progress = &r->progress;
	/* Whole APP1 segments, as long as they can be: Exif is among them. */
	jpeg_save_markers(&r->d, JPEG_APP0 + 1, 0xFFFF);
	jpeg_mem_src(&r->d, r->bytes, r->size);
	jpeg_read_header(&r->d, TRUE);
}

/* Of the first Exif segment, 1 where there is none; that a second one does not
 * count is OpenCV's choice. XMP is an APP1 segment too, hence the look at the
 * name. */
static int orientation_of(const struct jpeg_reader *r)
{
	const struct jpeg_marker_struct *m = r->d.marker_list;

	for (; m; m = m->next)
		if (m->data_length > 6 && memcmp(m->data, "Exif\0\0", 6) == 0)
			return exif_orientation(m->data + 6,
						m->data_length - 6);
	return 1;
}

static void read_info(void *with)
{
	struct jpeg_reader *r = with;

	read_header(r);
	*r->info = (struct image_info){ .kind = IMAGE_JPEG,
					.w = (int)r->d.image_width,
					.h = (int)r->d.image_height,
					.components = r->d.num_components,
					.bits = r->d.data_precision,
					.orientation = orientation_of(r) };
}

int jpeg_probe(const uint8_t *bytes, size_t size, struct image_info *info,
	       struct fl_err *err)
{
	struct jpeg_reader r = { .bytes = bytes, .size = size, .info = info };
	int rc = 0;

	r.d.err = listen(&r.complaints, NULL);
	if (!goes_through(&r.complaints, read_info, &r))
		rc = fl_fail(err, FL_EDATA,
			     "a JPEG whose header cannot be read: %s",
			     r.complaints.text);
	jpeg_destroy_decompress(&r.d);
	return rc;
}

/* OpenCV's rule, in its integers. Adobe writes ink upside down and everyone
 * followed, so a sample says how much light is left; paper is the fourth,
 * black. */
static void ink_to_rgb(const JSAMPLE *ink, uint8_t *rgb, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 3; k++) {
			int paper = ink[4 * i + 3];
			int light = ink[4 * i + k];

			rgb[3 * i + k] =
				(uint8_t)(paper - ((255 - light) * paper >> 8));
		}
}

static void read_pixels(void *with)
{
	struct jpeg_reader *r = with;
	struct image *out = r->out;
	size_t width;
	bool four;

	read_header(r);
	/* libjpeg turns everything else into RGB itself, but not ink: it gives
	 * it as it stands, a row at a time, and 'ink' holds that row. */
	four = r->d.num_components == 4;
	width = r->d.image_width;
	r->d.out_color_space = four ? JCS_CMYK : JCS_RGB;
	if (four)
		r->ink = fl_malloc(width * 4);
	/* Rows land in the picture directly. What is read of r after a jump
	 * back was set before it or lies outside of goes_through(), so nothing
	 * leaks. */
	image_resize_buffer(out, (int)width, (int)r->d.image_height);
	jpeg_start_decompress(&r->d);
	r->complaints.reading_rows = true;
	while (r->d.output_scanline < r->d.output_height) {
		uint8_t *rgb = out->rgb + r->d.output_scanline * width * 3;
		JSAMPROW row = four ? r->ink : rgb;

		jpeg_read_scanlines(&r->d, &row, 1);
		if (four)
			ink_to_rgb(r->ink, rgb, width);
	}
}

int jpeg_decode(const uint8_t *bytes, size_t size, struct image *out,
		struct fl_err *err)
{
	struct jpeg_reader r = { .bytes = bytes, .size = size, .out = out };
	int rc = 0;

	r.d.err = listen(&r.complaints, out);
	if (goes_through(&r.complaints, read_pixels, &r))
		orient_pixels(out, orientation_of(&r));
	else
		rc = fl_fail(err, FL_EDATA, "a damaged or truncated JPEG: %s",
			     r.complaints.text);
	jpeg_destroy_decompress(&r.d);
	free(r.ink);
	return rc;
}

struct jpeg_writer {
	struct jpeg_compress_struct c;
	struct complaints complaints;
	const struct image *im;
	int quality;
	unsigned char *bytes; /* libjpeg's to fill */
	unsigned long count;
};

static void write_pixels(void *with)
{
	struct jpeg_writer *w = with;
	struct jpeg_compress_struct *c = &w->c;
	const struct image *im = w->im;

	jpeg_create_compress(c);
	jpeg_mem_dest(c, &w->bytes, &w->count);
	c->image_width = (JDIMENSION)im->w;
	c->image_height = (JDIMENSION)im->h;
	c->input_components = 3;
	c->in_color_space = JCS_RGB;
	jpeg_set_defaults(c); /* 4:2:0, the accurate DCT */
	/* 4:2:0 and the accurate DCT are libjpeg's defaults, as Pillow has
	 * them, whose JPEGs the reference's infer writes. */
	jpeg_set_quality(c, w->quality, TRUE);
	jpeg_start_compress(c, TRUE);
	while (c->next_scanline < c->image_height) {
		JSAMPROW row =
			im->rgb + (size_t)c->next_scanline * (size_t)im->w * 3;

		jpeg_write_scanlines(c, &row, 1);
	}
	jpeg_finish_compress(c);
}

int jpeg_encode(const struct image *im, int quality, uint8_t **out,
		size_t *size, struct fl_err *err)
{
	/* The buffer is libjpeg's malloc; it grows while it is written, so
	 * after a failure it may be there and is freed here. */
	struct jpeg_writer w = { .im = im, .quality = quality };
	int rc = 0;

	w.c.err = listen(&w.complaints, NULL);
	if (!goes_through(&w.complaints, write_pixels, &w)) {
		rc = fl_fail(err, FL_EDATA, "cannot write JPEG: %s",
			     w.complaints.text);
		free(w.bytes);
		w.bytes = NULL;
	}
	jpeg_destroy_compress(&w.c);
	*out = w.bytes;
	*size = w.count;
	return rc;
}
