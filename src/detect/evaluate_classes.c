/* The classes of a file that a model is shown, met with its own by name: before
 * the first step of a training that scores, before a score, before names are
 * drawn on pictures. What is not as in the file that the model was trained with
 * is said, once and by rank 0; what cannot be right is refused with both lists.
 * The reference counts places instead: the same classes in another order then
 * score low without a word (docs/parity.md). */
#include "detect/evaluate_priv.h"

#include "base/file.h"
#include "base/log.h"
#include "data/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Boxes of each class of the data set: a class that no box is of may be unknown
 * to the model without harm. */
static long *count_boxes(const struct dataset *d)
{
	long *n = fl_calloc((size_t)d->class_count + 1, sizeof(*n));

	for (int i = 0; i < d->count; i++)
		for (int k = 0; k < d->images[i].count; k++)
			n[d->images[i].classes[k]]++;
	return n;
}

/* Names of a list whose partner is missing, as text; returns how many. */
static int list_alone(const struct class_list *l, const int *partner,
		      struct fl_str *out)
{
	const char **names = fl_calloc((size_t)l->count + 1, sizeof(*names));
	struct class_list alone = { .names = names };

	for (int i = 0; i < l->count; i++)
		if (partner[i] < 0)
			names[alone.count++] = l->names[i];
	classes_show(&alone, out);
	free(names);
	return alone.count;
}

/* Lines to warn of, each a sentence with both files in it. Nothing of this
 * stops a score: it says what the score does not count. */
static void say_differences(const struct class_list *model,
			    const struct class_list *file,
			    const struct class_match *m)
{
	struct fl_str said = FL_STR_INIT, alone = FL_STR_INIT;
	int n;

	if (!m->in_order)
		fl_str_addf(
			&said,
			"%s lists other classes than %s, or in another order: they are "
			"matched by name\n",
			file->from, model->from);
	n = list_alone(model, m->of_file, &alone);
	if (n)
		fl_str_addf(
			&said,
			"%d %s of the model %s not in %s (%s): their detections do "
			"not count\n",
			n, fl_plural(n, "class", "classes"),
			fl_plural(n, "is", "are"), file->from,
			fl_str_get(&alone));
	fl_str_clear(&alone);
	n = list_alone(file, m->of_model, &alone);
	if (n)
		fl_str_addf(&said,
			    "%d %s of %s %s, and no box is of %s "
			    "(%s)\n",
			    n, fl_plural(n, "class", "classes"), file->from,
			    fl_plural(n, "is not the model's",
				      "are none of the model's"),
			    fl_plural(n, "it", "them"), fl_str_get(&alone));
	if (m->folded)
		fl_str_addf(
			&said,
			"some classes of %s are spelt with other capitals or blanks than "
			"the model's\n",
			file->from);
	fl_warn_lines(&said);
	fl_str_release(&said);
	fl_str_release(&alone);
}

/* Two cases have no right answer: nothing in common, and boxes of a class that
 * the model can never name (they would all count as missed). */
static int check_match(const struct class_list *model,
		       const struct class_list *file, const struct dataset *d,
		       const struct class_match *m, struct fl_err *err)
{
	long *boxes = count_boxes(d);
	int rc = 0;

	if (m->met == 0)
		rc = classes_refuse(
			model, file,
			"no class of the model is in the data set that it is to be scored with",
			err);
	for (int k = 0; rc == 0 && k < file->count; k++) {
		char why[256];

		if (m->of_model[k] >= 0 || boxes[k] == 0)
			continue;
		snprintf(
			why, sizeof(why),
			"the data set has %ld boxes of '%.80s', a class that the model does "
			"not know",
			boxes[k], file->names[k]);
		rc = classes_refuse(model, file, why, err);
	}
	free(boxes);
	return rc;
}

/* Class i is class i. */
static void by_place(struct evaluator *v, int classes)
{
	v->class_of = fl_malloc(((size_t)classes + 1) * sizeof(int));
	for (int i = 0; i < classes; i++)
		v->class_of[i] = i;
}

int evaluate_meet_classes(struct evaluator *v, const struct recipe *recipe,
			  const struct class_list *model, struct fl_err *err)
{
	struct class_list file;
	struct class_match m;
	char path[PATH_MAX], from[PATH_MAX + 2];
	int rc = dataset_anno_path(&data_options(recipe)->eval, path,
				   sizeof(path), err);

	if (rc != 0)
		return rc;
	/* PaddleDetection's weights have no names, and the data set that was
	 * trained with may be elsewhere: places are all there is. */
	if (model->count == 0) {
		fl_info("the weights do not say what their classes are called: "
			"the first is taken for the first of '%s', and so on",
			path);
		by_place(v, recipe->num_classes);
		return 0;
	}
	snprintf(from, sizeof(from), "'%s'", path);
	file = dataset_classes(&v->data, from);
	m = classes_match(model, &file);
	rc = check_match(model, &file, &v->data, &m, err);
	if (rc == 0 && (!m.in_order || m.folded))
		say_differences(model, &file, &m);
	/* The table is the evaluator's from here on; the rest of the match is
	 * freed. */
	v->class_of = m.of_file;
	m.of_file = NULL;
	class_match_release(&m);
	return rc;
}

/* Names and ids for the pictures, taken over from a list; copied, for its file
 * is closed before the pictures are written. */
static void take_names(struct dataset *d, const struct class_list *l)
{
	size_t n = (size_t)l->count;

	d->class_count = l->count;
	d->class_names =
		fl_arena_array(&d->arena, n + 1, sizeof(*d->class_names));
	d->class_ids = fl_arena_array(&d->arena, n + 1, sizeof(*d->class_ids));
	for (size_t i = 0; i < n; i++) {
		d->class_names[i] = fl_arena_strdup(&d->arena, l->names[i]);
		d->class_ids[i] = l->ids ? l->ids[i] : (int64_t)i;
	}
}

/* A model whose classes nobody knows: "class 0", "class 1" on the pictures. */
static void number_classes(struct dataset *d, int classes)
{
	const char **names = fl_calloc((size_t)classes + 1, sizeof(*names));
	struct class_list l = { .count = classes, .names = names };

	for (int i = 0; i < classes; i++)
		names[i] = fl_arena_printf(&d->arena, "class %d", i);
	take_names(d, &l);
	free(names);
}

/* The TestDataset's list, if its file is here; *there says so. */
static int read_test(const struct recipe *recipe, struct dataset *out,
		     char *path, size_t size, bool *there, struct fl_err *err)
{
	struct fl_err none = FL_ERR_INIT;

	*out = (struct dataset){ 0 };
	*there = *data_options(recipe)->test.anno_path &&
		 dataset_anno_path(&data_options(recipe)->test, path, size,
				   &none) == 0 &&
		 fl_exists(path);
	return *there ? dataset_read_classes(&data_options(recipe)->test, out,
					     err)
		      : 0;
}

static int name_unknown(struct evaluator *v, const struct recipe *recipe,
			const struct class_list *test, struct fl_str *said)
{
	if (test->count == recipe->num_classes) {
		fl_info("the weights do not say what their classes are called: names are those of %s",
			test->from);
		take_names(&v->data, test);
		return 0;
	}
	if (test->count)
		fl_str_addf(said,
			    "%s has %d classes and the model %d: ", test->from,
			    test->count, recipe->num_classes);
	fl_str_add(
		said,
		"nobody knows what the model's classes are called; they are numbered from 0\n");
	number_classes(&v->data, recipe->num_classes);
	return 0;
}

/* Names are the model's in any case. Category ids are the TestDataset's where
 * it has all of the classes, so that bbox.json can be scored against its
 * file. */
static void name_known(struct evaluator *v, const struct class_list *model,
		       const struct class_list *test, struct fl_str *said)
{
	struct class_match m = classes_match(model, test);

	take_names(&v->data, model);
	if (m.met == model->count) {
		for (int i = 0; test->ids && i < model->count; i++)
			v->data.class_ids[i] = test->ids[m.of_file[i]];
		if (!m.in_order)
			fl_str_addf(
				said,
				"%s lists other classes than %s, or in another order: they "
				"are matched by name\n",
				test->from, model->from);
	} else if (test->count) {
		fl_str_addf(said, "%s lists other classes (", test->from);
		classes_show(test, said);
		fl_str_addf(said, ") than %s (", model->from);
		classes_show(model, said);
		fl_str_add(said,
			   "): names and category ids are the model's own\n");
	}
	class_match_release(&m);
}

int evaluate_name_classes(struct evaluator *v, const struct recipe *recipe,
			  const struct class_list *model, struct fl_err *err)
{
	char path[PATH_MAX] = "", from[PATH_MAX + 2];
	struct fl_str said = FL_STR_INIT;
	struct class_list list;
	struct dataset test;
	bool there;
	int rc = read_test(recipe, &test, path, sizeof(path), &there, err);

	snprintf(from, sizeof(from), "'%s'", path);
	list = dataset_classes(&test, from);
	if (rc == 0 && model->count)
		name_known(v, model, &list, &said);
	else if (rc == 0)
		rc = name_unknown(v, recipe, &list, &said);
	if (rc == 0)
		by_place(v, recipe->num_classes);
	fl_warn_lines(&said);
	fl_str_release(&said);
	/* Ids that are texts in the file stay texts in bbox.json; their table
	 * moves over before its data set is closed. */
	v->data.ids = test.ids; /* the texts of its category ids */
	test.ids = (struct text_ids){ 0 };
	dataset_close(&test);
	return rc;
}
