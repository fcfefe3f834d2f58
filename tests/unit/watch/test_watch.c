/* Watching: a folder is read as it grows, half a line waits, what is rewritten is
 * read anew; no line of a screen is wider or moves the cursor, whatever another
 * machine sends; a chart has its dots where they belong; which words are machines,
 * and which headers hold a token. */
#include "watch/chart.h"
#include "watch/follow.h"
#include "watch/password.h"
#include "watch/remote.h"
#include "watch/screen.h"
#include "watch/show.h"
#include "watch/status.h"

#include "support/scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char facts[] =
	"{\"epochs\": 10, \"steps_per_epoch\": 4, \"ranks\": 2, \"batch_size\": 8,"
	" \"begun\": 1, \"ledger_file\": \"%s\"}";

static void append(const char *path, const char *mode, const char *text)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *new_run(const char *name)
{
	const char *folder = scratch_path(name);

	assert_int_equal(mkdir(folder, 0777), 0);
	return folder;
}

static const char *in(const char *folder, const char *name)
{
	static char path[2][4200];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void test_grows(void **state)
{
	const char *folder = new_run("grows");
	char metrics[4200];
	struct fl_err err = FL_ERR_INIT;
	struct followed f;

	(void)state;
	snprintf(metrics, sizeof(metrics), "%s", in(folder, "metrics.jsonl"));
	append(metrics, "w", "{\"step\": 0, \"loss\": 4}\n{\"step\": 1, \"lo");
	assert_int_equal(follow_open(&f, folder, &err), 0);
	assert_int_equal(f.run.steps.rows, 1);
	assert_int_equal(f.run.notes.len, 0);
	assert_int_equal(follow_update(&f, &err), 0);
	append(metrics, "a", "ss\": 3}\n{\"step\": 3, \"ap\": 0.5}\n");
	assert_int_equal(follow_update(&f, &err), 1);
	assert_int_equal(f.run.steps.rows, 2);
	assert_int_equal(f.run.scores.rows, 1);
	assert_true(numbers_get(&f.run.steps, "loss")[1] == 3);
	append(metrics, "a", "not a line\n{\"step\": 2, \"loss\": 2}\n");
	assert_int_equal(follow_update(&f, &err), 1);
	assert_int_equal(f.run.steps.rows, 3);
	assert_non_null(strstr(fl_str_get(&f.run.notes), "1 of 5 lines"));
	/* A run that goes on writes it anew, shorter. */
	append(metrics, "w", "{\"step\": 0, \"loss\": 9}\n");
	assert_int_equal(follow_update(&f, &err), 1);
	assert_int_equal(f.run.steps.rows, 1);
	assert_true(numbers_get(&f.run.steps, "loss")[0] == 9);
	assert_int_equal(f.run.notes.len, 0);
	assert_int_equal(remove(metrics), 0);
	assert_int_equal(follow_update(&f, &err), 1);
	assert_int_equal(f.run.steps.rows, 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(follow_update(&f, &err), FL_EDATA);
	assert_non_null(strstr(err.text, "is gone"));
	follow_close(&f);
}

static void test_status(void **state)
{
	const char *folder = new_run("status");
	char text[8600], ledger[4200];
	struct fl_err err = FL_ERR_INIT;
	const struct json *list;
	struct json *o;
	struct followed f;

	(void)state;
	snprintf(ledger, sizeof(ledger), "%s", in(folder, "ledger.jsonl"));
	snprintf(text, sizeof(text), facts, ledger);
	append(in(folder, "report.json"), "w", text);
	append(ledger, "w",
	       "{\"step\": 3, \"ranks\": []}\n"
	       "{\"step\": 7, \"ranks\": [{\"rank\": 0, \"host\": \"a\","
	       " \"step_ms\": 100, \"compute_ms\": 40, \"data_ms\": 1},"
	       " {\"rank\": 1, \"host\": \"b\", \"step_ms\": 100,"
	       " \"compute_ms\": 80, \"data_ms\": 9}], \"slow\": 1,"
	       " \"cause\": \"data loading\", \"costs_ms\": 30}\n{\"step\"");
	append(in(folder, "metrics.jsonl"), "w",
	       "{\"step\": 9, \"epoch\": 2, \"batch_s\": 0.5}\n"
	       "{\"step\": 9, \"epoch\": 2, \"ap\": 0.25, \"eval_s\": 2}\n");
	/* Init is at work on another machine. */
	append(in(folder, "owner"), "w", "host elsewhere\npid 1\n");
	assert_int_equal(follow_open(&f, folder, &err), 0);
	o = status_of(&f);
	assert_string_equal(json_text_or(o, "state", ""), "at work");
	assert_true(json_real_or(o, "step", 0) == 10);
	/* 30 steps of half a second; two epochs had 2 s of evaluation, and 8
	 * are to come. */
	assert_true(fabs(json_real_or(o, "eta_s", 0) - 23) < 1e-9);
	assert_true(json_real_or(o, "best_ap", 0) == 0.25);
	list = json_get(json_get(o, "ledger"), "ranks");
	assert_int_equal(json_count(list), 2);
	assert_true(json_real_or(json_at(list, 1), "images_per_s", 0) == 80);
	assert_true(json_real_or(json_get(o, "ledger"), "slow", 0) == 1);
	json_free(o);
	/* Its end, and then a kill. */
	append(in(folder, "summary.json"), "w", "{\"status\": \"done\"}");
	assert_int_equal(follow_update(&f, &err), 1);
	o = status_of(&f);
	assert_string_equal(json_text_or(o, "state", ""), "at work");
	json_free(o);
	assert_int_equal(remove(in(folder, "owner")), 0);
	assert_int_equal(follow_update(&f, &err), 1);
	o = status_of(&f);
	assert_string_equal(json_text_or(o, "state", ""), "done");
	assert_true(json_bool_or(o, "over", false));
	json_free(o);
	assert_int_equal(remove(in(folder, "summary.json")), 0);
	assert_int_equal(follow_update(&f, &err), 1);
	o = status_of(&f);
	assert_string_equal(json_text_or(o, "state", ""), "not at work");
	assert_false(json_bool_or(o, "over", true));
	json_free(o);
	follow_close(&f);
}

/* Of ten thousand lines with one spike. */
static void test_long_curve(void **state)
{
	const char *folder = new_run("long");
	FILE *out = fopen(in(folder, "metrics.jsonl"), "w");
	struct fl_err err = FL_ERR_INIT;
	const struct json *y;
	double most = 0, v;
	struct followed f;
	struct json *o;

	(void)state;
	assert_non_null(out);
	for (int i = 0; i < 10000; i++)
		fprintf(out, "{\"step\": %d, \"loss\": %d}\n", i,
			i == 7777 ? 99 : 1 + i % 2);
	fclose(out);
	assert_int_equal(follow_open(&f, folder, &err), 0);
	o = status_of(&f);
	y = json_get(json_at(json_get(o, "curves"), 0), "y");
	assert_in_range(json_count(y), 300, 400);
	for (size_t i = 0; i < json_count(y); i++)
		if (json_real_of(json_at(y, i), &v) && v > most)
			most = v;
	assert_true(most == 99);
	json_free(o);
	follow_close(&f);
}

static void test_no_run(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct followed f;

	(void)state;
	assert_int_equal(follow_open(&f, scratch_path("none"), &err), FL_EDATA);
	assert_non_null(strstr(err.text, "there is no folder"));
	assert_int_equal(follow_open(&f, new_run("empty"), &err), FL_EDATA);
	assert_non_null(strstr(err.text, "is no folder of a run"));
}

/* Documents as nobody would make them. */
static const char *const documents[] = {
	"{}",
	"[]",
	"7",
	"{\"name\": \"a\\u001b[2Jb\\nc\\u009bd\", \"state\": \"at work\", \"step\": 0,"
	" \"quiet_s\": 1e300, \"eta_s\": 1e300, \"notes\": [\"\\u001b]0;x\\u0007\", 5, {}]}",
	"{\"step\": 1e300, \"epochs\": 1e300, \"steps_per_epoch\": 1e-300,"
	" \"epoch\": -1e300, \"step_ms\": 1e-300, \"data_ms\": 1e300, \"loss\": -1e300,"
	" \"images_per_s\": 1e300, \"best_ap\": 5}",
	"{\"ledger\": {\"ranks\": [5, {}, {\"rank\": -1e300, \"host\":"
	" \"\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf"
	"\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\xe6\x9d\xaf\","
	" \"compute_ms\": 1.7e308, \"data_ms\": 1.7e308}, {\"compute_ms\": -5}],"
	" \"cause\": \"\\u001b[1A\", \"slow\": 1e300, \"costs_ms\": 1}}",
	"{\"curves\": [5, {}, {\"x\": [1, 0, 2], \"y\": [1, 2, 3, 4]},"
	" {\"name\": \"\\u001bc\", \"x\": [-1.7e308, 1.7e308],"
	" \"y\": [-1.7e308, 1.7e308]},"
	" {\"x\": [3], \"y\": [0]}, {\"x\": [\"a\", 1], \"y\": [1, null]},"
	" {\"x\": [0, 0, 0], \"y\": [5, 5, 5]}]}",
};

static void check_lines(const char *text, const struct screen_size *size)
{
	int lines = 0;

	for (const char *at = text; *at; lines++) {
		size_t len = strcspn(at, "\n");
		int columns = 0;

		assert_true(at[len] == '\n');
		for (size_t i = 0; i < len; i++) {
			unsigned char c = (unsigned char)at[i];

			assert_true(c >= ' ' && c != 0x7f);
			columns += c < 0x80 || c >= 0xc0;
		}
		assert_true(columns <= size->columns);
		at += len + 1;
	}
	assert_true(lines <= size->rows);
}

static void test_screens(void **state)
{
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	for (size_t d = 0; d < sizeof(documents) / sizeof(documents[0]); d++) {
		struct json *o = json_parse(documents[d], strlen(documents[d]),
					    "document", &err);

		assert_non_null(o);
		for (int n = 0; n < 400; n++) {
			struct screen_size size = {
				.columns = SCREEN_COLUMNS + n * 7 % 230,
				.rows = SCREEN_ROWS + n % 60,
				.unicode = n & 1
			};
			struct fl_str text = FL_STR_INIT;

			screen_draw(o, &size, &text);
			check_lines(fl_str_get(&text), &size);
			fl_str_release(&text);
		}
		json_free(o);
	}
}

/* A thousand ranks in a window of 24 lines: the slowest is seen. */
static void test_many_ranks(void **state)
{
	struct json *o = json_new_object(), *ledger = json_new_object();
	struct json *ranks = json_new_array();
	struct screen_size size = { .columns = 80, .rows = 24 };
	struct fl_str text = FL_STR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct json *r = json_new_object();

		json_set_int(r, "rank", i);
		json_set_text(r, "host", "10.0.0.1");
		json_set_real(r, "compute_ms", i == 777 ? 99 : 50);
		json_set_real(r, "data_ms", 1);
		json_add(ranks, r);
	}
	json_set(ledger, "ranks", ranks);
	json_set_int(ledger, "slow", 777);
	json_set_text(ledger, "cause", "slower cores");
	json_set(o, "ledger", ledger);
	screen_draw(o, &size, &text);
	check_lines(fl_str_get(&text), &size);
	assert_non_null(strstr(fl_str_get(&text), "\n  777  10.0.0.1"));
	assert_non_null(strstr(fl_str_get(&text), "slow: rank 777"));
	assert_non_null(strstr(fl_str_get(&text), "more, each faster"));
	fl_str_release(&text);
	json_free(o);
}

static void test_chart(void **state)
{
	static const double x[] = { 0, 1, 2, 3 }, y[] = { 0, 1, 2, 3 };
	static const char *const ascii[] = { "   *", "  * ", " *  ", "*   " };
	struct fl_str row = FL_STR_INIT;
	struct chart c;

	(void)state;
	assert_true(chart_draw(&c, x, y, 4, 4, 4, false));
	for (int i = 0; i < 4; i++) {
		fl_str_clear(&row);
		chart_row(&c, i, &row);
		assert_string_equal(fl_str_get(&row), ascii[i]);
	}
	assert_true(c.low == 0 && c.high == 3);
	chart_release(&c);
	/* Two letters are 4 x 4 dots: the rising line goes through both. */
	assert_true(chart_draw(&c, x, y, 4, 2, 1, true));
	fl_str_clear(&row);
	chart_row(&c, 0, &row);
	assert_string_equal(fl_str_get(&row), "\xe2\xa1\xa0\xe2\xa0\x8a");
	chart_release(&c);
	assert_false(chart_draw(&c, x, y, 0, 2, 1, true));
	fl_str_release(&row);
}

static void test_language(void **state)
{
	(void)state;
	setenv("LC_ALL", "", 1);
	setenv("LC_CTYPE", "C", 1);
	setenv("LANG", "de_DE.UTF-8", 1);
	assert_false(show_speaks_utf8());
	setenv("LC_ALL", "en_US.utf8", 1);
	assert_true(show_speaks_utf8());
}

static void test_remote_words(void **state)
{
	static const struct {
		const char *word, *host, *port; /* host NULL: none */
	} rows[] = {
		{ "node1:8080", "node1", "8080" },
		{ "[::1]:80", "::1", "80" },
		{ "http://node1:1/", "node1", "1" },
		{ "http://node1:1", "node1", "1" },
		{ "output/my", NULL, NULL },
		{ "output/my:80", NULL, NULL },
		{ "http://node1:1/x", NULL, NULL },
		{ "node1:", NULL, NULL },
		{ ":80", NULL, NULL },
		{ "node1:65536", NULL, NULL },
		{ "node1:8o", NULL, NULL },
		{ "node1:100000", NULL, NULL },
		{ "", NULL, NULL },
		{ "my", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct remote r;
		bool is = remote_parse(rows[i].word, &r);

		assert_int_equal(is, rows[i].host != NULL);
		if (!is)
			continue;
		assert_string_equal(r.host, rows[i].host);
		assert_string_equal(r.port, rows[i].port);
	}
}

static void test_passwords(void **state)
{
	static const struct {
		const char *header;
		bool fits; /* "a:b c" */
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "a:b c", false },
		{ "Bearer a:b c", true },
		{ "bearer a:b c", true },
		{ "Bearer a:b", false },
		{ "Bearer a:b c ", false },
		{ "Basic eDphOmIgYw==", true }, /* x:a:b c */
		{ "Basic OmE6YiBj", true },	/* :a:b c */
		{ "Basic YTpiIGM=", false },	/* a:b c */
		{ "Basic eDphOmI=", false },	/* x:a:b */
		{ "Basic ", false },
		{ "Basic ====", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(password_fits(rows[i].header, "a:b c"),
				 rows[i].fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_long_curve),
		cmocka_unit_test(test_no_run),
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_many_ranks),
		cmocka_unit_test(test_chart),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_remote_words),
		cmocka_unit_test(test_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
