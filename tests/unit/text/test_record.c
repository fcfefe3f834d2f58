/* Records: a table writes what it reads, whichever forms it has, and takes
 * nothing that is no record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/record.h"

#include <string.h>

struct place {
	int64_t step;
	char digest[5];
};

struct whole {
	const char *name;
	bool past;
	int count, seats[3];
	double share;
	struct place place;
	const struct json *rest;
	int last;
};

enum {
	OLD = 1,
	PLACED = 2
};

static const struct field place_rows[] = {
	FIELD(LONG, struct place, step, "step"),
	FIELD(CHARS, struct place, digest, "digest"),
};
static const struct record place_record = RECORD(struct place, place_rows);

static const struct field rows[] = {
	FIELD(TEXT, struct whole, name, "name"),
	FIELD(BOOL, struct whole, past, "past", .forms = OLD, .absent = true),
	FIELD(INTS, struct whole, seats, "seats",
	      .count = offsetof(struct whole, count)),
	FIELD(REAL, struct whole, share, "share", .absent = -1),
	FIELD(PART, struct whole, place, NULL, .forms = PLACED,
	      .of = &place_record),
	FIELD(JSON, struct whole, rest, "rest"),
	FIELD(INT, struct whole, last, "last", .absent = 7),
};
static const struct record whole_record = RECORD(struct whole, rows);

static struct json *parse(const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o = json_parse(text, strlen(text), "test", &err);

	assert_non_null(o);
	return o;
}

/* Read and written again: the same text. */
static unsigned goes_round(const char *text)
{
	struct json *o = parse(text), *again;
	struct fl_str s = FL_STR_INIT;
	struct whole w;
	unsigned forms = record_read(&whole_record, o, &w);

	again = record_write(&whole_record, &w, forms);
	json_print(again, JSON_TIGHT, &s);
	assert_string_equal(fl_str_get(&s), text);
	fl_str_release(&s);
	json_free(again);
	json_free(o);
	return forms;
}

static void test_round(void **state)
{
	(void)state;
	assert_int_equal(goes_round("{\"name\":\"a\\\"b\",\"seats\":[],"
				    "\"share\":0.1,\"last\":1}"),
			 0);
	assert_int_equal(goes_round("{\"name\":\"\",\"past\":false,"
				    "\"seats\":[3,1],\"share\":2.0,"
				    "\"rest\":{\"x\":[1,null]},\"last\":-1}"),
			 OLD);
	assert_int_equal(goes_round("{\"name\":\"\",\"past\":true,"
				    "\"seats\":[1,2,3],\"share\":-0.5,"
				    "\"step\":5000000000,\"digest\":\"abcd\","
				    "\"last\":0}"),
			 OLD | PLACED);
}

/* What is missing, or of another kind, reads as the table says. */
static void test_absent(void **state)
{
	struct json *o = parse("{\"name\":3,\"seats\":[1,2,3,4],\"past\":0,"
			       "\"digest\":\"longer\",\"share\":\"x\"}");
	struct whole w;

	(void)state;
	assert_int_equal(record_read(&whole_record, o, &w), OLD | PLACED);
	assert_string_equal(w.name, "");
	assert_int_equal(w.count, 0); /* more than there is room for */
	assert_true(w.past);
	assert_true(w.share == -1);
	assert_int_equal(w.place.step, 0);
	assert_string_equal(w.place.digest, "long");
	assert_null(w.rest);
	assert_int_equal(w.last, 7);
	json_free(o);
	assert_int_equal(record_read(&whole_record, NULL, &w), 0);
	assert_int_equal(w.last, 7);
	o = parse("[1]");
	assert_int_equal(record_read(&whole_record, o, &w), 0);
	assert_string_equal(w.name, "");
	json_free(o);
}

/* A copy lives on without what it was copied from. */
static void test_copy(void **state)
{
	struct json *o = parse("{\"a\":[1,{\"b\":\"c\"}]}"), *c = json_clone(o);
	struct fl_str s = FL_STR_INIT;

	(void)state;
	json_set_int(o, "a", 1);
	json_free(o);
	json_print(c, JSON_TIGHT, &s);
	assert_string_equal(fl_str_get(&s), "{\"a\":[1,{\"b\":\"c\"}]}");
	fl_str_release(&s);
	json_free(c);
	assert_null(json_clone(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
