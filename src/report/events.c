/* events.c - the run as TensorBoard shows it: curves, the recipe, first batches.
 *
 * A record is written at every logged step and every evaluation, in a file per
 * process: a run that goes on opens a new one (report/tfevents.h says why). Of
 * long runs steps are left out, for a reader keeps a thousand points of a curve
 * and people copy these files: MOST_STEPS records of a dozen numbers are about
 * one megabyte.
 */
#include "report/sink.h"

#include "base/arena.h"
#include "base/log.h"
#include "data/options.h"
#include "report/mosaic.h"
#include "report/options.h"
#include "report/tfevents.h"

#include <stdlib.h>
#include <time.h>

#define MOST_STEPS 4000
#define JPEG_QUALITY 85

struct events {
	const struct sink_run *run;
	struct tfevents *file;
	int64_t every, logged; /* of logged steps every so many is written */
};

/* TensorBoard's axis of wall time is the clock on the wall, not ours of
 * steps. */
static double wall_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The first record with anything to see; a run that goes on takes back what the
 * one before it did after the checkpoint. */
static int write_start(const struct events *e, struct fl_err *err)
{
	struct fl_str text = FL_STR_INIT;
	int rc;

	tfevents_begin(e->file, wall_s(), e->run->done);
	if (e->run->done > 0)
		tfevents_restart(e->file);
	rc = tfevents_end(e->file, err);
	if (rc != 0)
		return rc;
	fl_str_addf(&text, "```\n%s```\n", e->run->recipe->effective);
	tfevents_begin(e->file, wall_s(), e->run->done);
	tfevents_text(e->file, "recipe", fl_str_get(&text));
	rc = tfevents_end(e->file, err);
	fl_str_release(&text);
	return rc;
}

static int open_events(const struct sink_run *run, void **self,
		       struct fl_err *err)
{
	const struct report_options *o = report_options(run->recipe);
	const char *folder = *o->vdl_log_dir ? o->vdl_log_dir : run->folder;
	int64_t lines = ((int64_t)run->steps_per_epoch + run->log_iter - 1) /
			run->log_iter * run->epochs;
	struct events *e;
	int rc;

	/* *self stays NULL, by which the other calls know. */
	if (!o->use_vdl)
		return 0;
	e = fl_calloc(1, sizeof(*e));
	*self = e;
	e->run = run;
	/* Rounded up: MOST_STEPS is a bound of the file, not a number to
	 * reach. */
	e->every = (lines + MOST_STEPS - 1) / MOST_STEPS;
	rc = tfevents_open(folder, (int64_t)time(NULL), &e->file, err);
	if (rc == 0)
		fl_info("event files are in %s (tensorboard --logdir %s)",
			folder, folder);
	return rc == 0 ? write_start(e, err) : rc;
}

/* The part of a tag before the slash is the group of its chart. */
static const char *group_of(enum sink_kind kind)
{
	switch (kind) {
	case SINK_SECONDS:
		return "time";
	case SINK_SPEED:
		return "speed";
	case SINK_SCORE:
		return "eval";
	default:
		return "train";
	}
}

static int write_numbers(const struct events *e, int64_t step,
			 const struct sink_number *numbers, int count,
			 struct fl_err *err)
{
	tfevents_begin(e->file, wall_s(), step);
	for (int i = 0; i < count; i++) {
		const struct sink_number *n = &numbers[i];
		char tag[128];

		if (n->kind == SINK_SCORE && n->value < 0)
			continue; /* nothing to measure */
		snprintf(tag, sizeof(tag), "%s/%s", group_of(n->kind), n->name);
		tfevents_scalar(e->file, tag, n->value);
	}
	return tfevents_end(e->file, err);
}

static int write_step(void *self, const struct sink_step *s, struct fl_err *err)
{
	struct events *e = self;

	if (!e || !s->recent || e->logged++ % e->every != 0)
		return 0;
	return write_numbers(e, s->step, s->recent, s->count, err);
}

/* At the last step before it: the next one's number is where a run that goes on
 * takes back what was written. */
static int write_evaluation(void *self, const struct sink_evaluation *v,
			    struct fl_err *err)
{
	if (!self)
		return 0;
	return write_numbers(self, v->step - 1, v->scores, v->count, err);
}

static int write_batch(void *self, const struct sink_batch *b,
		       struct fl_err *err)
{
	struct events *e = self;
	struct image image = { 0 };
	uint8_t *bytes = NULL;
	size_t size;
	int rc;

	if (!e)
		return 0;
	mosaic_of_batch(&data_options(e->run->recipe)->train_reader, b->batch,
			b->data, &image);
	rc = image_encode(IMAGE_JPEG, &image, JPEG_QUALITY, &bytes, &size, err);
	if (rc == 0) {
		tfevents_begin(e->file, wall_s(), b->step);
		tfevents_image(e->file, "train/batch", image.w, image.h, bytes,
			       size);
		rc = tfevents_end(e->file, err);
	}
	free(bytes);
	image_release(&image);
	return rc;
}

static void close_events(void *self)
{
	struct events *e = self;

	if (e)
		tfevents_close(e->file);
	free(e);
}

const struct sink events_sink = { .name = "event file",
				  .optional = true,
				  .open = open_events,
				  .step = write_step,
				  .batch = write_batch,
				  .evaluated = write_evaluation,
				  .close = close_events };
