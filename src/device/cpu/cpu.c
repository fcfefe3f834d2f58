/* The table of the cpu backend, and which instruction set its loops run with.
 * Work between the passes of a norm is the definition's own: it has few
 * numbers, and double arithmetic that must not differ. Flat loops that few
 * steps need are too; those of every step (momentum, ema, sums) are shared out
 * among threads. device/op.h says what each slot does. */
#include "device/cpu/cpu.h"

#include "base/processor.h"
#include "device/cpu/bf16.h"
#include "device/cpu/choice.h"
#include "device/cpu/conv.h"
#include "device/cpu/dnnl_api.h"
#include "device/cpu/kernels.h"
#include "device/cpu/pass.h"
#include "device/cpu/winograd_kernels.h"
#include "device/host.h"
#include "device/ref/map.h"
#include "device/ref/norm.h"

#include <stdio.h>

static const struct kernel_set sets[FL_SETS] = {
	/* No Winograd: its loops are written on vectors that this set does not
	 * have. */
	[FL_SET_BASE] = { "baseline", &kernels_base, &kernels_base_bf16,
			  &flat_base, NULL, NULL },
/* Elsewhere fl_processor_set() is FL_SET_BASE, and oneDNN alone has wide
 * loops. */
#ifdef __x86_64__
	[FL_SET_AVX2] = { "AVX2", &kernels_avx2, &kernels_avx2_bf16, &flat_avx2,
			  &winograd_avx2, NULL },
	[FL_SET_AVX512] = { "AVX-512", &kernels_avx512, &kernels_avx512_bf16,
			    &flat_avx512, &winograd_avx512, NULL },
#endif
};

#ifdef __x86_64__
static const struct kernel_set avx512_rounding = {
	"AVX-512",    &kernels_avx512,	&kernels_avx512_own_bf16,
	&flat_avx512, &winograd_avx512, &winograd_avx512_bf16
};
#endif

const struct kernel_set *cpu_kernel_set(void)
{
	enum fl_set set = fl_processor_set();

#ifdef __x86_64__
	/* Not a set of its own: for all but maps in BF16 it is AVX-512. */
	if (set == FL_SET_AVX512 && __builtin_cpu_supports("avx512bf16"))
		return &avx512_rounding;
#endif
	return &sets[set];
}

static const struct dev_ops ops = {
	.conv_new = cpu_conv_new,
	.conv_workspace = cpu_conv_workspace,
	.conv_free = cpu_conv_free,
	.conv_forward = cpu_conv_forward,
	.conv_backward_data = cpu_conv_backward_data,
	.conv_backward_weights = cpu_conv_backward_weights,
	.norm_stats = cpu_norm_stats,
	.norm_forward = cpu_norm_forward,
	.norm_backward_sums = cpu_norm_backward_sums,
	.norm_backward_apply = cpu_norm_backward_apply,
	.norm_own = ref_norm_own,
	.norm_finish = ref_norm_finish,
	.norm_running = ref_norm_running,
	.norm_params = ref_norm_params,
	.norm_coefficients = ref_norm_coefficients,
	.gap_forward = cpu_gap_forward,
	.gap_backward = cpu_gap_backward,
	.fc_forward = cpu_fc_forward,
	.fc_backward = cpu_fc_backward,
	.scale_forward = cpu_scale_forward,
	.scale_backward = cpu_scale_backward,
	.maxpool_forward = cpu_maxpool_forward,
	.maxpool_backward = cpu_maxpool_backward,
	.upsample_forward = cpu_upsample_forward,
	.upsample_backward = cpu_upsample_backward,
	.copy = cpu_copy,
	.zero = ref_zero,
	.varifocal = cpu_varifocal,
	.momentum = cpu_momentum,
	.ema = cpu_ema,
	.sum_squares = cpu_sum_squares,
	.scale = ref_scale,
	.divide = ref_divide,
	.add = ref_add,
	.clamp = ref_clamp,
};

/* What a checkpoint names, so that a resume under another library, instruction
 * set or choice of kernels says that last bits will differ. */
static const char *arithmetic(enum dtype maps)
{
	static char text[192];
	bool winograd = maps == DTYPE_F32 && cpu_kernel_set()->winograd;

	snprintf(text, sizeof(text), "%s%s, passes for %s%s%s%s", dnn_name(),
		 winograd ? cpu_choice_words() : "", cpu_kernel_set()->name,
		 maps == DTYPE_BF16 ? ", maps in bf16 by " : "",
		 maps == DTYPE_BF16 ? cpu_bf16_way() : "",
		 maps == DTYPE_BF16 && cpu_kernel_set()->winograd_bf16
			 ? " and Winograd by table 1"
			 : "");
	return text;
}

const struct device cpu_device = { "cpu",    &dev_host_core,
				   &ops,     arithmetic,
				   cpu_bf16, &cpu_kernel_choices };
