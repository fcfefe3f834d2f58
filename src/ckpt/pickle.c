/* pickle.c - the stack machine of a pickle: one function for a family of
 * opcodes, each a row of a table with its argument's width or kind.
 * Nothing that a file names is ever run: globals are looked up in a short list
 * (pickle_call.c), everything else is refused. 'budget' bounds what values may
 * unpack to, as a few bytes of opcodes can ask for gigabytes. Called by
 * paddle_read.c and by tests with broken files. */
#include "ckpt/pickle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pickle_fail(struct pickle *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fl_fail(p->err, FL_EDATA, "'%s': byte %zu: %s", p->what,
		       p->op_at, text);
}

const char *pickle_kind_name(enum pickle_kind kind)
{
	static const char *const names[] = {
		[PICKLE_NONE] = "nothing",	[PICKLE_BOOL] = "a truth value",
		[PICKLE_INT] = "an integer",	[PICKLE_REAL] = "a number",
		[PICKLE_TEXT] = "a text",	[PICKLE_BYTES] = "bytes",
		[PICKLE_TUPLE] = "a tuple",	[PICKLE_LIST] = "a list",
		[PICKLE_DICT] = "a dictionary", [PICKLE_GLOBAL] = "a function",
		[PICKLE_DTYPE] = "a dtype",	[PICKLE_ARRAY] = "an array",
	};

	return names[kind];
}

char *pickle_show(const char *data, size_t len, char buf[PICKLE_SHOWN])
{
	size_t n = len < PICKLE_SHOWN - 1 ? len : PICKLE_SHOWN - 1;

	for (size_t i = 0; i < n; i++)
		buf[i] = data[i] >= ' ' && data[i] < 0x7f ? data[i] : '?';
	buf[n] = '\0';
	return buf;
}

struct pickle_value *pickle_new(struct pickle *p, enum pickle_kind kind)
{
	struct pickle_value *v = fl_arena_alloc(p->arena, sizeof(*v));

	v->kind = kind;
	return v;
}

void *pickle_copy_space(struct pickle *p, size_t bytes)
{
	if (bytes > p->budget) {
		pickle_fail(p, "its values unpack to far more bytes than the "
			       "file has");
		return NULL;
	}
	p->budget -= bytes;
	return fl_arena_alloc(p->arena, bytes ? bytes : 1);
}

bool pickle_is(const struct pickle_value *v, const char *text)
{
	return (v->kind == PICKLE_TEXT || v->kind == PICKLE_BYTES) &&
	       v->bytes.len == strlen(text) &&
	       memcmp(v->bytes.data, text, v->bytes.len) == 0;
}

int pickle_push(struct pickle *p, struct pickle_value *v)
{
	if (!v)
		return FL_EDATA; /* whoever made it said why */
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 256;
		p->stack = fl_realloc(p->stack, p->cap * sizeof(*p->stack));
	}
	p->stack[p->count++] = v;
	return 0;
}

/* How many values lie above the last mark. Those below it belong to what is
 * being gathered there: no opcode may take them. */
static size_t above_mark(const struct pickle *p)
{
	return p->count - (p->mark_count ? p->marks[p->mark_count - 1] : 0);
}

static int need_values(struct pickle *p, size_t n)
{
	return above_mark(p) >= n
		       ? 0
		       : pickle_fail(
				 p,
				 "the opcode needs %zu "
				 "values and finds %zu: the file is damaged",
				 n, above_mark(p));
}

/* Take n bytes of the file: NULL when they are not there. n may be anything up
 * to 2^64, so it is compared and never added. */
const unsigned char *pickle_take(struct pickle *p, uint64_t n)
{
	const unsigned char *bytes = p->data + p->at;

	if (n > p->size - p->at) {
		pickle_fail(p,
			    "%" PRIu64 " bytes are announced and %zu are "
			    "left: the file is cut short or damaged",
			    n, p->size - p->at);
		return NULL;
	}
	p->at += (size_t)n;
	return bytes;
}

int pickle_take_number(struct pickle *p, int width, uint64_t *value)
{
	const unsigned char *b = pickle_take(p, (uint64_t)width);

	*value = 0;
	for (int i = width - 1; b && i >= 0; i--)
		*value = *value << 8 | b[i];
	return b ? 0 : FL_EDATA;
}

/* Up to the next newline, which is skipped. */
const char *pickle_take_line(struct pickle *p, size_t *len)
{
	const char *line = (const char *)p->data + p->at;
	const char *end = memchr(line, '\n', p->size - p->at);

	if (!end) {
		pickle_fail(p, "a line without an end: the file is cut short "
			       "or damaged");
		return NULL;
	}
	*len = (size_t)(end - line);
	p->at += *len + 1;
	return line;
}

static int op_proto(struct pickle *p, int unused)
{
	uint64_t version;

	(void)unused;
	if (pickle_take_number(p, 1, &version) != 0)
		return FL_EDATA;
	return version <= 5
		       ? 0
		       : pickle_fail(p,
				     "pickle protocol %" PRIu64 " is unknown",
				     version);
}

/* Frames only tell how much to read at a time. */
static int op_frame(struct pickle *p, int unused)
{
	uint64_t length;

	(void)unused;
	if (pickle_take_number(p, 8, &length) != 0)
		return FL_EDATA;
	return length <= p->size - p->at
		       ? 0
		       : pickle_fail(
				 p,
				 "a frame of %" PRIu64 " bytes begins and %zu "
				 "are left: the file is cut short or damaged",
				 length, p->size - p->at);
}

static int op_stop(struct pickle *p, int unused)
{
	(void)unused;
	if (p->mark_count || p->count != 1)
		return pickle_fail(p,
				   "the pickle ends with %zu values where "
				   "one is due",
				   p->count);
	/* Python passes over what follows; a file of weights has
	 * nothing there. */
	if (p->at != p->size)
		return pickle_fail(p, "%zu bytes follow the end of the pickle",
				   p->size - p->at);
	p->result = p->stack[0];
	return 0;
}

static int op_mark(struct pickle *p, int unused)
{
	(void)unused;
	if (p->mark_count == p->mark_cap) {
		p->mark_cap = p->mark_cap ? 2 * p->mark_cap : 64;
		p->marks =
			fl_realloc(p->marks, p->mark_cap * sizeof(*p->marks));
	}
	p->marks[p->mark_count++] = p->count;
	return 0;
}

static int op_pop(struct pickle *p, int to_mark)
{
	if (to_mark && !p->mark_count)
		return pickle_fail(p, "no mark to go back to: the file is "
				      "damaged");
	if (to_mark) {
		p->count = p->marks[--p->mark_count];
		return 0;
	}
	if (need_values(p, 1) != 0)
		return FL_EDATA;
	p->count--;
	return 0;
}

static int op_empty(struct pickle *p, int kind)
{
	return pickle_push(p, pickle_new(p, (enum pickle_kind)kind));
}

/* Append n values to a tuple, list or dictionary. A tuple may share its items
 * with another value (call_tuple); its cap is its count, so that growing it
 * copies. */
static void list_add(struct pickle *p, struct pickle_value *v,
		     struct pickle_value *const *items, size_t n)
{
	size_t cap = v->list.cap ? v->list.cap : 4;
	struct pickle_value **bigger;

	if (n == 0)
		return;
	while (cap < v->list.count + n)
		cap *= 2;
	if (cap > v->list.cap) {
		bigger = fl_arena_array(p->arena, cap, sizeof(*bigger));
		if (v->list.count)
			memcpy(bigger, v->list.items,
			       v->list.count * sizeof(*bigger));
		v->list.items = bigger;
		v->list.cap = cap;
	}
	memcpy(v->list.items + v->list.count, items, n * sizeof(*items));
	v->list.count += n;
}

static int gather(struct pickle *p, enum pickle_kind kind, size_t n)
{
	struct pickle_value *v;

	if (need_values(p, n) != 0)
		return FL_EDATA;
	if (kind == PICKLE_DICT && n % 2)
		return pickle_fail(p, "a key without a value: the file is "
				      "damaged");
	v = pickle_new(p, kind);
	/* Popped first and copied from above the top:
	 * nothing is pushed in between. */
	p->count -= n;
	if (n > 0) /* else there may be no stack yet */
		list_add(p, v, p->stack + p->count, n);
	return pickle_push(p, v);
}

static int op_tuple_of(struct pickle *p, int n)
{
	return gather(p, PICKLE_TUPLE, (size_t)n);
}

static int op_gather(struct pickle *p, int kind)
{
	size_t n = above_mark(p);

	if (!p->mark_count)
		return pickle_fail(p, "no mark to go back to: the file is "
				      "damaged");
	p->mark_count--;
	return gather(p, (enum pickle_kind)kind, n);
}

/* Move the top n values into the container under them. */
static int extend(struct pickle *p, enum pickle_kind kind, size_t n)
{
	struct pickle_value *v;

	if (need_values(p, n + 1) != 0)
		return FL_EDATA;
	v = p->stack[p->count - n - 1];
	if (v->kind != kind)
		return pickle_fail(p, "values are put into %s where %s is due",
				   pickle_kind_name(v->kind),
				   pickle_kind_name(kind));
	if (kind == PICKLE_DICT && n % 2)
		return pickle_fail(p, "a key without a value: the file is "
				      "damaged");
	p->count -= n;
	list_add(p, v, p->stack + p->count, n);
	return 0;
}

static int op_extend(struct pickle *p, int kind)
{
	size_t n = above_mark(p);

	if (!p->mark_count)
		return pickle_fail(p, "no mark to go back to: the file is "
				      "damaged");
	p->mark_count--;
	return extend(p, (enum pickle_kind)kind, n);
}

static int op_extend_one(struct pickle *p, int kind)
{
	return extend(p, (enum pickle_kind)kind, kind == PICKLE_DICT ? 2 : 1);
}

static int memo_put(struct pickle *p, uint64_t at)
{
	size_t cap = p->memo_cap ? p->memo_cap : 1024;

	if (need_values(p, 1) != 0)
		return FL_EDATA;
	/* No honest file fills more places than it has opcodes; the
	 * bound keeps the memo at 16 MB. */
	if (at >= PICKLE_MAX_STEPS)
		return pickle_fail(p, "memo %" PRIu64 " is out of range", at);
	while (cap <= at)
		cap *= 2;
	if (cap > p->memo_cap) {
		p->memo = fl_realloc(p->memo, cap * sizeof(*p->memo));
		memset(p->memo + p->memo_cap, 0,
		       (cap - p->memo_cap) * sizeof(*p->memo));
		p->memo_cap = cap;
	}
	p->memo_count += !p->memo[at];
	p->memo[at] = p->stack[p->count - 1];
	return 0;
}

#define OF_LINE (-1) /* in decimal digits, up to the end of the line */

static int take_place(struct pickle *p, int width, uint64_t *at)
{
	size_t len;
	const char *line;

	if (width != OF_LINE)
		return pickle_take_number(p, width, at);
	line = pickle_take_line(p, &len);
	*at = 0;
	for (size_t i = 0; line && i < len; i++) {
		if (line[i] < '0' || line[i] > '9' || len > 8)
			return pickle_fail(p,
					   "a place of the memo is no number");
		*at = *at * 10 + (uint64_t)(line[i] - '0');
	}
	return line ? 0 : FL_EDATA;
}

/* MEMOIZE counts by itself; the older opcodes name their place. */
static int op_put(struct pickle *p, int width)
{
	uint64_t at = p->memo_count;

	if (width && take_place(p, width, &at) != 0)
		return FL_EDATA;
	return memo_put(p, at);
}

static int op_get(struct pickle *p, int width)
{
	uint64_t at;

	if (take_place(p, width, &at) != 0)
		return FL_EDATA;
	if (at >= p->memo_cap || !p->memo[at])
		return pickle_fail(p, "memo %" PRIu64 " was never filled", at);
	return pickle_push(p, p->memo[at]);
}

static int op_global(struct pickle *p, int unused)
{
	size_t module_len, name_len;
	const char *module = pickle_take_line(p, &module_len), *name;

	(void)unused;
	name = module ? pickle_take_line(p, &name_len) : NULL;
	if (!name)
		return FL_EDATA;
	return pickle_push(
		p, pickle_find_global(p, module, module_len, name, name_len));
}

/* Names as values, from protocol 4 on; 'c' has them on two lines. */
static int op_stack_global(struct pickle *p, int unused)
{
	struct pickle_value *module, *name;

	(void)unused;
	if (need_values(p, 2) != 0)
		return FL_EDATA;
	name = p->stack[--p->count];
	module = p->stack[--p->count];
	if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
		return pickle_fail(p, "a function is named by %s and %s",
				   pickle_kind_name(module->kind),
				   pickle_kind_name(name->kind));
	return pickle_push(
		p, pickle_find_global(p, module->bytes.data, module->bytes.len,
				      name->bytes.data, name->bytes.len));
}

/* REDUCE, and NEWOBJ for the one class that is made that way */
static int op_call(struct pickle *p, int newobj)
{
	struct pickle_value *callee, *args;

	if (need_values(p, 2) != 0)
		return FL_EDATA;
	args = p->stack[--p->count];
	callee = p->stack[--p->count];
	if (callee->kind != PICKLE_GLOBAL || args->kind != PICKLE_TUPLE)
		return pickle_fail(p, "a call of %s with %s",
				   pickle_kind_name(callee->kind),
				   pickle_kind_name(args->kind));
	if (newobj && callee->global != PICKLE_G_ORDERED_DICT)
		return pickle_fail(p, "an object is made of a class that is "
				      "not allowed here");
	return pickle_push(p, pickle_call(p, callee->global, args));
}

/* Buffers beside the pickle: pickle.dump(..., buffer_callback=...) */
static int op_outside(struct pickle *p, int unused)
{
	(void)unused;
	return pickle_fail(p, "the values of an array lie outside the file: it "
			      "was pickled with a buffer_callback; pickle it "
			      "without");
}

static int op_build(struct pickle *p, int unused)
{
	struct pickle_value *state;

	(void)unused;
	if (need_values(p, 2) != 0)
		return FL_EDATA;
	state = p->stack[--p->count];
	return pickle_build(p, p->stack[p->count - 1], state);
}

struct opcode {
	int (*run)(struct pickle *p, int arg);
	int arg;
};

static const struct opcode opcodes[256] = {
	[0x80] = { op_proto, 0 },		/* PROTO */
	[0x95] = { op_frame, 0 },		/* FRAME */
	['.'] = { op_stop, 0 },			/* STOP */
	['('] = { op_mark, 0 },			/* MARK */
	['0'] = { op_pop, 0 },			/* POP */
	['1'] = { op_pop, 1 },			/* POP_MARK */
	['}'] = { op_empty, PICKLE_DICT },	/* EMPTY_DICT */
	[']'] = { op_empty, PICKLE_LIST },	/* EMPTY_LIST */
	[')'] = { op_empty, PICKLE_TUPLE },	/* EMPTY_TUPLE */
	['N'] = { op_empty, PICKLE_NONE },	/* NONE */
	['t'] = { op_gather, PICKLE_TUPLE },	/* TUPLE */
	['l'] = { op_gather, PICKLE_LIST },	/* LIST */
	['d'] = { op_gather, PICKLE_DICT },	/* DICT */
	[0x85] = { op_tuple_of, 1 },		/* TUPLE1 */
	[0x86] = { op_tuple_of, 2 },		/* TUPLE2 */
	[0x87] = { op_tuple_of, 3 },		/* TUPLE3 */
	['a'] = { op_extend_one, PICKLE_LIST }, /* APPEND */
	['e'] = { op_extend, PICKLE_LIST },	/* APPENDS */
	['s'] = { op_extend_one, PICKLE_DICT }, /* SETITEM */
	['u'] = { op_extend, PICKLE_DICT },	/* SETITEMS */
	[0x88] = { pickle_op_bool, 1 },		/* NEWTRUE */
	[0x89] = { pickle_op_bool, 0 },		/* NEWFALSE */
	['J'] = { pickle_op_int, 4 },		/* BININT */
	['K'] = { pickle_op_int, 1 },		/* BININT1 */
	['M'] = { pickle_op_int, 2 },		/* BININT2 */
	[0x8a] = { pickle_op_long, 1 },		/* LONG1 */
	[0x8b] = { pickle_op_long, 4 },		/* LONG4 */
	['I'] = { pickle_op_decimal, 0 },	/* INT */
	['L'] = { pickle_op_decimal, 1 },	/* LONG */
	['G'] = { pickle_op_real, 0 },		/* BINFLOAT */
	['F'] = { pickle_op_decimal_real, 0 },	/* FLOAT */
	['V'] = { pickle_op_line, 0 },		/* UNICODE */
	[0x8c] = { pickle_op_text, 1 },		/* SHORT_BINUNICODE */
	['X'] = { pickle_op_text, 4 },		/* BINUNICODE */
	[0x8d] = { pickle_op_text, 8 },		/* BINUNICODE8 */
	['C'] = { pickle_op_bytes, 1 },		/* SHORT_BINBYTES */
	['B'] = { pickle_op_bytes, 4 },		/* BINBYTES */
	[0x8e] = { pickle_op_bytes, 8 },	/* BINBYTES8 */
	[0x96] = { pickle_op_bytes, 8 },	/* BYTEARRAY8 */
	[0x97] = { op_outside, 0 },		/* NEXT_BUFFER */
	[0x98] = { op_outside, 0 },		/* READONLY_BUFFER */
	['U'] = { pickle_op_bytes, 1 },		/* SHORT_BINSTRING */
	['T'] = { pickle_op_bytes, 4 },		/* BINSTRING */
	[0x94] = { op_put, 0 },			/* MEMOIZE */
	['q'] = { op_put, 1 },			/* BINPUT */
	['r'] = { op_put, 4 },			/* LONG_BINPUT */
	['h'] = { op_get, 1 },			/* BINGET */
	['j'] = { op_get, 4 },			/* LONG_BINGET */
	['p'] = { op_put, OF_LINE },		/* PUT */
	['g'] = { op_get, OF_LINE },		/* GET */
	['c'] = { op_global, 0 },		/* GLOBAL */
	[0x93] = { op_stack_global, 0 },	/* STACK_GLOBAL */
	['R'] = { op_call, 0 },			/* REDUCE */
	[0x81] = { op_call, 1 },		/* NEWOBJ */
	['b'] = { op_build, 0 },		/* BUILD */
};

static int step(struct pickle *p)
{
	const struct opcode *op;

	p->op_at = p->at;
	if (p->at == p->size)
		return pickle_fail(p, "the pickle has no end: the file is cut "
				      "short");
	if (++p->steps > PICKLE_MAX_STEPS)
		return pickle_fail(p, "more than %zu opcodes",
				   PICKLE_MAX_STEPS);
	op = &opcodes[p->data[p->at]];
	if (!op->run)
		return pickle_fail(p,
				   "opcode 0x%02x has no place in a file of "
				   "weights",
				   p->data[p->at]);
	p->at++;
	return op->run(p, op->arg);
}

struct pickle_value *pickle_load(struct pickle *p)
{
	int rc = 0;

	/* Protocol 2 copies once, Fortran order and joined slices once more. */
	p->budget = p->size > SIZE_MAX / 3 ? p->size : 3 * p->size;
	while (!p->result && rc == 0)
		rc = step(p);
	free(p->stack);
	free(p->memo);
	free(p->marks);
	p->stack = p->memo = NULL;
	p->marks = NULL;
	return p->result;
}
