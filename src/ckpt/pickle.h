/* pickle.h - Python pickles of arrays, read without running anything.
 *
 * A pickle is a program for a stack machine that may name any function of
 * Python and call it. This machine knows the opcodes and the names
 * that files of weights need (spec H.5); anything else is an error that gives
 * the name and the byte. Calls are not calls: each allowed name is a case in
 * pickle_call.c that makes a value of ours.
 *
 * Bounds: PICKLE_MAX_STEPS opcodes (the largest model needs some 50 thousand),
 * memo indices below it, every length checked against the bytes left, copies
 * (old protocols, Fortran order) together at most three times the file. Values may
 * share parts and may contain themselves: who walks them must bound the walk.
 *
 * Bytes and texts point into the data, which must outlive the values.
 */
#ifndef FL_CKPT_PICKLE_H
#define FL_CKPT_PICKLE_H

#include "ckpt/tensor_list.h"

#define PICKLE_MAX_STEPS ((size_t)2 * 1000 * 1000)

enum pickle_kind {
	PICKLE_NONE,
	PICKLE_BOOL,
	PICKLE_INT,
	PICKLE_REAL,
	PICKLE_TEXT, /* UTF-8, as long as the file is honest */
	PICKLE_BYTES,
	PICKLE_TUPLE,
	PICKLE_LIST,
	PICKLE_DICT, /* items: key, value, key, value */
	PICKLE_GLOBAL,
	PICKLE_DTYPE,
	PICKLE_ARRAY,
};

enum pickle_global {
	PICKLE_G_RECONSTRUCT,
	PICKLE_G_SCALAR,
	PICKLE_G_NDARRAY,
	PICKLE_G_DTYPE,
	PICKLE_G_ENCODE,
	PICKLE_G_ORDERED_DICT,
	PICKLE_G_TUPLE,
	PICKLE_G_BYTES,
	PICKLE_G_BYTEARRAY,
	PICKLE_G_FROMBUFFER,
};

struct pickle_value {
	enum pickle_kind kind;
	bool built;  /* of dtypes and arrays: BUILD has been here */
	bool joined; /* of arrays: used up as a slice of another */
	union {
		int64_t integer; /* BOOL too */
		double real;
		enum pickle_global global;
		enum dtype dtype;
		struct {
			const char *data;
			size_t len;
		} bytes; /* TEXT, BYTES */
		struct {
			struct pickle_value **items;
			size_t count, cap;
		} list;			   /* TUPLE, LIST, DICT */
		struct named_tensor array; /* without a name */
	};
};

struct pickle {
	const unsigned char *data;
	size_t size, at;  /* at: the next byte */
	size_t op_at;	  /* where the opcode in work stands */
	const char *what; /* the file's name, for errors */
	struct fl_arena *arena;
	size_t budget; /* bytes that may still be copied */
	size_t steps;
	struct fl_err *err;
	/* The machine's own. */
	struct pickle_value **stack, **memo;
	size_t *marks;
	size_t count, cap, mark_count, mark_cap, memo_count, memo_cap;
	struct pickle_value *result;
};

/* Run the whole pickle; NULL and FL_EDATA on failure. Fill data, size, what,
 * arena and err first; values live in the arena. */
struct pickle_value *pickle_load(struct pickle *p);

const char *pickle_kind_name(enum pickle_kind kind);

/* For the parts of the machine. */
int pickle_fail(struct pickle *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct pickle_value *pickle_new(struct pickle *p, enum pickle_kind kind);
/* Memory for a copy of this many bytes; NULL when the budget is used up. */
void *pickle_copy_space(struct pickle *p, size_t bytes);
/* Is this TEXT or BYTES equal to text? */
bool pickle_is(const struct pickle_value *v, const char *text);
/* Bytes of hostile origin made fit for a message. */
#define PICKLE_SHOWN 64
char *pickle_show(const char *data, size_t len, char buf[PICKLE_SHOWN]);

/* Push a value; NULL gives an error, for whose sentence the maker cared. */
int pickle_push(struct pickle *p, struct pickle_value *v);
/* The next n bytes of the file, a little-endian number of so many bytes, the
 * rest of the line: NULL or an error when they are not there. */
const unsigned char *pickle_take(struct pickle *p, uint64_t n);
int pickle_take_number(struct pickle *p, int width, uint64_t *value);
const char *pickle_take_line(struct pickle *p, size_t *len);

/* Opcodes that push what follows them; width: bytes of it or of its length. */
int pickle_op_bool(struct pickle *p, int value);
int pickle_op_int(struct pickle *p, int width);
int pickle_op_long(struct pickle *p, int width);
int pickle_op_decimal(struct pickle *p, int is_long);
int pickle_op_real(struct pickle *p, int unused);
int pickle_op_decimal_real(struct pickle *p, int unused);
int pickle_op_line(struct pickle *p, int unused);
int pickle_op_text(struct pickle *p, int width);
int pickle_op_bytes(struct pickle *p, int width);

/* NULL, with an error, when the name is not allowed. */
struct pickle_value *pickle_find_global(struct pickle *p, const char *module,
					size_t module_len, const char *name,
					size_t name_len);
struct pickle_value *pickle_call(struct pickle *p, enum pickle_global callee,
				 const struct pickle_value *args);
int pickle_build(struct pickle *p, struct pickle_value *object,
		 const struct pickle_value *state);

#endif
