/* The index of an annotation file: the tables come back as they were; an index of
 * another file, a torn one and one with changed bytes are as if there were none. */
#include "base/par.h"
#include "base/rng.h"
#include "box/annotations_store.h"
#include "data/synth.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char list[4096], other[4096], index_path[4096];
static struct annotations made;

static bool key_of(const char *path, struct annotations_key *key)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	bool there;

	assert_int_equal(fl_map_open(&map, path, &err), 0);
	there = annotations_key_make(path, &map, key);
	fl_map_close(&map);
	return there;
}

static bool load(const char *path, struct annotations *out)
{
	struct annotations_key key;

	assert_true(key_of(path, &key));
	return annotations_store_load(path, &key, out);
}

static bool load_away(const char *path)
{
	struct annotations got;
	bool there = load(path, &got);

	if (there)
		annotations_release(&got);
	return there;
}

static void save_as(const char *path, const struct annotations_key *key)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	assert_int_equal(fl_map_open(&map, path, &err), 0);
	annotations_store_save(path, &map, key, &made);
	fl_map_close(&map);
}

static void save(void)
{
	struct annotations_key key;

	assert_true(key_of(list, &key));
	save_as(list, &key);
}

static void assert_same(const struct annotations *a,
			const struct annotations *b)
{
	assert_int_equal(a->box_count, b->box_count);
	assert_int_equal(a->image_count, b->image_count);
	assert_int_equal(a->category_count, b->category_count);
	assert_int_equal(a->has_boxes, b->has_boxes);
	assert_int_equal(a->lvis, b->lvis);
	assert_int_equal(a->mended_areas, b->mended_areas);
	assert_memory_equal(a->boxes, b->boxes,
			    b->box_count * sizeof(*b->boxes));
	for (size_t i = 0; i < b->image_count; i++) {
		assert_true(a->images[i].id == b->images[i].id &&
			    a->images[i].width == b->images[i].width &&
			    a->images[i].height == b->images[i].height);
		assert_string_equal(a->images[i].file_name,
				    b->images[i].file_name);
	}
	for (size_t i = 0; i < b->category_count; i++) {
		assert_true(a->categories[i].id == b->categories[i].id);
		assert_string_equal(a->categories[i].name,
				    b->categories[i].name);
		assert_string_equal(a->categories[i].parent,
				    b->categories[i].parent);
	}
}

static void test_round_trip(void **state)
{
	struct annotations got;
	struct stat st;

	(void)state;
	save();
	assert_true(load(list, &got));
	assert_same(&got, &made);
	annotations_release(&got);
	assert_int_equal(stat(index_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void put_byte(const char *path, off_t at, char byte)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* One byte in the middle, the length and the stamp as they were: the system's own
 * stamp is not. Then the byte is put back, and is a change again. */
static void test_changed_file(void **state)
{
	struct timespec times[2];
	struct stat st;
	char before;
	int fd;

	(void)state;
	save();
	assert_int_equal(stat(list, &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	fd = open(list, O_RDONLY);
	assert_int_equal(pread(fd, &before, 1, st.st_size / 2), 1);
	close(fd);
	put_byte(list, st.st_size / 2, before == '1' ? '2' : '1');
	assert_int_equal(utimensat(AT_FDCWD, list, times, 0), 0);
	assert_false(load_away(list));
	put_byte(list, st.st_size / 2, before);
	assert_false(load_away(list));
	save();
	assert_true(load_away(list));
}

/* What changes while it is read is not kept. */
static void test_changed_meanwhile(void **state)
{
	struct annotations_key key, late;

	(void)state;
	unlink(index_path);
	assert_true(key_of(list, &key));
	put_byte(list, 0, '{');
	assert_true(key_of(list, &late));
	assert_memory_not_equal(&late, &key, sizeof(key));
	save_as(list, &key);
	assert_int_equal(access(index_path, F_OK), -1);
	assert_false(load_away(list));
}

static void test_torn(void **state)
{
	struct stat st;

	(void)state;
	save();
	assert_int_equal(stat(index_path, &st), 0);
	assert_int_equal(truncate(index_path, st.st_size + 8), 0);
	assert_false(load_away(list));
	for (off_t at = st.st_size - 1; at > 0; at = at * 7 / 8) {
		assert_int_equal(truncate(index_path, at), 0);
		assert_false(load_away(list));
		/* a disk that lost the end, as after a failure of the power */
		assert_int_equal(truncate(index_path, st.st_size), 0);
		assert_false(load_away(list));
	}
	save();
	assert_true(load_away(list));
}

/* Not one byte may differ, wherever it is. */
static void test_changed_bytes(void **state)
{
	struct fl_rng rng = fl_rng_open(1, FL_RNG_TEST, 0, 0);
	struct stat st;

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint64_t most, at;
		unsigned char byte;
		int fd;

		save();
		assert_int_equal(stat(index_path, &st), 0);
		most = round % 2 ? (uint64_t)st.st_size : 512;
		at = fl_rng_below(&rng, most);
		fd = open(index_path, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= (unsigned char)(1u << fl_rng_below(&rng, 8));
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		close(fd);
		assert_false(load_away(list));
	}
	save();
}

/* What lies there is another list's index, a folder, a pipe, a device. */
static void test_foreign(void **state)
{
	struct annotations_key key;
	char theirs[4096], away[4200];

	(void)state;
	assert_true(annotations_place_of(other, theirs, sizeof(theirs)));
	assert_string_not_equal(theirs, index_path);
	save();
	assert_int_equal(rename(index_path, theirs), 0);
	assert_false(load_away(other));
	assert_false(load_away(list));
	assert_int_equal(unlink(theirs), 0);
	assert_int_equal(mkfifo(index_path, 0600), 0);
	assert_false(load_away(list));
	assert_int_equal(unlink(index_path), 0);
	assert_int_equal(symlink("/dev/zero", index_path), 0);
	assert_false(load_away(list));
	save(); /* takes the link's place */
	assert_true(load_away(list));
	snprintf(away, sizeof(away), "%s.away", index_path);
	assert_int_equal(rename(index_path, away), 0);
	assert_int_equal(mkdir(index_path, 0700), 0);
	assert_false(load_away(list));
	assert_true(key_of(list, &key));
	save_as(list, &key); /* cannot, and says nothing */
	assert_int_equal(rmdir(index_path), 0);
	assert_int_equal(unlink(away), 0);
}

/* Ranks that begin together: each finds a whole index or none. */
static void test_race(void **state)
{
	int status;

	(void)state;
	for (int child = 0; child < 4; child++) {
		struct annotations got;

		if (fork() != 0)
			continue;
		fl_par_init(1); /* the parent's threads are not here */
		for (int i = 0; i < 25; i++) {
			save();
			if (load(list, &got)) {
				assert_same(&got, &made);
				annotations_release(&got);
			}
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	assert_true(load_away(list));
}

static void test_no_place(void **state)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	char *before = strdup(cache);

	(void)state;
	setenv("XDG_CACHE_HOME", "/proc/none", 1);
	save();
	assert_false(load_away(list));
	setenv("XDG_CACHE_HOME", before, 1);
	free(before);
}

/* A file of holes: it takes no room but has its length. */
static void make_old(const char *path, off_t bytes, int days)
{
	struct timespec then[2] = { { time(NULL) - 24L * 3600 * days, 0 } };
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	then[1] = then[0];
	assert_int_equal(futimens(fd, then), 0);
	close(fd);
}

static void test_bounded(void **state)
{
	const off_t most = (off_t)ANNOTATIONS_STORE_MOST;
	char oldest[4200], older[4200], left[4200], now[4200];

	(void)state;
	snprintf(oldest, sizeof(oldest), "%s", index_path);
	strcpy(strrchr(oldest, '/'), "/a.index");
	snprintf(older, sizeof(older), "%s", index_path);
	strcpy(strrchr(older, '/'), "/b.index");
	snprintf(left, sizeof(left), "%s.tmp.1.0", older);
	snprintf(now, sizeof(now), "%s.tmp.2.0", older);
	make_old(oldest, most / 2, 9);
	make_old(older, most / 2, 4);
	make_old(left, 100, 2);
	make_old(now, 100, 0);
	save();
	assert_int_equal(access(oldest, F_OK), -1);
	assert_int_equal(access(older, F_OK), 0);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(now, F_OK), 0);
	assert_true(load_away(list));
	unlink(older);
	unlink(now);
}

static int setup(void **state)
{
	struct synth_options o = { .train = 40, .val = 1 };
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	setenv("XDG_CACHE_HOME", scratch_path("cache"), 1);
	if (synth_make_annotations(scratch_path("set"), &o, &err) != 0)
		return -1;
	snprintf(list, sizeof(list), "%s",
		 scratch_path("set/annotations/train.json"));
	snprintf(other, sizeof(other), "%s",
		 scratch_path("set/annotations/val.json"));
	if (annotations_read(list, &made, &err) != 0 ||
	    !annotations_place_of(list, index_path, sizeof(index_path)))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	annotations_release(&made);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_changed_file),
		cmocka_unit_test(test_changed_meanwhile),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_bounded),
	};

	fl_par_init(2);
	return cmocka_run_group_tests(tests, setup, teardown);
}
