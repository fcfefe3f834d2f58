/* metrics.c - metrics.jsonl, for programs: an object per logged step and per
 * evaluation.
 *
 * A line is flushed when it is written, so that a run that is killed loses none
 * and whoever follows the file sees whole lines. A run that goes on from a
 * checkpoint repeats steps that the file has already: these lines are taken out
 * first, with a last line that was cut off, and the file is written anew whole.
 */
#include "report/sink.h"

#include "base/arena.h"
#include "base/file.h"
#include "text/json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metrics {
	char path[PATH_MAX];
	FILE *file;
};

/* Steps count from 0: a line of step n was true when n + 1 were done. An
 * evaluation counts the steps done before it. */
static bool still_true(const char *line, size_t len, const struct sink_run *run)
{
	struct fl_err why = FL_ERR_INIT;
	struct json *o = json_parse(line, len, "metrics", &why);
	int64_t step = -1;
	bool keep;

	json_int(json_get(o, "step"), &step);
	keep = step >= 0 && step < run->done;
	if (o && json_get(o, "ap"))
		/* The evaluation at the very step that the run goes on from is
		 * not done again. */
		keep = step <= run->evaluated || step < run->done;
	json_free(o);
	return keep;
}

static int rewind_file(const char *path, const struct sink_run *run,
		       struct fl_err *err)
{
	struct fl_str kept = FL_STR_INIT;
	struct fl_map map;
	const char *at, *end;
	int rc;

	if (!fl_exists(path))
		return 0;
	rc = fl_map_open(&map, path, err);
	if (rc != 0)
		return rc;
	at = (const char *)map.data;
	end = at + map.size;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		/* A last line without its end was cut off by a kill. */
		if (stop && still_true(at, len, run))
			fl_str_addn(&kept, at, len + 1);
		at += len + 1;
	}
	fl_map_close(&map);
	rc = fl_write_file(path, fl_str_get(&kept), kept.len, err);
	fl_str_release(&kept);
	return rc;
}

static int cannot(const struct metrics *m, struct fl_err *err)
{
	return fl_fail(err, FL_EIO, "cannot write '%s': %s", m->path,
		       strerror(errno));
}

static int open_metrics(const struct sink_run *run, void **self,
			struct fl_err *err)
{
	struct metrics *m = fl_calloc(1, sizeof(*m));
	int rc = fl_join(m->path, sizeof(m->path), run->folder, "metrics.jsonl",
			 err);

	/* Before anything fails: close gets it either way. */
	*self = m;
	if (rc == 0)
		rc = rewind_file(m->path, run, err);
	if (rc != 0)
		return rc;
	/* 'e' of fopen: the file is no business of programs that are started
	 * from here. */
	m->file = fopen(m->path, "ae");
	return m->file ? 0 : cannot(m, err);
}

static void close_metrics(void *self)
{
	struct metrics *m = self;

	if (m && m->file)
		fclose(m->file);
	free(m);
}

static int write_line(const struct metrics *m, struct json *object,
		      const struct sink_number *numbers, int count,
		      struct fl_err *err)
{
	struct fl_str line = FL_STR_INIT;
	int rc = 0;

	for (int i = 0; i < count; i++)
		json_set_real(object, numbers[i].name, numbers[i].value);
	json_print(object, 0, &line);
	json_free(object);
	fl_str_add(&line, "\n");
	if (fputs(fl_str_get(&line), m->file) < 0 || fflush(m->file) != 0)
		rc = cannot(m, err);
	fl_str_release(&line);
	return rc;
}

static int write_step(void *self, const struct sink_step *s, struct fl_err *err)
{
	struct json *o;

	if (!s->recent)
		return 0;
	o = json_new_object();
	json_set_int(o, "step", s->step);
	json_set_int(o, "epoch", s->epoch);
	return write_line(self, o, s->recent, s->count, err);
}

static int write_evaluation(void *self, const struct sink_evaluation *e,
			    struct fl_err *err)
{
	struct json *o = json_new_object();

	json_set_int(o, "step", e->step);
	json_set_int(o, "epoch", e->epoch);
	json_set_real(o, "eval_s", e->result->seconds);
	return write_line(self, o, e->scores, e->count, err);
}

const struct sink metrics_sink = { .name = "metrics.jsonl",
				   .open = open_metrics,
				   .step = write_step,
				   .evaluated = write_evaluation,
				   .close = close_metrics };
