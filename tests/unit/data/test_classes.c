/* Classes of a model met with those of a file: order, ids, subsets, names that
 * stand twice, capitals, lists without names. */
#include "data/classes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct class_list list(int count, const char *const *names,
			      const int64_t *ids)
{
	return (struct class_list){ count, names, ids, "'a list'" };
}

/* wanted: the places in the file, -1 for none. */
static void expect(struct class_list model, struct class_list file,
		   const int *wanted, bool in_order, bool folded)
{
	struct class_match m = classes_match(&model, &file);
	int met = 0;

	for (int i = 0; i < model.count; i++) {
		assert_int_equal(m.of_file[i], wanted[i]);
		if (wanted[i] < 0)
			continue;
		met++;
		assert_int_equal(m.of_model[wanted[i]], i);
	}
	assert_int_equal(m.met, met);
	assert_int_equal(m.in_order, in_order);
	assert_int_equal(m.folded, folded);
	class_match_release(&m);
}

#define NAMES(...)            \
	(const char *const[]) \
	{                     \
		__VA_ARGS__   \
	}
#define PLACES(...)         \
	(const int[])       \
	{                   \
		__VA_ARGS__ \
	}
#define IDS(...)            \
	(const int64_t[])   \
	{                   \
		__VA_ARGS__ \
	}

static void by_name(void **state)
{
	struct class_list model =
		list(3, NAMES("cup", "fork", "plate"), IDS(1, 2, 3));

	(void)state;
	expect(model, model, PLACES(0, 1, 2), true, false);
	expect(model, list(3, NAMES("plate", "cup", "fork"), IDS(1, 2, 3)),
	       PLACES(1, 2, 0), false, false);
	expect(model, list(3, NAMES("cup", "fork", "plate"), IDS(7, 8, 9)),
	       PLACES(0, 1, 2), true, false);
	expect(model, list(1, NAMES("fork"), IDS(5)), PLACES(-1, 0, -1), false,
	       false);
	expect(model,
	       list(4, NAMES("things", "cup", "fork", "plate"),
		    IDS(0, 1, 2, 3)),
	       PLACES(1, 2, 3), false, false);
	expect(model, list(3, NAMES("cat", "dog", "cow"), IDS(1, 2, 3)),
	       PLACES(-1, -1, -1), false, false);
	expect(model, list(0, NULL, NULL), PLACES(-1, -1, -1), false, false);
}

static void names_twice(void **state)
{
	struct class_list twice =
		list(3, NAMES("cup", "cup", "plate"), IDS(1, 2, 3));

	(void)state;
	expect(twice, twice, PLACES(0, 1, 2), true, false);
	expect(twice, list(3, NAMES("plate", "cup", "cup"), IDS(1, 2, 3)),
	       PLACES(1, 2, 0), false, false);
	expect(twice, list(2, NAMES("cup", "plate"), IDS(1, 2)),
	       PLACES(0, -1, 1), false, false);
}

/* The exact name goes first, whoever asks for it. */
static void capitals(void **state)
{
	(void)state;
	expect(list(2, NAMES("Cup", "fork"), NULL),
	       list(2, NAMES("cup", " FORK "), NULL), PLACES(0, 1), true, true);
	expect(list(2, NAMES("cup", "Cup"), NULL),
	       list(2, NAMES("Cup", "cup"), NULL), PLACES(1, 0), false, false);
	expect(list(1, NAMES("cup holder"), NULL),
	       list(1, NAMES("cupholder"), NULL), PLACES(-1), false, false);
	expect(list(1, NAMES("T\xC3\xBCr"), NULL),
	       list(1, NAMES("t\xC3\xBCr"), NULL), PLACES(0), true, true);
}

static void without_names(void **state)
{
	(void)state;
	expect(list(2, NAMES("cup", "fork"), IDS(1, 2)),
	       list(2, NAMES("", ""), IDS(2, 1)), PLACES(1, 0), false, false);
	expect(list(2, NAMES("cup", "fork"), NULL),
	       list(2, NAMES("", ""), IDS(2, 1)), PLACES(-1, -1), false, false);
}

static void said(void **state)
{
	const char *names[40];
	struct class_list many = list(40, names, NULL);
	struct class_list few = list(2, NAMES("a", ""), NULL);
	struct fl_str s = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	for (int i = 0; i < 40; i++)
		names[i] = "n";
	classes_show(&many, &s);
	assert_string_equal(fl_str_get(&s),
			    "n, n, n, n, n, n, n, n, n, n, n, n, ... (40)");
	fl_str_release(&s);
	assert_int_equal(classes_refuse(&few, &many, "why", &err), FL_EDATA);
	assert_string_equal(err.text,
			    "why: 'a list' has a, (no name); 'a list' has "
			    "n, n, n, n, n, n, n, n, n, n, n, n, ... (40)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),  cmocka_unit_test(names_twice),
		cmocka_unit_test(capitals), cmocka_unit_test(without_names),
		cmocka_unit_test(said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
