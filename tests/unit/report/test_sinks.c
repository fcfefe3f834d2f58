/* The outputs of a run: that each sink is told what happens, in which order, and
 * that an error ends the run; and what the console and metrics.jsonl make of
 * it, to the letter. The texts were written by the program before outputs were
 * rows of a table, from the same numbers. */
#include "report/sinks.h"

#include "base/file.h"
#include "base/log.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#define LOSSES 5
#define NUMBERS (LOSSES + 7)

static const char *const losses[LOSSES] = { "loss", "loss_cls", "loss_iou",
					    "loss_dfl", "loss_l1" };

static struct recipe *recipe;

/* Three ranks of eight images; a line every three steps. */
static struct sink_run run_in(const char *folder)
{
	return (struct sink_run){ .folder = folder,
				  .recipe = recipe,
				  .log_iter = 3,
				  .epochs = 400,
				  .steps_per_epoch = 1000,
				  .batch_size = 8,
				  .world_size = 3,
				  .evaluated = -1 };
}

/* Step i of epoch 1; the third has losses of its own, which a median does not
 * see. */
static int tell_step(struct sinks *s, int i, struct fl_err *err)
{
	static const double seconds[] = { 0.5, 0.25, 0.125, 0.3 };
	double s_i = seconds[i];
	struct sink_number numbers[NUMBERS] = {
		{ "lr", SINK_SETTING, 0.001 * (i + 1) },
		[LOSSES + 1] = { "images_per_s", SINK_SPEED, s_i },
		{ "batch_s", SINK_SECONDS, s_i },
		{ "data_s", SINK_SECONDS, s_i / 8 },
		{ "comm_s", SINK_SECONDS, 0.03125 * i },
		{ "comm_wait_s", SINK_SECONDS, 0.015625 * i },
		{ "sync_bn_s", SINK_SECONDS, 0.0078125 * i }
	};
	struct sinks_step step = { .step = 1000 + i,
				   .epoch = 1,
				   .step_in_epoch = i,
				   .numbers = numbers,
				   .count = NUMBERS };

	for (int k = 0; k < LOSSES; k++) {
		float v = (float)((k + 1) * (i == 2 ? 10 : 1) + 0.1f * i);

		numbers[k + 1] =
			(struct sink_number){ losses[k], SINK_LOSS, (double)v };
	}
	return sinks_step(s, &step, err);
}

static int tell_evaluation(struct sinks *s, struct fl_err *err)
{
	static const struct sink_number scores[] = {
		{ "ap", SINK_SCORE, 0.375 }, { "ap50", SINK_SCORE, -1 }
	};
	struct evaluation result = { .images = 50, .seconds = 12.5 };
	struct sink_evaluation e = { .step = 2000,
				     .epoch = 1,
				     .best = true,
				     .scores = scores,
				     .count = 2,
				     .result = &result };

	for (int i = 0; i < COCO_STATS; i++)
		result.coco.stats[i] = -1;
	result.coco.stats[COCO_AP] = 0.375;
	return sinks_evaluated(s, &e, err);
}

/* Sinks that write down their calls: "a" and "b", of which b can fail. */
static char calls[512];
static bool b_fails;

static int note(void *self, const char *what, struct fl_err *err)
{
	const char *name = self;

	snprintf(calls + strlen(calls), sizeof(calls) - strlen(calls), "%s:%s ",
		 name, what);
	if (b_fails && *name == 'b')
		return fl_fail(err, FL_EIO, "b is full");
	return 0;
}

static int open_a(const struct sink_run *run, void **self, struct fl_err *err)
{
	static char name[] = "a";

	assert_int_equal(run->world_size, 3);
	*self = name;
	return note(name, "open", err);
}

static int open_b(const struct sink_run *run, void **self, struct fl_err *err)
{
	static char name[] = "b";

	(void)run;
	*self = name;
	return note(name, "open", err);
}

static int note_step(void *self, const struct sink_step *s, struct fl_err *err)
{
	assert_int_equal(s->count, NUMBERS);
	assert_true(sink_value(s->now, s->count, "images_per_s") ==
		    24 / sink_value(s->now, s->count, "batch_s"));
	assert_string_equal(sink_first(s->now, s->count, SINK_LOSS)->name,
			    "loss");
	return note(self, s->recent ? "line" : "step", err);
}

static int note_batch(void *self, const struct sink_batch *b,
		      struct fl_err *err)
{
	assert_int_equal(b->batch->n, 8);
	return note(self, "batch", err);
}

static int note_evaluation(void *self, const struct sink_evaluation *e,
			   struct fl_err *err)
{
	assert_int_equal(e->step, 2000);
	return note(self, "evaluated", err);
}

static int note_save(void *self, const char *path, int64_t step,
		     struct fl_err *err)
{
	assert_string_equal(path, "1.safetensors");
	assert_int_equal(step, 2000);
	return note(self, "saved", err);
}

static void note_close(void *self)
{
	struct fl_err err = FL_ERR_INIT;

	note(self, "close", &err);
}

static const struct sink a = { .name = "a",
			       .open = open_a,
			       .step = note_step,
			       .batch = note_batch,
			       .evaluated = note_evaluation,
			       .saved = note_save,
			       .close = note_close };
static const struct sink b = { .name = "b",
			       .open = open_b,
			       .close = note_close };
static const struct sink *const both[] = { &a, &b, NULL };

static void test_everything_is_told_to_who_wants_it(void **state)
{
	struct sink_run run = run_in(".");
	struct batch batch = { .n = 8 };
	struct sink_batch shown = { .step = 1000, .batch = &batch };
	struct fl_err err = FL_ERR_INIT;
	struct sinks *s;

	(void)state;
	*calls = '\0';
	assert_int_equal(sinks_open(both, &run, &s, &err), 0);
	assert_int_equal(sinks_batch(s, &shown, &err), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tell_step(s, i, &err), 0);
	assert_int_equal(tell_evaluation(s, &err), 0);
	assert_int_equal(sinks_saved(s, "1.safetensors", 2000, &err), 0);
	assert_float_equal(sinks_images_per_s(s), 81.702127659574458, 1e-12);
	sinks_close(s);
	assert_string_equal(calls,
			    "a:open b:open a:batch a:line a:step a:step "
			    "a:line a:evaluated a:saved a:close b:close ");
}

static void test_one_that_fails_ends_the_run_and_all_close(void **state)
{
	struct sink_run run = run_in(".");
	struct fl_err err = FL_ERR_INIT;
	struct sinks *s = NULL;

	(void)state;
	*calls = '\0';
	b_fails = true;
	assert_int_equal(sinks_open(both, &run, &s, &err), FL_EIO);
	b_fails = false;
	assert_null(s);
	assert_string_equal(err.text, "b is full");
	assert_string_equal(calls, "a:open b:open a:close b:close ");
}

static void test_no_sinks_have_no_speed(void **state)
{
	(void)state;
	assert_true(sinks_images_per_s(NULL) == 0);
	sinks_close(NULL);
}

static char *read_text(const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	char *text;

	if (fl_map_open(&map, path, &err) != 0)
		fail_msg("%s", err.text);
	text = strndup((const char *)map.data, map.size);
	fl_map_close(&map);
	return text;
}

/* The log's lines begin with a time of 17 characters. */
static void drop_times(char *text)
{
	char *to = text;

	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n") + 1;

		assert_true(line[0] == '[' && line[15] == ']');
		memmove(to, line + 17, n - 17);
		to += n - 17;
		line += n;
	}
	*to = '\0';
}

static const char console_text[] =
	"flotilla.train INFO: Epoch: [1] [   0/1000] learning_rate: 0.001000 "
	"loss: 1.000000 loss_cls: 2.000000 loss_iou: 3.000000 "
	"loss_dfl: 4.000000 loss_l1: 5.000000 eta: 2 days, 7:25:00 "
	"batch_cost: 0.5000 data_cost: 0.0625 ips: 16.0000 images/s, "
	"job: 48.0000 images/s\n"
	"flotilla.train INFO: Epoch: [1] [   3/1000] learning_rate: 0.004000 "
	"loss: 1.300000 loss_cls: 2.300000 loss_iou: 3.300000 "
	"loss_dfl: 4.300000 loss_l1: 5.300000 eta: 1 day, 8:33:25 "
	"batch_cost: 0.2250 data_cost: 0.0281 ips: 35.5556 images/s, "
	"job: 106.6667 images/s\n"
	"flotilla.train INFO: Total sample number: 50, average FPS: 4.00\n"
	"flotilla.train WARNING: not one detection above score 0.01 yet\n"
	"flotilla.train INFO: Best test bbox ap is 0.375.\n";

static void test_the_console_reads_as_the_reference(void **state)
{
	static const struct sink *const rows[] = { &console_sink, NULL };
	struct sink_run run = run_in(".");
	struct fl_err err = FL_ERR_INIT;
	const char *path = scratch_path("log.txt");
	char *text;
	struct sinks *s;

	(void)state;
	fl_log_name("flotilla.train");
	assert_int_equal(fl_log_file(path, &err), 0);
	assert_int_equal(sinks_open(rows, &run, &s, &err), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tell_step(s, i, &err), 0);
	assert_int_equal(tell_evaluation(s, &err), 0);
	sinks_close(s);
	fl_log_file(NULL, &err);
	text = read_text(path);
	drop_times(text);
	assert_string_equal(text, console_text);
	free(text);
}

#define ROW_1000                                                        \
	"{\"step\": 1000, \"epoch\": 1, \"lr\": 0.001, \"loss\": 1.0, " \
	"\"loss_cls\": 2.0, \"loss_iou\": 3.0, \"loss_dfl\": 4.0, "     \
	"\"loss_l1\": 5.0, \"images_per_s\": 48.0, \"batch_s\": 0.5, "  \
	"\"data_s\": 0.0625, \"comm_s\": 0.0, \"comm_wait_s\": 0.0, "   \
	"\"sync_bn_s\": 0.0}\n"
#define ROW_1003                                                                 \
	"{\"step\": 1003, \"epoch\": 1, \"lr\": 0.004, "                         \
	"\"loss\": 1.2999999523162842, \"loss_cls\": 2.299999952316284, "        \
	"\"loss_iou\": 3.299999952316284, \"loss_dfl\": 4.300000190734863, "     \
	"\"loss_l1\": 5.300000190734863, \"images_per_s\": 106.66666666666666, " \
	"\"batch_s\": 0.225, \"data_s\": 0.028125, \"comm_s\": 0.0625, "         \
	"\"comm_wait_s\": 0.03125, \"sync_bn_s\": 0.015625}\n"
#define ROW_EVALUATION                                                     \
	"{\"step\": 2000, \"epoch\": 1, \"eval_s\": 12.5, \"ap\": 0.375, " \
	"\"ap50\": -1.0}\n"

static struct sinks *open_metrics(struct sink_run *run)
{
	static const struct sink *const rows[] = { &metrics_sink, NULL };
	struct fl_err err = FL_ERR_INIT;
	struct sinks *s = NULL;

	if (sinks_open(rows, run, &s, &err) != 0)
		fail_msg("%s", err.text);
	return s;
}

static void expect_metrics(const char *expected)
{
	char *text = read_text(scratch_path("metrics.jsonl"));

	assert_string_equal(text, expected);
	free(text);
}

static void test_metrics_are_rows_at_once(void **state)
{
	struct sink_run run = run_in(scratch_dir());
	struct fl_err err = FL_ERR_INIT;
	struct sinks *s;

	(void)state;
	remove(scratch_path("metrics.jsonl"));
	s = open_metrics(&run);
	assert_int_equal(tell_step(s, 0, &err), 0);
	expect_metrics(ROW_1000); /* though nothing is closed yet */
	for (int i = 1; i < 4; i++)
		assert_int_equal(tell_step(s, i, &err), 0);
	assert_int_equal(tell_evaluation(s, &err), 0);
	sinks_close(s);
	expect_metrics(ROW_1000 ROW_1003 ROW_EVALUATION);
}

/* What a run does a second time is taken out, with a line that was cut off. */
static void test_a_run_that_goes_on_repeats_no_row(void **state)
{
	static const char file[] =
		ROW_1000 ROW_1003 ROW_EVALUATION "{\"step\": 2000, \"ep";
	struct sink_run run = run_in(scratch_dir());

	(void)state;
	scratch_file("metrics.jsonl", file, strlen(file));
	run.done = 2000;
	run.evaluated = 2000;
	sinks_close(open_metrics(&run));
	expect_metrics(ROW_1000 ROW_1003 ROW_EVALUATION);
	run.evaluated = -1; /* it ended before that evaluation counted */
	sinks_close(open_metrics(&run));
	expect_metrics(ROW_1000 ROW_1003);
	run.done = 1003;
	sinks_close(open_metrics(&run));
	expect_metrics(ROW_1000);
}

/* Played by a limit on the size of files: nothing more can be written. */
static void test_a_full_disk_ends_the_run(void **state)
{
	struct sink_run run = run_in(scratch_dir());
	struct fl_err err = FL_ERR_INIT;
	struct rlimit was, none;
	struct sinks *s;
	int rc;

	(void)state;
	remove(scratch_path("metrics.jsonl"));
	s = open_metrics(&run);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_FSIZE, &none);
	rc = tell_step(s, 0, &err);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(rc, FL_EIO);
	assert_non_null(strstr(err.text, "metrics.jsonl': File too large"));
	sinks_close(s);
}

static int open_recipe(void **state)
{
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	return recipe_load("configs/demo/ppyoloe_demo.yml", NULL, 0, &recipe,
			   &err);
}

static int close_recipe(void **state)
{
	(void)state;
	recipe_free(recipe);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_told_to_who_wants_it),
		cmocka_unit_test(
			test_one_that_fails_ends_the_run_and_all_close),
		cmocka_unit_test(test_no_sinks_have_no_speed),
		cmocka_unit_test(test_the_console_reads_as_the_reference),
		cmocka_unit_test(test_metrics_are_rows_at_once),
		cmocka_unit_test(test_a_run_that_goes_on_repeats_no_row),
		cmocka_unit_test(test_a_full_disk_ends_the_run),
	};

	return cmocka_run_group_tests(tests, open_recipe, close_recipe);
}
