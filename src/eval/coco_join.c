/* Where the detections of another tool belong in the ground truth. pycocotools
 * knows ids alone, and stops at an image id that the truth does not have; tools
 * that number images in their own way write the file name beside it, or make
 * the id of it. Names decide only where ids do not, and it is said. All
 * detections of a file are joined one way, by ids or by names: a mixture would
 * hide an error of the writer. Categories follow in coco_join_categories.c. */
#include "eval/coco_join_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEVERAL (-2)
#define NAMED 3 /* images that a sentence names */

/* Equal texts may come in any order: several of one are no answer anyway. */
static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Binary search for the first row of that text: its image, -1 for none, or
 * SEVERAL where the next row has the text too. */
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

/* Both slashes cut, for files written on Windows name folders with the other
 * one. */
static const char *last_part(const char *name)
{
	const char *cut = strrchr(name, '/'), *back = strrchr(name, '\\');

	if (!cut || (back && back > cut))
		cut = back;
	return cut ? cut + 1 : name;
}

/* A name that begins with its only dot has no ending. */
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
		/* A stem such as "-5" or " 7" is no number that a tool would
		 * have made an id of. */
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

/* By the whole name where it has a folder; else, and where that finds none, by
 * the last part. A name without a folder may be that of a tool that drops
 * folders: it must be one image's alone, whatever else it is. */
static int image_of_file(const struct names *n, const char *file)
{
	int found = last_part(file) == file ? -1 : look_up(&n->whole, file);

	return found >= 0 ? found : look_up(&n->last, last_part(file));
}

/* A tool that converts pictures, or drops the ending, leaves the rest: "cam.7"
 * may be cam.7.jpg, then what begins with cam and ends otherwise. */
static int image_of_name(struct join *j, const char *file)
{
	const struct by_text *stems = &j->names.stem;
	const char *last = last_part(file);
	int found = image_of_file(&j->names, file);

	if (found == -1)
		found = look_up(stems, last);
	return found != -1
		       ? found
		       : look_up(stems, without_ending(&j->names.arena, last));
}

/* An id that is the name, or the name without folder and ending; a number is
 * looked up as the number of a stem. SEVERAL by name stays so: a stem would
 * only be wider. */
static int image_of_stem(const struct names *n, const char *text, bool is_text)
{
	int found;

	if (!is_text)
		return look_up(&n->number, text);
	found = image_of_file(n, text);
	return found != -1 ? found : look_up(&n->stem, text);
}

static const char *file_of(const struct join *j, size_t i)
{
	return j->d->said ? j->d->said[i].file : NULL;
}

/* By the file name beside the id if there is one, else by the id itself. */
static int find_name(struct join *j, size_t i)
{
	char buf[TEXT_ID_ROOM];
	int64_t id = j->d->list[i].image_id;

	if (file_of(j, i))
		return image_of_name(j, file_of(j, i));
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

/* "detection 5 is of image 3": by its id, or by its name where it has none. */
static void add_whose(const struct join *j, size_t i, struct fl_str *out)
{
	int64_t id = j->d->list[i].image_id;
	const char *quote = id == COCO_NO_ID || text_id_is(id) ? "'" : "";
	char buf[TEXT_ID_ROOM];

	fl_str_addf(out, "detection %zu is of image %s%s%s", i, quote,
		    id == COCO_NO_ID ? file_of(j, i)
				     : text_ids_show(&j->d->ids, id, buf),
		    quote);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* How many detections 'place' leaves without an image, and of which ids. */
static void add_lost(const struct join *j, const int *place, struct fl_str *out)
{
	int64_t *ids = fl_calloc(j->d->count + 1, sizeof(*ids));
	size_t lost = 0, images = 0;
	char buf[TEXT_ID_ROOM];

	for (size_t i = 0; i < j->d->count; i++)
		if (place[i] < 0)
			ids[lost++] = j->d->list[i].image_id;
	qsort(ids, lost, sizeof(*ids), by_value);
	for (size_t i = 0; i < lost; i++)
		if (images == 0 || ids[i] != ids[images - 1])
			ids[images++] = ids[i];
	fl_str_addf(out, "; so it is with %zu of the %zu %s", lost, j->d->count,
		    fl_plural(j->d->count, "detection", "detections"));
	if (ids[images - 1] != COCO_NO_ID)
		fl_str_addf(out, ", of image%s ", fl_plural(images, "", "s"));
	for (size_t i = 0; i < images && ids[i] != COCO_NO_ID; i++) {
		if (i == NAMED) {
			fl_str_addf(out, ", ... (%zu)", images);
			break;
		}
		fl_str_addf(out, "%s%s", i ? ", " : "",
			    text_ids_show(&j->d->ids, ids[i], buf));
	}
	free(ids);
}

/* Most ids are the ground truth's, and it has fewer images: one of another
 * part, or a part of it. */
static void add_cure(const struct join *j, size_t i, struct fl_str *out)
{
	if (file_of(j, i))
		fl_str_addf(out, ", and no image of it is named '%s'",
			    file_of(j, i));
	fl_str_add(
		out,
		"; score them with the file that lists those images, or leave their "
		"detections out (pycocotools refuses them too)");
}

static void add_no_name(const struct join *j, size_t i, struct fl_str *out)
{
	char buf[TEXT_ID_ROOM];
	const char *file = file_of(j, i);

	if (!file)
		file = text_ids_show(&j->d->ids, j->d->list[i].image_id, buf);
	if (j->by_name[i] == SEVERAL)
		fl_str_addf(
			out,
			", and several of its images are named '%s'; "
			"give detections the ground truth's ids, or file names with their folders",
			last_part(file));
	else
		fl_str_addf(
			out,
			", and no image of it is named '%s'; "
			"give detections the ground truth's ids, or its file names as 'file_name'",
			file);
}

/* Neither ids nor names place all detections. What places more was meant: the
 * sentence is on the first that it does not place. */
static int no_image(const struct join *j, size_t lost, size_t nameless,
		    struct fl_err *err)
{
	const int *place = lost < nameless ? j->by_id : j->by_name;
	struct fl_str s = FL_STR_INIT;
	size_t i = 0;

	while (place[i] >= 0)
		i++;
	add_whose(j, i, &s);
	if (j->by_id[i] >= 0) {
		fl_str_add(
			&s,
			" and has no 'file_name' of the ground truth's, which it needs because "
			"the ids of other detections are none of the ground truth's");
	} else {
		fl_str_add(&s, ", which the ground truth does not have");
		if (place == j->by_id)
			add_cure(j, i, &s);
		else
			add_no_name(j, i, &s);
		add_lost(j, place, &s);
	}
	fl_fail(err, FL_EDATA, "%s", fl_str_get(&s));
	fl_str_release(&s);
	return FL_EDATA;
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
	int64_t id = j->d->list[i].image_id;

	fl_str_addf(j->said,
		    "the %zu %s joined to images by file name: ", j->d->count,
		    fl_plural(j->d->count, "detection is", "detections are"));
	if (id == COCO_NO_ID)
		fl_str_addf(j->said, "detection %zu states no image_id\n", i);
	else
		fl_str_addf(
			j->said,
			"image_id %s (detection %zu) is %s of the ground truth\n",
			text_ids_show(&j->d->ids, id, buf), i,
			j->by_id[i] < 0 ? "no id" : "another image's id");
}

/* Images by their ids where all of them fit, by names otherwise. */
static int choose_images(struct join *j, const int **chosen, struct fl_err *err)
{
	size_t lost = 0, nameless = 0;

	*chosen = j->by_id;
	for (size_t i = 0; i < j->d->count; i++)
		lost += j->by_id[i] < 0;
	/* The usual file: pycocotools' way, and no name is looked at. */
	if (lost == 0 && !j->d->said)
		return 0;
	make_names(j);
	for (size_t i = 0; i < j->d->count; i++) {
		j->by_name[i] = find_name(j, i);
		j->contradict += contradicts(j, i);
		nameless += j->by_name[i] < 0;
	}
	if (lost == 0 && j->contradict == 0)
		return 0;
	/* Names place every detection, and ids do not or contradict them. */
	if (nameless == 0) {
		*chosen = j->by_name;
		say_names(j);
		return 0;
	}
	if (lost > 0)
		return no_image(j, lost, nameless, err);
	fl_str_addf(
		j->said,
		"%zu %s another file than that of the image with %s "
		"image_id (detection %zu: '%s'); they are counted by their ids\n",
		j->contradict,
		fl_plural(j->contradict, "detection names", "detections name"),
		fl_plural(j->contradict, "its", "their"), first_wrong(j),
		file_of(j, first_wrong(j)));
	return 0;
}

static int join_images(struct join *j, struct fl_err *err)
{
	const int *chosen;
	int rc;

	for (size_t i = 0; i < j->d->count; i++) {
		bool mended;

		j->by_id[i] = join_find_id(j, &j->images,
					   j->d->list[i].image_id, &mended);
		j->mended += mended && j->by_id[i] >= 0;
	}
	rc = choose_images(j, &chosen, err);
	for (size_t i = 0; rc == 0 && i < j->d->count; i++)
		j->d->list[i].image_id = j->truth->images[chosen[i]].id;
	/* Where names decided, how ids were written is no matter. */
	if (rc == 0 && chosen == j->by_id)
		join_say_quoted(j, "image_id", j->mended);
	return rc;
}

/* File names of the file's own list of images, for detections that name none:
 * after this a detection of FiftyOne or Datumaro says its file as others do.
 * The texts stay those of d->own, which lives as long. */
static void take_own_names(struct coco_detections *d)
{
	struct annotation_index own = annotations_index_images(&d->own);

	if (!d->said && d->own.image_count)
		d->said = fl_calloc(d->count + 1, sizeof(*d->said));
	for (size_t i = 0; d->own.image_count && i < d->count; i++) {
		int64_t id = d->list[i].image_id;
		const char *text = text_ids_get(&d->ids, id);
		int at;

		/* What stands in the detection itself counts first. */
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

	/* Before all else: a join by names needs them. */
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
