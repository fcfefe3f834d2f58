#include "report/progress.h"

#include "base/arena.h"
#include "base/log.h"
#include "report/metrics_file.h"
#include "text/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const loss_names[PROGRESS_LOSSES] = { "loss", "loss_cls",
							 "loss_iou", "loss_dfl",
							 "loss_l1" };

struct progress {
	struct progress_plan plan;
	char *path; /* of metrics.jsonl */
	FILE *metrics;
	struct progress_step *window; /* the last log_iter steps, a ring */
	int filled, at;
	double *sorted; /* scratch of the median */
	double seconds; /* of all steps of this process */
	int64_t steps;
	double eval_seconds;
};

int progress_open(const struct progress_plan *plan, struct progress **out,
		  struct fl_err *err)
{
	struct progress *p = fl_calloc(1, sizeof(*p));
	size_t n = (size_t)plan->log_iter;
	int rc;

	p->plan = *plan;
	p->path = fl_strdup(plan->metrics_path);
	p->window = fl_calloc(n, sizeof(*p->window));
	p->sorted = fl_calloc(n, sizeof(*p->sorted));
	rc = metrics_file_rewind(plan->metrics_path, plan->done,
				 plan->evaluated, err);
	if (rc == 0)
		p->metrics = fopen(plan->metrics_path, "ae");
	if (rc == 0 && !p->metrics)
		rc = fl_fail(err, FL_EIO, "cannot write '%s': %s",
			     plan->metrics_path, strerror(errno));
	if (rc == 0)
		*out = p;
	else
		progress_close(p);
	return rc;
}

void progress_close(struct progress *p)
{
	if (!p)
		return;
	if (p->metrics)
		fclose(p->metrics);
	free(p->path);
	free(p->window);
	free(p->sorted);
	free(p);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* numpy's median: the mean of the two middle ones where they are two. */
static double median_loss(const struct progress *p, int which)
{
	int n = p->filled;

	for (int i = 0; i < n; i++)
		p->sorted[i] = p->window[i].losses[which];
	qsort(p->sorted, (size_t)n, sizeof(*p->sorted), by_value);
	return (p->sorted[(n - 1) / 2] + p->sorted[n / 2]) / 2;
}

#define MEAN(p, field) window_mean(p, offsetof(struct progress_step, field))

static double window_mean(const struct progress *p, size_t field)
{
	double sum = 0;

	for (int i = 0; i < p->filled; i++)
		sum += *(const double *)(const void *)((const char *)&p
							       ->window[i] +
						       field);
	return sum / p->filled;
}

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

/* Steps still to come at the mean pace so far, and the evaluations that come
 * at the pace of evaluations so far. */
static double time_to_come(const struct progress *p,
			   const struct progress_step *s)
{
	double total = (double)p->plan.epochs * p->plan.steps_per_epoch;
	double left = total - (double)s->epoch * p->plan.steps_per_epoch -
		      s->step_in_epoch;
	double done = p->steps > 0 ? (double)p->steps : 1;

	return left * (p->seconds + p->eval_seconds) / done;
}

static int digits(int n)
{
	int d = 1;

	for (; n >= 10; n /= 10)
		d++;
	return d;
}

static void log_step(const struct progress *p, const struct progress_step *s)
{
	struct fl_str line = FL_STR_INIT;
	double batch_s = MEAN(p, batch_s);
	double ips = p->plan.batch_size / batch_s;
	char eta[64];

	format_time(time_to_come(p, s), eta, sizeof(eta));
	fl_str_addf(&line, "Epoch: [%d] [%*d/%d] learning_rate: %.6f", s->epoch,
		    digits(p->plan.steps_per_epoch), s->step_in_epoch,
		    p->plan.steps_per_epoch, s->lr);
	for (int i = 0; i < PROGRESS_LOSSES; i++)
		fl_str_addf(&line, " %s: %.6f", loss_names[i],
			    median_loss(p, i));
	fl_str_addf(&line,
		    " eta: %s batch_cost: %.4f data_cost: %.4f ips: %.4f "
		    "images/s, job: %.4f images/s",
		    eta, batch_s, MEAN(p, data_s), ips,
		    ips * p->plan.world_size);
	fl_info("%s", fl_str_get(&line));
	fl_str_release(&line);
}

static int write_line(struct progress *p, struct json *object,
		      struct fl_err *err)
{
	struct fl_str line = FL_STR_INIT;
	int rc = 0;

	json_print(object, 0, &line);
	json_free(object);
	fl_str_add(&line, "\n");
	if (fputs(fl_str_get(&line), p->metrics) < 0 || fflush(p->metrics) != 0)
		rc = fl_fail(err, FL_EIO, "cannot write '%s': %s", p->path,
			     strerror(errno));
	fl_str_release(&line);
	return rc;
}

static int write_step(struct progress *p, const struct progress_step *s,
		      struct fl_err *err)
{
	struct json *o = json_new_object();

	json_set_int(o, "step", s->step);
	json_set_int(o, "epoch", s->epoch);
	json_set_real(o, "lr", s->lr);
	for (int i = 0; i < PROGRESS_LOSSES; i++)
		json_set_real(o, loss_names[i], median_loss(p, i));
	json_set_real(o, "images_per_s",
		      p->plan.batch_size * p->plan.world_size /
			      MEAN(p, batch_s));
	json_set_real(o, "batch_s", MEAN(p, batch_s));
	json_set_real(o, "data_s", MEAN(p, data_s));
	json_set_real(o, "comm_s", MEAN(p, comm_s));
	json_set_real(o, "comm_wait_s", MEAN(p, comm_wait_s));
	json_set_real(o, "sync_bn_s", MEAN(p, sync_bn_s));
	return write_line(p, o, err);
}

int progress_step(struct progress *p, const struct progress_step *s,
		  struct fl_err *err)
{
	p->window[p->at] = *s;
	p->at = (p->at + 1) % p->plan.log_iter;
	if (p->filled < p->plan.log_iter)
		p->filled++;
	p->seconds += s->batch_s;
	p->steps++;
	fl_progress("epoch %d  step %d/%d  loss %.4f  %.2f images/s", s->epoch,
		    s->step_in_epoch + 1, p->plan.steps_per_epoch,
		    (double)s->losses[0],
		    p->plan.batch_size * p->plan.world_size / s->batch_s);
	if (s->step_in_epoch % p->plan.log_iter != 0)
		return 0;
	log_step(p, s);
	return write_step(p, s, err);
}

int progress_eval(struct progress *p, int64_t step, int epoch, double seconds,
		  const struct progress_number *numbers, int count,
		  struct fl_err *err)
{
	struct json *o = json_new_object();

	p->eval_seconds += seconds;
	json_set_int(o, "step", step);
	json_set_int(o, "epoch", epoch);
	json_set_real(o, "eval_s", seconds);
	for (int i = 0; i < count; i++)
		json_set_real(o, numbers[i].name, numbers[i].value);
	return write_line(p, o, err);
}

double progress_images_per_s(const struct progress *p)
{
	double images =
		(double)p->steps * p->plan.batch_size * p->plan.world_size;

	return p->seconds > 0 ? images / p->seconds : 0;
}
