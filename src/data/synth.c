/* Made-up pictures, for 'data synth', the demo and tests: a textured ground,
 * then objects that fit, painted in order and written as JPEG beside their
 * annotations. Places are drawn before colours, as an object has to stand out
 * from the ground below it. Pictures are made in parallel, each from its own
 * stream, so their number and the threads change none of them. */
#include "data/synth.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "base/rng.h"
#include "image/draw.h"
#include "text/json.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What synth.h promises: objects a picture, the hidden share of the smaller
 * box, the ratio of luminances, sides as a share of the picture. */
#define MOST_OBJECTS 12
#define MOST_HIDDEN 0.5
#define LEAST_CONTRAST 1.3
#define LEAST_SIDE 0.06
#define MOST_SIDE 0.6

struct object {
	enum draw_shape shape;
	double x, y, w, h;
	uint8_t color[3];
};

struct scene {
	struct object objects[MOST_OBJECTS];
	int count;
};

/* BT.601, as Pillow's grey has it. */
static double luminance(const double c[3])
{
	return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
}

/* Waves and grain between two colours. */
static void paint_ground(struct image *im, struct fl_rng *rng, double mean[3])
{
	double a[3], b[3], fx = fl_rng_range(rng, -0.12, 0.12);
	double fy = fl_rng_range(rng, -0.12, 0.12);
	double grain = fl_rng_range(rng, 1, 8), level = 0, base;

	/* Neither black nor white, so that objects may be lighter or darker. */
	base = fl_rng_range(rng, 90, 165);
	for (int c = 0; c < 3; c++) {
		a[c] = base + fl_rng_range(rng, -25, 25);
		b[c] = a[c] + fl_rng_range(rng, -30, 30);
		mean[c] = (a[c] + b[c]) / 2;
	}
	for (int y = 0; y < im->h; y++) {
		for (int x = 0; x < im->w; x++) {
			double t =
				0.5 + 0.5 * sin(fx * x + fy * y +
						2 * sin(0.03 * x - 0.02 * y));
			uint8_t *p =
				im->rgb +
				((size_t)y * (size_t)im->w + (size_t)x) * 3;

			level = fl_rng_range(rng, -grain, grain);
			for (int c = 0; c < 3; c++) {
				double v = a[c] + (b[c] - a[c]) * t + level;

				p[c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
			}
		}
	}
}

/* A colour from hue (turns), saturation and value. Of six sixths of the circle
 * each channel is full in two, rising or falling in one each side; the shift by
 * a third makes one formula of three. */
static void from_hue(double hue, double saturation, double value, double c[3])
{
	for (int k = 0; k < 3; k++) {
		double h = 6 * (hue + 1 - k / 3.0);
		double x = fabs(h - 6 * floor(h / 6) - 3) - 1;

		x = x < 0 ? 0 : x > 1 ? 1 : x;
		c[k] = 255 * value * (1 - saturation * (1 - x));
	}
}

/* A colour around the class's own hue whose luminance stands off the ground's
 * by at least the least contrast, lighter or darker. */
static void choose_color(struct fl_rng *rng, enum draw_shape shape,
			 const double ground[3], uint8_t out[3])
{
	/* One more on both sides, so that black has a ratio too. */
	double g = luminance(ground) + 1, c[3], ratio;

	do {
		double hue = (double)shape / DRAW_SHAPES +
			     fl_rng_range(rng, -0.05, 0.05);

		from_hue(hue, fl_rng_range(rng, 0.5, 1),
			 fl_rng_range(rng, 0.3, 1), c);
		ratio = (luminance(c) + 1) / g;
	} while (ratio < LEAST_CONTRAST && ratio > 1 / LEAST_CONTRAST);
	for (int k = 0; k < 3; k++)
		out[k] = (uint8_t)c[k];
}

/* The area that two boxes share. */
static double common(const struct object *a, const struct object *b)
{
	double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x);
	double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y);

	return w > 0 && h > 0 ? w * h : 0;
}

/* A later object may hide at most half of the smaller box of the two. */
static bool fits(const struct scene *s, const struct object *o)
{
	for (int i = 0; i < s->count; i++) {
		const struct object *p = &s->objects[i];
		double least = fmin(o->w * o->h, p->w * p->h);

		if (common(o, p) > MOST_HIDDEN * least)
			return false;
	}
	return true;
}

static void place_objects(struct scene *s, struct fl_rng *rng, int w, int h,
			  const double ground[3])
{
	int wanted = (int)fl_rng_below(rng, MOST_OBJECTS + 1);

	for (int tries = 0; s->count < wanted && tries < 200; tries++) {
		struct object o;
		/* sizes by their logarithm: as many small as large ones */
		double side =
			exp(fl_rng_range(rng, log(LEAST_SIDE), log(MOST_SIDE)));
		double aspect = exp(fl_rng_range(rng, -0.25, 0.25));

		o.shape = (enum draw_shape)fl_rng_below(rng, DRAW_SHAPES);
		o.w = fmax(LEAST_SIDE, fmin(side * aspect, MOST_SIDE)) * w;
		o.h = fmax(LEAST_SIDE, fmin(side / aspect, MOST_SIDE)) * h;
		o.x = fl_rng_range(rng, 0, w - o.w);
		o.y = fl_rng_range(rng, 0, h - o.h);
		choose_color(rng, o.shape, ground, o.color);
		if (fits(s, &o))
			s->objects[s->count++] = o;
	}
}

/* What the threads share of one part of the data set; only err needs the
 * lock. */
struct split {
	const char *dir, *name;
	const struct synth_options *options;
	uint64_t salt; /* training and held-back pictures differ */
	int count;
	struct scene *scenes;
	pthread_mutex_t lock;
	struct fl_err *err;
};

static void make_pictures(void *ctx, size_t first, size_t last, int chunk)
{
	struct split *s = ctx;
	struct image im = { 0 };

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		struct fl_rng rng =
			fl_rng_open(s->options->seed, FL_RNG_SYNTH, i, s->salt);
		struct fl_err err = FL_ERR_INIT;
		char path[PATH_MAX];
		double ground[3];

		image_resize_buffer(&im, s->options->width, s->options->height);
		paint_ground(&im, &rng, ground);
		place_objects(&s->scenes[i], &rng, im.w, im.h, ground);
		for (int k = 0; k < s->scenes[i].count; k++) {
			const struct object *o = &s->scenes[i].objects[k];

			draw_shape(&im, o->shape, o->x, o->y, o->w, o->h,
				   o->color);
		}
		snprintf(path, sizeof(path), "%s/images/%s/%06zu.jpg", s->dir,
			 s->name, i + 1);
		if (image_write(path, &im, 92, &err) != 0) {
			pthread_mutex_lock(&s->lock);
			*s->err = err;
			pthread_mutex_unlock(&s->lock);
			break;
		}
	}
	image_release(&im);
}

/* Hundredths of a pixel: fewer digits, and the boxes are exact to what a
 * picture can show. */
static double pixels(double v)
{
	return round(v * 100) / 100;
}

static void add_object(struct json *list, const struct object *o, int image,
		       int id)
{
	double box[4] = { o->x, o->y, o->w, o->h };
	struct json *a = json_new_object(), *b = json_new_array();

	for (int k = 0; k < 4; k++)
		json_add(b, json_new_real(pixels(box[k])));
	json_set_int(a, "id", id);
	json_set_int(a, "image_id", image);
	json_set_int(a, "category_id", (int)o->shape + 1);
	json_set(a, "bbox", b);
	json_set_real(a, "area", pixels(o->w * o->h));
	json_set_int(a, "iscrowd", 0);
	json_add(list, a);
}

static int write_annotations(const struct split *s, struct fl_err *err)
{
	struct json *o = json_new_object(), *images = json_new_array();
	struct json *boxes = json_new_array(), *classes = json_new_array();
	char path[PATH_MAX], name[32];
	int id = 0, rc;

	for (int i = 0; i < s->count; i++) {
		struct json *im = json_new_object();

		snprintf(name, sizeof(name), "%06d.jpg", i + 1);
		json_set_int(im, "id", i + 1);
		json_set_text(im, "file_name", name);
		json_set_int(im, "width", s->options->width);
		json_set_int(im, "height", s->options->height);
		json_add(images, im);
		for (int k = 0; k < s->scenes[i].count; k++)
			add_object(boxes, &s->scenes[i].objects[k], i + 1,
				   ++id);
	}
	for (int c = 0; c < DRAW_SHAPES; c++) {
		struct json *k = json_new_object();

		json_set_int(k, "id", c + 1);
		json_set_text(k, "name", draw_shape_names[c]);
		json_add(classes, k);
	}
	json_set(o, "images", images);
	json_set(o, "annotations", boxes);
	json_set(o, "categories", classes);
	snprintf(path, sizeof(path), "%s/annotations/%s.json", s->dir, s->name);
	rc = json_write(o, path, err);
	json_free(o);
	fl_info("%s: %d pictures, %d objects", s->name, s->count, id);
	return rc;
}

/* Pictures first: the annotations are written of the scenes that they leave. */
static int make_split(const char *dir, const char *name, uint64_t salt,
		      int count, const struct synth_options *options,
		      struct fl_err *err)
{
	struct split s = { .dir = dir,
			   .name = name,
			   .options = options,
			   .salt = salt,
			   .count = count,
			   .err = err };
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/images/%s", dir, name);
	rc = fl_make_dirs(path, err);
	if (rc != 0)
		return rc;
	pthread_mutex_init(&s.lock, NULL);
	s.scenes = fl_calloc((size_t)count + 1, sizeof(*s.scenes));
	/* Threads write it under the lock; any of several errors will do. */
	err->code = 0;
	fl_par_for((size_t)count, 8, make_pictures, &s);
	rc = err->code;
	if (rc == 0)
		rc = write_annotations(&s, err);
	free(s.scenes);
	pthread_mutex_destroy(&s.lock);
	return rc;
}

int synth_make(const char *dir, const struct synth_options *options,
	       struct fl_err *err)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/annotations", dir);
	rc = fl_make_dirs(path, err);
	if (rc == 0)
		rc = make_split(dir, "train", 0, options->train, options, err);
	/* val last: its annotations mark a whole data set */
	if (rc == 0)
		rc = make_split(dir, "val", 1, options->val, options, err);
	return rc;
}
