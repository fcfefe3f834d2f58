/* dnnl_api.h - oneDNN, as src/device/cpu sees it: the calls whose C interface
 * changed between oneDNN 2 (Debian 12) and 3 (Debian 13), in one form. All
 * other calls are the same in both and are made as they are.
 *
 * Units: dims and strides count values, borders count pixels.
 * Ownership: a layout that dnn_layout_*() made ends with dnn_layout_free(); one
 * that a primitive descriptor was asked for belongs to the descriptor. Whoever
 * gets a descriptor destroys it.
 * Errors: oneDNN's status; what was asked for is NULL unless it succeeded.
 */
#ifndef FL_DEVICE_CPU_DNNL_API_H
#define FL_DEVICE_CPU_DNNL_API_H

#include <dnnl.h>
#include <stdbool.h>

/* "oneDNN 2.6.3 for avx512_core": the library that runs, which may be another
 * than the header's, and the instruction set that it takes of the
 * processor's (fewer with its own ONEDNN_MAX_CPU_ISA). */
const char *dnn_name(void);

/* Whether it takes all of an instruction set. */
bool dnn_has(dnnl_cpu_isa_t set);

/* How an array lies in memory. */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t dnn_layout;
#else
typedef const dnnl_memory_desc_t *dnn_layout;
#endif

/* Outermost dimension first; strides as they are, or as a tag says. */
dnnl_status_t dnn_layout_strided(dnn_layout *out, int ndims,
				 const dnnl_dims_t dims, dnnl_data_type_t type,
				 const dnnl_dims_t strides);
dnnl_status_t dnn_layout_tagged(dnn_layout *out, int ndims,
				const dnnl_dims_t dims, dnnl_data_type_t type,
				dnnl_format_tag_t tag);
void dnn_layout_free(dnn_layout layout);

/* A convolution without dilation. bias NULL: none is added, or wanted. */
struct dnn_conv {
	dnn_layout src, weights, bias, dst;
	dnnl_dims_t strides, left, right; /* left, right: borders of zeros */
};

/* The convolution and its two gradients. hint: the forward descriptor, without
 * which oneDNN describes no gradient. attr may be NULL. */
dnnl_status_t dnn_conv_forward(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
			       dnnl_prop_kind_t kind, const struct dnn_conv *c,
			       const_dnnl_primitive_attr_t attr);
dnnl_status_t dnn_conv_backward_data(dnnl_primitive_desc_t *out,
				     dnnl_engine_t engine,
				     const struct dnn_conv *c,
				     const_dnnl_primitive_desc_t hint,
				     const_dnnl_primitive_attr_t attr);
dnnl_status_t dnn_conv_backward_weights(dnnl_primitive_desc_t *out,
					dnnl_engine_t engine,
					const struct dnn_conv *c,
					const_dnnl_primitive_desc_t hint,
					const_dnnl_primitive_attr_t attr);

#endif
