/* foreign.c - recipes of other families, refused by name.
 * recipe_fill() asks first, with the merged tree: rows, and the nearest of their
 * names, would only speak of the one key of many that is met first. */
#include "config/foreign.h"

#include "config/recipe_priv.h"

#include <string.h>

static const struct yaml *lookup(const struct yaml *n, const char *path)
{
	while (n && n->kind == YAML_MAP) {
		size_t len = strcspn(path, ".");
		const struct yaml *below = NULL;

		for (int i = 0; i < n->count; i++)
			if (strlen(n->keys[i]) == len &&
			    memcmp(n->keys[i], path, len) == 0)
				below = n->items[i];
		n = below;
		if (!path[len])
			return n;
		path += len + 1;
	}
	return NULL;
}

static bool matches(const struct recipe_foreign *f, const struct yaml *n)
{
	if (!n || recipe_says_nothing(n))
		return false;
	/* The class of an object is its tag. */
	return !f->value || (n->text && strcmp(n->text, f->value) == 0) ||
	       (n->tag && strcmp(n->tag, f->value) == 0);
}

int recipe_refuse_foreign(struct recipe *r, const struct yaml *tree,
			  struct fl_err *err)
{
	for (const struct recipe_foreign *f = recipe_foreigns; f->path; f++) {
		const struct yaml *n = lookup(tree, f->path);

		if (matches(f, n))
			return fl_fail(
				err, FL_ERECIPE,
				"%s: the key '%s%s%s' belongs to %s, which flotilla does "
				"not have; docs/recipes.md lists the recipes of "
				"PaddleDetection and what becomes of them here",
				yaml_where(&r->arena, n), f->path,
				f->value ? ": " : "", f->value ? f->value : "",
				f->family);
	}
	return 0;
}

void recipe_print_foreign(struct fl_str *out)
{
	fl_str_add(
		out,
		"\nRecipes of other families are refused by the first of these keys:\n\n"
		"| key | family |\n|---|---|\n");
	for (const struct recipe_foreign *f = recipe_foreigns; f->path; f++)
		fl_str_addf(out, "| `%s%s%s` | %s |\n", f->path,
			    f->value ? ": " : "", f->value ? f->value : "",
			    f->family);
}
