/* Random damage to small valid files: reading ends with a value or a sentence,
 * never with a crash. The sequence is the same in every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ckpt/checkpoint.h"
#include "ckpt/safetensors.h"

#include "support/pickle_bytes.h"
#include "support/scratch.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 20000

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

/* Bytes that mean something to one of the readers. */
static unsigned char telling_byte(void)
{
	static const unsigned char bytes[] = "\x80\x95.(01}])Ntld\x85\x86\x87"
					     "aesu\x88\x89JKM\x8aILG\x8cX"
					     "\x8d"
					     "CB\x8eUT\x94qrhjc\x93R\x81"
					     "b{}[]\":,-\0\xff\x7f\n";

	return draw(2) ? (unsigned char)draw(256)
		       : bytes[draw(sizeof(bytes) - 1)];
}

/* Change, insert, drop or repeat a few bytes; returns the new size. */
static size_t damage(unsigned char *to, const unsigned char *from, size_t size)
{
	int times = 1 + (int)draw(4);

	memcpy(to, from, size);
	while (times-- > 0 && size > 0) {
		size_t at = draw(size), n = 1 + draw(8);

		if (n > size - at)
			n = size - at;
		switch (draw(5)) {
		case 0:
			to[at] ^= (unsigned char)(1u << draw(8));
			break;
		case 1:
			to[at] = telling_byte();
			break;
		case 2: /* drop n bytes */
			memmove(to + at, to + at + n, size - at - n);
			size -= n;
			break;
		case 3: /* repeat n bytes */
			memmove(to + at + n, to + at, size - at);
			size += n;
			break;
		case 4: /* cut, now and then */
			if (draw(8) == 0)
				size = at;
			break;
		}
	}
	return size;
}

/* Read everything there is to read. */
static void use(const struct tensor_file *file)
{
	char hex[FL_DIGEST_HEX];

	for (size_t i = 0; i < file->count; i++)
		assert_ptr_equal(tensor_file_find(file, file->tensors[i].name),
				 &file->tensors[i]);
	for (size_t i = 0; i < file->meta_count; i++)
		assert_non_null(tensor_file_meta(file, file->meta[i].key));
	checkpoint_digest(file, hex);
}

static void fuzz(const void *data, size_t size)
{
	unsigned char *bytes = malloc(size + 64), *exact;
	size_t good = 0, bad = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct tensor_file file;
		struct fl_err err = FL_ERR_INIT;
		size_t n = damage(bytes, data, size);

		exact = malloc(n ? n : 1);
		memcpy(exact, bytes, n);
		if (tensor_file_parse(&file, exact, n, "fuzzed", &err) == 0) {
			use(&file);
			tensor_file_close(&file);
			good++;
		} else {
			assert_int_equal(err.code, FL_EDATA);
			assert_non_null(strstr(err.text, "fuzzed"));
			bad++;
		}
		free(exact);
	}
	free(bytes);
	/* Damage shows mostly, and values may change unseen. */
	assert_true(good > ROUNDS / 100);
	assert_true(bad > ROUNDS / 2);
}

static void test_pickle(void **state)
{
	const int dims[] = { 2, 3, -1 }, two[] = { 2, -1 };
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\2}q\0(");
	pb_text(&s, "a.w");
	pb_floats(&s, dims);
	pb_text(&s, "w@@.0");
	pb_floats(&s, two);
	pb_text(&s, "UnpackBigParamInfor@@");
	PB(&s, "}U\1w}(U\x0bOriginShapeK\1K\2\x86U\6slicesU\5w@@.0\x85us");
	pb_text(&s, "LR_Scheduler");
	PB(&s, "}q\1(U\1eM\1\2U\1rG\x3f\xf0\0\0\0\0\0\0u");
	PB(&s, "U\1n\x8a\2\xff\xffU\1t\x88U\1lc_codecs\nencode\nX\3\0\0\0"
	       "a\xc3\xbfX\6\0\0\0latin1\x86R0K\1U\1o](h\1h\1eu.");
	fuzz(s.data, s.len);
	fl_str_release(&s);
}

static void test_protocol_5(void **state)
{
	static const float values[] = { 0, 1, 2, 3, 4, 5 };
	struct fl_str s = FL_STR_INIT;

	(void)state;
	PB(&s, "\x80\5}(\x8c\1k\x8c\x13numpy._core.numeric\x8c\x0b_frombuffer"
	       "\x93(\x96\x18\0\0\0\0\0\0\0");
	fl_str_addn(&s, (const char *)values, sizeof(values));
	pb_dtype(&s, "f4", "<");
	PB(&s, "K\2K\3\x86\x8c\1KK\1K\0\x86tRV\\u20acx\np1\nF0.5\ng1\nI2\nu.");
	fuzz(s.data, s.len);
	fl_str_release(&s);
}

static void test_protocol_4(void **state)
{
	static const float values[] = { 1, 2, 3, 4 };
	const struct named_tensor t = { "c.w",	  DTYPE_F32, 2,
					{ 2, 2 }, values,    16 };
	const char *path = scratch_path("f.pdopt"), *name = "conv2d_0.w_0";
	const struct paddle_progress progress = { 300, 0.5, 2 };
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	(void)state;
	assert_int_equal(paddle_write_opt(path, &t, 1, &name, &progress, &err),
			 0);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	fuzz(map.data, map.size);
	fl_map_close(&map);
}

static void test_safetensors(void **state)
{
	static const float values[] = { 1, 2, 3, 4 };
	const struct named_tensor tensors[] = {
		{ "c.w", DTYPE_F32, 2, { 2, 2 }, values, 16 },
		{ "d", DTYPE_U8, 1, { 3 }, "abc", 3 },
	};
	const struct tensor_meta meta = { "k", "text" };
	const char *path = scratch_path("f.safetensors");
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	(void)state;
	assert_int_equal(safetensors_save(path, tensors, 2, &meta, 1, &err), 0);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	fuzz(map.data, map.size);
	fl_map_close(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pickle),
		cmocka_unit_test(test_protocol_4),
		cmocka_unit_test(test_protocol_5),
		cmocka_unit_test(test_safetensors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
