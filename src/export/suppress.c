/* Suppression inside the file: what box/nms.h does, in ONNX's words.
 *
 * NonMaxSuppression says which (image, class, point) stay, class after class. The
 * rest puts scores and boxes beside them, orders each picture's rows by falling
 * score and cuts them at keep_top_k. It differs from ours in two ways that its
 * operators leave no choice in: the nms_top_k best of a class cannot be taken
 * before, and the rows of a picture come by score and not by class.
 */
#include "export/export.h"

#include <limits.h>

static const char *one(struct onnx *o, const char *op, const char *x)
{
	return onnx_node(o, op, NULL, ONNX_IN(x), NULL);
}

static const char *two(struct onnx *o, const char *op, const char *a,
		       const char *b)
{
	return onnx_node(o, op, NULL, ONNX_IN(a, b), NULL);
}

static const char *gather(struct onnx *o, const char *x, const char *at,
			  int axis)
{
	return onnx_node(o, "Gather", NULL, ONNX_IN(x, at),
			 ONNX_ATTRS(onnx_attr_int("axis", axis)));
}

static const char *cast(struct onnx *o, const char *x, enum onnx_type to)
{
	return onnx_node(o, "Cast", NULL, ONNX_IN(x),
			 ONNX_ATTRS(onnx_attr_int("to", to)));
}

/* One column of [K, 3], as [K]. */
static const char *column(struct onnx *o, const char *x, int64_t which)
{
	return gather(o, x, onnx_ints(o, (struct onnx_shape){ 0 }, &which), 1);
}

static const char *selected(struct onnx *o, const struct nms_params *params,
			    const char *boxes, const char *scores)
{
	/* Left out, the first would mean none. */
	int64_t most = params->keep_top_k < 0 ? INT_MAX : params->keep_top_k;

	if (params->nms_top_k >= 0 && params->nms_top_k < most)
		most = params->nms_top_k;
	return onnx_node(o, "NonMaxSuppression", NULL,
			 ONNX_IN(boxes, scores, onnx_int(o, most),
				 onnx_float(o, params->nms_threshold),
				 onnx_float(o, params->score_threshold)),
			 NULL);
}

/* 0, 1, ... up to a count that is known only as the model runs. */
static const char *range_to(struct onnx *o, const char *count)
{
	const struct onnx_shape scalar = { 0 };
	const int64_t zero = 0, step = 1;
	const char *first = onnx_ints(o, ONNX_SHAPE(1), &zero);

	return onnx_node(o, "Range", NULL,
			 ONNX_IN(onnx_ints(o, scalar, &zero),
				 two(o, "Squeeze", count, first),
				 onnx_ints(o, scalar, &step)),
			 NULL);
}

/* Places of the rows, by picture, then by falling score: first by score alone, then
 * by picture with the place so far as the lower digits. One key of both would
 * lose digits of the score, for OpenVINO computes in float whatever the type. */
static const char *order_of(struct onnx *o, const char *image,
			    const char *score)
{
	const struct onnx_attr *rising =
		ONNX_ATTRS(onnx_attr_int("largest", 0));
	const char *count = one(o, "Shape", score), *first[2], *then[2], *key;

	onnx_node2(o, "TopK", ONNX_IN(score, count), NULL, first);
	key = two(o, "Add", two(o, "Mul", gather(o, image, first[1], 0), count),
		  range_to(o, count));
	onnx_node2(o, "TopK", ONNX_IN(key, count), rising, then);
	return gather(o, first[1], then[1], 0);
}

/* rows [K, 7] and image [K] are in order; the first 'most' of each picture stay. */
static const char *cut(struct onnx *o, const char *rows, const char *image,
		       const char *boxes, int64_t most)
{
	const char *pictures = range_to(
		o, gather(o, one(o, "Shape", boxes), onnx_int(o, 0), 0));
	const char *mine =
		two(o, "Equal", two(o, "Unsqueeze", image, onnx_int(o, 1)),
		    two(o, "Unsqueeze", pictures, onnx_int(o, 0)));
	const char *counts =
		onnx_node(o, "ReduceSum", NULL,
			  ONNX_IN(cast(o, mine, ONNX_INT64), onnx_int(o, 0)),
			  ONNX_ATTRS(onnx_attr_int("keepdims", 0)));
	const int64_t zero = 0;
	const char *before = onnx_node(
		o, "CumSum", NULL,
		ONNX_IN(counts, onnx_ints(o, (struct onnx_shape){ 0 }, &zero)),
		ONNX_ATTRS(onnx_attr_int("exclusive", 1)));
	const char *place = two(o, "Sub", range_to(o, one(o, "Shape", image)),
				gather(o, before, image, 0));

	const char *stay =
		one(o, "NonZero", two(o, "Less", place, onnx_int(o, most)));

	return gather(o, rows, two(o, "Squeeze", stay, onnx_int(o, 0)), 0);
}

const char *export_suppress(struct onnx *o, const struct nms_params *params,
			    const char *boxes, const char *scores)
{
	static const int64_t image_point[2] = { 0, 2 },
			     image_class[2] = { 0, 1 };
	const char *kept = selected(o, params, boxes, scores);
	const char *score = two(o, "GatherND", scores, kept);
	const char *image = column(o, kept, 0);
	const char *order = order_of(o, image, score), *rows;

	rows = onnx_node(
		o, "Concat", NULL,
		ONNX_IN(cast(o,
			     gather(o, kept,
				    onnx_ints(o, ONNX_SHAPE(2), image_class),
				    1),
			     ONNX_FLOAT),
			two(o, "Unsqueeze", score, onnx_int(o, 1)),
			two(o, "GatherND", boxes,
			    gather(o, kept,
				   onnx_ints(o, ONNX_SHAPE(2), image_point),
				   1))),
		ONNX_ATTRS(onnx_attr_int("axis", 1)));
	rows = gather(o, rows, order, 0);
	if (params->keep_top_k < 0)
		return rows;
	return cut(o, rows, gather(o, image, order, 0), boxes,
		   params->keep_top_k);
}
