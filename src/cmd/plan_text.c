/* plan_text.c - the table of a plan: asked and neighbours, a line each, then what
 * the asked job's step goes into, and what to know about its accuracy. */
#include "cmd/plan_text.h"

#include "optim/options.h"

#include <stdio.h>

static void head(const struct plan_job *p, struct fl_str *out)
{
	const struct cost_job *c = &p->cost;

	fl_str_addf(out, "%s: %.0f pictures (%s), %d %s; ", p->recipe->filename,
		    c->pictures, p->pictures_from, c->epochs,
		    fl_plural(c->epochs, "epoch", "epochs"));
	if (p->eval_from)
		fl_str_addf(out, "%d %s of %.0f (%s)\n", c->evals,
			    fl_plural(c->evals, "evaluation", "evaluations"),
			    c->eval_pictures, p->eval_from);
	else
		fl_str_add(
			out,
			"evaluations left out: their pictures are not here\n");
	fl_str_addf(out, "%s: %s\n", p->machine.name, p->machine.about);
}

static void price(const struct plan_job *p, double hours, int hosts, char *buf,
		  size_t size)
{
	if (p->price > 0)
		snprintf(buf, size, "  %11.2f", hours * hosts * p->price);
	else
		*buf = '\0';
}

/* The largest part of the step beside computing, or what stops all steps. */
static const char *limit_of(const struct cost_result *c)
{
	double share =
		c->limit == COST_COMPUTE ? 0.1 : c->parts[c->limit] / c->step_s;

	/* Shares of the whole run. */
	if (c->eval_s > share * c->train_s && c->eval_s > c->train_s / 10)
		return "evaluations";
	return cost_part_name(c->limit);
}

static void add_row(const struct plan_job *p, const struct plan_row *r,
		    struct fl_str *out)
{
	const struct cost_job *j = &r->job;
	double hours = (r->cost.train_s + r->cost.eval_s) / 3600;
	int64_t step = (int64_t)j->hosts * j->cards * j->batch;
	char cost[32];

	fl_str_addf(out, "%-15s %6d %5d %5d %8lld  ", r->name, j->hosts,
		    j->cards, j->batch, (long long)step);
	if (!r->steps) {
		fl_str_addf(out, "an epoch has fewer pictures than a step\n");
		return;
	}
	price(p, hours, j->hosts, cost, sizeof(cost));
	fl_str_addf(out, "%9.1f %9.1f %9.2f %7.1f%c %7.4g%s  %s\n",
		    1e3 * r->cost.step_s, r->cost.images_s, hours,
		    plan_job_bytes(p, j) / 0x1p30, r->fits ? ' ' : '!',
		    r->times, cost, limit_of(&r->cost));
}

static void parts(const struct plan_row *r, struct fl_str *out)
{
	const struct cost_result *c = &r->cost;
	double hours = (c->train_s + c->eval_s) / 3600;

	fl_str_addf(out, "\nA step of the asked job, %.1f ms:\n",
		    1e3 * c->step_s);
	for (int i = 0; i < COST_PARTS; i++)
		if (c->parts[i] > 0)
			fl_str_addf(out, "%9.1f ms %3.0f %%  %s\n",
				    1e3 * c->parts[i],
				    100 * c->parts[i] / c->step_s,
				    cost_part_name((enum cost_part)i));
	if (c->reduce_s > 0)
		fl_str_addf(
			out,
			"The gradients' way takes %.1f ms, %.0f %% of it behind computing.\n",
			1e3 * c->reduce_s,
			100 * (1 - c->parts[COST_LINK] / c->reduce_s));
	fl_str_addf(
		out,
		"Training %.2f h, evaluations %.2f h (%.0f %% of %.2f h).\n",
		c->train_s / 3600, c->eval_s / 3600,
		100 * c->eval_s / 3600 / hours, hours);
}

void plan_text(const struct plan_job *p, const struct plan_row *rows, int count,
	       struct fl_str *out)
{
	bool full = false;

	head(p, out);
	fl_str_addf(out,
		    "\n%-15s %6s %5s %5s %8s  %9s %9s %9s %7s  %7s%s  %s\n",
		    "job", "hosts", "cards", "batch", "images", "step ms",
		    "images/s", "hours", "GiB", "batch x",
		    p->price > 0 ? "        cost" : "", "limit");
	for (int i = 0; i < count; i++) {
		add_row(p, &rows[i], out);
		full = full || !rows[i].fits;
	}
	fl_str_addf(
		out,
		"cards: trainers of a machine; batch, GiB: images and memory "
		"of one; batch x: images of all to the %d that the rate was "
		"chosen for\n",
		schedule_options(p->recipe)->base_batch);
	if (full)
		fl_str_add(out, "!: more than a trainer has\n");
	parts(&rows[0], out);
	fl_str_add(out, "\nAccuracy of the asked job: ");
	plan_advice(p, &rows[0], out);
	if (p->hosts_most > p->cost.hosts) {
		fl_str_addf(out, "Accuracy at %d machines: ", p->hosts_most);
		plan_advice(p, &rows[count - 1], out);
	}
}

static void json_row(const struct plan_job *p, const struct plan_row *r,
		     struct json *list)
{
	struct json *o = json_new_object();
	double s = r->cost.train_s + r->cost.eval_s;

	json_set_text(o, "job", r->name);
	json_set_int(o, "hosts", r->job.hosts);
	json_set_int(o, "cards", r->job.cards);
	json_set_int(o, "batch", r->job.batch);
	json_set_real(o, "step_s", r->cost.step_s);
	json_set_real(o, "images_per_s", r->cost.images_s);
	json_set_real(o, "steps_per_epoch", r->cost.steps);
	json_set_real(o, "hours", s / 3600);
	json_set_real(o, "eval_hours", r->cost.eval_s / 3600);
	json_set_real(o, "bytes", plan_job_bytes(p, &r->job));
	json_set_bool(o, "fits", r->fits);
	json_set_real(o, "batch_times", r->times);
	if (p->price > 0)
		json_set_real(o, "cost", s / 3600 * r->job.hosts * p->price);
	json_set_text(o, "limit", cost_part_name(r->cost.limit));
	json_add(list, o);
	for (int i = 0; i < COST_PARTS; i++)
		json_set_real(o, cost_part_key((enum cost_part)i),
			      r->cost.parts[i]);
}

struct json *plan_json(const struct plan_job *p, const struct plan_row *rows,
		       int count)
{
	struct json *o = json_new_object(), *list = json_new_array();

	json_set_text(o, "recipe", p->recipe->filename);
	json_set_text(o, "machine", p->machine.name);
	json_set_text(o, "about", p->machine.about);
	json_set_real(o, "pictures", p->cost.pictures);
	json_set_real(o, "wide_flops_per_pixel", p->cost.work.wide_flops);
	json_set_real(o, "thin_flops_per_pixel", p->cost.work.thin_flops);
	json_set_real(o, "elements_per_pixel", p->cost.work.elements);
	json_set_real(o, "parameters", p->cost.work.parameters);
	json_set_int(o, "norms", p->cost.work.norms);
	for (int i = 0; i < count; i++)
		json_row(p, &rows[i], list);
	json_set(o, "jobs", list);
	return o;
}
