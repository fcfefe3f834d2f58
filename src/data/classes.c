/* Classes met by name, for evaluation, inference, resuming and fine-tuning
 * (detect/evaluate_classes.c, model_classes.c, weights.c) and for 'data check'.
 * The reference counts places in the file's list, so a file in another order
 * scores low without a word there (PaddleDetection issues 87, 647, 741,
 * 1253). */
#include "data/classes.h"

#include "base/arena.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LISTED 12 /* names of a list that people see */
#define LISTED_CHARS 300

/* One class without a name, and places or ids are all there is. */
static bool has_names(const struct class_list *l)
{
	for (int i = 0; i < l->count; i++)
		if (!l->names[i] || !*l->names[i])
			return false;
	return l->count > 0;
}

/* Equal but for capitals of ASCII and blanks at the ends. */
static bool alike(const char *a, const char *b)
{
	while (isspace((unsigned char)*a))
		a++;
	while (isspace((unsigned char)*b))
		b++;
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
		a++;
		b++;
	}
	while (isspace((unsigned char)*a))
		a++;
	while (isspace((unsigned char)*b))
		b++;
	return !*a && !*b;
}

static bool exactly(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void join(struct class_match *m, int model, int file)
{
	m->of_file[model] = file;
	m->of_model[file] = model;
	m->met++;
}

/* Each class of the model takes the first of that name that is left: names may
 * stand twice in a list, and then their order decides. */
static void by_name(struct class_match *m, const struct class_list *model,
		    const struct class_list *file,
		    bool (*same)(const char *a, const char *b))
{
	for (int i = 0; i < model->count; i++)
		for (int k = 0; m->of_file[i] < 0 && k < file->count; k++)
			if (m->of_model[k] < 0 &&
			    same(model->names[i], file->names[k]))
				join(m, i, k);
}

static void by_id(struct class_match *m, const struct class_list *model,
		  const struct class_list *file)
{
	for (int i = 0; i < model->count; i++)
		for (int k = 0; m->of_file[i] < 0 && k < file->count; k++)
			if (m->of_model[k] < 0 && model->ids[i] == file->ids[k])
				join(m, i, k);
}

struct class_match classes_match(const struct class_list *model,
				 const struct class_list *file)
{
	size_t n = (size_t)model->count, k = (size_t)file->count;
	struct class_match m = { .in_order = model->count == file->count };
	int met;

	m.of_file = fl_malloc((n + 1) * sizeof(int));
	m.of_model = fl_malloc((k + 1) * sizeof(int));
	memset(m.of_file, -1, n * sizeof(int));
	memset(m.of_model, -1, k * sizeof(int));
	if (has_names(model) && has_names(file)) {
		/* Exact names first, so that "Cat" and "cat" of one list stay
		 * two classes. */
		by_name(&m, model, file, exactly);
		met = m.met;
		by_name(&m, model, file, alike);
		m.folded = m.met > met;
	} else if (model->ids && file->ids) {
		by_id(&m, model, file);
	}
	for (int i = 0; m.in_order && i < model->count; i++)
		m.in_order = m.of_file[i] == i;
	return m;
}

void class_match_release(struct class_match *m)
{
	free(m->of_file);
	free(m->of_model);
	*m = (struct class_match){ 0 };
}

/* Bounded twice, since one class may have a whole sentence for a name. */
void classes_show(const struct class_list *l, struct fl_str *out)
{
	size_t start = out->len;
	int i = 0;

	for (; i < l->count && i < LISTED && out->len - start < LISTED_CHARS;
	     i++)
		fl_str_addf(out, "%s%.60s", i ? ", " : "",
			    l->names[i] && *l->names[i] ? l->names[i]
							: "(no name)");
	if (i < l->count)
		fl_str_addf(out, ", ... (%d)", l->count);
	if (l->count == 0)
		fl_str_add(out, "none");
}

int classes_refuse(const struct class_list *model,
		   const struct class_list *file, const char *why,
		   struct fl_err *err)
{
	struct fl_str s = FL_STR_INIT;
	int rc;

	fl_str_addf(&s, "%s: %s has ", why, model->from);
	classes_show(model, &s);
	fl_str_addf(&s, "; %s has ", file->from);
	classes_show(file, &s);
	rc = fl_fail(err, FL_EDATA, "%s", fl_str_get(&s));
	fl_str_release(&s);
	return rc;
}
