/* A copy of the state, and the thread that writes it. snapshot_begin fills the
 * copy only while no thread reads it: loop.c calls snapshot_done after every
 * step, and as long as a file is being written no new copy is begun. So the
 * memory is twice the saved rows, and training waits for the copying alone. */
#include "train/snapshot.h"

#include "base/cores.h"
#include "base/log.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct snapshot {
	const char *run_dir;
	struct state_mirror copy;
	struct checkpoint_content content; /* of the copy */
	pthread_t thread;
	bool writing;
	atomic_bool finished;
	char path[PATH_MAX], last[PATH_MAX]; /* now, and before */
	struct fl_err err;
};

int snapshot_open(const struct engine *e, const char *run_dir,
		  struct snapshot **out, struct fl_err *err)
{
	struct snapshot *s = fl_calloc(1, sizeof(*s));
	int rc;

	s->run_dir = run_dir;
	rc = state_mirror_open(&s->copy, &e->net.state, state_saved(), true,
			       err);
	if (rc != 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

static void *write_copy(void *ctx)
{
	struct snapshot *s = ctx;

	/* See base/cores.h: else it would sit on the core of the thread that
	 * computes. */
	fl_cores_all();
	/* The result is in s->err, which nobody reads before the join. */
	checkpoint_save(&s->content, s->path, &s->err);
	atomic_store(&s->finished, true);
	return NULL;
}

void snapshot_begin(struct snapshot *s, const struct engine *e,
		    const struct train_place *place)
{
	struct fl_err err = FL_ERR_INIT;

	if (s->writing)
		return;
	if (state_fetch(&s->copy, &e->net.state, e->net.queue, state_saved(),
			&err) != 0) {
		/* Training is worth more than one snapshot; a device that
		 * failed fails the next step. */
		fl_warn("a checkpoint is left out: %s", err.text);
		return;
	}
	/* The numbers beside the rows are copied too, for the next step changes
	 * them. */
	s->content = checkpoint_of(e, place);
	s->content.rows = &s->copy;
	s->err = (struct fl_err)FL_ERR_INIT;
	snprintf(s->path, sizeof(s->path), "%s/step_%lld.safetensors",
		 s->run_dir, (long long)place->step);
	atomic_store(&s->finished, false);
	s->writing = pthread_create(&s->thread, NULL, write_copy, s) == 0;
	if (!s->writing)
		fl_warn("no thread to write a checkpoint with; left out");
}

int snapshot_done(struct snapshot *s, bool wait, char *path, size_t size,
		  int64_t *step, struct fl_err *err)
{
	if (!s || !s->writing || (!wait && !atomic_load(&s->finished)))
		return 0;
	pthread_join(s->thread, NULL);
	s->writing = false;
	if (s->err.code != 0) {
		*err = s->err;
		return err->code;
	}
	/* Only now that the newer one is whole. */
	if (*s->last && strcmp(s->last, s->path) != 0)
		unlink(s->last);
	memcpy(s->last, s->path, sizeof(s->last));
	snprintf(path, size, "%s", s->path);
	*step = s->content.place.step;
	return 1;
}

void snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	if (s->writing)
		pthread_join(s->thread, NULL);
	state_mirror_close(&s->copy);
	free(s);
}
