/* A record of draws read back, to repeat a run, or the reference's, without
 * drawing anything (docs/replay.md). Called by loader_open.c. The whole file is
 * read and checked before the first step: against the recipe's chain, the
 * pictures of the data set, and that no step is missing, because a mistake in
 * epoch 20 must not cost twenty epochs. Entries are sorted by step and found by
 * bisection. */
#include "data/tape.h"

#include "base/file.h"
#include "data/tape_priv.h"
#include "text/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a canvas' side: far past any picture, and sums of two still fit an int. */
#define MOST_PIXELS (1 << 20) /* of a canvas' side */

/* The line is for sentences about it. */
struct entry {
	int epoch, step, line;
	struct tape_image image;
};

struct tape {
	char *path;
	struct tape_batch *batches; /* in order of epoch, step, rank */
	size_t batch_count, batch_cap;
	struct entry *entries; /* in order of epoch, step, image */
	size_t entry_count, entry_cap;
	int64_t *ids; /* of the data set, in order; until read */
};

void tape_free(struct tape *t)
{
	if (!t)
		return;
	free(t->path);
	free(t->batches);
	free(t->entries);
	free(t->ids);
	free(t);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int by_batch(const void *a, const void *b)
{
	const struct tape_batch *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int by_entry(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->image.id < y->image.id ? -1 : x->image.id > y->image.id;
}

/* A whole number of an object within its bounds; the caller names file and
 * line. */
static int need_int(const struct json *o, const char *key, int min, int max,
		    int *out, struct fl_err *err)
{
	int64_t v;
	int rc = json_need_int(o, key, &v, err);

	if (rc != 0)
		return rc;
	if (v < min || v > max)
		return fl_fail(err, FL_EDATA, "'%s' is %lld, outside %d to %d",
			       key, (long long)v, min, max);
	*out = (int)v;
	return 0;
}

/* The numbers of an operation behind its name: whole and not negative, since
 * they are places and sizes in pixels. */
static int op_ints(const struct json *op, const char *name, int count, int *out,
		   struct fl_err *err)
{
	if (json_count(op) != (size_t)count + 1)
		return fl_fail(err, FL_EDATA,
			       "'%s' needs %d numbers, it has %zu", name, count,
			       json_count(op) - 1);
	for (int i = 0; i < count; i++) {
		int64_t v;

		if (!json_int(json_at(op, (size_t)i + 1), &v) || v < 0 ||
		    v > MOST_PIXELS)
			return fl_fail(
				err, FL_EDATA,
				"number %d of '%s' is not a whole one of 0 to %d",
				i + 1, name, MOST_PIXELS);
		out[i] = (int)v;
	}
	return 0;
}

/* 255 bounds a turn of the hue, which is in 256ths; the others stay below 2. */
static int read_color(const struct json *op, int color, struct draws *d,
		      struct fl_err *err)
{
	double f;

	if (json_count(op) != 2 || !json_real_of(json_at(op, 1), &f) ||
	    !isfinite(f) || fabs(f) > 255)
		return fl_fail(err, FL_EDATA,
			       "'%s' needs one factor of -255 to 255",
			       tape_colors[color]);
	/* draws has room for each of the four once. */
	for (int i = 0; i < d->colors; i++)
		if (d->color[i] == color)
			return fl_fail(err, FL_EDATA, "'%s' stands there twice",
				       tape_colors[color]);
	d->color[d->colors] = color;
	d->factor[d->colors++] = f;
	return 0;
}

/* The crop begins as the whole canvas, as a picture without a crop has it. */
static int read_expand(const struct json *op, const struct tape_image *im,
		       struct draws *d, struct fl_err *err)
{
	int v[4], rc = op_ints(op, "expand", 4, v, err);

	if (rc != 0)
		return rc;
	if (v[0] < im->w || v[1] < im->h || v[2] > v[0] - im->w ||
	    v[3] > v[1] - im->h)
		return fl_fail(
			err, FL_EDATA,
			"a picture of %d x %d at %d, %d does not lie in a canvas of %d x %d",
			im->w, im->h, v[2], v[3], v[0], v[1]);
	d->canvas_w = d->crop_w = v[0];
	d->canvas_h = d->crop_h = v[1];
	d->paste_x = v[2];
	d->paste_y = v[3];
	return 0;
}

static int read_crop(const struct json *op, struct draws *d, struct fl_err *err)
{
	int v[4], rc = op_ints(op, "crop", 4, v, err);

	if (rc != 0)
		return rc;
	if (v[2] < 1 || v[3] < 1 || v[0] > d->canvas_w - v[2] ||
	    v[1] > d->canvas_h - v[3])
		return fl_fail(
			err, FL_EDATA,
			"a crop of %d x %d at %d, %d does not lie in a picture of %d x %d",
			v[2], v[3], v[0], v[1], d->canvas_w, d->canvas_h);
	d->crop_x = v[0];
	d->crop_y = v[1];
	d->crop_w = v[2];
	d->crop_h = v[3];
	return 0;
}

/* Places of the operations in the chain: colours, expand, crop, flip. */
enum {
	AT_COLOR,
	AT_EXPAND,
	AT_CROP,
	AT_FLIP,
	AT_NONE
};

/* Which place an operation has, and of a colour which one it is. */
static int place_of(const char *name, int *color)
{
	static const char *const geometry[] = { "expand", "crop", "flip" };

	for (*color = 0; *color < COLORS; (*color)++)
		if (strcmp(name, tape_colors[*color]) == 0)
			return AT_COLOR;
	for (int i = 0; i < 3; i++)
		if (strcmp(name, geometry[i]) == 0)
			return AT_EXPAND + i;
	return AT_NONE;
}

/* A draw that the recipe's chain does not make would be applied all the same,
 * and the run would not be the recipe's. */
static int in_chain(const struct reader_options *r, int place,
		    struct fl_err *err)
{
	static const char *const names[] = { "RandomDistort", "RandomExpand",
					     "RandomCrop", "RandomFlip" };
	const bool has[] = { r->distort, r->expand, r->crop, r->flip };

	return has[place] ? 0
			  : fl_fail(err, FL_EDATA,
				    "the recipe's TrainReader has no %s",
				    names[place]);
}

/* One operation into the picture's draws. 'last' is the place of the one
 * before: the order is part of the format, as each works in what the one before
 * left. */
static int read_op(const struct json *op, const struct reader_options *reader,
		   struct tape_image *im, int *last, struct fl_err *err)
{
	const char *name = "";
	int color, place, rc;

	if (!json_text(json_at(op, 0), &name))
		return fl_fail(
			err, FL_EDATA,
			"an operation is a list that begins with its name");
	place = place_of(name, &color);
	if (place == AT_NONE)
		return fl_fail(
			err, FL_EDATA,
			"'%s' is no operation of a record; there are brightness, "
			"contrast, saturation, hue, expand, crop, flip",
			name);
	/* Only colours come in any order among themselves, and more than
	 * one. */
	if (place < *last || (place == *last && place != AT_COLOR))
		return fl_fail(
			err, FL_EDATA,
			"'%s' out of order: colours, then expand, crop, flip",
			name);
	*last = place;
	rc = in_chain(reader, place, err);
	if (rc != 0)
		return rc;
	if (place == AT_COLOR)
		return read_color(op, color, &im->draws, err);
	if (place == AT_EXPAND)
		return read_expand(op, im, &im->draws, err);
	if (place == AT_CROP)
		return read_crop(op, &im->draws, err);
	im->draws.flip = true;
	return op_ints(op, "flip", 0, NULL, err);
}

/* A line with an image: its id, the size of its decoded picture, its
 * operations. */
static int read_image(struct tape *t, const struct json *o,
		      const struct reader_options *reader, struct entry *e,
		      size_t id_count, struct fl_err *err)
{
	struct tape_image *im = &e->image;
	const struct json *ops = json_get(o, "ops");
	int last = AT_COLOR, rc = json_need_int(o, "image", &im->id, err);

	if (rc == 0 &&
	    !bsearch(&im->id, t->ids, id_count, sizeof(*t->ids), by_number))
		rc = fl_fail(err, FL_EDATA, "image %lld is not in the data set",
			     (long long)im->id);
	if (rc == 0)
		rc = need_int(o, "width", 1, MOST_PIXELS, &im->w, err);
	if (rc == 0)
		rc = need_int(o, "height", 1, MOST_PIXELS, &im->h, err);
	if (rc == 0 && (!ops || json_kind_of(ops) != JSON_KIND_ARRAY))
		rc = fl_fail(err, FL_EDATA, "'ops' is no list");
	if (rc != 0)
		return rc;
	/* What no operation changes stays as it is without draws. */
	draws_none(&im->draws, im->w, im->h);
	for (size_t i = 0; rc == 0 && i < json_count(ops); i++)
		rc = read_op(json_at(ops, i), reader, im, &last, err);
	return rc;
}

/* A line without: the size has to be one of the recipe's, for plans are made
 * for those alone. */
static int read_batch(const struct json *o, const struct reader_options *reader,
		      int world, struct tape_batch *b, struct fl_err *err)
{
	const struct json *size = json_get(o, "size");
	int count = reader->random_size ? reader->size_count : 1, rc;
	int64_t h = 0, w = 0;

	if (json_count(size) != 2 || !json_int(json_at(size, 0), &h) ||
	    !json_int(json_at(size, 1), &w))
		return fl_fail(err, FL_EDATA, "'size' is not [height, width]");
	for (b->size = 0; b->size < count; b->size++)
		if (reader->sizes[b->size][0] == h &&
		    reader->sizes[b->size][1] == w)
			break;
	if (b->size == count)
		return fl_fail(
			err, FL_EDATA,
			"%lld x %lld is no size of the recipe's BatchRandomResize",
			(long long)h, (long long)w);
	b->rank = -1;
	rc = need_int(o, "interp", INTERP_NEAREST, INTERP_LANCZOS4, &b->interp,
		      err);
	if (rc == 0 && json_get(o, "rank"))
		rc = need_int(o, "rank", 0, world - 1, &b->rank, err);
	return rc;
}

#define GROW(list, count, cap)                                                \
	do {                                                                  \
		if ((count) == (cap)) {                                       \
			(cap) = (cap) ? 2 * (cap) : 256;                      \
			(list) = fl_realloc((list), (cap) * sizeof(*(list))); \
		}                                                             \
	} while (0)

/* What all lines are checked against. */
struct limits {
	const struct reader_options *reader;
	size_t id_count;
	int world, steps_per_epoch;
};

static int read_line(struct tape *t, const struct json *o, int line,
		     const struct limits *is, struct fl_err *err)
{
	int epoch = 0, step = 0;
	int rc = need_int(o, "epoch", 0, 1000000, &epoch, err);

	if (rc == 0)
		rc = need_int(o, "step", 0, is->steps_per_epoch - 1, &step,
			      err);
	if (rc != 0)
		return rc;
	/* A line with an image is that image's, any other a batch's. */
	if (json_get(o, "image")) {
		struct entry *e;

		GROW(t->entries, t->entry_count, t->entry_cap);
		e = &t->entries[t->entry_count++];
		*e = (struct entry){ epoch, step, line, { 0 } };
		return read_image(t, o, is->reader, e, is->id_count, err);
	}
	GROW(t->batches, t->batch_count, t->batch_cap);
	t->batches[t->batch_count].epoch = epoch;
	t->batches[t->batch_count].step = step;
	return read_batch(o, is->reader, is->world,
			  &t->batches[t->batch_count++], err);
}

/* Line by line, so that the error has a number: one JSON document would not. */
static int read_lines(struct tape *t, const struct limits *is,
		      struct fl_err *err)
{
	struct fl_map map;
	int rc = fl_map_open(&map, t->path, err), line = 1;
	const char *p, *end;

	if (rc != 0)
		return rc;
	p = (const char *)map.data;
	for (end = p + map.size; rc == 0 && p < end; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);
		struct json *o = NULL;

		if (len > 0) {
			o = json_parse(p, len, "record of draws", err);
			rc = o ? read_line(t, o, line, is, err) : err->code;
			if (rc != 0)
				fl_context(err, "'%s' line %d", t->path, line);
		}
		json_free(o);
		p += len + 1;
	}
	return fl_map_end(&map, t->path, rc, err);
}

/* Steps follow each other and belong to all ranks alike: a step of which one
 * rank has no batch would leave the others waiting in a collective. */
static int check_order(const struct tape *t, const struct limits *is,
		       struct fl_err *err)
{
	long steps = is->steps_per_epoch, at = -1;
	size_t i = 0;

	if (t->batch_count == 0)
		return fl_fail(err, FL_EDATA, "'%s' records no step", t->path);
	while (i < t->batch_count) {
		const struct tape_batch *b = &t->batches[i];
		long now = b->epoch * steps + b->step;
		int ranks = b->rank < 0 ? 1 : is->world;

		if (at >= 0 && now != at + 1)
			return fl_fail(
				err, FL_EDATA,
				"'%s' goes from step %ld of epoch %ld to step %d of epoch %d",
				t->path, at % steps, at / steps, b->step,
				b->epoch);
		for (int r = 0; r < ranks; r++, i++, b++)
			if (i == t->batch_count ||
			    b->epoch * steps + b->step != now ||
			    (ranks > 1 && b->rank != r))
				return fl_fail(
					err, FL_EDATA,
					"'%s' has no batch of rank %d for step %ld of epoch %ld",
					t->path, r, now % steps, now / steps);
		at = now;
	}
	return 0;
}

/* An image stands in a step once: its draws would be a matter of sorting. */
static int check_images(const struct tape *t, struct fl_err *err)
{
	for (size_t i = 1; i < t->entry_count; i++)
		if (by_entry(&t->entries[i - 1], &t->entries[i]) == 0)
			return fl_fail(
				err, FL_EDATA,
				"'%s' has image %lld twice in one step, in lines %d and %d",
				t->path, (long long)t->entries[i].image.id,
				t->entries[i - 1].line, t->entries[i].line);
	return 0;
}

static void sort(void *list, size_t count, size_t size,
		 int (*order)(const void *, const void *))
{
	if (count > 1)
		qsort(list, count, size, order);
}

/* Sorted once: the order of lines in the file is free. */
int tape_read(const char *path, const struct reader_options *reader,
	      const struct dataset *data, int world, int steps_per_epoch,
	      struct tape **out, struct fl_err *err)
{
	struct limits is = { reader, (size_t)data->count, world,
			     steps_per_epoch };
	struct tape *t = fl_calloc(1, sizeof(*t));
	int rc;

	t->path = fl_strdup(path);
	t->ids = fl_calloc(is.id_count + 1, sizeof(*t->ids));
	for (size_t i = 0; i < is.id_count; i++)
		t->ids[i] = data->images[i].id;
	sort(t->ids, is.id_count, sizeof(*t->ids), by_number);
	rc = read_lines(t, &is, err);
	sort(t->batches, t->batch_count, sizeof(*t->batches), by_batch);
	sort(t->entries, t->entry_count, sizeof(*t->entries), by_entry);
	if (rc == 0)
		rc = check_order(t, &is, err);
	if (rc == 0)
		rc = check_images(t, err);
	if (rc != 0)
		tape_free(t);
	else
		*out = t;
	return rc;
}

/* A batch of all ranks (-1) first, else the rank's own. */
bool tape_find_batch(const struct tape *t, int epoch, int step, int rank,
		     struct tape_batch *out)
{
	struct tape_batch key = { .epoch = epoch, .step = step, .rank = -1 };
	const struct tape_batch *b = bsearch(&key, t->batches, t->batch_count,
					     sizeof(key), by_batch);

	key.rank = rank;
	if (!b)
		b = bsearch(&key, t->batches, t->batch_count, sizeof(key),
			    by_batch);
	if (b)
		*out = *b;
	return b != NULL;
}

/* The picture's size is compared because places and crops are in its pixels. */
int tape_find_image(const struct tape *t, int epoch, int step, int64_t id,
		    int w, int h, struct draws *out, struct fl_err *err)
{
	struct entry key = { .epoch = epoch, .step = step, .image.id = id };
	const struct entry *e = NULL;

	if (t->entry_count > 0)
		e = bsearch(&key, t->entries, t->entry_count, sizeof(key),
			    by_entry);
	if (!e)
		return fl_fail(
			err, FL_EDATA,
			"'%s' has no draws for image %lld in step %d of epoch %d; was it "
			"recorded with another sampler, seed, batch or data set? "
			"PaddleDetection's order is -o sampler=paddle",
			t->path, (long long)id, step, epoch);
	if (e->image.w != w || e->image.h != h)
		return fl_fail(
			err, FL_EDATA,
			"'%s' line %d was recorded for a picture of %d x %d, image %lld has %d x %d",
			t->path, e->line, e->image.w, e->image.h, (long long)id,
			w, h);
	*out = e->image.draws;
	return 0;
}
