/* How the tensors of a convolution are described to oneDNN: sizes, borders,
 * types, strides of the caller's weights. conv.c makes its primitives of it,
 * once for each direction, since a direction settles which type its result
 * keeps. Maps are NHWC always: oneDNN loses under a twentieth by it in fp32 and
 * picks it itself in bf16. */
#include "device/cpu/conv_shapes.h"

void shapes_free(struct shapes *s)
{
	dnn_layout_free(s->op.src);
	dnn_layout_free(s->op.weights);
	dnn_layout_free(s->op.dst);
	dnn_layout_free(s->weights);
	dnn_layout_free(s->bias);
}

/* Of source, weights and destination. What is multiplied has one type; what is
 * made of it in float keeps as much as its reader wants. */
struct types {
	dnnl_data_type_t src, weights, dst;
};

static dnnl_data_type_t type_of(enum dtype type)
{
	return type == DTYPE_BF16 ? dnnl_bf16 : dnnl_f32;
}

/* The hint is never run, only described: it has the multiplied type
 * throughout. */
static struct types types_for(const struct dev_conv_desc *d,
			      enum shapes_use use)
{
	dnnl_data_type_t type = type_of(dev_conv_type(d));
	struct types t = { type, type, type };

	if (use == SHAPES_FORWARD)
		t.dst = type_of(d->y_type);
	else if (use == SHAPES_DATA)
		t.src = type_of(d->x_type);
	else if (use == SHAPES_WEIGHTS)
		t.weights = dnnl_f32;
	return t;
}

/* Weights as [parts][out][in][kh][kw] in oneDNN's order of dimensions, over the
 * caller's [out][kh][kw][in]: strides alone say that, nothing is moved.
 * s->weights is what the caller has; s->op.weights leaves the order to the
 * kernel (tag any). */
static int describe_weights(const struct dev_conv_desc *d,
			    dnnl_data_type_t type, int src_parts, int dst_parts,
			    struct shapes *s, struct fl_err *err)
{
	int cin = d->cin, k = d->k, parts = src_parts * dst_parts;
	dnnl_dims_t dims = { parts, d->cout / dst_parts, cin / src_parts, k,
			     k };
	dnnl_dims_t strides = { cin / src_parts, (dnnl_dim_t)k * k * cin, 1,
				(dnnl_dim_t)k * cin, cin };
	int skip = parts == 1; /* no groups */
	int rc = 0;

	/* Parts over the source's channels lie side by side within a pixel of
	 * weights, parts over the destination's are whole blocks of outputs. */
	if (dst_parts > 1)
		strides[0] = dims[1] * strides[1];
	DNN(dnn_layout_strided(&s->weights, 5 - skip, dims + skip, dnnl_f32,
			       strides + skip),
	    out);
	DNN(dnn_layout_tagged(&s->op.weights, 5 - skip, dims + skip, type,
			      dnnl_format_tag_any),
	    out);
out:
	return rc;
}

int shapes_describe(const struct dev_conv_desc *d, enum shapes_use use,
		    int src_parts, int dst_parts, struct shapes *s,
		    struct fl_err *err)
{
	struct types types = types_for(d, use);
	int size[2] = { d->h, d->w }, out[2];
	int rc;

	*s = (struct shapes){ 0 };
	rc = describe_weights(d, types.weights, src_parts, dst_parts, s, err);
	if (rc != 0)
		return rc;
	for (int i = 0; i < 2; i++) {
		out[i] = (size[i] - 1) / d->stride + 1;
		s->op.strides[i] = d->stride;
		s->op.left[i] = d->k / 2;
		/* What a stride of 2 leaves of the border. */
		s->op.right[i] =
			(out[i] - 1) * d->stride + d->k - size[i] - d->k / 2;
	}
	/* A convolution in groups has all groups' channels on either side: the
	 * map that is summed over has its own, the result a set of channels for
	 * each part. */
	dnnl_dims_t src = { d->n, d->cin * dst_parts, d->h, d->w };
	dnnl_dims_t dst = { d->n, d->cout * src_parts, out[0], out[1] };
	dnnl_dims_t b = { d->cout };

	DNN(dnn_layout_tagged(&s->op.src, 4, src, types.src, dnnl_nhwc), out);
	DNN(dnn_layout_tagged(&s->op.dst, 4, dst, types.dst, dnnl_nhwc), out);
	DNN(dnn_layout_tagged(&s->bias, 1, b, dnnl_f32, dnnl_x), out);
out:
	return rc;
}
