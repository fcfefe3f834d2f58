/* A long list of boxes read by several threads is what one thread reads: the same
 * tables, the same sentence about what is broken. The lists are made to mislead who
 * guesses where a box begins: texts with "}, {" in them, lists of objects within boxes,
 * ids that are texts, boxes with faults, spaces of all kinds, bytes changed anywhere. */
#include "base/par.h"
#include "base/rng.h"
#include "base/str.h"
#include "box/annotations.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES ((size_t)3 << 20)
#define IMAGES 500

enum trap {
	NOTHING,
	TEXTS,
	LISTS,
	TEXT_IDS,
	FAULTS,
	ALL,
	TRAPS
};

static void add_box(struct fl_str *s, struct fl_rng *rng, enum trap trap,
		    int id)
{
	static const char *const spaces[] = { "", " ", "\n\t ", "\r\n" };
	const char *space = spaces[fl_rng_below(rng, 4)];
	bool odd = fl_rng_below(rng, 20) == 0;

	fl_str_addf(s,
		    "%s{%s\"id\": %d, \"bbox\": [%d.25, 7, 1e1, %d], \"area\": "
		    "%d.125, \"image_id\": %d, \"category_id\": 1",
		    space, space, id, id % 640, id % 99, id,
		    1 + (int)fl_rng_below(rng, IMAGES));
	if (odd && (trap == TEXTS || trap == ALL))
		fl_str_addf(
			s,
			", \"note\": \"}, {\\\"id\\\": 1, \\\"image_id\\\": 1}, "
			"{\\\"category_id\\\": 1}, {}\"");
	if (trap == LISTS || trap == ALL)
		fl_str_addf(
			s,
			", \"parts\": [{\"image_id\": 1, \"category_id\": 2}, "
			"{\"image_id\": 3, \"category_id\": 4}]");
	if (odd && (trap == TEXT_IDS || trap == ALL))
		fl_str_addf(s, ", \"id\": \"t%d\"", id);
	if (odd && (trap == FAULTS || trap == ALL))
		fl_str_add(s, ", \"bbox\": [1, 2]"); /* the last one counts */
	fl_str_addf(s, "%s}%s", space, space);
}

static void make(struct fl_str *s, struct fl_rng *rng, enum trap trap)
{
	fl_str_clear(s);
	fl_str_add(s, "{\"annotations\": [");
	for (int id = 1; s->len < BYTES; id++) {
		if (id > 1)
			fl_str_add(s, ",");
		add_box(s, rng, trap, id);
	}
	fl_str_add(s, "], \"categories\": [{\"id\": 1}], \"images\": [");
	for (int i = 1; i <= IMAGES; i++)
		fl_str_addf(s, "%s{\"id\": %d}", i > 1 ? ", " : "", i);
	fl_str_add(s, "]}");
}

static int read_with(int threads, const char *path, struct annotations *a,
		     struct fl_err *err)
{
	*err = (struct fl_err)FL_ERR_INIT;
	fl_par_init(threads);
	return annotations_read(path, a, err);
}

/* 1 where the list is whole. */
static int compare(const char *path)
{
	struct annotations one, many;
	struct fl_err by_one, by_many;
	int rc = read_with(1, path, &one, &by_one);

	assert_int_equal(read_with(4, path, &many, &by_many), rc);
	assert_string_equal(by_many.text, by_one.text);
	assert_int_equal(many.box_count, one.box_count);
	assert_int_equal(many.ids.count, one.ids.count);
	assert_int_equal(many.image_count, one.image_count);
	if (one.box_count > 0)
		assert_memory_equal(many.boxes, one.boxes,
				    one.box_count * sizeof(*one.boxes));
	assert_int_equal(many.fault_count, one.fault_count);
	for (size_t i = 0; i < one.fault_count; i++) {
		assert_int_equal(many.faults[i].box, one.faults[i].box);
		assert_int_equal(many.faults[i].line, one.faults[i].line);
		assert_string_equal(many.faults[i].what, one.faults[i].what);
	}
	for (size_t i = 0; i < one.ids.count; i++)
		assert_string_equal(many.ids.texts[i], one.ids.texts[i]);
	annotations_release(&one);
	annotations_release(&many);
	return rc == 0;
}

static void test_traps(void **state)
{
	struct fl_rng rng = fl_rng_open(2, FL_RNG_TEST, 0, 0);
	struct fl_str s = FL_STR_INIT;

	(void)state;
	for (int trap = NOTHING; trap < TRAPS; trap++) {
		make(&s, &rng, (enum trap)trap);
		assert_int_equal(
			compare(scratch_file("list.json", s.data, s.len)), 1);
	}
	fl_str_release(&s);
}

static void test_broken(void **state)
{
	static const char bytes[] = "{}[]\",:0 x\\\x80";
	struct fl_rng rng = fl_rng_open(3, FL_RNG_TEST, 0, 0);
	struct fl_str s = FL_STR_INIT;
	int whole = 0;

	(void)state;
	make(&s, &rng, ALL);
	for (int round = 0; round < 20; round++) {
		size_t at = fl_rng_below(&rng, s.len);
		size_t cut = fl_rng_below(&rng, 8) ? s.len : at;
		char before = s.data[at];

		s.data[at] = bytes[fl_rng_below(&rng, sizeof(bytes) - 1)];
		whole += compare(scratch_file("list.json", s.data, cut));
		s.data[at] = before;
	}
	fl_str_release(&s);
	printf("still whole: %d of 20\n", whole);
	assert_true(whole > 0 && whole < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traps),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
