/* terminal.h - the window of standard output, as a screen of its own.
 *
 * terminal_enter() keeps what the window shows and terminal_leave() brings it
 * back; both do nothing where standard output is no terminal.
 * Threads: one.
 */
#ifndef FL_WATCH_TERMINAL_H
#define FL_WATCH_TERMINAL_H

#include <stdbool.h>

bool terminal_is(void);
/* Columns and rows: of the window, else of COLUMNS and LINES, else 80 and 40. */
void terminal_size(int *columns, int *rows);
void terminal_enter(void);
void terminal_leave(void);
/* Lines, each with its '\n', in place of those before. */
void terminal_replace(const char *lines);

#endif
