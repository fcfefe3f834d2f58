/* cmd_plan.c - flotilla plan: what a training takes before it is paid for.
 *
 * A job (plan_job.c) is put beside its neighbours, or a range of machines; the
 * model (cost/model.h) tells each one's time, and plan_text.c shows them.
 * Nothing is trained, and no picture is opened. --calibrate is the other half:
 * it fits the model's constants to this machine and keeps them. */
#include "cmd/cmd.h"

#include "cmd/plan_text.h"
#include "cost/calibrate.h"
#include "cost/time_loader.h"
#include "optim/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct option_row rows[] = {
	{ "config", 'c', OPTION_TEXT, offsetof(struct plan_asked, job.config),
	  .arg = "FILE",
	  .help = "the recipe (PaddleDetection's YAML): here, or one that came along" },
	{ "opt", 'o', OPTION_LIST, offsetof(struct plan_asked, job.overrides),
	  .arg = "key=value ...", .help = "replace values of the recipe" },
	{ "amp", 0, OPTION_FLAG, offsetof(struct plan_asked, job.amp),
	  .help = "16-bit maps (amp: true)" },
	{ "hosts", 0, OPTION_TEXT, offsetof(struct plan_asked, hosts),
	  .arg = "N|A..B", .help = "machines (default 1), or a range of them" },
	{ "cards", 0, OPTION_INT, offsetof(struct plan_asked, cards), 1, 1024,
	  "N", "trainers of each machine (default 1)" },
	{ "batch", 'b', OPTION_INT, offsetof(struct plan_asked, batch), 1,
	  65536, "N", "images of a trainer's step (the recipe's batch_size)" },
	{ "gpu", 0, OPTION_WORD, offsetof(struct plan_asked, gpu),
	  .arg = COST_MACHINES,
	  .help = "what computes (default cpu: this machine's kind)" },
	{ "link", 0, OPTION_TEXT, offsetof(struct plan_asked, link),
	  .arg = "RATE",
	  .help = "what a machine's link carries: 25Gb, 100Mb (bits a second)" },
	{ "latency", 0, OPTION_REAL, offsetof(struct plan_asked, latency_us), 0,
	  1e6, "US", "microseconds from one machine to another (default 50)" },
	{ "price", 0, OPTION_REAL, offsetof(struct plan_asked, price), 0, 1e9,
	  "P", "of a machine for an hour, for the column of costs" },
	{ "images", 0, OPTION_INT, offsetof(struct plan_asked, images), 1, 2e9,
	  "N", "pictures of the training set, where it is not here" },
	{ "calibrate", 0, OPTION_FLAG, offsetof(struct plan_asked, calibrate),
	  .help = "fit the model to this machine (about a minute)" },
	{ "calibration", 0, OPTION_TEXT,
	  offsetof(struct plan_asked, calibration), .arg = "FILE",
	  .help = "where the constants are kept (~/.cache/flotilla/plan.json)" },
	{ "json", 0, OPTION_TEXT, offsetof(struct plan_asked, json),
	  .arg = "FILE", .help = "the plan for programs" },
};

const struct option_table cmd_plan_options = {
	.program = "flotilla plan",
	.usage =
		"-c FILE [--hosts N] [--cards N] [--gpu KIND] [--link RATE] [OPTIONS]\n"
		"       flotilla plan --calibrate",
	.about =
		"Says what a training would take: hours, images a second, memory, "
		"cost, and what\nlimits it, for the asked job and its neighbours.",
	.example =
		"  flotilla plan -c configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml --hosts 4 --cards 8 \\\n"
		"      --gpu v100 --link 25Gb --price 24.48",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};

static void compute(const struct plan_job *p, struct plan_row *r)
{
	const struct cost_job *j = &r->job;
	double images = (double)j->hosts * j->cards * j->batch;

	cost_of(&r->job, &r->cost);
	r->times = images / schedule_options(p->recipe)->base_batch;
	r->fits = plan_job_bytes(p, j) <= plan_job_room(p, j);
	r->steps = r->cost.steps >= 1;
}

static int add(const struct plan_job *p, struct plan_row *list, int n,
	       const char *name, int hosts, int cards, int batch)
{
	if (hosts < 1 || cards < 1 || batch < 1 || n >= PLAN_ROWS)
		return n;
	list[n] = (struct plan_row){ .name = name, .job = p->cost };
	list[n].job.hosts = hosts;
	list[n].job.cards = cards;
	list[n].job.batch = batch;
	compute(p, &list[n]);
	return n + 1;
}

/* Half and twice of each; more machines only where a link is told. */
static int neighbours(const struct plan_job *p, struct plan_row *list)
{
	const struct cost_job *j = &p->cost;
	int h = j->hosts, c = j->cards, b = j->batch, n;

	n = add(p, list, 0, "asked", h, c, b);
	n = add(p, list, n, "fewer machines", h / 2, c, b);
	if (j->link > 0)
		n = add(p, list, n, "more machines", h * 2, c, b);
	n = add(p, list, n, "fewer cards", h, c / 2, b);
	if (c > 1 || h == 1)
		n = add(p, list, n, "more cards", h, c * 2, b);
	n = add(p, list, n, "smaller batch", h, c, b / 2);
	return add(p, list, n, "larger batch", h, c, b * 2);
}

/* Three steps for each power of ten, from the first to the last. */
static int range(const struct plan_job *p, struct plan_row *list)
{
	const struct cost_job *j = &p->cost;
	int n = 0, last = 0;

	for (int k = 0; n < PLAN_ROWS; k++) {
		double next = round(j->hosts * pow(10, k / 3.0));
		int hosts = next < p->hosts_most ? (int)next : p->hosts_most;

		if (hosts > last)
			n = add(p, list, n, n == 0 ? "asked" : "", hosts,
				j->cards, j->batch);
		last = hosts;
		if (hosts == p->hosts_most)
			break;
	}
	return n;
}

/* What was asked for and cannot be: after the table, which shows what can. */
static int judge(const struct plan_job *p, const struct plan_row *asked,
		 struct fl_err *err)
{
	const struct cost_job *j = &asked->job;
	double room = plan_job_room(p, j);
	double most = floor((room - p->memory.fixed) / p->memory.picture);

	if (!asked->steps)
		return fl_fail(
			err, FL_ERECIPE,
			"a step of %d x %d trainers with %d images each takes %lld, "
			"but the data set has %.0f: take fewer trainers or a smaller --batch",
			j->hosts, j->cards, j->batch,
			(long long)j->hosts * j->cards * j->batch, j->pictures);
	if (asked->fits)
		return 0;
	return fl_fail(
		err, FL_ERECIPE,
		"a trainer with %d images of %dx%d takes %.1f GiB, but has %.1f: %s",
		j->batch, p->memory.width, p->memory.height,
		plan_job_bytes(p, j) / 0x1p30, room / 0x1p30,
		most >= 1
			? "take a smaller --batch, -o recompute=true or memory_limit"
			: "take smaller sizes, a smaller model or another --gpu");
}

static int show(const struct plan_asked *a, const struct plan_job *p,
		struct fl_err *err)
{
	struct plan_row list[PLAN_ROWS];
	struct fl_str text = FL_STR_INIT;
	int n = p->hosts_most > p->cost.hosts ? range(p, list)
					      : neighbours(p, list);
	int rc = 0;

	plan_text(p, list, n, &text);
	fputs(fl_str_get(&text), stdout);
	fl_str_release(&text);
	if (a->json) {
		struct json *o = plan_json(p, list, n);

		rc = json_write(o, a->json, err);
		json_free(o);
	}
	return rc == 0 ? judge(p, &list[0], err) : rc;
}

static void say(const char *line)
{
	printf("%s\n", line);
	fflush(stdout);
}

static int calibrate(const struct plan_asked *a, struct fl_err *err)
{
	struct cost_machine m = *cost_machine_find("cpu");
	struct job_args args = { .config = COST_RECIPE };
	struct model_job job;
	char where[4096];
	/* Over ranks only the sums are measured, so what was fitted before
	 * stays. */
	int rc = cost_calibration_read(a->calibration, &m,
				       &(struct fl_err){ 0 });

	rc = job_open(&job, &args, true, err);
	if (rc == 0)
		rc = cost_calibrate(job.dev, job.comm, &m, say, err);
	if (rc == 0 && job.comm->rank == 0)
		rc = cost_calibration_write(a->calibration, &m, where,
					    sizeof(where), err);
	if (rc == 0 && job.comm->rank == 0)
		printf("the constants are in %s\n", where);
	job_close(&job, rc);
	return rc;
}

static int plan(void *args, int words, char **argv, struct fl_err *err)
{
	const struct plan_asked *a = args;
	struct plan_job job;
	int rc;

	(void)words, (void)argv;
	if (a->calibrate)
		return calibrate(a, err);
	rc = plan_job_open(a, &job, err);
	if (rc == 0)
		rc = show(a, &job, err);
	plan_job_close(&job);
	return rc;
}

int cmd_plan(int argc, char **argv, struct fl_err *err)
{
	struct plan_asked args = { .cards = 1 };
	int rc = cmd_run(&cmd_plan_options, &args, argc, argv, plan, err);

	job_args_release(&args.job);
	return rc;
}
