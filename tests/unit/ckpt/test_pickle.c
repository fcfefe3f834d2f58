/* Good pickles of every shape that Paddle and numpy write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ckpt/tensor_file.h"
#include "ckpt/paddle_file.h"

#include "support/pickle_bytes.h"
#include "support/scratch.h"

#include <string.h>

static void parse(struct tensor_file *file, const struct fl_str *s)
{
	struct fl_err err = FL_ERR_INIT;

	if (tensor_file_parse(file, s->data, s->len, "test", &err) != 0)
		fail_msg("%s", err.text);
}

static void check_floats(const struct tensor_file *file, const char *name,
			 const float *due, size_t count)
{
	const struct named_tensor *t = tensor_file_find(file, name);
	float values[256];

	assert_non_null(t);
	assert_int_equal(named_tensor_count(t), count);
	named_tensor_f32(t, 0, count, values);
	for (size_t i = 0; i < count; i++)
		assert_float_equal(values[i], due[i], 0);
}

static void check_meta(const struct tensor_file *file, const char *key,
		       const char *due)
{
	const char *text = tensor_file_meta(file, key);

	if (!text || strcmp(text, due) != 0)
		fail_msg("'%s' is '%s'; due is '%s'", key,
			 text ? text : "absent", due);
}

static void test_scalars(void **state)
{
	struct tensor_file file;
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\2}(");
	PB(&s, "U\1aK\xffU\1bM\xff\xffU\1cJ\xff\xff\xff\xff");
	PB(&s, "U\1dI01\nU\1eI-7\nU\1fL12L\nU\1g\x88U\1h\x8a\2\xff\xff");
	PB(&s, "U\1iG\x3f\xb9\x99\x99\x99\x99\x99\x9aU\1jN");
	PB(&s, "U\1k\x8a\0U\1n(K\5K\6tU\1oX\1\0\0\0z");
	PB(&s, "U\1pcnumpy.core.multiarray\nscalar\n");
	pb_dtype(&s, "f8", "<");
	PB(&s, "U\x08\0\0\0\0\0\0\xf8\x3f\x86R");
	PB(&s, "U\1qcnumpy._core.multiarray\nscalar\n");
	pb_dtype(&s, "i8", "<");
	PB(&s, "U\x08\xfe\xff\xff\xff\xff\xff\xff\xff\x86R");
	/* more than a float32 tells apart */
	PB(&s, "U\1tcnumpy.core.multiarray\nscalar\n");
	pb_dtype(&s, "i4", "<");
	PB(&s, "U\4\1\0\0\1\x86R");
	PB(&s, "K\7K\x08U\1rccollections\nOrderedDict\n)RU\1s"
	       "ccollections\nOrderedDict\n)\x81u.");
	parse(&file, &s);
	assert_int_equal(file.count, 0);
	check_meta(&file, "a", "255");
	check_meta(&file, "b", "65535");
	check_meta(&file, "c", "-1");
	check_meta(&file, "d", "true");
	check_meta(&file, "e", "-7");
	check_meta(&file, "f", "12");
	check_meta(&file, "g", "true");
	check_meta(&file, "t", "16777217");
	check_meta(&file, "h", "-1");
	check_meta(&file, "i", "0.10000000000000001");
	assert_null(tensor_file_meta(&file, "j"));
	check_meta(&file, "k", "0");
	check_meta(&file, "n.0", "5");
	check_meta(&file, "n.1", "6");
	check_meta(&file, "o", "z");
	check_meta(&file, "p", "1.5");
	check_meta(&file, "q", "-2");
	check_meta(&file, "7", "8");
	tensor_file_close(&file);
	fl_str_release(&s);
}

/* Protocol 2 spells bytes as text: 0x80 0xff become two characters each. */
static void test_protocol_2(void **state)
{
	struct tensor_file file;
	struct fl_str s = FL_STR_INIT;
	const struct named_tensor *t;

	(void)state;
	PB(&s, "\x80\2}q\0X\1\0\0\0wq\1cnumpy.core.multiarray\n_reconstruct\n");
	PB(&s, "q\2cnumpy\nndarray\nq\3K\0\x85q\4c_codecs\nencode\nq\5");
	PB(&s, "X\1\0\0\0bX\6\0\0\0latin1\x86Rq\6\x87Rq\7(K\1K\5\x85");
	pb_dtype(&s, "u1", "|");
	PB(&s, "\x89h\5X\7\0\0\0a\xc2\x80\xc3\xbf"
	       "bcX\6\0\0\0latin1\x86Rtbs");
	PB(&s, "X\1\0\0\0zcnumpy.core.multiarray\n_reconstruct\nh\3h\4"
	       "h\6\x87R(K\1K\0\x85");
	pb_dtype(&s, "f4", "<");
	PB(&s, "\x89"
	       "c__builtin__\nbytes\n)Rtbs.");
	parse(&file, &s);
	t = tensor_file_find(&file, "w");
	assert_non_null(t);
	assert_int_equal(t->dtype, DTYPE_U8);
	assert_memory_equal(t->data,
			    "a\x80\xff"
			    "bc",
			    5);
	t = tensor_file_find(&file, "z");
	assert_non_null(t);
	assert_int_equal(t->bytes, 0);
	tensor_file_close(&file);
	fl_str_release(&s);
}

/* _frombuffer of protocol 5 under the names of numpy 1 and 2: rows, columns,
 * and axes in another order (numpy 2.3 and later); a bytearray and bytes. */
static void test_protocol_5(void **state)
{
	static const float values[] = { 0, 1, 2, 3, 4, 5 };
	static const float columns[] = { 0, 2, 4, 1, 3, 5 };
	static const float turned[] = { 0, 3, 1, 4, 2, 5 };
	struct tensor_file file;
	struct fl_str s = FL_STR_INIT;
	const struct named_tensor *t;

	(void)state;
	PB(&s, "\x80\5}(\x8c\1c\x8c\x12numpy.core.numeric\x8c\x0b_frombuffer"
	       "\x93(\x96\x18\0\0\0\0\0\0\0");
	fl_str_addn(&s, (const char *)values, sizeof(values));
	pb_dtype(&s, "f4", "<");
	PB(&s, "K\2K\3\x86\x8c\1CtR\x8c\1f\x8c\x13numpy._core.numeric\x8c"
	       "\x0b_frombuffer\x93(C\x18");
	fl_str_addn(&s, (const char *)values, sizeof(values));
	pb_dtype(&s, "f4", "<");
	PB(&s, "K\2K\3\x86\x8c\1FtR\x8c\1k\x8c\x13numpy._core.numeric\x8c"
	       "\x0b_frombuffer\x93(C\x18");
	fl_str_addn(&s, (const char *)values, sizeof(values));
	pb_dtype(&s, "f4", "<");
	PB(&s, "K\2K\3\x86\x8c\1KK\1K\0\x86tR\x8c\1z\x8c\x13numpy._core."
	       "numeric\x8c\x0b_frombuffer\x93(C\4");
	fl_str_addn(&s, (const char *)&values[3], sizeof(values[3]));
	pb_dtype(&s, "f4", "<");
	PB(&s, ")\x8c\1CtRu.");
	parse(&file, &s);
	check_floats(&file, "c", values, 6);
	check_floats(&file, "f", columns, 6);
	check_floats(&file, "k", turned, 6);
	check_floats(&file, "z", &values[3], 1);
	t = tensor_file_find(&file, "k");
	assert_int_equal(t->dims[0], 3);
	assert_int_equal(t->dims[1], 2);
	assert_int_equal(tensor_file_find(&file, "z")->rank, 0);
	tensor_file_close(&file);
	fl_str_release(&s);
}

/* Lines of text, before there was a byte for the protocol. */
static void test_protocol_0(void **state)
{
	struct tensor_file file;
	struct fl_str s = FL_STR_INIT;
	const struct named_tensor *t;

	(void)state;
	PB(&s, "(dp0\nVw\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n"
	       "(cnumpy\nndarray\np3\n(I0\ntp4\nc_codecs\nencode\np5\n"
	       "(Vb\nVlatin1\np6\ntRtR(I1\n(I3\nt");
	pb_dtype(&s, "u1", "|");
	PB(&s, "I00\ng5\n(Va\xff\\u005c\ng6\ntRtbsVr\nF0.5\nsVt\nV\\u20ac"
	       "\xe9\\u12\ns.");
	parse(&file, &s);
	t = tensor_file_find(&file, "w");
	assert_non_null(t);
	assert_memory_equal(t->data, "a\xff\\", 3);
	check_meta(&file, "r", "0.5");
	check_meta(&file, "t", "\xe2\x82\xac\xc3\xa9\\u12");
	tensor_file_close(&file);
	fl_str_release(&s);
}

static void test_layouts(void **state)
{
	const int grid[] = { 2, 3, -1 }, one[] = { -1 }, none[] = { 0, 4, -1 };
	const float by_column[] = { 0, 3, 1, 4, 2, 5 };
	const float due[] = { 0, 1, 2, 3, 4, 5 };
	struct tensor_file file;
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\2}(");
	pb_text(&s, "c");
	pb_floats(&s, grid);
	pb_text(&s, "fortran");
	pb_array(&s, "f4", grid, 1, by_column, sizeof(by_column));
	pb_text(&s, "scalar");
	pb_floats(&s, one);
	pb_text(&s, "empty");
	pb_floats(&s, none);
	/* how the saver of optimizers wraps a tensor */
	pb_text(&s, "pair");
	pb_global(&s, "builtins", "tuple");
	pb_text(&s, "inside");
	pb_floats(&s, grid);
	PB(&s, "\x86\x85Ru.");
	parse(&file, &s);
	assert_int_equal(file.count, 5);
	check_floats(&file, "c", due, 6);
	check_floats(&file, "fortran", due, 6);
	check_floats(&file, "pair", due, 6);
	check_floats(&file, "scalar", due, 1);
	check_floats(&file, "empty", due, 0);
	assert_int_equal(tensor_file_find(&file, "scalar")->rank, 0);
	assert_null(tensor_file_find(&file, "inside"));
	tensor_file_close(&file);
	fl_str_release(&s);
}

static void test_slices(void **state)
{
	const int four[] = { 4, -1 }, two[] = { 2, -1 };
	const int64_t shape[] = { 3, 2 };
	const float due[] = { 0, 1, 2, 3, 0, 1 };
	struct tensor_file file;
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\2}(");
	pb_text(&s, "w@@.1");
	pb_floats(&s, two);
	pb_text(&s, "w@@.0");
	pb_floats(&s, four);
	pb_text(&s, "other");
	pb_floats(&s, two);
	pb_text(&s, "UnpackBigParamInfor@@");
	PB(&s, "}");
	pb_text(&s, "w");
	PB(&s, "}(");
	pb_text(&s, "OriginShape");
	PB(&s, "K\3K\2\x86");
	pb_text(&s, "slices");
	PB(&s, "(");
	pb_text(&s, "w@@.0");
	pb_text(&s, "w@@.1");
	PB(&s, "tusu.");
	parse(&file, &s);
	assert_int_equal(file.count, 2);
	check_floats(&file, "w", due, 6);
	assert_true(
		named_tensor_has_shape(tensor_file_find(&file, "w"), 2, shape));
	tensor_file_close(&file);
	fl_str_release(&s);
}

/* What we write is what we read, in values, order, names and numbers. */
static void test_write(void **state)
{
	const float a[] = { 1, -2, 3.5f, 0, 1e30f, -0.0f };
	float big[100];
	const int64_t wide[] = { 1, 2 };
	const struct named_tensor tensors[] = {
		{ "x.conv.weight", DTYPE_F32, 4, { 2, 3, 1, 1 }, a, 24 },
		{ "y", DTYPE_I64, 1, { 2 }, wide, 16 },
		{ "z", DTYPE_F32, 2, { 50, 2 }, big, 400 },
		{ "empty", DTYPE_U8, 1, { 0 }, NULL, 0 },
		{ "one", DTYPE_BOOL, 0, { 0 }, "\1", 1 },
	};
	const char *names[] = { "conv2d_0.w_0", "b", "c", "d", "e" };
	const struct paddle_progress progress = { 70000, 0.25, 12 };
	const char *path = scratch_path("w.pdparams");
	struct fl_err err = FL_ERR_INIT;
	struct tensor_file file;

	(void)state;
	for (int i = 0; i < 100; i++)
		big[i] = (float)i / 7;
	assert_int_equal(paddle_write_params(path, tensors, 5, names, &err), 0);
	assert_int_equal(tensor_file_open(&file, path, &err), 0);
	assert_int_equal(file.count, 5);
	for (int i = 0; i < 5; i++) {
		const struct named_tensor *t = &file.tensors[i];

		assert_string_equal(t->name, tensors[i].name);
		assert_int_equal(t->dtype, tensors[i].dtype);
		assert_true(named_tensor_has_shape(t, tensors[i].rank,
						   tensors[i].dims));
		if (t->bytes)
			assert_memory_equal(t->data, tensors[i].data, t->bytes);
	}
	check_meta(&file, "StructuredToParameterName@@.x.conv.weight",
		   "conv2d_0.w_0");
	tensor_file_close(&file);

	path = scratch_path("w.pdopt");
	assert_int_equal(
		paddle_write_opt(path, tensors, 1, names, &progress, &err), 0);
	assert_int_equal(tensor_file_open(&file, path, &err), 0);
	check_floats(&file, "conv2d_0.w_0_velocity_0", a, 6);
	check_meta(&file, "LR_Scheduler.last_epoch", "70000");
	check_meta(&file, "LR_Scheduler.last_lr", "0.25");
	check_meta(&file, "last_epoch", "12");
	tensor_file_close(&file);
	assert_int_equal(
		paddle_write_params(scratch_path("is/not/there.pdparams"),
				    tensors, 5, names, &err),
		FL_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_protocol_2),
		cmocka_unit_test(test_protocol_5),
		cmocka_unit_test(test_protocol_0),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
