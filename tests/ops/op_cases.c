/* The tables: cases, types of maps, gradients, shapes. Odd shapes are those that break
 * careless loops: one pixel, one channel, more channels than a vector's multiple. */
#include "ops/op_cases.h"

#include <stdio.h>
#include <string.h>

const struct op_case op_cases[] = {
#define X(name, slot, kind, tolerance, flops) \
	{ #name,                              \
	  kind,                               \
	  tolerance,                          \
	  describe_##name,                    \
	  run_##name,                         \
	  flops,                              \
	  offsetof(struct dev_ops, slot) },
	OP_CASES(X)
#undef X
};
const int op_case_count = sizeof(op_cases) / sizeof(op_cases[0]);

/* BF16 has 8 bits: from a value to its neighbour are 2^-7 of it at most. */
const struct op_type op_types[] = { { DTYPE_F32, 0 }, { DTYPE_BF16, 0x1p-7 } };
const int op_type_count = sizeof(op_types) / sizeof(op_types[0]);

const struct op_slope op_slopes[] = {
	{ "conv_forward", "conv_backward_data", "x", 0.0625f, 1e-3, NULL },
	{ "conv_forward", "conv_backward_weights", "w", 0.0625f, 1e-3, NULL },
	{ "conv_forward", "conv_backward_weights", "b", 0.0625f, 1e-3, NULL },
	{ "norm_forward", "norm_backward_sums", "z0", 0.015625f, 2e-3,
	  norm_by_branch },
	{ "norm_forward", "norm_backward_sums", "shift0", 0.015625f, 2e-3,
	  norm_by_shift },
	{ "norm_forward", "norm_backward_sums", "scale0", 0.015625f, 2e-3,
	  norm_by_scale },
	{ "norm_forward", "norm_backward_sums", "scale1", 0.015625f, 2e-3,
	  norm_by_last_scale },
	{ "fc_forward", "fc_backward", "x", 0.015625f, 5e-3, NULL },
	{ "fc_forward", "fc_backward", "w", 0.015625f, 5e-3, NULL },
	{ "fc_forward", "fc_backward", "b", 0.015625f, 5e-3, NULL },
	{ "gap_forward", "gap_backward", "x", 0.03125f, 1e-3, NULL },
	{ "scale_forward", "scale_backward", "x", 0.03125f, 1e-3, NULL },
	{ "scale_forward", "scale_backward", "gate", 0.0625f, 1e-3, NULL },
	{ "maxpool_forward", "maxpool_backward", "x", 0.03125f, 1e-3, NULL },
	{ "upsample_forward", "upsample_backward", "x", 0.03125f, 1e-3, NULL },
	{ "copy", "copy_back", "x", 0.03125f, 1e-3, NULL },
};
const int op_slope_count = sizeof(op_slopes) / sizeof(op_slopes[0]);

const struct op_case *op_case_find(const char *name)
{
	for (int i = 0; i < op_case_count; i++)
		if (strcmp(op_cases[i].name, name) == 0)
			return &op_cases[i];
	return NULL;
}

/* 1 .. n */
static int up_to(struct fl_rng *rng, int n)
{
	return 1 + (int)fl_rng_below(rng, (uint64_t)n);
}

static bool coin(struct fl_rng *rng)
{
	return fl_rng_below(rng, 2);
}

static void draw_switches(struct op_shape *s, int round, struct fl_rng *rng)
{
	s->slices = round % 2 ? (unsigned)fl_rng_below(rng, 1u << 16) : 0;
	s->branches = up_to(rng, DEV_MAX_BRANCHES);
	s->acc = coin(rng);
	s->in_place = round % 3 == 2;
	s->bias = coin(rng);
	s->residual = coin(rng);
	s->sums = coin(rng);
	s->silu = coin(rng);
	s->hard = coin(rng);
	s->equal_ranks = coin(rng);
	s->alpha = coin(rng);
	s->inference = round % 5 == 4;
}

static void draw_conv(struct op_shape *s, int round, struct fl_rng *rng)
{
	bool point = round % 8 == 6, wide = round % 8 == 7;
	int unit = round % 2 ? 4 : 1; /* of channels, for short sums */

	s->n = up_to(rng, 3);
	s->h = point ? 1 : up_to(rng, 17);
	s->w = point ? 1 : up_to(rng, 17);
	s->c = unit * up_to(rng, (wide ? 400 : 40) / unit);
	s->cout = unit * up_to(rng, (wide ? 400 : 40) / unit);
	s->k = coin(rng) ? 3 : 1;
	s->stride = s->k == 1 ? 1 : up_to(rng, 2);
	s->short_sums = unit > 1;
	s->wide_x = round % 4 == 2;
	s->wide_y = round % 4 == 3;
}

static void draw_map(struct op_shape *s, int round, struct fl_rng *rng)
{
	static const int odd[][4] = { { 1, 1, 1, 1 },	{ 1, 1, 1, 130 },
				      { 3, 1, 7, 5 },	{ 2, 13, 1, 33 },
				      { 1, 37, 41, 3 }, { 2, 6, 10, 512 } };
	const int *o = odd[round % 6];

	if (round < 6)
		s->n = o[0], s->h = o[1], s->w = o[2], s->c = o[3];
	else
		s->n = up_to(rng, 4), s->h = up_to(rng, 20),
		s->w = up_to(rng, 20), s->c = up_to(rng, 70);
	s->k = 5 + 4 * (int)fl_rng_below(rng, 3);
}

struct op_shape op_shape_random(enum op_kind kind, int round,
				struct fl_rng *rng)
{
	static const size_t lengths[] = { 1, 15, 16, 17, 1000, 70001 };
	struct op_shape s = { .type = DTYPE_F32, .stride = 1, .k = 3 };

	draw_switches(&s, round, rng);
	if (kind == OP_CONV)
		draw_conv(&s, round, rng);
	else if (kind == OP_MAP || kind == OP_NORM)
		draw_map(&s, round, rng);
	else if (kind == OP_GATE) {
		s.n = up_to(rng, 5);
		s.c = up_to(rng, round % 4 ? 90 : 600);
		s.cout = up_to(rng, round % 4 ? 90 : 600);
	} else {
		s.count = round < 6 ? lengths[round] : (size_t)up_to(rng, 5000);
	}
	return s;
}

/* h, w, c, cout, k, stride: a layer of each kind, from the stem to the head. */
static const int conv_layers[][6] = {
	{ 320, 320, 16, 32, 3, 1 }, { 160, 160, 24, 24, 3, 1 },
	{ 80, 80, 48, 48, 3, 1 },   { 40, 40, 96, 96, 3, 1 },
	{ 20, 20, 192, 192, 3, 1 }, { 80, 80, 96, 80, 3, 1 },
	{ 160, 160, 48, 96, 3, 2 }, { 40, 40, 192, 192, 1, 1 },
};
static const int map_layers[][3] = { { 320, 320, 32 },
				     { 80, 80, 96 },
				     { 20, 20, 384 } };
/* c, cout of the gates; parameters of an s */
static const int gate_layers[][2] = { { 96, 96 }, { 384, 384 } };
static const size_t flat_lengths[] = { 7937683 };

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static const int bench_counts[OP_KINDS] = { [OP_CONV] = COUNT(conv_layers),
					    [OP_MAP] = COUNT(map_layers),
					    [OP_NORM] = COUNT(map_layers),
					    [OP_GATE] = COUNT(gate_layers),
					    [OP_FLAT] = COUNT(flat_lengths) };

bool op_shape_bench(enum op_kind kind, int i, int batch, struct op_shape *out)
{
	struct op_shape s = { .n = batch,
			      .h = 1,
			      .w = 1,
			      .type = DTYPE_F32,
			      .stride = 1,
			      .k = 5,
			      .branches = 1,
			      .silu = true };

	if (i >= bench_counts[kind])
		return false;
	if (kind == OP_CONV) {
		const int *l = conv_layers[i];

		s.h = l[0], s.w = l[1], s.c = l[2], s.cout = l[3];
		s.k = l[4], s.stride = l[5];
	} else if (kind == OP_GATE) {
		s.c = gate_layers[i][0], s.cout = gate_layers[i][1];
	} else if (kind == OP_FLAT) {
		s.count = flat_lengths[i];
	} else {
		const int *l = map_layers[i];

		s.h = l[0], s.w = l[1], s.c = l[2];
	}
	*out = s;
	return true;
}

const char *op_shape_text(enum op_kind kind, const struct op_shape *s,
			  char *out, size_t size)
{
	if (kind == OP_FLAT)
		snprintf(out, size, "%zu", s->count);
	else if (kind == OP_GATE)
		snprintf(out, size, "[%d,%d] to %d", s->n, s->c, s->cout);
	else if (kind == OP_CONV)
		snprintf(out, size, "[%d,%d,%d,%d] to %d, %dx%d%s", s->n, s->h,
			 s->w, s->c, s->cout, s->k, s->k,
			 s->stride == 2 ? " stride 2" : "");
	else
		snprintf(out, size, "[%d,%d,%d,%d]", s->n, s->h, s->w, s->c);
	return out;
}
