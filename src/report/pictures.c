/* pictures.c - what a model sees in the pictures that it does worst, best, and
 * in between.
 *
 * Called for evaluations that the page shows. Twelve pictures of at most SIDE
 * points and MOST_BYTES bytes are a fifth of what a page may weigh. Boxes are
 * not drawn here: the page draws them over the picture, so that their names are
 * letters. */
#include "report/pictures.h"

#include "base/arena.h"
#include "base/file.h"
#include "image/image.h"
#include "report/mosaic.h"
#include "report/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 360
#define QUALITY 75
#define MOST_BYTES 36000
#define MOST_MOSAIC 150000
#define MOST_BOXES 40

static struct json *base64(const uint8_t *p, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				      "nopqrstuvwxyz0123456789+/";
	char *text = fl_malloc((n + 2) / 3 * 4 + 1), *to = text;
	struct json *out;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		*to++ = letters[v >> 18];
		*to++ = letters[v >> 12 & 63];
		*to++ = i + 1 < n ? letters[v >> 6 & 63] : '=';
		*to++ = i + 2 < n ? letters[v & 63] : '=';
	}
	*to = '\0';
	out = json_new_text(text);
	free(text);
	return out;
}

/* Every pixel is the mean of those that it covers. */
static void shrink(const struct image *from, struct image *to)
{
	const size_t w = (size_t)from->w, h = (size_t)from->h;
	const size_t ow = (size_t)to->w, oh = (size_t)to->h;

	for (size_t y = 0; y < oh; y++)
		for (size_t x = 0; x < ow; x++) {
			size_t y0 = y * h / oh, y1 = (y + 1) * h / oh;
			size_t x0 = x * w / ow, x1 = (x + 1) * w / ow;
			unsigned sum[3] = { 0 }, n = 0;

			for (size_t v = y0; v < y1; v++)
				for (size_t u = x0; u < x1; u++, n++)
					for (size_t c = 0; c < 3; c++)
						sum[c] += from->rgb[(v * w +
								     u) * 3 +
								    c];
			for (size_t c = 0; c < 3; c++)
				to->rgb[(y * ow + x) * 3 + c] =
					(uint8_t)(n ? sum[c] / n : 0);
		}
}

/* The worse its quality the smaller, until it fits; NULL where it does not. */
static struct json *encode(const struct image *im, size_t most)
{
	struct json *out = NULL;

	for (int quality = QUALITY; !out && quality >= 35; quality -= 20) {
		struct fl_err why = FL_ERR_INIT;
		uint8_t *bytes = NULL;
		size_t size;

		if (image_encode(IMAGE_JPEG, im, quality, &bytes, &size,
				 &why) == 0 &&
		    size <= most)
			out = base64(bytes, size);
		free(bytes);
	}
	return out;
}

static struct json *small_picture(const char *path)
{
	struct fl_err why = FL_ERR_INIT;
	struct image im = { 0 }, small = { 0 };
	struct json *out = NULL;
	int longer;

	if (image_read(path, &im, &why) == 0) {
		longer = im.w > im.h ? im.w : im.h;
		if (longer > SIDE) {
			int w = (int)((int64_t)im.w * SIDE / longer);
			int h = (int)((int64_t)im.h * SIDE / longer);

			image_resize_buffer(&small, w > 0 ? w : 1,
					    h > 0 ? h : 1);
			shrink(&im, &small);
		}
		out = encode(longer > SIDE ? &small : &im, MOST_BYTES);
	}
	image_release(&im);
	image_release(&small);
	return out;
}

static struct json *box_json(const struct dataset *d, int class, double x,
			     double y, double w, double h)
{
	struct json *o = json_new_object();

	json_set(o, "class", scores_name(d->class_names[class]));
	json_set_int(o, "index", class);
	json_set_real(o, "x", round(10 * x) / 10);
	json_set_real(o, "y", round(10 * y) / 10);
	json_set_real(o, "w", round(10 * w) / 10);
	json_set_real(o, "h", round(10 * h) / 10);
	return o;
}

static struct json *truths_json(const struct dataset *d,
				const struct data_image *im)
{
	struct json *list = json_new_array();

	for (int i = 0; i < im->count && i < MOST_BOXES; i++) {
		const float *b = im->boxes[i];

		json_add(list,
			 box_json(d, im->classes[i], (double)b[0], (double)b[1],
				  (double)b[2] - (double)b[0],
				  (double)b[3] - (double)b[1]));
	}
	return list;
}

/* Detections of a picture come by falling score. */
static struct json *said_json(const struct sink_evaluation *e,
			      const struct judged_image *im)
{
	const struct dataset *d = &e->evaluator->data;
	struct json *list = json_new_array();

	for (size_t i = 0; i < im->count && json_count(list) < MOST_BOXES;
	     i++) {
		const struct coco_detection *f = &e->detections[im->first + i];
		int class = judged_class(d, f->category_id);
		struct json *o;

		if (f->score < CONFUSION_SCORE || class < 0)
			continue;
		o = box_json(d, class, f->bbox[0], f->bbox[1], f->bbox[2],
			     f->bbox[3]);
		json_set_real(o, "score", round(1e3 * f->score) / 1e3);
		json_add(list, o);
	}
	return list;
}

static void add_picture(struct json *list, const struct sink_evaluation *e,
			const struct judged *j, int i, const char *kind)
{
	const struct data_image *im = &e->evaluator->data.images[i];
	struct json *jpeg = small_picture(im->path), *o;

	if (!jpeg || im->w <= 0 || im->h <= 0) {
		json_free(jpeg);
		return;
	}
	o = json_new_object();
	json_set_text(o, "kind", kind);
	json_set(o, "name", scores_name(fl_base_name(im->path)));
	json_set_int(o, "w", im->w);
	json_set_int(o, "h", im->h);
	json_set_real(o, "f1", confusion_f1(&j->images[i].found));
	json_set(o, "truths", truths_json(&e->evaluator->data, im));
	json_set(o, "said", said_json(e, &j->images[i]));
	json_set(o, "jpeg", jpeg);
	json_add(list, o);
}

struct picture_rank {
	double f1;
	int mistakes, image;
};

/* The worst first; of equal ones that with more mistakes. */
static int by_f1(const void *a, const void *b)
{
	const struct picture_rank *x = a, *y = b;

	if (x->f1 != y->f1)
		return x->f1 < y->f1 ? -1 : 1;
	if (x->mistakes != y->mistakes)
		return x->mistakes > y->mistakes ? -1 : 1;
	return x->image - y->image;
}

static int rank(const struct judged *j, struct picture_rank *out)
{
	int n = 0;

	for (int i = 0; i < j->count; i++) {
		const struct confusion_image *f = &j->images[i].found;
		double f1 = confusion_f1(f);

		if (isfinite(f1)) /* there is anything in it */
			out[n++] = (struct picture_rank){
				f1, f->said + f->truths - 2 * f->right, i
			};
	}
	qsort(out, (size_t)n, sizeof(*out), by_f1);
	return n;
}

struct json *pictures_json(const struct sink_evaluation *e,
			   const struct judged *j)
{
	struct picture_rank *r = fl_calloc((size_t)j->count + 1, sizeof(*r));
	struct json *list = json_new_array();
	int n = rank(j, r), each = PICTURES_EACH;
	int middle;

	if (n < 3 * each) /* none of them twice */
		each = n / 3;
	middle = (n - each) / 2;
	for (int i = 0; i < each; i++)
		add_picture(list, e, j, r[i].image, "worst");
	for (int i = 0; i < each; i++)
		add_picture(list, e, j, r[middle + i].image, "median");
	for (int i = 0; i < each; i++)
		add_picture(list, e, j, r[n - 1 - i].image, "best");
	free(r);
	return list;
}

struct json *pictures_batch(const struct reader_options *reader,
			    const struct sink_batch *b)
{
	struct image image = { 0 };
	struct json *out;

	mosaic_of_batch(reader, b->batch, b->data, &image);
	out = encode(&image, MOST_MOSAIC);
	image_release(&image);
	return out;
}
