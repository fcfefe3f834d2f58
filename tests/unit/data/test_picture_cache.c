/* Decoded pictures that processes share: what was put comes out, by whomever; a
 * bound holds; killed processes, full file systems and torn files cost nothing
 * but pictures. Pictures are made here. */
#include "data/picture_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define IMAGES 12

static char root[64];
static struct data_image images[IMAGES];
static struct dataset data = { .images = images, .count = IMAGES };
static char names[IMAGES][16];

static struct picture_cache *must_open_cache(const char *job, int mib)
{
	struct fl_err err = FL_ERR_INIT;
	struct picture_cache *c = NULL;

	if (picture_cache_open(root, job, &data, mib, &c, &err) != 0)
		fail_msg("%s", err.text);
	return c;
}

/* Picture i, of an odd size of its own. */
static void make(struct image *im, int i)
{
	image_resize_buffer(im, 31 + 7 * i, 40 + i);
	for (int k = 0; k < 3 * im->w * im->h; k++)
		im->rgb[k] = (uint8_t)(k * (i + 3) + (k >> 8));
}

static void put(struct picture_cache *c, int i)
{
	struct image im = { 0 };

	make(&im, i);
	picture_cache_put(c, i, &im);
	image_release(&im);
}

/* Is picture i there, and as it was put? */
static bool has(struct picture_cache *c, int i)
{
	struct image want = { 0 }, got = { 0 };
	bool there = picture_cache_get(c, i, &got);
	bool same = true;

	make(&want, i);
	if (there)
		same = got.w == want.w && got.h == want.h &&
		       memcmp(got.rgb, want.rgb,
			      3 * (size_t)want.w * (size_t)want.h) == 0;
	image_release(&want);
	image_release(&got);
	assert_true(same);
	return there;
}

static int entries(void)
{
	DIR *d = opendir(root);
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void test_round_trip(void **state)
{
	struct picture_cache *c = must_open_cache("", 8);

	(void)state;
	assert_false(picture_cache_get(NULL, 0, NULL));
	for (int i = 0; i < IMAGES; i++) {
		assert_false(has(c, i));
		put(c, i);
		put(c, i); /* again: nothing more is taken */
		assert_true(has(c, i));
	}
	assert_int_equal(picture_cache_state(c).pictures, IMAGES);
	assert_false(picture_cache_state(c).full);
	assert_int_equal(entries(), 1);
	picture_cache_close(c);
	assert_int_equal(entries(), 0);
}

/* One with a warning is decoded each time: what is odd about it is said anew. */
static void test_odd_picture(void **state)
{
	struct picture_cache *c = must_open_cache("", 8);
	struct image im = { 0 };

	(void)state;
	make(&im, 1);
	snprintf(im.warning, sizeof(im.warning), "odd");
	picture_cache_put(c, 1, &im);
	assert_false(has(c, 1));
	im.warning[0] = '\0';
	im.lost = true;
	picture_cache_put(c, 1, &im);
	assert_false(has(c, 1));
	image_release(&im);
	picture_cache_close(c);
}

static void test_bound(void **state)
{
	struct picture_cache *c = must_open_cache("", 1);
	struct image im = { 0 };

	(void)state;
	image_resize_buffer(&im, 300, 300); /* three fit into a MiB */
	memset(im.rgb, 5, 3 * 300 * 300);
	for (int i = 0; i < IMAGES; i++)
		picture_cache_put(c, i, &im);
	assert_int_equal(picture_cache_state(c).pictures, 3);
	assert_true(picture_cache_state(c).full);
	assert_true(picture_cache_state(c).bytes <= 1 << 20);
	image_release(&im);
	picture_cache_close(c);
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Processes of one job see each other's; the last one removes them. */
static void test_shared(void **state)
{
	struct picture_cache *c = must_open_cache("job", 8);
	pid_t pid;

	(void)state;
	put(c, 0);
	pid = fork();
	if (pid == 0) {
		struct picture_cache *mine = must_open_cache("job", 8);
		bool good = has(mine, 0) && !has(mine, 1);

		put(mine, 1);
		picture_cache_close(mine);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(wait_for(pid), 0);
	assert_true(has(c, 1));
	assert_int_equal(entries(), 1);
	picture_cache_close(c);
	assert_int_equal(entries(), 0);
}

/* Many at once, opening, putting the same pictures and closing. */
static void test_crowd(void **state)
{
	pid_t pid[8];

	(void)state;
	for (int k = 0; k < 8; k++) {
		pid[k] = fork();
		if (pid[k] != 0)
			continue;
		for (int round = 0; round < 20; round++) {
			struct picture_cache *c = must_open_cache("crowd", 8);

			for (int i = 0; i < IMAGES; i++) {
				put(c, (i + k) % IMAGES);
				has(c, i);
			}
			picture_cache_close(c);
		}
		_exit(0);
	}
	for (int k = 0; k < 8; k++)
		assert_int_equal(wait_for(pid[k]), 0);
	assert_int_equal(entries(), 0);
}

/* What a killed job left: its own next attempt goes on with it, any other job
 * removes it. */
static void test_killed(void **state)
{
	struct picture_cache *c;
	pid_t pid;

	(void)state;
	for (int other = 0; other < 2; other++) {
		pid = fork();
		if (pid == 0) {
			put(must_open_cache("killed", 8), 2);
			raise(SIGKILL);
		}
		assert_true(WIFSIGNALED(wait_for(pid)));
		assert_int_equal(entries(), 1);
		c = must_open_cache(other ? "another" : "killed", 8);
		assert_int_equal(entries(), 1);
		assert_int_equal(has(c, 2), !other);
		picture_cache_close(c);
		assert_int_equal(entries(), 0);
	}
}

/* Another attempt with another list of the same length finds nothing. */
static void test_other_pictures(void **state)
{
	struct picture_cache *c = must_open_cache("", 8);
	const char *path = images[3].path;

	(void)state;
	put(c, 3);
	images[3].path = "other.jpg";
	assert_false(has(c, 3));
	images[3].path = path;
	assert_true(has(c, 3));
	picture_cache_close(c);
}

/* The one folder in root. */
static void file_of(char *path, size_t size)
{
	DIR *d = opendir(root);
	struct dirent *e;

	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			snprintf(path, size, "%s/%s/pictures", root, e->d_name);
	closedir(d);
}

/* Bytes that changed under us are never followed out of the file. */
static void test_torn(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct picture_cache *c = must_open_cache("torn", 2), *second;
	char path[512];
	uint64_t words[128];
	int fd;

	(void)state;
	for (int i = 0; i < IMAGES; i++)
		put(c, i);
	file_of(path, sizeof(path));
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	for (unsigned round = 0; round < 300; round++) {
		struct image got = { 0 };

		/* behind magic, size, count and first of the head */
		for (int k = 0; k < 128; k++)
			words[k] = (uint64_t)random() << (random() % 40);
		assert_int_equal(pwrite(fd, words, sizeof(words) - 32, 32),
				 (ssize_t)sizeof(words) - 32);
		for (int i = 0; i < IMAGES; i++)
			if (picture_cache_get(c, i, &got))
				assert_true(got.w > 0);
		image_release(&got);
	}
	words[0] = 1;
	assert_int_equal(pwrite(fd, words, 8, 16), 8);
	assert_int_equal(
		picture_cache_open(root, "torn", &data, 2, &second, &err),
		FL_EIO);
	assert_non_null(strstr(err.text, "another data set"));
	close(fd);
	picture_cache_close(c);
	assert_int_equal(entries(), 0);
}

static void test_no_room(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct picture_cache *c;

	(void)state;
	assert_int_equal(
		picture_cache_open("/nowhere/at/all", "", &data, 8, &c, &err),
		FL_EIO);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
	err = (struct fl_err)FL_ERR_INIT;
	assert_int_equal(picture_cache_open("/proc", "", &data, 8, &c, &err),
			 FL_EIO);
}

/* On a file system that somebody else fills meanwhile. */
static int on_a_full_one(void)
{
	struct picture_cache *c;
	char path[96];
	int fd, kept;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", root, "tmpfs", 0, "size=2m") != 0)
		return 77;
	c = must_open_cache("", 64); /* more than there is: less is taken */
	if (picture_cache_state(c).limit > 2 << 20)
		return 2;
	put(c, 0);
	snprintf(path, sizeof(path), "%s/other", root);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	while (write(fd, path, sizeof(path)) > 0)
		;
	for (int i = 1; i < IMAGES; i++)
		put(c, i);
	kept = picture_cache_state(c).pictures;
	if (!has(c, 0) || kept == IMAGES || !picture_cache_state(c).full)
		return 3;
	picture_cache_close(c);
	return 0;
}

static void test_full(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(on_a_full_one());
	status = wait_for(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		printf("skipped: a file system of our own cannot be mounted here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/pictures.%d", (int)getpid());
	for (int i = 0; i < IMAGES; i++) {
		snprintf(names[i], sizeof(names[i]), "%d.jpg", i);
		images[i].path = names[i];
	}
	return mkdir(root, 0700);
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_odd_picture),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_other_pictures),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
