/* VOC data sets: the files of voc.json read here against what the reference's
 * VOCDataSet made of them (make_voc.py); and what is said about broken ones. */
#include "base/file.h"
#include "data/dataset.h"
#include "text/json.h"
#include "text/xml.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json *golden;

static void write_file(const char *name, const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096], *slash;

	snprintf(path, sizeof(path), "%s/data/%s", scratch_dir(), name);
	slash = strrchr(path, '/');
	*slash = 0;
	assert_int_equal(fl_make_dirs(path, &err), 0);
	*slash = '/';
	assert_int_equal(fl_write_file(path, text, strlen(text), &err), 0);
}

static void write_files(void)
{
	const struct json *files = json_get(golden, "files");
	const struct json *pictures = json_get(golden, "pictures");

	for (void *it = json_first(files); it; it = json_next(files, it)) {
		const char *text = "";

		json_text(json_value(it), &text);
		write_file(json_key(it), text);
	}
	for (size_t i = 0; i < json_count(pictures); i++) {
		const char *name = "";

		json_text(json_at(pictures, i), &name);
		write_file(name, "not read here");
	}
}

static struct dataset_options recipe_of(const struct json *settings)
{
	static char anno[64], labels[64];
	struct dataset_options r = { .kind = DATASET_VOC,
				     .dataset_dir = scratch_dir(),
				     .image_dir = "data",
				     .anno_path = anno,
				     .label_list = labels,
				     .empty_ratio = 1,
				     .sample_num = -1 };
	const char *name = "list.txt", *list = NULL;
	int64_t number;

	json_text(json_get(settings, "anno_path"), &name);
	json_text(json_get(settings, "label_list"), &list);
	json_bool(json_get(settings, "allow_empty"), &r.allow_empty);
	if (json_int(json_get(settings, "sample_num"), &number))
		r.sample_num = (int)number;
	snprintf(anno, sizeof(anno), "data/%s", name);
	snprintf(labels, sizeof(labels), "%s%s", list ? "data/" : "",
		 list ? list : "");
	return r;
}

static double real(const struct json *value)
{
	double v = -1e9;

	assert_true(json_real_of(value, &v));
	return v;
}

static void check_record(const struct data_image *im, const struct json *r)
{
	const struct json *boxes = json_get(r, "boxes");
	const char *path = "?";

	json_text(json_get(r, "path"), &path);
	assert_true(fl_ends_with(im->path, path));
	assert_int_equal(im->id, (int64_t)real(json_get(r, "id")));
	assert_int_equal(im->w, (int)real(json_get(r, "w")));
	assert_int_equal(im->h, (int)real(json_get(r, "h")));
	assert_int_equal(im->count, json_count(boxes));
	for (int i = 0; i < im->count; i++) {
		size_t k = (size_t)i;

		for (size_t s = 0; s < 4; s++)
			assert_true(im->boxes[i][s] ==
				    (float)real(json_at(json_at(boxes, k), s)));
		assert_int_equal(im->classes[i],
				 (int)real(json_at(json_get(r, "classes"), k)));
		assert_int_equal(im->difficult[i],
				 real(json_at(json_get(r, "difficult"), k)) !=
					 0);
	}
}

static void test_records(void **state)
{
	const struct json *cases = json_get(golden, "cases");

	(void)state;
	assert_true(json_count(cases) >= 4);
	for (size_t c = 0; c < json_count(cases); c++) {
		const struct json *one = json_at(cases, c);
		const struct json *records = json_get(one, "records");
		struct dataset_options r = recipe_of(json_get(one, "settings"));
		struct fl_err err = FL_ERR_INIT;
		struct dataset d;

		if (dataset_open(&r, 0, &d, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(d.count, json_count(records));
		for (int i = 0; i < d.count; i++)
			check_record(&d.images[i], json_at(records, (size_t)i));
		dataset_close(&d);
	}
}

/* A share of the empty images, and the class count against the recipe's. */
static void test_settings(void **state)
{
	struct dataset_options r = recipe_of(NULL);
	struct fl_err err = FL_ERR_INIT;
	struct dataset d;

	(void)state;
	r.label_list = "data/names.txt";
	r.allow_empty = true;
	r.empty_ratio = 0.2; /* of 5 with objects: int(5 * 0.2 / 0.8) = 1 */
	assert_int_equal(dataset_open(&r, 3, &d, &err), 0);
	assert_int_equal(d.count, 6);
	assert_int_equal(d.images[5].count, 0);
	dataset_close(&d);
	assert_int_not_equal(dataset_open(&r, 20, &d, &err), 0);
	assert_non_null(strstr(err.text, "num_classes"));
}

static void refused(const char *xml, const char *list, const char *says)
{
	struct dataset_options r = recipe_of(NULL);
	struct fl_err err = FL_ERR_INIT;
	struct dataset d;

	write_file("bad.xml", xml);
	write_file("bad.txt", list);
	r.anno_path = "data/bad.txt";
	r.label_list = "data/names.txt";
	assert_int_not_equal(dataset_open(&r, 0, &d, &err), 0);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
}

static void test_broken(void **state)
{
	static const char line[] = "p/1.jpg bad.xml\n";
	static const char size[] =
		"<size><width>9</width><height>9</height></size>";
	char text[512];

	(void)state;
	refused("", line, "bad.xml");
	refused("words", line, "bad.xml:1: no XML element");
	refused("<a>\n<size>", line, "bad.xml:2: <size> does not end");
	refused("<a><size></a>", line, "</a> stands where <size> is open");
	refused("<a><!-- <size/></a>", line, "a comment does not end");
	refused("<a b='1'", line, "a tag does not end");
	/* a size that is not stated is the picture's own, and there is none */
	refused("<a></a>", line, "1 have no file");
	refused("<a><size><width>x</width></size></a>", line, "1 have no file");
	snprintf(text, sizeof(text),
		 "<a>%s<object><name>cow</name><bndbox><xmin>1</xmin>"
		 "<ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>"
		 "</a>",
		 size);
	refused(text, line, "class 'cow'");
	snprintf(text, sizeof(text),
		 "<a>%s<object><name>cat</name></object></a>", size);
	refused(text, line, "no number in <xmin>");
	refused("<a/>", "p/1.jpg\n", "without an annotation file");
	refused("<a/>", "p/none.jpg bad.xml\n", "no usable image");
}

static void test_xml(void **state)
{
	static const char text[] =
		"\xEF\xBB\xBF <?xml?><!-- x --><r a='>' b=\"/\">\n t &lt;&#65;&#x42;"
		"<![CDATA[<&>]]> &amp;&unknown; <c/><d> 1 </d><c>2</c></r>";
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct xml *root;
	const struct xml *c;
	char deep[1024] = "";

	(void)state;
	if (xml_parse(text, strlen(text), "text", &arena, &root, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(root->name, "r");
	assert_string_equal(root->text, "t <AB<&> &&unknown;");
	c = xml_child(root, "c");
	assert_string_equal(c->text, "");
	assert_string_equal(xml_again(c)->text, "2");
	assert_null(xml_again(xml_again(c)));
	assert_string_equal(xml_child(root, "d")->text, "1");
	assert_null(xml_child(root, "e"));
	for (int i = 0; i < 100; i++)
		strcat(deep, "<a>");
	assert_int_not_equal(
		xml_parse(deep, strlen(deep), "deep", &arena, &root, &err), 0);
	assert_non_null(strstr(err.text, "nested too deep"));
	/* every beginning of a good document is refused or read, never more */
	for (size_t n = 0; n < strlen(text); n++) {
		char *part = malloc(n + 1);

		memcpy(part, text, n);
		part[n] = 0;
		assert_int_not_equal(
			xml_parse(part, n, "part", &arena, &root, &err), 0);
		free(part);
	}
	fl_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_xml),
	};
	struct fl_err err = FL_ERR_INIT;
	int rc;

	golden = json_read("tests/golden/voc.json", &err);
	if (!golden) {
		printf("%s\n", err.text);
		return 1;
	}
	write_files();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	json_free(golden);
	return rc;
}
