/* bench_scaling record FILE [SIZE]
 * bench_scaling replay FILE [step=S] [steps=N] [share=X] [overlap=0|1]
 *                           [sync_bn=0|1] [bucket_mb=M] [alone=0|1]
 *
 * record: the training step of PP-YOLOE-s on this machine as a timetable: how
 * long it computes until which gradients are there, and until which sums over
 * ranks are wanted.
 * replay: computes by that timetable, stretched to S seconds a step, under any
 * launcher; buckets, all-reduces and overlap are the trainer's own. Rank 0
 * prints medians. alone=1: nothing is computed, the all-reduces are timed.
 * bench/scaling.sh runs it. */
#include "base/clock.h"
#include "base/par.h"
#include "base/rng.h"
#include "comm/bucket.h"
#include "comm/mpi/mpi.h"
#include "comm/self/self.h"
#include "pace/pace.h"
#include "family/family.h"
#include "train/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define BATCH 8
#define RECORDED_STEPS 12
#define MAX_STEPS 100
#define LOSS_SUM 2    /* doubles of the loss normaliser */
#define LOSS_VALUES 5 /* doubles of the mean losses */

enum event_kind {
	SUM,
	READY,
	UPDATE,
	KINDS
};
static const char *const kind_names[] = { "sum", "ready", "update" };

/* seconds of computation, then the event. */
struct event {
	double seconds;
	enum event_kind kind;
	size_t value; /* doubles to sum; floats that are final */
};

struct timetable {
	struct event *list;
	int count, cap;
	size_t floats;
	double seconds;
};

static void die(const char *what, const struct fl_err *err)
{
	fprintf(stderr, "bench_scaling: %s: %s\n", what, err ? err->text : "");
	exit(EXIT_FAILURE);
}

static void add_event(struct timetable *t, struct event e)
{
	if (t->count == t->cap) {
		t->cap = 2 * t->cap + 256;
		t->list =
			fl_realloc(t->list, (size_t)t->cap * sizeof(*t->list));
	}
	t->list[t->count++] = e;
	t->seconds += e.seconds;
	if (e.kind == READY)
		t->floats = e.value;
}

/* ---- record ---- */

/* A communicator of one rank that notes when sums are wanted. */
struct recorder {
	struct comm base;
	struct timetable *now;
	double since;
};

static void note(struct recorder *r, enum event_kind kind, size_t value)
{
	double now = fl_now_s(), s = now - r->since;
	struct timetable *t = r->now;

	if (kind == READY && t->count > 0 &&
	    t->list[t->count - 1].kind == READY && t->floats == value)
		t->list[t->count - 1].seconds += s; /* had no parameters */
	else
		add_event(t, (struct event){ s, kind, value });
	r->since = now;
}

static int note_sum(struct comm *c, double *values, size_t count,
		    struct fl_err *err)
{
	(void)values, (void)err;
	note((struct recorder *)(void *)c, SUM, count);
	return 0;
}

static void note_ready(void *ctx, size_t end)
{
	note(ctx, READY, end);
}

static struct engine_batch make_batch(int size)
{
	struct fl_rng rng = fl_rng_open(1, FL_RNG_TEST, (uint64_t)size, 0);
	size_t n = (size_t)BATCH * (size_t)size * (size_t)size * 3;
	float *image = fl_malloc(n * sizeof(float));
	float *boxes = fl_malloc(BATCH * 4 * sizeof(float));
	int *labels = fl_calloc(BATCH, sizeof(int));
	int *counts = fl_calloc(BATCH, sizeof(int));

	for (size_t i = 0; i < n; i++)
		image[i] = (float)fl_rng_range(&rng, -2, 2);
	for (int i = 0; i < BATCH; i++) {
		for (int k = 0; k < 4; k++)
			boxes[4 * i + k] = (float)size * (k < 2 ? 0.2f : 0.6f);
		counts[i] = 1;
	}
	return (struct engine_batch){ BATCH, size,  size,   image,
				      1,     boxes, labels, counts };
}

/* The quickest time of each event over the steps: what others that use the
 * machine added is left out. */
static void keep_best(struct timetable *best, const struct timetable *t)
{
	if (best->count == 0) {
		for (int i = 0; i < t->count; i++)
			add_event(best, t->list[i]);
		return;
	}
	FL_ASSERT(best->count == t->count);
	for (int i = 0; i < t->count; i++)
		if (t->list[i].seconds < best->list[i].seconds)
			best->list[i].seconds = t->list[i].seconds;
}

static void record_steps(struct engine *e, struct recorder *r,
			 const struct engine_batch *batch,
			 struct timetable *best)
{
	struct fl_err err = FL_ERR_INIT;
	struct engine_result result;

	for (int i = 0; i < RECORDED_STEPS; i++) {
		struct timetable t = { 0 };

		r->now = &t;
		r->since = fl_now_s();
		if (engine_step(e, batch, 200, 1e-5, ENGINE_GO_ON, &result,
				&err))
			die("step", &err);
		note(r, UPDATE, 0);
		if (i > 0)
			keep_best(best, &t);
		free(t.list);
	}
}

static void write_timetable(const struct timetable *t, int size,
			    const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path, NULL);
	fprintf(f,
		"# PP-YOLOE-s, %dx%d, batch %d, %d threads: seconds of "
		"computation, then what happens\n",
		size, size, BATCH, fl_par_threads());
	for (int i = 0; i < t->count; i++)
		fprintf(f, "%.7f %s %zu\n", t->list[i].seconds,
			kind_names[t->list[i].kind], t->list[i].value);
	if (fclose(f) != 0)
		die(path, NULL);
}

static int record(const char *path, int size)
{
	static const char *const o[] = { "pretrain_weights=" };
	static const struct comm_ops ops = { .sum_doubles = note_sum };
	struct plan_key key =
		plan_key_make(PLAN_TRAIN, DTYPE_F32, BATCH, size, size);
	struct engine_batch batch = make_batch(size);
	struct recorder r = { .base = { .ops = &ops, .world = 1 } };
	struct timetable best = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct recipe *recipe;
	struct model *model;
	struct engine e;
	struct dev *dev;

	fl_par_init(0);
	if (device_open("cpu", &dev, &err) != 0 ||
	    recipe_load("configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml", o, 1,
			&recipe, &err) != 0 ||
	    family_model(recipe, &model, &err) != 0 ||
	    engine_open(&e, recipe, model, dev, &r.base, &key, 1, &err))
		die("engine", &err);
	e.run.comm = &r.base;
	e.run.grads_ready = note_ready;
	e.run.ctx = &r;
	record_steps(&e, &r, &batch, &best);
	best.seconds = 0;
	for (int i = 0; i < best.count; i++)
		best.seconds += best.list[i].seconds;
	write_timetable(&best, size, path);
	printf("step %.1f ms, %d events, %.1f MB of gradients\n",
	       1e3 * best.seconds, best.count, 4e-6 * (double)best.floats);
	engine_close(&e);
	device_close(dev);
	family_model_free(model);
	recipe_free(recipe);
	free(best.list);
	return 0;
}

/* ---- replay ---- */

struct options {
	double step, steps, share, overlap, sync_bn, bucket_mb, alone;
};

struct replay {
	struct options o;
	struct timetable t;
	struct comm *comm;
	struct buckets *buckets;
	struct dev *dev;
	float *grads;
	double sums[8192];
	double sync_bn_s;
};

/* What one step took. */
struct taken {
	double step, comm, wait, sync_bn;
};

static void read_timetable(const char *path, double step, struct timetable *t)
{
	FILE *f = fopen(path, "r");
	char line[256], word[16];
	struct event e;
	double factor;

	if (!f)
		die(path, NULL);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lf %15s %zu", &e.seconds, word, &e.value) !=
		    3)
			continue;
		for (e.kind = 0; e.kind < KINDS; e.kind++)
			if (strcmp(word, kind_names[e.kind]) == 0)
				break;
		if (e.kind == KINDS || (e.kind == SUM && e.value > 8192))
			die("timetable", NULL);
		add_event(t, e);
	}
	fclose(f);
	if (t->floats == 0)
		die("timetable is empty", NULL);
	factor = step / t->seconds;
	for (int i = 0; i < t->count; i++)
		t->list[i].seconds *= factor;
}

static void sum(struct replay *r, size_t count)
{
	struct fl_err err = FL_ERR_INIT;

	if (comm_sum_doubles(r->comm, r->sums, count, &err) != 0)
		die("sum", &err);
	pace_anew();
}

static void await(struct replay *r, struct taken *taken)
{
	float mean = (float)(r->comm->world + 1) / 2;
	struct fl_err err = FL_ERR_INIT;
	struct comm_times times;

	if (buckets_wait(r->buckets, &times, &err) != 0)
		die("buckets", &err);
	taken->comm = times.comm_s;
	taken->wait = times.wait_s;
	if (r->comm->world > 1)
		for (size_t i = 0; i < r->t.floats; i += 997)
			if (r->grads[i] != mean)
				die("a wrong mean", NULL);
	sum(r, LOSS_VALUES);
}

static void happen(struct replay *r, const struct event *e, size_t *final,
		   struct taken *taken)
{
	double start = fl_now_s();

	if (e->kind == READY) {
		for (; *final < e->value; ++*final)
			r->grads[*final] = (float)(r->comm->rank + 1);
		pace(e->seconds, r->o.share);
		buckets_ready(r->buckets, e->value);
	} else if (e->kind == SUM) {
		pace(e->seconds, r->o.share);
		start = fl_now_s();
		if (e->value == LOSS_SUM || r->o.sync_bn != 0)
			sum(r, e->value);
		if (e->value != LOSS_SUM)
			taken->sync_bn += fl_now_s() - start;
	} else {
		await(r, taken);
		pace(e->seconds, r->o.share);
	}
}

static struct taken one_step(struct replay *r)
{
	double start = fl_now_s();
	struct taken taken = { 0 };
	size_t final = 0;

	pace_anew();
	memset(r->sums, 0, sizeof(r->sums));
	buckets_begin(r->buckets, dev_queue(r->dev, DEV_COMPUTE), r->grads);
	for (int i = 0; i < r->t.count; i++) {
		if (r->o.alone != 0)
			r->t.list[i].seconds = 0;
		happen(r, &r->t.list[i], &final, &taken);
	}
	taken.step = fl_now_s() - start;
	return taken;
}

static double processor_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct taken *list, int n, size_t offset)
{
	double v[MAX_STEPS];

	for (int i = 0; i < n; i++)
		v[i] = *(const double *)((const char *)(list + i) + offset);
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

#define MEDIAN(field) (1e3 * median(list, n, offsetof(struct taken, field)))

/* The first step opens connections and is not counted. */
static void run(struct replay *r)
{
	int n = (int)r->o.steps;
	struct taken list[MAX_STEPS];
	double used, best = 1e9;

	FL_ASSERT(n > 0 && n <= MAX_STEPS);
	one_step(r);
	used = processor_s();
	for (int i = 0; i < n; i++) {
		list[i] = one_step(r);
		best = list[i].step < best ? list[i].step : best;
	}
	used = (processor_s() - used) / n;
	if (r->o.alone == 0)
		used -= r->o.share * r->o.step;
	if (r->comm->rank == 0)
		printf("scaling step %.1f best %.1f comm %.1f wait %.1f "
		       "sync_bn %.1f processor %.1f ms\n",
		       MEDIAN(step), 1e3 * best, MEDIAN(comm), MEDIAN(wait),
		       MEDIAN(sync_bn), 1e3 * used);
}

static int replay(const char *path, const struct options *o)
{
	struct replay *r = fl_calloc(1, sizeof(*r));
	struct fl_err err = FL_ERR_INIT;
	bool launched;

	r->o = *o;
	read_timetable(path, o->step, &r->t);
	if (comm_mpi_launched(&launched, &err) != 0)
		die("ranks", &err);
	if (!launched)
		r->comm = comm_self_open();
	else if (comm_mpi_open(&r->comm, &err) != 0)
		die("MPI", &err);
	r->grads = fl_calloc(r->t.floats, sizeof(float));
	if (device_open("cpu", &r->dev, &err) != 0)
		die("device", &err);
	if (buckets_open(r->comm, r->dev, r->t.floats,
			 (size_t)(o->bucket_mb * 0x1p20), o->overlap != 0,
			 &r->buckets, &err) != 0)
		die("buckets", &err);
	run(r);
	buckets_close(r->buckets);
	comm_close(r->comm);
	device_close(r->dev);
	free(r->grads);
	free(r->t.list);
	free(r);
	return 0;
}

static bool set_option(struct options *o, const char *arg)
{
	const struct {
		const char *name;
		double *value;
	} rows[] = {
		{ "step=", &o->step },	     { "steps=", &o->steps },
		{ "share=", &o->share },     { "overlap=", &o->overlap },
		{ "sync_bn=", &o->sync_bn }, { "bucket_mb=", &o->bucket_mb },
		{ "alone=", &o->alone },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].name);

		if (strncmp(arg, rows[i].name, n) == 0) {
			*rows[i].value = atof(arg + n);
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	struct options o = { .step = 1,
			     .steps = 5,
			     .share = 0.1,
			     .overlap = 1,
			     .bucket_mb = 4 };

	if (argc >= 3 && strcmp(argv[1], "record") == 0)
		return record(argv[2], argc > 3 ? atoi(argv[3]) : 320);
	if (argc < 3 || strcmp(argv[1], "replay") != 0) {
		fprintf(stderr, "usage: bench_scaling record FILE [SIZE]\n"
				"       bench_scaling replay FILE "
				"[NAME=VALUE ...]\n");
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		if (!set_option(&o, argv[i])) {
			fprintf(stderr, "bench_scaling: what is %s?\n",
				argv[i]);
			return 2;
		}
	}
	return replay(argv[2], &o);
}
