/* Where the detections of another tool belong in the ground truth. pycocotools
 * knows ids alone, and stops at an image id that the truth does not have; tools
 * that number images in their own way write the file name beside it, or make
 * the id of it. Names decide only where ids do not, and it is said. */
#include "eval/coco_detections.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Images by a text: rising, several of one text allowed. */
struct by_text {
	struct keyed {
		const char *text;
		int image;
	} * rows;
	size_t count;
};

/* What the names of images can be found by, made when first needed. */
struct names {
	struct fl_arena arena;
	struct by_text whole, last, stem, number;
};

struct join {
	struct coco_detections *d;
	const struct annotations *truth;
	struct annotation_index images, categories;
	struct names names;
	bool has_names;
	struct fl_str *said;
	int *by_id, *by_name; /* image of each detection, -1: none */
	size_t contradict, mended;
};

#define SEVERAL (-2)
#define NO_CATEGORY INT64_MAX /* an id that no file states */

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* The one image of that text, -1 for none, or SEVERAL. */
static int look_up(const struct by_text *t, const char *text)
{
	size_t lo = 0, hi = t->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(t->rows[mid].text, text) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == t->count || strcmp(t->rows[lo].text, text) != 0)
		return -1;
	if (lo + 1 < t->count && strcmp(t->rows[lo + 1].text, text) == 0)
		return SEVERAL;
	return t->rows[lo].image;
}

static const char *last_part(const char *name)
{
	const char *cut = strrchr(name, '/'), *back = strrchr(name, '\\');

	if (!cut || (back && back > cut))
		cut = back;
	return cut ? cut + 1 : name;
}

static char *without_ending(struct fl_arena *arena, const char *name)
{
	const char *dot = strrchr(name, '.');

	return fl_arena_strndup(arena, name,
				dot && dot > name ? (size_t)(dot - name)
						  : strlen(name));
}

static void add(struct by_text *t, const char *text, int image)
{
	t->rows[t->count++] = (struct keyed){ text, image };
}

static void make_names(struct join *j)
{
	const struct annotations *a = j->truth;
	struct names *n = &j->names;
	struct by_text *all[] = { &n->whole, &n->last, &n->stem, &n->number };

	j->has_names = true;
	for (size_t k = 0; k < 4; k++)
		all[k]->rows =
			fl_calloc(a->image_count + 1, sizeof(*all[k]->rows));
	for (size_t i = 0; i < a->image_count; i++) {
		const char *name = a->images[i].file_name, *stem;
		int64_t number;

		if (!*name || annotation_index_find(&j->images,
						    a->images[i].id) != (int)i)
			continue; /* listed twice: the last stands for both */
		stem = without_ending(&n->arena, last_part(name));
		add(&n->whole, name, (int)i);
		add(&n->last, last_part(name), (int)i);
		add(&n->stem, stem, (int)i);
		if (isdigit((unsigned char)*stem) &&
		    text_id_number(stem, &number))
			add(&n->number,
			    fl_arena_printf(&n->arena, "%lld",
					    (long long)number),
			    (int)i);
	}
	for (size_t k = 0; k < 4; k++)
		qsort(all[k]->rows, all[k]->count, sizeof(*all[k]->rows),
		      by_key);
}

/* A name without a folder may be that of a tool that drops folders: it must be
 * one image's alone, whatever else it is. */
static int image_of_file(const struct names *n, const char *file)
{
	int found = last_part(file) == file ? -1 : look_up(&n->whole, file);

	return found >= 0 ? found : look_up(&n->last, last_part(file));
}

/* An id that is the name, or the name without folder and ending. */
static int image_of_stem(const struct names *n, const char *text, bool is_text)
{
	int found;

	if (!is_text)
		return look_up(&n->number, text);
	found = image_of_file(n, text);
	return found != -1 ? found : look_up(&n->stem, text);
}

/* The id of the ground truth that an id of the detections can mean; false
 * where its text stands for none there. */
static bool translate(const struct join *j, const struct text_ids *from,
		      int64_t id, int64_t *out, bool *mended)
{
	const char *text = text_ids_get(from, id);

	*mended = false;
	*out = id;
	if (!text || text_ids_find(&j->truth->ids, text, out))
		return true;
	*mended = true;
	return text_id_number(text, out);
}

static int find_id(const struct join *j, const struct annotation_index *index,
		   int64_t id, bool *mended)
{
	int64_t meant;
	bool quoted;
	int found;

	if (!translate(j, &j->d->ids, id, &meant, mended))
		return -1;
	found = annotation_index_meant(index, &j->truth->ids, meant, &quoted);
	*mended |= quoted;
	return found;
}

static const char *file_of(const struct join *j, size_t i)
{
	return j->d->said ? j->d->said[i].file : NULL;
}

static int find_name(const struct join *j, size_t i)
{
	char buf[TEXT_ID_ROOM];
	int64_t id = j->d->list[i].image_id;

	if (file_of(j, i))
		return image_of_file(&j->names, file_of(j, i));
	return image_of_stem(&j->names, text_ids_show(&j->d->ids, id, buf),
			     text_id_is(id));
}

/* A detection whose id and name speak of two images. */
static bool contradicts(const struct join *j, size_t i)
{
	const struct annotation_image *im = j->truth->images;

	return file_of(j, i) && j->by_id[i] >= 0 && j->by_name[i] >= 0 &&
	       im[j->by_id[i]].id != im[j->by_name[i]].id;
}

/* Ids cannot place all detections, and names not this one. */
static int no_image(const struct join *j, size_t i, struct fl_err *err)
{
	char buf[TEXT_ID_ROOM];
	const char *id = text_ids_show(&j->d->ids, j->d->list[i].image_id, buf);
	const char *file = file_of(j, i) ? file_of(j, i) : id;
	const char *quote = text_id_is(j->d->list[i].image_id) ? "'" : "";

	if (j->by_id[i] >= 0)
		return fl_fail(
			err, FL_EDATA,
			"detection %zu is of image %s%s%s and has no 'file_name' of the ground truth's, "
			"which it needs because the ids of other detections are none of the ground truth's",
			i, quote, id, quote);
	if (j->by_name[i] == SEVERAL)
		return fl_fail(
			err, FL_EDATA,
			"detection %zu is of image %s%s%s, which the ground truth does not have, "
			"and several of its images are named '%s'; "
			"give detections the ground truth's ids, or file names with their folders",
			i, quote, id, quote, last_part(file));
	return fl_fail(
		err, FL_EDATA,
		"detection %zu is of image %s%s%s, which the ground truth does not have, "
		"and no image of it is named '%s'; "
		"give detections the ground truth's ids, or its file names as 'file_name'",
		i, quote, id, quote, file);
}

/* The first detection that ids do not place, or that they misplace. */
static size_t first_wrong(const struct join *j)
{
	size_t i = 0;

	while (i < j->d->count && j->by_id[i] >= 0 && !contradicts(j, i))
		i++;
	return i;
}

static void say_names(struct join *j)
{
	size_t i = first_wrong(j);
	char buf[TEXT_ID_ROOM];
	const char *id = text_ids_show(&j->d->ids, j->d->list[i].image_id, buf);

	fl_str_addf(
		j->said,
		"the %zu detections are joined to images by file name: image_id %s "
		"(detection %zu) is %s of the ground truth\n",
		j->d->count, id, i,
		j->by_id[i] < 0 ? "no id" : "another image's id");
}

/* Images by their ids where all of them fit, by names otherwise. */
static int choose_images(struct join *j, const int **chosen, struct fl_err *err)
{
	size_t lost = 0, nameless = 0, wrong = 0;

	*chosen = j->by_id;
	for (size_t i = 0; i < j->d->count; i++)
		lost += j->by_id[i] < 0;
	if (lost == 0 && !j->d->said)
		return 0;
	make_names(j);
	for (size_t i = 0; i < j->d->count; i++) {
		j->by_name[i] = find_name(j, i);
		j->contradict += contradicts(j, i);
		if (j->by_name[i] < 0 && nameless++ == 0)
			wrong = i;
	}
	if (lost == 0 && j->contradict == 0)
		return 0;
	if (nameless == 0) {
		*chosen = j->by_name;
		say_names(j);
		return 0;
	}
	if (lost > 0)
		return no_image(j, wrong, err);
	fl_str_addf(
		j->said,
		"%zu detections name another file than that of the image with their "
		"image_id (detection %zu: '%s'); they are counted by their ids\n",
		j->contradict, first_wrong(j), file_of(j, first_wrong(j)));
	return 0;
}

static void say_quoted(struct join *j, const char *what, size_t count)
{
	if (count)
		fl_str_addf(
			j->said,
			"the %s of %zu detections is in quotes and the ground truth's is "
			"not, or the reverse: digits are matched\n",
			what, count);
}

static int join_images(struct join *j, struct fl_err *err)
{
	const int *chosen;
	int rc;

	for (size_t i = 0; i < j->d->count; i++) {
		bool mended;

		j->by_id[i] =
			find_id(j, &j->images, j->d->list[i].image_id, &mended);
		j->mended += mended && j->by_id[i] >= 0;
	}
	rc = choose_images(j, &chosen, err);
	for (size_t i = 0; rc == 0 && i < j->d->count; i++)
		j->d->list[i].image_id = j->truth->images[chosen[i]].id;
	if (rc == 0 && chosen == j->by_id)
		say_quoted(j, "image_id", j->mended);
	return rc;
}

/* The one category of that name: as written, or with other capitals. */
static int category_named(const struct annotations *a, const char *name)
{
	int folded = -1, hits = 0;

	for (size_t i = 0; i < a->category_count; i++) {
		if (strcmp(a->categories[i].name, name) == 0)
			return (int)i;
		if (strcasecmp(a->categories[i].name, name) == 0) {
			folded = (int)i;
			hits++;
		}
	}
	return hits == 1 ? folded : -1;
}

/* The detections' own list of categories, in the ground truth's: -1 for a name
 * that it does not have. NULL where no name of the list is known there. */
static int *own_categories(const struct join *j)
{
	const struct annotations *own = &j->d->own;
	int *to = fl_calloc(own->category_count + 1, sizeof(*to));
	int named = 0;

	for (size_t i = 0; i < own->category_count; i++) {
		const char *name = own->categories[i].name;

		to[i] = *name ? category_named(j->truth, name) : -1;
		named += to[i] >= 0;
	}
	if (named > 0)
		return to;
	free(to);
	if (own->category_count)
		fl_str_add(
			j->said,
			"the detections list categories of other names than the ground "
			"truth: they are matched by id\n");
	return NULL;
}

static int own_category(const struct join *j, const int *to,
			const struct annotation_index *own, int64_t id)
{
	const struct annotations *a = &j->d->own;
	const char *text = text_ids_get(&j->d->ids, id);
	int found;

	if (text && !text_ids_find(&a->ids, text, &id))
		return -1;
	found = annotation_index_find(own, id);
	return found < 0 ? -1 : to[found];
}

struct category_count {
	size_t by_name, by_text, unnamed, quoted;
};

/* Ids that mean nothing in the truth keep a number that means nothing: texts
 * of the detections alone become numbers behind those of the truth. */
static int64_t foreign(const struct join *j, int64_t id)
{
	return text_id_is(id) ? id + (int64_t)j->truth->ids.count : id;
}

static void join_category(struct join *j, const int *to,
			  const struct annotation_index *own,
			  struct coco_detection *d, struct category_count *n)
{
	const struct annotation_category *list = j->truth->categories;
	const char *text = text_ids_get(&j->d->ids, d->category_id);
	bool mended;
	int c = to ? own_category(j, to, own, d->category_id) : -1;

	if (c >= 0) {
		n->by_name += list[c].id != d->category_id;
		d->category_id = list[c].id;
		return;
	}
	if (to) {
		n->unnamed++;
		d->category_id = NO_CATEGORY;
		return;
	}
	c = find_id(j, &j->categories, d->category_id, &mended);
	n->quoted += c >= 0 && mended;
	if (c < 0 && text) {
		c = category_named(j->truth, text);
		n->by_text += c >= 0;
	}
	d->category_id = c >= 0 ? list[c].id : foreign(j, d->category_id);
}

static void join_categories(struct join *j)
{
	struct category_count n = { 0 };
	struct annotation_index own = annotations_index_categories(&j->d->own);
	int *to = own_categories(j);

	for (size_t i = 0; i < j->d->count; i++)
		join_category(j, to, &own, &j->d->list[i], &n);
	annotation_index_release(&own);
	free(to);
	say_quoted(j, "category_id", n.quoted);
	if (n.by_name)
		fl_str_addf(
			j->said,
			"the detections list their own categories: %zu detections are given "
			"the ground truth's id of the same name\n",
			n.by_name);
	if (n.unnamed)
		fl_str_addf(
			j->said,
			"%zu detections are of categories whose name the ground truth does "
			"not list; they count nowhere\n",
			n.unnamed);
	if (n.by_text)
		fl_str_addf(
			j->said,
			"the category_id of %zu detections is the name of a category; names "
			"are matched\n",
			n.by_text);
}

/* File names of the file's own list of images. */
static void take_own_names(struct coco_detections *d)
{
	struct annotation_index own = annotations_index_images(&d->own);

	if (!d->said && d->own.image_count)
		d->said = fl_calloc(d->count + 1, sizeof(*d->said));
	for (size_t i = 0; d->own.image_count && i < d->count; i++) {
		int64_t id = d->list[i].image_id;
		const char *text = text_ids_get(&d->ids, id);
		int at;

		if (d->said[i].file ||
		    (text && !text_ids_find(&d->own.ids, text, &id)))
			continue;
		at = annotation_index_find(&own, id);
		if (at >= 0 && *d->own.images[at].file_name)
			d->said[i].file = d->own.images[at].file_name;
	}
	annotation_index_release(&own);
}

static void release_names(struct names *n)
{
	free(n->whole.rows);
	free(n->last.rows);
	free(n->stem.rows);
	free(n->number.rows);
	fl_arena_release(&n->arena);
}

int coco_detections_join(struct coco_detections *d,
			 const struct annotations *truth, struct fl_str *said,
			 struct fl_err *err)
{
	struct join j = { .d = d, .truth = truth, .said = said };
	int rc;

	take_own_names(d);
	j.images = annotations_index_images(truth);
	j.categories = annotations_index_categories(truth);
	j.by_id = fl_calloc(d->count + 1, sizeof(int));
	j.by_name = fl_calloc(d->count + 1, sizeof(int));
	rc = join_images(&j, err);
	if (rc == 0)
		join_categories(&j);
	free(j.by_id);
	free(j.by_name);
	release_names(&j.names);
	annotation_index_release(&j.images);
	annotation_index_release(&j.categories);
	return rc;
}
