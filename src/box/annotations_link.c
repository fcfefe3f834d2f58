/* What the tables of an annotation file mean together: which image and category
 * a box is of, and what is put where the writer left something out. Called
 * once, by the reader, when all tables are there; the indices are of use to
 * scores too (eval/coco_detections.c). */
#include "box/annotations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* By id, then by place: of equal ids the last place is found (see below), as a
 * dictionary that is filled in order keeps the last. */
static int by_id(const void *a, const void *b)
{
	const struct annotation_place *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index - y->index;
}

/* One place more than needed, so that an empty table is no NULL. */
static struct annotation_index room(size_t count)
{
	struct annotation_index out = { .count = count };

	out.places = fl_calloc(count + 1, sizeof(*out.places));
	return out;
}

static void sort(struct annotation_index *out)
{
	for (size_t i = 1; i < out->count; i++)
		if (by_id(&out->places[i - 1], &out->places[i]) > 0) {
			qsort(out->places, out->count, sizeof(*out->places),
			      by_id);
			return;
		}
}

/* Texts stand far below all numbers, so a list with both is not dense. */
static void finish(struct annotation_index *out)
{
	uint64_t span;

	sort(out);
	if (out->count == 0)
		return;
	out->first = out->places[0].id;
	span = (uint64_t)out->places[out->count - 1].id - (uint64_t)out->first;
	if (span >= 4 * (uint64_t)out->count + 1024)
		return;
	out->dense_count = (int64_t)span + 1;
	out->dense = fl_calloc((size_t)span + 1, sizeof(int));
	for (uint64_t i = 0; i <= span; i++)
		out->dense[i] = -1;
	for (size_t i = 0; i < out->count; i++)
		out->dense[out->places[i].id - out->first] =
			out->places[i].index;
}

struct annotation_index annotations_index_images(const struct annotations *a)
{
	struct annotation_index out = room(a->image_count);

	for (size_t i = 0; i < out.count; i++)
		out.places[i] =
			(struct annotation_place){ a->images[i].id, (int)i };
	finish(&out);
	return out;
}

struct annotation_index
annotations_index_categories(const struct annotations *a)
{
	struct annotation_index out = room(a->category_count);

	for (size_t i = 0; i < out.count; i++)
		out.places[i] = (struct annotation_place){ a->categories[i].id,
							   (int)i };
	finish(&out);
	return out;
}

void annotation_index_release(struct annotation_index *index)
{
	free(index->places);
	free(index->dense);
	*index = (struct annotation_index){ 0 };
}

/* -1: there is none. Of several the last, as pycocotools' dictionaries have
 * it. */
int annotation_index_find(const struct annotation_index *index, int64_t id)
{
	size_t lo = 0, hi = index->count;

	if (index->dense)
		return id < index->first || id > index->first +
							    index->dense_count -
							    1
			       ? -1
			       : index->dense[id - index->first];
	while (lo < hi) { /* the first place behind the id */
		size_t mid = (lo + hi) / 2;

		if (index->places[mid].id <= id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && index->places[lo - 1].id == id
		       ? index->places[lo - 1].index
		       : -1;
}

/* First as it is written; then digits in quotes for a number, or the reverse,
 * which pycocotools would not find. *mended says that it was this. */
int annotation_index_meant(const struct annotation_index *index,
			   const struct text_ids *ids, int64_t id, bool *mended)
{
	int found = annotation_index_find(index, id);
	char digits[TEXT_ID_ROOM];
	int64_t other;
	bool has;

	*mended = false;
	if (found >= 0)
		return found;
	if (text_id_is(id))
		has = text_id_number(text_ids_get(ids, id), &other);
	else
		has = text_ids_find(ids, text_ids_show(ids, id, digits),
				    &other);
	found = has ? annotation_index_find(index, other) : -1;
	*mended = found >= 0;
	return found;
}

/* Texts of ids get numbers that sort as they do, in all tables alike: until now
 * they had those of the order in which they came. */
static void settle(struct annotations *a)
{
	int64_t *now = text_ids_settle(&a->ids);

	for (size_t i = 0; i < a->image_count; i++)
		a->images[i].id = text_id_now(now, a->images[i].id);
	for (size_t i = 0; i < a->category_count; i++)
		a->categories[i].id = text_id_now(now, a->categories[i].id);
	for (size_t i = 0; i < a->box_count; i++) {
		struct annotation_box *b = &a->boxes[i];
		int64_t number;

		b->id = text_id_now(now, b->id);
		b->image_id = text_id_now(now, b->image_id);
		b->category_id = text_id_now(now, b->category_id);
		/* "0" marks no match as 0 does: numpy reads the digits */
		if (text_id_is(b->id) &&
		    text_id_number(text_ids_get(&a->ids, b->id), &number))
			b->id = number;
	}
	free(now);
}

/* The box takes over the id that it was matched with, so that later look-ups
 * need not mend again. */
static void mend(struct annotations *a, struct annotation_box *b,
		 bool quoted[2])
{
	if (quoted[0])
		b->image_id = a->images[b->image].id;
	if (quoted[1])
		b->category_id = a->categories[b->category].id;
	if (quoted[0] || quoted[1])
		a->mended_ids++;
	b->no_area = isnan(b->area);
	if (!b->no_area)
		return;
	/* NaN where the box is none; then it is not counted as mended
	 * either. */
	b->area = b->w * b->h;
	if (b->has_bbox && !isnan(b->area))
		a->mended_areas++;
}

void annotations_link(struct annotations *a)
{
	struct annotation_index images, categories;

	settle(a);
	images = annotations_index_images(a);
	categories = annotations_index_categories(a);
	for (size_t i = 0; i < a->box_count; i++) {
		struct annotation_box *b = &a->boxes[i];
		bool quoted[2];

		b->image = annotation_index_meant(&images, &a->ids, b->image_id,
						  &quoted[0]);
		b->category = annotation_index_meant(
			&categories, &a->ids, b->category_id, &quoted[1]);
		mend(a, b, quoted);
	}
	annotation_index_release(&images);
	annotation_index_release(&categories);
}

static int by_box(const void *a, const void *b)
{
	const struct annotation_fault *x = a, *y = b;

	return (x->box > y->box) - (x->box < y->box);
}

const char *annotations_fault(const struct annotations *a,
			      const struct annotation_box *box, char *buf,
			      size_t size)
{
	struct annotation_fault wanted = { .box = (size_t)(box - a->boxes) };
	const struct annotation_fault *f = NULL;

	if (a->fault_count)
		f = bsearch(&wanted, a->faults, a->fault_count, sizeof(wanted),
			    by_box);
	if (f)
		snprintf(buf, size, "%s (line %zu)", f->what, f->line);
	else /* four numbers, of which one is not finite */
		snprintf(buf, size, "'bbox' is [%g, %g, %g, %g]", box->x,
			 box->y, box->w, box->h);
	return buf;
}

static void explain_unlisted(const struct annotations *a, struct fl_str *out)
{
	const struct annotation_box *first = NULL;
	char own[TEXT_ID_ROOM], image[TEXT_ID_ROOM];
	size_t count = 0;

	for (size_t i = a->box_count; i-- > 0;)
		if (a->boxes[i].image < 0) {
			first = &a->boxes[i];
			count++;
		}
	if (count)
		fl_str_addf(
			out,
			"%zu %s of images that the file does not list, and %s "
			"nowhere (the first: annotation %s of image %s)\n",
			count,
			fl_plural(count, "annotation is", "annotations are"),
			fl_plural(count, "counts", "count"),
			first->has_id ? text_ids_show(&a->ids, first->id, own)
				      : "without an id",
			text_ids_show(&a->ids, first->image_id, image));
}

void annotations_explain(const struct annotations *a, struct fl_str *out)
{
	if (a->fault_count)
		fl_str_addf(out,
			    "%zu %s no 'bbox' of four numbers and %s left out "
			    "(the first in line %zu: %s)\n",
			    a->fault_count,
			    fl_plural(a->fault_count, "annotation has",
				      "annotations have"),
			    fl_plural(a->fault_count, "is", "are"),
			    a->faults[0].line, a->faults[0].what);
	if (a->mended_areas)
		fl_str_addf(
			out,
			"%zu %s no 'area': width x height of the box is taken\n",
			a->mended_areas,
			fl_plural(a->mended_areas, "annotation has",
				  "annotations have"));
	if (a->mended_ids)
		fl_str_addf(
			out,
			"%zu %s ids in quotes where images or categories have "
			"not, or the reverse: digits are matched\n",
			a->mended_ids,
			fl_plural(a->mended_ids, "annotation has",
				  "annotations have"));
	explain_unlisted(a, out);
	annotations_explain_boxes(a, out);
}

/* For counting alone: which annotation has an id does not matter there. */
static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* What pycocotools stumbles over: ids that several have, and 0. Only boxes that
 * it would score are counted. */
struct annotation_id_faults annotations_id_faults(const struct annotations *a)
{
	struct annotation_id_faults f = { 0 };
	int64_t *ids = fl_calloc(a->box_count + 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].has_id && a->boxes[i].image >= 0 &&
		    a->boxes[i].category >= 0)
			ids[n++] = a->boxes[i].id;
	f.counted = n;
	qsort(ids, n, sizeof(*ids), by_number);
	for (size_t i = 0, run; i < n; i += run) {
		for (run = 1; i + run < n && ids[i + run] == ids[i]; run++)
			;
		f.shared += run > 1 ? run : 0;
		f.ids++;
		f.zero += ids[i] == 0 ? run : 0;
	}
	free(ids);
	return f;
}
