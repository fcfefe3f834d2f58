/* foreign.h - how recipes of families that this build lacks are known.
 *
 * A recipe with such a key is refused by the family's name before any of its
 * keys is read.
 */
#ifndef FL_CONFIG_FOREIGN_H
#define FL_CONFIG_FOREIGN_H

struct recipe_foreign {
	const char *path;  /* of the key, as a path of words */
	const char *value; /* or tag; NULL: any but null, false, None */
	const char *family;
};

/* A row without a path at the end: registry/foreign.c. */
extern const struct recipe_foreign recipe_foreigns[];

#endif
