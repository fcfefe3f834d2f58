/* yaml.h - YAML as a tree that remembers where everything stood.
 *
 * The dialect is PyYAML's: YAML 1.1 rules for plain scalars (yes, no, on, off
 * are booleans; 1e-3 without a dot is text), anchors, merge keys, flow and
 * block style, local tags kept by name. Of a key given twice the last counts.
 *
 * Nodes live in the caller's arena. Depth and total size are bounded.
 */
#ifndef FL_TEXT_YAML_H
#define FL_TEXT_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_kind {
	YAML_NULL,
	YAML_BOOL,
	YAML_INT,
	YAML_REAL,
	YAML_TEXT,
	YAML_LIST,
	YAML_MAP
};

struct yaml {
	enum yaml_kind kind;
	const char *tag;  /* local tag without '!', or NULL */
	const char *text; /* of a scalar, as written */
	bool quoted;
	double number;	     /* of YAML_INT and YAML_REAL */
	bool truth;	     /* of YAML_BOOL */
	struct yaml **items; /* of a list or map */
	const char **keys;   /* of a map */
	int count;
	int size;	  /* nodes below, aliases counted each time */
	const char *file; /* "-o key=value" for overrides */
	int line;	  /* from 1; 0 for overrides */
};

/* FL_ERECIPE with file and line. An empty document is an empty map. */
int yaml_read(const char *path, struct fl_arena *arena, struct yaml **out,
	      struct fl_err *err);
int yaml_parse(const char *text, size_t len, const char *name,
	       struct fl_arena *arena, struct yaml **out, struct fl_err *err);
struct yaml *yaml_new_map(struct fl_arena *arena, const char *file, int line);
/* NULL when absent. */
struct yaml *yaml_get(const struct yaml *map, const char *key);
void yaml_set(struct fl_arena *arena, struct yaml *map, const char *key,
	      struct yaml *value);
void yaml_remove(struct yaml *map, const char *key);
/* Where the node stands, "file:line", for messages; in the arena. */
const char *yaml_where(struct fl_arena *arena, const struct yaml *node);
/* As YAML text that reads back as the same tree. */
void yaml_print(const struct yaml *node, int indent, struct fl_str *out);

/* Of the library that runs, "0.2.5". */
const char *yaml_library_version(void);

#endif
