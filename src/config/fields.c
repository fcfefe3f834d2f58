/* fields.c - rows filled from the tree: defaults first, then every key of the
 * file in its order, each found by its path; what has no row is unknown and its
 * nearest neighbour is named. Objects and lists that a part reads itself come
 * last, since they may look at rows. Called by recipe_load() once the tree is
 * merged. */
#include "config/recipe_priv.h"

#include "config/keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What stands there instead, for sentences; YAML_INT
 * and YAML_REAL are one to people. */
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

/* PyYAML takes 1e-3 for text; people mean a number. A quoted one
 * stays a text. */
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
	/* Rows without bounds have both 0. */
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
	/* 0 and 1 are truth values to the reference's Python. */
	bool digit = n->kind == YAML_INT && (n->number == 0 || n->number == 1);

	if (n->kind != YAML_BOOL && !digit)
		return wrong_type(r, n, key, "true or false", err);
	*out = digit ? n->number == 1 : n->truth;
	return 0;
}

/* The whole numbers of a list, which has at least so many. */
static int take_numbers(struct recipe *r, const struct recipe_row *row,
			const struct yaml *n, int *out, struct fl_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < n->count; i++) {
		double v = 0;

		rc = recipe_number(r, n->items[i], row->path, true, row->min,
				   row->max, &v, err);
		out[i] = (int)v;
	}
	return rc;
}

static int set_numbers(struct recipe *r, const struct recipe_row *row,
		       const struct yaml *n, int *field, struct fl_err *err)
{
	/* Where the row takes null the default stays. */
	if (n->kind == YAML_NULL && row->words)
		return 0;
	if (n->kind != YAML_LIST || n->count != row->count)
		return fl_fail(err, FL_ERECIPE,
			       "%s: '%s' must be a list of %d numbers",
			       where(r, n), row->path, row->count);
	return take_numbers(r, row, n, field, err);
}

static int set_list(struct recipe *r, const struct recipe_row *row,
		    const struct yaml *n, struct recipe_list *list,
		    struct fl_err *err)
{
	FL_ASSERT(row->count <= RECIPE_LIST);
	if (n->kind != YAML_LIST || n->count < 1 || n->count > row->count)
		return fl_fail(err, FL_ERECIPE,
			       "%s: '%s' must be a list of 1 to %d numbers",
			       where(r, n), row->path, row->count);
	list->count = n->count;
	return take_numbers(r, row, n, list->values, err);
}

/* The text of a node, one of words where there are any; *place: which. Numbers
 * have a text too: a name may be all digits. */
static int text_of(struct recipe *r, const struct recipe_row *row,
		   const char *words, const struct yaml *n, const char **text,
		   int *place, struct fl_err *err)
{
	/* "key:" and "key: ~" are the empty text; lists and mappings
	 * have none. */
	*text = n->kind == YAML_NULL ? "" : n->text;
	*place = 0;
	if (!*text)
		return wrong_type(r, n, row->path, "a word", err);
	if (words)
		*place = recipe_word_place(words, *text);
	if (*place >= 0)
		return 0;
	return fl_fail(err, FL_ERECIPE,
		       "%s: '%s' is '%s', but must be one of %s: %s",
		       where(r, n), row->path, *text, words, row->help);
}

/* A row of words fills an enum, whose values are the places of the words
 * (config/row.h); any other a borrowed text. */
static int set_text(struct recipe *r, const struct recipe_row *row,
		    const struct yaml *n, void *field, struct fl_err *err)
{
	const char *words = row->kind == ROW_FAMILY
				    ? recipe_architectures(&r->arena)
				    : row->words;
	const char *text;
	int place, rc = text_of(r, row, words, n, &text, &place, err);

	if (rc == 0 && row->kind == ROW_WORD)
		*(int *)field = place;
	else if (rc == 0)
		*(const char **)field = text;
	return rc;
}

/* By value and not by letters: 0.0 is 0, False is false. */
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

/* Defaults are written as YAML, so that a row has one form for the parser and
 * for the table of docs/recipes.md. */
static int standard_of(struct recipe *r, const struct recipe_row *row,
		       struct yaml **out, struct fl_err *err)
{
	return yaml_parse(row->standard, strlen(row->standard), "the default",
			  &r->arena, out, err);
}

/* A recipe that spells out the only possible value asks for nothing. */
static int check_refused(struct recipe *r, const struct recipe_row *row,
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

static int set_row(struct recipe *r, const struct recipe_slot *slot,
		   const struct yaml *n, struct fl_err *err)
{
	const struct recipe_row *row = slot->row;
	void *field = slot->options + row->offset;
	double v = 0;
	int rc;

	switch (row->kind) {
	case ROW_INT:
	case ROW_REAL:
		rc = recipe_number(r, n, row->path, row->kind == ROW_INT,
				   row->min, row->max, &v, err);
		if (row->kind == ROW_INT)
			*(int *)field = (int)v;
		else
			*(double *)field = v;
		return rc;
	case ROW_BOOL:
		return recipe_truth(r, n, row->path, field, err);
	case ROW_TEXT:
	case ROW_WORD:
	case ROW_FAMILY:
		return set_text(r, row, n, field, err);
	case ROW_INTS:
		return set_numbers(r, row, n, field, err);
	case ROW_LIST:
		return set_list(r, row, n, field, err);
	case ROW_ACCEPTED:
		return 0;
	case ROW_REFUSED:
		return check_refused(r, row, n, err);
	}
	return 0;
}

/* Some hundred rows and fewer keys, once at the start:
 * looking at each is enough. */
static const struct recipe_slot *find_slot(const struct recipe *r,
					   const char *path)
{
	for (size_t i = 0; i < r->slot_count; i++)
		if (strcmp(r->slots[i].path, path) == 0)
			return &r->slots[i];
	return NULL;
}

/* Does any row lie below this path? */
static bool is_branch(const struct recipe *r, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < r->slot_count; i++)
		if (strncmp(r->slots[i].path, path, n) == 0 &&
		    r->slots[i].path[n] == '.')
			return true;
	return false;
}

/* Does a part read what lies there in its own way? */
static bool is_object(const struct recipe *r, const char *path)
{
	for (int i = 0; i < r->part_count; i++)
		for (const char *const *o = r->parts[i]->objects; o && *o; o++)
			if (strcmp(*o, path) == 0)
				return true;
	return false;
}

static int unknown_key(struct recipe *r, const struct yaml *n, const char *path,
		       struct fl_err *err)
{
	const char *near = fl_nearest(path, &r->slots[0].path, r->slot_count,
				      sizeof(r->slots[0]));

	if (near)
		return fl_fail(err, FL_ERECIPE,
			       "%s: unknown key '%s'; did you mean '%s'?",
			       where(r, n), path, near);
	return fl_fail(err, FL_ERECIPE,
		       "%s: unknown key '%s' (docs/recipes.md lists all)",
		       where(r, n), path);
}

/* "regularizer: ~", and what the reference takes for the same. */
bool recipe_says_nothing(const struct yaml *n)
{
	return n->kind == YAML_NULL || (n->kind == YAML_BOOL && !n->truth) ||
	       (n->kind == YAML_TEXT && strcmp(n->text, "None") == 0);
}

/* A key may be an object (its part reads it), a row, or a branch with rows
 * below it, in this order: an object's own keys are not ours to judge. */
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
		const struct recipe_slot *slot = find_slot(r, path);

		if (is_object(r, path))
			continue;
		if (slot)
			rc = set_row(r, slot, n, err);
		else if (is_branch(r, path) && n->kind == YAML_MAP)
			rc = fill(r, n, path, err);
		else if (is_branch(r, path) && recipe_says_nothing(n))
			rc = 0;
		else if (is_branch(r, path))
			rc = wrong_type(r, n, path, "a mapping", err);
		else
			rc = unknown_key(r, n, path, err);
	}
	return rc;
}

static int set_standards(struct recipe *r, struct fl_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->slot_count; i++) {
		const struct recipe_row *row = r->slots[i].row;
		struct yaml *n;

		/* Refused rows have no field. */
		if (!row->standard || row->kind == ROW_REFUSED)
			continue;
		rc = standard_of(r, row, &n, err);
		if (rc == 0)
			rc = set_row(r, &r->slots[i], n, err);
	}
	return rc;
}

int recipe_fill(struct recipe *r, const struct yaml *tree, struct fl_err *err)
{
	static const char *const needed[] = { "architecture", "num_classes" };
	const struct yaml *architecture = yaml_get(tree, "architecture");
	int rc;

	/* Before anything else, for only rows of this architecture's family are
	 * keys. An architecture that nobody knows takes all rows, so that its
	 * own row says what is possible. */
	recipe_take_parts(r, architecture ? architecture->text : NULL);
	rc = recipe_refuse_foreign(r, tree, err);
	if (rc == 0)
		rc = set_standards(r, err);
	if (rc == 0)
		rc = fill(r, tree, "", err);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		if (!yaml_get(tree, needed[i]))
			rc = fl_fail(err, FL_ERECIPE,
				     "%s: the key '%s' is missing", r->path,
				     needed[i]);
	for (int i = 0; rc == 0 && i < r->part_count; i++)
		if (r->parts[i]->read)
			rc = r->parts[i]->read(r, r->options[i], tree, err);
	return rc;
}
