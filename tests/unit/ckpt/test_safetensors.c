#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "ckpt/tensor_file.h"
#include "ckpt/safetensors.h"

#include "support/scratch.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A file with this header and this many bytes of values. */
static void make(struct fl_str *s, const char *header, size_t values)
{
	size_t n = strlen(header);

	fl_str_clear(s);
	for (int i = 0; i < 8; i++) {
		char c = (char)(n >> 8 * i & 0xff);

		fl_str_addn(s, &c, 1);
	}
	fl_str_add(s, header);
	for (size_t i = 0; i < values; i++)
		fl_str_addn(s, "\1", 1);
}

static int parse_exact(struct tensor_file *file, const void *data, size_t size,
		       void **copy, struct fl_err *err)
{
	*copy = malloc(size ? size : 1);
	memcpy(*copy, data, size);
	return tensor_file_parse(file, *copy, size, "f.safetensors", err);
}

static void refuse(const struct fl_str *s, const char *why)
{
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file file;
	void *copy;
	int rc = parse_exact(&file, s->data, s->len, &copy, &err);

	if (rc != FL_EDATA || !strstr(err.text, why) ||
	    !strstr(err.text, "f.safetensors"))
		fail_msg("code %d, '%s'; due was '%s'", rc, err.text, why);
	free(copy);
}

#define T(name, dtype, shape, begin, end)                        \
	"\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape \
	",\"data_offsets\":[" begin "," end "]}"

static void test_hostile(void **state)
{
	static const struct {
		const char *header;
		size_t values;
		const char *why;
	} cases[] = {
		{ "{", 0, "header of the safetensors file: line 1" },
		{ "{}x", 0, "line 1" },
		{ "{\"a\":1}", 0, "'a' has no 'dtype'" },
		{ "{" T("a", "F32", "[2]", "0", "9") "}", 8, "cut short" },
		{ "{" T("a", "F32", "[2]", "0", "8") "}", 7, "cut short" },
		{ "{" T("a", "F32", "[2]", "4", "0") "}", 8,
		  "at bytes 4 to 0" },
		{ "{" T("a", "F32", "[2]", "-8", "0") "}", 8, "at bytes -8" },
		{ "{" T("a", "F32", "[2]", "0", "9223372036854775807") "}", 8,
		  "cut short" },
		{ "{" T("a", "F32", "[3]", "0", "8") "}", 8, "cannot have 8" },
		{ "{" T("a", "F64", "[2]", "0", "8") "}", 8, "cannot have 8" },
		{ "{" T("a", "F32", "[-2]", "0", "8") "}", 8, "cannot have 8" },
		{ "{" T("a", "F32", "[4294967296,4294967296,4294967296]", "0",
			"8") "}",
		  8, "cannot have 8" },
		{ "{" T("a", "U8", "[1,1,1,1,1,1,1,1,1]", "0", "1") "}", 1,
		  "more than 8 dimensions" },
		{ "{" T("a", "F32", "[1.5]", "0", "8") "}", 8,
		  "no whole number" },
		{ "{" T("a", "F32", "[\"2\"]", "0", "8") "}", 8,
		  "no whole number" },
		{ "{" T("a", "F32", "8", "0", "8") "}", 8, "no 'shape'" },
		{ "{" T("a", "I16", "[4]", "0", "8") "}", 8, "type 'I16'" },
		{ "{" T("a", "F8_E4M3", "[8]", "0", "8") "}", 8, "'F8_E4M3'" },
		{ "{" T("a", "", "[8]", "0", "8") "}", 8, "type ''" },
		{ "{" T("a", "F32", "[2]", "0", "8") "," T("b", "F32", "[2]",
							   "4", "12") "}",
		  12, "overlaps" },
		{ "{" T("a", "F32", "[2]", "0", "8") "," T("b", "F32", "[2]",
							   "0", "8") "}",
		  8, "overlaps" },
		{ "{" T("a", "F32", "[2]", "0", "8") "," T("b", "F32", "[1]",
							   "12", "16") "}",
		  16, "has a hole" },
		{ "{" T("a", "F32", "[2]", "4", "12") "}", 12, "has a hole" },
		{ "{" T("a", "F32", "[2]", "0", "8") "}", 9, "1 bytes after" },
		{ "{}", 4, "4 bytes after" },
		{ "{" T("a", "F32", "[1]", "0", "4") "," T("a", "F32", "[1]",
							   "4", "8") "}",
		  8, "duplicate" },
		{ "{" T("", "F32", "[1]", "0", "4") "}", 4,
		  "empty or no text" },
		{ "{" T("a\\n", "F32", "[1]", "0", "4") "}", 4, "or no text" },
		{ "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1,
		  "'data_offsets'" },
		{ "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":"
		  "[0,1,2]}}",
		  1, "'data_offsets'" },
		{ "{\"__metadata__\":3}", 0, "'__metadata__'" },
		{ "{\"__metadata__\":{\"a\":3}}", 0, "'a' in '__metadata__'" },
	};
	struct fl_str s = FL_STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&s, cases[i].header, cases[i].values);
		refuse(&s, cases[i].why);
	}
	make(&s, "{}", 0);
	s.data[0] = 3;
	refuse(&s, "gives a header of 3 bytes and has 2");
	memset(s.data, 0xff, 8);
	refuse(&s, "at most 100000000 are allowed");
	memcpy(s.data, "\1\xe1\xf5\5\0\0\0", 8);
	refuse(&s, "a header of 100000001 bytes");
	fl_str_release(&s);
}

/* Deeply nested JSON must end in a sentence, not in a full stack. */
static void test_nested(void **state)
{
	struct fl_str header = FL_STR_INIT, s = FL_STR_INIT;

	(void)state;
	fl_str_add(&header, "{\"a\":");
	for (int i = 0; i < 200000; i++)
		fl_str_add(&header, "[");
	make(&s, header.data, 0);
	refuse(&s, "header of the safetensors file");
	fl_str_release(&header);
	fl_str_release(&s);
}

static const float values[6] = { 1, 2, 3, -4, 0.5f, -0.0f };

static const struct named_tensor good[] = {
	{ "model.a", DTYPE_F32, 2, { 2, 3 }, values, 24 },
	{ "flag", DTYPE_BOOL, 0, { 0 }, "\1", 1 },
	{ "empty", DTYPE_F64, 2, { 0, 9 }, NULL, 0 },
	{ "\xc3\xa9", DTYPE_U8, 1, { 3 }, "abc", 3 },
};

static const struct tensor_meta meta[] = {
	{ "flotilla", "{\"step\": 3, \"t\": \"\\\"x\\\"\"}" },
};

static void test_round_trip(void **state)
{
	const char *path = scratch_path("a.safetensors");
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file file;

	(void)state;
	assert_int_equal(safetensors_save(path, good, 4, meta, 1, &err), 0);
	assert_int_equal(tensor_file_open(&file, path, &err), 0);
	assert_string_equal(file.format, "safetensors");
	assert_int_equal(file.count, 4);
	for (int i = 0; i < 4; i++) {
		const struct named_tensor *t = &file.tensors[i];

		assert_string_equal(t->name, good[i].name);
		assert_ptr_equal(tensor_file_find(&file, good[i].name), t);
		assert_int_equal(t->dtype, good[i].dtype);
		assert_true(
			named_tensor_has_shape(t, good[i].rank, good[i].dims));
		if (t->bytes)
			assert_memory_equal(t->data, good[i].data, t->bytes);
	}
	assert_string_equal(tensor_file_meta(&file, "flotilla"), meta[0].text);
	assert_null(tensor_file_meta(&file, "x"));
	assert_null(tensor_file_find(&file, "x"));
	assert_int_equal((uintptr_t)file.tensors[0].data % 8, 0);
	tensor_file_close(&file);
}

static void test_truncated(void **state)
{
	const char *path = scratch_path("t.safetensors");
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file file;
	struct fl_map map;
	void *copy;

	(void)state;
	assert_int_equal(safetensors_save(path, good, 4, meta, 1, &err), 0);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	for (size_t n = 0; n < map.size; n++) {
		assert_int_equal(parse_exact(&file, map.data, n, &copy, &err),
				 FL_EDATA);
		free(copy);
	}
	fl_map_close(&map);
}

static int count_files(void)
{
	DIR *dir = opendir(scratch_dir());
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_writer_refuses(void **state)
{
	const char *path = scratch_path("w.safetensors");
	struct named_tensor twice[] = { good[0], good[0] }, wrong = good[0];
	struct named_tensor reserved = good[1];
	struct fl_err err = FL_ERR_INIT;
	struct safetensors_writer w;
	int before = count_files();

	(void)state;
	wrong.bytes = 20;
	reserved.name = "__metadata__";
	assert_int_equal(safetensors_save(path, twice, 2, NULL, 0, &err),
			 FL_EDATA);
	assert_int_equal(safetensors_save(path, &wrong, 1, NULL, 0, &err),
			 FL_EDATA);
	assert_int_equal(safetensors_save(path, &reserved, 1, NULL, 0, &err),
			 FL_EDATA);
	assert_int_equal(safetensors_save(scratch_path("is/not/there"), good, 4,
					  NULL, 0, &err),
			 FL_EIO);
	/* values missing */
	assert_int_equal(safetensors_begin(&w, path, good, 4, NULL, 0, &err),
			 0);
	assert_int_equal(safetensors_put(&w, values, 24, &err), 0);
	assert_int_equal(safetensors_end(&w, &err), FL_EINTERNAL);
	/* values too many */
	assert_int_equal(safetensors_begin(&w, path, good, 1, NULL, 0, &err),
			 0);
	assert_int_equal(safetensors_put(&w, values, 20, &err), 0);
	assert_int_equal(safetensors_put(&w, values, 8, &err), FL_EINTERNAL);
	safetensors_abort(&w);
	assert_false(fl_exists(path));
	assert_int_equal(count_files(), before);
}

/* A full disk: the old file stays, whole, and nothing else is left. */
static void test_disk_full(void **state)
{
	const char *path = scratch_path("full.safetensors");
	size_t bytes = 1 << 20;
	float *large = calloc(bytes, 1);
	struct named_tensor t = {
		"big", DTYPE_F32, 1, { 1 << 18 }, large, bytes
	};
	struct rlimit was, small;
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file file;
	int before, rc;

	(void)state;
	assert_int_equal(safetensors_save(path, good, 4, NULL, 0, &err), 0);
	before = count_files();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 100000;
	setrlimit(RLIMIT_FSIZE, &small);
	rc = safetensors_save(path, &t, 1, NULL, 0, &err);
	setrlimit(RLIMIT_FSIZE, &was);
	free(large);
	assert_int_equal(rc, FL_EIO);
	assert_int_equal(count_files(), before);
	assert_int_equal(tensor_file_open(&file, path, &err), 0);
	assert_int_equal(file.count, 4);
	tensor_file_close(&file);
}

static void check_value(enum dtype dtype, const void *data, size_t bytes,
			float due)
{
	struct named_tensor t = { "v", dtype, 0, { 0 }, data, bytes };
	float value = 99;

	assert_int_equal(bytes, dtype_bytes(dtype));
	named_tensor_f32(&t, 0, 1, &value);
	if (isnan(due))
		assert_true(isnan(value));
	else
		assert_memory_equal(&value, &due, sizeof(due));
}

static void test_values(void **state)
{
	static const struct {
		unsigned short bits;
		float due;
	} halves[] = {
		{ 0x0000, 0 },		{ 0x8000, -0.0f },
		{ 0x0001, 0x1p-24f },	{ 0x83ff, -0x3ffp-24f },
		{ 0x0400, 0x1p-14f },	{ 0x3c00, 1 },
		{ 0xc248, -3.140625f }, { 0x7bff, 65504 },
		{ 0x7c00, INFINITY },	{ 0xfc00, -INFINITY },
		{ 0x7e00, NAN },
	};
	const double real = 0.1;
	const int32_t whole = -7;
	const int64_t wide = (int64_t)1 << 40;

	(void)state;
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
		check_value(DTYPE_F16, &halves[i].bits, 2, halves[i].due);
	check_value(DTYPE_BF16, "\x49\x40", 2, 3.140625f);
	check_value(DTYPE_F64, &real, 8, 0.1f);
	check_value(DTYPE_I32, &whole, 4, -7);
	check_value(DTYPE_I64, &wide, 8, 0x1p40f);
	check_value(DTYPE_U8, "\xff", 1, 255);
	check_value(DTYPE_BOOL, "\2", 1, 1);
	check_value(DTYPE_F32, values + 4, 4, 0.5f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
