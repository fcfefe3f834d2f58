/* Whether this processor is faster with maps in BF16. Asked once, by who opens a job
 * and has the choice (detect/precision.c).
 *
 * AMX settles it: its products of BF16 come ten times as fast as fused
 * multiply-adds. Where AVX512_BF16 is all there is, its flag says nothing: its
 * instruction runs at twice the rate of those on AMD's Zen 4 and at half of it
 * on Intel's processors. There a convolution is timed both ways, oneDNN's in both:
 * Winograd's takes a quarter of the products in F32 and in BF16 alike
 * (choice.c), and would say nothing of those that remain. Without either oneDNN takes
 * BF16 apart into floats, which cannot be faster. */
#include "device/cpu/bf16.h"

#include "base/arena.h"
#include "base/clock.h"
#include "device/cpu/choice.h"
#include "device/cpu/conv.h"
#include "device/cpu/dnnl_api.h"

#include <stdio.h>

/* A middle layer: 3x3 over 96 channels of 40x40, 133 million products. */
#define TRIAL_SIDE 40
#define TRIAL_CHANNELS 96
/* The best of so many turns of each counts: a busy neighbour only makes a turn
 * longer. */
#define TRIAL_TURNS 5
/* Less is not worth its rounding, and might be chance. */
#define TRIAL_WORTH 1.2

static const struct dev_conv_desc middle = { .n = 1,
					     .h = TRIAL_SIDE,
					     .w = TRIAL_SIDE,
					     .cin = TRIAL_CHANNELS,
					     .cout = TRIAL_CHANNELS,
					     .k = 3,
					     .stride = 1,
					     .backward = true,
					     .diff_src = true };

/* By which instructions, for the words of a checkpoint: another way rounds
 * otherwise. */
const char *cpu_bf16_way(void)
{
	if (dnn_has(dnnl_cpu_isa_avx512_core_amx))
		return "AMX";
	return dnn_has(dnnl_cpu_isa_avx512_core_bf16) ? "AVX512_BF16"
						      : "AVX-512's floats";
}

/* One convolution with all that it is called with. */
struct side {
	struct dev_conv *conv;
	struct tensor x, y;
	float *weights;
	void *workspace;
	double best;
	struct fl_arena arena;
};

static int open_side(struct side *s, enum dtype type, struct fl_err *err)
{
	const struct cpu_choice direct = { { CPU_ONEDNN, CPU_ONEDNN,
					     CPU_ONEDNN } };
	struct dev_conv_desc d = middle;
	int rc;

	d.x_type = d.y_type = type;
	rc = cpu_conv_make(&d, &direct, &s->conv, err);
	if (rc != 0)
		return rc;
	/* seconds, longer than any turn */
	s->best = 1e9;
	s->x = tensor_make(NULL, type, d.n, d.h, d.w, d.cin);
	s->y = s->x;
	/* The arena's memory is zero: products of zeros take as long as others,
	 * where denormals would not. */
	s->x.data = fl_arena_alloc(&s->arena, tensor_bytes(&s->x));
	s->y.data = fl_arena_alloc(&s->arena, tensor_bytes(&s->y));
	s->weights = fl_arena_array(
		&s->arena, 9 * TRIAL_CHANNELS * TRIAL_CHANNELS, sizeof(float));
	s->workspace = fl_arena_alloc(&s->arena, cpu_conv_workspace(s->conv));
	return 0;
}

static void close_side(struct side *s)
{
	cpu_conv_free(s->conv);
	fl_arena_release(&s->arena);
}

static void take_turn(struct side *s)
{
	double start = fl_now_s(), seconds;

	cpu_conv_forward(NULL, s->conv, &s->x, s->weights, NULL, &s->y, NULL,
			 s->workspace);
	seconds = fl_now_s() - start;
	s->best = seconds < s->best ? seconds : s->best;
}

/* *ratio: the best turn in F32 over the best in BF16. Turns alternate, so that
 * a neighbour disturbs both. Tests call it too. */
int cpu_bf16_trial(double *ratio, struct fl_err *err)
{
	struct side f32 = { 0 }, bf16 = { 0 };
	int rc = open_side(&f32, DTYPE_F32, err);

	if (rc == 0)
		rc = open_side(&bf16, DTYPE_BF16, err);
	for (int i = 0; rc == 0 && i < TRIAL_TURNS; i++) {
		take_turn(&f32);
		take_turn(&bf16);
	}
	*ratio = f32.best / bf16.best;
	close_side(&f32);
	close_side(&bf16);
	return rc;
}

/* oneDNN has convolutions of BF16 from AVX-512 on. */
static bool works(void)
{
	struct fl_err err = FL_ERR_INIT;
	struct side s = { 0 };
	int rc = open_side(&s, DTYPE_BF16, &err);

	close_side(&s);
	return rc == 0;
}

/* The sentence becomes part of what a run prints when 'amp: true' stays in
 * fp32. */
static void ask(struct dev_bf16 *b)
{
	struct fl_err err = FL_ERR_INIT;
	double ratio;

	b->works = works();
	if (!b->works) {
		snprintf(b->why, sizeof(b->why),
			 "%s has no convolutions in bf16", dnn_name());
	} else if (dnn_has(dnnl_cpu_isa_avx512_core_amx)) {
		b->faster = true;
		snprintf(b->why, sizeof(b->why), "the processor has AMX");
	} else if (dnn_has(dnnl_cpu_isa_avx512_core_bf16) &&
		   cpu_bf16_trial(&ratio, &err) == 0) {
		b->faster = ratio >= TRIAL_WORTH;
		snprintf(
			b->why, sizeof(b->why),
			"with AVX512_BF16 a direct convolution ran %.2f times as fast in bf16 as in fp32",
			ratio);
	} else {
		snprintf(
			b->why, sizeof(b->why),
			"the processor has neither AMX nor AVX512_BF16, so %s takes bf16 apart into floats",
			dnn_name());
	}
}

void cpu_bf16(struct dev_bf16 *out)
{
	static struct dev_bf16 known;
	static bool asked;

	if (!asked)
		ask(&known);
	asked = true;
	*out = known;
}
