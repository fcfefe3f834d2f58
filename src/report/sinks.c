/* sinks.c - one event in, the same event out to every sink of the run.
 *
 * cmd_train opens the sinks when the run's folder is its own, passes on what
 * train/loop.h tells, and closes them at the end. A ring of log_iter rows keeps
 * the numbers of the last steps as they came; they are folded (median, mean) in
 * logged steps only, for sorting them costs more than all else here.
 */
#include "report/sinks.h"

#include "base/arena.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* The one list, made of SINK_LIST: a sink more is a line in sink.h. */
const struct sink *const run_sinks[] = {
#define X(name) &name,
	SINK_LIST(X)
#undef X
		NULL
};

struct opened {
	const struct sink *sink;
	void *self;
	bool gone;   /* told nothing more */
	bool warned; /* of an optional one that failed */
};

struct sinks {
	struct sink_run run;
	struct opened *list; /* ended by one without a sink */
	int count;	     /* numbers of a step; 0: before the first one */
	double *ring;	     /* [log_iter][count] */
	int filled, at;
	double *sorted; /* scratch of the median */
	struct sink_number *now, *recent;
	double seconds; /* of all steps of this process */
	int64_t steps;
	double eval_seconds;
};

/* What a call's error means for the run; of an optional sink one line is said,
 * for a disk that is full stays so. */
static int judge(struct opened *o, int rc, struct fl_err *err)
{
	if (rc == 0 || !o->sink->optional)
		return rc;
	if (!o->warned)
		fl_warn("%s: %s; the training goes on", o->sink->name,
			err->text);
	o->warned = true;
	*err = (struct fl_err)FL_ERR_INIT;
	return 0;
}

int sinks_open(const struct sink *const *rows, const struct sink_run *run,
	       struct sinks **out, struct fl_err *err)
{
	struct sinks *s = fl_calloc(1, sizeof(*s));
	size_t n = 0;
	int rc = 0;

	while (rows[n])
		n++;
	s->run = *run;
	s->list = fl_calloc(n + 1, sizeof(*s->list));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct opened *o = &s->list[i];

		/* The row is there before open is called, so a failure closes
		 * it as well. */
		o->sink = rows[i];
		if (!o->sink->open)
			continue;
		rc = o->sink->open(&s->run, &o->self, err);
		o->gone = rc != 0;
		rc = judge(o, rc, err);
	}
	if (rc == 0)
		*out = s;
	else
		sinks_close(s);
	return rc;
}

void sinks_close(struct sinks *s)
{
	if (!s)
		return;
	for (const struct opened *o = s->list; o->sink; o++)
		if (o->sink->close)
			o->sink->close(o->self);
	free(s->list);
	free(s->ring);
	free(s->sorted);
	free(s->now);
	free(s->recent);
	free(s);
}

/* The first step says which numbers there are. */
static void begin(struct sinks *s, const struct sinks_step *step)
{
	size_t rows = (size_t)s->run.log_iter, n = (size_t)step->count;

	s->count = step->count;
	s->ring = fl_calloc(rows * n, sizeof(*s->ring));
	s->sorted = fl_calloc(rows, sizeof(*s->sorted));
	s->now = fl_calloc(n, sizeof(*s->now));
	s->recent = fl_calloc(n, sizeof(*s->recent));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* numpy's median: the mean of the two middle ones where they are two. */
static double median(const struct sinks *s, int which)
{
	int n = s->filled;

	for (int i = 0; i < n; i++)
		s->sorted[i] = s->ring[i * s->count + which];
	qsort(s->sorted, (size_t)n, sizeof(*s->sorted), by_value);
	return (s->sorted[(n - 1) / 2] + s->sorted[n / 2]) / 2;
}

static double mean(const struct sinks *s, int which)
{
	double sum = 0;

	for (int i = 0; i < s->filled; i++)
		sum += s->ring[i * s->count + which];
	return sum / s->filled;
}

/* Of all ranks, as a speed is told of the job. */
static double images_of_step(const struct sinks *s)
{
	return s->run.batch_size * s->run.world_size;
}

/* Of which speed is told: images over the mean of seconds, which is not the mean
 * of the speeds. */
static double fold(const struct sinks *s, const struct sink_number *number,
		   int which)
{
	switch (number->kind) {
	case SINK_LOSS:
		return median(s, which);
	case SINK_SECONDS:
		return mean(s, which);
	case SINK_SPEED:
		return images_of_step(s) / mean(s, which);
	default:
		return number->value;
	}
}

/* Into the ring as it came; a speed comes as the step's seconds. */
static void keep(struct sinks *s, const struct sinks_step *step)
{
	for (int i = 0; i < s->count; i++) {
		const struct sink_number *number = &step->numbers[i];

		s->ring[s->at * s->count + i] = number->value;
		s->now[i] = *number;
		if (number->kind != SINK_SPEED)
			continue;
		s->now[i].value = images_of_step(s) / number->value;
		s->seconds += number->value;
	}
	s->at = (s->at + 1) % s->run.log_iter;
	if (s->filled < s->run.log_iter)
		s->filled++;
	s->steps++;
}

/* Steps still to come at the mean pace so far, and the evaluations that come
 * at the pace of evaluations so far. */
static double time_to_come(const struct sinks *s, const struct sinks_step *at)
{
	double total = (double)s->run.epochs * s->run.steps_per_epoch;
	double left = total - (double)at->epoch * s->run.steps_per_epoch -
		      at->step_in_epoch;

	return left * (s->seconds + s->eval_seconds) / (double)s->steps;
}

int sinks_step(struct sinks *s, const struct sinks_step *step,
	       struct fl_err *err)
{
	struct sink_step told = { .step = step->step,
				  .epoch = step->epoch,
				  .step_in_epoch = step->step_in_epoch };
	int rc = 0;

	if (s->count == 0)
		begin(s, step);
	FL_ASSERT(step->count == s->count);
	keep(s, step);
	told.now = s->now;
	told.count = s->count;
	told.left_s = time_to_come(s, step);
	/* The reference logs by the step in the epoch, so step 0 of each is
	 * logged. */
	if (step->step_in_epoch % s->run.log_iter == 0) {
		for (int i = 0; i < s->count; i++) {
			s->recent[i] = step->numbers[i];
			s->recent[i].value = fold(s, &step->numbers[i], i);
		}
		told.recent = s->recent;
	}
	for (struct opened *o = s->list; rc == 0 && o->sink; o++)
		if (o->sink->step && !o->gone)
			rc = judge(o, o->sink->step(o->self, &told, err), err);
	return rc;
}

int sinks_batch(struct sinks *s, const struct sink_batch *batch,
		struct fl_err *err)
{
	int rc = 0;

	for (struct opened *o = s->list; rc == 0 && o->sink; o++)
		if (o->sink->batch && !o->gone)
			rc = judge(o, o->sink->batch(o->self, batch, err), err);
	return rc;
}

int sinks_evaluated(struct sinks *s, const struct sink_evaluation *evaluation,
		    struct fl_err *err)
{
	int rc = 0;

	s->eval_seconds += evaluation->result->seconds;
	for (struct opened *o = s->list; rc == 0 && o->sink; o++)
		if (o->sink->evaluated && !o->gone)
			rc = judge(o,
				   o->sink->evaluated(o->self, evaluation, err),
				   err);
	return rc;
}

int sinks_saved(struct sinks *s, const char *path, int64_t step,
		struct fl_err *err)
{
	int rc = 0;

	for (struct opened *o = s->list; rc == 0 && o->sink; o++)
		if (o->sink->saved && !o->gone)
			rc = judge(o, o->sink->saved(o->self, path, step, err),
				   err);
	return rc;
}

double sinks_images_per_s(const struct sinks *s)
{
	if (!s || s->seconds <= 0)
		return 0;
	return (double)s->steps * images_of_step(s) / s->seconds;
}

double sink_value(const struct sink_number *numbers, int count,
		  const char *name)
{
	int i = 0;

	while (i < count && strcmp(numbers[i].name, name) != 0)
		i++;
	FL_ASSERT(i < count);
	return numbers[i].value;
}

const struct sink_number *sink_first(const struct sink_number *numbers,
				     int count, enum sink_kind kind)
{
	for (int i = 0; i < count; i++)
		if (numbers[i].kind == kind)
			return &numbers[i];
	return NULL;
}
