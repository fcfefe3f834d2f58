/* Frames that agents have sent each other, recorded (frames.txt: the header in
 * hexadecimal digits, a blank, the payload, or = and its digits): read by the
 * tables and written again, they are the same bytes. So neither a key nor its
 * place nor its kind can change without this test failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "launch/fleet/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 16
#define MOST 4096

struct recorded {
	unsigned char bytes[MOST];
	size_t size;
};

static size_t read_hex(const char *text, size_t digits, unsigned char *out)
{
	for (size_t i = 0; i + 1 < digits; i += 2) {
		char two[3] = { text[i], text[i + 1] };

		out[i / 2] = (unsigned char)strtoul(two, NULL, 16);
	}
	return digits / 2;
}

static bool next_frame(FILE *file, struct recorded *r)
{
	static char line[2 * MOST];
	const char *payload = line + 2 * HEADER + 1;
	size_t n;

	if (!fgets(line, sizeof(line), file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	r->size = read_hex(line, 2 * HEADER, r->bytes);
	n = strlen(line);
	if (n <= 2 * HEADER)
		return true;
	n -= 2 * HEADER + 1;
	if (*payload == '=') {
		r->size += read_hex(payload + 1, n - 1, r->bytes + HEADER);
	} else {
		memcpy(r->bytes + HEADER, payload, n);
		r->size += n;
	}
	return true;
}

static struct json *written_again(const struct record *r, const struct json *o);

static struct json *all_again(const struct record *r, const struct json *list)
{
	struct json *out = json_new_array();

	for (size_t i = 0; i < json_count(list); i++)
		json_add(out, written_again(r, json_at(list, i)));
	return out;
}

/* Read into the struct and written from it, what lies in it likewise. */
static struct json *written_again(const struct record *r, const struct json *o)
{
	void *values = calloc(1, r->size);
	unsigned forms = record_read(r, o, values);
	struct json *out = record_write(r, values, forms);

	for (int i = 0; i < r->count; i++) {
		const struct field *f = &r->rows[i];
		const struct json *child = f->key ? json_get(o, f->key) : NULL;

		if (!f->of || !child)
			continue;
		json_set(out, f->key,
			 json_kind_of(child) == JSON_KIND_ARRAY
				 ? all_again(f->of, child)
				 : written_again(f->of, child));
	}
	free(values);
	return out;
}

static void check_json(const struct frame_row *row, const char *text,
		       size_t size)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o = json_parse(text, size, row->name, &err), *again;
	struct fl_str s = FL_STR_INIT;

	assert_non_null(o);
	if (!row->record)
		again = json_clone(o);
	else
		again = row->list ? all_again(row->record, o)
				  : written_again(row->record, o);
	json_print(again, 0, &s);
	if (s.len != size || memcmp(s.data, text, size) != 0)
		fail_msg("%s is not written as it was:\n%.*s\n%s", row->name,
			 (int)size, text, fl_str_get(&s));
	fl_str_release(&s);
	json_free(again);
	json_free(o);
}

/* Off one wire, onto another one. */
static void check_wire(const struct recorded *r, struct wire_frame *frame,
		       struct wire *in)
{
	unsigned char sent[MOST];
	struct wire out;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	wire_init(in, ends[0]);
	assert_int_equal(write(ends[1], r->bytes, r->size), (ssize_t)r->size);
	assert_true(wire_pump(in));
	assert_int_equal(wire_next(in, frame), 1);
	wire_init(&out, ends[1]);
	wire_send(&out, frame->type, frame->attempt, frame->data, frame->size);
	assert_true(wire_pump(&out));
	assert_int_equal(read(ends[0], sent, sizeof(sent)), (ssize_t)r->size);
	assert_memory_equal(sent, r->bytes, r->size);
	wire_close(&out);
}

static void test_recorded(void **state)
{
	FILE *file = fopen("tests/unit/launch/frames.txt", "r");
	bool seen[WIRE_TYPES] = { false };
	struct recorded r;

	(void)state;
	assert_non_null(file);
	while (next_frame(file, &r)) {
		const struct frame_row *row;
		struct wire_frame frame;
		struct wire in;

		check_wire(&r, &frame, &in);
		row = frames_find(frame.type);
		assert_non_null(row);
		if (row->record || row->json)
			check_json(row, (const char *)frame.data, frame.size);
		seen[frame.type] = true;
		wire_close(&in);
	}
	fclose(file);
	for (int i = 1; i < WIRE_TYPES; i++)
		if (!seen[i] && i != WIRE_CHUNK) /* 128 KiB of a checkpoint */
			fail_msg("no frame of type %d was recorded", i);
}

/* Each frame has a row of its own, and somebody who takes it. */
static void test_rows(void **state)
{
	(void)state;
	for (int i = 1; i < WIRE_TYPES; i++) {
		const struct frame_row *row = frames_find(i);

		assert_non_null(row);
		assert_true(row->hear == NULL || row->states != 0);
		assert_true((row->hear == NULL) ==
			    (i <= WIRE_PING)); /* the link's own */
	}
	assert_null(frames_find(0));
	assert_null(frames_find(WIRE_TYPES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
