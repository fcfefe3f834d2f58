/* keys.h - the keys of an object of a recipe, consumed one by one, for parts whose
 * keys are objects or lists (config/row.h: read, list). What is left over is
 * unknown and can be named with its neighbours. Every key asked for goes, with
 * its values and its help, into recipe->notes where that is set: so the table of
 * docs/recipes.md is made. */
#ifndef FL_CONFIG_KEYS_H
#define FL_CONFIG_KEYS_H

#include "config/recipe.h"
#include "text/yaml.h"

#define MAX_KEYS 24

struct keys {
	struct recipe *r;
	const struct yaml *map;
	const char *owner; /* "TrainReader", "RandomCrop" */
	const char *known[MAX_KEYS];
	size_t count;
	struct fl_err *err;
	int rc; /* the first failure; later calls do nothing */
};

struct keys keys_of(struct recipe *r, const struct yaml *map, const char *owner,
		    struct fl_err *err);

/* The node of a key, or NULL; from now on the key is known. values and help
 * go into the table of docs/recipes.md. */
const struct yaml *keys_look(struct keys *k, const char *key,
			     const char *values, const char *help);

/* A key that means nothing here. */
void keys_pass(struct keys *k, const char *key, const char *why);

const struct yaml *keys_number(struct keys *k, const char *key, double min,
			       double max, const char *help);

const char *keys_full(struct keys *k, const char *key);

void keys_real(struct keys *k, const char *key, double min, double max,
	       double *out, const char *help);

void keys_int(struct keys *k, const char *key, double min, double max, int *out,
	      const char *help);

void keys_bool(struct keys *k, const char *key, bool *out, const char *help);

void keys_text(struct keys *k, const char *key, const char **out,
	       const char *help);

void keys_reals(struct keys *k, const char *key, int count, double min,
		double max, double *out, const char *help);

/* A key that may only have its usual value, or none at all. */
void keys_usual(struct keys *k, const char *key, const char *usual,
		const char *why);

/* The class of an object: its tag, or its key 'name'. */
const char *keys_class(struct keys *k);

/* The first failure, or FL_ERECIPE where the object has a key that nobody asked
 * for. */
int keys_finish(struct keys *k);

/* One value, wherever it stands; key: as sentences name it. min >= max: no
 * bounds. FL_ERECIPE. */
int recipe_number(struct recipe *r, const struct yaml *node, const char *key,
		  bool whole, double min, double max, double *out,
		  struct fl_err *err);
int recipe_truth(struct recipe *r, const struct yaml *node, const char *key,
		 bool *out, struct fl_err *err);

#endif
