/* What checkpoints mean: parts, division of the average, both formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ckpt/checkpoint.h"
#include "ckpt/safetensors.h"

#include "support/scratch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float raw[4] = { 1, -2, 3, 4 }, average[4] = { .1f, .2f, -.3f, 4 };
static const float velocity[4] = { 5, 6, 7, 8 }, mean[2] = { 9, 10 };

#define CONV "backbone.stem.conv1.conv.weight"
#define MEAN "backbone.stem.conv1.bn._mean"
#define PROJ "yolo_head.proj_conv.weight"

static const struct named_tensor parts[] = {
	{ "model." CONV, DTYPE_F32, 4, { 2, 2, 1, 1 }, raw, 16 },
	{ "model." MEAN, DTYPE_F32, 1, { 2 }, mean, 8 },
	{ "model." PROJ, DTYPE_F32, 4, { 1, 4, 1, 1 }, raw, 16 },
	{ "velocity." CONV, DTYPE_F32, 4, { 2, 2, 1, 1 }, velocity, 16 },
	{ "ema." CONV, DTYPE_F32, 4, { 2, 2, 1, 1 }, average, 16 },
	{ "ema." MEAN, DTYPE_F32, 1, { 2 }, average, 8 },
	{ "ema." PROJ, DTYPE_F32, 4, { 1, 4, 1, 1 }, average, 16 },
};

static const char *save(const char *name, size_t count, const char *json)
{
	struct tensor_meta meta = { CKPT_STATE_KEY, json };
	const char *path = scratch_path(name);
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(
		safetensors_save(path, parts, count, &meta, json ? 1 : 0, &err),
		0);
	return path;
}

static void check(const struct tensor_file *file, const char *name,
		  const float *due, size_t count, float divisor)
{
	const struct named_tensor *t = tensor_file_find(file, name);
	float values[4];

	if (!t)
		fail_msg("no '%s'", name);
	assert_int_equal(named_tensor_count(t), count);
	named_tensor_f32(t, 0, count, values);
	for (size_t i = 0; i < count; i++)
		assert_float_equal(values[i], due[i] / divisor, 0);
}

static void open_weights(struct tensor_file *file, const char *path)
{
	struct fl_err err = FL_ERR_INIT;

	if (weights_open(file, path, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(file->count, 3);
}

static void test_published(void **state)
{
	struct tensor_file file;

	(void)state;
	open_weights(&file, save("p.safetensors", 7,
				 "{\"ema_step\": 2, "
				 "\"ema_last_decay\": 0.5}"));
	check(&file, CONV, average, 4, 0.75f);
	check(&file, MEAN, average, 2, 0.75f);
	check(&file, PROJ, raw, 4, 1); /* never averaged */
	tensor_file_close(&file);

	open_weights(&file, save("p.safetensors", 7,
				 "{\"ema_step\": 2, "
				 "\"ema_last_decay\": 0.5, "
				 "\"ema_decay_type\": \"exponential\"}"));
	check(&file, CONV, average, 4, 1);
	tensor_file_close(&file);

	/* before the first step the average is all zeros */
	open_weights(&file, save("p.safetensors", 7, "{\"ema_step\": 0}"));
	check(&file, CONV, raw, 4, 1);
	tensor_file_close(&file);

	/* no average */
	open_weights(&file, save("p.safetensors", 4, NULL));
	check(&file, CONV, raw, 4, 1);
	tensor_file_close(&file);
}

static void test_divisor(void **state)
{
	(void)state;
	assert_float_equal(checkpoint_ema_divisor(false, 0.5, 3), 0.875, 0);
	assert_float_equal(checkpoint_ema_divisor(false, 0.9998, 1), 1 - 0.9998,
			   0);
	assert_float_equal(checkpoint_ema_divisor(true, 0.5, 3), 1, 0);
	assert_float_equal(checkpoint_ema_divisor(false, 0.5, 0), 1, 0);
	assert_float_equal(checkpoint_ema_divisor(false, 0, 7), 1, 0);
}

static void test_open_ours(void **state)
{
	struct checkpoint_state got;
	struct tensor_file file, part = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	const char *path = save("o.safetensors", 7,
				"{\"step\": 12, \"epoch\": "
				"3, \"lr\": 0.25, \"ema_step\": 11, "
				"\"ema_last_decay\": 0.5, \"more\": [1]}");

	(void)state;
	assert_int_equal(checkpoint_open(&file, path, &err), 0);
	assert_true(checkpoint_is(&file));
	assert_int_equal(file.count, 7);
	assert_int_equal(checkpoint_state_read(&file, &got, &err), 0);
	assert_int_equal(got.progress.steps, 12);
	assert_int_equal(got.progress.epochs, 3);
	assert_float_equal(got.progress.lr, 0.25, 0);
	assert_int_equal(got.ema_step, 11);
	assert_float_equal(got.ema_decay, 0.9998, 0);
	assert_float_equal(got.ema_last_decay, 0.5, 0);
	assert_string_equal(got.ema_decay_type, "threshold");
	assert_int_equal(checkpoint_part(&part, &file, CKPT_EMA, &err), 0);
	assert_int_equal(part.count, 3);
	check(&part, CONV, average, 4, 1);
	tensor_file_close(&part);
	tensor_file_close(&file);

	path = save("o.safetensors", 7, "{\"step\": ");
	assert_int_equal(weights_open(&file, path, &err), FL_EDATA);
	assert_non_null(strstr(err.text, "o.safetensors"));
}

static void write_paddle(const char *stem, bool raw_too, const char *internal)
{
	const struct named_tensor weights[] = {
		{ CONV, DTYPE_F32, 4, { 2, 2, 1, 1 }, average, 16 },
		{ MEAN, DTYPE_F32, 1, { 2 }, mean, 8 },
	}, trained[] = {
		{ CONV, DTYPE_F32, 4, { 2, 2, 1, 1 }, raw, 16 },
		{ MEAN, DTYPE_F32, 1, { 2 }, mean, 8 },
	}, moment = { CONV, DTYPE_F32, 4, { 2, 2, 1, 1 }, velocity, 16 };
	/* as in a process that built 40 convolutions before */
	const char *const names[] = { "conv2d_40.w_0", "batch_norm2d_7.w_1" };
	const struct paddle_progress progress = { 500, 0.125, 4 };
	struct fl_err err = FL_ERR_INIT;
	char path[64];

	snprintf(path, sizeof(path), "%s.pdparams", stem);
	assert_int_equal(paddle_write_params(scratch_path(path), weights, 2,
					     names, &err),
			 0);
	snprintf(path, sizeof(path), "%s.pdema", stem);
	if (raw_too)
		assert_int_equal(paddle_write_params(scratch_path(path),
						     trained, 2, NULL, &err),
				 0);
	snprintf(path, sizeof(path), "%s.pdopt", stem);
	if (internal)
		assert_int_equal(paddle_write_opt(scratch_path(path), &moment,
						  1, &internal, &progress,
						  &err),
				 0);
}

/* The average of Paddle's files is divided already and stays as it is. */
static void test_open_paddle(void **state)
{
	static const char *const internals[] = { "conv2d_40.w_0",
						 "conv2d_0.w_0" };
	struct checkpoint_state got;
	struct tensor_file file, weights = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	for (int i = 0; i < 2; i++) {
		write_paddle("q", true, internals[i]);
		if (checkpoint_open(&file, scratch_path("q.pdparams"), &err))
			fail_msg("%s", err.text);
		assert_int_equal(file.count, 5);
		check(&file, "model." CONV, raw, 4, 1);
		check(&file, "ema." CONV, average, 4, 1);
		check(&file, "velocity." CONV, velocity, 4, 1);
		assert_int_equal(checkpoint_state_read(&file, &got, &err), 0);
		assert_int_equal(got.progress.steps, 500);
		assert_int_equal(got.progress.epochs, 4);
		assert_float_equal(got.progress.lr, 0.125, 0);
		assert_int_equal(got.ema_step, 500);
		assert_float_equal(got.ema_last_decay, 0, 0);
		assert_int_equal(checkpoint_published(&weights, &file, &err),
				 0);
		check(&weights, CONV, average, 4, 1);
		tensor_file_close(&weights);
		tensor_file_close(&file);
	}
}

static void test_paddle_alone(void **state)
{
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	write_paddle("alone", false, NULL);
	assert_int_equal(
		checkpoint_open(&file, scratch_path("alone.pdparams"), &err),
		0);
	assert_int_equal(file.count, 2);
	check(&file, "model." CONV, average, 4, 1);
	assert_null(tensor_file_meta(&file, CKPT_STATE_KEY));
	tensor_file_close(&file);

	write_paddle("other", true, "conv2d_3.w_0");
	assert_int_equal(
		checkpoint_open(&file, scratch_path("other.pdparams"), &err),
		FL_EDATA);
	assert_non_null(strstr(err.text, "has no momentum "
					 "'conv2d_40.w_0_velocity_0'"));
	assert_int_equal(
		checkpoint_open(&file, scratch_path("other.pdopt"), &err),
		FL_EDATA);
	assert_non_null(strstr(err.text, "give the .pdparams"));
	assert_int_equal(
		checkpoint_open(&file, scratch_path("no.pdparams"), &err),
		FL_EIO);
	assert_int_equal(weights_open(&file, scratch_path("no.pdparams"), &err),
			 FL_EIO);
}

/* 1e300 steps and -1 epochs. */
static void test_counts_of_strangers(void **state)
{
	static const char opt[] = "\x80\2}(U\x0cLR_Scheduler}(U\x0alast_epoch"
				  "G\x7e\x37\xe4\x3c\x88\0\x75\x9cu"
				  "U\x0alast_epochJ\xff\xff\xff\xffu.";
	const struct named_tensor weight = {
		MEAN, DTYPE_F32, 1, { 2 }, mean, 8
	};
	struct checkpoint_state got;
	struct tensor_file file;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(paddle_write_params(scratch_path("far.pdparams"),
					     &weight, 1, NULL, &err),
			 0);
	scratch_file("far.pdopt", opt, sizeof(opt) - 1);
	if (checkpoint_open(&file, scratch_path("far.pdparams"), &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(checkpoint_state_read(&file, &got, &err), 0);
	assert_int_equal(got.progress.steps, 0);
	assert_int_equal(got.progress.epochs, 0);
	tensor_file_close(&file);
}

static void test_digest(void **state)
{
	static const double wide[] = { 1, -2 };
	static const float same[] = { 1, -2 }, other[] = { 1, -3 };
	const struct named_tensor a = { "a", DTYPE_F32, 1, { 2 }, same, 8 };
	const struct named_tensor b = { "b", DTYPE_F32, 1, { 2 }, other, 8 };
	struct named_tensor changed[] = { a, a, a, a };
	struct tensor_file x = TENSOR_FILE_INIT, y = TENSOR_FILE_INIT;
	struct fl_err err = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX], again[FL_DIGEST_HEX];

	(void)state;
	checkpoint_digest(&x, hex); /* of nothing */
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
				 "934ca495991b7852b855");
	tensor_file_add(&x, &a, &err);
	tensor_file_add(&x, &b, &err);
	tensor_file_add(&y, &b, &err);
	changed[0].dtype = DTYPE_F64; /* the same values */
	changed[0].data = wide;
	changed[0].bytes = 16;
	tensor_file_add(&y, &changed[0], &err);
	checkpoint_digest(&x, hex);
	checkpoint_digest(&y, again);
	assert_string_equal(hex, again);
	tensor_file_close(&x);
	tensor_file_close(&y);

	/* name, shape and values all count */
	tensor_file_add(&x, &a, &err);
	checkpoint_digest(&x, hex);
	tensor_file_close(&x);
	changed[1].name = "c";
	changed[2].rank = 2;
	changed[2].dims[1] = 1;
	changed[3].data = other;
	for (int i = 1; i < 4; i++) {
		assert_int_equal(tensor_file_add(&x, &changed[i], &err), 0);
		checkpoint_digest(&x, again);
		assert_string_not_equal(hex, again);
		tensor_file_close(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_divisor),
		cmocka_unit_test(test_open_ours),
		cmocka_unit_test(test_open_paddle),
		cmocka_unit_test(test_paddle_alone),
		cmocka_unit_test(test_counts_of_strangers),
		cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
