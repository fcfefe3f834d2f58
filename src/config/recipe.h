/* recipe.h - everything a PaddleDetection YAML file says about a run, typed.
 *
 * Keys, defaults and meaning are the reference's; keys of our own are marked
 * so in their rows. Each room has the keys that it reads in a part of its own
 * (config/row.h: train/options.h, data/options.h, optim/options.h, ...); here are
 * those that all of them ask for. Unknown keys, wrong types and values out of
 * bounds are refused with file, line and the nearest name.
 *
 * Ownership: a recipe owns all it points to. Read-only after recipe_load(), but
 * for the schedule, which a run fits to its number of ranks.
 */
#ifndef FL_CONFIG_RECIPE_H
#define FL_CONFIG_RECIPE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "config/row.h"
#include "tensor/dtype.h"

#include <stdbool.h>

enum precision { /* in the order of the words of the row */
	PRECISION_AUTO,
	PRECISION_FP32,
	PRECISION_BF16
};

enum kernels { /* likewise */
	KERNELS_TABLE,
	KERNELS_MEASURE
};

/* A key that says otherwise than the base: what the entries of _BASE_ come to, or
 * the file itself where it has none. */
struct recipe_change {
	const char *key, *value; /* "TrainReader.batch_size"; as YAML */
	const char *base;	 /* NULL: the base does not have the key */
	const char *from;	 /* "file:line" or "-o key=value" */
};

struct recipe {
	struct fl_arena arena;
	const char *path;      /* the file */
	const char *filename;  /* its base name without ending */
	const char *effective; /* the merged tree as YAML */
	const struct recipe_change *changes;
	int change_count;

	const char *architecture;
	int num_classes;
	int seed; /* ours: of all randomness */
	bool use_gpu, amp;
	enum precision precision; /* ours */
	enum kernels kernels;	  /* ours */
	bool short_sums;	  /* ours: less rounding in convolutions */
	bool recompute;		  /* ours: less memory, more time */

	/* For src/config. */
	const struct recipe_part **parts; /* those that this recipe has */
	void **options;			  /* of each */
	int part_count;
	struct recipe_slot *slots;
	size_t slot_count;
	struct fl_str *notes; /* of recipe_print_rows(): keys of objects */
};

/* Every part of this build, NULL at the end: registry/lists.c. */
extern const struct recipe_part *const recipe_parts[];

/* overrides: "key.key=value" each, as after -o. A recipe that is not at path
 * is looked for in recipe_folder(), and recipe->path tells. FL_ERECIPE. */
int recipe_load(const char *path, const char *const *overrides, int count,
		struct recipe **out, struct fl_err *err);
void recipe_free(struct recipe *recipe);
/* Of maps. "auto" is F32 until it is settled whether amp means anything here
 * (detect/precision.h). */
enum dtype recipe_precision(const struct recipe *recipe);

/* What a part's rows and objects came to; NULL where the part belongs to other
 * architectures. Rooms give this a type: run_options(recipe). */
void *recipe_options(const struct recipe *recipe,
		     const struct recipe_part *part);

/* The folder of the recipes that came with the programs; NULL where there is
 * none. */
const char *recipe_folder(struct fl_arena *arena);
/* The table of docs/recipes.md. */
void recipe_print_rows(struct fl_str *out);

#endif
