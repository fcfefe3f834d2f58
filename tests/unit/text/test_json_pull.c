#include "base/clock.h"
#include "base/rng.h"
#include "text/json_pull.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* A copy whose last byte is the last of its page, with an unreadable page
 * behind it: reading one byte too far ends the test. */
struct fence {
	unsigned char *base, *data;
	size_t room;
};

static void fence_open(struct fence *f, size_t largest)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	f->room = (largest + page - 1) / page * page;
	f->base = mmap(NULL, f->room + page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(f->base != MAP_FAILED);
	assert_int_equal(mprotect(f->base + f->room, page, PROT_NONE), 0);
}

static const unsigned char *fence_put(struct fence *f, const void *data,
				      size_t size)
{
	f->data = f->base + f->room - size;
	memcpy(f->data, data, size);
	return f->data;
}

/* The tokens of a text as one word: structure as itself, k s n t f 0 . for
 * the rest, '!' for an error. */
static void shape(const void *data, size_t size, char *out, size_t room)
{
	static const char marks[] = ".{}[]ksntf0!";
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;
	enum json_token t;
	size_t n = 0;

	json_pull_init(&r, data, size, "x.json", &err);
	do {
		t = json_pull_next(&r);
		assert_true(n + 1 < room);
		out[n++] = marks[t];
		assert_true(r.start <= size);
	} while (t != JSON_END && t != JSON_BROKEN);
	assert_int_equal(json_pull_next(&r), t);
	out[n] = '\0';
	json_pull_release(&r);
}

/* Up to the end; returns the last token. */
static enum json_token walk(struct json_pull *r)
{
	enum json_token t;

	do
		t = json_pull_next(r);
	while (t != JSON_END && t != JSON_BROKEN);
	return t;
}

static void structure(void **state)
{
	static const struct {
		const char *text, *shape;
	} rows[] = {
		{ "{}", "{}." },
		{ " [ ] \n", "[]." },
		{ "{\"a\":1,\"b\":[true,false,null,\"x\"]}", "{knk[tf0s]}." },
		{ "[[[]],{}]", "[[[]]{}]." },
		{ "1", "n." },
		{ "\"\"", "s." },
		{ "\xEF\xBB\xBF[1]", "[n]." },
		{ "[NaN,Infinity,-Infinity]", "[nnn]." },
		{ "\t[\r\n1 , 2]", "[nn]." },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		shape(rows[i].text, strlen(rows[i].text), out, sizeof(out));
		assert_string_equal(out, rows[i].shape);
	}
}

/* Each broken text with the sentence it must give. */
static void sentences(void **state)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{ "", "byte 0 (line 1): expected a value, found the end of "
		      "the file" },
		{ "  \n ", "byte 4 (line 2): expected a value, found the end" },
		{ "{", "byte 1 (line 1): expected a key in quotes or '}'" },
		{ "[", "byte 1 (line 1): expected a value or ']', found the" },
		{ "[1,]", "byte 3 (line 1): expected a value, found ']'" },
		{ "[1 2]", "byte 3 (line 1): expected ',' or ']', found '2'" },
		{ "{\"a\":1,}", "byte 7 (line 1): expected a key in quotes" },
		{ "{\"a\" 1}", "byte 5 (line 1): expected ':' behind the key" },
		{ "{\"a\":}", "byte 5 (line 1): expected a value, found '}'" },
		{ "{a:1}", "byte 1 (line 1): expected a key in quotes or '}'" },
		{ "{1:1}", "expected a key in quotes or '}', found '1'" },
		{ "{\"a\":1]", "byte 6 (line 1): expected ',' or '}'" },
		{ "[1}", "byte 2 (line 1): expected ',' or ']', found '}'" },
		{ "]", "byte 0 (line 1): expected a value, found ']'" },
		{ "[]]", "byte 2 (line 1): expected the end of the file" },
		{ "1 1", "byte 2 (line 1): expected the end of the file" },
		{ "[tru]", "byte 1 (line 1): expected a value or ']'" },
		{ "[truer]", "byte 1 (line 1): expected a value or ']'" },
		{ "[nan]", "byte 1 (line 1): expected a value or ']'" },
		{ "[-]", "byte 2 (line 1): expected a digit, found ']'" },
		{ "[+1]", "byte 1 (line 1): expected a value or ']'" },
		{ "[.5]", "byte 1 (line 1): expected a value or ']'" },
		{ "[5.]", "byte 3 (line 1): expected a digit behind the po" },
		{ "[1e]", "byte 3 (line 1): expected a digit of the expone" },
		{ "[1e+]", "byte 4 (line 1): expected a digit of the expon" },
		{ "[01]", "byte 1 (line 1): expected a number without lead" },
		{ "[0x1]", "byte 2 (line 1): expected ',' or ']'" },
		{ "\"abc", "byte 4 (line 1): expected a closing quote" },
		{ "\"a\nb\"", "byte 2 (line 1): expected text without contr" },
		{ "\"\\x\"", "byte 2 (line 1): expected an escape like" },
		{ "\"\\u12g4\"", "byte 2 (line 1): expected an escape like" },
		{ "\"\\u12", "byte 2 (line 1): expected an escape like" },
		{ "\"\xC0\x80\"", "byte 1 (line 1): expected UTF-8 text" },
		{ "\"\xED\xA0\x80\"", "byte 1 (line 1): expected UTF-8 text" },
		{ "\"\xF4\x90\x80\x80\"", "byte 1 (line 1): expected UTF-8" },
		{ "\"\xE4\"", "byte 1 (line 1): expected UTF-8 text" },
		{ "[1,\n2,\n\x01]", "byte 7 (line 3): expected a value, found "
				    "byte 0x01" },
	};
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;
	struct fence f;

	(void)state;
	fence_open(&f, 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].text);

		json_pull_init(&r, fence_put(&f, rows[i].text, n), n, "x.json",
			       &err);
		assert_int_equal(walk(&r), JSON_BROKEN);
		assert_int_equal(err.code, FL_EDATA);
		assert_true(strstr(err.text, "'x.json': json broken at ") ==
			    err.text);
		if (!strstr(err.text, rows[i].say))
			fail_msg("for %s: %s", rows[i].text, err.text);
		json_pull_release(&r);
	}
	munmap(f.base, f.room);
}

static void depth_is_bounded(void **state)
{
	char text[600], out[700];

	(void)state;
	memset(text, '[', 300);
	shape(text, 300, out, sizeof(out));
	assert_int_equal(strlen(out), JSON_PULL_DEPTH + 1);
	assert_int_equal(out[JSON_PULL_DEPTH], '!');
	memset(text, '[', 256);
	memset(text + 256, ']', 256);
	shape(text, 512, out, sizeof(out));
	assert_int_equal(out[512], '.');
}

static void strings(void **state)
{
	static const char text[] =
		"[\"a\\u00e4\\n\\\"\\/\\\\\\b\\f\\r\\t\","
		"\"\\ud83d\\ude00\",\"\\ud83d\",\"\\ud83dx\\ude00\","
		"\"a\\u0000b\",\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\","
		"\"\\uD83D\\u0041\"]";
	static const struct {
		const char *text;
		size_t len;
	} want[] = {
		{ "a\xC3\xA4\n\"/\\\b\f\r\t", 11 },
		{ "\xF0\x9F\x98\x80", 4 },
		{ "\xEF\xBF\xBD", 3 },
		{ "\xEF\xBF\xBDx\xEF\xBF\xBD", 7 },
		{ "a\0b", 3 },
		{ "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9 },
		{ "\xEF\xBF\xBD\x41", 4 },
	};
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;

	(void)state;
	json_pull_init(&r, text, sizeof(text) - 1, "x", &err);
	json_pull_next(&r);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(json_pull_next(&r), JSON_STRING);
		assert_int_equal(r.len, want[i].len);
		assert_memory_equal(r.text, want[i].text, r.len);
	}
	assert_int_equal(json_pull_next(&r), JSON_ARRAY_END);
	json_pull_release(&r);
}

static void integers(void **state)
{
	static const struct {
		const char *text;
		bool is_int;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "1.0", false, 0 },
		{ "1e3", false, 0 },
		{ "1099511627776", true, 1099511627776 },
	};
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_pull_init(&r, rows[i].text, strlen(rows[i].text), "x",
			       &err);
		assert_int_equal(json_pull_next(&r), JSON_NUMBER);
		assert_int_equal(r.is_integer, rows[i].is_int);
		assert_true(r.integer == rows[i].value);
		assert_true(r.number == strtod(rows[i].text, NULL));
		json_pull_release(&r);
	}
}

static void check_number(const char *text)
{
	double want = strtod(text, NULL);
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;

	json_pull_init(&r, text, strlen(text), "x", &err);
	if (json_pull_next(&r) != JSON_NUMBER ||
	    memcmp(&r.number, &want, sizeof(want)) != 0)
		fail_msg("'%s' read as %a, is %a", text, r.number, want);
	assert_int_equal(json_pull_next(&r), JSON_END);
	json_pull_release(&r);
}

static void numbers(void **state)
{
	static const char *const hard[] = {
		"9007199254740993",
		"9007199254740992.5",
		"1e22",
		"1e23",
		"8.5e-27",
		"2.2250738585072011e-308",
		"4.9e-324",
		"1e-400",
		"1e309",
		"-1e999999999999",
		"0e999999999",
		"1.7976931348623159e308",
		"123456789012345678901234567890",
		"-0.0",
		"0.1",
		"1e0",
		"0.000000000000000000000000000000000000000000000001",
		"179769313486231570814527423731704356798070567525844996598917",
		"100000000000000016777215",
		"100000000000000016777216",
		"5708990770823839207320493820740630171355185152.0e-45",
	};
	struct fl_rng rng = fl_rng_open(1, FL_RNG_TEST, 0, 0);
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++)
		check_number(hard[i]);
	for (int i = 0; i < 300000; i++) {
		uint64_t bits = fl_rng_u64(&rng);
		double x;

		memcpy(&x, &bits, sizeof(x));
		if (i % 3 != 0 || !isfinite(x))
			x = fl_rng_range(&rng, -2000, 2000);
		snprintf(text, sizeof(text), "%.*g", 1 + i % 21, x);
		check_number(text);
		/* exactly in the middle of two doubles and beside it */
		snprintf(text, sizeof(text), "%lld.5",
			 (long long)(bits >> 12) | 1ll << 52);
		check_number(text);
	}
}

static void not_finite(void **state)
{
	static const char text[] = "[NaN,Infinity,-Infinity,1e999]";
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;

	(void)state;
	json_pull_init(&r, text, sizeof(text) - 1, "x", &err);
	json_pull_next(&r);
	json_pull_next(&r);
	assert_true(isnan(r.number) && !r.is_integer);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(json_pull_next(&r), JSON_NUMBER);
		assert_true(isinf(r.number) && !r.is_integer);
		assert_int_equal(r.number < 0, i == 1);
	}
	assert_int_equal(json_pull_next(&r), JSON_ARRAY_END);
	json_pull_release(&r);
}

static void skipping(void **state)
{
	static const char text[] = "{\"a\":{\"b\":[1,{\"c\":\"\\n\"}]},\"d\":2,"
				   "\"f\":[4,[5,6],7]}";
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;

	(void)state;
	json_pull_init(&r, text, sizeof(text) - 1, "x", &err);
	json_pull_next(&r);
	assert_int_equal(json_pull_next(&r), JSON_KEY);
	assert_true(json_pull_skip(&r, json_pull_next(&r)));
	assert_int_equal(json_pull_next(&r), JSON_KEY);
	assert_true(json_pull_is(&r, "d"));
	assert_false(json_pull_is(&r, "dd"));
	assert_true(json_pull_skip(&r, json_pull_next(&r)));
	assert_int_equal(json_pull_next(&r), JSON_KEY);
	assert_int_equal(json_pull_byte(&r), 32);
	assert_int_equal(json_pull_next(&r), JSON_ARRAY);
	assert_int_equal(json_pull_next(&r), JSON_NUMBER);
	assert_true(r.integer == 4);
	assert_true(json_pull_skip(&r, json_pull_next(&r)));
	assert_int_equal(json_pull_next(&r), JSON_NUMBER);
	assert_true(r.integer == 7);
	assert_int_equal(json_pull_next(&r), JSON_ARRAY_END);
	assert_int_equal(json_pull_next(&r), JSON_OBJECT_END);
	assert_int_equal(json_pull_next(&r), JSON_END);
	json_pull_release(&r);
}

static bool accepted(const unsigned char *data, size_t size, bool skip)
{
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;
	bool ok;

	json_pull_init(&r, data, size, "x", &err);
	if (skip)
		json_pull_skip(&r, json_pull_next(&r));
	ok = walk(&r) == JSON_END;
	json_pull_release(&r);
	return ok;
}

/* Mutations of a good text: never a byte read outside, and walking and
 * skipping agree on what is broken. */
static void fuzz(void **state)
{
	static const char seed[] =
		"{\"images\":[{\"id\":1,\"file_name\":\"a\\u00e4\\ud83d\\ude00"
		".jpg\",\"w\":-1.5e+3},{}],\"x\":[[],true,false,null,NaN,"
		"-Infinity,\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\",0.1,12]}";
	static const char alphabet[] = "{}[]\",:\\u0123456789.eE+-tfnNI \n\x80"
				       "\xC3\xE2\xF0\xFF\x01";
	struct fl_rng rng = fl_rng_open(2, FL_RNG_TEST, 0, 0);
	unsigned char text[sizeof(seed)];
	struct fence f;
	int good = 0;

	(void)state;
	fence_open(&f, sizeof(seed));
	for (int i = 0; i < 200000; i++) {
		size_t n = sizeof(seed) - 1, edits = fl_rng_below(&rng, 4);
		const unsigned char *data;
		bool ok;

		memcpy(text, seed, n);
		for (size_t k = 0; k < edits; k++)
			text[fl_rng_below(&rng, n)] =
				(unsigned char)alphabet[fl_rng_below(
					&rng, sizeof(alphabet) - 1)];
		if (i % 4 == 0)
			n = (size_t)fl_rng_below(&rng, n + 1);
		data = fence_put(&f, text, n);
		ok = accepted(data, n, false);
		assert_int_equal(ok, accepted(data, n, true));
		good += ok;
	}
	assert_true(good > 1000 && good < 199000);
	munmap(f.base, f.room);
}

static void speed(void **state)
{
	struct fl_str s = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;
	enum json_token token;
	struct json_pull r;
	double took, sum = 0;

	(void)state;
	fl_str_add(&s, "[");
	for (int i = 0; i < 100000; i++)
		fl_str_addf(&s,
			    "%s{\"segmentation\": [[%d.%02d, 2.5, 33.75, "
			    "400.1]], \"area\": %d.%04d, \"iscrowd\": 0, "
			    "\"image_id\": %d, \"bbox\": [%d.%02d, 5.5, 6.25, "
			    "7.0], \"category_id\": %d, \"id\": %d}",
			    i ? ", " : "", i % 640, i % 100, i, i % 10000, i,
			    i % 600, i % 97, i % 80 + 1, 900000 + i);
	fl_str_add(&s, "]");
	took = fl_now_s();
	json_pull_init(&r, s.data, s.len, "x", &err);
	while ((token = json_pull_next(&r)) != JSON_END) {
		assert_int_not_equal(token, JSON_BROKEN);
		sum += token == JSON_NUMBER ? r.number : 0;
	}
	took = fl_now_s() - took;
	assert_true(sum > 0);
	printf("%.0f MB/s of annotation text\n", (double)s.len / took * 1e-6);
	json_pull_release(&r);
	fl_str_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(structure),
		cmocka_unit_test(sentences),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(strings),
		cmocka_unit_test(integers),
		cmocka_unit_test(numbers),
		cmocka_unit_test(not_finite),
		cmocka_unit_test(skipping),
		cmocka_unit_test(fuzz),
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
