/* onnx.c - nodes, constants and the envelope of an ONNX file.
 *
 * Each kind of field of the graph is collected in a text of its own, because nodes
 * and their constants come in turns and a reader wants nodes first. onnx_write()
 * puts the pieces behind each other without a copy: of a large model the constants
 * alone are hundreds of megabytes.
 */
#include "onnx/onnx.h"

#include "base/file.h"
#include "base/version.h"
#include "text/protobuf.h"

#include <limits.h>
#include <string.h>

/* The newest pair that the oldest reader in use takes; nothing newer is needed. */
#define OPSET 17
#define IR_VERSION 8

/* Numbers of the fields that are written, message by message as onnx.proto has
 * them. */
enum {
	MODEL_IR = 1,
	MODEL_PRODUCER = 2,
	MODEL_PRODUCER_VERSION = 3,
	MODEL_GRAPH = 7,
	MODEL_OPSET = 8,
	MODEL_METADATA = 14
};
enum {
	OPSET_VERSION = 2
};
enum {
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2
};
enum {
	GRAPH_NODE = 1,
	GRAPH_NAME = 2,
	GRAPH_INITIALIZER = 5,
	GRAPH_INPUT = 11,
	GRAPH_OUTPUT = 12
};
enum {
	NODE_INPUT = 1,
	NODE_OUTPUT = 2,
	NODE_NAME = 3,
	NODE_OP = 4,
	NODE_ATTRIBUTE = 5
};
enum {
	ATTRIBUTE_NAME = 1,
	ATTRIBUTE_FLOAT = 2,
	ATTRIBUTE_INT = 3,
	ATTRIBUTE_TEXT = 4,
	ATTRIBUTE_INTS = 8,
	ATTRIBUTE_TYPE = 20 /* readers refuse an attribute without it */
};
enum {
	TENSOR_DIM = 1,
	TENSOR_TYPE = 2,
	TENSOR_NAME = 8,
	TENSOR_RAW = 9
};
enum {
	VALUE_NAME = 1,
	VALUE_TYPE = 2,
	TYPE_TENSOR = 1,
	TENSOR_TYPE_ELEMENTS = 1,
	TENSOR_TYPE_SHAPE = 2,
	SHAPE_DIM = 1,
	DIM_VALUE = 1,
	DIM_NAME = 2
};

struct onnx_attr onnx_attr_int(const char *name, int64_t v)
{
	return (struct onnx_attr){
		.name = name, .kind = ONNX_ATTR_INT, .count = 1, .ints = { v }
	};
}

struct onnx_attr onnx_attr_float(const char *name, float v)
{
	return (struct onnx_attr){ .name = name,
				   .kind = ONNX_ATTR_FLOAT,
				   .f = v };
}

struct onnx_attr onnx_attr_text(const char *name, const char *text)
{
	return (struct onnx_attr){ .name = name,
				   .kind = ONNX_ATTR_TEXT,
				   .text = text };
}

struct onnx_attr onnx_attr_pair(const char *name, int64_t a, int64_t b)
{
	return (struct onnx_attr){ .name = name,
				   .kind = ONNX_ATTR_INTS,
				   .count = 2,
				   .ints = { a, b } };
}

struct onnx_attr onnx_attr_sides(const char *name, int64_t all)
{
	return (struct onnx_attr){ .name = name,
				   .kind = ONNX_ATTR_INTS,
				   .count = 4,
				   .ints = { all, all, all, all } };
}

/* Only the field of its kind, and the kind: a reader believes the latter. */
static void put_attribute(struct fl_str *node, const struct onnx_attr *a)
{
	struct fl_str s = FL_STR_INIT;

	protobuf_text(&s, ATTRIBUTE_NAME, a->name);
	switch (a->kind) {
	case ONNX_ATTR_FLOAT:
		protobuf_float(&s, ATTRIBUTE_FLOAT, a->f);
		break;
	case ONNX_ATTR_INT:
		protobuf_int(&s, ATTRIBUTE_INT, a->ints[0]);
		break;
	case ONNX_ATTR_TEXT:
		protobuf_text(&s, ATTRIBUTE_TEXT, a->text);
		break;
	case ONNX_ATTR_INTS:
		for (int i = 0; i < a->count; i++)
			protobuf_int(&s, ATTRIBUTE_INTS, a->ints[i]);
	}
	protobuf_int(&s, ATTRIBUTE_TYPE, a->kind);
	protobuf_message(node, NODE_ATTRIBUTE, &s);
}

/* A number makes it unique: two nodes may be called alike. */
static const char *new_name(struct onnx *o, const char *label)
{
	return fl_arena_printf(&o->arena, "%s_%d", label, o->values++);
}

static void put_node(struct onnx *o, const char *op, const char *const *in,
		     const struct onnx_attr *attrs, const char *const *outs,
		     int count)
{
	struct fl_str s = FL_STR_INIT;

	for (; *in; in++)
		protobuf_text(&s, NODE_INPUT, *in);
	for (int i = 0; i < count; i++)
		protobuf_text(&s, NODE_OUTPUT, outs[i]);
	protobuf_text(&s, NODE_NAME, outs[0]);
	protobuf_text(&s, NODE_OP, op);
	for (; attrs && attrs->name; attrs++)
		put_attribute(&s, attrs);
	protobuf_message(&o->nodes, GRAPH_NODE, &s);
}

const char *onnx_node(struct onnx *o, const char *op, const char *label,
		      const char *const *in, const struct onnx_attr *attrs)
{
	const char *out = new_name(o, label ? label : op);

	put_node(o, op, in, attrs, &out, 1);
	return out;
}

void onnx_node2(struct onnx *o, const char *op, const char *const *in,
		const struct onnx_attr *attrs, const char *outs[2])
{
	outs[0] = new_name(o, op);
	outs[1] = new_name(o, op);
	put_node(o, op, in, attrs, outs, 2);
}

/* A constant is an initializer and not a Constant node: readers map initializers as
 * they are, and shape inference sees them. */
static const char *put_tensor(struct onnx *o, const char *label,
			      enum onnx_type type, struct onnx_shape shape,
			      const void *raw, size_t element)
{
	const char *name = new_name(o, label ? label : "constant");
	struct fl_str s = FL_STR_INIT;
	size_t bytes = element;

	for (int i = 0; i < shape.rank; i++) {
		protobuf_int(&s, TENSOR_DIM, shape.dims[i]);
		bytes *= (size_t)shape.dims[i];
	}
	protobuf_int(&s, TENSOR_TYPE, type);
	protobuf_text(&s, TENSOR_NAME, name);
	protobuf_bytes(&s, TENSOR_RAW, raw, bytes);
	protobuf_message(&o->initializers, GRAPH_INITIALIZER, &s);
	return name;
}

/* raw_data has the low byte first, as every processor that this builds for. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "numbers of ONNX files would have to be turned");

const char *onnx_floats(struct onnx *o, const char *label,
			struct onnx_shape shape, const float *values)
{
	return put_tensor(o, label, ONNX_FLOAT, shape, values, sizeof(*values));
}

const char *onnx_ints(struct onnx *o, struct onnx_shape shape,
		      const int64_t *values)
{
	return put_tensor(o, NULL, ONNX_INT64, shape, values, sizeof(*values));
}

const char *onnx_int(struct onnx *o, int64_t v)
{
	return onnx_ints(o, ONNX_SHAPE(1), &v);
}

const char *onnx_float(struct onnx *o, float v)
{
	return onnx_floats(o, NULL, ONNX_SHAPE(1), &v);
}

/* Inputs and outputs need type and shape; of what flows between nodes readers
 * find them out. */
static void put_value(struct fl_str *graph, int field, const char *name,
		      struct onnx_shape shape, const char *dim_names)
{
	struct fl_str s = FL_STR_INIT, dims = FL_STR_INIT, tensor = FL_STR_INIT,
		      type = FL_STR_INIT;

	for (int i = 0; i < shape.rank; i++) {
		struct fl_str dim = FL_STR_INIT;

		if (shape.dims[i] < 0)
			protobuf_bytes(&dim, DIM_NAME, dim_names + i, 1);
		else
			protobuf_int(&dim, DIM_VALUE, shape.dims[i]);
		protobuf_message(&dims, SHAPE_DIM, &dim);
	}
	protobuf_int(&tensor, TENSOR_TYPE_ELEMENTS, ONNX_FLOAT);
	protobuf_message(&tensor, TENSOR_TYPE_SHAPE, &dims);
	protobuf_message(&type, TYPE_TENSOR, &tensor);
	protobuf_text(&s, VALUE_NAME, name);
	protobuf_message(&s, VALUE_TYPE, &type);
	protobuf_message(graph, field, &s);
}

void onnx_input(struct onnx *o, const char *name, struct onnx_shape shape,
		const char *dim_names)
{
	put_value(&o->inputs, GRAPH_INPUT, name, shape, dim_names);
}

/* A node names its output by itself, so the public name is a node of its own;
 * every reader drops it as it loads. */
void onnx_output(struct onnx *o, const char *name, const char *value,
		 struct onnx_shape shape, const char *dim_names)
{
	put_node(o, "Identity", ONNX_IN(value), NULL, &name, 1);
	put_value(&o->outputs, GRAPH_OUTPUT, name, shape, dim_names);
}

void onnx_metadata(struct onnx *o, const char *key, const char *text)
{
	struct fl_str s = FL_STR_INIT;

	protobuf_text(&s, ENTRY_KEY, key);
	protobuf_text(&s, ENTRY_VALUE, text);
	protobuf_message(&o->metadata, MODEL_METADATA, &s);
}

/* What stands before the graph's pieces, which are size bytes. */
static void put_envelope(struct fl_str *s, const struct onnx *o, size_t size)
{
	struct fl_str opset = FL_STR_INIT;

	protobuf_int(s, MODEL_IR, IR_VERSION);
	protobuf_text(s, MODEL_PRODUCER, "flotilla");
	protobuf_text(s, MODEL_PRODUCER_VERSION, FLOTILLA_VERSION);
	protobuf_int(&opset, OPSET_VERSION, OPSET);
	protobuf_message(s, MODEL_OPSET, &opset);
	fl_str_addn(s, fl_str_get(&o->metadata), o->metadata.len);
	protobuf_head(s, MODEL_GRAPH, size);
}

int onnx_write(const struct onnx *o, const char *path, struct fl_err *err)
{
	struct fl_str head = FL_STR_INIT, name = FL_STR_INIT;
	const struct fl_str *pieces[] = { &head,       &name,
					  &o->nodes,   &o->inputs,
					  &o->outputs, &o->initializers };
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);
	size_t size = 0;
	struct fl_out out;
	int rc;

	protobuf_text(&name, GRAPH_NAME, "flotilla");
	for (size_t i = 1; i < count; i++)
		size += pieces[i]->len;
	put_envelope(&head, o, size);
	/* Lengths are int in the library that readers parse with. */
	if (head.len + size > INT_MAX)
		rc = fl_fail(err, FL_EDATA,
			     "'%s' would have %.1f GiB, and an ONNX file may "
			     "have 2 at most; export a smaller model",
			     path, (double)(head.len + size) / (1 << 30));
	else
		rc = fl_out_open(&out, path, err);
	if (rc == 0) {
		for (size_t i = 0; rc == 0 && i < count; i++)
			rc = fl_out_write(&out, fl_str_get(pieces[i]),
					  pieces[i]->len, err);
		if (rc == 0)
			rc = fl_out_commit(&out, err);
		else
			fl_out_abort(&out);
	}
	fl_str_release(&head);
	fl_str_release(&name);
	return rc;
}

void onnx_release(struct onnx *o)
{
	fl_str_release(&o->nodes);
	fl_str_release(&o->initializers);
	fl_str_release(&o->inputs);
	fl_str_release(&o->outputs);
	fl_str_release(&o->metadata);
	fl_arena_release(&o->arena);
	*o = (struct onnx){ 0 };
}
