/* Every operation of every device against its definition in device/ref, walked from the
 * table in tests/ops: random shapes, hostile memory (results are NaN before the call, pages
 * behind every operand are closed). The definition's own backward is held against finite
 * differences in test_slopes.c. */
#include "base/par.h"
#include "tensor/value.h"
#include "ops/op_case.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dev *ref;
static struct fl_rng rng;

static int rounds(const struct op_case *op)
{
	return op->kind == OP_CONV ? 64 : op->kind == OP_FLAT ? 8 : 32;
}

/* The call's results on a device; false where it has no such kernel. */
static bool ran(struct op_run *r, struct dev *dev, const struct op_call *c)
{
	struct fl_err err = FL_ERR_INIT;

	if (op_run_open(r, dev, c, true, &err) != 0) {
		if (c->shape.type == DTYPE_F32)
			fail_msg("%s: %s", c->op->name, err.text);
		return false;
	}
	op_run_write(r);
	c->op->run(r);
	assert_int_equal(op_run_read(r, &err), 0);
	return true;
}

static void agree(const struct op_run *mine, const struct op_run *definition)
{
	const struct op_call *c = mine->call;
	char why[160] = "", shape[80];

	if (!op_runs_agree(mine, definition, why, sizeof(why)))
		fail_msg("%s on %s, %s, maps in %s: %s", c->op->name,
			 mine->dev->device->name,
			 op_shape_text(c->op->kind, &c->shape, shape,
				       sizeof(shape)),
			 dtype_name(c->shape.type), why);
}

/* A device is opened for each call: the strict one never gives memory back. */
static void compare(const struct device *device,
		    const struct op_run *definition)
{
	struct fl_err err = FL_ERR_INIT;
	struct op_run mine;
	struct dev *dev;

	assert_int_equal(device_open(device->name, &dev, &err), 0);
	if (ran(&mine, dev, definition->call)) {
		agree(&mine, definition);
		op_run_close(&mine);
	}
	device_close(dev);
}

static void compare_all(const struct op_call *c)
{
	struct op_run definition;

	assert_true(ran(&definition, ref, c));
	agree(&definition, &definition);
	for (int d = 0; device_backends[d]; d++)
		if (device_backends[d] != ref->device)
			compare(device_backends[d], &definition);
	op_run_close(&definition);
}

static void walk(const struct op_case *op, enum dtype type)
{
	for (int round = 0; round < rounds(op); round++) {
		struct op_shape s = op_shape_random(op->kind, round, &rng);
		struct op_call c;

		s.type = type;
		op_call_make(&c, op, &s, &rng);
		compare_all(&c);
		op_call_release(&c);
	}
}

static void test_devices(void **state)
{
	(void)state;
	for (int i = 0; i < op_case_count; i++)
		for (int t = 0; t < op_type_count; t++)
			walk(&op_cases[i], op_types[t].type);
}

/* The call in F32 with the operands of one in BF16, as they are multiplied. */
static void widen(struct op_call *wide, const struct op_call *c)
{
	static const char *const multiplied[] = { "x", "w", "dy" };

	for (int i = 0; i < c->count; i++) {
		const struct op_operand *o = &c->operands[i];
		struct op_operand *to = &wide->operands[i];
		bool rounded = false;

		for (int k = 0; c->op->kind == OP_CONV && k < 3; k++)
			rounded |= !strcmp(o->name, multiplied[k]);
		for (size_t k = 0; k < op_room(&o->t); k++) {
			double v = op_get(o->t.type, o->host, k);

			if (rounded)
				v = (double)value_rounded(DTYPE_BF16, (float)v);
			op_put(to->t.type, to->host, k, v);
		}
	}
}

/* Value k of an operand's result, rounded to the type it has in BF16. */
static void same_rounded(const struct op_run *narrow, const struct op_run *wide,
			 int i, size_t k)
{
	const struct tensor *t = &narrow->call->operands[i].t;
	const struct tensor *w = &wide->call->operands[i].t;
	double got = op_get(t->type, narrow->host[i], k);
	double want = op_get(w->type, wide->host[i], k);

	if (t->type == DTYPE_BF16)
		want = (double)value_rounded(DTYPE_BF16, (float)want);
	if (!op_between(t, k) && memcmp(&got, &want, sizeof(got)) != 0 &&
	    !(isnan(got) && isnan(want)))
		fail_msg(
			"%s: value %zu of %s is %.9g, rounded it would be %.9g",
			narrow->call->op->name, k,
			narrow->call->operands[i].name, got, want);
}

/* The definition in BF16 is the definition in F32, rounded: bit for bit. */
static void test_definition_rounded(void **state)
{
	(void)state;
	for (int i = 0; i < op_case_count; i++) {
		const struct op_case *op = &op_cases[i];

		for (int round = 0; round < rounds(op) / 4; round++) {
			struct op_shape s =
				op_shape_random(op->kind, round, &rng);
			struct op_call c, wide;
			struct op_run a, b;

			s.sums = false; /* of what is rounded */
			s.type = DTYPE_F32;
			op_call_make(&wide, op, &s, &rng);
			s.type = DTYPE_BF16;
			op_call_make(&c, op, &s, &rng);
			widen(&wide, &c);
			assert_true(ran(&a, ref, &c) && ran(&b, ref, &wide));
			for (int k = 0; k < c.count; k++)
				for (size_t n = 0;
				     c.operands[k].use & OP_OUT &&
				     n < op_room(&c.operands[k].t);
				     n++)
					same_rounded(&a, &b, k, n);
			op_run_close(&a);
			op_run_close(&b);
			op_call_release(&c);
			op_call_release(&wide);
		}
	}
}

typedef void any_fn(void);

#define SLOTS (sizeof(struct dev_ops) / sizeof(any_fn *))
#define SLOT(name) (offsetof(struct dev_ops, name) / sizeof(any_fn *))

/* Every slot of the table has a case; the three that make and end a convolution
 * are called by every case that has one. */
static void test_every_slot(void **state)
{
	bool has[SLOTS] = { [SLOT(conv_new)] = true,
			    [SLOT(conv_workspace)] = true,
			    [SLOT(conv_free)] = true };

	(void)state;
	for (int i = 0; i < op_case_count; i++)
		has[op_cases[i].slot / sizeof(any_fn *)] = true;
	for (size_t i = 0; i < SLOTS; i++)
		if (!has[i])
			fail_msg(
				"slot %zu of struct dev_ops (device/op.h, from 0) has no "
				"case: add a row to tests/ops/op_cases.h",
				i);
}

static void test_slots_filled(void **state)
{
	(void)state;
	for (int d = 0; device_backends[d]; d++) {
		any_fn *slots[SLOTS];

		memcpy(slots, device_backends[d]->ops, sizeof(slots));
		for (size_t i = 0; i < SLOTS; i++)
			if (!slots[i])
				fail_msg("device %s has no slot %zu",
					 device_backends[d]->name, i);
	}
}

/* That the comparison finds what it is for. */
static void test_comparison(void **state)
{
	struct op_shape s = {
		.n = 2, .h = 3, .w = 3, .c = 5, .type = DTYPE_F32, .slices = 3
	};
	const struct op_case *copy = op_case_find("copy");
	struct op_run a, b;
	struct op_call c;
	char why[160];
	float *y;

	(void)state;
	op_call_make(&c, copy, &s, &rng);
	assert_true(ran(&a, ref, &c) && ran(&b, ref, &c));
	assert_true(op_runs_agree(&a, &b, why, sizeof(why)));
	y = a.host[op_operand_find(&c, "y")];
	y[1] += 0.001f;
	assert_false(op_runs_agree(&a, &b, why, sizeof(why)));
	assert_non_null(strstr(why, "y is off by"));
	y[1] -= 0.001f;
	y[5] = 1; /* between two pixels */
	assert_false(op_runs_agree(&a, &b, why, sizeof(why)));
	memcpy(y, b.host[1], 6 * sizeof(float));
	((float *)a.host[0])[0] = 9;
	assert_false(op_runs_agree(&a, &b, why, sizeof(why)));
	assert_non_null(strstr(why, "which it reads"));
	memcpy(a.host[0], b.host[0], sizeof(float));
	((char *)a.at[1].data)[-1] = 1; /* before the operand */
	assert_false(op_runs_agree(&a, &b, why, sizeof(why)));
	assert_non_null(strstr(why, "beside y"));
	op_run_close(&a);
	op_run_close(&b);
	op_call_release(&c);
}

static void fresh(struct op_run *r, int threads)
{
	struct fl_err err = FL_ERR_INIT;

	fl_par_init(threads);
	op_run_write(r);
	r->call->op->run(r);
	assert_int_equal(op_run_read(r, &err), 0);
}

/* The same inputs give the same bits for any number of threads in our own kernels;
 * oneDNN's convolutions promise it for the same number alone. */
static void test_thread_count(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct dev *cpu;

	(void)state;
	assert_int_equal(device_open("cpu", &cpu, &err), 0);
	for (int i = 0; i < op_case_count; i++) {
		const struct op_case *op = &op_cases[i];
		struct op_shape s = op_shape_random(op->kind, 7, &rng);
		bool one = op->kind == OP_CONV || op->kind == OP_GATE;
		struct op_run r[3];
		struct op_call c;

		if (op->kind == OP_MAP)
			s.h = 61, s.w = 67;
		op_call_make(&c, op, &s, &rng);
		for (int k = 0; k < 3; k++) {
			assert_int_equal(
				op_run_open(&r[k], cpu, &c, false, &err), 0);
			fresh(&r[k], one ? 2 : 1 + k);
		}
		for (int k = 0; k < c.count; k++)
			for (int n = 1; n < 3; n++)
				assert_memory_equal(
					r[0].host[k], r[n].host[k],
					op_room(&c.operands[k].t) *
						dtype_bytes(
							c.operands[k].t.type));
		for (int k = 0; k < 3; k++)
			op_run_close(&r[k]);
		op_call_release(&c);
	}
	fl_par_init(2);
	device_close(cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_slot),
		cmocka_unit_test(test_slots_filled),
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_definition_rounded),
		cmocka_unit_test(test_thread_count),
	};
	struct fl_err err = FL_ERR_INIT;
	int failed;

	fl_par_init(2);
	rng = fl_rng_open(7, FL_RNG_TEST, 0, 0);
	if (device_open("ref", &ref, &err) != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(ref);
	return failed;
}
