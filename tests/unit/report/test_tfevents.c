/* Event files, byte by byte: checksums by the vectors of RFC 3720, records as
 * protobuf 7.36 writes the same messages (a step of 0 apart, which it leaves
 * out), names that a resumed run counts on, and a disk that is full. (The real
 * TensorBoard reads them in tests/e2e.) */
#include "report/tfevents.h"

#include "base/bytes.h"
#include "base/file.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#define NOW 1790000000

static uint32_t masked(uint32_t crc)
{
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void test_checksums_are_castagnoli_s(void **state)
{
	unsigned char zeros[32] = { 0 }, ones[32];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(tfevents_masked_crc("123456789", 9),
			 masked(0xe3069283));
	assert_int_equal(tfevents_masked_crc(zeros, 32), masked(0x8a9136aa));
	assert_int_equal(tfevents_masked_crc(ones, 32), masked(0x62a8ab43));
}

static struct tfevents *open_in(const char *folder)
{
	struct fl_err err = FL_ERR_INIT;
	struct tfevents *t = NULL;

	if (tfevents_open(folder, NOW, &t, &err) != 0)
		fail_msg("%s", err.text);
	return t;
}

/* Checks both sums of the record at p and returns its payload. */
static const unsigned char *record(const unsigned char *p, size_t left,
				   size_t *size)
{
	assert_true(left >= 16);
	*size = fl_get(p, 8);
	assert_int_equal(fl_get(p + 8, 4), tfevents_masked_crc(p, 8));
	assert_true(*size + 16 <= left);
	assert_int_equal(fl_get(p + 12 + *size, 4),
			 tfevents_masked_crc(p + 12, *size));
	return p + 12;
}

/* After the time, which takes 9 bytes, the payload is this. */
static size_t expect_record(const struct fl_map *map, size_t at,
			    const char *bytes, size_t count)
{
	size_t size;
	const unsigned char *p = record(map->data + at, map->size - at, &size);

	assert_int_equal(p[0], 0x09); /* wall_time, a double */
	assert_int_equal(size, count + 9);
	assert_memory_equal(p + 9, bytes, count);
	return at + size + 16;
}

#define EXPECT(map, at, bytes) expect_record(map, at, bytes, sizeof(bytes) - 1)

static void test_records_are_those_of_protobuf(void **state)
{
	struct tfevents *t = open_in(scratch_path("records"));
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	size_t at;

	(void)state;
	tfevents_begin(t, NOW, 300);
	tfevents_scalar(t, "a/b", 1.5);
	tfevents_scalar(t, "c", -2);
	assert_int_equal(tfevents_end(t, &err), 0);
	tfevents_begin(t, NOW, 301);
	tfevents_restart(t);
	assert_int_equal(tfevents_end(t, &err), 0);
	tfevents_begin(t, NOW, 0);
	tfevents_text(t, "t", "*x*");
	tfevents_image(t, "i", 7, 12, "PNG", 3);
	assert_int_equal(tfevents_end(t, &err), 0);
	assert_int_equal(fl_map_open(&map, tfevents_path(t), &err), 0);
	at = EXPECT(&map, 0,
		    "\x1a\x0d"
		    "brain.Event:2");
	at = EXPECT(&map, at,
		    "\x10\xac\x02\x2a\x16\x0a\x0a\x0a\x03"
		    "a/b\x15\x00\x00\xc0\x3f"
		    "\x0a\x08\x0a\x01"
		    "c\x15\x00\x00\x00\xc0");
	at = EXPECT(&map, at, "\x10\xad\x02\x3a\x02\x08\x01");
	at = EXPECT(&map, at,
		    "\x10\x00\x2a\x45"
		    "\x0a\x1c\x0a\x01t\x42\x0d\x08\x07\x12\x04\x12\x02\x08\x01"
		    "\x42\x03*x*\x4a\x08\x0a\x06\x0a\x04text"
		    "\x0a\x25\x0a\x01i\x42\x14\x08\x07\x12\x04\x12\x02\x08\x03"
		    "\x42\x01\x37\x42\x02\x31\x32\x42\x03PNG"
		    "\x4a\x0a\x0a\x08\x0a\x06images");
	assert_int_equal(at, map.size);
	fl_map_close(&map);
	tfevents_close(t);
}

static void test_a_later_file_has_a_later_name(void **state)
{
	const char *folder = scratch_path("names");
	struct tfevents *a = open_in(folder), *b = open_in(folder);

	(void)state;
	assert_true(
		strstr(tfevents_path(a), "events.out.tfevents.1790000000."));
	assert_true(
		strstr(tfevents_path(b), "events.out.tfevents.1790000001."));
	tfevents_close(a);
	tfevents_close(b);
	tfevents_close(NULL);
}

/* Played by a limit on the size of files, which leaves room for a part. */
static void test_a_full_disk_leaves_whole_records(void **state)
{
	struct tfevents *t = open_in(scratch_path("full"));
	struct fl_err err = FL_ERR_INIT;
	struct rlimit was, few;
	struct fl_map map;
	size_t at;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	few = was;
	few.rlim_cur = 60;
	setrlimit(RLIMIT_FSIZE, &few);
	tfevents_begin(t, NOW, 1);
	tfevents_text(t, "long",
		      "a text of more bytes than there are left here");
	assert_int_equal(tfevents_end(t, &err), FL_EIO);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_non_null(strstr(err.text, "File too large"));
	tfevents_begin(t, NOW, 2); /* there is room again */
	tfevents_restart(t);
	assert_int_equal(tfevents_end(t, &err), 0);
	assert_int_equal(fl_map_open(&map, tfevents_path(t), &err), 0);
	at = EXPECT(&map, 0,
		    "\x1a\x0d"
		    "brain.Event:2");
	at = EXPECT(&map, at, "\x10\x02\x3a\x02\x08\x01");
	assert_int_equal(at, map.size);
	fl_map_close(&map);
	tfevents_close(t);
}

static void test_no_folder_is_an_error(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct tfevents *t = NULL;

	(void)state;
	scratch_file("plain", "x", 1);
	assert_int_not_equal(
		tfevents_open(scratch_path("plain"), NOW, &t, &err), 0);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums_are_castagnoli_s),
		cmocka_unit_test(test_records_are_those_of_protobuf),
		cmocka_unit_test(test_a_later_file_has_a_later_name),
		cmocka_unit_test(test_a_full_disk_leaves_whole_records),
		cmocka_unit_test(test_no_folder_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
