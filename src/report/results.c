/* results.c - results.csv: a row per epoch, as Ultralytics' tools read it.
 *
 * Epochs count from 1. Losses are means over the steps of the epoch that this
 * process made, the learning rate is the last step's. A row is added when its
 * epoch is done; an evaluation that belongs to it fills its last columns, for
 * which the file is written anew, whole. Names are theirs where the meaning is:
 * AP is COCO's, which is up to 0.014 above theirs on the same detections, and of
 * VOC's metric there is no mean over thresholds.
 */
#include "report/sink.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct results {
	const struct sink_run *run;
	char path[PATH_MAX];
	double start; /* on this process's clock, of the run's time 0 */
	struct fl_str
		rows; /* the finished ones before the newest, with header */
	struct fl_str head; /* the newest row without its scores */
	char scores[64];    /* its other end, ",ap50,ap" */
	double *sums;	    /* of the epoch at work, one per loss */
	int steps;
	bool torn; /* the file may end within a row */
};

/* loss_cls: train/cls_loss; loss: train/loss */
static void add_loss_name(struct fl_str *s, const char *name)
{
	if (fl_starts_with(name, "loss_"))
		fl_str_addf(s, ",train/%s_loss", name + strlen("loss_"));
	else
		fl_str_addf(s, ",train/%s", name);
}

static const char last_columns[] =
	",lr/pg0,metrics/mAP50(B),metrics/mAP50-95(B)";

static void make_header(const struct sink_step *s, struct fl_str *out)
{
	fl_str_add(out, "epoch,time");
	for (int i = 0; i < s->count; i++)
		if (s->now[i].kind == SINK_LOSS)
			add_loss_name(out, s->now[i].name);
	fl_str_addf(out, "%s\n", last_columns);
}

/* The newest row is kept in two parts until the next one comes, for its scores
 * may still arrive. */
static void all_text(const struct results *r, struct fl_str *out)
{
	fl_str_add(out, fl_str_get(&r->rows));
	if (r->head.len)
		fl_str_addf(out, "%s%s\n", fl_str_get(&r->head), r->scores);
}

/* The newest row joins the finished ones. */
static void finish_row(struct results *r)
{
	if (r->head.len)
		fl_str_addf(&r->rows, "%s%s\n", fl_str_get(&r->head),
			    r->scores);
	fl_str_clear(&r->head);
}

/* A row of the file as it is: its scores are apart, for an evaluation may be
 * made a second time. */
static void take_row(struct results *r, const char *line, size_t len)
{
	size_t at = len;

	for (int commas = 0; at > 0 && commas < 2;)
		commas += line[--at] == ',';
	finish_row(r);
	fl_str_addn(&r->head, line, at);
	snprintf(r->scores, sizeof(r->scores), "%.*s", (int)(len - at),
		 line + at);
}

/* What of an older file stays: its header and the epochs that are done. */
static void take_file(struct results *r, const char *text, size_t size)
{
	const char *at = text, *end = text + size, *stop;
	double last = 0;

	for (int n = 0;
	     at < end && (stop = memchr(at, '\n', (size_t)(end - at)));
	     n++, at = stop + 1) {
		char line[1024];
		int epoch;
		double seconds;

		/* No row of ours is as long; what another program wrote there
		 * is left out. */
		if ((size_t)(stop - at) >= sizeof(line))
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)(stop - at), at);
		if (n == 0) {
			fl_str_addf(&r->rows, "%s\n", line);
		} else if (sscanf(line, "%d,%lf", &epoch, &seconds) == 2 &&
			   epoch <= r->run->done_epochs) {
			take_row(r, line, strlen(line));
			last = seconds;
		}
	}
	/* Time goes on from the last row that stays. */
	r->start = fl_now_s() - last;
}

static int write_all(struct results *r, struct fl_err *err)
{
	struct fl_str text = FL_STR_INIT;
	int rc;

	all_text(r, &text);
	rc = fl_write_file(r->path, fl_str_get(&text), text.len, err);
	/* A file that was written whole has no half row any more. */
	r->torn = r->torn && rc != 0;
	fl_str_release(&text);
	return rc;
}

static int open_results(const struct sink_run *run, void **self,
			struct fl_err *err)
{
	struct results *r = fl_calloc(1, sizeof(*r));
	struct fl_map map;
	int rc = fl_join(r->path, sizeof(r->path), run->folder, "results.csv",
			 err);

	*self = r;
	r->run = run;
	r->start = fl_now_s();
	if (rc != 0 || !fl_exists(r->path))
		return rc;
	rc = fl_map_open(&map, r->path, err);
	if (rc != 0)
		return rc;
	take_file(r, (const char *)map.data, map.size);
	fl_map_close(&map);
	return write_all(r, err);
}

/* Added at its end, with the header where it is the first. */
static int append_row(struct results *r, struct fl_err *err)
{
	struct fl_str text = FL_STR_INIT;
	FILE *f;
	int rc = 0;

	if (r->torn || !fl_exists(r->path))
		return write_all(r, err);
	f = fopen(r->path, "ae");
	fl_str_addf(&text, "%s%s\n", fl_str_get(&r->head), r->scores);
	if (!f || fputs(fl_str_get(&text), f) < 0 || fflush(f) != 0)
		rc = fl_fail(err, FL_EIO, "cannot write '%s': %s", r->path,
			     strerror(errno));
	r->torn = rc != 0;
	if (f)
		fclose(f);
	fl_str_release(&text);
	return rc;
}

static int end_epoch(struct results *r, const struct sink_step *s,
		     struct fl_err *err)
{
	finish_row(r);
	if (r->rows.len == 0)
		make_header(s, &r->rows);
	fl_str_addf(&r->head, "%d,%.6g", s->epoch + 1, fl_now_s() - r->start);
	for (int i = 0; i < s->count; i++)
		if (s->now[i].kind == SINK_LOSS)
			fl_str_addf(&r->head, ",%.6g", r->sums[i] / r->steps);
	fl_str_addf(&r->head, ",%.6g", sink_value(s->now, s->count, "lr"));
	snprintf(r->scores, sizeof(r->scores), ",,");
	for (int i = 0; i < s->count; i++)
		r->sums[i] = 0;
	r->steps = 0;
	return append_row(r, err);
}

static int take_step(void *self, const struct sink_step *s, struct fl_err *err)
{
	struct results *r = self;

	/* The first step says which numbers there are; those that are no losses
	 * are summed too and not written. */
	if (!r->sums)
		r->sums = fl_calloc((size_t)s->count, sizeof(*r->sums));
	for (int i = 0; i < s->count; i++)
		r->sums[i] += s->now[i].value;
	r->steps++;
	if (s->step_in_epoch != r->run->steps_per_epoch - 1)
		return 0;
	return end_epoch(r, s, err);
}

static void add_score(struct results *r, double value, bool there)
{
	size_t n = strlen(r->scores);

	if (there && value >= 0)
		snprintf(r->scores + n, sizeof(r->scores) - n, ",%.6g", value);
	else
		snprintf(r->scores + n, sizeof(r->scores) - n, ",");
}

static int take_evaluation(void *self, const struct sink_evaluation *e,
			   struct fl_err *err)
{
	struct results *r = self;
	const double *stats = e->result->coco.stats;
	int epoch = 0;

	/* Rows count epochs from 1, events from 0. */
	sscanf(fl_str_get(&r->head), "%d", &epoch);
	if (epoch != e->epoch + 1)
		return 0; /* its row was made by a process that kept none */
	*r->scores = '\0';
	add_score(r, stats[COCO_AP50], true);
	add_score(r, stats[COCO_AP], !e->evaluator->voc);
	return write_all(r, err);
}

static void close_results(void *self)
{
	struct results *r = self;

	if (!r)
		return;
	fl_str_release(&r->rows);
	fl_str_release(&r->head);
	free(r->sums);
	free(r);
}

const struct sink results_sink = { .name = "results.csv",
				   .optional = true,
				   .open = open_results,
				   .step = take_step,
				   .evaluated = take_evaluation,
				   .close = close_results };
