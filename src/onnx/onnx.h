/* onnx.h - an ONNX model under construction, and its file.
 *
 * Nodes are added in the order of computing, each with the names of the values
 * it reads, and answers with the name of the value it makes. Maps are
 * [N, C, H, W] there. Opset 17 and IR version 8: what ONNX Runtime, OpenCV (4 and
 * 5) and OpenVINO all take.
 *
 * Source of field numbers and operators: onnx.proto and the operator list of
 * github.com/onnx/onnx, checked against onnx.checker by tests/e2e/export.sh.
 *
 * Ownership: a model owns its texts, and the names it gives are valid until
 * onnx_release(). Threads: one at a time.
 */
#ifndef FL_ONNX_ONNX_H
#define FL_ONNX_ONNX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum onnx_type { /* of elements; onnx.proto's numbers */
	ONNX_FLOAT = 1,
	ONNX_INT64 = 7
};

struct onnx {
	/* Fields of the graph, one kind in each. */
	struct fl_str nodes, initializers, inputs, outputs;
	struct fl_str metadata; /* of the model */
	struct fl_arena arena;
	int values; /* named so far */
};

#define ONNX_MAX_RANK 5

struct onnx_shape {
	int rank;
	int64_t dims[ONNX_MAX_RANK];
};
#define ONNX_SHAPE(...)                                            \
	((struct onnx_shape){ sizeof((int64_t[]){ __VA_ARGS__ }) / \
				      sizeof(int64_t),             \
			      { __VA_ARGS__ } })

/* An attribute of a node: made by the functions below, ended by ONNX_ATTRS. */
struct onnx_attr {
	const char *name;
	enum {
		ONNX_ATTR_FLOAT = 1,
		ONNX_ATTR_INT = 2,
		ONNX_ATTR_TEXT = 3,
		ONNX_ATTR_INTS = 7
	} kind;
	float f;
	const char *text;
	int count; /* of ints; kind INT: 1 */
	int64_t ints[4];
};

struct onnx_attr onnx_attr_int(const char *name, int64_t v);
struct onnx_attr onnx_attr_float(const char *name, float v);
struct onnx_attr onnx_attr_text(const char *name, const char *text);
/* Two ints, and four. */
struct onnx_attr onnx_attr_pair(const char *name, int64_t a, int64_t b);
struct onnx_attr onnx_attr_sides(const char *name, int64_t all);

#define ONNX_IN(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ONNX_ATTRS(...) ((const struct onnx_attr[]){ __VA_ARGS__, { 0 } })

/* A node of one output. label: what it is called, or NULL; in: ends with NULL, ""
 * leaves an input out; attrs: NULL for none. Returns the output's name. */
const char *onnx_node(struct onnx *o, const char *op, const char *label,
		      const char *const *in, const struct onnx_attr *attrs);
/* The same with two outputs. */
void onnx_node2(struct onnx *o, const char *op, const char *const *in,
		const struct onnx_attr *attrs, const char *outs[2]);
/* Constants; label as above. Values are copied. */
const char *onnx_floats(struct onnx *o, const char *label,
			struct onnx_shape shape, const float *values);
const char *onnx_ints(struct onnx *o, struct onnx_shape shape,
		      const int64_t *values);
/* Vectors of one number. */
const char *onnx_int(struct onnx *o, int64_t v);
const char *onnx_float(struct onnx *o, float v);

/* A dimension below 0 has the letter of dim_names at its place as its name. */
void onnx_input(struct onnx *o, const char *name, struct onnx_shape shape,
		const char *dim_names);
/* value under a name that the file's readers see. */
void onnx_output(struct onnx *o, const char *name, const char *value,
		 struct onnx_shape shape, const char *dim_names);
/* A word about the model as a whole; both texts are copied. */
void onnx_metadata(struct onnx *o, const char *key, const char *text);

/* The file appears whole or not at all. FL_EIO; FL_EDATA where it would be over
 * 2 GiB, which no reader of Protocol Buffers takes. */
int onnx_write(const struct onnx *o, const char *path, struct fl_err *err);
void onnx_release(struct onnx *o);

#endif
