/* Winograd's convolution by itself, with the loops of every instruction set that this
 * processor has: how far it is from float64, for layers of PP-YOLOE; hostile shapes and
 * memory beside device/ref; the same bits for any number of workers. test_ops has it too,
 * where the cpu device chooses it. */
#include "ops/op_case.h"
#include "base/arena.h"
#include "base/par.h"
#include "device/cpu/kernels.h"
#include "device/cpu/winograd.h"
#include "device/cpu/winograd_kernels.h"
#include "device/ref/ref.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Relative L2 distance from float64: a direct convolution in float32 has 2e-7 to 5e-7,
 * bf16 2.8e-3. */
#define LIMIT 2.5e-6

static const struct winograd_kernels *loops; /* those under test */
static int workers = 2;

struct dev_conv {
	struct winograd w;
};

static int conv_new(struct dev *dev, const struct dev_conv_desc *desc,
		    struct dev_conv **out, struct fl_err *err)
{
	(void)dev, (void)err;
	assert_true(winograd_fits(desc));
	*out = fl_calloc(1, sizeof(**out));
	winograd_init(&(*out)->w, desc);
	(*out)->w.k = loops;
	(*out)->w.workers = workers;
	return 0;
}

static size_t conv_workspace(const struct dev_conv *c)
{
	size_t f = winograd_forward_bytes(&c->w);
	size_t d = winograd_data_bytes(&c->w);
	size_t w = winograd_weights_bytes(&c->w);

	return f > d && f > w ? f : d > w ? d : w;
}

static void conv_free(struct dev_conv *c)
{
	free(c);
}

static void conv_forward(struct dev_queue *q, struct dev_conv *c,
			 const struct tensor *x, const float *weights,
			 const float *bias, const struct tensor *y,
			 double *sums, void *workspace)
{
	winograd_forward(&c->w, x, weights, bias, y, workspace);
	if (sums)
		ref_device.ops->norm_stats(q, y, sums);
}

static void conv_backward_data(struct dev_queue *q, struct dev_conv *c,
			       const struct tensor *dy, const float *weights,
			       const struct tensor *dx, bool acc,
			       void *workspace)
{
	(void)q;
	winograd_data(&c->w, dy, weights, dx, acc, workspace);
}

static void conv_backward_weights(struct dev_queue *q, struct dev_conv *c,
				  const struct tensor *x,
				  const struct tensor *dy, float *dw, float *db,
				  void *workspace)
{
	(void)q;
	winograd_weights(&c->w, x, dy, dw, db, workspace);
}

static const char *const directions[] = { "conv_forward", "conv_backward_data",
					  "conv_backward_weights" };

static struct dev *ref;
static struct fl_rng rng;

/* On ref, its convolutions replaced by ours or not. */
static void run_on(struct op_run *r, const struct op_call *c, bool ours)
{
	static struct dev_ops ops;
	static struct device device;
	struct fl_err err = FL_ERR_INIT;

	ops = *ref_device.ops;
	ops.conv_new = conv_new;
	ops.conv_workspace = conv_workspace;
	ops.conv_free = conv_free;
	ops.conv_forward = conv_forward;
	ops.conv_backward_data = conv_backward_data;
	ops.conv_backward_weights = conv_backward_weights;
	device = ref_device;
	device.ops = &ops;
	ref->device = ours ? &device : &ref_device;
	assert_int_equal(op_run_open(r, ref, c, true, &err), 0);
	op_run_write(r);
	c->op->run(r);
	assert_int_equal(op_run_read(r, &err), 0);
	ref->device = &ref_device;
}

static double l2_distance(const struct op_run *a, const struct op_run *b)
{
	double off = 0, all = 0;

	for (int i = 0; i < a->call->count; i++) {
		const struct op_operand *o = &a->call->operands[i];

		if (!(o->use & OP_OUT) || o->t.type != DTYPE_F32)
			continue;
		for (size_t k = 0; k < op_room(&o->t); k++) {
			double y = op_get(DTYPE_F32, b->host[i], k);

			off += pow(op_get(DTYPE_F32, a->host[i], k) - y, 2);
			all += y * y;
		}
	}
	return sqrt(off / all);
}

static struct op_shape shape(int h, int w, int c, int cout)
{
	return (struct op_shape){ .n = 1,
				  .h = h,
				  .w = w,
				  .c = c,
				  .cout = cout,
				  .k = 3,
				  .stride = 1,
				  .type = DTYPE_F32 };
}

static void compare(const char *direction, const struct op_shape *s, double *l2)
{
	struct op_run ours, definition;
	char why[160] = "", text[80];
	struct op_call c;

	op_call_make(&c, op_case_find(direction), s, &rng);
	run_on(&ours, &c, true);
	run_on(&definition, &c, false);
	if (!op_runs_agree(&ours, &definition, why, sizeof(why)))
		fail_msg("%s of %s, vectors of %d: %s", direction,
			 op_shape_text(OP_CONV, s, text, sizeof(text)),
			 loops->vector, why);
	*l2 = l2_distance(&ours, &definition);
	op_run_close(&ours);
	op_run_close(&definition);
	op_call_release(&c);
}

static int loops_here(const struct winograd_kernels **list)
{
	int n = 0;

	if (!cpu_kernel_set()->winograd)
		skip();
	list[n++] = cpu_kernel_set()->winograd;
#ifdef __x86_64__
	if (list[0] != &winograd_avx2)
		list[n++] = &winograd_avx2;
#endif
	return n;
}

static void test_layers(void **state)
{
	/* h, w, c, cout: from the stem to the head */
	static const int layers[][4] = {
		{ 40, 40, 16, 32 }, { 40, 40, 24, 24 },	  { 40, 40, 48, 48 },
		{ 20, 20, 96, 96 }, { 10, 10, 192, 192 }, { 20, 20, 96, 80 },
	};
	const struct winograd_kernels *list[2];
	int n = loops_here(list);

	(void)state;
	for (int i = 0; i < n * 6 * 3; i++) {
		const int *l = layers[i / 3 % 6];
		struct op_shape s = shape(l[0], l[1], l[2], l[3]);
		char text[80];
		double l2;

		loops = list[i / 18];
		compare(directions[i % 3], &s, &l2);
		printf("%-22s %-24s vectors of %2d: %.2g\n", directions[i % 3],
		       op_shape_text(OP_CONV, &s, text, sizeof(text)),
		       loops->vector, l2);
		assert_true(l2 < LIMIT);
	}
}

static void test_hostile(void **state)
{
	const struct winograd_kernels *list[2];
	int n = loops_here(list);

	(void)state;
	for (int round = 0; round < 24; round++) {
		struct op_shape s = op_shape_random(OP_CONV, round, &rng);
		double l2;

		s.k = 3, s.stride = 1, s.short_sums = false;
		for (int i = 0; i < n * 3; i++) {
			loops = list[i / 3];
			compare(directions[i % 3], &s, &l2);
		}
	}
}

/* Maps in BF16: what float loops find, rounded once. A result may be rounded to the
 * other neighbour than the definition's, as the limits of op_runs_agree have it. */
static void test_bf16(void **state)
{
	static const int layers[][4] = { { 20, 20, 96, 96 },
					 { 13, 9, 192, 68 },
					 { 10, 11, 300, 290 } };

	(void)state;
	if (!cpu_kernel_set()->winograd_bf16) {
		printf("skipped: no AVX512_BF16\n");
		skip();
	}
	loops = cpu_kernel_set()->winograd_bf16;
	for (int round = 0; round < 27; round++) {
		struct op_shape s = op_shape_random(OP_CONV, round, &rng);
		double l2;

		if (round < 3)
			s = shape(layers[round][0], layers[round][1],
				  layers[round][2], layers[round][3]);
		s.k = 3, s.stride = 1, s.short_sums = false;
		s.wide_x = s.wide_y = false;
		s.sums = false; /* of rounded results: not ours */
		s.type = DTYPE_BF16;
		for (int i = 0; i < 3; i++)
			compare(directions[i], &s, &l2);
	}
}

/* Zeros give zeros, on borders too: no place of a spectrum is left as it was. */
static void test_zeros(void **state)
{
	const struct winograd_kernels *list[2];
	struct op_shape s = shape(9, 6, 17, 18);
	struct op_run r;
	struct op_call c;

	(void)state;
	loops_here(list);
	loops = list[0];
	op_call_make(&c, op_case_find("conv_forward"), &s, &rng);
	memset(c.operands[0].host, 0, op_room(&c.operands[0].t) * 4);
	run_on(&r, &c, true);
	for (size_t i = 0; i < op_room(&c.operands[2].t); i++)
		assert_true(op_get(DTYPE_F32, r.host[2], i) == 0);
	op_run_close(&r);
	op_call_release(&c);
}

/* Bits of all three directions, for one, two and five workers and as many threads. */
static void test_workers(void **state)
{
	static const int counts[] = { 1, 2, 5 };
	/* own sums; panels; shared sums */
	const struct op_shape shapes[] = { shape(30, 33, 20, 24),
					   shape(17, 9, 90, 100),
					   shape(20, 20, 200, 200) };
	const struct winograd_kernels *list[2];

	(void)state;
	loops_here(list);
	loops = list[0];
	for (int i = 0; i < 9; i++) {
		struct op_run r[3];
		struct op_call c;

		op_call_make(&c, op_case_find(directions[i % 3]),
			     &shapes[i / 3], &rng);
		for (int k = 0; k < 3; k++) {
			fl_par_init(workers = counts[k]);
			run_on(&r[k], &c, true);
		}
		for (int k = 1; k < 3; k++)
			for (int o = 0; o < c.count; o++)
				assert_memory_equal(r[0].host[o], r[k].host[o],
						    op_room(&c.operands[o].t) *
							    4);
		for (int k = 0; k < 3; k++)
			op_run_close(&r[k]);
		op_call_release(&c);
	}
	fl_par_init(workers = 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),	cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_bf16),	cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_workers),
	};
	struct fl_err err = FL_ERR_INIT;
	int failed;

	fl_par_init(2);
	rng = fl_rng_open(19, FL_RNG_TEST, 0, 0);
	if (device_open("ref", &ref, &err) != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(ref);
	return failed;
}
