/* console.c - what people see of a running job.
 *
 * Info lines go through base/log.h, so that they reach log.txt and other ranks
 * stay silent; the table of an evaluation goes to standard output as it is,
 * where scripts that read pycocotools' output expect it. The words and the
 * digits of "Epoch: [...]" are PaddleDetection's (ppdet/engine/callbacks.py):
 * six of losses and rates, four of times.
 */
#include "report/sink.h"

#include "base/arena.h"
#include "base/log.h"
#include "family/family.h"

#include <stdio.h>
#include <stdlib.h>

/* Nothing to keep but the run: the numbers come with each call. */
struct console {
	const struct sink_run *run;
};

static int open_console(const struct sink_run *run, void **self,
			struct fl_err *err)
{
	struct console *c = fl_calloc(1, sizeof(*c));

	(void)err;
	c->run = run;
	*self = c;
	return 0;
}

/* Python's str(timedelta), which the reference's eta is. */
static void format_time(double seconds, char *buf, size_t size)
{
	long s = (long)seconds, days = s / 86400;
	int n = 0;

	if (days > 0)
		n = snprintf(buf, size, "%ld day%s, ", days,
			     days == 1 ? "" : "s");
	snprintf(buf + n, size - (size_t)n, "%ld:%02ld:%02ld", s / 3600 % 24,
		 s / 60 % 60, s % 60);
}

/* The step is padded to the width of the number of steps, so columns stand
 * still. */
static int digits(int n)
{
	int d = 1;

	for (; n >= 10; n /= 10)
		d++;
	return d;
}

static void log_step(const struct console *c, const struct sink_step *s)
{
	struct fl_str line = FL_STR_INIT;
	double batch_s = sink_value(s->recent, s->count, "batch_s");
	/* The reference's ips is of one rank; the job's speed stands behind
	 * it. */
	double ips = c->run->batch_size / batch_s;
	char eta[64];

	format_time(s->left_s, eta, sizeof(eta));
	fl_str_addf(&line, "Epoch: [%d] [%*d/%d] learning_rate: %.6f", s->epoch,
		    digits(c->run->steps_per_epoch), s->step_in_epoch,
		    c->run->steps_per_epoch,
		    sink_value(s->recent, s->count, "lr"));
	for (int i = 0; i < s->count; i++)
		if (s->recent[i].kind == SINK_LOSS)
			fl_str_addf(&line, " %s: %.6f", s->recent[i].name,
				    s->recent[i].value);
	fl_str_addf(&line,
		    " eta: %s batch_cost: %.4f data_cost: %.4f ips: %.4f "
		    "images/s, job: %.4f images/s",
		    eta, batch_s, sink_value(s->recent, s->count, "data_s"),
		    ips, ips * c->run->world_size);
	fl_info("%s", fl_str_get(&line));
	fl_str_release(&line);
}

static int show_step(void *self, const struct sink_step *s, struct fl_err *err)
{
	const struct console *c = self;

	(void)err;
	fl_progress("epoch %d  step %d/%d  loss %.4f  %.2f images/s", s->epoch,
		    s->step_in_epoch + 1, c->run->steps_per_epoch,
		    sink_first(s->now, s->count, SINK_LOSS)->value,
		    sink_first(s->now, s->count, SINK_SPEED)->value);
	if (s->recent)
		log_step(c, s);
	return 0;
}

static int show_evaluation(void *self, const struct sink_evaluation *e,
			   struct fl_err *err)
{
	const struct console *c = self;
	const struct evaluation *ev = e->result;
	struct fl_str text = FL_STR_INIT;

	(void)err;
	evaluator_print(c->run->recipe, &ev->coco, &text);
	fputs(fl_str_get(&text), stdout);
	fl_str_release(&text);
	fl_info("Total sample number: %d, average FPS: %.2f", ev->images,
		ev->images / ev->seconds);
	/* The reference says "Evaluation results empty" and gives no table; an
	 * AP of 0 without this line looks like a fault. */
	if (ev->detections == 0)
		fl_warn("not one detection above score %g yet",
			(double)family_suppression(c->run->recipe)
				.score_threshold);
	if (e->best)
		fl_info("Best test bbox ap is %0.3f.", ev->coco.stats[COCO_AP]);
	return 0;
}

const struct sink console_sink = { .name = "console",
				   .open = open_console,
				   .step = show_step,
				   .evaluated = show_evaluation,
				   .close = free };
