/* Do the two data sets of a recipe speak of the same classes? Training matches
 * them by name (detect/evaluate_classes.c) and refuses what cannot be scored:
 * 'data check' tells before, after both files were looked at. */
#include "data/check.h"

#include "base/arena.h"
#include "box/annotations.h"
#include "data/classes.h"
#include "data/dataset.h"
#include "data/options.h"

#include <limits.h>
#include <stdlib.h>

/* Boxes of each category of a COCO file; none are known of VOC's lists, whose
 * boxes only the XML has. */
static int count_boxes(const struct dataset_options *r, int classes, long **out,
		       struct fl_err *err)
{
	struct annotations a = { 0 };
	char path[PATH_MAX];
	int rc = 0;

	*out = fl_calloc((size_t)classes + 1, sizeof(**out));
	if (r->kind == DATASET_VOC)
		return 0;
	rc = dataset_anno_path(r, path, sizeof(path), err);
	if (rc == 0)
		rc = annotations_read(path, &a, err);
	for (size_t i = 0; i < a.box_count; i++)
		if (a.boxes[i].category >= 0 && a.boxes[i].category < classes)
			(*out)[a.boxes[i].category]++;
	annotations_release(&a);
	return rc;
}

static void show_pair(const struct class_list *train,
		      const struct class_list *eval, FILE *to)
{
	struct fl_str s = FL_STR_INIT;

	fl_str_addf(&s, "          %s: ", train->from);
	classes_show(train, &s);
	fl_str_addf(&s, "\n          %s:  ", eval->from);
	classes_show(eval, &s);
	fprintf(to, "%s\n", fl_str_get(&s));
	fl_str_release(&s);
}

/* A class without a box may be unknown; one with boxes, or nothing in common,
 * is what training refuses. Returns how many problems. */
static long report(const struct class_list *train,
		   const struct class_list *eval, const long *boxes, FILE *to)
{
	struct class_match m = classes_match(train, eval);
	long unknown = m.met == 0;

	for (int k = 0; k < eval->count; k++)
		unknown += m.of_model[k] < 0 && boxes[k] > 0;
	if (unknown)
		fprintf(to,
			"PROBLEM %ld %s of EvalDataset that TrainDataset does not have\n",
			unknown, fl_plural(unknown, "class", "classes"));
	else if (!m.in_order)
		fprintf(to,
			"note    EvalDataset lists other classes than TrainDataset, or in "
			"another order (matched by name)\n");
	if (unknown || !m.in_order)
		show_pair(train, eval, to);
	class_match_release(&m);
	return unknown;
}

int check_classes_meet(const struct recipe *recipe, FILE *to, long *suffers,
		       struct fl_err *err)
{
	struct dataset train = { 0 }, eval = { 0 };
	struct class_list a, b;
	long *boxes = NULL;
	int rc =
		dataset_read_classes(&data_options(recipe)->train, &train, err);

	if (rc == 0)
		rc = dataset_read_classes(&data_options(recipe)->eval, &eval,
					  err);
	if (rc == 0)
		rc = count_boxes(&data_options(recipe)->eval, eval.class_count,
				 &boxes, err);
	if (rc == 0) {
		a = dataset_classes(&train, "TrainDataset");
		b = dataset_classes(&eval, "EvalDataset");
		*suffers += report(&a, &b, boxes, to);
	}
	free(boxes);
	dataset_close(&train);
	dataset_close(&eval);
	return rc;
}
