/* decode.c as ONNX nodes: the same boxes and scores, in pixels of the network's
 * input, for struct family says what to do.
 * Of each level the expectation of the bins is a matrix product with 0 .. 16; all
 * levels together then become boxes by one product and one sum with constants,
 * since every point and stride is known. Strides are powers of two, so no order of
 * these products rounds otherwise than decode.c. */
#include "family/ppyoloe/ppyoloe_priv.h"

#include <stdlib.h>

static const char *reshape(struct onnx *o, const char *x,
			   struct onnx_shape shape)
{
	const char *dims = onnx_ints(o, ONNX_SHAPE(shape.rank), shape.dims);

	return onnx_node(o, "Reshape", NULL, ONNX_IN(x, dims), NULL);
}

static const char *transpose(struct onnx *o, const char *x, int64_t a,
			     int64_t b, int64_t c, int64_t d)
{
	struct onnx_attr perm = { .name = "perm",
				  .kind = ONNX_ATTR_INTS,
				  .count = d < 0 ? 3 : 4,
				  .ints = { a, b, c, d } };

	return onnx_node(o, "Transpose", NULL, ONNX_IN(x), ONNX_ATTRS(perm));
}

/* [N, 4 bins, h, w] to distances [N, 4, points] in units of the stride. */
static const char *distances(struct onnx *o, const struct export_map *m,
			     const char *bins)
{
	int points = m->h * m->w;
	const char *x =
		reshape(o, m->reg, ONNX_SHAPE(-1, 4, PPYOLOE_BINS, points));

	x = onnx_node(o, "Softmax", NULL, ONNX_IN(transpose(o, x, 0, 1, 3, 2)),
		      ONNX_ATTRS(onnx_attr_int("axis", 3)));
	x = onnx_node(o, "MatMul", NULL, ONNX_IN(x, bins), NULL);
	return reshape(o, x, ONNX_SHAPE(-1, 4, points));
}

/* For each point and side: what a distance of 1 adds, and where 0 is. */
static void fill_points(const struct export_map *m, float **reach,
			float **origin)
{
	static const float sign[4] = { -1, -1, 1, 1 };

	for (int at = 0; at < m->h * m->w; at++) {
		float place[2] = { (float)(at % m->w) + 0.5f,
				   (float)(at / m->w) + 0.5f };

		for (int side = 0; side < 4; side++) {
			*(*reach)++ = sign[side] * (float)m->stride;
			*(*origin)++ = place[side % 2] * (float)m->stride;
		}
	}
}

static const char *boxes_of(struct onnx *o, const struct export_map *maps,
			    int levels, int points, const char *distances)
{
	float *reach = fl_calloc((size_t)points * 8, sizeof(float));
	float *origin = reach + 4 * points, *at[2] = { reach, origin };
	const struct onnx_shape shape = ONNX_SHAPE(1, points, 4);
	const char *x = transpose(o, distances, 0, 2, 1, -1);

	for (int i = 0; i < levels; i++)
		fill_points(&maps[i], &at[0], &at[1]);
	x = onnx_node(o, "Mul", NULL,
		      ONNX_IN(x, onnx_floats(o, "reach", shape, reach)), NULL);
	x = onnx_node(o, "Add", NULL,
		      ONNX_IN(x, onnx_floats(o, "origin", shape, origin)),
		      NULL);
	free(reach);
	return x;
}

void ppyoloe_export_head(struct onnx *o, const struct head *head,
			 const struct export_map *maps, const char **boxes,
			 const char **scores)
{
	const struct onnx_attr *joined = ONNX_ATTRS(onnx_attr_int("axis", 2));
	const char *cls[HEAD_MOST + 1] = { NULL },
				    *reg[HEAD_MOST + 1] = { NULL };
	float ramp[PPYOLOE_BINS];
	const char *bins;
	int points = 0;

	for (int i = 0; i < PPYOLOE_BINS; i++)
		ramp[i] = (float)i;
	bins = onnx_floats(o, "bins", ONNX_SHAPE(PPYOLOE_BINS, 1), ramp);
	for (int i = 0; i < head->count; i++) {
		int area = maps[i].h * maps[i].w;

		cls[i] = reshape(o,
				 onnx_node(o, "Sigmoid", NULL,
					   ONNX_IN(maps[i].cls), NULL),
				 ONNX_SHAPE(-1, head->classes, area));
		reg[i] = distances(o, &maps[i], bins);
		points += area;
	}
	*scores = onnx_node(o, "Concat", "scores", cls, joined);
	*boxes = boxes_of(o, maps, head->count, points,
			  onnx_node(o, "Concat", "distances", reg, joined));
}
