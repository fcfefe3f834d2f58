#include "config/recipe_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {
	[YAML_NULL] = "nothing",  [YAML_BOOL] = "a truth value",
	[YAML_INT] = "a number",  [YAML_REAL] = "a number",
	[YAML_TEXT] = "text",	  [YAML_LIST] = "a list",
	[YAML_MAP] = "a mapping",
};

static const char *where(struct recipe *r, const struct yaml *n)
{
	return yaml_where(&r->arena, n);
}

static int wrong_type(struct recipe *r, const struct yaml *n, const char *key,
		      const char *wanted, struct fl_err *err)
{
	return fl_fail(err, FL_ERECIPE, "%s: '%s' must be %s, not %s%s%s%s",
		       where(r, n), key, wanted, kind_words[n->kind],
		       n->text ? " '" : "", n->text ? n->text : "",
		       n->text ? "'" : "");
}

/* PyYAML takes 1e-3 for text; people mean a number. */
static bool number_of(const struct yaml *n, double *out)
{
	char *end;

	*out = n->number;
	if (n->kind == YAML_INT || n->kind == YAML_REAL)
		return true;
	if (n->kind != YAML_TEXT || n->quoted || !*n->text)
		return false;
	*out = strtod(n->text, &end);
	return *end == '\0';
}

int recipe_number(struct recipe *r, const struct yaml *n, const char *key,
		  bool whole, double min, double max, double *out,
		  struct fl_err *err)
{
	double v;

	if (!number_of(n, &v) || isnan(v))
		return wrong_type(r, n, key,
				  whole ? "a whole number" : "a number", err);
	if (whole && v != floor(v))
		return wrong_type(r, n, key, "a whole number", err);
	if (min < max && (v < min || v > max))
		return fl_fail(err, FL_ERECIPE,
			       "%s: '%s' is %s, but must be within %g and %g",
			       where(r, n), key, n->text, min, max);
	*out = v;
	return 0;
}

int recipe_truth(struct recipe *r, const struct yaml *n, const char *key,
		 bool *out, struct fl_err *err)
{
	bool digit = n->kind == YAML_INT && (n->number == 0 || n->number == 1);

	if (n->kind != YAML_BOOL && !digit)
		return wrong_type(r, n, key, "true or false", err);
	*out = digit ? n->number == 1 : n->truth;
	return 0;
}

static int set_numbers(struct recipe *r, const struct row *row,
		       const struct yaml *n, struct fl_err *err)
{
	void *field = (char *)r + row->offset;
	bool whole = row->kind == ROW_INTS;
	int rc = 0;

	if (n->kind != YAML_LIST || n->count != row->count)
		return fl_fail(err, FL_ERECIPE,
			       "%s: '%s' must be a list of %d numbers",
			       where(r, n), row->path, row->count);
	for (int i = 0; rc == 0 && i < n->count; i++) {
		double v = 0;

		rc = recipe_number(r, n->items[i], row->path, whole, row->min,
				   row->max, &v, err);
		if (whole)
			((int *)field)[i] = (int)v;
		else
			((double *)field)[i] = v;
	}
	return rc;
}

/* Is text one of "a|b|c"? */
static bool among(const char *text, const char *words)
{
	size_t n = strlen(text);

	for (const char *p = words; *p; p += *p == '|') {
		size_t len = strcspn(p, "|");

		if (len == n && memcmp(p, text, n) == 0)
			return true;
		p += len;
	}
	return false;
}

static int set_text(struct recipe *r, const struct row *row,
		    const struct yaml *n, struct fl_err *err)
{
	const char *text = n->kind == YAML_NULL ? "" : n->text;

	if (!text)
		return wrong_type(r, n, row->path, "a word", err);
	if (row->words && !among(text, row->words))
		return fl_fail(err, FL_ERECIPE,
			       "%s: '%s' is '%s', but must be one of %s: %s",
			       where(r, n), row->path, text, row->words,
			       row->help);
	if (strcmp(row->path, "norm_type") == 0)
		r->sync_bn = strcmp(text, "sync_bn") == 0;
	else
		*(const char **)(void *)((char *)r + row->offset) = text;
	return 0;
}

static bool same_tree(const struct yaml *a, const struct yaml *b)
{
	double x, y;

	if (number_of(a, &x) && number_of(b, &y))
		return x == y;
	if (a->kind == YAML_BOOL && b->kind == YAML_BOOL)
		return a->truth == b->truth;
	if (a->text && b->text)
		return strcmp(a->text, b->text) == 0;
	if (a->kind != YAML_LIST || b->kind != YAML_LIST ||
	    a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++)
		if (!same_tree(a->items[i], b->items[i]))
			return false;
	return true;
}

static int standard_of(struct recipe *r, const struct row *row,
		       struct yaml **out, struct fl_err *err)
{
	return yaml_parse(row->standard, strlen(row->standard), "the default",
			  &r->arena, out, err);
}

static int check_refused(struct recipe *r, const struct row *row,
			 const struct yaml *n, struct fl_err *err)
{
	struct yaml *standard = NULL;

	if (row->standard && standard_of(r, row, &standard, err) == 0 &&
	    same_tree(n, standard))
		return 0;
	if (!row->standard)
		return fl_fail(err, FL_ERECIPE, "%s: '%s' is not possible: %s",
			       where(r, n), row->path, row->help);
	return fl_fail(err, FL_ERECIPE, "%s: '%s' can only be %s: %s",
		       where(r, n), row->path, row->standard, row->help);
}

static int set_row(struct recipe *r, const struct row *row,
		   const struct yaml *n, struct fl_err *err)
{
	char *field = (char *)r + row->offset;
	double v = 0;
	int rc;

	switch (row->kind) {
	case ROW_INT:
	case ROW_REAL:
		rc = recipe_number(r, n, row->path, row->kind == ROW_INT,
				   row->min, row->max, &v, err);
		if (row->kind == ROW_INT)
			*(int *)(void *)field = (int)v;
		else
			*(double *)(void *)field = v;
		return rc;
	case ROW_BOOL:
		return recipe_truth(r, n, row->path, (bool *)field, err);
	case ROW_TEXT:
		return set_text(r, row, n, err);
	case ROW_INTS:
	case ROW_REALS:
		return set_numbers(r, row, n, err);
	case ROW_ACCEPTED:
		return 0;
	case ROW_REFUSED:
		return check_refused(r, row, n, err);
	}
	return 0;
}

static const struct row *find_row(const char *path)
{
	for (size_t i = 0; i < recipe_row_count; i++)
		if (strcmp(recipe_rows[i].path, path) == 0)
			return &recipe_rows[i];
	return NULL;
}

/* Does any row lie below this path? */
static bool is_branch(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < recipe_row_count; i++)
		if (strncmp(recipe_rows[i].path, path, n) == 0 &&
		    recipe_rows[i].path[n] == '.')
			return true;
	return false;
}

static int unknown_key(struct recipe *r, const struct yaml *n, const char *path,
		       struct fl_err *err)
{
	const char *near = fl_nearest(path, &recipe_rows[0].path,
				      recipe_row_count, sizeof(recipe_rows[0]));

	if (near)
		return fl_fail(err, FL_ERECIPE,
			       "%s: unknown key '%s'; did you mean '%s'?",
			       where(r, n), path, near);
	return fl_fail(err, FL_ERECIPE,
		       "%s: unknown key '%s' (docs/recipes.md lists all)",
		       where(r, n), path);
}

static int fill(struct recipe *r, const struct yaml *map, const char *prefix,
		struct fl_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < map->count; i++) {
		const struct yaml *n = map->items[i];
		const char *path =
			*prefix ? fl_arena_printf(&r->arena, "%s.%s", prefix,
						  map->keys[i])
				: map->keys[i];
		const struct row *row = find_row(path);

		if (!*prefix && recipe_is_section(path))
			continue;
		if (row)
			rc = set_row(r, row, n, err);
		else if (is_branch(path) && n->kind == YAML_MAP)
			rc = fill(r, n, path, err);
		else if (is_branch(path) && n->kind == YAML_NULL)
			rc = 0; /* regularizer: ~ */
		else if (is_branch(path))
			rc = wrong_type(r, n, path, "a mapping", err);
		else if (strcmp(path, "LearningRate.schedulers") != 0)
			rc = unknown_key(r, n, path, err);
	}
	return rc;
}

static int set_standards(struct recipe *r, struct fl_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < recipe_row_count; i++) {
		struct yaml *n;

		if (!recipe_rows[i].standard ||
		    recipe_rows[i].kind == ROW_REFUSED)
			continue;
		rc = standard_of(r, &recipe_rows[i], &n, err);
		if (rc == 0)
			rc = set_row(r, &recipe_rows[i], n, err);
	}
	return rc;
}

int recipe_fill(struct recipe *r, const struct yaml *tree, struct fl_err *err)
{
	static const char *const needed[] = { "architecture", "num_classes" };
	int rc = set_standards(r, err);

	if (rc == 0)
		rc = fill(r, tree, "", err);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		if (!yaml_get(tree, needed[i]))
			rc = fl_fail(err, FL_ERECIPE,
				     "%s: the key '%s' is missing", r->path,
				     needed[i]);
	return rc;
}
