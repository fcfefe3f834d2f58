/* Kernels that cannot be told to the other ranks: the error is the engine's, and
 * nothing of the text stays behind (the address sanitizer looks). */
#include "detect/kernels.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int left; /* broadcasts until one fails */

static int broadcast(struct comm *comm, void *bytes, size_t size,
		     struct fl_err *err)
{
	(void)comm, (void)bytes, (void)size;
	return left-- > 0 ? 0 : fl_fail(err, FL_EPEER, "peer lost");
}

static void nothing(double seconds)
{
	(void)seconds;
}

static void measured(void)
{
}

static void tell(struct fl_str *out)
{
	fl_str_add(out, "a shape and its kernels\n");
}

static const struct comm_ops ops = { .broadcast = broadcast };
static const struct dev_kernels kernels = { .measure = nothing,
					    .measured = measured,
					    .tell = tell };

static void test_broadcast_fails(void **state)
{
	const struct device device = { .name = "fake", .kernels = &kernels };
	struct dev dev = { .device = &device };
	struct comm comm = { .ops = &ops, .world = 2 };

	(void)state;
	for (int n = 0; n < 3; n++) {
		struct fl_err err = FL_ERR_INIT;

		left = n;
		assert_int_equal(
			kernels_agree(NULL, &dev, &comm, true, NULL, 0, &err),
			n < 2 ? FL_EPEER : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broadcast_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
