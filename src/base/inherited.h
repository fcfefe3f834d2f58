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
 * ignores it would keep us from hearing of our own children's end. A file beyond
 * the limit of sizes (ulimit -f) is an error of write, not our death. */
void fl_inherited_mend(void);
/* What asks a program to end, up to a 0: a person's, a scheduler's word before the
 * time is over (Slurm's --signal=USR1@60, SGE's -notify), and that of the limit of
 * processor time. */
extern const int fl_stop_signals[];
/* In a child before its exec: signals that we ignore and were not given so have
 * their default again. */
void fl_inherited_restore(void);
/* Was the signal ignored when the process began? Then it stays so (POSIX, nohup
 * and the "&" of scripts): no handler, no signalfd. */
bool fl_inherited_ignored(int number);

#endif
