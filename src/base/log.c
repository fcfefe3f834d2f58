/* Lines for people: the console, the log file, and a line of progress that gives
 * way to both.
 * One lock around each line keeps lines of several threads whole. fl_log_keep
 * holds lines back because the run's folder, and so its log.txt, exists only
 * after the first step; 256 KiB of them are more than any start says. */
#include "base/log.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* name, prefix and quiet are set before there are threads
 * that log; the lock guards the rest. */
static struct {
	pthread_mutex_t lock;
	const char *name;
	char prefix[64];
	bool quiet;
	bool within_line; /* what the console shows has no end yet */
	bool progress_shown, looked;
	FILE *terminal;
	FILE *file;
	bool keep;
	struct fl_str kept; /* lines for the file that is not named yet */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .name = "flotilla" };

void fl_log_name(const char *name)
{
	state.name = name;
}

void fl_log_quiet(bool quiet)
{
	state.quiet = quiet;
}

void fl_log_prefix(const char *prefix)
{
	snprintf(state.prefix, sizeof(state.prefix), "%s", prefix);
}

#define MOST_KEPT (256 * 1024)

void fl_log_keep(void)
{
	pthread_mutex_lock(&state.lock);
	state.keep = true;
	pthread_mutex_unlock(&state.lock);
}

int fl_log_file(const char *path, struct fl_err *err)
{
	FILE *file = NULL;

	if (path) {
		file = fopen(path, "ae");
		if (!file)
			return fl_fail(err, FL_EIO,
				       "cannot open log file "
				       "'%s': %s",
				       path, strerror(errno));
	}
	pthread_mutex_lock(&state.lock);
	if (state.file)
		fclose(state.file);
	state.file = file;
	if (file)
		fputs(fl_str_get(&state.kept), file);
	fl_str_release(&state.kept);
	state.keep = false;
	pthread_mutex_unlock(&state.lock);
	return 0;
}

#define CONSOLE "FLOTILLA_CONSOLE"

void fl_log_lend_terminal(void)
{
	const char *path =
		isatty(STDOUT_FILENO) ? ttyname(STDOUT_FILENO) : NULL;

	if (path)
		setenv(CONSOLE, path, 1);
	else
		unsetenv(CONSOLE);
}

/* Not as the controlling one: Ctrl-C there is for whoever it belongs to. */
static FILE *open_terminal(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!f && fd >= 0)
		close(fd);
	return f;
}

/* Where progress is shown, or NULL; settled at the first call. */
static FILE *terminal(void)
{
	const char *path = getenv(CONSOLE);

	if (!state.looked && isatty(STDOUT_FILENO))
		state.terminal = stdout;
	else if (!state.looked && path && *path)
		state.terminal = open_terminal(path);
	state.looked = true;
	return state.terminal;
}

void fl_log_within_line(bool within)
{
	/* fleetrun copies a trainer's bytes as they come, so only it knows
	 * whether the console stands at the start of a line. */
	state.within_line = within;
}

/* "\r\033[K": to the start of the line, and delete what stands there. */
static void clear_progress(void)
{
	if (state.progress_shown) {
		fputs("\r\033[K", state.terminal);
		fflush(state.terminal);
	}
	state.progress_shown = false;
}

/* The file knows nothing of a line that the console has begun. Each line is
 * flushed: who follows the log, or finds it after a crash, has all of it. */
static void write_line(FILE *to, const char *line)
{
	if (state.within_line && to != state.file)
		fputc('\n', to);
	state.within_line &= to == state.file;
	fputs(line, to);
	fflush(to);
}

void fl_log(enum fl_level level, const char *fmt, ...)
{
	static const char *const names[] = { "DEBUG", "INFO", "WARNING",
					     "ERROR" };
	/* Room for four sentences of struct fl_err; what is longer is cut. */
	char stamp[32], text[4096];
	struct fl_str line = FL_STR_INIT;
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	if (state.quiet && level < FL_WARN)
		return;
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%m/%d %H:%M:%S", &tm);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fl_str_addf(&line, "[%s] %s %s: %s%s\n", stamp, state.name,
		    names[level], level >= FL_WARN ? state.prefix : "", text);

	pthread_mutex_lock(&state.lock);
	clear_progress();
	write_line(level >= FL_WARN ? stderr : stdout, fl_str_get(&line));
	if (state.file)
		write_line(state.file, fl_str_get(&line));
	else if (state.keep && state.kept.len + line.len <= MOST_KEPT)
		fl_str_add(&state.kept, fl_str_get(&line));
	pthread_mutex_unlock(&state.lock);
	fl_str_release(&line);
}

void fl_warn_lines(const struct fl_str *lines)
{
	const char *at = fl_str_get(lines);

	while (*at && !state.quiet) {
		size_t len = strcspn(at, "\n");

		if (len)
			fl_warn("%.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
}

void fl_progress(const char *fmt, ...)
{
	va_list ap;

	if (state.quiet)
		return;
	pthread_mutex_lock(&state.lock);
	if (terminal()) {
		fputs("\r\033[K", state.terminal);
		va_start(ap, fmt);
		vfprintf(state.terminal, fmt, ap);
		va_end(ap);
		fflush(state.terminal);
		state.progress_shown = true;
	}
	pthread_mutex_unlock(&state.lock);
}
