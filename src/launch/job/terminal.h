/* terminal.h - standard input: fleetrun's own, and its trainers'.
 *
 * The first trainer of a machine reads what fleetrun was given, a terminal, a
 * pipe or a file; all others read nothing (/dev/null). Trainers are in sessions
 * of their own, so the terminal is not theirs to be stopped by (SIGTTIN), and
 * Ctrl-C goes to fleetrun.
 *
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_TERMINAL_H
#define FL_LAUNCH_TERMINAL_H

#include <stdbool.h>

/* Notes how the terminal is set. */
void terminal_open(void);
/* A descriptor to become a trainer's standard input, the caller's to close;
 * -1: it cannot be had. first: this is the trainer that may read. */
int terminal_input(bool first);
/* Sets the terminal as it was: a trainer may have died while it read a
 * password. */
void terminal_close(void);

#endif
