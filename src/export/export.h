/* export.h - a trained network as an ONNX file that needs nothing of us.
 *
 * Batch norms are folded into their convolutions, a RepVGG block's branches become
 * one convolution, boxes are decoded. One picture size, any batch.
 *
 *   images     [N, 3, H, W] float, as the recipe's NormalizeImage leaves them
 *   boxes      [N, L, 4]    x1 y1 x2 y2 in pixels of the input
 *   scores     [N, C, L]    0 .. 1
 * or with suppression, all pictures' detections behind each other, of each the best
 * first:
 *   detections [K, 7]       image, class, score, x1, y1, x2, y2
 */
#ifndef FL_EXPORT_EXPORT_H
#define FL_EXPORT_EXPORT_H

#include "box/nms.h"
#include "model/model.h"
#include "onnx/onnx.h"

struct export_input {
	const struct model *model;
	/* The flat buffers of graph/graph.h, in the host's memory. */
	const float *weights, *statistics;
	int height, width;
	const struct nms_params *suppression; /* NULL: outside of the file */
};

/* Everything but metadata, into an empty o. FL_EINTERNAL for a network that the
 * walk does not know how to fold; none is built so. */
int export_network(const struct export_input *in, struct onnx *o,
		   struct fl_err *err);

/* fuse.c. A norm and the convolutions of its branches as one convolution of k x k:
 *   weight = sum over branches of scale w, bias = sum of alpha beta - scale mean,
 *   scale = alpha gamma / sqrt(variance + epsilon);
 * a smaller kernel stands in the middle of the larger. Sums are in double. */
struct fused {
	int cout, cin, k, stride;
	int source;    /* value that it reads */
	float *weight; /* [cout][cin][k][k], malloc */
	float *bias;   /* [cout], malloc */
};

/* FL_EINTERNAL where the branches do not read one value by one stride. */
int fuse_norm(const struct graph *graph, const struct graph_node *norm,
	      const float *weights, const float *statistics, struct fused *out,
	      struct fl_err *err);
void fused_release(struct fused *f);

/* suppress.c. boxes and scores as above; returns the detections. */
const char *export_suppress(struct onnx *o, const struct nms_params *params,
			    const char *boxes, const char *scores);

#endif
