/* par.h - the one parallel loop of the compute threads.
 *
 * The range is cut into chunks whose number depends on the range alone, never
 * on the number of threads; threads claim chunks one by one, so that a busy
 * neighbour on one core delays one chunk and not everyone. Whoever reduces
 * keeps a partial result per chunk and adds them in order of the chunk number:
 * then sums have the same bits for any number of threads.
 *
 * OpenMP stands only in par.c; with FL_PAR_PTHREAD (thread sanitizer builds)
 * plain threads do the same. Threads run with denormals flushed to zero.
 *
 * Threads: call from one thread of the process at a time, the compute thread.
 * Loader threads and the like parallelise over images instead.
 */
#ifndef FL_BASE_PAR_H
#define FL_BASE_PAR_H

#include <stdbool.h>
#include <stddef.h>

/* Work on items first .. last-1, which are chunk number chunk. */
typedef void fl_par_fn(void *ctx, size_t first, size_t last, int chunk);

/* Most chunks of any loop: callers size their partial results with it. */
#define FL_PAR_MAX_CHUNKS 64

/* How many chunks a loop over n items of at least grain items each has. */
int fl_par_chunks(size_t n, size_t grain);
void fl_par_for(size_t n, size_t grain, fl_par_fn *fn, void *ctx);

/* First of all in main: threads that wait for others are to spin for
 * microseconds, not for milliseconds, before they sleep. Where another process
 * wants one of the cores, a step took 16 times as long with libgomp's default,
 * and takes twice as long so. libgomp reads GOMP_SPINCOUNT before main, so the
 * process begins once more with it. Whoever set it, or OMP_WAIT_POLICY, or has
 * one thread, is left alone. */
void fl_par_spin_briefly(char **argv);
/* Threads of the pool; set once before the first loop (0: all cores this
 * process may use). Also flushes denormals in every thread. */
void fl_par_init(int threads);
int fl_par_threads(void);
/* What fl_par_init(0) takes. */
int fl_par_most(void);
/* While on, libraries that size their loops by OpenMP (oneDNN) use the calling
 * thread alone: for work too small to be worth waking the others. */
void fl_par_alone(bool on);
/* Flush denormals to zero in the calling thread: 100 times faster on them. */
void fl_flush_denormals(void);

#endif
