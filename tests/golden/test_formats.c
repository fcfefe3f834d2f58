/* Files that the reference wrote, against what it says is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "ckpt/checkpoint.h"
#include "ckpt/safetensors.h"
#include "text/json.h"

#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "../shared/oracle/golden/"
#define MODEL GOLDEN "formats/model_final"

static void need_golden(const char *path)
{
	if (fl_exists(path))
		return;
	printf("skipped: no %s\n", path);
	skip();
}

static double real(const struct json *o, const char *key)
{
	double value = NAN;

	assert_true(json_real_of(json_get(o, key), &value));
	return value;
}

/* Shape, norm, sum and the 16 sample values of one tensor. */
static void check_tensor(const struct tensor_file *file, const char *name,
			 const struct json *due)
{
	const struct named_tensor *t = tensor_file_find(file, name);
	const struct json *shape = json_get(due, "shape");
	size_t n;
	double squares = 0, sum = 0, largest = 0;
	float *values;

	if (!t)
		fail_msg("no '%s'", name);
	assert_int_equal(t->dtype, DTYPE_F32);
	assert_int_equal(t->rank, json_count(shape));
	for (int d = 0; d < t->rank; d++) {
		int64_t dim = -1;

		assert_true(json_int(json_at(shape, (size_t)d), &dim));
		assert_int_equal(t->dims[d], dim);
	}
	n = named_tensor_count(t);
	values = malloc(n * sizeof(*values));
	named_tensor_f32(t, 0, n, values);
	for (size_t i = 0; i < n; i++) {
		squares += (double)values[i] * (double)values[i];
		sum += (double)values[i];
		largest = fmax(largest, fabs((double)values[i]));
	}
	assert_true(fabs(sqrt(squares) - real(due, "l2")) <=
		    1e-12 * real(due, "l2"));
	assert_true(fabs(sum - real(due, "sum")) <= 1e-9 * (1 + fabs(sum)));
	assert_true(largest == real(due, "absmax"));
	for (size_t i = 0; i < 16; i++) {
		double at = NAN;

		/* written with 9 digits, which fix a float32 */
		assert_true(json_real_of(json_at(json_get(due, "at"), i), &at));
		assert_true((float)at == values[i * n / 16]);
	}
	free(values);
}

static void check_file(const char *ending, size_t tensors)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *root = json_read(GOLDEN "formats/formats.json", &err);
	const struct json *content;
	struct tensor_file file;
	char path[256];
	size_t seen = 0;

	assert_non_null(root);
	content = json_get(json_get(root, ending), "content");
	snprintf(path, sizeof(path), MODEL ".%s", ending);
	if (tensor_file_open(&file, path, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(file.count, tensors);
	for (void *it = json_first(content); it; it = json_next(content, it)) {
		if (!json_get(json_value(it), "shape"))
			continue;
		assert_string_equal(file.tensors[seen].name, json_key(it));
		check_tensor(&file, json_key(it), json_value(it));
		seen++;
	}
	assert_int_equal(seen, tensors);
	tensor_file_close(&file);
	json_free(root);
}

static void test_params(void **state)
{
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	need_golden(MODEL ".pdparams");
	check_file("pdparams", 423);
	assert_int_equal(tensor_file_open(&file, MODEL ".pdparams", &err), 0);
	assert_string_equal(
		tensor_file_meta(
			&file,
			"StructuredToParameterName@@.yolo_head.proj_conv.weight"),
		"conv2d_94.w_0");
	tensor_file_close(&file);
}

static void test_ema(void **state)
{
	(void)state;
	need_golden(MODEL ".pdema");
	check_file("pdema", 423);
}

static void test_opt(void **state)
{
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	need_golden(MODEL ".pdopt");
	check_file("pdopt", 266);
	assert_int_equal(tensor_file_open(&file, MODEL ".pdopt", &err), 0);
	assert_string_equal(tensor_file_meta(&file, "LR_Scheduler.last_epoch"),
			    "432");
	assert_string_equal(tensor_file_meta(&file, "last_epoch"), "12");
	assert_true(strtod(tensor_file_meta(&file, "LR_Scheduler.last_lr"),
			   NULL) == 0.005341212066823356);
	tensor_file_close(&file);
}

static void test_states(void **state)
{
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(tensor_file_open(&file,
					  "tests/golden/ckpt/"
					  "after_eval.pdstates",
					  &err),
			 0);
	assert_int_equal(file.count, 0);
	assert_true(strtod(tensor_file_meta(&file, "metric"), NULL) ==
		    0.010259938476378348);
	assert_string_equal(tensor_file_meta(&file, "epoch"), "24");
	tensor_file_close(&file);
}

static void digest_of(const char *path, char hex[FL_DIGEST_HEX])
{
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	if (weights_open(&file, path, &err) != 0)
		fail_msg("%s", err.text);
	checkpoint_digest(&file, hex);
	tensor_file_close(&file);
}

/* The trio as one checkpoint: every momentum finds its weight by name, and the
 * published weights keep their digest. */
static void test_trio(void **state)
{
	const char *path = scratch_path("all.safetensors");
	struct tensor_file file, part = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX], again[FL_DIGEST_HEX];

	(void)state;
	need_golden(MODEL ".pdopt");
	if (checkpoint_open(&file, MODEL ".pdparams", &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(file.count, 423 + 266 + 423);
	assert_int_equal(checkpoint_part(&part, &file, CKPT_VELOCITY, &err), 0);
	assert_int_equal(part.count, 266);
	assert_int_equal(safetensors_save(path, file.tensors, file.count,
					  file.meta, file.meta_count, &err),
			 0);
	tensor_file_close(&part);
	tensor_file_close(&file);
	digest_of(MODEL ".pdparams", hex);
	digest_of(path, again);
	assert_string_equal(hex, again);
	digest_of(MODEL ".pdema", again);
	assert_string_not_equal(hex, again);
}

static void test_trained(void **state)
{
	const char *path = GOLDEN "trained/bccd_s_256_60e.pdparams";
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	need_golden(path);
	assert_int_equal(weights_open(&file, path, &err), 0);
	assert_int_equal(file.count, 423);
	assert_non_null(tensor_file_find(&file, "yolo_head.pred_cls.0.weight"));
	tensor_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params), cmocka_unit_test(test_ema),
		cmocka_unit_test(test_opt),    cmocka_unit_test(test_states),
		cmocka_unit_test(test_trio),   cmocka_unit_test(test_trained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
