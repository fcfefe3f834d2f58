/* The tables that all readers of this folder fill, which grow as they do, and
 * the list of what is odd. Readers call labels_class() and labels_image(), then
 * labels_box() for that image; layout.c measures and deals out afterwards.
 * Kinds of odds stand in the order in which they are told: what changes nothing
 * before what leaves something out. */
#include "data/layout/labels.h"

#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What stands behind the number in the lines of 'new'. */
static const char *const odd_text[ODD_KINDS] = {
	[ODD_EMPTY] =
		"{picture without a box: a background|pictures without a box: backgrounds}, "
		"left out of training, kept for scoring",
	[ODD_CLIPPED] =
		"{box that reaches|boxes that reach} over the edge: clipped",
	[ODD_SIZE] =
		"{picture of another size than its|pictures of another size than their} labels "
		"state: that of the picture counts",
	[ODD_DIFFICULT] =
		"{object|objects} marked difficult: kept like the others",
	[ODD_SCORED] =
		"{line|lines} with a sixth number, which is taken for a score and not used: "
		"are these detections of a model and no labels?",
	[ODD_POLYGON] =
		"{outline|outlines}: the upright box around each is taken",
	[ODD_CLASS] = "{class|classes} without a single box",
	[ODD_CLASS_VAL] = "{class|classes} with boxes in one part only",
	[ODD_ALIKE] =
		"class {name that differs|names that differ} only by case, spaces or hyphens: "
		"one class, mistyped?",
	[ODD_BOTH] =
		"{picture that stands|pictures that stand} in more than one part: scores will flatter",
	[ODD_OTHER_FILE] = "other label {file|files}, not read",
	[ODD_TIE] =
		"{name|names} that several files answer to equally well: the first is taken",
	[ODD_PART] = "{part that is|parts that are} named and not there",
	[ODD_NO_LABEL] = "{list|lists} with lines to which no file belongs",
	[ODD_NO_PICTURE] = "{label|labels} without a picture",
	[ODD_UNREADABLE] = "{picture|pictures} that cannot be read",
	[ODD_NAME] = "{picture|pictures} whose name is not UTF-8: give another",
	[ODD_UNLISTED] =
		"labelled {picture|pictures} that no list of a part names",
	[ODD_SWAPPED] =
		"{box|boxes} of a negative width or height (corners the wrong way round, xmax below "
		"xmin?): swap them",
	[ODD_NO_AREA] =
		"{box, point or line|boxes, points and lines} without an area",
	[ODD_OUTSIDE] =
		"{box wholly outside its|boxes wholly outside their} picture",
	[ODD_CROWD] = "{box|boxes} around a crowd",
	[ODD_DUMMY] =
		"{category that only stands above others and marks|"
		"categories that only stand above others and mark} no object",
	[ODD_BROKEN] = "broken label {file|files}",
};

/* Doubling, so a data set of a million boxes is copied some twelve times. */
static void *grow(void *table, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return table;
	*room = *room ? 2 * *room : 256;
	return fl_realloc(table, *room * size);
}

/* One by one: data sets have tens of classes, rarely hundreds. */
int labels_find_class(const struct labels *l, const char *name)
{
	for (int i = 0; i < l->class_count; i++)
		if (strcmp(l->classes[i], name) == 0)
			return i;
	return -1;
}

int labels_class(struct labels *l, const char *name)
{
	int i = labels_find_class(l, name);

	if (i >= 0)
		return i;
	if (l->class_count == l->class_room) {
		l->class_room = l->class_room ? 2 * l->class_room : 64;
		l->classes = fl_realloc(l->classes,
					(size_t)l->class_room * sizeof(char *));
	}
	l->classes[l->class_count] = fl_arena_strdup(&l->arena, name);
	return l->class_count++;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Boxes hold numbers, which change with the order: each is looked up anew by
 * the name that it had. */
void labels_sort_classes(struct labels *l)
{
	size_t n = (size_t)l->class_count;
	const char **sorted = fl_calloc(n + 1, sizeof(*sorted));
	const char **old = l->classes;

	if (n > 0) /* else there is no old list either */
		memcpy(sorted, old, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_names);
	l->classes = sorted;
	for (size_t i = 0; i < l->box_count; i++)
		l->boxes[i].class =
			labels_find_class(l, old[l->boxes[i].class]);
	free(old);
	l->class_room = l->class_count + 1;
}

void labels_image(struct labels *l, const char *path, int w, int h,
		  enum label_split split)
{
	l->images = grow(l->images, l->image_count, &l->image_room,
			 sizeof(*l->images));
	l->images[l->image_count++] =
		(struct label_image){ .path = path,
				      .w = w,
				      .h = h,
				      .split = split,
				      .first = l->box_count };
}

void labels_box(struct labels *l, const struct label_box *box)
{
	l->boxes =
		grow(l->boxes, l->box_count, &l->box_room, sizeof(*l->boxes));
	l->boxes[l->box_count++] = *box;
	l->images[l->image_count - 1].count++;
}

/* Its boxes are the last in the table, for only the newest image gets any. */
void labels_drop_image(struct labels *l)
{
	l->image_count--;
	l->box_count = l->images[l->image_count].first;
}

/* Counted to the end, shown ODD_SHOWN times: a data set may have thousands. */
void labels_odd(struct labels *l, enum label_odd kind, const char *fmt, ...)
{
	struct label_odds *o = &l->odd[kind];
	va_list ap;

	if (o->count++ >= ODD_SHOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(o->text[o->count - 1], sizeof(o->text[0]), fmt, ap);
	va_end(ap);
}

void labels_broken(struct labels *l, struct fl_err *err)
{
	labels_odd(l, ODD_BROKEN, "%s", err->text);
	*err = (struct fl_err)FL_ERR_INIT;
}

/* Notes first, then what is left out; ODD_FIRST_LOSS stands between. */
void labels_print_odds(const struct labels *l, FILE *to)
{
	struct fl_str line = FL_STR_INIT;

	for (int k = 0; k < ODD_KINDS; k++) {
		const struct label_odds *o = &l->odd[k];

		if (o->count == 0)
			continue;
		fl_str_clear(&line);
		fl_str_add_count(&line, o->count, odd_text[k]);
		fprintf(to, "  %s %s\n",
			k < ODD_FIRST_LOSS ? "note    " : "left out",
			fl_str_get(&line));
		for (int i = 0; i < ODD_SHOWN && i < o->count; i++)
			fprintf(to, "             %s\n", o->text[i]);
		if (o->count > ODD_SHOWN)
			fprintf(to, "             and %ld more\n",
				o->count - ODD_SHOWN);
	}
	fl_str_release(&line);
}

/* What COCO ("train2017"), VOC ("trainval"), Roboflow ("valid"), CVAT
 * ("Validation") and people call their parts. */
static enum label_split split_of_word(const char *word, size_t n)
{
	static const struct {
		const char *word;
		enum label_split split;
	} words[] = {
		{ "train", SPLIT_TRAIN },    { "training", SPLIT_TRAIN },
		{ "trainval", SPLIT_TRAIN }, { "val", SPLIT_VAL },
		{ "valid", SPLIT_VAL },	     { "validation", SPLIT_VAL },
		{ "dev", SPLIT_VAL },	     { "eval", SPLIT_VAL },
		{ "test", SPLIT_TEST },	     { "testing", SPLIT_TEST },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == n &&
		    strncasecmp(words[i].word, word, n) == 0)
			return words[i].split;
	return SPLIT_NONE;
}

/* Words are runs of letters, so "train2017" is one and "constrained" none. The
 * last one that speaks of a part counts: of "test-export/train/x" it is
 * train. */
enum label_split labels_split_of(const char *path, bool name)
{
	size_t end = name ? strlen(path) : (size_t)(fl_base_name(path) - path);
	enum label_split split = SPLIT_NONE;

	for (size_t i = 0; i < end;) {
		size_t n = 0;
		enum label_split s;

		while (i + n < end && isalpha((unsigned char)path[i + n]))
			n++;
		s = n ? split_of_word(path + i, n) : SPLIT_NONE;
		split = s ? s : split;
		i += n + (n == 0);
	}
	return split;
}

const char *labels_split_name(enum label_split split)
{
	static const char *const names[SPLITS] = { "no part", "training",
						   "validation", "test" };

	return names[split];
}

/* From the first point, not from zero: an outline may lie anywhere. */
void bounds_add(struct bounds *b, double x, double y)
{
	if (b->points++ == 0) {
		*b = (struct bounds){ x, y, x, y, 1 };
		return;
	}
	b->x0 = x < b->x0 ? x : b->x0;
	b->y0 = y < b->y0 ? y : b->y0;
	b->x1 = x > b->x1 ? x : b->x1;
	b->y1 = y > b->y1 ? y : b->y1;
}

void labels_release(struct labels *l)
{
	free(l->classes);
	free(l->images);
	free(l->boxes);
	tree_close(&l->tree);
	fl_arena_release(&l->arena);
	*l = (struct labels){ 0 };
}
