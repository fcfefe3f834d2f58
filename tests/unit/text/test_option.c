/* The option parser: each kind of row, both spellings, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/option.h"

#include <stdlib.h>
#include <string.h>

struct args {
	bool eval;
	int count;
	double share;
	const char *file, *policy;
	struct option_list values, passed, each;
};

static const struct option_row rows[] = {
	{ "eval", 'e', OPTION_FLAG, offsetof(struct args, eval), .help = "-" },
	{ "max_count", 0, OPTION_INT, offsetof(struct args, count), 1, 9, "N",
	  "-" },
	{ "share", 0, OPTION_REAL, offsetof(struct args, share), 0, 1, "S",
	  "-" },
	{ "file", 'f', OPTION_TEXT, offsetof(struct args, file), .arg = "FILE",
	  .help = "-" },
	{ "policy", 0, OPTION_WORD, offsetof(struct args, policy),
	  .arg = "wait|abort|run", .help = "-" },
	{ "values", 'o', OPTION_LIST, offsetof(struct args, values),
	  .arg = "k=v", .help = "-" },
	{ "x", 'x', OPTION_EACH, offsetof(struct args, each), .arg = "k=v",
	  .help = "-" },
	{ "np", 'n', OPTION_INT, offsetof(struct args, count), 1, 9, "N", "-" },
};

static const struct option_foreign foreign[] = {
	{ "use_vdl", 1, OPTION_FLAG, false, "no curves" },
	{ "vdl_log_dir", 1, OPTION_TEXT, false, "no curves" },
	{ "slice_size", 3, OPTION_LIST, false, "no slices" },
	{ "slice_infer", 3, OPTION_FLAG, true, "cut them before" },
	{ "elsewhere", 2, OPTION_FLAG, false, "another program's" },
	{ "mca", 1, OPTION_TEXT, true, "a variable" },
	{ "N", 1, OPTION_TEXT, true, "say which" },
	{ .name = NULL },
};

static const struct option_table table = {
	.program = "test",
	.usage = "",
	.about = "",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.foreign = foreign,
	.foreign_programs = 1,
	.foreign_of = "another",
	.passed = offsetof(struct args, passed),
};

/* Parses a line of words; returns the code, err as the sentence. */
static int parse_by(const struct option_table *t, struct args *args,
		    const char *line, int *words, struct fl_err *err)
{
	static char name[] = "test", text[256];
	char *argv[32] = { name }, *save;
	int argc = 1;
	bool help;

	strncpy(text, line, sizeof(text) - 1);
	for (char *w = strtok_r(text, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	*args = (struct args){ 0 };
	return option_parse(t, args, argc, argv, words, &help, err);
}

static int parse(struct args *args, const char *line, int *words,
		 struct fl_err *err)
{
	return parse_by(&table, args, line, words, err);
}

static void accepts(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct args a;
	int words;

	(void)state;
	assert_int_equal(parse(&a,
			       "-e --max-count 3 --share=0.5 x "
			       "--policy abort -f - -o a=1 b=-2 -o c=3",
			       &words, &err),
			 0);
	assert_true(a.eval);
	assert_int_equal(a.count, 3);
	assert_true(a.share == 0.5);
	assert_string_equal(a.policy, "abort");
	assert_string_equal(a.file, "-");
	assert_int_equal(a.values.count, 3);
	assert_string_equal(a.values.items[1], "b=-2");
	assert_int_equal(words, 1);
	option_list_release(&a.values);
	assert_int_equal(parse(&a, "--eval=false", &words, &err), 0);
	assert_false(a.eval);
	assert_int_equal(parse(&a, "-e False x", &words, &err), 0);
	assert_false(a.eval);
	assert_int_equal(words, 1);
	assert_int_equal(parse(&a, "--eval TRUE -o", &words, &err), 0);
	assert_true(a.eval);
	assert_int_equal(a.values.count + words, 0);
	assert_int_equal(parse(&a, "--eval -e yes", &words, &err), 0);
	assert_int_equal(words, 1); /* only true and false are taken */
}

static void passes(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct args a;
	int words;

	(void)state;
	assert_int_equal(
		parse(&a,
		      "--use_vdl True --slice-size 640 640 --vdl_log_dir -x "
		      "--use_vdl=false --slice_infer=False -e word",
		      &words, &err),
		0);
	assert_int_equal(words, 1);
	assert_true(a.eval);
	assert_int_equal(a.passed.count, 4);
	assert_string_equal(a.passed.items[1], "slice_size");
	option_list_release(&a.passed);
}

/* mpirun's and srun's way, in a table that says so. */
static void one_dash(void **state)
{
	static const char *const refused[][2] = {
		{ "-mca btl tcp",
		  "'--mca' of another is not there: a variable" },
		{ "-N 2", "'-N' of another is not there: say which" },
		{ "-n0", "'--np' is 0, but must be within 1 and 9" },
		{ "-pn 4", "unknown option '-pn'" },
		{ "-polici run", "did you mean '--policy'" },
		{ "-file", "'--file' needs FILE" },
	};
	struct option_table t = table;
	struct fl_err err = FL_ERR_INIT;
	struct args a;
	int words;

	(void)state;
	t.one_dash = t.stop_at_word = true;
	assert_int_equal(
		parse_by(&t, &a,
			 "-np 4 -x a=1 -x b --x c=2 -policy run word -n 9",
			 &words, &err),
		0);
	assert_int_equal(words, 3);
	assert_int_equal(a.count, 4);
	assert_int_equal(a.each.count, 3);
	assert_string_equal(a.each.items[1], "b");
	assert_string_equal(a.policy, "run");
	option_list_release(&a.each);
	assert_int_equal(parse_by(&t, &a, "-n7 -- -x", &words, &err), 0);
	assert_int_equal(a.count, 7);
	assert_int_equal(words, 1);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		err = (struct fl_err)FL_ERR_INIT;
		assert_int_equal(parse_by(&t, &a, refused[i][0], &words, &err),
				 FL_EUSAGE);
		if (!strstr(err.text, refused[i][1]))
			fail_msg("%s: %s", refused[i][0], err.text);
		option_list_release(&a.passed);
	}
	assert_int_equal(parse(&a, "-np 4", &words, &err), FL_EUSAGE);
	assert_int_equal(parse(&a, "-n4", &words, &err), FL_EUSAGE);
}

static void refuses(void **state)
{
	static const char *const cases[][2] = {
		{ "--max_count 10", "must be within 1 and 9" },
		{ "--max_count 1x", "needs a whole number, not '1x'" },
		{ "--share nan", "needs a number, not 'nan'" },
		{ "--policy stop",
		  "'--policy' takes wait, abort or run, not 'stop'" },
		{ "--policy=", "takes wait, abort or run, not ''" },
		{ "--policy wait|abort", "takes wait, abort or run" },
		{ "--policy wai", "takes wait, abort or run" },
		{ "--polici wait", "did you mean '--policy'" },
		{ "--file", "'--file' needs FILE" },
		{ "--slice_infer", "is not there: cut them before" },
		{ "--vdl_log_dir", "'--vdl_log_dir' needs a value" },
		{ "--use_vdl=2", "'--use_vdl' takes true or false" },
		{ "--elsewhere", "unknown option '--elsewhere'" },
		{ "--poli", "did you mean '--policy'" },
		{ "--eval=2", "takes true or false" },
	};
	struct args a;
	int words;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_err err = FL_ERR_INIT;

		assert_int_equal(parse(&a, cases[i][0], &words, &err),
				 FL_EUSAGE);
		if (!strstr(err.text, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.text);
		option_list_release(&a.values);
		option_list_release(&a.passed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(passes),
		cmocka_unit_test(one_dash),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
