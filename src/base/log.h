/* log.h - lines for people, in PaddleDetection's format:
 *
 *     [MM/DD HH:MM:SS] flotilla.train INFO: text
 *
 * Info goes to standard output, warnings and errors to standard error; all of
 * them also to the log file, once fl_log_file() named one. Ranks other than 0
 * are silenced by fl_log_quiet(), except for warnings and errors.
 *
 * Threads: lines may come from any thread and do not mix; name, prefix and quiet
 * are set before there are others, fl_log_within_line by the launcher's one.
 */
#ifndef FL_BASE_LOG_H
#define FL_BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum fl_level {
	FL_DEBUG,
	FL_INFO,
	FL_WARN,
	FL_ERROR
};

/* name: who speaks, "flotilla.train"; kept, so it must outlive the program. */
void fl_log_name(const char *name);
void fl_log_quiet(bool quiet);
/* Text put before the sentence of warnings and errors, "rank 3: ". */
void fl_log_prefix(const char *prefix);
/* Keep lines, the first 256 KiB of them, until fl_log_file() names a file, where
 * they come first. */
void fl_log_keep(void);
/* Append lines to this file as well; NULL closes it and forgets what was
 * kept. */
int fl_log_file(const char *path, struct fl_err *err);

void fl_log(enum fl_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define fl_info(...) fl_log(FL_INFO, __VA_ARGS__)
#define fl_warn(...) fl_log(FL_WARN, __VA_ARGS__)
#define fl_error(...) fl_log(FL_ERROR, __VA_ARGS__)

/* Each line of a text as a warning of its own; of several ranks, which would all
 * say the same, rank 0 alone speaks. */
void fl_warn_lines(const struct fl_str *lines);

/* A line that rewrites itself on a terminal: standard output, or the terminal
 * of the launcher that reads it (fl_log_lend_terminal). Nothing where there is
 * none. The next ordinary line clears it first. */
void fl_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For a launcher that copies a program's output to its console: that ended
 * within a line, and the next ordinary line begins a new one. */
void fl_log_within_line(bool within);

/* For a launcher, before it starts programs: name its terminal, if it has one,
 * in the environment (FLOTILLA_CONSOLE). */
void fl_log_lend_terminal(void);

#endif
