/* The model of costs: what a graph's work is, what ranks do to each other, the fit
 * of constants, and how a link is written. */
#include "cost/calibrate.h"
#include "cost/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(x, want, most) assert_true(fabs((x) - (want)) <= (most))

/* A picture of 8 channels, a 3x3 convolution of stride 2 to 16, a norm, a 1x1. */
static void test_work(void **state)
{
	struct graph *g = graph_new(8);
	int v = graph_conv(g, g->input, 16, 3, 2, "a", NULL, 0, false);
	const struct graph_branch branch = { v, "b" };
	struct cost_work w;

	(void)state;
	v = graph_norm(g, &branch, 1, NULL, DEV_ACT_SILU, -1);
	v = graph_conv(g, v, 4, 1, 1, "c", NULL, 0, false);
	graph_mark_output(g, v);
	graph_finish(g);
	cost_work_of(g, &w);
	/* the picture has no gradient: two of three directions */
	assert_near(w.wide_flops, 2 * 2 * 9 * 8 * 16 / 4.0, 1e-9);
	assert_near(w.thin_flops, 3 * 2 * 16 * 4 / 4.0, 1e-9);
	assert_near(w.elements, 3 * (8 + 4) + 8 * 4 + 3 * (4 + 1), 1e-9);
	assert_int_equal(w.norms, 1);
	assert_true(w.parameters >= 9 * 8 * 16 + 16 * 4 + 2 * 16);
	graph_free(g);
}

static struct cost_job job_of(const struct cost_machine *m)
{
	return (struct cost_job){ .machine = m,
				  .work = { .wide_flops = 1e5,
					    .thin_flops = 3e4,
					    .elements = 1000,
					    .parameters = 8e6,
					    .norms = 67 },
				  .hosts = 1,
				  .cards = 1,
				  .batch = 8,
				  .link = 25e9,
				  .pictures = 1e5,
				  .eval_pictures = 5000,
				  .picture_pixels = 3e5,
				  .picture_bytes = 1.5e5,
				  .areas = { 1e5, 2e5, 3e5, 4e5 },
				  .area_count = 4,
				  .eval_area = 4e5,
				  .workers = 4,
				  .epochs = 10,
				  .evals = 2,
				  .sync_bn = true,
				  .overlap = true,
				  .bucket_bytes = 4e6 };
}

static void test_alone(void **state)
{
	struct cost_job j = job_of(cost_machine_find("v100"));
	struct cost_result one, twice;

	(void)state;
	cost_of(&j, &one);
	assert_near(one.parts[COST_SIZES], 0, 0);
	assert_near(one.parts[COST_SUMS], 0, 0);
	assert_near(one.parts[COST_LINK], 0, 0);
	assert_near(one.images_s, 8 / one.step_s, 1e-9);
	assert_near(one.steps, 12500, 0);
	assert_near(one.train_s, 125000 * one.step_s, 1e-6);
	/* Twice the pictures: twice what is not fixed. */
	j.batch = 16;
	cost_of(&j, &twice);
	assert_near(twice.parts[COST_COMPUTE] - 0.11,
		    2 * (one.parts[COST_COMPUTE] - 0.11), 1e-9);
}

static void test_ranks(void **state)
{
	struct cost_job j = job_of(cost_machine_find("v100"));
	struct cost_result alone, r, slow;
	double pixel;

	(void)state;
	cost_of(&j, &alone);
	j.hosts = 2;
	cost_of(&j, &r);
	/* The larger of two draws of 1, 2, 3, 4 is 50/16 in the mean, one draw
	 * 2.5. */
	pixel = (alone.parts[COST_COMPUTE] - 0.11) / 2.5;
	assert_near(r.parts[COST_SIZES], pixel * (50 / 16.0 - 2.5), 1e-9);
	assert_true(r.parts[COST_SUMS] > 136 * 100e-6);
	assert_near(r.parts[COST_LINK], 0, 0);
	/* 32 MB at 0.6 of 1 Gbit/s, less two thirds of computing. */
	j.link = 1e9;
	cost_of(&j, &slow);
	assert_true(slow.reduce_s > 32e6 * 8 / 0.6e9);
	assert_true(slow.parts[COST_LINK] > 0);
	assert_int_equal(slow.limit, COST_LINK);
	/* A processor's ranks draw one size where the recipe says so. */
	j.machine = cost_machine_find("cpu");
	j.shared_size = true;
	cost_of(&j, &r);
	assert_near(r.parts[COST_SIZES], 0, 0);
	j.shared_size = false;
	cost_of(&j, &r);
	assert_true(r.parts[COST_SIZES] > 0);
}

/* Files that no memory keeps: of exponential times the slowest of R is H(R) means. */
static void test_storage(void **state)
{
	struct cost_machine m = *cost_machine_find("v100");
	struct cost_job j = job_of(&m);
	struct cost_result r;
	double mean;

	(void)state;
	cost_of(&j, &r);
	assert_near(r.parts[COST_STORAGE], 0, 0);
	m.read_s = 1000;
	m.host_bytes = 0;
	j.cards = 8;
	cost_of(&j, &r);
	mean = 8 * m.read_s;
	assert_near(r.step_s / mean,
		    1 + 1 / 2. + 1 / 3. + 1 / 4. + 1 / 5. + 1 / 6. + 1 / 7. +
			    1 / 8.,
		    0.01);
	assert_int_equal(r.limit, COST_STORAGE);
}

static void test_fit(void **state)
{
	static const double want[COST_TERMS] = { 0.01, 1e-11, 0, 2e-10, 1e-9 };
	struct cost_point points[12];
	double got[COST_TERMS];

	(void)state;
	for (int i = 0; i < 12; i++) {
		struct cost_point *p = &points[i];
		double a = 1 + i % 4, b = 1 + i / 4;

		*p = (struct cost_point){ .terms = { 1, 1e10 * a * b,
						     4e9 * a * a, 1e8 * b * b,
						     1e7 * (i % 3 + 1) } };
		for (int k = 0; k < COST_TERMS; k++)
			p->seconds += want[k] * p->terms[k];
	}
	cost_fit(points, 12, got);
	for (int i = 0; i < 12; i++)
		assert_near(points[i].fitted / points[i].seconds, 1, 1e-3);
	for (int k = 0; k < COST_TERMS; k++)
		assert_true(got[k] >= 0);
	assert_near(got[1] / want[1], 1, 0.02);
}

static void test_link(void **state)
{
	static const struct {
		const char *text;
		double bits;
	} good[] = { { "25Gb", 25e9 },
		     { "100Mb", 1e8 },
		     { "10 Gbit/s", 1e10 },
		     { "2.5gbps", 2.5e9 },
		     { "0.4Tb/s", 4e11 } };
	static const char *const bad[] = { "",	   "25",   "Gb",    "25GB",
					   "-1Gb", "0Gb",  "infGb", "25Gbx",
					   "fast", "25 b", "nanGb", "25GiB" };
	struct fl_err err = FL_ERR_INIT;
	double bits;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cost_link_read(good[i].text, &bits, &err), 0);
		assert_near(bits / good[i].bits, 1, 1e-12);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cost_link_read(bad[i], &bits, &err),
				 FL_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),  cmocka_unit_test(test_alone),
		cmocka_unit_test(test_ranks), cmocka_unit_test(test_storage),
		cmocka_unit_test(test_fit),   cmocka_unit_test(test_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
