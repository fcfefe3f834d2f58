/* What makes a score other than one expects, in lines for people. The numbers
 * stay pycocotools'; these say which rule of COCO's scoring, or which slip of a
 * writer, stands behind them. 'flotilla eval' and evaluations of a run print
 * them on standard error. Whatever is not odd gives no line. */
#include "eval/coco_detections.h"

#include <stdlib.h>
#include <string.h>

#define LISTED 10 /* ids of a list that are printed */

struct id_set {
	int64_t *ids; /* rising, each once */
	size_t count;
};

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorted, each once; then has() can search. */
static void tidy(struct id_set *s)
{
	size_t kept = 0;

	qsort(s->ids, s->count, sizeof(*s->ids), by_value);
	for (size_t i = 0; i < s->count; i++)
		if (kept == 0 || s->ids[kept - 1] != s->ids[i])
			s->ids[kept++] = s->ids[i];
	s->count = kept;
}

/* A neighbour's id is most often the same, which keeps the lists short before
 * tidy(). */
static void add(struct id_set *s, int64_t id)
{
	if (s->count && s->ids[s->count - 1] == id)
		return;
	s->ids[s->count++] = id;
}

static bool has(const struct id_set *s, int64_t id)
{
	return bsearch(&id, s->ids, s->count, sizeof(id), by_value) != NULL;
}

/* Whether b is a, each id moved by shift: files numbered from 0 and from 1. The
 * numbers of texts are their order, which says nothing of the kind. */
static bool same(const struct id_set *a, const struct id_set *b, int64_t shift)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = !text_id_is(a->ids[i]) &&
			a->ids[i] + shift == b->ids[i];
	return equal;
}

/* A mean over nothing is -1. */
static void explain_nothing(const struct annotations *a, struct fl_str *out)
{
	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].image >= 0 && a->boxes[i].category >= 0 &&
		    !a->boxes[i].crowd)
			return;
	fl_str_addf(
		out,
		"the ground truth has no annotation that counts (%zu in all; crowds, and those of "
		"images or categories that it does not list, do not): every score is -1, for there "
		"is nothing to measure against\n",
		a->box_count);
}

static void explain_parts(const struct annotations *a, struct fl_str *out)
{
	for (size_t i = 0; i < a->box_count; i++) {
		const struct annotation_box *b = &a->boxes[i];

		if (!annotations_first_pixel(b->x, b->y, b->x + b->w,
					     b->y + b->h))
			return;
	}
	if (a->box_count)
		fl_str_addf(
			out,
			"all boxes of the ground truth (%zu) lie within 0 .. 1: parts of the image, and the "
			"score takes pixels; multiply by width and height\n",
			a->box_count);
}

void coco_explain_truth(const struct annotations *a, struct fl_str *out)
{
	struct annotation_id_faults f = annotations_id_faults(a);

	if (a->has_boxes)
		explain_nothing(a, out);
	explain_parts(a, out);
	if (f.zero)
		fl_str_add(
			out,
			"annotation id 0 means \"not matched\" in COCO's scoring, so that "
			"object counts as missed; number annotations from 1\n");
	if (f.shared)
		fl_str_addf(
			out,
			"ids of annotations repeat: %zu annotations have %zu %s, %zu of "
			"them one that others have too, and COCO's scoring takes the last "
			"of an id for all of them; "
			"the AP is therefore not that of the boxes: number annotations "
			"through the whole file\n",
			f.counted, f.ids, fl_plural(f.ids, "id", "ids"),
			f.shared);
	if (a->lvis)
		fl_str_add(
			out,
			"this is an LVIS file, where not every object is annotated: COCO's "
			"AP counts what was not looked for as false; lvis-api gives LVIS's "
			"own\n");
}

/* An id as people wrote it: digits, or the text that it stands for. */
static const char *show(const struct annotations *a,
			const struct coco_detections *d, int64_t id,
			char buf[TEXT_ID_ROOM])
{
	size_t place = (size_t)((uint64_t)id - (uint64_t)INT64_MIN);

	/* texts of the detections alone stand behind those of the truth */
	if (text_id_is(id) && d && place >= a->ids.count)
		return text_ids_get(&d->ids, id - (int64_t)a->ids.count);
	return text_ids_show(&a->ids, id, buf);
}

static void list(const struct annotations *a, const struct coco_detections *d,
		 const struct id_set *s, struct fl_str *out)
{
	char buf[TEXT_ID_ROOM];

	for (size_t i = 0; i < s->count && i < LISTED; i++)
		fl_str_addf(out, "%s%s", i ? ", " : "",
			    show(a, d, s->ids[i], buf));
	if (s->count > LISTED)
		fl_str_addf(out, ", ... (%zu)", s->count);
	if (s->count == 0)
		fl_str_add(out, "none");
}

/* Categories of the three places, and those outside the list. */
struct uses {
	struct id_set listed, truth, found, outside;
	size_t truths_out, found_out; /* boxes of categories outside */
};

static void count_uses(const struct annotations *a,
		       const struct coco_detection *d, size_t count,
		       struct uses *u)
{
	/* One allocation for the four lists: the first three bounded by what
	 * they are made of, the fourth by all of it. listed.ids is what the
	 * caller frees. */
	size_t room = a->category_count + a->box_count + count + 1;
	int64_t *ids = fl_calloc(2 * room, sizeof(*ids));

	u->listed.ids = ids;
	u->truth.ids = ids + a->category_count;
	u->found.ids = u->truth.ids + a->box_count;
	u->outside.ids = ids + room;
	for (size_t i = 0; i < a->category_count; i++)
		add(&u->listed, a->categories[i].id);
	tidy(&u->listed);
	for (size_t i = 0; i < a->box_count; i++) {
		add(&u->truth, a->boxes[i].category_id);
		u->truths_out += a->boxes[i].category < 0;
	}
	tidy(&u->truth);
	for (size_t i = 0; i < count; i++) {
		if (d[i].category_id == COCO_NO_ID)
			continue; /* told by coco_detections_join() */
		add(&u->found, d[i].category_id);
		u->found_out += !has(&u->listed, d[i].category_id);
	}
	tidy(&u->found);
	for (size_t i = 0; i < u->truth.count; i++)
		if (!has(&u->listed, u->truth.ids[i]))
			add(&u->outside, u->truth.ids[i]);
	for (size_t i = 0; i < u->found.count; i++)
		if (!has(&u->listed, u->found.ids[i]))
			add(&u->outside, u->found.ids[i]);
	tidy(&u->outside);
}

/* A category 0 that the list does not have, or ids of detections and truth that
 * are one apart throughout. */
static bool from_zero(const struct uses *u)
{
	return (has(&u->found, 0) && !has(&u->listed, 0)) ||
	       (has(&u->truth, 0) && !has(&u->listed, 0)) ||
	       (u->truth.count && (same(&u->found, &u->truth, 1) ||
				   same(&u->found, &u->truth, -1)));
}

/* Detections that bear the name of another category than their id's. */
static size_t other_names(const struct annotations *a,
			  const struct coco_detections *d, size_t *first)
{
	size_t n = 0;

	for (size_t i = 0; d && d->said && i < d->count; i++) {
		const char *said = d->said[i].category;
		bool known = false, right = false;

		for (size_t c = 0; said && c < a->category_count; c++) {
			if (strcmp(a->categories[c].name, said) != 0)
				continue;
			known = true;
			right |= a->categories[c].id == d->list[i].category_id;
		}
		if (known && !right && n++ == 0)
			*first = i;
	}
	return n;
}

/* One sentence out of parts, of which each stands only where it has something
 * to say. */
static void explain_outside(const struct annotations *a,
			    const struct coco_detections *d,
			    const struct uses *u, struct fl_str *out)
{
	fl_str_add(out, "the detections use categories ");
	list(a, d, &u->found, out);
	fl_str_add(out, ", the ground truth ");
	if (u->truths_out) {
		fl_str_add(out, "lists ");
		list(a, d, &u->listed, out);
		fl_str_add(out, " and its annotations use ");
		list(a, d, &u->truth, out);
	} else {
		list(a, d, &u->listed, out);
	}
	fl_str_add(out, "; ");
	if (u->outside.count) {
		fl_str_add(out, "those of category ");
		list(a, d, &u->outside, out);
		fl_str_add(out, " (");
		if (u->truths_out)
			fl_str_addf(out, "%zu %s and ", u->truths_out,
				    fl_plural(u->truths_out, "annotation",
					      "annotations"));
		fl_str_addf(out, "%zu %s) count nowhere%s", u->found_out,
			    fl_plural(u->found_out, "detection", "detections"),
			    from_zero(u) ? "; " : "");
	}
	fl_str_addf(out, "%s\n",
		    from_zero(u) ? "is one of the files numbered from 0?" : "");
}

void coco_explain_categories(const struct annotations *a,
			     const struct coco_detection *found, size_t count,
			     const struct coco_detections *d,
			     struct fl_str *out)
{
	struct uses u = { 0 };
	size_t first = 0, wrong = other_names(a, d, &first);
	char buf[TEXT_ID_ROOM];

	count_uses(a, found, count, &u);
	/* Without any detection two empty lists would be "one apart". */
	if (u.outside.count || (count && from_zero(&u)))
		explain_outside(a, d, &u, out);
	if (wrong)
		fl_str_addf(
			out,
			"%zu %s another category than %s category_id does "
			"(detection %zu: id %s beside '%s'); the id counts\n",
			wrong,
			fl_plural(wrong, "detection names", "detections name"),
			fl_plural(wrong, "its", "their"), first,
			show(a, d, d->list[first].category_id, buf),
			d->said[first].category);
	free(u.listed.ids);
}
