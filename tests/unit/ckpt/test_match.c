#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ckpt/match.h"

#include <string.h>

static const float zeros[64];

static void add(struct tensor_file *file, const char *name, int rows)
{
	struct named_tensor t = { name,	    DTYPE_F32, 1,
				  { rows }, zeros,     (size_t)rows * 4 };
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(tensor_file_add(file, &t, &err), 0);
}

static void check_row(const struct match *m, size_t at,
		      enum match_outcome outcome, const char *from)
{
	assert_int_equal(m->rows[at].outcome, outcome);
	if (from)
		assert_string_equal(m->rows[at].from->name, from);
	else
		assert_null(m->rows[at].from);
}

static void test_match(void **state)
{
	static const struct match_want wants[] = {
		{ "backbone.stem.conv.weight", 1, { 4 } }, /* suffix */
		{ "backbone.deep.a.b", 1, { 4 } },	   /* longest */
		{ "neck.exact", 1, { 4 } },
		{ "head.pred.weight", 1, { 8 } }, /* another shape */
		{ "head.absent", 1, { 4 } },
		{ "backbone.res5.x.weight", 1, { 4 } },
		{ "backbone.xb", 1, { 4 } }, /* "b" is no whole part of it */
		{ "neck.two", 2, { 2, 2 } }, /* another rank */
	};
	struct tensor_file file = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct match m;

	(void)state;
	add(&file, "stem.conv.weight", 4);
	add(&file, "a.b", 4);
	add(&file, "deep.a.b", 4);
	add(&file, "neck.exact", 4);
	add(&file, "head.pred.weight", 80);
	add(&file, "backbone.res5.x.weight", 4);
	add(&file, "b", 4);
	add(&file, "unused.name", 4);
	add(&file, "two", 4);
	assert_int_equal(match_weights(&m, wants, 8, &file, &err), 0);
	check_row(&m, 0, MATCH_LOADED, "stem.conv.weight");
	check_row(&m, 1, MATCH_LOADED, "deep.a.b");
	check_row(&m, 2, MATCH_LOADED, "neck.exact");
	check_row(&m, 3, MATCH_SHAPE, "head.pred.weight");
	check_row(&m, 4, MATCH_MISSING, NULL);
	check_row(&m, 5, MATCH_LOADED, "backbone.res5.x.weight");
	check_row(&m, 6, MATCH_MISSING, NULL);
	check_row(&m, 7, MATCH_SHAPE, "two");
	assert_int_equal(m.loaded, 4);
	assert_int_equal(m.shape, 2);
	assert_int_equal(m.missing, 2);
	assert_int_equal(m.unused_count, 3);
	assert_string_equal(m.unused[0], "a.b");
	assert_string_equal(m.unused[1], "b");
	assert_string_equal(m.unused[2], "unused.name");
	match_release(&m);
	tensor_file_close(&file);
}

/* "backbone.res5..." in a file also fits without its first part. */
static void test_res5(void **state)
{
	static const struct match_want wants[] = {
		{ "student.res5.a", 1, { 4 } },
		{ "student.res4.a", 1, { 4 } },
	};
	struct tensor_file file = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct match m;

	(void)state;
	add(&file, "backbone.res5.a", 4);
	add(&file, "backbone.res4.a", 4);
	assert_int_equal(match_weights(&m, wants, 2, &file, &err), 0);
	check_row(&m, 0, MATCH_LOADED, "backbone.res5.a");
	check_row(&m, 1, MATCH_MISSING, NULL);
	match_release(&m);
	tensor_file_close(&file);
}

static void test_twice(void **state)
{
	static const struct match_want wants[] = {
		{ "one.conv.weight", 1, { 4 } },
		{ "two.conv.weight", 1, { 4 } },
		{ "three.conv.weight", 1, { 5 } },
	};
	struct tensor_file file = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct match m;

	(void)state;
	add(&file, "conv.weight", 4);
	assert_int_equal(match_weights(&m, wants, 2, &file, &err), FL_EDATA);
	assert_string_equal(err.text,
			    "weights 'conv.weight' fit both "
			    "'one.conv.weight' and 'two.conv.weight' of the "
			    "model");
	/* With another shape there is nothing to decide. */
	assert_int_equal(match_weights(&m, wants + 1, 2, &file, &err), 0);
	assert_int_equal(m.loaded, 1);
	assert_int_equal(m.shape, 1);
	assert_int_equal(m.unused_count, 0);
	match_release(&m);
	tensor_file_close(&file);
}

static void test_nothing(void **state)
{
	struct tensor_file file = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct match m;

	(void)state;
	assert_int_equal(match_weights(&m, NULL, 0, &file, &err), 0);
	assert_int_equal(m.loaded + m.shape + m.missing + m.unused_count, 0);
	match_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_res5),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
