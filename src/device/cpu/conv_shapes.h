/* conv_shapes.h - the tensors of a convolution as oneDNN is told of them; for
 * src/device/cpu. */
#ifndef FL_DEVICE_CPU_CONV_SHAPES_H
#define FL_DEVICE_CPU_CONV_SHAPES_H

#include "device/cpu/dnnl_api.h"
#include "device/op.h"

/* Fill in err and leave through the given label. */
#define DNN(call, label)                                                 \
	do {                                                             \
		dnnl_status_t status_ = (call);                          \
		if (status_ != dnnl_success) {                           \
			rc = fl_fail(err, FL_EINTERNAL,                  \
				     "oneDNN: %s failed with %d", #call, \
				     (int)status_);                      \
			goto label;                                      \
		}                                                        \
	} while (0)

/* Descriptions of all tensors of a convolution. In parts over the channels of
 * its source the destination has every part's channels, and the other way
 * round. */
struct shapes {
	struct dnn_conv op; /* its weights are as oneDNN likes them */
	dnn_layout weights; /* as the caller has them */
	dnn_layout bias;    /* of op, where the convolution adds one */
};

/* Types depend on what is made: the forward pass as the caller wants it, the
 * descriptor that gradients ask for, the two gradients. */
enum shapes_use {
	SHAPES_FORWARD,
	SHAPES_HINT,
	SHAPES_DATA,
	SHAPES_WEIGHTS
};

/* src_parts: of the sum over the source's channels; dst_parts: of the sum over
 * the destination's. One of them is 1. What s holds ends with shapes_free(),
 * after a failure too. */
int shapes_describe(const struct dev_conv_desc *d, enum shapes_use use,
		    int src_parts, int dst_parts, struct shapes *s,
		    struct fl_err *err);
void shapes_free(struct shapes *s);

#endif
