/* recipe.c - recipe_load() puts the steps together: the merged tree (tree.c),
 * every room's options out of it (fields.c), and the tree as text, to keep
 * beside a run. Called by every command that takes -c.
 * recipe_print_rows() goes through the same rows for docs/recipes.md, so that
 * the table cannot tell of other keys than the parser. */
#include "config/recipe_priv.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the reference names a run: "configs/my.yml" is
 * "my". It becomes the run's folder. */
static const char *name_of(struct fl_arena *arena, const char *path)
{
	const char *base = fl_base_name(path), *dot = strrchr(base, '.');

	return fl_arena_strndup(arena, base,
				dot ? (size_t)(dot - base) : strlen(base));
}

/* The printer begins with the end of a line, which a file does not. */
static void keep_effective(struct recipe *r, const struct yaml *tree)
{
	struct fl_str text = FL_STR_INIT;

	yaml_print(tree, 0, &text);
	fl_str_add(&text, "\n");
	r->effective = fl_arena_strdup(&r->arena, fl_str_get(&text) + 1);
	fl_str_release(&text);
}

/* Whoever mistyped a name of ours is told where they are. */
static int read_tree(struct recipe *r, const char *const *overrides, int count,
		     struct yaml **tree, struct yaml **base, struct fl_err *err)
{
	int rc = recipe_tree(r->path, overrides, count, &r->arena, tree, base,
			     err);
	const char *folder = recipe_folder(&r->arena);
	size_t len = strlen(err->text);

	if (rc != 0 && !fl_exists(r->path) && folder)
		snprintf(err->text + len, sizeof(err->text) - len,
			 "; recipes that came with flotilla are in '%s'",
			 folder);
	return rc;
}

int recipe_load(const char *path, const char *const *overrides, int count,
		struct recipe **out, struct fl_err *err)
{
	struct recipe *r = fl_calloc(1, sizeof(*r));
	struct yaml *tree, *base;
	int rc;

	r->path =
		fl_arena_strdup(&r->arena, recipe_find(&r->arena, path, path));
	/* The name as typed: one that is found among ours
	 * names its run the same. */
	r->filename = name_of(&r->arena, path);
	if (!fl_ends_with(path, ".yml") && !fl_ends_with(path, ".yaml"))
		rc = fl_fail(err, FL_EUSAGE,
			     "a recipe ends in .yml or .yaml, unlike '%s'",
			     path);
	else if (!*r->filename)
		/* The run's folder would be the folder of all runs. */
		rc = fl_fail(err, FL_EUSAGE, "'%s' is an ending without a name",
			     path);
	else
		rc = read_tree(r, overrides, count, &tree, &base, err);
	if (rc == 0)
		rc = recipe_fill(r, tree, err);
	if (rc != 0) {
		recipe_free(r);
		return rc;
	}
	keep_effective(r, tree);
	recipe_find_changes(r, tree, base);
	*out = r;
	return 0;
}

enum dtype recipe_precision(const struct recipe *r)
{
	return r->precision == PRECISION_BF16 ? DTYPE_BF16 : DTYPE_F32;
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	/* Texts of the recipe, nodes of its tree and all
	 * options are in the arena. */
	fl_arena_release(&r->arena);
	free(r);
}

static const char *bounds(struct recipe *r, const struct recipe_row *row)
{
	switch (row->kind) {
	case ROW_FAMILY:
		return recipe_architectures(&r->arena);
	case ROW_ACCEPTED:
		return "accepted, no effect";
	case ROW_REFUSED:
		return "this value only";
	case ROW_BOOL:
		return "true, false";
	case ROW_TEXT:
	case ROW_WORD:
		return row->words ? row->words : "text";
	case ROW_INT:
	case ROW_REAL:
	case ROW_INTS:
	case ROW_LIST:
		break;
	}
	return fl_arena_printf(&r->arena, "%g to %g%s%s", row->min, row->max,
			       row->words ? "|" : "",
			       row->words ? row->words : "");
}

/* A '|' would end the cell of the table. */
static void print_row(struct recipe *r, const struct recipe_row *row,
		      struct fl_str *out)
{
	fl_str_addf(
		out, "| `%s` | %s%s%s | ", row->path, row->standard ? "`" : "",
		row->standard ? row->standard : "", row->standard ? "`" : "");
	for (const char *p = bounds(r, row); *p; p++)
		fl_str_addn(out, *p == '|' ? ", " : p, *p == '|' ? 2 : 1);
	fl_str_addf(out, " | %s |\n", row->help);
}

void recipe_print_rows(struct fl_str *out)
{
	struct recipe r = { 0 };
	const struct recipe_part *p;

	fl_str_add(out, "| key | default | values | meaning |\n"
			"|---|---|---|---|\n");
	for (int at = 0; (p = recipe_next_part(&at)) != NULL;)
		for (size_t i = 0; i < p->row_count; i++)
			print_row(&r, &p->rows[i], out);
	fl_str_add(
		out,
		"\nThe same keys belong to EvalDataset and TestDataset, EvalReader and TestReader:\n\n"
		"| key | values | meaning |\n|---|---|---|\n");
	/* With notes set, each key that a room asks for writes its row
	 * (keys_look()); there is no tree, so every key is absent. */
	r.notes = out;
	for (int at = 0; (p = recipe_next_part(&at)) != NULL;)
		if (p->list)
			p->list(&r, out);
	fl_arena_release(&r.arena);
	recipe_print_foreign(out);
}
