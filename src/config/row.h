/* row.h - keys of a recipe as rows, and the parts that a recipe is made of.
 *
 * A room that reads keys says so in a table of its own: one row is parser,
 * bounds, default, help and a line of docs/recipes.md, and fills one field of the
 * room's options. Rows, the struct that they fill and what reads keys that are
 * objects or lists make a part; registry/lists.c lists the parts.
 *
 * src/config knows the kinds of rows, not what any key means.
 */
#ifndef FL_CONFIG_ROW_H
#define FL_CONFIG_ROW_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

struct recipe;
struct yaml;

enum row_kind {
	ROW_INT,
	ROW_REAL,
	ROW_BOOL,
	ROW_TEXT,
	ROW_WORD,     /* an enum, whose values are the places among 'words' */
	ROW_INTS,     /* exactly 'count'; words "~": null leaves the default */
	ROW_LIST,     /* 1 to 'count' of them, into a struct recipe_list */
	ROW_FAMILY,   /* a text, one of the parts' architectures */
	ROW_ACCEPTED, /* known, without meaning here: help says why */
	ROW_REFUSED,  /* only 'standard' is possible: help says why */
};

#define RECIPE_LIST 8 /* numbers of a ROW_LIST at most */

struct recipe_list {
	int count;
	int values[RECIPE_LIST];
};

/* One key, as a path of words. */
struct recipe_row {
	const char *path;
	enum row_kind kind;
	size_t offset; /* in the part's options */
	double min, max;
	int count;
	const char *standard; /* default as YAML; NULL: none */
	const char *words;    /* the allowed ones, "a|b" */
	const char *help;
};

struct recipe_part {
	const struct recipe_row *rows;
	size_t row_count;
	size_t size; /* of the options */
	/* "A|B": the part belongs to recipes of these architectures, which the
	 * key 'architecture' may name. NULL: to all. */
	const char *architectures;
	/* Paths of the keys that are no rows but objects or lists, NULL at the
	 * end; and who reads them, after all rows of all parts. */
	const char *const *objects;
	int (*read)(struct recipe *recipe, void *options,
		    const struct yaml *tree, struct fl_err *err);
	/* Their rows in docs/recipes.md: asks for every key once, with
	 * nothing there (config/keys.h). */
	void (*list)(struct recipe *recipe, struct fl_str *out);
};

/* The place of a word among "a|b|c", or -1. */
int recipe_word_place(const char *words, const char *text);
/* The word at a place that is there, in buf. */
#define RECIPE_WORD 32
const char *recipe_word(const char *words, int place, char buf[RECIPE_WORD]);

#endif
