/* cmd_report.c - flotilla report: the page of a run, or of several side by side.
 *
 * A run writes its own page as it goes (report/page_sink.c); this makes it anew
 * of a folder that was copied, cut off or trained without one, and is the way to
 * compare runs. What cannot be read of a folder is a warning and a line of the
 * page: only a folder without a run is an error. */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/log.h"
#include "page/page.h"

#include <limits.h>
#include <stdio.h>

struct report_args {
	const char *out;
};

static const struct option_row rows[] = {
	{ "out", 0, OPTION_TEXT, offsetof(struct report_args, out),
	  .arg = "FILE",
	  .help = "the page to write (default: report.html in RUN; of several "
		  "runs here)" },
};

const struct option_table cmd_report_options = {
	.program = "flotilla report",
	.usage = "RUN ... [--out FILE]",
	.about =
		"Writes the page of a run: curves, scores, recipe, machines. One HTML file that\n"
		"needs no network. Several runs stand side by side.",
	.example = "  flotilla report output/my\n"
		   "  flotilla report output/a output/b --out compare.html",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.operand = "DIR",
};

static int take_runs(void *ctx, int words, char **argv, struct fl_err *err)
{
	const struct report_args *args = ctx;
	const char *out = args->out;
	struct fl_str notes = FL_STR_INIT;
	char path[PATH_MAX];
	int rc = 0;

	if (words == 0)
		return fl_fail(err, FL_EUSAGE,
			       "no run given: name the folder of a run, as "
			       "output/my");
	if (words > PAGE_MOST_RUNS)
		return fl_fail(
			err, FL_EUSAGE,
			"%d runs are given, but at most %d stand side by "
			"side",
			words, PAGE_MOST_RUNS);
	if (!out && words == 1)
		rc = fl_join(path, sizeof(path), argv[0], PAGE_FILE, err);
	else if (!out)
		snprintf(path, sizeof(path), "%s", PAGE_FILE);
	if (rc == 0)
		rc = page_write((const char *const *)argv, words,
				out ? out : path, false, &notes, err);
	fl_warn_lines(&notes);
	fl_str_release(&notes);
	if (rc == 0)
		printf("%s\n", out ? out : path);
	return rc;
}

int cmd_report(int argc, char **argv, struct fl_err *err)
{
	struct report_args args = { 0 };

	fl_log_name("flotilla.report");
	return cmd_run(&cmd_report_options, &args, argc, argv, take_runs, err);
}
