#include "train/snapshot.h"

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
	struct engine copy; /* whose state lies in memory of our own */
	struct train_place place;
	pthread_t thread;
	bool writing;
	atomic_bool finished;
	char path[PATH_MAX], last[PATH_MAX];
	struct fl_err err;
};

/* The same place in our memory. */
static float *moved(const struct snapshot *s, const struct engine *e,
		    const float *p)
{
	return s->copy.slab + (p - e->slab);
}

int snapshot_open(const struct engine *e, const char *run_dir,
		  struct snapshot **out, struct fl_err *err)
{
	struct snapshot *s = fl_calloc(1, sizeof(*s));
	int rc;

	s->run_dir = run_dir;
	s->copy = *e;
	s->copy.slab = NULL;
	rc = device_slab_new(e->device, e->slab_bytes, &s->copy.slab, err);
	if (rc != 0) {
		free(s);
		return rc;
	}
	s->copy.state.weights = moved(s, e, e->state.weights);
	s->copy.state.velocity = moved(s, e, e->state.velocity);
	s->copy.state.ema = moved(s, e, e->state.ema);
	s->copy.state.statistics = moved(s, e, e->state.statistics);
	s->copy.state.ema_statistics = moved(s, e, e->state.ema_statistics);
	*out = s;
	return 0;
}

static void *write_copy(void *ctx)
{
	struct snapshot *s = ctx;

	checkpoint_save(&s->copy, &s->place, s->path, &s->err);
	atomic_store(&s->finished, true);
	return NULL;
}

void snapshot_begin(struct snapshot *s, const struct engine *e,
		    const struct train_place *place)
{
	const struct graph *g = e->model->graph;
	size_t flat = g->flat_count * sizeof(float);
	size_t statistics = g->statistic_count * sizeof(float);

	if (s->writing)
		return;
	memcpy(s->copy.state.weights, e->state.weights, flat);
	memcpy(s->copy.state.velocity, e->state.velocity, flat);
	memcpy(s->copy.state.ema, e->state.ema, flat);
	memcpy(s->copy.state.statistics, e->state.statistics, statistics);
	memcpy(s->copy.state.ema_statistics, e->state.ema_statistics,
	       statistics);
	s->copy.ema = e->ema;
	s->place = *place;
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
	if (*s->last && strcmp(s->last, s->path) != 0)
		unlink(s->last);
	memcpy(s->last, s->path, sizeof(s->last));
	snprintf(path, size, "%s", s->path);
	*step = s->place.step;
	return 1;
}

void snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	if (s->writing)
		pthread_join(s->thread, NULL);
	device_slab_free(s->copy.device, s->copy.slab, s->copy.slab_bytes);
	free(s);
}
