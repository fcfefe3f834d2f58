#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "ckpt/checkpoint.h"
#include "ckpt/locate.h"
#include "ckpt/safetensors.h"

#include "support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const float one = 1;

/* A checkpoint of so many steps; its time is 'second' after some moment. */
static void put(const char *path, int steps, int second)
{
	struct named_tensor t = { "model.a", DTYPE_F32, 0, { 0 }, &one, 4 };
	struct timespec times[2] = { { 1000000 + second, 0 },
				     { 1000000 + second, 0 } };
	struct tensor_meta meta = { CKPT_STATE_KEY, NULL };
	struct fl_err err = FL_ERR_INIT;
	char text[64];

	snprintf(text, sizeof(text), "{\"step\": %d}", steps);
	meta.text = text;
	assert_int_equal(safetensors_save(path, &t, 1, &meta, 1, &err), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static const char *folder(const char *name)
{
	const char *path = scratch_path(name);
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(fl_make_dirs(path, &err), 0);
	return path;
}

static void check(const char *place, const char *due)
{
	char path[4096];
	struct fl_err err = FL_ERR_INIT;

	if (locate_weights(place, path, sizeof(path), &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(path, due);
}

static void test_paths(void **state)
{
	char path[4096];
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	folder("paths");
	put(scratch_path("paths/a.safetensors"), 1, 0);
	scratch_file("paths/a.pdparams", "x", 1);
	scratch_file("paths/b.pdparams", "x", 1);
	folder("paths/a");
	check(scratch_path("paths/a"), scratch_path("paths/a.safetensors"));
	check(scratch_path("paths/b"), scratch_path("paths/b.pdparams"));
	check(scratch_path("paths/a.pdparams"),
	      scratch_path("paths/a.pdparams"));
	assert_int_equal(locate_weights(scratch_path("paths/c"), path,
					sizeof(path), &err),
			 FL_ERECIPE);
	assert_non_null(strstr(err.text, "do not exist"));
	assert_int_equal(locate_weights(scratch_path("paths/b"), path, 5, &err),
			 FL_ERECIPE);
}

static void test_newest(void **state)
{
	char path[4096];
	bool found;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(
		locate_weights(folder("run"), path, sizeof(path), &err),
		FL_ERECIPE);
	assert_non_null(strstr(err.text, "no complete checkpoint"));
	put(scratch_path("run/9.safetensors"), 900, 9);
	put(scratch_path("run/19.safetensors"), 1900, 5);
	put(scratch_path("run/best_model.safetensors"), 900, 30);
	check(scratch_path("run"), scratch_path("run/19.safetensors"));
	/* the same number of steps: the later file */
	put(scratch_path("run/step_1900.safetensors"), 1900, 6);
	check(scratch_path("run"), scratch_path("run/step_1900.safetensors"));
	/* damaged, foreign and unfinished files are passed over */
	scratch_file("run/29.safetensors", "\100\0\0\0\0\0\0\0{\"cut", 13);
	scratch_file("run/39.safetensors.tmp.77", "x", 1);
	scratch_file("run/notes.txt", "x", 1);
	folder("run/49.safetensors");
	check(scratch_path("run"), scratch_path("run/step_1900.safetensors"));
	assert_int_equal(locate_newest(scratch_path("nowhere"), path,
				       sizeof(path), &found, &err),
			 FL_EIO);
	assert_false(found);
}

/* A folder of PaddleDetection: the progress stands in the .pdopt. */
static void test_paddle_folder(void **state)
{
	struct named_tensor t = { "a.conv.weight", DTYPE_F32, 4,
				  { 1, 1, 1, 1 },  &one,      4 };
	const char *name = "conv2d_0.w_0";
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	folder("pd");
	for (int i = 0; i < 3; i++) {
		struct paddle_progress p = { i == 1 ? 500 : 100, 0.1, i };
		char path[64];

		snprintf(path, sizeof(path), "pd/%d.pdparams", i);
		assert_int_equal(paddle_write_params(scratch_path(path), &t, 1,
						     NULL, &err),
				 0);
		snprintf(path, sizeof(path), "pd/%d.pdopt", i);
		assert_int_equal(paddle_write_opt(scratch_path(path), &t, 1,
						  &name, &p, &err),
				 0);
	}
	check(scratch_path("pd"), scratch_path("pd/1.pdparams"));
	scratch_file("pd/1.pdopt", "\x80\4}", 3); /* cut short */
	assert_int_equal(truncate(scratch_path("pd/2.pdparams"), 40), 0);
	check(scratch_path("pd"), scratch_path("pd/0.pdparams"));
}

static void test_addresses(void **state)
{
	const char *cache = ".cache/paddle/weights";
	char path[4096], name[256];
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	setenv("HOME", folder("home"), 1);
	assert_int_equal(locate_weights("ppdet://models/a.pdparams", path,
					sizeof(path), &err),
			 FL_ERECIPE);
	assert_non_null(strstr(err.text, "https://paddledet.bj.bcebos.com/"
					 "models/a.pdparams'"));
	assert_non_null(strstr(err.text, "-o pretrain_weights=''"));
	assert_non_null(strstr(err.text, "curl -fL"));
	snprintf(name, sizeof(name), "home/%s", cache);
	folder(name);
	snprintf(name, sizeof(name), "home/%s/a.pdparams", cache);
	scratch_file(name, "x", 1);
	check("ppdet://models/a.pdparams", scratch_path(name));
	check("https://x.y/z/a.pdparams?v=1", scratch_path(name));
	assert_true(locate_is_address("http://x/y"));
	assert_false(locate_is_address("output/http"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_paddle_folder),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
