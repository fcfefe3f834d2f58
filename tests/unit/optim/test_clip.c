/* Clipping of gradients: by norm, by value, and by the history of norms, against a plain second
 * computation of each, on both devices. */
#include "base/par.h"
#include "optim/optim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define N 4099 /* no multiple of any width */

static float weights[N], grads[N], velocity[N];

/* Without momentum, decay and rate the velocity is what became of the gradient. */
static double step_of(struct dev *dev, const struct optim_options *r,
		      struct grad_history *h, double norm, bool objects)
{
	double squares, excess;
	struct graph_param param = { .role = GRAPH_FC_WEIGHT, .count = N };
	struct graph g = { .params = &param,
			   .param_count = 1,
			   .flat_count = N };
	struct optim_buffers b = { .weights = weights,
				   .grads = grads,
				   .velocity = velocity,
				   .squares = &squares };
	struct fl_err err = FL_ERR_INIT;

	memset(weights, 0, sizeof(weights));
	memset(velocity, 0, sizeof(velocity));
	for (int i = 0; i < N; i++)
		grads[i] = (float)(norm / sqrt(N) * (i % 2 ? 1 : -1));
	assert_int_equal(optim_step(&g, dev_queue(dev, DEV_COMPUTE), r, &b, h,
				    objects, 0, &excess, &err),
			 0);
	return excess;
}

static double step(struct dev *dev, const struct optim_options *r,
		   struct grad_history *h, double norm)
{
	return step_of(dev, r, h, norm, true);
}

static double norm_of_step(void)
{
	double sum = 0;

	for (int i = 0; i < N; i++)
		sum += (double)velocity[i] * (double)velocity[i];
	return sqrt(sum);
}

static struct dev *ref, *cpu;

static void near(double a, double b)
{
	if (!(fabs(a - b) <= 1e-5 * fabs(b)))
		fail_msg("%.9g is not %.9g", a, b);
}

static void check_norm_and_value(struct dev *dev)
{
	struct optim_options by_norm = { .clip_norm = 10 };
	struct optim_options by_value = { .clip_value = 0.01 };
	struct grad_history h = { 0 };

	step(dev, &by_norm, &h, 9.5);
	near(norm_of_step(), 9.5);
	step(dev, &by_norm, &h, 1000);
	near(norm_of_step(), 10);
	step(dev, &by_value, &h, 0.1);
	near(norm_of_step(), 0.1);
	step(dev, &by_value, &h, 100);
	near(norm_of_step(), 0.01 * sqrt(N));
	assert_true(h.weight == 0);
}

/* The bound as the header defines it, kept here as a sum over all steps. */
static void check_history(struct dev *dev)
{
	static const double norms[] = { 2, 1, 2,  1, 2,	  1, 2, 1,   2,	 1,
					2, 1, 50, 2, 400, 3, 8, NAN, 20, 1 };
	struct optim_options r = { .clip_history = 3 };
	struct grad_history h = { 0 };
	double used[20];
	int count = 0, clipped = 0;

	for (size_t i = 0; i < sizeof(norms) / sizeof(*norms); i++) {
		double sum = 0, weight = 0, most = INFINITY, excess;

		for (int k = 0; k < count; k++) {
			double w = 0.01 * pow(0.99, count - 1 - k);

			sum += w * log(used[k]);
			weight += w;
		}
		if (count >= 10)
			most = 3 * exp(sum / weight);
		excess = step(dev, &r, &h, norms[i]);
		if (isnan(norms[i])) {
			assert_true(excess == 0 && isnan(velocity[0]));
			continue;
		}
		used[count++] = norms[i] < most ? norms[i] : most;
		near(norm_of_step(), used[count - 1]);
		assert_true((excess > 1) == (norms[i] > most));
		clipped += excess > 1;
	}
	assert_int_equal(clipped, 4); /* 50, 400, 8 and 20 */
}

static void test_ref(void **state)
{
	(void)state;
	check_norm_and_value(ref);
	check_history(ref);
}

static void test_cpu(void **state)
{
	(void)state;
	fl_par_init(2);
	check_norm_and_value(cpu);
	check_history(cpu);
}

/* Nine batches of ten are empty, with short gradients: those of the tenth are none the less usual,
 * and an empty one that is long is an outlier. */
static void test_empty_batches(void **state)
{
	struct optim_options r = { .clip_history = 3 };
	struct grad_history h = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++) {
		bool objects = i % 10 == 0;

		assert_true(step_of(ref, &r, &h, objects ? 2 : 0.01, objects) <=
			    1);
	}
	assert_true(step_of(ref, &r, &h, 60, false) > 9.9);
	near(norm_of_step(), 6);
}

/* Off, a gradient passes whatever came before. */
static void test_off(void **state)
{
	struct optim_options r = { 0 };
	struct grad_history h = { 0 };

	(void)state;
	for (int i = 0; i < 30; i++)
		step(ref, &r, &h, 1);
	assert_true(step(ref, &r, &h, 1e6) == 0);
	near(norm_of_step(), 1e6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ref),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_empty_batches),
		cmocka_unit_test(test_off),
	};

	struct fl_err err = FL_ERR_INIT;
	int failed;

	if (device_open("ref", &ref, &err) || device_open("cpu", &cpu, &err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(ref);
	device_close(cpu);
	return failed;
}
