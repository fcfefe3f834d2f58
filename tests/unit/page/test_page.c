/* Pages: words of strangers stay words, marks of axes are round, a spike of a long
 * curve is drawn, broken folders leave a page with a sentence, and ten thousand
 * steps stay small. Every page is read by a strict parser. */
#include "page/html.h"
#include "page/numbers.h"
#include "page/page.h"
#include "page/plot.h"

#include "base/file.h"
#include "support/scratch.h"
#include "text/xml.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_text(void **state)
{
	static const char *const rows[][2] = {
		{ "cup", "cup" },
		{ "<script>alert(\"1\") & 'x'</script>",
		  "&lt;script&gt;alert(&quot;1&quot;) &amp; &#39;x&#39;"
		  "&lt;/script&gt;" },
		{ "]]>", "]]&gt;" },
		{ "杯 \xc3\xa9", "杯 \xc3\xa9" },
		{ "a\x01\x1b"
		  "b\tc\n",
		  "a\xef\xbf\xbd\xef\xbf\xbd"
		  "b\tc&#10;" },
		{ "\xb1\xad", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		  "\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_str s = FL_STR_INIT;

		html_text(&s, rows[i][0]);
		assert_string_equal(fl_str_get(&s), rows[i][1]);
		fl_str_release(&s);
	}
}

static void test_ticks(void **state)
{
	static const struct {
		double lo, hi;
		bool log;
		int count;
		double first, last;
	} rows[] = {
		{ 0, 1, false, 6, 0, 1 },
		{ 0, 9999, false, 5, 0, 8000 },
		{ 0.31, 0.74, false, 4, 0.4, 0.7 },
		{ -3, 7, false, 5, -2, 6 },
		{ 1e-5, 1e-2, true, 4, 1e-5, 1e-2 },
		{ 2, 300, true, 2, 10, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double t[6];
		int n = plot_ticks(rows[i].lo, rows[i].hi, rows[i].log, t, 6);

		assert_int_equal(n, rows[i].count);
		assert_true(fabs(t[0] / rows[i].first - 1) < 1e-9 ||
			    t[0] == rows[i].first);
		assert_true(fabs(t[n - 1] / rows[i].last - 1) < 1e-9);
	}
}

static size_t count_of(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

static char *read_all(const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	char *text;

	if (fl_map_open(&map, path, &err) != 0)
		fail_msg("%s", err.text);
	text = calloc(1, map.size + 1);
	memcpy(text, map.data, map.size);
	fl_map_close(&map);
	return text;
}

/* One point of ten thousand is high: it is in the picture, which stays small. */
static void test_spike(void **state)
{
	enum {
		COUNT = 10000
	};
	double *x = calloc(COUNT, sizeof(*x)), *y = calloc(COUNT, sizeof(*y));
	struct plot_line line = {
		.name = "loss <1>", .x = x, .y = y, .count = COUNT
	};
	struct plot p = { .title = "t",
			  .x_name = "step",
			  .lines = &line,
			  .count = 1,
			  .zero = true };
	struct fl_str s = FL_STR_INIT;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		x[i] = i;
		y[i] = i == 5003 ? 100 : i == 7001 ? NAN : 1;
	}
	plot_draw(&p, &s);
	/* 105 is the top of the axis, 12 .. 204 the picture */
	assert_non_null(strstr(fl_str_get(&s), " 21.1L"));
	assert_int_equal(count_of(fl_str_get(&s), "M"), 2 + 4);
	assert_true(s.len < 40000);
	assert_int_equal(count_of(fl_str_get(&s), "class=\"at\""), 101);
	assert_int_equal(count_of(fl_str_get(&s), "<tr><td>"), 101);
	assert_non_null(strstr(fl_str_get(&s), "<tr><td>9999</td>"));
	assert_null(strstr(fl_str_get(&s), "<1>"));
	fl_str_release(&s);
	free(x);
	free(y);
}

static void make_folder(const char *name, char *path, size_t size)
{
	struct fl_err err = FL_ERR_INIT;

	snprintf(path, size, "%s", scratch_path(name));
	if (fl_make_dirs(path, &err) != 0)
		fail_msg("%s", err.text);
}

static void put(const char *folder, const char *name, const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (fl_write_file(path, text, strlen(text), &err) != 0)
		fail_msg("%s", err.text);
}

/* The page of a folder; parsed, and its text to be freed. */
static char *page_of(const char *folder, struct fl_str *notes)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_arena arena = FL_ARENA_INIT;
	char path[4096];
	struct xml *root;
	char *text;

	snprintf(path, sizeof(path), "%s/report.html", folder);
	if (page_write(&folder, 1, path, false, notes, &err) != 0)
		fail_msg("%s", err.text);
	text = read_all(path);
	if (xml_parse(text, strlen(text), "page", &arena, &root, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(root->name, "html");
	fl_arena_release(&arena);
	return text;
}

static void test_broken(void **state)
{
	struct fl_str notes = FL_STR_INIT;
	char folder[4096], *text;

	(void)state;
	make_folder("cut <b>", folder, sizeof(folder));
	put(folder, "metrics.jsonl",
	    "{\"step\": 0, \"epoch\": 0, \"lr\": 0.01, \"loss\": 4.5}\n"
	    "\x80\x81 nothing\n"
	    "{\"step\": 1, \"epoch\": 0, \"lr\": 0.02, \"loss\": null}\n"
	    "{\"step\": 2, \"epoch\": 0, \"ap\": 0.25, \"ap50\": 0.5}\n"
	    "{\"step\": 2, \"epoch\": 0, \"lr\": 0.03, \"lo");
	put(folder, "report.json", "{\"recipe\": ");
	put(folder, "summary.json", "[]");
	put(folder, "config.yml", "epoch: [1\n");
	text = page_of(folder, &notes);
	assert_non_null(strstr(fl_str_get(&notes),
			       "2 of 5 lines are not whole and left out (the "
			       "first is line 2)"));
	assert_non_null(strstr(fl_str_get(&notes), "report.json"));
	assert_non_null(strstr(fl_str_get(&notes), "config.yml"));
	assert_non_null(strstr(text, "0.250 (epoch 1)"));
	assert_non_null(strstr(text, "<h1>cut &lt;b&gt;</h1>"));
	assert_null(strstr(text, "cut <b>"));
	free(text);
	fl_str_release(&notes);
}

static void test_no_run(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str notes = FL_STR_INIT;
	const char *gone = "/nowhere/at/all", *folder;
	char path[4096];

	(void)state;
	make_folder("empty", path, sizeof(path));
	folder = path;
	assert_int_equal(page_write(&folder, 1, "x.html", false, &notes, &err),
			 FL_EDATA);
	assert_non_null(strstr(err.text, "is no folder of a run"));
	assert_int_equal(page_write(&gone, 1, "x.html", false, &notes, &err),
			 FL_EDATA);
	assert_non_null(strstr(err.text, "there is no folder"));
	put(path, "metrics.jsonl", "");
	assert_int_equal(
		page_write(&folder, 1, "/nowhere/x.html", false, &notes, &err),
		FL_EIO);
	fl_str_release(&notes);
}

/* Ten thousand logged steps of a dozen numbers, as many as any run of ours. */
static void test_long(void **state)
{
	struct fl_str lines = FL_STR_INIT, notes = FL_STR_INIT;
	char folder[4096], *text;

	(void)state;
	make_folder("long", folder, sizeof(folder));
	for (int i = 0; i < 10000; i++) {
		fl_str_addf(&lines, "{\"step\": %d, \"epoch\": %d", i, i / 100);
		for (int k = 0; k < 12; k++)
			fl_str_addf(&lines, ", \"loss_%d\": %.15g", k,
				    1 + rand() / (double)RAND_MAX);
		fl_str_add(&lines, "}\n");
	}
	put(folder, "metrics.jsonl", fl_str_get(&lines));
	text = page_of(folder, &notes);
	assert_true(strlen(text) < PAGE_MOST_BYTES / 8);
	assert_string_equal(fl_str_get(&notes), "");
	free(text);
	fl_str_release(&notes);
	fl_str_release(&lines);
}

static void add_list(struct fl_str *s, const char *name, int n,
		     const char *value)
{
	fl_str_addf(s, ", \"%s\": [", name);
	for (int i = 0; i < n; i++)
		fl_str_addf(s, "%s%s", i ? ", " : "", value);
	fl_str_add(s, "]");
}

/* Every class of Objects365 taken for every other, with names as long as are kept,
 * pictures as heavy as are kept, and a name that is no name. */
static char *heavy_facts(int classes)
{
	struct fl_str s = FL_STR_INIT;
	char *jpeg = calloc(1, 64001);
	const char *name =
		"a class with a name that is as long as names may be 60<&>";

	memset(jpeg, 'A', 64000);
	fl_str_add(&s, "{\"evaluation\": {\"epoch\": 3, \"classes\": [");
	for (int i = 0; i < classes; i++) {
		fl_str_addf(&s, "%s{\"name\": \"%s %d\", \"truths\": 9",
			    i ? ", " : "", name, i);
		add_list(&s, "precision", 101, "0.4567");
		add_list(&s, "right", 101, "4321");
		add_list(&s, "wrong", 101, "8765");
		fl_str_add(&s, "}");
	}
	fl_str_add(&s, "], \"confusion\": {\"names\": [");
	for (int i = 0; i < classes; i++)
		fl_str_addf(&s, "%s\"%s %d\"", i ? ", " : "", name, i);
	fl_str_add(&s, "], \"counts\": [[9999, 1, 2], [\"x\"], 7");
	for (int i = 0; i <= classes; i++)
		for (int k = 0; k <= classes; k++)
			fl_str_addf(&s, ", [%d, %d, 12345]", i, k);
	fl_str_add(&s, "]}}, \"pictures\": [");
	for (int i = 0; i < 12; i++) {
		fl_str_addf(&s, "%s{\"kind\": \"best\", \"w\": 9, \"h\": 9",
			    i ? ", " : "");
		add_list(&s, "truths", 40,
			 "{\"class\": \"<b>\", \"x\": 1234.5}");
		add_list(&s, "said", 40,
			 "{\"class\": \"cup\", \"score\": 0.25}");
		fl_str_addf(&s, ", \"jpeg\": \"%s\"}", jpeg);
	}
	fl_str_addf(&s,
		    ", {\"jpeg\": \"\\\"/><script>\", \"w\": 1, \"h\": 1}]}");
	free(jpeg);
	return s.data;
}

static void test_heavy(void **state)
{
	struct fl_str notes = FL_STR_INIT;
	char folder[4096], *text, *facts = heavy_facts(365);

	(void)state;
	make_folder("heavy", folder, sizeof(folder));
	put(folder, "report.json", facts);
	text = page_of(folder, &notes);
	assert_string_equal(fl_str_get(&notes), "");
	printf("a page of 365 classes: %zu bytes\n", strlen(text));
	assert_true(strlen(text) < PAGE_MOST_BYTES);
	assert_true(count_of(text, "<image ") >= 8);
	assert_int_equal(count_of(text, "class=\"faint\""), 4 * 365);
	assert_int_equal(count_of(text, "class=\"heat\""), 2 * 33 * 33);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<b>"));
	free(text);
	free(facts);
	fl_str_release(&notes);
}

/* Steps done twice count once, the later ones. */
static void test_settle(void **state)
{
	static const char *const lines[] = { "{\"step\": 0, \"a\": 1}",
					     "{\"step\": 1, \"a\": 2}",
					     "{\"step\": 2, \"a\": 3}",
					     "{\"step\": 1, \"a\": 4}",
					     "{\"step\": 5, \"b\": 6}" };
	struct numbers n = { 0 };
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct json *o =
			json_parse(lines[i], strlen(lines[i]), "line", &err);

		numbers_add(&n, o);
		json_free(o);
	}
	numbers_settle(&n, "step");
	assert_int_equal(n.rows, 3);
	assert_true(numbers_get(&n, "step")[1] == 1);
	assert_true(numbers_get(&n, "a")[1] == 4);
	assert_true(isnan(numbers_get(&n, "a")[2]));
	assert_true(isnan(numbers_get(&n, "b")[0]));
	assert_true(numbers_get(&n, "b")[2] == 6);
	assert_null(numbers_get(&n, "c"));
	numbers_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),   cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_spike),  cmocka_unit_test(test_broken),
		cmocka_unit_test(test_no_run), cmocka_unit_test(test_long),
		cmocka_unit_test(test_settle), cmocka_unit_test(test_heavy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
