/* Which of equal values are among the k largest, against paddle.topk
 * (make_topk.py): rows of one value to sixty. */
#include "loss/topk.h"
#include "text/json.h"

#include "support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

static int by_index(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static void check(const struct json *row)
{
	const struct json *values = json_get(row, "values");
	const struct json *taken = json_get(row, "taken");
	int n = (int)json_count(values), k = golden_int(json_get(row, "k"));
	struct ranked *r = calloc((size_t)n, sizeof(*r));
	bool largest = false;

	assert_true(json_bool(json_get(row, "largest"), &largest));
	for (int i = 0; i < n; i++) {
		double v = golden_real(json_at(values, (size_t)i));

		r[i] = (struct ranked){ largest ? v : -v, i };
	}
	topk_select(r, n, k);
	qsort(r, (size_t)k, sizeof(*r), by_index);
	for (int i = 0; i < k; i++)
		if (r[i].index != golden_int(json_at(taken, (size_t)i)))
			fail_msg("n %d, k %d: place %d is %d, paddle's %d", n,
				 k, i, r[i].index,
				 golden_int(json_at(taken, (size_t)i)));
	free(r);
}

static void test_ties(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *rows = json_read("tests/golden/topk.json", &err);

	(void)state;
	if (!rows)
		fail_msg("%s", err.text);
	assert_true(json_count(rows) >= 50);
	for (size_t i = 0; i < json_count(rows); i++)
		check(json_at(rows, i));
	json_free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ties) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
