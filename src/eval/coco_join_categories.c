/* Which category of the ground truth a detection is of, once its image is known.
 * coco_join.c calls join_categories(); what both halves need of ids stands here
 * too. Ids decide, as in pycocotools; names do where the file lists categories
 * of its own, states no id, or has a name in the id's place. */
#include "eval/coco_join_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The id of the ground truth that an id of the detections can mean; false
 * where its text stands for none there. */
static bool translate(const struct join *j, const struct text_ids *from,
		      int64_t id, int64_t *out, bool *mended)
{
	const char *text = text_ids_get(from, id);

	*mended = false;
	*out = id;
	if (id == COCO_NO_ID)
		return false;
	/* A number means itself; a text that the truth has too means the
	 * truth's. */
	if (!text || text_ids_find(&j->truth->ids, text, out))
		return true;
	/* Else a text of digits may mean a number: one side has its ids in
	 * quotes. */
	*mended = true;
	return text_id_number(text, out);
}

int join_find_id(const struct join *j, const struct annotation_index *index,
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

static const char *detections(size_t count)
{
	return fl_plural(count, "detection", "detections");
}

void join_say_quoted(struct join *j, const char *what, size_t count)
{
	if (count)
		fl_str_addf(
			j->said,
			"the %s of %zu %s is in quotes and the ground truth's is "
			"not, or the reverse: digits are matched\n",
			what, count, detections(count));
}

/* Equal but for capitals and blanks at the ends? */
static bool alike(const char *a, const char *b)
{
	size_t n, m;

	a += strspn(a, " \t");
	b += strspn(b, " \t");
	n = strlen(a);
	m = strlen(b);
	while (n > 0 && strchr(" \t", a[n - 1]))
		n--;
	while (m > 0 && strchr(" \t", b[m - 1]))
		m--;
	return n == m && strncasecmp(a, b, n) == 0;
}

/* The one category of that name: as written, or with other capitals and blanks
 * at its ends. */
static int category_named(const struct annotations *a, const char *name)
{
	int folded = -1, hits = 0;

	for (size_t i = 0; i < a->category_count; i++) {
		/* Of the same name the first: COCO's tools do not expect
		 * two. */
		if (strcmp(a->categories[i].name, name) == 0)
			return (int)i;
		if (alike(a->categories[i].name, name)) {
			folded = (int)i;
			hits++;
		}
	}
	/* "Cat" and "cat" in one list: "CAT" may be either, so it is
	 * neither. */
	return hits == 1 ? folded : -1;
}

/* The detections' own list of categories, in the ground truth's: to[i] is the
 * index there of own category i, or -1 for a name that it does not have. The
 * caller frees it. NULL where no name of the list is known there, or there is
 * no list. */
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

/* Index in the truth of a category id of the detections by its name in their
 * own list; -1: the list has no such id, or the truth no such name. */
static int own_category(const struct join *j, const int *to,
			const struct annotation_index *own, int64_t id)
{
	const struct annotations *a = &j->d->own;
	const char *text = text_ids_get(&j->d->ids, id);
	int found;

	/* The list has numbered its texts by itself, apart from the
	 * detections. */
	if (text && !text_ids_find(&a->ids, text, &id))
		return -1;
	found = annotation_index_find(own, id);
	return found < 0 ? -1 : to[found];
}

/* For the lines that are said at the end; detections, not categories. */
struct category_count {
	size_t by_name, by_text, by_key, unnamed, quoted;
};

/* Ids that mean nothing in the truth keep a number that means nothing: texts
 * of the detections alone become numbers behind those of the truth. */
static int64_t foreign(const struct join *j, int64_t id)
{
	return text_id_is(id) ? id + (int64_t)j->truth->ids.count : id;
}

/* One that states the name of its category and no id. */
static void join_by_name(struct join *j, size_t i, struct category_count *n)
{
	int c = category_named(j->truth, j->d->said[i].category);

	n->by_key += c >= 0;
	n->unnamed += c < 0;
	if (c >= 0)
		j->d->list[i].category_id = j->truth->categories[c].id;
}

static void join_category(struct join *j, const int *to,
			  const struct annotation_index *own, size_t i,
			  struct category_count *n)
{
	const struct annotation_category *list = j->truth->categories;
	struct coco_detection *d = &j->d->list[i];
	const char *text = text_ids_get(&j->d->ids, d->category_id);
	bool mended;
	int c = to ? own_category(j, to, own, d->category_id) : -1;

	if (d->category_id == COCO_NO_ID) {
		join_by_name(j, i, n);
		return;
	}
	if (c >= 0) {
		n->by_name += list[c].id != d->category_id;
		d->category_id = list[c].id;
		return;
	}
	/* The list is to be believed: an id beyond it must not meet an equal id
	 * of the truth, which means something else there. */
	if (to) {
		n->unnamed++;
		d->category_id = COCO_NO_ID;
		return;
	}
	c = join_find_id(j, &j->categories, d->category_id, &mended);
	n->quoted += c >= 0 && mended;
	/* torchmetrics and others write the name itself as the id. */
	if (c < 0 && text) {
		c = category_named(j->truth, text);
		n->by_text += c >= 0;
	}
	d->category_id = c >= 0 ? list[c].id : foreign(j, d->category_id);
}

void join_categories(struct join *j)
{
	struct category_count n = { 0 };
	struct annotation_index own = annotations_index_categories(&j->d->own);
	int *to = own_categories(j);

	for (size_t i = 0; i < j->d->count; i++)
		join_category(j, to, &own, i, &n);
	annotation_index_release(&own);
	free(to);
	join_say_quoted(j, "category_id", n.quoted);
	if (n.by_name)
		fl_str_addf(
			j->said,
			"the detections list their own categories: %zu %s given "
			"the ground truth's id of the same name\n",
			n.by_name,
			fl_plural(n.by_name, "detection is", "detections are"));
	if (n.unnamed)
		fl_str_addf(
			j->said,
			"%zu %s of categories whose name the ground truth does "
			"not list; %s nowhere\n",
			n.unnamed,
			fl_plural(n.unnamed, "detection is", "detections are"),
			fl_plural(n.unnamed, "it counts", "they count"));
	if (n.by_key)
		fl_str_addf(j->said,
			    "%zu %s no category_id: matched by category_name\n",
			    n.by_key,
			    fl_plural(n.by_key, "detection states",
				      "detections state"));
	if (n.by_text)
		fl_str_addf(
			j->said,
			"the category_id of %zu %s is the name of a category; names "
			"are matched\n",
			n.by_text, detections(n.by_text));
}
