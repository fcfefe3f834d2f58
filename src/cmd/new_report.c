/* new_report.c - what 'flotilla new' found, in words for a person who has just
 * pointed at a folder: pictures, parts, classes, boxes, oddities. cmd_new.c
 * prints it before anything is proposed, so that a wrong folder is seen at
 * once.
 * At most 40 classes are listed, a screenful; the recipe's label
 * list has all. */
#include "cmd/new_report.h"

#include "cmd/new_proposal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CLASSES_SHOWN 40

static void print_pictures(const struct labels *l, const struct new_facts *f,
			   FILE *to)
{
	int least_w = 0, least_h = 0, most_w = 0, most_h = 0;
	long pictures[SPLITS] = { 0 }, boxes = 0, all = 0;

	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		if (im->gone)
			continue;
		/* all is 0 at the first picture, which is the least so far. */
		least_w = all && least_w < im->w ? least_w : im->w;
		least_h = all && least_h < im->h ? least_h : im->h;
		most_w = most_w > im->w ? most_w : im->w;
		most_h = most_h > im->h ? most_h : im->h;
		pictures[im->split]++;
		boxes += im->count;
		all++;
	}
	fprintf(to, "%s: %s, class names from %s\n", l->tree.root, l->layout,
		l->source ? l->source : "'categories'");
	fprintf(to, "  %ld %s of %dx%d to %dx%d, %ld %s, %d %s\n", all,
		fl_plural(all, "picture", "pictures"), least_w, least_h, most_w,
		most_h, boxes, fl_plural(boxes, "box", "boxes"), l->class_count,
		fl_plural(l->class_count, "class", "classes"));
	fprintf(to, "  training %ld, validation %ld, test %ld: %s\n",
		pictures[SPLIT_TRAIN], pictures[SPLIT_VAL],
		pictures[SPLIT_TEST], l->split_rule);
	fprintf(to,
		"  a box of the middle has %.0f %% of its picture's side, a tenth have less than %.0f %%\n",
		100 * f->box_median, 100 * f->box_tenth);
}

/* Boxes of each class in a part; the caller frees it. */
static long *count_boxes(const struct labels *l, enum label_split split)
{
	long *n = fl_calloc((size_t)l->class_count + 1, sizeof(*n));

	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		for (int k = 0; k < im->count; k++)
			if (!im->gone && im->split == split)
				n[l->boxes[im->first + (size_t)k].class]++;
	}
	return n;
}

/* "Cat", "cat " and "c-a-t" are one mistyped name. */
static bool alike(const char *a, const char *b)
{
	for (;;) {
		while (*a && strchr(" -_", *a))
			a++;
		while (*b && strchr(" -_", *b))
			b++;
		if (!*a || !*b || strncasecmp(a, b, 1) != 0)
			return !*a && !*b;
		a++, b++;
	}
}

static void look_at_classes(struct labels *l, const long *train,
			    const long *val)
{
	for (int i = 0; i < l->class_count; i++) {
		const char *name = l->classes[i];

		if (train[i] + val[i] == 0)
			labels_odd(l, ODD_CLASS, "'%s'", name);
		/* A class that is in one part alone is not
		 * learnt, or not scored. */
		else if (train[i] == 0 || val[i] == 0)
			labels_odd(l, ODD_CLASS_VAL, "'%s': %s alone", name,
				   train[i] ? "training" : "validation");
		/* Every pair: above 2000 classes that takes
		 * longer than the whole reading. */
		for (int k = 0; l->class_count <= 2000 && k < i; k++)
			if (alike(name, l->classes[k]))
				labels_odd(l, ODD_ALIKE, "'%s' and '%s'",
					   l->classes[k], name);
	}
}

void new_report(struct labels *l, const struct new_facts *f, FILE *to)
{
	long *train = count_boxes(l, SPLIT_TRAIN);
	long *val = count_boxes(l, SPLIT_VAL);

	print_pictures(l, f, to);
	fprintf(to, "  %-28s %10s %10s\n", "boxes", "training", "validation");
	for (int i = 0; i < l->class_count && i < CLASSES_SHOWN; i++)
		fprintf(to, "    %-26s %10ld %10ld\n", l->classes[i], train[i],
			val[i]);
	if (l->class_count > CLASSES_SHOWN)
		fprintf(to, "    and %d more classes\n",
			l->class_count - CLASSES_SHOWN);
	look_at_classes(l, train, val);
	labels_print_odds(l, to);
	free(train);
	free(val);
}
