/* The two C interfaces of oneDNN in one form, for conv.c. Version 2 (Debian 12)
 * has layouts by value and describes an operation before the primitive; version
 * 3 (Debian 13) has layouts behind pointers and describes both at once. The
 * header says which it is; nothing else in the tree asks. All convolutions are
 * asked for as "direct": version 2's own Winograd wants blocked maps, and 3 has
 * none. */
#include "device/cpu/dnnl_api.h"

#include <stdint.h>
#include <stdio.h>

/* A set is a mask of bits and contains those below it. */
bool dnn_has(dnnl_cpu_isa_t set)
{
	return (dnnl_get_effective_cpu_isa() & set) == set;
}

/* From the widest down; the first that the library takes is named. These are in
 * either version, and what lies beyond them changes no sum of floats. */
static const char *instruction_set(void)
{
	static const struct {
		dnnl_cpu_isa_t isa;
		const char *name;
	} sets[] = { { dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16" },
		     { dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni" },
		     { dnnl_cpu_isa_avx512_core, "avx512_core" },
		     { dnnl_cpu_isa_avx2, "avx2" },
		     { dnnl_cpu_isa_avx, "avx" },
		     { dnnl_cpu_isa_sse41, "sse41" } };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (dnn_has(sets[i].isa))
			return sets[i].name;
	return "any processor";
}

/* The buffer is one for the process and filled with the same text every
 * time. */
const char *dnn_name(void)
{
	static char text[64];
	const dnnl_version_t *v = dnnl_version();

	snprintf(text, sizeof(text), "oneDNN %d.%d.%d for %s", v->major,
		 v->minor, v->patch, instruction_set());
	return text;
}

#if DNNL_VERSION_MAJOR >= 3

dnnl_status_t dnn_layout_strided(dnn_layout *out, int ndims,
				 const dnnl_dims_t dims, dnnl_data_type_t type,
				 const dnnl_dims_t strides)
{
	dnnl_memory_desc_t made = NULL;
	dnnl_status_t status = dnnl_memory_desc_create_with_strides(
		&made, ndims, dims, type, strides);

	*out = made;
	return status;
}

dnnl_status_t dnn_layout_tagged(dnn_layout *out, int ndims,
				const dnnl_dims_t dims, dnnl_data_type_t type,
				dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t made = NULL;
	dnnl_status_t status =
		dnnl_memory_desc_create_with_tag(&made, ndims, dims, type, tag);

	*out = made;
	return status;
}

void dnn_layout_free(dnn_layout layout)
{
	dnnl_memory_desc_destroy((dnnl_memory_desc_t)(uintptr_t)layout);
}

/* Zeros: the gaps between taps are counted. */
static const dnnl_dims_t undilated;

dnnl_status_t dnn_conv_forward(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
			       dnnl_prop_kind_t kind, const struct dnn_conv *c,
			       const_dnnl_primitive_attr_t attr)
{
	return dnnl_convolution_forward_primitive_desc_create(
		out, engine, kind, dnnl_convolution_direct, c->src, c->weights,
		c->bias, c->dst, c->strides, undilated, c->left, c->right,
		attr);
}

dnnl_status_t dnn_conv_backward_data(dnnl_primitive_desc_t *out,
				     dnnl_engine_t engine,
				     const struct dnn_conv *c,
				     const_dnnl_primitive_desc_t hint,
				     const_dnnl_primitive_attr_t attr)
{
	return dnnl_convolution_backward_data_primitive_desc_create(
		out, engine, dnnl_convolution_direct, c->src, c->weights,
		c->dst, c->strides, undilated, c->left, c->right, hint, attr);
}

dnnl_status_t dnn_conv_backward_weights(dnnl_primitive_desc_t *out,
					dnnl_engine_t engine,
					const struct dnn_conv *c,
					const_dnnl_primitive_desc_t hint,
					const_dnnl_primitive_attr_t attr)
{
	return dnnl_convolution_backward_weights_primitive_desc_create(
		out, engine, dnnl_convolution_direct, c->src, c->weights,
		c->bias, c->dst, c->strides, undilated, c->left, c->right, hint,
		attr);
}

#else

#include "base/arena.h"

#include <stdlib.h>

/* A layout on the heap, or NULL. */
static dnnl_status_t kept(dnn_layout *out, const dnnl_memory_desc_t *md,
			  dnnl_status_t status)
{
	dnnl_memory_desc_t *copy = NULL;

	if (status == dnnl_success) {
		copy = fl_calloc(1, sizeof(*copy));
		*copy = *md;
	}
	*out = copy;
	return status;
}

dnnl_status_t dnn_layout_strided(dnn_layout *out, int ndims,
				 const dnnl_dims_t dims, dnnl_data_type_t type,
				 const dnnl_dims_t strides)
{
	dnnl_memory_desc_t md;
	dnnl_status_t status = dnnl_memory_desc_init_by_strides(
		&md, ndims, dims, type, strides);

	return kept(out, &md, status);
}

dnnl_status_t dnn_layout_tagged(dnn_layout *out, int ndims,
				const dnnl_dims_t dims, dnnl_data_type_t type,
				dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t md;
	dnnl_status_t status =
		dnnl_memory_desc_init_by_tag(&md, ndims, dims, type, tag);

	return kept(out, &md, status);
}

void dnn_layout_free(dnn_layout layout)
{
	free((void *)(uintptr_t)layout);
}

/* Version 2's second half: from the operation's description to a primitive
 * descriptor. A status that is bad already is handed on, so that callers have
 * one place to look. */
static dnnl_status_t described(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
			       const dnnl_convolution_desc_t *op,
			       const_dnnl_primitive_desc_t hint,
			       const_dnnl_primitive_attr_t attr,
			       dnnl_status_t status)
{
	*out = NULL;
	if (status == dnnl_success)
		status =
			dnnl_primitive_desc_create(out, op, attr, engine, hint);
	return status;
}

dnnl_status_t dnn_conv_forward(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
			       dnnl_prop_kind_t kind, const struct dnn_conv *c,
			       const_dnnl_primitive_attr_t attr)
{
	dnnl_convolution_desc_t op;
	dnnl_status_t status = dnnl_convolution_forward_desc_init(
		&op, kind, dnnl_convolution_direct, c->src, c->weights, c->bias,
		c->dst, c->strides, c->left, c->right);

	return described(out, engine, &op, NULL, attr, status);
}

dnnl_status_t dnn_conv_backward_data(dnnl_primitive_desc_t *out,
				     dnnl_engine_t engine,
				     const struct dnn_conv *c,
				     const_dnnl_primitive_desc_t hint,
				     const_dnnl_primitive_attr_t attr)
{
	dnnl_convolution_desc_t op;
	dnnl_status_t status = dnnl_convolution_backward_data_desc_init(
		&op, dnnl_convolution_direct, c->src, c->weights, c->dst,
		c->strides, c->left, c->right);

	return described(out, engine, &op, hint, attr, status);
}

dnnl_status_t dnn_conv_backward_weights(dnnl_primitive_desc_t *out,
					dnnl_engine_t engine,
					const struct dnn_conv *c,
					const_dnnl_primitive_desc_t hint,
					const_dnnl_primitive_attr_t attr)
{
	dnnl_convolution_desc_t op;
	dnnl_status_t status = dnnl_convolution_backward_weights_desc_init(
		&op, dnnl_convolution_direct, c->src, c->weights, c->bias,
		c->dst, c->strides, c->left, c->right);

	return described(out, engine, &op, hint, attr, status);
}

#endif
