/* recipe_priv.h - the steps of recipe_load(); for src/config. */
#ifndef FL_CONFIG_RECIPE_PRIV_H
#define FL_CONFIG_RECIPE_PRIV_H

#include "config/recipe.h"
#include "text/yaml.h"

/* A row and where its field lies. */
struct recipe_slot {
	const char *path; /* the row's; fl_nearest() goes along these */
	const struct recipe_row *row;
	char *options;
};

/* recipe_rows.c: the keys of struct recipe itself, and those of the reference
 * that mean nothing in any room. */
extern const struct recipe_part recipe_own_part, recipe_unused_part;

/* tree.c: the file with its bases and overrides, as one tree; base: the tree
 * before them, of struct recipe_change. */
int recipe_tree(const char *path, const char *const *overrides, int count,
		struct fl_arena *arena, struct yaml **out, struct yaml **base,
		struct fl_err *err);

/* changes.c: fills r->changes. */
void recipe_find_changes(struct recipe *r, const struct yaml *now,
			 const struct yaml *base);

/* recipe_find.c: 'path', or where there is no such file that of a recipe which
 * came with the programs; name: as it was given, 'path' from its folder.
 * A line tells of the second. */
const char *recipe_find(struct fl_arena *arena, const char *path,
			const char *name);

/* parts.c: the parts that an architecture has, with their options and slots;
 * NULL, or one that no part knows: all. */
void recipe_take_parts(struct recipe *r, const char *architecture);
/* Every part of this build, with the two of src/config around them, one after
 * another from *at = 0 on; NULL at the end. */
const struct recipe_part *recipe_next_part(int *at);
/* "A|B|C": all that the key 'architecture' may name. */
const char *recipe_architectures(struct fl_arena *arena);

/* foreign.c: FL_ERECIPE for a recipe of a family that this build lacks. */
int recipe_refuse_foreign(struct recipe *r, const struct yaml *tree,
			  struct fl_err *err);
/* The table of them in docs/recipes.md. */
void recipe_print_foreign(struct fl_str *out);

/* fields.c: null, and what the reference takes for the same. */
bool recipe_says_nothing(const struct yaml *node);
/* fields.c: every row's field from the tree; unknown keys refused. */
int recipe_fill(struct recipe *r, const struct yaml *tree, struct fl_err *err);

#endif
