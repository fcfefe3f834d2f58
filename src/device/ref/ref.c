/* The table of the definitions: which function says what each operation is.
 * Every slot is filled. A device that is faster in some takes these for the
 * rest, and tests judge it against them. '--device ref' computes with them,
 * slowly: to tell an error of a fast device from one of the model. */
#include "device/ref/ref.h"

#include "device/host.h"
#include "device/ref/conv.h"
#include "device/ref/map.h"
#include "device/ref/norm.h"

static const struct dev_ops ops = {
	.conv_new = ref_conv_new,
	.conv_workspace = ref_conv_workspace,
	.conv_free = ref_conv_free,
	.conv_forward = ref_conv_forward,
	.conv_backward_data = ref_conv_backward_data,
	.conv_backward_weights = ref_conv_backward_weights,
	.norm_stats = ref_norm_stats,
	.norm_forward = ref_norm_forward,
	.norm_backward_sums = ref_norm_backward_sums,
	.norm_backward_apply = ref_norm_backward_apply,
	.norm_own = ref_norm_own,
	.norm_finish = ref_norm_finish,
	.norm_running = ref_norm_running,
	.norm_params = ref_norm_params,
	.norm_coefficients = ref_norm_coefficients,
	.gap_forward = ref_gap_forward,
	.gap_backward = ref_gap_backward,
	.fc_forward = ref_fc_forward,
	.fc_backward = ref_fc_backward,
	.scale_forward = ref_scale_forward,
	.scale_backward = ref_scale_backward,
	.maxpool_forward = ref_maxpool_forward,
	.maxpool_backward = ref_maxpool_backward,
	.upsample_forward = ref_upsample_forward,
	.upsample_backward = ref_upsample_backward,
	.copy = ref_copy,
	.zero = ref_zero,
	.varifocal = ref_varifocal,
	.momentum = ref_momentum,
	.ema = ref_ema,
	.sum_squares = ref_sum_squares,
	.scale = ref_scale,
	.divide = ref_divide,
	.add = ref_add,
	.clamp = ref_clamp,
};

/* A checkpoint names this. No version: the definitions' bits change with
 * none. */
static const char *arithmetic(enum dtype maps)
{
	return maps == DTYPE_BF16 ? "plain C, maps in bf16" : "plain C";
}

/* Never faster: rounding comes on top of arithmetic in double. */
void ref_bf16(struct dev_bf16 *out)
{
	*out = (struct dev_bf16){ .works = true,
				  .why = "'ref' computes in double" };
}

/* kernels NULL: every operation has one definition, so nothing can be
 * chosen. */
const struct device ref_device = { "ref",      &dev_host_core, &ops,
				   arithmetic, ref_bf16,       NULL };
