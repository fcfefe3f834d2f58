/* record.h - a struct and a JSON object, one written as the other by a table.
 *
 * A row gives a member its key and its kind, and both the writer and the reader
 * follow it: what one end says the other cannot misread by a key spelt
 * otherwise. The order of the rows is the order of the keys.
 *
 *     struct room { int64_t disk, shm; };
 *     static const struct field rows[] = {
 *             FIELD(LONG, struct room, disk, "disk_free", .absent = -1),
 *             FIELD(LONG, struct room, shm, "shm_free", .absent = -1),
 *     };
 *     const struct record room_record = RECORD(struct room, rows);
 *
 * Where an object is not always the same, rows carry bits of a form: a writer
 * says which forms this one has, and a reader is told which it found. Rows
 * without bits belong to every form.
 *
 * Ownership: texts and documents of a struct are borrowed. After a reading they
 * live as long as the object that was read.
 * Threads: any; tables are constant.
 */
#ifndef FL_TEXT_RECORD_H
#define FL_TEXT_RECORD_H

#include "text/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_BOOL,  /* bool */
	FIELD_INT,   /* int, or an enum */
	FIELD_LONG,  /* int64_t */
	FIELD_REAL,  /* double */
	FIELD_TEXT,  /* const char *, borrowed; absent: "" */
	FIELD_CHARS, /* char[]; longer text is cut */
	FIELD_INTS, /* int[], their count in an int at count; a longer list is none */
	FIELD_JSON, /* const struct json *, borrowed; absent: NULL */
	FIELD_PART  /* a struct whose keys stand among these; key is NULL */
};

struct record;

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	size_t size;	/* bytes of the member */
	size_t count;	/* of INTS: where the count is */
	double absent;	/* of BOOL to REAL: what a missing key reads as */
	unsigned forms; /* 0: of every form */
	/* Of PART its rows; of JSON what its objects are, where that is known:
	 * for whoever describes the record. */
	const struct record *of;
};

struct record {
	size_t size; /* of the struct */
	const struct field *rows;
	int count;
};

/* A row: of which kind, which member, its key, and what else it needs. */
#define FIELD(kind_, type, member, key_, ...)                    \
	{                                                        \
		.key = (key_), .kind = FIELD_##kind_,            \
		.offset = offsetof(type, member),                \
		.size = sizeof(((type *)0)->member), __VA_ARGS__ \
	}
#define RECORD(type, rows_)                                                    \
	{                                                                      \
		sizeof(type), rows_, (int)(sizeof(rows_) / sizeof((rows_)[0])) \
	}

/* Sets the keys of these forms in o. */
void record_set(const struct record *r, const void *from, unsigned forms,
		struct json *o);
/* The same as an object of its own, the caller's to free. */
struct json *record_write(const struct record *r, const void *from,
			  unsigned forms);
/* Fills the whole struct; o may be NULL. Returns the forms of which a key was
 * there that no other form has. A value of another kind counts as missing. */
unsigned record_read(const struct record *r, const struct json *o, void *to);
/* Its keys for people, appended: "`a`, `b` (`c`, `d`)", where b holds objects. */
void record_keys(const struct record *r, struct fl_str *out);

#endif
