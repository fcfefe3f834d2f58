/* Fields of messages byte for byte, as protobuf.dev's "Encoding" shows them. */
#include "text/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct fl_str *s, const char *bytes, size_t size)
{
	assert_int_equal(s->len, size);
	assert_memory_equal(fl_str_get(s), bytes, size);
	fl_str_release(s);
}

static void numbers(void **state)
{
	struct fl_str s = FL_STR_INIT;

	(void)state;
	protobuf_int(&s, 1, 150);
	expect(&s, "\x08\x96\x01", 3);
	protobuf_int(&s, 1, 0);
	expect(&s, "\x08\x00", 2);
	protobuf_int(&s, 2, -1);
	expect(&s, "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
	protobuf_int(&s, 20, 7); /* a key of two bytes */
	expect(&s, "\xa0\x01\x07", 3);
	protobuf_float(&s, 2, 1);
	expect(&s, "\x15\x00\x00\x80\x3f", 5);
	protobuf_double(&s, 1, -2);
	expect(&s, "\x09\x00\x00\x00\x00\x00\x00\x00\xc0", 9);
}

static void pieces(void **state)
{
	struct fl_str s = FL_STR_INIT, inner = FL_STR_INIT,
		      long_text = FL_STR_INIT;

	(void)state;
	protobuf_text(&s, 2, "testing");
	expect(&s, "\x12\x07testing", 9);
	protobuf_text(&s, 2, "");
	expect(&s, "\x12\x00", 2);
	protobuf_bytes(&s, 9, "a\0b", 3);
	expect(&s,
	       "J\x03"
	       "a\0b",
	       5);
	protobuf_int(&inner, 1, 150);
	protobuf_message(&s, 3, &inner);
	assert_int_equal(inner.len, 0);
	expect(&s, "\x1a\x03\x08\x96\x01", 5);
	/* A length of two bytes, and the same head alone. */
	for (int i = 0; i < 300; i++)
		fl_str_add(&long_text, "x");
	protobuf_text(&s, 1, fl_str_get(&long_text));
	assert_int_equal(s.len, 303);
	assert_memory_equal(fl_str_get(&s), "\x0a\xac\x02x", 4);
	fl_str_release(&s);
	protobuf_head(&s, 1, 300);
	expect(&s, "\x0a\xac\x02", 3);
	fl_str_release(&long_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
