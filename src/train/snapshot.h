/* snapshot.h - checkpoints that are written beside the training.
 *
 * The state is copied in memory (as long as a few milliseconds per 100 MB
 * take) and a thread writes the copy as step_<n>.safetensors; training goes on.
 * When a snapshot falls due while the last one is still being written, it is
 * left out: the disk sets the pace. Only the newest one is kept.
 *
 * Threads: the training thread calls; the writing thread is the snapshot's own.
 */
#ifndef FL_TRAIN_SNAPSHOT_H
#define FL_TRAIN_SNAPSHOT_H

#include "train/checkpoint.h"

struct snapshot;

/* Takes memory for a copy of the engine's state. run_dir is borrowed. */
int snapshot_open(const struct engine *engine, const char *run_dir,
		  struct snapshot **out, struct fl_err *err);
/* Waits for the thread. NULL is fine. */
void snapshot_close(struct snapshot *s);

void snapshot_begin(struct snapshot *s, const struct engine *engine,
		    const struct train_place *place);
/* 1: one has become whole since the last call (path and step say which), 0:
 * none, negative: writing failed. wait: for the one that is being written. */
int snapshot_done(struct snapshot *s, bool wait, char *path, size_t size,
		  int64_t *step, struct fl_err *err);

#endif
