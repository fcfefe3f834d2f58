/* Broken and odd label files of every layout, by mutation: reading them either
 * succeeds, with boxes inside of their pictures and an annotation file that can
 * be read back, or ends with a sentence; it never dies. */
#include "base/rng.h"
#include "box/annotations.h"
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

#define ROUNDS 400 /* of each layout */

static const char yolo_text[] =
	"0 0.5 0.5 0.25 0.5\n1 0.1 0.1 0.2 0.1 0.2 0.9\n";
static const char yaml_text[] =
	"path: .\ntrain: images\nval: [images, ../x]\nnames: {0: a, 1: 'b'}\n";
static const char voc_text[] =
	"<?xml version=\"1.0\"?><annotation><filename>1.png</filename><size>"
	"<width>8</width><height>8</height></size><object><name>a</name>"
	"<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>6</ymax>"
	"</bndbox></object></annotation>";
static const char labelme_text[] =
	"{\"version\":\"5\",\"shapes\":[{\"label\":\"a\",\"points\":[[1,2],[5,"
	"6.5]],\"shape_type\":\"rectangle\"},{\"label\":\"b\",\"points\":[[4,4]"
	",[6,4]],\"shape_type\":\"circle\"}],\"imagePath\":\"..\\\\1.png\","
	"\"imageData\":null,\"imageHeight\":8,\"imageWidth\":8}";
static const char coco_text[] =
	"{\"images\":[{\"id\":1,\"file_name\":\"/a/1.png\",\"width\":8,"
	"\"height\":null},{\"id\":2,\"file_name\":\"2.png\"}],\"categories\":["
	"{\"id\":0,\"name\":\"all\"},{\"id\":1,\"name\":\"x\","
	"\"supercategory\":\"all\"}],\"annotations\":[{\"id\":1,\"image_id\":1,"
	"\"category_id\":1,\"bbox\":[0,0,4,4]},{\"id\":2,\"image_id\":2,"
	"\"category_id\":1,\"bbox\":[1,1,4e0,9],\"iscrowd\":0}]}";

/* A few bytes changed, moved, doubled or cut. */
static size_t mutate(struct fl_rng *rng, const char *seed, size_t n, char *out)
{
	static const char alphabet[] =
		"{}[]<>/\",:0123456789.-eEtfn\\uNI x\n\0\x80";
	size_t edits = fl_rng_below(rng, 5);

	memcpy(out, seed, n);
	for (size_t k = 0; k < edits; k++) {
		size_t at = fl_rng_below(rng, n), from = fl_rng_below(rng, n);
		size_t len = fl_rng_below(rng, 12);

		if (fl_rng_below(rng, 2))
			out[at] = alphabet[fl_rng_below(rng,
							sizeof(alphabet) - 1)];
		else if (at + len <= n && from + len <= n)
			memmove(out + at, out + from, len);
	}
	return fl_rng_below(rng, 6) ? n : fl_rng_below(rng, n);
}

static void expect_sound(const struct labels *l)
{
	struct fl_str text = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct annotations a;

	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		for (int k = 0; !im->gone && k < im->count; k++) {
			const struct label_box *b =
				&l->boxes[im->first + (size_t)k];

			assert_in_range(b->class, 0, l->class_count - 1);
			assert_true(b->x >= 0 && b->y >= 0 && b->w > 0 &&
				    b->h > 0 && b->x + b->w <= im->w + 1e-6 &&
				    b->y + b->h <= im->h + 1e-6);
		}
	}
	layout_coco_text(l, SPLIT_TRAIN, &text);
	scratch_file("back.json", text.data, text.len);
	assert_int_equal(annotations_read(scratch_path("back.json"), &a, &err),
			 0);
	annotations_release(&a);
	fl_str_release(&text);
}

static bool reads(const char *folder, bool skip_broken)
{
	struct fl_err err = FL_ERR_INIT;
	struct labels l;
	int rc = layout_read(folder, NULL, skip_broken, &l, &err);

	if (rc == 0) {
		expect_sound(&l);
		labels_release(&l);
		return true;
	}
	assert_true(rc == FL_EDATA || rc == FL_ERECIPE);
	assert_true(strlen(err.text) > 10);
	return false;
}

static void pictures(const char *folder)
{
	struct image im = { 0 };
	struct fl_err err = FL_ERR_INIT;
	char path[256];

	mkdir(scratch_path(folder), 0700);
	image_resize_buffer(&im, 8, 8);
	memset(im.rgb, 7, 8 * 8 * 3);
	for (int i = 1; i <= 3; i++) {
		snprintf(path, sizeof(path), "%s/%d.png", scratch_path(folder),
			 i);
		assert_int_equal(image_write(path, &im, 90, &err), 0);
	}
	image_release(&im);
}

/* Of two files of a folder, one is good and the other one is mutated. */
static void fuzz(const char *folder, const char *name, const char *text,
		 int stream)
{
	struct fl_rng rng = fl_rng_open(11, FL_RNG_TEST, (uint64_t)stream, 0);
	size_t n = strlen(text);
	char bytes[1024];
	int good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		size_t size = mutate(&rng, text, n, bytes);

		scratch_file(name, bytes, size);
		good += reads(scratch_path(folder), i % 2);
	}
	assert_true(good > ROUNDS / 20 && good < ROUNDS);
}

static void yolo(void **state)
{
	(void)state;
	mkdir(scratch_path("yolo"), 0700);
	pictures("yolo/images");
	scratch_file("yolo/data.yaml", yaml_text, strlen(yaml_text));
	scratch_file("yolo/images/1.txt", yolo_text, strlen(yolo_text));
	scratch_file("yolo/images/2.txt", yolo_text, strlen(yolo_text));
	fuzz("yolo", "yolo/images/1.txt", yolo_text, 1);
	scratch_file("yolo/images/1.txt", yolo_text, strlen(yolo_text));
	fuzz("yolo", "yolo/data.yaml", yaml_text, 2);
}

static void voc(void **state)
{
	(void)state;
	pictures("voc");
	scratch_file("voc/2.xml", voc_text, strlen(voc_text));
	scratch_file("voc/3.xml", voc_text, strlen(voc_text));
	fuzz("voc", "voc/1.xml", voc_text, 3);
}

static void labelme(void **state)
{
	(void)state;
	pictures("labelme");
	for (int i = 2; i <= 3; i++) {
		char text[sizeof(labelme_text)], name[32];

		memcpy(text, labelme_text, sizeof(text));
		*strstr(text, "1.png") = (char)('0' + i);
		snprintf(name, sizeof(name), "labelme/%d.json", i);
		scratch_file(name, text, strlen(text));
	}
	fuzz("labelme", "labelme/1.json", labelme_text, 4);
}

static void coco(void **state)
{
	(void)state;
	pictures("coco");
	fuzz("coco", "coco/all.json", coco_text, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yolo),
		cmocka_unit_test(voc),
		cmocka_unit_test(labelme),
		cmocka_unit_test(coco),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
