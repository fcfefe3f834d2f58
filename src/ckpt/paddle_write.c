/* paddle_write.c - pickles of protocol 4, as the reference's saver
 * makes them, for flotilla convert.
 * Globals and the dtype are written out once and then recalled from the memo,
 * as Python does; frames, which only help readers of slow streams, are left
 * out. Values go to the file as they lie, everything between them through a
 * small buffer, so a model is never in memory twice. */
#include "ckpt/paddle_file.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Few enough for BINGET, whose place is one byte. */
enum memo {
	MEMO_RECONSTRUCT,
	MEMO_NDARRAY,
	MEMO_TUPLE,
	MEMO_DTYPE,
	MEMO_COUNT = MEMO_DTYPE + DTYPE_COUNT
};

struct pickle_writer {
	struct fl_out out;
	struct fl_str s;      /* not yet written */
	int memo[MEMO_COUNT]; /* place + 1 in Python's memo */
	int memo_used;
	struct fl_err *err;
};

static void put_op(struct pickle_writer *w, int op)
{
	char c = (char)op;

	fl_str_addn(&w->s, &c, 1);
}

static void put_le(struct pickle_writer *w, uint64_t value, int width)
{
	for (int i = 0; i < width; i++)
		put_op(w, (int)(value >> 8 * i & 0xff));
}

/* put_op's numbers are opcodes of Python's pickletools: 0x8c
 * SHORT_BINUNICODE, 'X' BINUNICODE. */
static void put_text(struct pickle_writer *w, const char *text)
{
	size_t n = strlen(text);

	if (n < 256) {
		put_op(w, 0x8c);
		put_le(w, n, 1);
	} else {
		put_op(w, 'X');
		put_le(w, n, 4);
	}
	fl_str_addn(&w->s, text, n);
}

/* BININT1 without a sign, BININT with one, else eight
 * bytes in two's complement. */
static void put_int(struct pickle_writer *w, int64_t value)
{
	if (value >= 0 && value < 256) {
		put_op(w, 'K');
		put_le(w, (uint64_t)value, 1);
	} else if (value >= INT32_MIN && value <= INT32_MAX) {
		put_op(w, 'J');
		put_le(w, (uint64_t)value, 4);
	} else {
		put_op(w, 0x8a); /* LONG1 */
		put_le(w, 8, 1);
		put_le(w, (uint64_t)value, 8);
	}
}

/* BINFLOAT is big-endian, alone in the format. */
static void put_real(struct pickle_writer *w, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_op(w, 'G');
	for (int i = 7; i >= 0; i--)
		put_op(w, (int)(bits >> 8 * i & 0xff));
}

/* Recall a value; false when it must be made and then kept by memo_keep. */
static bool memo_recall(struct pickle_writer *w, enum memo which)
{
	if (!w->memo[which])
		return false;
	put_op(w, 'h');
	put_le(w, (uint64_t)w->memo[which] - 1, 1);
	return true;
}

static void memo_keep(struct pickle_writer *w, enum memo which)
{
	put_op(w, 0x94);
	w->memo[which] = ++w->memo_used;
}

static void put_global(struct pickle_writer *w, enum memo which)
{
	static const char *const names[][2] = {
		/* numpy 2 calls it numpy._core and still knows this
		 * name; numpy 1 knows no other. */
		[MEMO_RECONSTRUCT] = { "numpy.core.multiarray",
				       "_reconstruct" },
		[MEMO_NDARRAY] = { "numpy", "ndarray" },
		[MEMO_TUPLE] = { "builtins", "tuple" },
	};

	if (memo_recall(w, which))
		return;
	put_text(w, names[which][0]);
	put_text(w, names[which][1]);
	put_op(w, 0x93); /* STACK_GLOBAL */
	memo_keep(w, which);
}

/* numpy.dtype('f4', False, True), state (3, '<', None, None, None, -1, -1, 0).
 * numpy has no bfloat16: Paddle keeps its bits in uint16. One byte has no order
 * ('|'). */
static void put_dtype(struct pickle_writer *w, enum dtype dtype)
{
	static const char *const names[DTYPE_COUNT] = {
		[DTYPE_F16] = "f2", [DTYPE_BF16] = "u2", [DTYPE_F32] = "f4",
		[DTYPE_F64] = "f8", [DTYPE_U8] = "u1",	 [DTYPE_I32] = "i4",
		[DTYPE_I64] = "i8", [DTYPE_BOOL] = "b1",
	};
	enum memo which = MEMO_DTYPE + (enum memo)dtype;

	if (memo_recall(w, which))
		return;
	put_text(w, "numpy");
	put_text(w, "dtype");
	put_op(w, 0x93);
	put_text(w, names[dtype]);
	fl_str_add(&w->s, "\x89\x88\x87R("); /* False True TUPLE3 REDUCE MARK */
	put_int(w, 3);
	put_text(w, dtype_bytes(dtype) == 1 ? "|" : "<");
	fl_str_add(&w->s, "NNN");
	put_int(w, -1);
	put_int(w, -1);
	put_int(w, 0);
	fl_str_add(&w->s, "tb"); /* TUPLE BUILD */
	memo_keep(w, which);
}

static int flush(struct pickle_writer *w)
{
	int rc = fl_out_write(&w->out, fl_str_get(&w->s), w->s.len, w->err);

	fl_str_clear(&w->s);
	return rc;
}

/* _reconstruct(ndarray, (0,), b'b'), then the state (1, shape, dtype, False,
 * bytes): what numpy's own pickling writes. */
static int put_array(struct pickle_writer *w, const struct named_tensor *t)
{
	int rc;

	put_global(w, MEMO_RECONSTRUCT);
	put_global(w, MEMO_NDARRAY);
	put_int(w, 0);
	/* TUPLE1, SHORT_BINBYTES of 1 byte, TUPLE3, REDUCE, MARK */
	fl_str_add(&w->s, "\x85"
			  "C\1b"
			  "\x87R(");
	put_int(w, 1);
	put_op(w, '(');
	for (int i = 0; i < t->rank; i++)
		put_int(w, t->dims[i]);
	put_op(w, 't');
	put_dtype(w, t->dtype);
	put_op(w, 0x89); /* not in Fortran order */
	if (t->bytes < 256) {
		put_op(w, 'C');
		put_le(w, t->bytes, 1);
	} else if (t->bytes <= UINT32_MAX) {
		put_op(w, 'B');
		put_le(w, t->bytes, 4);
	} else {
		put_op(w, 0x8e); /* BINBYTES8 */
		put_le(w, t->bytes, 8);
	}
	rc = flush(w);
	if (rc == 0)
		rc = fl_out_write(&w->out, t->data, t->bytes, w->err);
	fl_str_add(&w->s, "tb");
	return rc;
}

static int begin(struct pickle_writer *w, const char *path, struct fl_err *err)
{
	*w = (struct pickle_writer){ .err = err };
	/* PROTO 4, EMPTY_DICT, MARK */
	fl_str_add(&w->s, "\x80\4}(");
	return fl_out_open(&w->out, path, err);
}

/* SETITEMS, STOP; or undo everything when rc is an error already. */
static int end(struct pickle_writer *w, int rc)
{
	if (rc == 0) {
		fl_str_add(&w->s, "u.");
		rc = flush(w);
	}
	if (rc == 0)
		rc = fl_out_commit(&w->out, w->err);
	else
		fl_out_abort(&w->out);
	fl_str_release(&w->s);
	return rc;
}

int paddle_write_params(const char *path, const struct named_tensor *tensors,
			size_t count, const char *const *names,
			struct fl_err *err)
{
	struct pickle_writer w;
	int rc = begin(&w, path, err);

	if (rc != 0) {
		fl_str_release(&w.s);
		return rc;
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		put_text(&w, tensors[i].name);
		rc = put_array(&w, &tensors[i]);
	}
	/* PaddleDetection passes over the table; checkpoint.c looks a tensor's
	 * momentum up by it. */
	if (names) {
		put_text(&w, "StructuredToParameterName@@");
		fl_str_add(&w.s, "}(");
		for (size_t i = 0; i < count; i++) {
			put_text(&w, tensors[i].name);
			put_text(&w, names[i]);
		}
		put_op(&w, 'u');
	}
	return end(&w, rc);
}

int paddle_write_opt(const char *path, const struct named_tensor *tensors,
		     size_t count, const char *const *names,
		     const struct paddle_progress *progress, struct fl_err *err)
{
	struct pickle_writer w;
	char key[256];
	int rc = begin(&w, path, err);

	if (rc != 0) {
		fl_str_release(&w.s);
		return rc;
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		snprintf(key, sizeof(key), "%s_velocity_0", names[i]);
		put_text(&w, key);
		put_global(&w, MEMO_TUPLE);
		put_text(&w, key);
		rc = put_array(&w, &tensors[i]);
		/* TUPLE2, TUPLE1, REDUCE: tuple((key, array)) */
		fl_str_add(&w.s, "\x86\x85R");
	}
	put_text(&w, "LR_Scheduler");
	fl_str_add(&w.s, "}(");
	put_text(&w, "last_epoch");
	put_int(&w, progress->steps);
	put_text(&w, "last_lr");
	put_real(&w, progress->lr);
	put_op(&w, 'u');
	put_text(&w, "last_epoch");
	put_int(&w, progress->epochs);
	return end(&w, rc);
}
