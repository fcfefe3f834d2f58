/* annotations_priv.h - what the readers of one annotation file share; for src/box
 * alone. A long list of boxes is read in parts by all threads (annotations_parts.c). */
#ifndef FL_BOX_ANNOTATIONS_PRIV_H
#define FL_BOX_ANNOTATIONS_PRIV_H

#include "base/file.h"
#include "box/annotations.h"
#include "text/json_pull.h"

/* Bytes of the file that stay in memory behind a reader: little beside the tables, and
 * far more than a call to the system costs. */
#define ANNOTATIONS_PASS ((size_t)2 << 20)

/* Boxes of one file are mostly written alike: the bytes of each key of the last box, from
 * behind the value before it, and what the key is. */
#define ANNOTATIONS_KEYS 16
struct annotations_written {
	char bytes[40];
	size_t len; /* 0: not known */
	int key;
};

struct annotations_reader {
	struct json_pull json;
	const struct fl_map *map;
	size_t passed; /* bytes of it given back */
	struct annotations *out;
	size_t image_cap, box_cap, category_cap, fault_cap;
	/* Lines are counted once through the file, not once for each fault. */
	size_t line, counted; /* the line of the byte 'counted' */
	/* The id that could not be taken, and what stands there. */
	const char *wrong_key, *wrong_kind;
	struct annotations_written keys[ANNOTATIONS_KEYS];
	struct fl_err *err;
};

/* What was read of a large file is given back when it is this much, or at the end. */
void annotations_pass(struct annotations_reader *r, size_t at_least);
/* At the '{' of a box: the box goes into r->out. */
int annotations_read_box(struct annotations_reader *r);

/* The values of keys (annotations_values.c), each the whole of it. False: the json is
 * broken; of an id also that it is none, which wrong_key and wrong_kind tell then. */
bool annotations_take_id(struct annotations_reader *r, const char *key,
			 int64_t *out);
/* The id of an annotation. null is Python's None, a key like any other. */
bool annotations_take_own_id(struct annotations_reader *r, int64_t *out);
/* NaN where it is no number. */
bool annotations_take_number(struct annotations_reader *r, double *out);
/* 0, 1, false or true, in quotes too. */
bool annotations_take_flag(struct annotations_reader *r, bool *out);
/* A text in the arena; of a number its digits, of anything else nothing. */
bool annotations_take_text(struct annotations_reader *r, const char **out);
bool annotations_skip(struct annotations_reader *r);
/* The number of a token that is one or spells one; NaN otherwise. */
double annotations_number_of(const struct annotations_reader *r,
			     enum json_token t);
/* What stands there, for sentences: "an object". */
const char *annotations_kind_of(enum json_token t);

struct annotations_parts;

/* Behind the '[' of the boxes: all threads read on from places further down that look
 * like the start of a box. NULL where the rest is too short for that. */
struct annotations_parts *annotations_parts_read(struct annotations_reader *r);
/* At the '{' of a box: if a part begins right here, all its boxes go into r->out and r
 * stands behind them. True: that was so. */
bool annotations_parts_take(struct annotations_parts *parts,
			    struct annotations_reader *r);
/* NULL is fine. */
void annotations_parts_free(struct annotations_parts *parts);

#endif
