/* pace.h - computation that is only played: time goes by, and a share of a core.
 *
 * bench_scaling and its peer in Python (as a shared library) both compute by
 * this one function, so that neither is paced more kindly than the other.
 *
 * Calls in a row keep one timetable: what one sleeps too long the next makes
 * up for, up to a fifth of a millisecond. Who came late for another reason (a
 * collective, a core that was busy) has lost that time.
 * Threads: one.
 */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

/* Seconds go by, in which the caller burns share * seconds of processor time.
 * Longer where no core was free for the burning. */
void pace(double seconds, double share);

#endif
