/* synth_annotations.c - annotation files of any size without pictures, as
 * Objects365 has them: for measuring how long a huge list takes to open. Called
 * by 'flotilla data synth --annotations-only'. 365 classes of which the common
 * ones are far more common, 15 objects an image on average, sizes by their
 * logarithm, numbers of up to two decimals. Written as it is drawn, so that
 * memory does not grow with the list. */
#include "data/synth.h"

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/str.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

#define CLASSES 365
#define MOST_OBJECTS 30 /* 0 to 30, any as often: 15 */
#define FLUSH (1 << 20)
/* Pictures of the second split continue the numbers of the first. */
#define SPLIT_SALT 8

struct writer {
	struct fl_out out;
	struct fl_str text;
	int rc;
	struct fl_err *err;
};

static void flush(struct writer *w, size_t at_least)
{
	if (w->text.len < at_least || w->rc != 0)
		return;
	w->rc = fl_out_write(&w->out, w->text.data, w->text.len, w->err);
	fl_str_clear(&w->text);
}

static struct fl_rng rng_of(const struct synth_options *o, int image, int split)
{
	return fl_rng_open(o->seed, FL_RNG_SYNTH, (uint64_t)image,
			   (uint64_t)(SPLIT_SALT + split));
}

struct size {
	int w, h;
};

/* The first draws of an image. */
static struct size draw_size(struct fl_rng *rng)
{
	static const struct size sizes[4] = {
		{ 640, 480 }, { 480, 640 }, { 1024, 683 }, { 769, 1024 }
	};

	return sizes[fl_rng_below(rng, 4)];
}

static void add_images(struct writer *w, const struct synth_options *o,
		       int count, int split)
{
	fl_str_add(&w->text, "{\"images\": [");
	for (int i = 0; i < count && w->rc == 0; i++) {
		struct fl_rng rng = rng_of(o, i, split);
		struct size s = draw_size(&rng);

		fl_str_addf(
			&w->text,
			"%s{\"height\": %d, \"id\": %d, \"license\": 5, \"width\": %d, "
			"\"file_name\": \"images/v1/patch%d/objects365_v1_%08d.jpg\", "
			"\"url\": \"\"}",
			i ? ", " : "", s.h, i + 1, s.w, i / 40000, i + 1);
		flush(w, FLUSH);
	}
	fl_str_add(&w->text, "], \"categories\": [");
	for (int c = 1; c <= CLASSES; c++)
		fl_str_addf(&w->text, "%s{\"name\": \"class %d\", \"id\": %d}",
			    c > 1 ? ", " : "", c, c);
}

/* Hundredths of a pixel are whole numbers here, so that nothing is rounded
 * twice. */
static void add_object(struct writer *w, struct fl_rng *rng, struct size s,
		       int image, long id)
{
	int side[2] = { s.w, s.h }, at[2], size[2];
	double u = fl_rng_unit(rng);

	for (int k = 0; k < 2; k++) {
		double part = exp(fl_rng_range(rng, log(0.01), log(0.9)));

		size[k] = (int)(100 * part * side[k]) + 1;
		at[k] = (int)fl_rng_below(
			rng, (uint64_t)(100 * side[k] - size[k] + 1));
	}
	fl_str_addf(
		&w->text,
		"%s{\"id\": %ld, \"iscrowd\": %d, \"isfake\": 0, \"area\": %.4f, "
		"\"isreflected\": 0, \"bbox\": [%d.%02d, %d.%02d, %d.%02d, %d.%02d], "
		"\"image_id\": %d, \"category_id\": %d}",
		id > 1 ? ", " : "", id, fl_rng_below(rng, 100) == 0,
		size[0] * 1e-4 * size[1], at[0] / 100, at[0] % 100, at[1] / 100,
		at[1] % 100, size[0] / 100, size[0] % 100, size[1] / 100,
		size[1] % 100, image, 1 + (int)(CLASSES * u * u * u));
}

static long add_objects(struct writer *w, const struct synth_options *o,
			int count, int split)
{
	long id = 0;

	fl_str_add(&w->text, "], \"annotations\": [");
	for (int i = 0; i < count && w->rc == 0; i++) {
		struct fl_rng rng = rng_of(o, i, split);
		struct size s = draw_size(&rng);
		int objects = (int)fl_rng_below(&rng, MOST_OBJECTS + 1);

		for (int k = 0; k < objects; k++)
			add_object(w, &rng, s, i + 1, ++id);
		flush(w, FLUSH);
	}
	fl_str_add(&w->text, "]}\n");
	flush(w, 0);
	return id;
}

static int make_list(const char *dir, const char *name, int count, int split,
		     const struct synth_options *o, struct fl_err *err)
{
	struct writer w = { .err = err };
	char path[PATH_MAX];
	long objects;

	snprintf(path, sizeof(path), "%s/annotations/%s.json", dir, name);
	w.rc = fl_out_open(&w.out, path, err);
	if (w.rc != 0)
		return w.rc;
	add_images(&w, o, count, split);
	objects = add_objects(&w, o, count, split);
	fl_str_release(&w.text);
	if (w.rc == 0)
		w.rc = fl_out_commit(&w.out, err);
	else
		fl_out_abort(&w.out);
	if (w.rc == 0)
		fl_info("%s: %d images listed, %ld objects", name, count,
			objects);
	return w.rc;
}

int synth_make_annotations(const char *dir, const struct synth_options *o,
			   struct fl_err *err)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/annotations", dir);
	rc = fl_make_dirs(path, err);
	if (rc == 0)
		rc = make_list(dir, "train", o->train, 0, o, err);
	if (rc == 0)
		rc = make_list(dir, "val", o->val, 1, o, err);
	return rc;
}
