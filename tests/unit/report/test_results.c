/* results.csv: names and values of a row, a run that goes on, and an output that
 * is only for looking at: where it cannot be written the training goes on. */
#include "report/sinks.h"

#include "base/file.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEADER                                         \
	"epoch,time,train/loss,train/cls_loss,lr/pg0," \
	"metrics/mAP50(B),metrics/mAP50-95(B)\n"

static const struct sink *const rows[] = { &results_sink, NULL };

static struct sinks *open_at(const char *folder, int done_epochs)
{
	struct sink_run run = { .folder = folder,
				.log_iter = 2,
				.epochs = 3,
				.steps_per_epoch = 2,
				.batch_size = 8,
				.world_size = 1,
				.done = 2 * done_epochs,
				.done_epochs = done_epochs,
				.evaluated = -1 };
	struct fl_err err = FL_ERR_INIT;
	struct sinks *s = NULL;

	if (sinks_open(rows, &run, &s, &err) != 0)
		fail_msg("%s", err.text);
	return s;
}

/* Steps of losses 4, 2 and 1, 0.5, so that means are 3 and 0.75. */
static void train_epoch(struct sinks *s, int epoch)
{
	struct fl_err err = FL_ERR_INIT;

	for (int i = 0; i < 2; i++) {
		const struct sink_number numbers[] = {
			{ "lr", SINK_SETTING, 0.01 * (i + 1) },
			{ "loss", SINK_LOSS, i == 0 ? 4 : 2 },
			{ "loss_cls", SINK_LOSS, i == 0 ? 1 : 0.5 },
			{ "images_per_s", SINK_SPEED, 0.1 },
		};
		struct sinks_step step = { .step = 2 * epoch + i,
					   .epoch = epoch,
					   .step_in_epoch = i,
					   .numbers = numbers,
					   .count = 4 };

		assert_int_equal(sinks_step(s, &step, &err), 0);
	}
}

static void evaluate(struct sinks *s, int epoch, double ap, bool voc)
{
	struct evaluator evaluator = { .voc = voc };
	struct evaluation result = { .images = 1, .seconds = 1 };
	struct sink_evaluation e = { .step = 2 * epoch + 2,
				     .epoch = epoch,
				     .evaluator = &evaluator,
				     .result = &result };
	struct fl_err err = FL_ERR_INIT;

	result.coco.stats[COCO_AP] = ap;
	result.coco.stats[COCO_AP50] = voc || ap < 0 ? ap : ap + 0.25;
	assert_int_equal(sinks_evaluated(s, &e, &err), 0);
}

/* The file, with T for each row's time. */
static void expect(const char *folder, const char *expected)
{
	char path[4096], text[2048] = "", *at = text;
	struct fl_err err = FL_ERR_INIT;
	const char *p, *end;
	struct fl_map map;

	assert_int_equal(
		fl_join(path, sizeof(path), folder, "results.csv", &err), 0);
	if (fl_map_open(&map, path, &err) != 0)
		fail_msg("%s", err.text);
	p = (const char *)map.data;
	end = p + map.size;
	for (int line = 0, column = 0; p < end; p++) {
		bool time = line > 0 && column == 1 && *p != ',';

		if (!time)
			*at++ = *p;
		else if (p[-1] == ',')
			*at++ = 'T';
		line += *p == '\n';
		column = *p == '\n' ? 0 : column + (*p == ',');
	}
	*at = '\0';
	fl_map_close(&map);
	assert_string_equal(text, expected);
}

static const char *fresh(const char *name)
{
	struct fl_err err = FL_ERR_INIT;
	const char *folder = scratch_path(name);

	assert_int_equal(fl_make_dirs(folder, &err), 0);
	return folder;
}

#define ROW(epoch, scores) epoch ",T,3,0.75,0.02," scores "\n"

static void test_a_row_is_there_at_its_epoch_s_end(void **state)
{
	const char *folder = fresh("rows");
	struct sinks *s = open_at(folder, 0);

	(void)state;
	train_epoch(s, 0);
	expect(folder, HEADER ROW("1", ","));
	evaluate(s, 0, 0.5, false);
	expect(folder, HEADER ROW("1", "0.75,0.5"));
	train_epoch(s, 1); /* which nobody evaluates */
	train_epoch(s, 2);
	evaluate(s, 2, -1, false); /* nothing to measure */
	sinks_close(s);
	expect(folder, HEADER ROW("1", "0.75,0.5") ROW("2", ",") ROW("3", ","));
}

static void test_voc_has_no_mean_over_thresholds(void **state)
{
	const char *folder = fresh("voc");
	struct sinks *s = open_at(folder, 0);

	(void)state;
	train_epoch(s, 0);
	evaluate(s, 0, 0.5, true);
	sinks_close(s);
	expect(folder, HEADER ROW("1", "0.5,"));
}

static void test_a_run_that_goes_on_repeats_no_row(void **state)
{
	const char *folder = fresh("again");
	struct sinks *s = open_at(folder, 0);

	(void)state;
	train_epoch(s, 0);
	evaluate(s, 0, 0.5, false);
	train_epoch(s, 1);
	sinks_close(s);
	s = open_at(folder,
		    2); /* it ended before the evaluation, made up now */
	evaluate(s, 1, 0.625, false);
	train_epoch(s, 2);
	sinks_close(s);
	expect(folder, HEADER ROW("1", "0.75,0.5") ROW("2", "0.875,0.625")
			       ROW("3", ","));
	s = open_at(folder, 1); /* from an older checkpoint */
	expect(folder, HEADER ROW("1", "0.75,0.5"));
	train_epoch(s, 1);
	sinks_close(s);
	expect(folder, HEADER ROW("1", "0.75,0.5") ROW("2", ","));
}

static void test_a_file_cut_off_keeps_its_whole_rows(void **state)
{
	static const char cut[] = HEADER "1,5.5,3,0.75,0.02,0.75,0.5\n2,7.";
	const char *folder = fresh("cut");
	struct sinks *s;

	(void)state;
	scratch_file("cut/results.csv", cut, sizeof(cut) - 1);
	s = open_at(folder, 2);
	train_epoch(s, 2);
	sinks_close(s);
	expect(folder, HEADER ROW("1", "0.75,0.5") ROW("3", ","));
}

/* No other output is told of it, and the training hears nothing. */
static void test_a_folder_that_is_gone_ends_nothing(void **state)
{
	const char *folder = fresh("gone");
	struct sinks *s = open_at(folder, 0);
	char path[4096];

	(void)state;
	train_epoch(s, 0);
	snprintf(path, sizeof(path), "%s/results.csv", folder);
	remove(path);
	remove(folder);
	evaluate(s, 0, 0.5, false);
	train_epoch(s, 1);
	assert_int_equal(fl_make_dirs(folder, &(struct fl_err)FL_ERR_INIT), 0);
	train_epoch(s, 2); /* it is there again, and nothing was lost */
	sinks_close(s);
	expect(folder, HEADER ROW("1", "0.75,0.5") ROW("2", ",") ROW("3", ","));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_row_is_there_at_its_epoch_s_end),
		cmocka_unit_test(test_voc_has_no_mean_over_thresholds),
		cmocka_unit_test(test_a_run_that_goes_on_repeats_no_row),
		cmocka_unit_test(test_a_file_cut_off_keeps_its_whole_rows),
		cmocka_unit_test(test_a_folder_that_is_gone_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
