/* Paddle's internal names against the reference's own tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "ckpt/paddle_names.h"
#include "text/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "conv2d_12.w_0" to class "conv2d", number 12 and rest "w_0". */
static int split(const char *name, char *class, char *rest)
{
	const char *dot = strrchr(name, '.'), *line = dot;

	assert_non_null(dot);
	while (line > name && *line != '_')
		line--;
	assert_true(line > name);
	memcpy(class, name, (size_t)(line - name));
	class[line - name] = '\0';
	strcpy(rest, dot + 1);
	return atoi(line + 1);
}

struct base {
	char class[32];
	int number;
};

/* The tables were made in one process, one model after another, so numbers of
 * a class begin at some base: the smallest number of the class. */
static int base_of(struct base *bases, size_t *count, const char *class,
		   int number)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(bases[i].class, class) != 0)
			continue;
		if (number < bases[i].number)
			bases[i].number = number;
		return bases[i].number;
	}
	assert_true(*count < 8);
	strcpy(bases[*count].class, class);
	bases[(*count)++].number = number;
	return number;
}

static void check_table(const struct json *rows)
{
	size_t n = json_count(rows), bases_count = 0;
	const char **states = malloc(n * sizeof(*states)), **names, *golden;
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct base bases[8];
	char class[64], rest[16];
	char our_class[64], our_rest[16];

	for (size_t i = 0; i < n; i++) {
		assert_true(
			json_text(json_at(json_at(rows, i), 0), &states[i]));
		assert_true(json_text(json_at(json_at(rows, i), 2), &golden));
		base_of(bases, &bases_count, class, split(golden, class, rest));
	}
	assert_int_equal(paddle_names_make(states, n, &arena, &names, &err), 0);
	for (size_t i = 0; i < n; i++) {
		int due, number;

		json_text(json_at(json_at(rows, i), 2), &golden);
		due = split(golden, class, rest);
		due -= base_of(bases, &bases_count, class, due);
		number = split(names[i], our_class, our_rest);
		if (number != due || strcmp(class, our_class) != 0 ||
		    strcmp(rest, our_rest) != 0)
			fail_msg("%s: '%s'; due is '%s' (number %d)", states[i],
				 names[i], golden, due);
	}
	fl_arena_release(&arena);
	free(states);
}

static void test_tables(void **state)
{
	static const char *const models[] = { "s", "m",	     "l",
					      "x", "plus_s", "plus_m" };
	struct fl_err err = FL_ERR_INIT;
	char path[256];

	(void)state;
	if (!fl_is_dir("../shared/oracle/golden/tables")) {
		printf("skipped: no ../shared/oracle/golden/tables\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct json *root;

		snprintf(path, sizeof(path),
			 "../shared/oracle/golden/tables/"
			 "names_%s.json",
			 models[i]);
		root = json_read(path, &err);
		assert_non_null(root);
		assert_true(json_count(json_get(root, "rows")) > 400);
		check_table(json_get(root, "rows"));
		json_free(root);
	}
}

/* The order of building of every part, on a model of one layer each. */
static void test_order(void **state)
{
	static const char *const rows[][2] = {
		{ "backbone.stages.0.blocks.0.conv2.alpha",
		  "rep_vgg_block_0.w_0" },
		{ "backbone.stem.conv1.conv.weight", "conv2d_0.w_0" },
		{ "backbone.stem.conv1.bn.weight", "batch_norm2d_0.w_0" },
		{ "backbone.stem.conv1.bn.bias", "batch_norm2d_0.b_0" },
		{ "backbone.stem.conv1.bn._mean", "batch_norm2d_0.w_1" },
		{ "backbone.stem.conv1.bn._variance", "batch_norm2d_0.w_2" },
		{ "neck.fpn_stages.0.0.conv1.conv.weight", "conv2d_1.w_0" },
		{ "neck.fpn_stages.1.0.conv1.conv.weight", "conv2d_3.w_0" },
		{ "neck.fpn_stages.2.0.conv1.conv.weight", "conv2d_5.w_0" },
		{ "neck.fpn_routes.0.conv.weight", "conv2d_2.w_0" },
		{ "neck.fpn_routes.1.conv.weight", "conv2d_4.w_0" },
		{ "neck.pan_stages.0.0.conv1.conv.weight", "conv2d_9.w_0" },
		{ "neck.pan_stages.1.0.conv1.conv.weight", "conv2d_7.w_0" },
		{ "neck.pan_routes.0.conv.weight", "conv2d_8.w_0" },
		{ "neck.pan_routes.1.conv.weight", "conv2d_6.w_0" },
		{ "yolo_head.stem_cls.0.fc.weight", "conv2d_10.w_0" },
		{ "yolo_head.stem_cls.0.fc.bias", "conv2d_10.b_0" },
		{ "yolo_head.stem_cls.1.fc.weight", "conv2d_12.w_0" },
		{ "yolo_head.stem_reg.0.fc.weight", "conv2d_11.w_0" },
		{ "yolo_head.stem_reg.1.fc.weight", "conv2d_13.w_0" },
		{ "yolo_head.pred_cls.0.weight", "conv2d_14.w_0" },
		{ "yolo_head.pred_cls.0.bias", "conv2d_14.b_0" },
		{ "yolo_head.pred_cls.1.weight", "conv2d_16.w_0" },
		{ "yolo_head.pred_reg.0.weight", "conv2d_15.w_0" },
		{ "yolo_head.pred_reg.1.weight", "conv2d_17.w_0" },
		{ "yolo_head.proj_conv.weight", "conv2d_18.w_0" },
	};
	enum {
		COUNT = sizeof(rows) / sizeof(rows[0])
	};
	const char *states[COUNT], **names, *odd[] = { "some.gamma" };
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	for (int i = 0; i < COUNT; i++)
		states[i] = rows[i][0];
	assert_int_equal(paddle_names_make(states, COUNT, &arena, &names, &err),
			 0);
	for (int i = 0; i < COUNT; i++)
		assert_string_equal(names[i], rows[i][1]);
	assert_int_equal(paddle_names_make(odd, 1, &arena, &names, &err),
			 FL_EDATA);
	assert_non_null(strstr(err.text, "'some.gamma'"));
	fl_arena_release(&arena);
}

static void test_trained(void **state)
{
	(void)state;
	assert_true(paddle_names_trained("a.bn.weight"));
	assert_true(paddle_names_trained("a.conv2.alpha"));
	assert_false(paddle_names_trained("a.bn._mean"));
	assert_false(paddle_names_trained("a.bn._variance"));
	assert_false(paddle_names_trained("yolo_head.proj_conv.weight"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_trained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
