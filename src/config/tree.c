/* tree.c - _BASE_ files and overrides as one tree, by the reference's rule:
 * mappings merge key by key, everything else (lists too) replaces. Bases come
 * in their order, a later one over an earlier one, the file over all of them,
 * -o over the file.
 * Called by recipe_load() alone. Nodes keep the file and line where
 * they stood, whichever file won. */
#include "config/recipe_priv.h"

#include "base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BASES 16 /* depth of _BASE_ */

/* Keys and order, not what lies below: merge() copies a
 * mapping before it changes it. */
static struct yaml *copy_map(struct fl_arena *arena, const struct yaml *from)
{
	struct yaml *m = yaml_new_map(arena, from->file, from->line);

	m->tag = from->tag;
	for (int i = 0; i < from->count; i++)
		yaml_set(arena, m, from->keys[i], from->items[i]);
	return m;
}

/* An object made by a tag is opaque: a child over it replaces it
 * whole, as the reference has it. */
static bool merges(const struct yaml *old, const struct yaml *new)
{
	return old && old->kind == YAML_MAP && new->kind == YAML_MAP &&
	       !old->tag && !new->tag;
}

static void merge(struct fl_arena *arena, struct yaml *into,
		  const struct yaml *from)
{
	for (int i = 0; i < from->count; i++) {
		struct yaml *old = yaml_get(into, from->keys[i]);
		struct yaml *new = from->items[i];

		if (merges(old, new)) {
			/* the old one may be shared by an alias */
			old = copy_map(arena, old);
			merge(arena, old, new);
			new = old;
		}
		yaml_set(arena, into, from->keys[i], new);
	}
}

/* Relative to the file that names it, "~" to the home folder. */
static const char *base_path(struct fl_arena *arena, const char *file,
			     const char *entry)
{
	const char *home = getenv("HOME"), *slash = strrchr(file, '/');

	if (entry[0] == '~' && home)
		return fl_arena_printf(arena, "%s%s", home, entry + 1);
	if (entry[0] == '/' || !slash)
		return entry;
	return fl_arena_printf(arena, "%.*s/%s", (int)(slash - file), file,
			       entry);
}

static int load(const char *path, struct fl_arena *arena, int depth,
		struct yaml *into, struct yaml **base, struct fl_err *err);

static int load_bases(const char *path, const struct yaml *bases,
		      struct fl_arena *arena, int depth, struct yaml *into,
		      struct fl_err *err)
{
	int rc = 0;

	if (bases->kind != YAML_LIST)
		return fl_fail(err, FL_ERECIPE,
			       "%s: '_BASE_' must be a list of files",
			       yaml_where(arena, bases));
	for (int i = 0; rc == 0 && i < bases->count; i++) {
		const struct yaml *b = bases->items[i];

		if (!b->text)
			return fl_fail(err, FL_ERECIPE,
				       "%s: '_BASE_' must be a list of files",
				       yaml_where(arena, b));
		if (depth == MAX_BASES)
			return fl_fail(
				err, FL_ERECIPE,
				"%s: '_BASE_' goes deeper than %d files; does '%s' include itself?",
				yaml_where(arena, b), MAX_BASES, b->text);
		rc = load(recipe_find(arena, base_path(arena, path, b->text),
				      b->text),
			  arena, depth + 1, into, NULL, err);
		/* Once, at the innermost: where a base of a base is
		 * missing, its own line says most. */
		if (rc != 0 && !fl_starts_with(err->text, "in '_BASE_'"))
			fl_context(err, "in '_BASE_' at %s",
				   yaml_where(arena, b));
	}
	return rc;
}

/* base, where not NULL, receives what stood in 'into' before the file's own keys. */
static int load(const char *path, struct fl_arena *arena, int depth,
		struct yaml *into, struct yaml **base, struct fl_err *err)
{
	struct yaml *own, *bases;
	int rc = yaml_read(path, arena, &own, err);

	if (rc != 0)
		return rc;
	if (own->kind != YAML_MAP)
		return fl_fail(err, FL_ERECIPE,
			       "%s: a recipe must be a mapping of keys", path);
	bases = yaml_get(own, "_BASE_");
	if (bases) {
		rc = load_bases(path, bases, arena, depth, into, err);
		/* Done with, and no key of the effective recipe. */
		yaml_remove(own, "_BASE_");
		if (base) /* merging puts copies in place of what it changes */
			*base = copy_map(arena, into);
	}
	if (rc == 0)
		merge(arena, into, own);
	return rc;
}

/* "a.b.c=value" as a tree of one branch, merged over the rest, so that
 * overrides of neighbouring keys add up (the reference forgets an earlier one
 * that shares the first two words of three). Cut at the first '=': values may
 * hold one. */
static int apply_override(const char *text, struct fl_arena *arena,
			  struct yaml *into, struct fl_err *err)
{
	const char *equals = strchr(text, '='), *name;
	struct yaml *value, *branch;
	char *key, *dot;
	int rc;

	name = fl_arena_printf(arena, "-o %s", text);
	if (!equals || equals == text)
		return fl_fail(err, FL_EUSAGE,
			       "override '%s' is not of the form key=value",
			       text);
	rc = yaml_parse(equals + 1, strlen(equals + 1), name, arena, &value,
			err);
	if (rc != 0)
		return rc;
	if (value->kind == YAML_MAP && value->count == 0 && !value->tag &&
	    equals[1] == '\0') { /* "key=" is the empty text */
		value = fl_arena_alloc(arena, sizeof(*value));
		*value = (struct yaml){ .kind = YAML_TEXT,
					.text = "",
					.file = name };
	}
	/* A word of the command line has no line; nodes
	 * below the first level keep 1. */
	value->line = 0;
	for (int i = 0; i < value->count; i++)
		value->items[i]->line = 0;
	/* From the last word to the first, each a mapping
	 * around what was made before. */
	key = fl_arena_strndup(arena, text, (size_t)(equals - text));
	branch = value;
	while ((dot = strrchr(key, '.')) != NULL) {
		struct yaml *m = yaml_new_map(arena, name, 0);

		yaml_set(arena, m, dot + 1, branch);
		branch = m;
		*dot = '\0';
	}
	value = yaml_new_map(arena, name, 0);
	yaml_set(arena, value, key, branch);
	/* An override reaches into a tagged object, as with a named one:
	 * its tag becomes the key "name". */
	branch = yaml_get(into, key);
	if (branch && branch->tag && branch->kind == YAML_MAP) {
		struct yaml *plain = copy_map(arena, branch);

		if (!yaml_get(plain, "name")) {
			struct yaml *n = fl_arena_alloc(arena, sizeof(*n));

			*n = (struct yaml){ .kind = YAML_TEXT,
					    .text = branch->tag,
					    .file = branch->file,
					    .line = branch->line };
			yaml_set(arena, plain, "name", n);
		}
		plain->tag = NULL;
		yaml_set(arena, into, key, plain);
	}
	merge(arena, into, value);
	return 0;
}

int recipe_tree(const char *path, const char *const *overrides, int count,
		struct fl_arena *arena, struct yaml **out, struct yaml **base,
		struct fl_err *err)
{
	int rc;

	*out = yaml_new_map(arena, fl_arena_strdup(arena, path), 1);
	*base = NULL;
	rc = load(path, arena, 0, *out, base, err);
	if (!*base)
		*base = copy_map(arena, *out);
	for (int i = 0; rc == 0 && i < count; i++)
		rc = apply_override(overrides[i], arena, *out, err);
	return rc;
}
