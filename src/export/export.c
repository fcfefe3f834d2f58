/* export.c - the graph's nodes, in their order, as ONNX nodes; then the family's
 * decoding, then suppression if asked for.
 *
 * A convolution that feeds a norm is written with the norm. Every value of the graph
 * has the name of the ONNX value that stands for it. Where readers differ, the form
 * is the one that all of them take: a hard sigmoid's slope is Paddle's 0.1666667
 * and not 1/6, which OpenCV takes as the start of a hard swish whatever follows.
 */
#include "export/export.h"

#include "family/family.h"

#include <stdlib.h>

struct walk {
	const struct export_input *in;
	const struct graph *g;
	struct onnx *o;
	const char **names; /* of the graph's values; NULL: not written */
};

static const char *conv(struct walk *k, const char *label, const char *x,
			const char *weight, const char *bias, int kernel,
			int stride)
{
	return onnx_node(
		k->o, "Conv", label, ONNX_IN(x, weight, bias),
		ONNX_ATTRS(onnx_attr_pair("kernel_shape", kernel, kernel),
			   onnx_attr_pair("strides", stride, stride),
			   onnx_attr_sides("pads", kernel / 2)));
}

/* Opset 17 has no Swish; every reader fuses this pair. */
static const char *silu(struct walk *k, const char *x)
{
	const char *gate = onnx_node(k->o, "Sigmoid", NULL, ONNX_IN(x), NULL);

	return onnx_node(k->o, "Mul", NULL, ONNX_IN(x, gate), NULL);
}

/* The activation comes before the residual, as in device/op.h. */
static int write_norm(struct walk *k, const struct graph_node *n,
		      const char **out, struct fl_err *err)
{
	const struct export_input *in = k->in;
	const char *weight, *bias, *x;
	struct fused f;
	int rc = fuse_norm(k->g, n, in->weights, in->statistics, &f, err);

	if (rc != 0)
		return rc;
	weight = onnx_floats(k->o, n->name, ONNX_SHAPE(f.cout, f.cin, f.k, f.k),
			     f.weight);
	bias = onnx_floats(k->o, n->name, ONNX_SHAPE(f.cout), f.bias);
	x = conv(k, n->name, k->names[f.source], weight, bias, f.k, f.stride);
	fused_release(&f);
	if (n->act == DEV_ACT_SILU)
		x = silu(k, x);
	if (n->residual)
		x = onnx_node(k->o, "Add", NULL,
			      ONNX_IN(x, k->names[n->in[n->branches]]), NULL);
	*out = x;
	return 0;
}

/* A parameter of a convolution or a gate, in the order of files. */
static const char *constant(struct walk *k, int param)
{
	const struct graph_param *p = &k->g->params[param];
	float *values = fl_calloc(p->count, sizeof(*values));
	struct onnx_shape shape = { .rank = p->ndims };
	const char *name;

	for (int i = 0; i < p->ndims; i++)
		shape.dims[i] = p->dims[i];
	graph_param_export(p, k->in->weights, values);
	name = onnx_floats(k->o, p->name, shape, values);
	free(values);
	return name;
}

/* A vector is a map of one pixel there, so the gate's layer is a convolution. */
static const char *write_fc(struct walk *k, const struct graph_node *n)
{
	const char *x =
		conv(k, n->name, k->names[n->in[0]], constant(k, n->weight),
		     constant(k, n->bias), 1, 1);

	if (n->gate == DEV_GATE_SIGMOID)
		return onnx_node(k->o, "Sigmoid", NULL, ONNX_IN(x), NULL);
	return onnx_node(k->o, "HardSigmoid", NULL, ONNX_IN(x),
			 ONNX_ATTRS(onnx_attr_float("alpha", 0.1666667f),
				    onnx_attr_float("beta", 0.5f)));
}

static const char *write_pool(struct walk *k, const struct graph_node *n)
{
	return onnx_node(k->o, "MaxPool", NULL, ONNX_IN(k->names[n->in[0]]),
			 ONNX_ATTRS(onnx_attr_pair("kernel_shape", n->k, n->k),
				    onnx_attr_pair("strides", 1, 1),
				    onnx_attr_sides("pads", n->k / 2)));
}

/* Doubling by taking each pixel twice. The region of interest is left out by an
 * empty name, which opset 13 and later allow. */
static const char *write_upsample(struct walk *k, const struct graph_node *n)
{
	static const float twice[4] = { 1, 1, 2, 2 };
	const char *scales = onnx_floats(k->o, NULL, ONNX_SHAPE(4), twice);

	return onnx_node(
		k->o, "Resize", NULL, ONNX_IN(k->names[n->in[0]], "", scales),
		ONNX_ATTRS(onnx_attr_text("mode", "nearest"),
			   onnx_attr_text("coordinate_transformation_mode",
					  "asymmetric"),
			   onnx_attr_text("nearest_mode", "floor")));
}

static const char *write_concat(struct walk *k, const struct graph_node *n)
{
	const char *in[GRAPH_MAX_IN + 1] = { NULL };

	for (int i = 0; i < n->ins; i++)
		in[i] = k->names[n->in[i]];
	return onnx_node(k->o, "Concat", NULL, in,
			 ONNX_ATTRS(onnx_attr_int("axis", 1)));
}

/* Such a convolution has no bias and no other reader: the norm writes it. */
static bool feeds_norm(const struct graph *g, int value)
{
	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];

		for (int b = 0; n->kind == GRAPH_NORM && b < n->branches; b++)
			if (n->in[b] == value)
				return true;
	}
	return false;
}

static int write_node(struct walk *k, const struct graph_node *n,
		      struct fl_err *err)
{
	const char **out = &k->names[n->out];

	switch (n->kind) {
	case GRAPH_CONV:
		if (!feeds_norm(k->g, n->out))
			*out = conv(k, n->name, k->names[n->in[0]],
				    constant(k, n->weight),
				    constant(k, n->bias), n->k, n->stride);
		break;
	case GRAPH_NORM:
		return write_norm(k, n, out, err);
	case GRAPH_GAP:
		*out = onnx_node(k->o, "GlobalAveragePool", NULL,
				 ONNX_IN(k->names[n->in[0]]), NULL);
		break;
	case GRAPH_FC:
		*out = write_fc(k, n);
		break;
	case GRAPH_SCALE:
		*out = onnx_node(
			k->o, "Mul", NULL,
			ONNX_IN(k->names[n->in[0]], k->names[n->in[1]]), NULL);
		break;
	case GRAPH_MAXPOOL:
		*out = write_pool(k, n);
		break;
	case GRAPH_UPSAMPLE:
		*out = write_upsample(k, n);
		break;
	case GRAPH_CONCAT:
		*out = write_concat(k, n);
		break;
	default:
		return fl_fail(err, FL_EINTERNAL,
			       "node '%s' is of a kind without an ONNX form",
			       n->name);
	}
	return 0;
}

static int write_head(struct walk *k)
{
	const struct head *head = &k->in->model->head;
	struct export_map maps[HEAD_MOST];
	const char *boxes, *scores;
	int points = head_points(head, k->in->height, k->in->width);

	for (int i = 0; i < head->count; i++) {
		maps[i] = (struct export_map){
			.cls = k->names[head->level[i].cls],
			.reg = k->names[head->level[i].reg],
			.stride = head->level[i].stride,
			.h = k->in->height / head->level[i].stride,
			.w = k->in->width / head->level[i].stride,
		};
	}
	k->in->model->family->export_head(k->o, head, maps, &boxes, &scores);
	if (k->in->suppression) {
		onnx_output(k->o, "detections",
			    export_suppress(k->o, k->in->suppression, boxes,
					    scores),
			    ONNX_SHAPE(-1, 7), "K");
		return 0;
	}
	onnx_output(k->o, "boxes", boxes, ONNX_SHAPE(-1, points, 4), "N");
	onnx_output(k->o, "scores", scores,
		    ONNX_SHAPE(-1, head->classes, points), "N");
	return 0;
}

int export_network(const struct export_input *in, struct onnx *o,
		   struct fl_err *err)
{
	const struct graph *g = in->model->graph;
	size_t values = (size_t)g->value_count;
	struct walk k = { .in = in,
			  .g = g,
			  .o = o,
			  .names = fl_calloc(values, sizeof(*k.names)) };
	int rc = 0;

	onnx_input(o, "images",
		   ONNX_SHAPE(-1, g->values[g->input].channels, in->height,
			      in->width),
		   "N");
	k.names[g->input] = "images";
	for (int i = 1; rc == 0 && i < g->node_count; i++) {
		rc = write_node(&k, &g->nodes[i], err);
	}
	if (rc == 0)
		rc = write_head(&k);
	free(k.names);
	return rc;
}
