/* Names in label files, parts in folder names, and the rule by which pictures
 * are dealt out: what flotilla new decides without being told. */
#include "data/layout/layout.h"
#include "image/image.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void put(const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", scratch_path(name));
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	scratch_file(name, text, strlen(text));
}

static void picture(const char *name, int w, int h)
{
	struct image im = { 0 };
	struct fl_err err = FL_ERR_INIT;

	put(name, "");
	image_resize_buffer(&im, w, h);
	memset(im.rgb, 90, (size_t)w * (size_t)h * 3);
	assert_int_equal(image_write(scratch_path(name), &im, 90, &err), 0);
	image_release(&im);
}

static void names_are_found_by_their_end(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct tree t;

	(void)state;
	put("tree/a/images/1.jpg", "");
	put("tree/b/images/1.jpg", "");
	put("tree/b/images/2.x.jpg", "");
	put("tree/b/labels/2.x.txt", "");
	put("tree/.hidden/1.jpg", "");
	assert_int_equal(tree_open(&t, scratch_path("tree"), &err), 0);
	assert_int_equal(t.count, 4);
	assert_string_equal(
		tree_find(&t, "x.json", "a/images/1.jpg", NULL, NULL),
		"a/images/1.jpg");
	assert_string_equal(tree_find(&t, "x.json",
				      "C:\\data\\b\\images\\1.jpg", NULL, NULL),
			    "b/images/1.jpg");
	/* the nearer one, where the name alone does not say */
	assert_string_equal(tree_find(&t, "b/all.json", "1.jpg", NULL, NULL),
			    "b/images/1.jpg");
	assert_int_equal(t.ties, 0);
	assert_non_null(tree_find(&t, "all.json", "1.jpg", NULL, NULL));
	assert_int_equal(t.ties, 1);
	assert_null(tree_find(&t, "all.json", "3.jpg", NULL, NULL));
	assert_string_equal(tree_find_stem(&t, "b/labels/2.x.txt", "2.x.txt",
					   image_is_named),
			    "b/images/2.x.jpg");
	tree_close(&t);
}

static void parts_are_told_by_words(void **state)
{
	(void)state;
	assert_int_equal(labels_split_of("train/1.jpg", false), SPLIT_TRAIN);
	assert_int_equal(labels_split_of("a/images/val2017/1.jpg", false),
			 SPLIT_VAL);
	assert_int_equal(labels_split_of("valid/images/train_9.jpg", false),
			 SPLIT_VAL);
	assert_int_equal(labels_split_of("trains/1.jpg", false), SPLIT_NONE);
	assert_int_equal(
		labels_split_of("annotations/instances_val2017.json", true),
		SPLIT_VAL);
	assert_int_equal(
		labels_split_of("annotations/instances_default.json", true),
		SPLIT_NONE);
	assert_int_equal(labels_split_of("Test_Set/x.json", true), SPLIT_TEST);
}

/* Twenty pictures, two of them variants of one photo, four without a box. */
static void make_yolo(void)
{
	char name[64];

	put("yolo/classes.txt", "cat\ndog\n");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "yolo/images/p%02d%s.png",
			 i == 1 ? 0 : i,
			 i > 1 ? ""
			 : i   ? ".rf.a"
			       : ".rf.b");
		picture(name, 40, 20);
		snprintf(name, sizeof(name), "yolo/labels/p%02d%s.txt",
			 i == 1 ? 0 : i,
			 i > 1 ? ""
			 : i   ? ".rf.a"
			       : ".rf.b");
		put(name, i < 16 ? "1 0.5 0.5 0.5 0.5\n0 0.9 0.5 0.4 1\n" : "");
	}
}

static const struct label_image *image_of(const struct labels *l,
					  const char *path)
{
	for (size_t i = 0; i < l->image_count; i++)
		if (strcmp(l->images[i].path, path) == 0)
			return &l->images[i];
	fail();
	return NULL;
}

static void a_fifth_is_held_back(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct labels l, again;
	int val = 0, empty = 0;

	(void)state;
	make_yolo();
	assert_int_equal(
		layout_read(scratch_path("yolo"), NULL, false, &l, &err), 0);
	assert_int_equal(l.image_count, 20);
	for (size_t i = 0; i < l.image_count; i++) {
		val += l.images[i].split == SPLIT_VAL;
		empty += l.images[i].split == SPLIT_VAL &&
			 l.images[i].count == 0;
	}
	assert_in_range(val, 4, 5); /* of 16 and of 4, variants together */
	assert_int_equal(empty, 1);
	assert_int_equal(image_of(&l, "images/p00.rf.a.png")->split,
			 image_of(&l, "images/p00.rf.b.png")->split);
	/* one picture more moves few of the others */
	picture("yolo/images/new.png", 40, 20);
	put("yolo/labels/new.txt", "1 0.5 0.5 0.5 0.5\n");
	assert_int_equal(
		layout_read(scratch_path("yolo"), NULL, false, &again, &err),
		0);
	val = 0;
	for (size_t i = 0; i < l.image_count; i++)
		val += l.images[i].split !=
		       image_of(&again, l.images[i].path)->split;
	assert_in_range(val, 0, 1);
	labels_release(&again);
	labels_release(&l);
}

static void boxes_are_pixels_within(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const struct label_image *im;
	struct labels l;

	(void)state;
	assert_int_equal(
		layout_read(scratch_path("yolo"), "yolo", false, &l, &err), 0);
	im = image_of(&l, "images/p02.png");
	assert_int_equal(im->w, 40);
	assert_int_equal(im->count, 2);
	assert_true(l.boxes[im->first].x == 10 && l.boxes[im->first].y == 5 &&
		    l.boxes[im->first].w == 20 && l.boxes[im->first].h == 10);
	/* 0.7 .. 1.1 of 40 pixels, clipped and told */
	assert_true(l.boxes[im->first + 1].x + l.boxes[im->first + 1].w == 40);
	assert_true(l.odd[ODD_CLIPPED].count > 0);
	labels_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_by_their_end),
		cmocka_unit_test(parts_are_told_by_words),
		cmocka_unit_test(a_fifth_is_held_back),
		cmocka_unit_test(boxes_are_pixels_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
