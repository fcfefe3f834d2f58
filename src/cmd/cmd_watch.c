/* cmd_watch.c - flotilla watch: how a run at work stands, in a terminal.
 *
 * It reads the run's folder as it grows (watch/follow.h) and asks nothing of
 * those who train. */
#include "cmd/cmd.h"

#include "base/log.h"
#include "watch/follow.h"
#include "watch/show.h"
#include "watch/status.h"

struct watch_args {
	bool once;
	double every;
};

#define O(field) offsetof(struct watch_args, field)
static const struct option_row rows[] = {
	{ "once", 0, OPTION_FLAG, O(once), .help = "print it once and end" },
	{ "every", 0, OPTION_REAL, O(every), 0.1, 3600, "SECONDS",
	  "time between two looks (default 1)" },
};

const struct option_table cmd_watch_options = {
	.program = "flotilla watch",
	.usage = "RUN [options]",
	.about =
		"Shows how a run at work stands: curves, every rank's images a second, who is\n"
		"slow, the time to its end. Ends with the run, or by Ctrl-C.",
	.example = "  flotilla watch output/my\n"
		   "  flotilla watch output/my --once",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.operand = "DIR",
};

static int ask_folder(void *self, struct json **out, struct fl_err *err)
{
	struct followed *f = self;
	int rc = follow_update(f, err);

	if (rc < 0)
		return rc;
	*out = status_of(f);
	return 0;
}

static int watch_folder(const struct watch_args *args, const char *folder,
			struct fl_err *err)
{
	struct followed f;
	const struct watch_source source = { .ask = ask_folder, .self = &f };
	const struct show_options options = { .once = args->once,
					      .every = args->every };
	int rc = follow_open(&f, folder, err);

	if (rc != 0)
		return rc;
	rc = show_run(&source, &options, err);
	follow_close(&f);
	return rc;
}

static int take_run(void *ctx, int words, char **argv, struct fl_err *err)
{
	if (words != 1)
		return fl_fail(err, FL_EUSAGE,
			       words == 0 ? "no run given: name the folder of "
					    "a run, as output/my"
					  : "%d runs are given, but one is "
					    "watched at a time",
			       words);
	return watch_folder(ctx, argv[0], err);
}

int cmd_watch(int argc, char **argv, struct fl_err *err)
{
	struct watch_args args = { .every = 1 };

	fl_log_name("flotilla.watch");
	return cmd_run(&cmd_watch_options, &args, argc, argv, take_run, err);
}
