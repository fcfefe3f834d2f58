/* pickle_call.c - the names a pickle may use, and what each means here: numpy's
 * arrays, dtypes and scalars, a few builtins. The machine (pickle.c) calls it
 * for GLOBAL, REDUCE and BUILD.
 * numpy builds an array in two steps, _reconstruct and then BUILD with shape,
 * type and bytes; protocol 5 makes it in one, by _frombuffer. Whatever the
 * order in the file, what leaves here is in C order, checked against the number
 * of its bytes. */
#include "ckpt/pickle.h"

#include <stdio.h>
#include <string.h>

/* numpy 2 writes numpy._core where numpy 1 wrote numpy.core; __builtin__ is
 * Python 2's name, which protocol 2 keeps. A name is added here only when it
 * makes a value and can do nothing else: getattr or eval would run what the
 * file says. */
static const struct {
	const char *module, *name;
	enum pickle_global global;
} allowed[] = {
	{ "numpy.core.multiarray", "_reconstruct", PICKLE_G_RECONSTRUCT },
	{ "numpy._core.multiarray", "_reconstruct", PICKLE_G_RECONSTRUCT },
	{ "numpy.core.multiarray", "scalar", PICKLE_G_SCALAR },
	{ "numpy._core.multiarray", "scalar", PICKLE_G_SCALAR },
	{ "numpy", "ndarray", PICKLE_G_NDARRAY },
	{ "numpy", "dtype", PICKLE_G_DTYPE },
	{ "_codecs", "encode", PICKLE_G_ENCODE },
	{ "collections", "OrderedDict", PICKLE_G_ORDERED_DICT },
	{ "builtins", "tuple", PICKLE_G_TUPLE },
	{ "__builtin__", "tuple", PICKLE_G_TUPLE },
	{ "__builtin__", "bytes", PICKLE_G_BYTES },
	{ "builtins", "bytearray", PICKLE_G_BYTEARRAY },
	{ "__builtin__", "bytearray", PICKLE_G_BYTEARRAY },
	{ "numpy.core.numeric", "_frombuffer", PICKLE_G_FROMBUFFER },
	{ "numpy._core.numeric", "_frombuffer", PICKLE_G_FROMBUFFER },
};

static bool equal(const char *data, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(data, text, len) == 0;
}

struct pickle_value *pickle_find_global(struct pickle *p, const char *module,
					size_t module_len, const char *name,
					size_t name_len)
{
	char m[PICKLE_SHOWN], n[PICKLE_SHOWN];

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		struct pickle_value *v;

		if (!equal(module, module_len, allowed[i].module) ||
		    !equal(name, name_len, allowed[i].name))
			continue;
		v = pickle_new(p, PICKLE_GLOBAL);
		v->global = allowed[i].global;
		return v;
	}
	pickle_fail(p,
		    "the file asks for '%s.%s', which plain weights never "
		    "need; nothing was run and the file is refused",
		    pickle_show(module, module_len, m),
		    pickle_show(name, name_len, n));
	return NULL;
}

static bool is_global(const struct pickle_value *v, enum pickle_global g)
{
	return v->kind == PICKLE_GLOBAL && v->global == g;
}

/* _reconstruct(numpy.ndarray, (0,), b'b'): an array that BUILD fills */
static struct pickle_value *call_reconstruct(struct pickle *p,
					     const struct pickle_value *args)
{
	/* The shape (0,) and the type b'b' are
	 * placeholders, so they are not looked at. */
	if (args->list.count != 3 ||
	    !is_global(args->list.items[0], PICKLE_G_NDARRAY)) {
		pickle_fail(p, "an array is begun with other arguments than "
			       "numpy gives");
		return NULL;
	}
	return pickle_new(p, PICKLE_ARRAY);
}

/* dtype('f4', False, True); the two flags are the same for every type of
 * numbers. Byte order comes by BUILD. */
static struct pickle_value *call_dtype(struct pickle *p,
				       const struct pickle_value *args)
{
	/* numpy has no bfloat16: Paddle keeps its bits in uint16. */
	static const struct {
		const char *name;
		enum dtype dtype;
	} known[] = {
		{ "f2", DTYPE_F16 }, { "u2", DTYPE_BF16 }, { "f4", DTYPE_F32 },
		{ "f8", DTYPE_F64 }, { "u1", DTYPE_U8 },   { "i4", DTYPE_I32 },
		{ "i8", DTYPE_I64 }, { "b1", DTYPE_BOOL },
	};
	const struct pickle_value *name;
	struct pickle_value *v;
	char shown[PICKLE_SHOWN];

	name = args->list.count ? args->list.items[0] : NULL;
	if (!name || args->list.count > 3 ||
	    (name->kind != PICKLE_TEXT && name->kind != PICKLE_BYTES)) {
		pickle_fail(p, "a dtype is made with other arguments than "
			       "numpy gives");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!pickle_is(name, known[i].name))
			continue;
		v = pickle_new(p, PICKLE_DTYPE);
		v->dtype = known[i].dtype;
		return v;
	}
	pickle_fail(p, "values of numpy type '%s' are not supported",
		    pickle_show(name->bytes.data, name->bytes.len, shown));
	return NULL;
}

/* scalar(dtype, bytes): the metric of a .pdstates. Whole numbers stay whole, a
 * real is a double whatever it was. */
static struct pickle_value *call_scalar(struct pickle *p,
					const struct pickle_value *args)
{
	const struct pickle_value *dtype, *bytes;
	struct pickle_value *v;
	struct named_tensor t = { 0 };
	int32_t i;
	float f;

	dtype = args->list.count == 2 ? args->list.items[0] : NULL;
	bytes = args->list.count == 2 ? args->list.items[1] : NULL;
	if (!dtype || dtype->kind != PICKLE_DTYPE ||
	    bytes->kind != PICKLE_BYTES ||
	    bytes->bytes.len != dtype_bytes(dtype->dtype)) {
		pickle_fail(p, "a scalar is made with other arguments than "
			       "numpy gives");
		return NULL;
	}
	v = pickle_new(p, PICKLE_REAL);
	if (dtype->dtype == DTYPE_F64) {
		memcpy(&v->real, bytes->bytes.data, sizeof(v->real));
	} else if (dtype->dtype == DTYPE_I64) {
		v->kind = PICKLE_INT;
		memcpy(&v->integer, bytes->bytes.data, sizeof(v->integer));
	} else if (dtype->dtype == DTYPE_I32) {
		v->kind = PICKLE_INT;
		memcpy(&i, bytes->bytes.data, sizeof(i));
		v->integer = i;
	} else {
		t.dtype = dtype->dtype;
		t.data = bytes->bytes.data;
		named_tensor_f32(&t, 0, 1, &f);
		v->real = f;
	}
	return v;
}

/* _codecs.encode(text, 'latin1'): bytes as protocol 2 has to write them, every
 * byte over 127 as a character of two bytes */
static struct pickle_value *call_encode(struct pickle *p,
					const struct pickle_value *args)
{
	const struct pickle_value *text;
	struct pickle_value *v;
	const unsigned char *from;
	unsigned char *to;
	size_t n = 0, len;

	text = args->list.count == 2 ? args->list.items[0] : NULL;
	if (!text || text->kind != PICKLE_TEXT ||
	    !(pickle_is(args->list.items[1], "latin1") ||
	      pickle_is(args->list.items[1], "latin-1"))) {
		pickle_fail(p, "bytes are encoded otherwise than as latin1");
		return NULL;
	}
	from = (const unsigned char *)text->bytes.data;
	len = text->bytes.len;
	/* What comes out is never longer than what goes in. */
	to = pickle_copy_space(p, len);
	if (!to)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (from[i] < 0x80) {
			to[n++] = from[i];
			continue;
		}
		if ((from[i] & 0xfe) != 0xc2 || i + 1 == len ||
		    (from[i + 1] & 0xc0) != 0x80) {
			pickle_fail(p,
				    "a character outside latin1 at place "
				    "%zu of encoded bytes",
				    i);
			return NULL;
		}
		to[n++] = (unsigned char)(from[i] << 6 | (from[i + 1] & 0x3f));
		i++;
	}
	v = pickle_new(p, PICKLE_BYTES);
	v->bytes.data = (const char *)to;
	v->bytes.len = n;
	return v;
}

/* Its entries follow by SETITEMS; a dict here keeps its order anyway. */
static struct pickle_value *call_ordered_dict(struct pickle *p,
					      const struct pickle_value *args)
{
	if (args->list.count == 0)
		return pickle_new(p, PICKLE_DICT);
	pickle_fail(p, "an OrderedDict is made with arguments");
	return NULL;
}

/* tuple((a, b)): how the saver of optimizers wraps what it has */
static struct pickle_value *call_tuple(struct pickle *p,
				       const struct pickle_value *args)
{
	const struct pickle_value *from;
	struct pickle_value *v;

	from = args->list.count == 1 ? args->list.items[0] : NULL;
	if (!from ||
	    (from->kind != PICKLE_TUPLE && from->kind != PICKLE_LIST)) {
		pickle_fail(p, "a tuple is made of something else than a list");
		return NULL;
	}
	v = pickle_new(p, PICKLE_TUPLE);
	v->list = from->list;
	v->list.cap = v->list.count; /* whoever grows it makes a copy */
	return v;
}

/* bytes(): how protocol 2 has to write no bytes at all */
static struct pickle_value *call_bytes(struct pickle *p,
				       const struct pickle_value *args)
{
	struct pickle_value *v;

	if (args->list.count != 0) {
		pickle_fail(p, "bytes are made with arguments");
		return NULL;
	}
	v = pickle_new(p, PICKLE_BYTES);
	v->bytes.data = "";
	return v;
}

/* bytearray(bytes): bytes that Python may change; here nobody does */
static struct pickle_value *call_bytearray(struct pickle *p,
					   const struct pickle_value *args)
{
	if (args->list.count == 0)
		return call_bytes(p, args);
	if (args->list.count == 1 && args->list.items[0]->kind == PICKLE_BYTES)
		return args->list.items[0];
	pickle_fail(p, "a bytearray is made of something else than bytes");
	return NULL;
}

static struct pickle_value *call_frombuffer(struct pickle *p,
					    const struct pickle_value *args);

struct pickle_value *pickle_call(struct pickle *p, enum pickle_global callee,
				 const struct pickle_value *args)
{
	switch (callee) {
	case PICKLE_G_RECONSTRUCT:
		return call_reconstruct(p, args);
	case PICKLE_G_SCALAR:
		return call_scalar(p, args);
	case PICKLE_G_DTYPE:
		return call_dtype(p, args);
	case PICKLE_G_ENCODE:
		return call_encode(p, args);
	case PICKLE_G_ORDERED_DICT:
		return call_ordered_dict(p, args);
	case PICKLE_G_TUPLE:
		return call_tuple(p, args);
	case PICKLE_G_BYTES:
		return call_bytes(p, args);
	case PICKLE_G_BYTEARRAY:
		return call_bytearray(p, args);
	case PICKLE_G_FROMBUFFER:
		return call_frombuffer(p, args);
	case PICKLE_G_NDARRAY:
		break;
	}
	pickle_fail(p, "a call of numpy.ndarray, which no file of weights "
		       "needs");
	return NULL;
}

/* (3, '<', None, None, None, -1, -1, 0): version, byte order, no sub-array,
 * names and fields, sizes that come with the type. */
static int build_dtype(struct pickle *p, struct pickle_value *dtype,
		       const struct pickle_value *state)
{
	struct pickle_value *const *s = state->list.items;

	if (state->list.count < 5 || s[0]->kind != PICKLE_INT)
		return pickle_fail(p, "a dtype has a state that numpy does not "
				      "write");
	if (s[2]->kind != PICKLE_NONE || s[3]->kind != PICKLE_NONE ||
	    s[4]->kind != PICKLE_NONE)
		return pickle_fail(p, "values made of fields are not "
				      "supported");
	if (pickle_is(s[1], ">"))
		return pickle_fail(p, "big-endian values are not supported");
	if (!pickle_is(s[1], "<") && !pickle_is(s[1], "|") &&
	    !pickle_is(s[1], "="))
		return pickle_fail(p, "a dtype has an unknown byte order");
	dtype->built = true;
	return 0;
}

/* Signs and sizes are checked by check_bytes(), which multiplies with care. */
static int read_shape(struct pickle *p, const struct pickle_value *shape,
		      struct named_tensor *t)
{
	if (shape->kind != PICKLE_TUPLE || shape->list.count > CKPT_MAX_RANK)
		return pickle_fail(p,
				   "the shape of an array is no tuple of at "
				   "most %d numbers",
				   CKPT_MAX_RANK);
	t->rank = (int)shape->list.count;
	for (int i = 0; i < t->rank; i++) {
		if (shape->list.items[i]->kind != PICKLE_INT)
			return pickle_fail(
				p, "the shape of an array holds %s",
				pickle_kind_name(shape->list.items[i]->kind));
		t->dims[i] = shape->list.items[i]->integer;
	}
	return 0;
}

/* Values that lie 'stride' values apart along each dim to C order, in a copy.
 * 'at' counts through the indices of the result like the hands of a clock, the
 * last one fastest. */
static int to_c_order(struct pickle *p, struct named_tensor *t,
		      const size_t stride[CKPT_MAX_RANK])
{
	size_t item = dtype_bytes(t->dtype);
	size_t at[CKPT_MAX_RANK] = { 0 }, n = t->bytes / item;
	unsigned char *to = pickle_copy_space(p, t->bytes);

	if (!to)
		return FL_EDATA;
	for (size_t i = 0; i < n; i++) {
		size_t from = 0;

		for (int d = 0; d < t->rank; d++)
			from += at[d] * stride[d];
		memcpy(to + i * item,
		       (const unsigned char *)t->data + from * item, item);
		for (int d = t->rank - 1; d >= 0; d--) {
			if (++at[d] < (size_t)t->dims[d])
				break;
			at[d] = 0;
		}
	}
	t->data = to;
	return 0;
}

/* The first index is the fastest. Fewer than two dims
 * lie the same in both orders. */
static int from_fortran(struct pickle *p, struct named_tensor *t)
{
	size_t stride[CKPT_MAX_RANK], s = 1;

	if (t->rank < 2 || t->bytes == 0)
		return 0;
	for (int d = 0; d < t->rank; d++) {
		stride[d] = s;
		s *= (size_t)t->dims[d];
	}
	return to_c_order(p, t, stride);
}

/* t has the dims of the values as they lie, and gets those of its transpose:
 * dim d of it is axes[d] of theirs. */
static int from_transpose(struct pickle *p, struct named_tensor *t,
			  const struct pickle_value *axes)
{
	struct named_tensor lies = *t;
	size_t stride[CKPT_MAX_RANK], apart[CKPT_MAX_RANK], s = 1;
	unsigned seen = 0;

	if (axes->kind != PICKLE_TUPLE || axes->list.count != (size_t)t->rank)
		return pickle_fail(p, "an array is turned by other axes than "
				      "its own");
	for (int d = t->rank - 1; d >= 0; d--) {
		stride[d] = s;
		s *= (size_t)t->dims[d];
	}
	for (int d = 0; d < t->rank; d++) {
		const struct pickle_value *v = axes->list.items[d];

		if (v->kind != PICKLE_INT || v->integer < 0 ||
		    v->integer >= t->rank || (seen >> v->integer & 1))
			return pickle_fail(p, "an array is turned by axes that "
					      "are not each of its own once");
		seen |= 1u << v->integer;
		t->dims[d] = lies.dims[v->integer];
		apart[d] = stride[v->integer];
	}
	return t->bytes ? to_c_order(p, t, apart) : 0;
}

/* Are there as many bytes as type and shape ask for? */
static int check_bytes(struct pickle *p, const struct named_tensor *t)
{
	char shape[CKPT_SHAPE_TEXT];
	size_t bytes;

	if (ckpt_tensor_bytes(t->dtype, t->rank, t->dims, &bytes) &&
	    bytes == t->bytes)
		return 0;
	return pickle_fail(
		p, "an array of type %s and shape %s cannot have %zu bytes",
		dtype_name(t->dtype), ckpt_shape_text(t->rank, t->dims, shape),
		t->bytes);
}

/* _frombuffer(bytes, dtype, shape, 'C' or 'F'), or from numpy 2.3 on
 * (..., shape as it lies, 'K', axes): how protocol 5 writes an array */
static struct pickle_value *call_frombuffer(struct pickle *p,
					    const struct pickle_value *args)
{
	struct pickle_value *const *a = args->list.items, *v;
	size_t n = args->list.count;
	struct named_tensor *t;
	int rc;

	if (n < 4 || n > 5 || a[0]->kind != PICKLE_BYTES ||
	    a[1]->kind != PICKLE_DTYPE ||
	    !(pickle_is(a[3], "C") || pickle_is(a[3], "F") ||
	      (pickle_is(a[3], "K") && n == 5))) {
		pickle_fail(p, "an array is made of a buffer with other "
			       "arguments than numpy gives");
		return NULL;
	}
	v = pickle_new(p, PICKLE_ARRAY);
	t = &v->array;
	if (read_shape(p, a[2], t) != 0)
		return NULL;
	t->dtype = a[1]->dtype;
	t->data = a[0]->bytes.data;
	t->bytes = a[0]->bytes.len;
	rc = check_bytes(p, t);
	if (rc == 0 && pickle_is(a[3], "F"))
		rc = from_fortran(p, t);
	if (rc == 0 && pickle_is(a[3], "K"))
		rc = from_transpose(p, t, a[4]);
	v->built = true;
	return rc == 0 ? v : NULL;
}

/* (1, shape, dtype, is_fortran, bytes) */
static int build_array(struct pickle *p, struct pickle_value *array,
		       const struct pickle_value *state)
{
	struct pickle_value *const *s = state->list.items;
	struct named_tensor *t = &array->array;

	if (state->list.count != 5 || s[0]->kind != PICKLE_INT ||
	    s[2]->kind != PICKLE_DTYPE ||
	    (s[3]->kind != PICKLE_BOOL && s[3]->kind != PICKLE_INT) ||
	    s[4]->kind != PICKLE_BYTES)
		return pickle_fail(p, "an array has a state that numpy does "
				      "not write for numbers");
	if (read_shape(p, s[1], t) != 0)
		return FL_EDATA;
	t->dtype = s[2]->dtype;
	t->data = s[4]->bytes.data;
	t->bytes = s[4]->bytes.len;
	if (check_bytes(p, t) != 0)
		return FL_EDATA;
	/* The memo may hold this very array: it is changed in place,
	 * and a second BUILD is refused. */
	array->built = true;
	return s[3]->integer ? from_fortran(p, t) : 0;
}

int pickle_build(struct pickle *p, struct pickle_value *object,
		 const struct pickle_value *state)
{
	if (state->kind != PICKLE_TUPLE)
		return pickle_fail(p, "%s gets %s as its state",
				   pickle_kind_name(object->kind),
				   pickle_kind_name(state->kind));
	if (object->built)
		return pickle_fail(p, "%s is filled twice",
				   pickle_kind_name(object->kind));
	if (object->kind == PICKLE_DTYPE)
		return build_dtype(p, object, state);
	if (object->kind == PICKLE_ARRAY)
		return build_array(p, object, state);
	return pickle_fail(p,
			   "%s is given a state, which no file of weights "
			   "needs",
			   pickle_kind_name(object->kind));
}
