/* pace.h - computation that is only played: time goes by, and a share of a core.
 *
 * bench_scaling and its peer in Python (as a shared library) both compute by
 * this one function, so that neither is paced more kindly than the other.
 *
 * Calls in a row keep one timetable: a call that was woken too late, or whose
 * core was busy, is made up for by the next ones, up to GRACE. A real machine
 * has its cores for itself; these share some, and with other work too.
 * Whoever has waited for others begins a new timetable: that time is lost.
 * Threads: one.
 */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

/* A new timetable from now on. */
void pace_anew(void);
/* Seconds go by, in which the caller burns share * seconds of processor time.
 * Longer where no core was free for the burning. */
void pace(double seconds, double share);

#endif
