/* The calls of oneDNN whose C interface depends on the version: the same
 * answers from either. */
#include "device/cpu/dnnl_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const dnnl_dims_t image = { 2, 8, 5, 7 }; /* n, c, h, w */

static dnn_layout tagged(int ndims, const dnnl_dims_t dims,
			 dnnl_format_tag_t tag)
{
	dnn_layout layout = NULL;

	assert_int_equal(dnn_layout_tagged(&layout, ndims, dims, dnnl_f32, tag),
			 dnnl_success);
	assert_non_null(layout);
	return layout;
}

static void strides_and_tags_say_the_same(void **state)
{
	static const dnnl_dims_t strides = { 8 * 5 * 7, 1, 7 * 8, 8 };
	dnn_layout by_tag = tagged(4, image, dnnl_nhwc);
	dnn_layout other = tagged(4, image, dnnl_nchw), by_strides;

	(void)state;
	assert_int_equal(
		dnn_layout_strided(&by_strides, 4, image, dnnl_f32, strides),
		dnnl_success);
	assert_true(dnnl_memory_desc_equal(by_tag, by_strides));
	assert_false(dnnl_memory_desc_equal(by_tag, other));
	assert_int_equal(dnnl_memory_desc_get_size(by_strides),
			 2 * 8 * 5 * 7 * sizeof(float));
	dnn_layout_free(by_tag);
	dnn_layout_free(by_strides);
	dnn_layout_free(other);
	dnn_layout_free(NULL);
}

static void what_cannot_be_is_refused_and_null(void **state)
{
	static const dnnl_dims_t minus = { -3 };
	dnn_layout layout = tagged(4, image, dnnl_nhwc), kept = layout;

	(void)state;
	assert_int_not_equal(
		dnn_layout_tagged(&layout, 1, minus, dnnl_f32, dnnl_x),
		dnnl_success);
	assert_null(layout);
	layout = kept;
	assert_int_not_equal(dnn_layout_strided(&layout, DNNL_MAX_NDIMS + 1,
						image, dnnl_f32, image),
			     dnnl_success);
	assert_null(layout);
	dnn_layout_free(kept);
}

/* 3x3 over 8 channels to 4, stride 2, as conv.c asks for it. */
struct example {
	struct dnn_conv op;
	dnn_layout bias;
	dnnl_engine_t engine;
};

static void example_new(struct example *x, int dst_h)
{
	const dnnl_dims_t weights = { 4, 8, 3, 3 }, bias = { 4 };
	const dnnl_dims_t dst = { 2, 4, dst_h, 4 };

	*x = (struct example){ .op = { .strides = { 2, 2 },
				       .left = { 1, 1 },
				       .right = { 1, 1 } } };
	x->op.src = tagged(4, image, dnnl_nhwc);
	x->op.weights = tagged(4, weights, dnnl_format_tag_any);
	x->op.dst = tagged(4, dst, dnnl_nhwc);
	x->bias = tagged(1, bias, dnnl_x);
	assert_int_equal(dnnl_engine_create(&x->engine, dnnl_cpu, 0),
			 dnnl_success);
}

static void example_free(struct example *x)
{
	dnn_layout_free(x->op.src);
	dnn_layout_free(x->op.weights);
	dnn_layout_free(x->op.dst);
	dnn_layout_free(x->bias);
	dnnl_engine_destroy(x->engine);
}

/* Whether a descriptor has an argument, and how large it is. */
static size_t argument(const_dnnl_primitive_desc_t pd, int arg)
{
	dnn_layout md =
		dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);

	return md ? dnnl_memory_desc_get_size(md) : 0;
}

static void a_convolution_and_its_gradients(void **state)
{
	dnnl_primitive_desc_t forward = NULL, data = NULL, weights = NULL;
	struct example x;

	(void)state;
	example_new(&x, 3);
	assert_int_equal(dnn_conv_forward(&forward, x.engine,
					  dnnl_forward_training, &x.op, NULL),
			 dnnl_success);
	assert_int_equal(argument(forward, DNNL_ARG_BIAS), 0);
	assert_int_equal(
		dnn_conv_backward_data(&data, x.engine, &x.op, forward, NULL),
		dnnl_success);
	x.op.bias = x.bias;
	assert_int_equal(dnn_conv_backward_weights(&weights, x.engine, &x.op,
						   forward, NULL),
			 dnnl_success);
	assert_int_equal(argument(data, DNNL_ARG_DIFF_SRC),
			 2 * 8 * 5 * 7 * sizeof(float));
	assert_int_equal(argument(weights, DNNL_ARG_DIFF_BIAS),
			 4 * sizeof(float));
	assert_true(argument(weights, DNNL_ARG_DIFF_WEIGHTS) >=
		    4 * 8 * 9 * sizeof(float));
	dnnl_primitive_desc_destroy(forward);
	dnnl_primitive_desc_destroy(data);
	dnnl_primitive_desc_destroy(weights);
	example_free(&x);
}

static void a_convolution_that_does_not_fit_is_refused(void **state)
{
	dnnl_primitive_desc_t pd = NULL;
	struct example x;

	(void)state;
	example_new(&x, 4); /* 5 rows at stride 2 are 3 */
	assert_int_not_equal(dnn_conv_forward(&pd, x.engine,
					      dnnl_forward_training, &x.op,
					      NULL),
			     dnnl_success);
	assert_null(pd);
	assert_int_not_equal(
		dnn_conv_backward_data(&pd, x.engine, &x.op, NULL, NULL),
		dnnl_success);
	assert_null(pd);
	example_free(&x);
}

static void it_says_which_library_runs(void **state)
{
	const dnnl_version_t *v = dnnl_version();
	char start[64];

	(void)state;
	snprintf(start, sizeof(start), "oneDNN %d.%d.%d for ", v->major,
		 v->minor, v->patch);
	assert_int_equal(strncmp(dnn_name(), start, strlen(start)), 0);
	assert_true(strlen(dnn_name()) > strlen(start));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strides_and_tags_say_the_same),
		cmocka_unit_test(what_cannot_be_is_refused_and_null),
		cmocka_unit_test(a_convolution_and_its_gradients),
		cmocka_unit_test(a_convolution_that_does_not_fit_is_refused),
		cmocka_unit_test(it_says_which_library_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
