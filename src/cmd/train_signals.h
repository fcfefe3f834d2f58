/* train_signals.h - what a training does when it is asked to stop, or where it
 * stands.
 *
 * No handler of ours runs on a thread that computes: oneDNN's small matrix
 * products (2.6.3, 3.7.2, AVX-512) keep a data pointer in the stack register, and
 * a signal that is handled there writes its frame into the maps or the heap. So
 * the signals are blocked everywhere, and one thread waits for them.
 *
 * Threads: train_signals_open in main before any other thread, which inherit
 * what is blocked; train_signals_stop in any.
 */
#ifndef FL_CMD_TRAIN_SIGNALS_H
#define FL_CMD_TRAIN_SIGNALS_H

#include "base/err.h"

int train_signals_open(struct fl_err *err);
/* The number of the signal that asked the training to stop, or 0. */
int train_signals_stop(void);

#endif
