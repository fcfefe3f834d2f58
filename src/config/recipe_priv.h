/* recipe_priv.h - the parts of the recipe reader; for src/config. */
#ifndef FL_CONFIG_RECIPE_PRIV_H
#define FL_CONFIG_RECIPE_PRIV_H

#include "config/recipe.h"
#include "text/yaml.h"

enum row_kind {
	ROW_INT,
	ROW_REAL,
	ROW_BOOL,
	ROW_TEXT,
	ROW_INTS, /* exactly 'count' of them */
	ROW_REALS,
	ROW_ACCEPTED, /* known, without meaning here: help says why */
	ROW_REFUSED,  /* only 'standard' is possible: help says why */
};

/* One key, as a path of words: parser, bounds, default, help. */
struct row {
	const char *path;
	enum row_kind kind;
	size_t offset; /* in struct recipe */
	double min, max;
	int count;
	const char *standard; /* default as YAML; NULL: none */
	const char *words;    /* of ROW_TEXT: the allowed ones, "a|b" */
	const char *help;
};

extern const struct row recipe_rows[];
extern const size_t recipe_row_count;

/* tree.c: the file with its bases and overrides, as one tree. */
int recipe_tree(const char *path, const char *const *overrides, int count,
		struct fl_arena *arena, struct yaml **out, struct fl_err *err);

/* recipe_find.c: 'path', or where there is no such file that of a recipe which
 * came with the programs; name: as it was given, 'path' from its folder.
 * A line tells of the second. */
const char *recipe_find(struct fl_arena *arena, const char *path,
			const char *name);

/* fields.c: every row's field from the tree; unknown keys refused. */
int recipe_fill(struct recipe *r, const struct yaml *tree, struct fl_err *err);
int recipe_number(struct recipe *r, const struct yaml *node, const char *key,
		  bool whole, double min, double max, double *out,
		  struct fl_err *err);
int recipe_truth(struct recipe *r, const struct yaml *node, const char *key,
		 bool *out, struct fl_err *err);

/* chain.c: readers, data sets and schedules, which are lists or objects. */
int recipe_fill_readers(struct recipe *r, const struct yaml *tree,
			struct fl_err *err);
int recipe_fill_datasets(struct recipe *r, const struct yaml *tree,
			 struct fl_err *err);
int recipe_fill_schedules(struct recipe *r, const struct yaml *tree,
			  struct fl_err *err);
/* Rows of the table of docs/recipes.md for their keys. */
void recipe_list_objects(struct recipe *r, struct fl_str *out);
/* The sections that recipe_fill_* read. */
bool recipe_is_section(const char *key);

#endif
