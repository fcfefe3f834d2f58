/* inherited.h - what a process was given by whoever started it: standard
 * descriptors, and signals that are to stay ignored.
 *
 * Threads: fl_inherited_mend before there are any; then any.
 */
#ifndef FL_BASE_INHERITED_H
#define FL_BASE_INHERITED_H

#include <stdbool.h>

/* First of all in main. Standard descriptors that are closed lead to /dev/null
 * from here on: else the next file that is opened takes the number of one of
 * them, and log lines land in it. SIGCHLD takes its default back: a parent that
 * ignores it would keep us from hearing of our own children's end. */
void fl_inherited_mend(void);
/* Was the signal ignored when the process began? Then it stays so (POSIX, nohup
 * and the "&" of scripts): no handler, no signalfd. */
bool fl_inherited_ignored(int number);

#endif
