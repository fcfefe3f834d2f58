/* op_cases.h - the list of cases, from which their prototypes and the table are
 * made; for tests/ops. */
#ifndef FL_TESTS_OPS_OP_CASES_H
#define FL_TESTS_OPS_OP_CASES_H

#include "ops/op_case.h"

/* X(case, slot of struct dev_ops, shapes, tolerance, flops). Tolerances are those of
 * maps in F32: 2e-5 for sums of a few thousand float products against sums in
 * double, 3e-6 for sums that are kept in double, 1e-6 for single roundings, 0
 * where every device has the same bits. */
#define OP_CASES(X)                                                          \
	X(conv_forward, conv_forward, OP_CONV, 2e-5, flops_conv)             \
	X(conv_backward_data, conv_backward_data, OP_CONV, 2e-5, flops_conv) \
	X(conv_backward_weights, conv_backward_weights, OP_CONV, 2e-5,       \
	  flops_conv)                                                        \
	X(norm_stats, norm_stats, OP_MAP, 3e-6, NULL)                        \
	X(norm_forward, norm_forward, OP_MAP, 2e-5, NULL)                    \
	X(norm_backward_sums, norm_backward_sums, OP_MAP, 2e-5, NULL)        \
	X(norm_backward_apply, norm_backward_apply, OP_MAP, 2e-5, NULL)      \
	X(norm_own, norm_own, OP_NORM, 1e-6, NULL)                           \
	X(norm_finish, norm_finish, OP_NORM, 1e-6, NULL)                     \
	X(norm_running, norm_running, OP_NORM, 1e-6, NULL)                   \
	X(norm_params, norm_params, OP_NORM, 1e-6, NULL)                     \
	X(norm_coefficients, norm_coefficients, OP_NORM, 1e-6, NULL)         \
	X(gap_forward, gap_forward, OP_MAP, 2e-5, NULL)                      \
	X(gap_backward, gap_backward, OP_MAP, 1e-6, NULL)                    \
	X(fc_forward, fc_forward, OP_GATE, 2e-5, NULL)                       \
	X(fc_backward, fc_backward, OP_GATE, 2e-5, NULL)                     \
	X(scale_forward, scale_forward, OP_MAP, 1e-6, NULL)                  \
	X(scale_backward, scale_backward, OP_MAP, 2e-5, NULL)                \
	X(maxpool_forward, maxpool_forward, OP_MAP, 0, NULL)                 \
	X(maxpool_backward, maxpool_backward, OP_MAP, 2e-5, NULL)            \
	X(upsample_forward, upsample_forward, OP_MAP, 0, NULL)               \
	X(upsample_backward, upsample_backward, OP_MAP, 1e-6, NULL)          \
	X(copy, copy, OP_MAP, 1e-6, NULL)                                    \
	X(copy_back, copy, OP_MAP, 1e-6, NULL)                               \
	X(zero, zero, OP_MAP, 0, NULL)                                       \
	X(varifocal, varifocal, OP_FLAT, 1e-5, NULL)                         \
	X(momentum, momentum, OP_FLAT, 1e-6, NULL)                           \
	X(ema, ema, OP_FLAT, 1e-6, NULL)                                     \
	X(sum_squares, sum_squares, OP_FLAT, 1e-9, NULL)                     \
	X(scale, scale, OP_FLAT, 0, NULL)                                    \
	X(divide, divide, OP_FLAT, 0, NULL)                                  \
	X(add, add, OP_FLAT, 1e-6, NULL)                                     \
	X(clamp, clamp, OP_FLAT, 0, NULL)

#define X(name, slot, kind, tolerance, flops)    \
	void describe_##name(struct op_call *c); \
	void run_##name(struct op_run *r);
OP_CASES(X)
#undef X

double flops_conv(const struct op_shape *s);
/* Gradients that norm_backward_sums leaves in its sums. */
double norm_by_branch(const struct op_run *r, size_t i);
double norm_by_scale(const struct op_run *r, size_t i);
double norm_by_last_scale(const struct op_run *r, size_t i);
double norm_by_shift(const struct op_run *r, size_t i);

/* An operand by its name, NULL where the shape leaves it out. */
#define T(name) op_tensor(r, name)
#define P(name) op_data(r, name)

#endif
