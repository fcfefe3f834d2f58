/* cmd_watch.c - flotilla watch: how a run at work stands, in a terminal or as a
 * page, from its folder or from where another machine serves it.
 *
 * It reads the run's folder as it grows (watch/follow.h) and asks nothing of
 * those who train. */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/log.h"
#include "watch/follow.h"
#include "watch/remote.h"
#include "watch/serve.h"
#include "watch/show.h"
#include "watch/status.h"

#include <stdlib.h>

struct watch_args {
	bool once;
	double every;
	int serve;
	const char *bind, *token;
};

#define O(field) offsetof(struct watch_args, field)
static const struct option_row rows[] = {
	{ "once", 0, OPTION_FLAG, O(once), .help = "print it once and end" },
	{ "every", 0, OPTION_REAL, O(every), 0.1, 3600, "SECONDS",
	  "time between two looks (default 1)" },
	{ "serve", 0, OPTION_INT, O(serve), 0, 65535, "PORT",
	  "the same as a page that renews itself, at this port; 0: one that is "
	  "free" },
	{ "bind", 0, OPTION_TEXT, O(bind), .arg = "ADDRESS",
	  .help = "of this machine, where the page is (default 127.0.0.1); one "
		  "that others reach wants a token" },
	{ "token", 0, OPTION_TEXT, O(token), .arg = "WORD",
	  .help = "whoever asks for the page must know it (default: "
		  "FLOTILLA_TOKEN, which ps does not show)" },
};

const struct option_table cmd_watch_options = {
	.program = "flotilla watch",
	.usage = "RUN|HOST:PORT [options]",
	.about =
		"Shows how a run at work stands: curves, every rank's images a second, who is\n"
		"slow, the time to its end. Ends with the run, or by Ctrl-C. HOST:PORT is where\n"
		"another machine serves it.",
	.example = "  flotilla watch output/my\n"
		   "  flotilla watch output/my --once\n"
		   "  flotilla watch output/my --serve 8080\n"
		   "  flotilla watch localhost:8080",
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

static const char *token_of(const struct watch_args *args)
{
	const char *token =
		args->token ? args->token : getenv("FLOTILLA_TOKEN");

	return token ? token : "";
}

static int watch_folder(const struct watch_args *args, const char *folder,
			struct fl_err *err)
{
	struct followed f;
	const struct watch_source source = { .ask = ask_folder, .self = &f };
	const struct show_options options = { .once = args->once,
					      .every = args->every };
	const struct serve_options serve = { .address = args->bind
								? args->bind
								: "127.0.0.1",
					     .token = token_of(args),
					     .port = args->serve,
					     .every = args->every };
	int rc = follow_open(&f, folder, err);

	if (rc != 0)
		return rc;
	rc = args->serve >= 0 ? serve_run(&f, &serve, err)
			      : show_run(&source, &options, err);
	follow_close(&f);
	return rc;
}

static int ask_remote(void *self, struct json **out, struct fl_err *err)
{
	return remote_ask(self, out, err);
}

static int watch_remote(const struct watch_args *args, struct remote *remote,
			struct fl_err *err)
{
	const struct watch_source source = { .ask = ask_remote,
					     .self = remote };
	const struct show_options options = { .once = args->once,
					      .every = args->every };

	if (args->serve >= 0)
		return fl_fail(err, FL_EUSAGE,
			       "--serve is for the folder of a run; %s:%s is "
			       "served already",
			       remote->host, remote->port);
	remote->token = token_of(args);
	return show_run(&source, &options, err);
}

static int take_run(void *ctx, int words, char **argv, struct fl_err *err)
{
	const struct watch_args *args = ctx;
	struct remote remote;

	if (words != 1)
		return fl_fail(err, FL_EUSAGE,
			       words == 0 ? "no run given: name the folder of "
					    "a run, as output/my"
					  : "%d runs are given, but one is "
					    "watched at a time",
			       words);
	if (args->once && args->serve >= 0)
		return fl_fail(
			err, FL_EUSAGE,
			"--once prints and ends, --serve goes on: one of "
			"the two");
	if (args->bind && args->serve < 0)
		return fl_fail(err, FL_EUSAGE,
			       "--bind says where --serve is to be, which is "
			       "not given");
	/* A folder may be called like that too. */
	if (!fl_exists(argv[0]) && remote_parse(argv[0], &remote))
		return watch_remote(args, &remote, err);
	return watch_folder(args, argv[0], err);
}

int cmd_watch(int argc, char **argv, struct fl_err *err)
{
	struct watch_args args = { .every = 1, .serve = -1 };

	fl_log_name("flotilla.watch");
	return cmd_run(&cmd_watch_options, &args, argc, argv, take_run, err);
}
