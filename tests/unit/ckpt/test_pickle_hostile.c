/* Damaged and hostile pickles: every one is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ckpt/tensor_file.h"

#include "support/pickle_bytes.h"

#include <stdlib.h>
#include <string.h>

/* Read from memory of the exact size, so that sanitizers see a byte too far. */
static int read_bytes(const void *data, size_t size, struct fl_err *err)
{
	void *copy = malloc(size ? size : 1);
	struct tensor_file file;
	int rc;

	memcpy(copy, data, size);
	rc = tensor_file_parse(&file, copy, size, "x.pdparams", err);
	if (rc == 0)
		tensor_file_close(&file);
	free(copy);
	return rc;
}

static void refuse(const char *name, const void *data, size_t size,
		   const char *why)
{
	struct fl_err err = FL_ERR_INIT;
	int rc = read_bytes(data, size, &err);

	if (rc != FL_EDATA || !strstr(err.text, why) ||
	    !strstr(err.text, "x.pdparams"))
		fail_msg("%s: code %d, '%s'; due was '%s'", name, rc, err.text,
			 why);
}

struct bytes_case {
	const char *bytes;
	size_t size;
	const char *why;
};

#define CASE(literal, why)                        \
	{                                         \
		literal, sizeof(literal) - 1, why \
	}

static const struct bytes_case calls[] = {
	CASE("\x80\4cbuiltins\neval\nX\4\0\0\0evil\x85R.", "'builtins.eval'"),
	CASE("\x80\2c__builtin__\neval\nX\4\0\0\0evil\x85R.",
	     "'__builtin__.eval'"),
	CASE("\x80\2cos\nsystem\nX\4\0\0\0evil\x85R.", "'os.system'"),
	CASE("\x80\2cposix\nsystem\nX\4\0\0\0evil\x85R.", "'posix.system'"),
	CASE("\x80\4\x8c\2os\x8c\6system\x93\x8c\4evil\x85R.", "'os.system'"),
	CASE("\x80\4csubprocess\nPopen\n)\x81.", "'subprocess.Popen'"),
	CASE("\x80\4cnumpy\nload\n.", "'numpy.load'"),
	CASE("\x80\4cbuiltins\ngetattr\n.", "'builtins.getattr'"),
	CASE("\x80\4c\n\n.", "asks for '.'"),
	CASE("\x80\4cnumpy.core\nmultiarray._reconstruct\n.", "numpy.core"),
	CASE("\x80\4co\033[31ms\nsystem\n.", "'o?[31ms.system'"),
	CASE("\x80\4K\1K\2\x93.", "named by an integer"),
	CASE("\x80\4K\1)R.", "a call of an integer"),
	CASE("\x80\4cnumpy\nndarray\n)R.", "a call of numpy.ndarray"),
	CASE("\x80\4cnumpy\nndarray\n)\x81.", "a class that is not allowed"),
	CASE("\x80\4ccollections\nOrderedDict\nK\1\x85R.", "OrderedDict"),
	CASE("\x80\4cbuiltins\ntuple\n)R.", "a tuple is made of"),
	CASE("\x80\4c__builtin__\nbytes\nK\7\x85R.", "bytes are made"),
	CASE("\x80\4cnumpy\ndtype\n)R.", "a dtype is made"),
	CASE("\x80\4cnumpy\ndtype\n\x8c\2O8\x89\x88\x87R.", "type 'O8'"),
	CASE("\x80\4cnumpy\ndtype\n\x8c\2V9\x89\x88\x87R.", "type 'V9'"),
	CASE("\x80\4cnumpy.core.multiarray\n_reconstruct\n)R.", "is begun"),
	CASE("\x80\4cnumpy.core.multiarray\n_reconstruct\nK\1K\2K\3\x87R.",
	     "is begun"),
	CASE("\x80\4cnumpy.core.multiarray\nscalar\n)R.", "a scalar is made"),
	CASE("\x80\4cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n"
	     "\x8c\2f8\x89\x88\x87RC\4abcd\x86R.",
	     "a scalar is made"),
	CASE("\x80\2c_codecs\nencode\nX\1\0\0\0aX\5\0\0\0utf-8\x86R.",
	     "otherwise than as latin1"),
	CASE("\x80\2c_codecs\nencode\nX\3\0\0\0\xe2\x82\xacX\6\0\0\0latin1"
	     "\x86R.",
	     "outside latin1"),
	CASE("\x80\2c_codecs\nencode\nX\1\0\0\0\xc3X\6\0\0\0latin1\x86R.",
	     "outside latin1"),
};

static const struct bytes_case opcodes[] = {
	CASE("\x80\2Pabc\n.", "opcode 0x50"),		       /* PERSID */
	CASE("\x80\4K\1Q.", "opcode 0x51"),		       /* BINPERSID */
	CASE("\x80\4(ios\nsystem\n.", "opcode 0x69"),	       /* INST */
	CASE("\x80\4(o.", "opcode 0x6f"),		       /* OBJ */
	CASE("\x80\4\x82\1.", "opcode 0x82"),		       /* EXT1 */
	CASE("\x80\4}2.", "opcode 0x32"),		       /* DUP */
	CASE("\x80\4)}\x92.", "opcode 0x92"),		       /* NEWOBJ_EX */
	CASE("\x80\4\x8f.", "opcode 0x8f"),		       /* EMPTY_SET */
	CASE("\x80\5\x97.", "pickled with a buffer_callback"), /* NEXT_BUFFER */
	CASE("\x80\5\x98.", "pickled with a buffer_callback"),
	CASE("\x80\5\x96\xff\xff\xff\xff\xff\xff\xff\x7f"
	     "a.",
	     "bytes are announced"), /* BYTEARRAY8 */
	CASE("\x80\5\x96\1\0\0\0\0\0\0\0a.", "holds bytes where a"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n)R.",
	     "made of a buffer with other arguments"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n(C\4abcdcnumpy\ndtype\n"
	     "U\2f4\x85RK\1\x85U\1AtR.",
	     "made of a buffer with other arguments"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n(C\4abcdcnumpy\ndtype\n"
	     "U\2f4\x85RK\2\x85U\1CtR.",
	     "cannot have 4 bytes"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n(C\4abcdcnumpy\ndtype\n"
	     "U\2f4\x85RJ\xff\xff\xff\xff\x85U\1FtR.",
	     "cannot have 4 bytes"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n(C\4abcdcnumpy\ndtype\n"
	     "U\2f4\x85RK\1K\1\x86U\1KK\0K\0\x86tR.",
	     "each of its own once"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n(C\4abcdcnumpy\ndtype\n"
	     "U\2f4\x85RK\1K\1\x86U\1KK\0K\7\x86tR.",
	     "each of its own once"),
	CASE("\x80\4cnumpy.core.numeric\n_frombuffer\n(C\4abcdcnumpy\ndtype\n"
	     "U\2f4\x85RK\1\x85U\1K)tR.",
	     "other axes than its own"),
	CASE("\x80\4cbuiltins\nbytearray\nK\5\x85R.",
	     "something else than bytes"),
	CASE("(dg7x\n.", "place of the memo is no number"),
	CASE("(dp99999999999\n.", "place of the memo is no number"),
	CASE("(dg9\n.", "memo 9 was never filled"),
	CASE("(dVw\nF0x\ns.", "is no number"),
	CASE("(dVw", "a line without an end"),
	CASE("\x80\4R.", "needs 2 values"),
	CASE("\x80\4\x85.", "needs 1 values"),
	CASE("\x80\4(\x85.", "needs 1 values"),
	CASE("\x80\4K\1(\x86.", "needs 2 values"),
	CASE("\x80\4"
	     "0.",
	     "needs 1 values"),
	CASE("\x80\4"
	     "1.",
	     "no mark"),
	CASE("\x80\4t.", "no mark"),
	CASE("\x80\4}u.", "no mark"),
	CASE("\x80\4a.", "needs 2 values"),
	CASE("\x80\4K\1s.", "needs 3 values"),
	CASE("\x80\4(K\1u.", "needs 2 values"),
	CASE("\x80\4.", "ends with 0 values"),
	CASE("\x80\4}}.", "ends with 2 values"),
	CASE("\x80\4}(.", "ends with 1 values"),
	CASE("\x80\4}.x", "1 bytes follow"),
	CASE("\x80\4}\x80\x09.", "protocol 9"),
	CASE("\x80\4(K\1d.", "a key without a value"),
	CASE("\x80\4}(K\1u.", "a key without a value"),
	CASE("\x80\4}(K\1e.", "put into a dictionary"),
	CASE("\x80\4]K\1K\2s.", "put into a list"),
	CASE("\x80\4)K\1a.", "put into a tuple"),
	CASE("\x80\4\x94.", "needs 1 values"),
	CASE("\x80\4(\x94.", "needs 1 values"),
	CASE("\x80\4h\5.", "memo 5 was never filled"),
	CASE("\x80\4j\xff\xff\xff\xff.", "memo 4294967295 was never"),
	CASE("\x80\4}r\xff\xff\xff\xff.", "out of range"),
	CASE("\x80\4}}b.", "gets a dictionary as its state"),
	CASE("\x80\4})b.", "is given a state"),
	CASE("\x80\4K\1)b.", "is given a state"),
};

static const struct bytes_case lengths[] = {
	CASE("\x80\4", "has no end"),
	CASE("\x80\4}", "has no end"),
	CASE("\x80\4X\xff\xff\xff\xff", "4294967295 bytes are announced"),
	CASE("\x80\4X\1\0", "4 bytes are announced"),
	CASE("\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
	     "a",
	     "18446744073709551615 bytes are announced"),
	CASE("\x80\4\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"
	     "a",
	     "bytes are announced"),
	CASE("\x80\4B\xff\xff\xff\x7f"
	     "a",
	     "bytes are announced"),
	CASE("\x80\4T\xff\xff\xff\x7f"
	     "a",
	     "bytes are announced"),
	CASE("\x80\4\x8c\x0a"
	     "ab",
	     "10 bytes are announced and 2 are left"),
	CASE("\x80\4U\xff"
	     "a",
	     "bytes are announced"),
	CASE("\x80\4\x95\xff\0\0\0\0\0\0\0}.", "a frame of 255 bytes"),
	CASE("\x80\4\x95\xff\xff\xff\xff\xff\xff\xff\xff}.", "a frame of"),
	CASE("\x80\4G\1\2", "8 bytes are announced"),
	CASE("\x80\4\x8a\x09"
	     "123456789.",
	     "integer of 9 bytes"),
	CASE("\x80\4\x8a\xff.", "integer of 255 bytes"),
	CASE("\x80\4Iabc\n.", "'abc' is no integer"),
	CASE("\x80\4I\n.", "0 digits"),
	CASE("\x80\4L99999999999999999999999999L\n.", "26 digits"),
	CASE("\x80\4I12", "a line without an end"),
	CASE("\x80\4cnumpy\nndarray", "a line without an end"),
	CASE("\x80\4cnumpy", "a line without an end"),
};

static const struct bytes_case contents[] = {
	CASE("", "is empty"),
	CASE("PK\3\4zip", "zip archive"),
	CASE("<html>", "web page"),
	CASE("\x1f\x8bzz", "gzip"),
	CASE("version https://git-lfs.github.com/spec/v1", "Git LFS"),
	CASE("hello", "neither a safetensors file nor"),
	CASE("\x80\x09}.", "neither a safetensors file nor"),
	CASE("\x80", "neither a safetensors file nor"),
	CASE("\x80\4K\1.", "holds an integer"),
	CASE("\x80\4].", "holds a list"),
	CASE("\x80\4N.", "holds nothing"),
	CASE("\x80\4}NK\1s.", "a key that is no text"),
	CASE("\x80\4}\x8c\3a\0bK\1s.", "not fit for a name"),
	CASE("\x80\4}\x8c\1a\x8c\1\xffs.", "not UTF-8"),
	CASE("\x80\4}\x8c\1a\x8c\3x\0ys.", "not UTF-8"),
	CASE("\x80\4}\x8c\1aC\1xs.", "is no tensor"),
	CASE("\x80\4}\x8c\1acnumpy\nndarray\ns.", "is no tensor"),
	CASE("\x80\4}\x94\x8c\1ah\0s.", "contains itself"),
	CASE("\x80\4}\x8c\1a]\x94h\0as.", "contains itself"),
	CASE("\x80\4}\x8c\1a]]]]]]]]]]]]]]]]]]]]aaaaaaaaaaaaaaaaaaas.",
	     "is nested too deep"),
	CASE("\x80\4}\x8c\x15UnpackBigParamInfor@@K\1s.", "no dictionary"),
	CASE("\x80\4}\x8c\x15UnpackBigParamInfor@@}\x8c\1aK\1ss.",
	     "table of slices"),
};

#define RUN(cases)                                                    \
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) \
	refuse(#cases, cases[i].bytes, cases[i].size, cases[i].why)

static void test_calls(void **state)
{
	(void)state;
	RUN(calls);
}

static void test_opcodes(void **state)
{
	(void)state;
	RUN(opcodes);
}

static void test_lengths(void **state)
{
	(void)state;
	RUN(lengths);
}

static void test_contents(void **state)
{
	(void)state;
	RUN(contents);
}

/* {'w': array} with something wrong in the array */
static void refuse_array(const char *dtype, const int *dims, int fortran,
			 size_t size, const char *why)
{
	static const char zeros[64];
	struct fl_str s = FL_STR_INIT;

	PB(&s, "\x80\2}");
	pb_text(&s, "w");
	pb_array(&s, dtype, dims, fortran, zeros, size);
	PB(&s, "s.");
	refuse(why, s.data, s.len, why);
	fl_str_release(&s);
}

static void test_arrays(void **state)
{
	const int flat[] = { 4, -1 },
		  huge[] = { INT32_MAX, INT32_MAX, INT32_MAX, 0x7fff, -1 };
	const int nine[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, -1 };
	const int grid[] = { 2, 3, -1 };

	(void)state;
	refuse_array("f4", flat, 0, 15, "shape [4] cannot have 15 bytes");
	refuse_array("f4", flat, 0, 17, "cannot have 17 bytes");
	refuse_array("f8", flat, 0, 16, "type F64 and shape [4]");
	refuse_array("f4", huge, 0, 16, "cannot have 16 bytes");
	refuse_array("f4", nine, 0, 4, "at most 8 numbers");
	refuse_array("f4", grid, 1, 20, "cannot have 20 bytes");
	refuse_array("i2", flat, 0, 8, "type 'i2' are not supported");
	refuse_array("c8", flat, 0, 32, "type 'c8' are not supported");
}

/* An array whose state is given by hand. */
static void refuse_state(const char *state, size_t size, const char *why)
{
	struct fl_str s = FL_STR_INIT;

	PB(&s, "\x80\2}");
	pb_text(&s, "w");
	pb_global(&s, "numpy.core.multiarray", "_reconstruct");
	pb_global(&s, "numpy", "ndarray");
	PB(&s, "K\0\x85"
	       "U\1b\x87R");
	fl_str_addn(&s, state, size);
	PB(&s, "s.");
	refuse(why, s.data, s.len, why);
	fl_str_release(&s);
}

#define STATE(literal, why) refuse_state(literal, sizeof(literal) - 1, why)
#define F4 "cnumpy\ndtype\nU\2f4\x89\x88\x87R"

static void test_states(void **state)
{
	(void)state;
	STATE("", "array without values");
	STATE("K\1b", "gets an integer as its state");
	STATE(")b", "a state that numpy does not write");
	STATE("(K\1)" F4 "\x89tb", "a state that numpy does not write");
	STATE("(K\1)" F4 "\x89U\4abcdtb(K\1)" F4 "\x89U\4abcdtb",
	      "is filled twice");
	STATE("(K\1K\1" F4 "\x89U\4abcdtb", "no tuple of at most");
	STATE("(K\1U\1a\x85" F4 "\x89U\4abcdtb", "shape of an array holds");
	STATE("(K\1J\xff\xff\xff\xff\x85" F4 "\x89U\4abcdtb", "cannot have");
	STATE("(K\1)" F4 "\x89]tb", "a state that numpy does not write");
	STATE("(K\1)" F4 "(K\3U\1>NNNtb\x89U\4abcdtb", "big-endian");
	STATE("(K\1)" F4 "(K\3U\1!NNNtb\x89U\4abcdtb", "unknown byte order");
	STATE("(K\1)" F4 "(K\3U\1<NN)tb\x89U\4abcdtb", "made of fields");
	STATE("(K\1)" F4 "(K\3U\1<tb\x89U\4abcdtb", "a dtype has a state");
	STATE("(K\1)" F4 "(K\3U\1<NNNtb(K\3U\1<NNNtb\x89U\4abcdtb",
	      "is filled twice");
}

static void test_names(void **state)
{
	const int dims[] = { 2, -1 };
	struct fl_str s = FL_STR_INIT;
	static const struct {
		const char *first, *second, *why;
	} pairs[] = {
		{ "w", "w", "two tensors 'w'" },
		{ "v", "", "empty or no text" },
		{ "v", "a\xff", "empty or no text" },
		{ "v", "a\nb", "empty or no text" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		fl_str_clear(&s);
		PB(&s, "\x80\2}(");
		pb_text(&s, pairs[i].first);
		pb_floats(&s, dims);
		pb_text(&s, pairs[i].second);
		pb_floats(&s, dims);
		PB(&s, "u.");
		refuse(pairs[i].why, s.data, s.len, pairs[i].why);
	}
	fl_str_release(&s);
}

/* Slices that are missing, used twice or do not fill the shape. */
static void test_slices(void **state)
{
	static const struct {
		const char *one, *two;
		int rows;
		const char *why;
	} cases[] = {
		{ "w@@.0", "w@@.2", 2, "a slice that is missing" },
		{ "w@@.0", "w@@.0", 2, "a slice that is missing" },
		{ "w@@.0", "w@@.1", 3, "cannot have 16 bytes" },
	};
	const int dims[] = { 2, -1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_str s = FL_STR_INIT;

		PB(&s, "\x80\2}(");
		pb_text(&s, "w@@.0");
		pb_floats(&s, dims);
		pb_text(&s, "w@@.1");
		pb_floats(&s, dims);
		pb_text(&s, "UnpackBigParamInfor@@");
		PB(&s, "}");
		pb_text(&s, "w");
		PB(&s, "}(");
		pb_text(&s, "OriginShape");
		pb_int(&s, cases[i].rows);
		PB(&s, "K\2\x86");
		pb_text(&s, "slices");
		PB(&s, "(");
		pb_text(&s, cases[i].one);
		pb_text(&s, cases[i].two);
		PB(&s, "tusu.");
		refuse(cases[i].why, s.data, s.len, cases[i].why);
		fl_str_release(&s);
	}
}

/* Ten dictionaries, each holding the next one ten times. */
static void test_tree(void **state)
{
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\4}\x94\x8c\1xK\1s0");
	for (int depth = 1; depth < 10; depth++) {
		PB(&s, "}\x94(");
		for (int i = 0; i < 10; i++) {
			char get[2] = { 'h', (char)(depth - 1) };

			fl_str_addf(&s, "\x8c%c%c", 1, 'a' + i);
			fl_str_addn(&s, get, 2);
		}
		PB(&s, "u0");
	}
	PB(&s, "h\x09.");
	refuse("tree", s.data, s.len, "repeats or contains itself");
	fl_str_release(&s);
}

/* A text that is encoded again and again. */
static void test_copies(void **state)
{
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\2}(");
	pb_text(&s, "a");
	PB(&s, "X\0\4\0\0");
	for (int i = 0; i < 1024; i++)
		fl_str_add(&s, "x");
	PB(&s, "q\1");
	for (int i = 0; i < 100; i++)
		PB(&s, "c_codecs\nencode\nh\1U\6latin1\x86R0");
	PB(&s, "u.");
	refuse("copies", s.data, s.len, "far more bytes than the file has");
	fl_str_release(&s);
}

static void test_steps(void **state)
{
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\2}");
	for (int i = 0; i < 1100000; i++)
		PB(&s, "N0");
	PB(&s, ".");
	refuse("steps", s.data, s.len, "more than 2000000 opcodes");
	fl_str_release(&s);
}

/* A good file cut at any byte is refused; whole it is read. */
static void test_truncated(void **state)
{
	const int dims[] = { 2, 3, -1 };
	struct fl_str s = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	PB(&s, "\x80\4\x95\x20\0\0\0\0\0\0\0}q\0(");
	pb_text(&s, "a.w");
	pb_floats(&s, dims);
	pb_text(&s, "LR_Scheduler");
	PB(&s, "}(\x8c\1eM\1\2\x8c\1rG\x3f\xf0\0\0\0\0\0\0u");
	PB(&s, "\x8c\1n\x8a\2\xff\xff\x8c\1t\x88u.");
	assert_int_equal(read_bytes(s.data, s.len, &err), 0);
	for (size_t n = 0; n < s.len; n++) {
		if (read_bytes(s.data, n, &err) != FL_EDATA)
			fail_msg("cut at %zu of %zu was read", n, s.len);
		assert_true(strlen(err.text) > 10);
	}
	fl_str_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_opcodes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
