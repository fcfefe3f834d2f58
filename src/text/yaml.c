/* yaml.c - a recipe's YAML as a tree that knows its lines: libyaml's events,
 * which this file alone sees, with anchors, merges and Paddle's tags. Called by
 * config/ for recipes and "-o", and by data/layout for data.yaml.
 * Plain words become numbers and truth values by YAML 1.1's rules, as PyYAML
 * reads the same recipes (on, yes, 1e-4 as text). The bounds on depth, nodes
 * and anchors are far above any recipe and end a file that was made to grow
 * (aliases of aliases). */
#include "text/yaml.h"

#include "base/file.h"
#include "text/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define MAX_DEPTH 64
#define MAX_NODES 100000
#define MAX_ANCHORS 256
#define MAX_MERGES 8 /* of one mapping */

/* event: the last one of libyaml, ours until the next is asked for. nodes
 * counts what a walk of the tree would meet. */
struct yaml_reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct fl_arena *arena;
	const char *file, *text;
	size_t len;
	struct fl_err *err;
	int nodes;
	struct {
		const char *name;
		struct yaml *node;
	} anchors[MAX_ANCHORS];
	int anchor_count;
};

/* All sentences begin with file and line, which editors jump to. */
static int fail(struct yaml_reader *r, int line, const char *what)
{
	return fl_fail(r->err, FL_ERECIPE, "%s:%d: %s", r->file, line, what);
}

/* Bytes that no text has. libyaml counts no lines for them:
 * problem_mark stays at the first. */
static int wrong_bytes(struct yaml_reader *r)
{
	size_t at = r->parser.problem_offset;
	size_t end = utf8_end(r->text, r->len);

	if (end < r->len)
		return utf8_fail(r->text, r->len, end, r->file, FL_ERECIPE,
				 r->err);
	return fl_fail(
		r->err, FL_ERECIPE,
		"%s:%d: the control character 0x%02x stands in the text: take it out",
		r->file, utf8_line(r->text, r->len, at),
		(unsigned)r->parser.problem_value);
}

/* Does a tab stand among the blanks that begin a line? */
static bool begins_with_tab(const struct yaml_reader *r, size_t line)
{
	const char *p = r->text, *end = p + r->len;

	for (; line > 0 && p < end; p++)
		line -= *p == '\n';
	while (p < end && *p == ' ')
		p++;
	return p < end && *p == '\t';
}

/* libyaml says of a tab only that it found a character
 * that cannot start any token. */
static int next(struct yaml_reader *r)
{
	size_t line;

	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	line = r->parser.problem_mark.line;
	if (r->parser.error == YAML_READER_ERROR)
		return wrong_bytes(r);
	return fl_fail(r->err, FL_ERECIPE, "%s:%zu: not YAML: %s%s", r->file,
		       line + 1,
		       r->parser.problem ? r->parser.problem : "broken text",
		       begins_with_tab(r, line)
			       ? "; the line begins with a tab: use spaces"
			       : "");
}

static int line_of(const struct yaml_reader *r)
{
	return (int)r->event.start_mark.line + 1;
}

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/* "1_000" without its underscores, which PyYAML takes
 * out of whole and real numbers. */
static void plain_number(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		if (*text != '_')
			buf[n++] = *text;
	buf[n] = '\0';
}

/* 1:30 and 1:30:00 count in sixties, as YAML 1.1 has it. */
static bool sexagesimal(const char *text, double *out)
{
	double total = 0;
	const char *p = text + (*text == '-' || *text == '+');
	bool colon = false;

	if (!isdigit((unsigned char)*p))
		return false;
	while (*p) {
		char *end;
		double part = (double)strtol(p, &end, 10);

		if (end == p || (colon && part > 59))
			return false;
		total = total * 60 + part;
		if (*end && *end != ':')
			return false;
		colon |= *end == ':';
		p = *end ? end + 1 : end;
	}
	*out = *text == '-' ? -total : total;
	return colon;
}

static bool whole_number(const char *text, double *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;
	int base = 10;

	if (!isdigit((unsigned char)*digits))
		return false;
	if (digits[0] == '0' && digits[1] == 'b')
		base = 2;
	else if (digits[0] == '0' && digits[1] == 'x')
		base = 16;
	else if (digits[0] == '0' && digits[1])
		base = 8;
	*out = (double)strtoll(base == 2 ? digits + 2 : digits, &end, base);
	if (*text == '-')
		*out = -*out;
	return *end == '\0';
}

/* PyYAML: a dot is needed, and a sign in the exponent. */
static bool real_number(const char *text, double *out)
{
	const char *p = text + (*text == '-' || *text == '+');
	const char *e = strpbrk(p, "eE");
	char *end;

	if (strcasecmp(p, ".inf") == 0 || strcasecmp(p, ".nan") == 0) {
		*out = p[1] == 'i' || p[1] == 'I' ? INFINITY : NAN;
		*out = *text == '-' ? -*out : *out;
		return true;
	}
	if (!strchr(p, '.') || strspn(p, "0123456789.eE+-") != strlen(p))
		return false;
	if (e && e[1] != '+' && e[1] != '-')
		return false;
	*out = strtod(text, &end);
	return end != text && *end == '\0';
}

/* The type of a plain scalar by the rules of YAML 1.1 as PyYAML has them. */
static void resolve(struct yaml *n)
{
	static const char *const nulls[] = { "",     "~",    "null",
					     "Null", "NULL", NULL };
	static const char *const yes[] = { "yes",  "Yes", "YES", "true", "True",
					   "TRUE", "on",  "On",	 "ON",	 NULL };
	static const char *const no[] = { "no",	   "No",    "NO",  "false",
					  "False", "FALSE", "off", "Off",
					  "OFF",   NULL };
	char digits[128];

	n->kind = YAML_TEXT;
	if (n->quoted)
		return;
	plain_number(n->text, digits, sizeof(digits));
	if (one_of(n->text, nulls)) {
		n->kind = YAML_NULL;
	} else if (one_of(n->text, yes) || one_of(n->text, no)) {
		n->kind = YAML_BOOL;
		n->truth = one_of(n->text, yes);
	} else if (whole_number(digits, &n->number) ||
		   sexagesimal(digits, &n->number)) {
		n->kind = YAML_INT;
	} else if (real_number(digits, &n->number)) {
		n->kind = YAML_REAL;
	}
}

static struct yaml *new_node(struct yaml_reader *r, enum yaml_kind kind,
			     const char *tag)
{
	struct yaml *n = fl_arena_alloc(r->arena, sizeof(*n));

	n->kind = kind;
	n->file = r->file;
	n->line = line_of(r);
	n->size = kind == YAML_TEXT ? 1 : r->nodes; /* see finish() */
	if (tag && tag[0] == '!' && tag[1])
		n->tag = fl_arena_strdup(r->arena, tag + 1);
	return n;
}

static void remember(struct yaml_reader *r, const char *anchor,
		     struct yaml *node)
{
	if (!anchor || r->anchor_count == MAX_ANCHORS)
		return;
	r->anchors[r->anchor_count].name = fl_arena_strdup(r->arena, anchor);
	r->anchors[r->anchor_count++].node = node;
}

static struct yaml *find_alias(struct yaml_reader *r)
{
	const char *name = (const char *)r->event.data.alias.anchor;

	/* From the last: YAML lets an anchor be given again, and the
	 * nearest before an alias counts. */
	for (int i = r->anchor_count - 1; i >= 0; i--) {
		if (strcmp(r->anchors[i].name, name) != 0)
			continue;
		/* Whoever walks the tree meets the node again. */
		r->nodes += r->anchors[i].node->size;
		return r->anchors[i].node;
	}
	fail(r, line_of(r),
	     r->anchor_count < MAX_ANCHORS
		     ? "an alias without its anchor"
		     : "an alias without its anchor: the first 256 anchors of a file are known");
	return NULL;
}

static void append(struct fl_arena *arena, struct yaml *n, const char *key,
		   struct yaml *item)
{
	/* A count that is a power of two fills its arrays: the next ones are
	 * twice as large, so that growing copies little. The old ones stay in
	 * the arena. */
	if ((n->count & (n->count - 1)) == 0) {
		size_t cap = n->count ? 2 * (size_t)n->count : 1;
		struct yaml **items =
			fl_arena_array(arena, cap, sizeof(struct yaml *));
		const char **keys = fl_arena_array(arena, cap, sizeof(char *));

		if (n->count) {
			memcpy(items, n->items,
			       (size_t)n->count * sizeof(struct yaml *));
			memcpy(keys, n->keys,
			       (size_t)n->count * sizeof(char *));
		}
		n->items = items;
		n->keys = keys;
	}
	n->items[n->count] = item;
	n->keys[n->count++] = key;
}

/* Maps of recipes have tens of keys: looking at each is enough. */
struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (int i = 0; i < map->count; i++)
		if (strcmp(map->keys[i], key) == 0)
			return map->items[i];
	return NULL;
}

/* Takes the old value's place, so keys stay in the order of the file. */
void yaml_set(struct fl_arena *arena, struct yaml *map, const char *key,
	      struct yaml *value)
{
	for (int i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i], key) == 0) {
			map->items[i] = value;
			return;
		}
	}
	append(arena, map, fl_arena_strdup(arena, key), value);
}

void yaml_remove(struct yaml *map, const char *key)
{
	for (int i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i], key) != 0)
			continue;
		map->count--;
		memmove(&map->items[i], &map->items[i + 1],
			(size_t)(map->count - i) * sizeof(struct yaml *));
		memmove(&map->keys[i], &map->keys[i + 1],
			(size_t)(map->count - i) * sizeof(char *));
		return;
	}
}

/* The node that begins with the event in hand; leaves its last event there.
 * NULL: r->err says why there is none. */
static struct yaml *read_node(struct yaml_reader *r, int depth);

static int read_list(struct yaml_reader *r, int depth, struct yaml *list)
{
	int rc = next(r);

	while (rc == 0 && r->event.type != YAML_SEQUENCE_END_EVENT) {
		struct yaml *item = read_node(r, depth);

		if (!item)
			return r->err->code;
		append(r->arena, list, NULL, item);
		rc = next(r);
	}
	return rc;
}

/* "<<": the keys of another map (or several) that are not given here. Of a list
 * the first that has a key counts, as PyYAML has it. */
static int merge_key(struct yaml_reader *r, struct yaml *map,
		     const struct yaml *from)
{
	int rc = 0;

	for (int i = 0; from->kind == YAML_LIST && rc == 0 && i < from->count;
	     i++)
		rc = merge_key(r, map, from->items[i]);
	if (from->kind == YAML_LIST)
		return rc;
	if (from->kind != YAML_MAP)
		return fail(r, from->line, "'<<' needs a mapping");
	for (int i = 0; i < from->count; i++)
		if (!yaml_get(map, from->keys[i]))
			append(r->arena, map, from->keys[i], from->items[i]);
	return 0;
}

static struct yaml *read_key(struct yaml_reader *r, int depth)
{
	/* Numbers and truth values are keys by their text ("1:" of a label
	 * list); lists and mappings have none. */
	struct yaml *key = read_node(r, depth);

	if (key && !key->text) {
		fail(r, key->line, "a key must be a word");
		return NULL;
	}
	return key;
}

static int read_map(struct yaml_reader *r, int depth, struct yaml *map)
{
	/* Merged after all keys are read, wherever "<<"
	 * stands: what is given here wins. */
	struct yaml *merged[MAX_MERGES];
	int merges = 0, rc = next(r);

	while (rc == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
		struct yaml *key = read_key(r, depth), *value = NULL;

		if (key && next(r) == 0)
			value = read_node(r, depth);
		if (!value)
			return r->err->code;
		/* A quoted "<<" is a key like any other. */
		if (strcmp(key->text, "<<") != 0 || key->quoted)
			yaml_set(r->arena, map, key->text, value);
		else if (merges < MAX_MERGES)
			merged[merges++] = value;
		else
			return fail(r, key->line,
				    "more than 8 '<<' in a mapping");
		rc = next(r);
	}
	/* The last "<<" of a mapping comes before the earlier ones, as PyYAML
	 * has it. */
	while (rc == 0 && merges > 0)
		rc = merge_key(r, map, merged[--merges]);
	return rc;
}

static const char *keep(struct yaml_reader *r, const yaml_char_t *anchor)
{
	return anchor ? fl_arena_strdup(r->arena, (const char *)anchor) : NULL;
}

/* A container is known by its anchor once it is whole, so that no node can
 * contain itself. */
static struct yaml *finish(struct yaml_reader *r, struct yaml *n,
			   const char *anchor, int rc)
{
	n->size = r->nodes - n->size;
	remember(r, anchor, n);
	return rc == 0 ? n : NULL;
}

static struct yaml *read_scalar(struct yaml_reader *r)
{
	const yaml_event_t *e = &r->event;
	struct yaml *n =
		new_node(r, YAML_TEXT, (const char *)e->data.scalar.tag);

	/* libyaml's own memory ends with the event. */
	n->text = fl_arena_strndup(r->arena, (const char *)e->data.scalar.value,
				   e->data.scalar.length);
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	resolve(n);
	remember(r, (const char *)e->data.scalar.anchor, n);
	return n;
}

static struct yaml *read_node(struct yaml_reader *r, int depth)
{
	yaml_event_t *e = &r->event;
	const char *anchor;
	struct yaml *n;

	/* The node that an alias stands for has been counted by
	 * find_alias() with all below it. */
	if (depth > MAX_DEPTH || ++r->nodes > MAX_NODES) {
		fail(r, line_of(r), "nested too deep or too large");
		return NULL;
	}
	switch (e->type) {
	/* The tree then holds one node twice: whoever changes it
	 * copies first. */
	case YAML_ALIAS_EVENT:
		return find_alias(r);
	case YAML_SCALAR_EVENT:
		return read_scalar(r);
	case YAML_SEQUENCE_START_EVENT:
		n = new_node(r, YAML_LIST,
			     (const char *)e->data.sequence_start.tag);
		anchor = keep(r, e->data.sequence_start.anchor);
		return finish(r, n, anchor, read_list(r, depth + 1, n));
	case YAML_MAPPING_START_EVENT:
		n = new_node(r, YAML_MAP,
			     (const char *)e->data.mapping_start.tag);
		anchor = keep(r, e->data.mapping_start.anchor);
		return finish(r, n, anchor, read_map(r, depth + 1, n));
	default:
		fail(r, line_of(r), "a value is missing");
		return NULL;
	}
}

/* Behind the root nothing may stand: PyYAML refuses a second document, and what
 * is broken there is found only when it is asked for. */
static int read_end(struct yaml_reader *r)
{
	int rc = next(r); /* document end */

	if (rc == 0)
		rc = next(r);
	if (rc == 0 && r->event.type != YAML_STREAM_END_EVENT)
		rc = fail(r, line_of(r),
			  "a second document begins here: write one in a file");
	return rc;
}

/* NULL: r->err says why there is none. */
static struct yaml *read_document(struct yaml_reader *r)
{
	struct yaml *root;
	int rc = next(r); /* stream start */

	if (rc == 0)
		rc = next(r); /* document start, or the end of an empty file */
	if (rc == 0 && r->event.type == YAML_STREAM_END_EVENT)
		return yaml_new_map(r->arena, r->file, 1);
	if (rc == 0)
		rc = next(r);
	root = rc == 0 ? read_node(r, 0) : NULL;
	return root && read_end(r) == 0 ? root : NULL;
}

int yaml_parse(const char *text, size_t len, const char *name,
	       struct fl_arena *arena, struct yaml **out, struct fl_err *err)
{
	struct yaml_reader r = {
		.arena = arena, .text = text, .len = len, .err = err
	};
	struct yaml *document;

	r.file = fl_arena_strdup(arena, name);
	if (!yaml_parser_initialize(&r.parser))
		return fl_fail(err, FL_ENOMEM, "cannot start a YAML parser");
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text,
				     len);
	document = read_document(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (!document)
		return err->code;
	*out = document;
	return 0;
}

int yaml_read(const char *path, struct fl_arena *arena, struct yaml **out,
	      struct fl_err *err)
{
	struct fl_map map;
	int rc = fl_map_open(&map, path, err);

	if (rc != 0) {
		err->code = FL_ERECIPE;
		return err->code;
	}
	rc = yaml_parse((const char *)map.data, map.size, path, arena, out,
			err);
	fl_map_close(&map);
	return rc;
}

const char *yaml_library_version(void)
{
	return yaml_get_version_string();
}

struct yaml *yaml_new_map(struct fl_arena *arena, const char *file, int line)
{
	struct yaml *n = fl_arena_alloc(arena, sizeof(*n));

	n->kind = YAML_MAP;
	n->file = file;
	n->line = line;
	return n;
}

const char *yaml_where(struct fl_arena *arena, const struct yaml *node)
{
	return node->line
		       ? fl_arena_printf(arena, "%s:%d", node->file, node->line)
		       : node->file;
}
