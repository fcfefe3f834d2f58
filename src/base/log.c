#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock;
	const char *name;
	char prefix[64];
	bool quiet;
	bool within_line; /* what the console shows has no end yet */
	bool progress_shown, looked;
	FILE *terminal;
	FILE *file;
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
	state.within_line = within;
}

static void clear_progress(void)
{
	if (state.progress_shown) {
		fputs("\r\033[K", state.terminal);
		fflush(state.terminal);
	}
	state.progress_shown = false;
}

static void write_line(FILE *to, const char *stamp, enum fl_level level,
		       const char *text)
{
	static const char *const names[] = { "DEBUG", "INFO", "WARNING",
					     "ERROR" };

	if (state.within_line && to != state.file)
		fputc('\n', to);
	state.within_line &= to == state.file;
	fprintf(to, "[%s] %s %s: %s%s\n", stamp, state.name, names[level],
		level >= FL_WARN ? state.prefix : "", text);
	fflush(to);
}

void fl_log(enum fl_level level, const char *fmt, ...)
{
	char stamp[32], text[4096];
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

	pthread_mutex_lock(&state.lock);
	clear_progress();
	write_line(level >= FL_WARN ? stderr : stdout, stamp, level, text);
	if (state.file)
		write_line(state.file, stamp, level, text);
	pthread_mutex_unlock(&state.lock);
}

void fl_warn_lines(const struct fl_str *lines)
{
	const char *at = fl_str_get(lines);

	while (*at) {
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
