/* tree.h - every file below a folder, by its path and by its last name.
 *
 * People's folders come from many tools, and the names in their label files
 * often begin somewhere else: at another machine's root, at a "data/" that no
 * longer exists, behind backslashes. So names are looked up here by their end.
 *
 * Ownership: all texts live in the tree's arena. Read-only after opening.
 */
#ifndef FL_DATA_LAYOUT_TREE_H
#define FL_DATA_LAYOUT_TREE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

/* Deepest folder that is looked into, and most files: a data set is neither
 * deeper nor larger, but a home folder given by mistake is. */
#define TREE_DEPTH 12
#define TREE_FILES 4000000

struct tree {
	struct fl_arena arena;
	const char *root;   /* absolute */
	const char **paths; /* below root, in order of strcmp */
	int count, capacity;
	int *by_name; /* indices of paths, by last name, then by path */
	int *by_stem; /* the same by last name without its ending */
	/* Names so far that several files answer to equally well. */
	long ties;
	char tie[256]; /* the first of them */
};

/* Hidden files and folders are passed over; links are followed. FL_EDATA. */
int tree_open(struct tree *tree, const char *root, struct fl_err *err);
void tree_close(struct tree *tree);

/* True for files that are looked for, or looked for first. */
typedef bool tree_test(const char *path, const void *ctx);

/* The file that the label file 'near' (a path of the tree) means by 'name': of
 * all with this last name the one that shares most of the folders in front of
 * it, then one that 'first' says true to (NULL: none), then the one nearest to
 * 'near'. NULL: there is none. */
const char *tree_find(struct tree *tree, const char *near, const char *name,
		      tree_test *first, const void *ctx);
/* The same by the last name without its ending, which 'name' has too ("a.b." of
 * the stem "a.b"), among the files that 'wanted' says true to. */
const char *tree_find_stem(struct tree *tree, const char *near,
			   const char *name, bool (*wanted)(const char *path));
/* The file of exactly this path, or NULL; its place in paths, or -1. */
const char *tree_get(const struct tree *tree, const char *path);
int tree_index(const struct tree *tree, const char *path);
/* Paths that begin with 'folder/' (all of them for ""): *first and how many. */
int tree_below(const struct tree *tree, const char *folder, int *first);
/* root/path in the tree's arena. */
const char *tree_full(struct tree *tree, const char *path);

/* The file's text, for lines_next() of text/lines.h; errors name its path.
 * any_bytes: it lists names of files. free() it; NULL with FL_EDATA. */
char *tree_text(struct tree *tree, const char *path, bool any_bytes,
		struct fl_err *err);

/* By the ending of the name. */
bool tree_is_xml(const char *path);
bool tree_is_txt(const char *path);
bool tree_is_json(const char *path);
bool tree_is_yaml(const char *path);

/* Length of the last name without its ending. */
int tree_stem_length(const char *name);

#endif
