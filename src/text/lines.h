/* lines.h - text files of lines: class names, lists, labels.
 *
 * As people's editors leave them: with a byte order mark, with line ends \n, \r\n
 * or \r, with white space at the ends of lines.
 */
#ifndef FL_TEXT_LINES_H
#define FL_TEXT_LINES_H

#include "base/err.h"

#include <stdbool.h>

/* The file as one zero-ended string, without a byte order mark; free() it.
 * any_bytes: its lines are names of files, which need not be UTF-8. NULL with
 * FL_EDATA where it cannot be opened, holds zero bytes or is not UTF-8, with
 * the line; 'what' is its name in that sentence. */
char *lines_read(const char *path, const char *what, bool any_bytes,
		 struct fl_err *err);
/* The next line without white space at its ends, NULL at the end; *at goes on,
 * *number is the line's, from 1. */
char *lines_next(char **at, int *number);

#endif
