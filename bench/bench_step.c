/* bench_step [--precision P] [--device D] [--batch N] [--recompute] [SIZE ...]: the whole training
 * step of PP-YOLOE-s beside the sum of its convolutions alone and the ceiling of fused
 * multiply-adds in fp32, all measured in this run; by phase, and memory. Default: 320
 * and 640 with 8 images in fp32 on the cpu. */
#include "base/clock.h"
#include "base/par.h"
#include "base/rng.h"
#include "comm/self/self.h"
#include "family/family.h"
#include "text/option.h"
#include "train/engine.h"

#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define REPEATS 5
#define FMA_TURNS 2000000

struct args {
	const char *precision, *device;
	int batch;
	bool recompute;
};

static const struct option_row rows[] = {
	{ "precision", 'p', OPTION_WORD, offsetof(struct args, precision),
	  .arg = "fp32|bf16", .help = "of maps [fp32]" },
	{ "device", 'd', OPTION_TEXT, offsetof(struct args, device),
	  .arg = "NAME", .help = "who computes [cpu]" },
	{ "batch", 'b', OPTION_INT, offsetof(struct args, batch), 1, 4096,
	  .arg = "N", .help = "images of a step [8]" },
	{ "recompute", 'r', OPTION_FLAG, offsetof(struct args, recompute),
	  .help = "maps between blocks are computed again in backward" },
};

static const struct option_table table = {
	.program = "bench_step",
	.usage = "[OPTIONS] [SIZE...]",
	.about =
		"The training step of PP-YOLOE-s at these image sizes (320 and "
		"640), by phase, beside its convolutions alone.",
	.example = "bench_step --precision bf16 640",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.operand = "SIZE",
};

static void must(int rc, const struct fl_err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench_step: %s\n", err->text);
	exit(fl_exit_status(err->code));
}

/* 12 independent chains hide the latency; each turn is 12 x 16 (or 8) x 2
 * operations. */
__attribute__((target("avx512f"))) static float fma_512(long turns)
{
	__m512 a[12], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);

	for (int i = 0; i < 12; i++)
		a[i] = _mm512_set1_ps((float)i);
	for (long t = 0; t < turns; t++)
#pragma GCC unroll 12
		for (int i = 0; i < 12; i++)
			a[i] = _mm512_fmadd_ps(a[i], x, y);
	for (int i = 1; i < 12; i++)
		a[0] = _mm512_add_ps(a[0], a[i]);
	return _mm512_reduce_add_ps(a[0]);
}

__attribute__((target("avx2,fma"))) static float fma_256(long turns)
{
	__m256 a[12], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
	float out[8];

	for (int i = 0; i < 12; i++)
		a[i] = _mm256_set1_ps((float)i);
	for (long t = 0; t < turns; t++)
#pragma GCC unroll 12
		for (int i = 0; i < 12; i++)
			a[i] = _mm256_fmadd_ps(a[i], x, y);
	for (int i = 1; i < 12; i++)
		a[0] = _mm256_add_ps(a[0], a[i]);
	_mm256_storeu_ps(out, a[0]);
	return out[0];
}

static volatile float sink;

static void fma_chunk(void *ctx, size_t first, size_t last, int chunk)
{
	(void)chunk;
	for (size_t i = first; i < last; i++)
		sink = *(int *)ctx == 512 ? fma_512(FMA_TURNS)
					  : fma_256(FMA_TURNS);
}

/* Operations per second of all threads, in units of 1e9; the best of five. */
static double fma_ceiling(void)
{
	int width = __builtin_cpu_supports("avx512f") ? 512 : 256;
	int threads = fl_par_threads();
	double best = 1e9;

	for (int r = 0; r < REPEATS; r++) {
		double start = fl_now_s(), s;

		fl_par_for((size_t)threads, 1, fma_chunk, &width);
		s = fl_now_s() - start;
		best = s < best ? s : best;
	}
	return 12.0 * (width / 32) * 2 * FMA_TURNS * threads / best / 1e9;
}

/* Best seconds of each direction of one convolution. */
struct conv_cost {
	double forward, data, weights, flops;
};

static double timed(double *best, double start)
{
	double s = fl_now_s() - start;

	*best = s < *best ? s : *best;
	return s;
}

/* Memory for one convolution: source, destination, weights. */
struct room {
	struct dev_slab x, y, w;
};

static void measure_conv(struct engine *e, const struct dev_conv_desc *d,
			 const struct tensor *x, const struct tensor *y,
			 float *w, struct conv_cost *total)
{
	const struct dev_ops *ops = dev_ops(e->net.dev);
	void *ws = e->net.plans.workspace.data;
	struct dev_queue *q = e->net.queue;
	struct fl_err err = FL_ERR_INIT;
	struct dev_conv *c;
	double f = 1e9, b = 1e9, g = 1e9;

	must(ops->conv_new(e->net.dev, d, &c, &err), &err);
	for (int r = 0; r < REPEATS; r++) {
		double t = fl_now_s();

		ops->conv_forward(q, c, x, w, w, y, NULL, ws);
		dev_wait(q, &err);
		timed(&f, t);
		t = fl_now_s();
		ops->conv_backward_weights(q, c, x, y, w, w, ws);
		dev_wait(q, &err);
		timed(&g, t);
		t = fl_now_s();
		if (d->diff_src)
			ops->conv_backward_data(q, c, y, w, x, false, ws);
		dev_wait(q, &err);
		timed(&b, t);
	}
	ops->conv_free(c);
	total->forward += f;
	total->weights += g;
	total->data += d->diff_src ? b : 0;
	total->flops += 2.0 * (d->diff_src ? 3 : 2) * (double)tensor_pixels(y) *
			d->cout * d->cin * d->k * d->k;
}

static struct dev_conv_desc desc_of(const struct graph *g,
				    const struct graph_node *n,
				    const struct tensor *x,
				    const struct tensor *y)
{
	return (struct dev_conv_desc){ .n = x->n,
				       .h = x->h,
				       .w = x->w,
				       .cin = x->c,
				       .cout = y->c,
				       .k = n->k,
				       .stride = n->stride,
				       .x_type = x->type,
				       .y_type = y->type,
				       .bias = n->bias >= 0,
				       .backward = true,
				       .diff_src = n->in[0] != g->input };
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* For the largest operands of all convolutions. */
static void open_room(struct engine *e, const struct plan *plan,
		      struct room *room)
{
	const struct graph *g = e->net.model->graph;
	struct fl_err err = FL_ERR_INIT;
	size_t x = 0, y = 0, w = 0;

	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];
		struct tensor t;

		if (n->kind != GRAPH_CONV)
			continue;
		t = plan_value(plan, n->in[0]);
		x = larger(x, tensor_bytes(&t));
		t = plan_value(plan, n->out);
		y = larger(y, tensor_bytes(&t));
		w = larger(w, g->params[n->weight].count * sizeof(float));
	}
	must(dev_slab_new(e->net.dev, x, DEV_OWN, &room->x, &err), &err);
	must(dev_slab_new(e->net.dev, y, DEV_OWN, &room->y, &err), &err);
	must(dev_slab_new(e->net.dev, w, DEV_OWN, &room->w, &err), &err);
}

static struct conv_cost convolutions(struct engine *e, const struct plan *plan)
{
	const struct graph *g = e->net.model->graph;
	struct conv_cost total = { 0 };
	struct room room;

	open_room(e, plan, &room);
	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];
		struct tensor in, out;
		struct dev_conv_desc d;

		if (n->kind != GRAPH_CONV)
			continue;
		in = plan_value(plan, n->in[0]);
		out = plan_value(plan, n->out);
		in.data = room.x.data;
		out.data = room.y.data;
		d = desc_of(g, n, &in, &out);
		measure_conv(e, &d, &in, &out, room.w.data, &total);
	}
	dev_slab_free(e->net.dev, &room.x);
	dev_slab_free(e->net.dev, &room.y);
	dev_slab_free(e->net.dev, &room.w);
	return total;
}

static struct engine_batch make_batch(int images, int size)
{
	struct fl_rng rng = fl_rng_open(1, FL_RNG_TEST, (uint64_t)size, 0);
	size_t n = (size_t)images * (size_t)size * (size_t)size * 3;
	float *image = fl_malloc(n * sizeof(float));
	float *boxes = fl_malloc((size_t)images * 10 * 4 * sizeof(float));
	int *labels = fl_calloc((size_t)images * 10, sizeof(int));
	int *counts = fl_calloc((size_t)images, sizeof(int));

	for (size_t i = 0; i < n; i++)
		image[i] = (float)fl_rng_range(&rng, -2, 2);
	for (int i = 0; i < images * 10; i++) {
		float *b = boxes + 4 * i;

		b[0] = (float)fl_rng_range(&rng, 0, 0.6 * size);
		b[1] = (float)fl_rng_range(&rng, 0, 0.6 * size);
		b[2] = b[0] +
		       (float)fl_rng_range(&rng, 0.05, 0.4) * (float)size;
		b[3] = b[1] +
		       (float)fl_rng_range(&rng, 0.05, 0.4) * (float)size;
		labels[i] = i % 80;
		counts[i / 10] = 10;
	}
	return (struct engine_batch){ images, size,  size,   image,
				      10,     boxes, labels, counts };
}

static void print_phases(const struct engine_result *r, double whole)
{
	const struct plan_times *t = &r->times;
	const struct {
		const char *name;
		double s;
	} phases[] = {
		{ "convolutions forward", t->conv_forward },
		{ "convolutions backward, data", t->conv_data },
		{ "convolutions backward, weights", t->conv_weights },
		{ "norm + SiLU forward", t->norm_forward },
		{ "norm + SiLU backward", t->norm_backward },
		{ "pool, gates, upsample, concat", t->other },
		{ "assigner and loss", r->loss_s },
		{ "momentum and EMA", r->optim_s },
	};

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		printf("    %-32s %8.1f ms  %4.1f %%\n", phases[i].name,
		       1e3 * phases[i].s, 100 * phases[i].s / whole);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of one size: the steps, their convolutions, what they took. */
struct figures {
	double best, median;	     /* seconds of a step */
	struct engine_result result; /* of the best one */
	struct conv_cost conv;
	double peak; /* MiB of the process while it made steps */
};

static double peak_mib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

static void make_steps(struct engine *e, const struct engine_batch *batch,
		       struct figures *f)
{
	struct fl_err err = FL_ERR_INIT;
	double seconds[REPEATS];

	f->best = 1e9;
	for (int r = 0; r < REPEATS + 1; r++) {
		double start = fl_now_s(), s;
		struct engine_result result;

		must(engine_step(e, batch, 200, 1e-5, ENGINE_GO_ON, &result,
				 &err),
		     &err);
		s = fl_now_s() - start;
		if (r == 0)
			continue; /* cold */
		seconds[r - 1] = s;
		if (s < f->best) {
			f->best = s;
			f->result = result;
		}
	}
	qsort(seconds, REPEATS, sizeof(*seconds), by_value);
	f->median = seconds[REPEATS / 2];
	f->peak = peak_mib();
}

static void print_figures(const struct args *a, const struct engine *e,
			  int size, const struct figures *f, double ceiling)
{
	const struct conv_cost *c = &f->conv;
	double convs = c->forward + c->data + c->weights;
	double speed = c->flops / convs / 1e9;

	printf("PP-YOLOE-s, %dx%d, batch %d, %s, %d threads (best of %d)%s\n",
	       size, size, a->batch, a->precision, fl_par_threads(), REPEATS,
	       a->recompute ? ", recomputing" : "");
	printf("  whole step            %8.1f ms   %.2f images/s   (median %.1f ms)\n",
	       1e3 * f->best, a->batch / f->best, 1e3 * f->median);
	print_phases(&f->result, f->best);
	printf("  convolutions alone    %8.1f ms   (forward %.1f, data %.1f, weights %.1f)\n",
	       1e3 * convs, 1e3 * c->forward, 1e3 * c->data, 1e3 * c->weights);
	printf("  whole / convolutions  %8.2f\n", f->best / convs);
	printf("  convolutions          %8.1f GF/s of %.1f GF/s ceiling: %.0f %%\n",
	       speed, ceiling, 100 * speed / ceiling);
	printf("  memory                %8.1f MiB of activations an image, "
	       "%.0f MiB of state, %.0f MiB of workspace; peak of the process so far %.0f MiB\n\n",
	       (double)e->net.plans.activation_bytes / a->batch / 0x1p20,
	       (double)e->net.state.slab.bytes / 0x1p20,
	       (double)e->net.plans.workspace_bytes / 0x1p20, f->peak);
	fflush(stdout);
}

static void bench(const struct args *a, int size, double ceiling)
{
	char precision[32];
	const char *const o[] = { "pretrain_weights=", precision,
				  a->recompute ? "recompute=true"
					       : "recompute=false" };
	struct engine_batch batch = make_batch(a->batch, size);
	struct fl_err err = FL_ERR_INIT;
	struct comm *comm = comm_self_open();
	struct figures f = { 0 };
	struct plan_key key;
	struct recipe *recipe;
	struct model *model;
	struct engine e;
	struct dev *dev;

	snprintf(precision, sizeof(precision), "precision=%s", a->precision);
	must(device_open(a->device, &dev, &err), &err);
	must(recipe_load("configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml", o, 3,
			 &recipe, &err),
	     &err);
	must(family_model(recipe, &model, &err), &err);
	key = plan_key_make(PLAN_TRAIN, recipe_precision(recipe), a->batch,
			    size, size);
	must(engine_open(&e, recipe, model, dev, comm, &key, 1, &err), &err);
	make_steps(&e, &batch, &f);
	f.conv = convolutions(&e, e.net.plans.list[0]);
	print_figures(a, &e, size, &f, ceiling);
	engine_close(&e);
	device_close(dev);
	family_model_free(model);
	recipe_free(recipe);
	comm_close(comm);
	free((void *)(uintptr_t)batch.image);
	free((void *)(uintptr_t)batch.boxes);
	free((void *)(uintptr_t)batch.labels);
	free((void *)(uintptr_t)batch.counts);
}

static int size_of(const char *text, struct fl_err *err)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 32 || n > 8192 || n % 32)
		must(fl_fail(err, FL_EUSAGE,
			     "an image size is a multiple of 32 from 32 to 8192, not '%s'",
			     text),
		     err);
	return (int)n;
}

int main(int argc, char **argv)
{
	struct args a = { .precision = "fp32", .device = "cpu", .batch = 8 };
	struct fl_err err = FL_ERR_INIT;
	double ceiling;
	int words = 0;
	bool help = false;

	fl_par_spin_briefly(argv);
	must(option_parse(&table, &a, argc, argv, &words, &help, &err), &err);
	if (help) {
		option_help(&table, stdout);
		return 0;
	}
	for (int i = 1; i <= words; i++)
		size_of(argv[i], &err);
	fl_par_init(0);
	ceiling = fma_ceiling();
	printf("ceiling of fused multiply-adds: %.1f GF/s with %d threads\n\n",
	       ceiling, fl_par_threads());
	for (int i = 1; i <= words; i++)
		bench(&a, size_of(argv[i], &err), ceiling);
	for (int size = 320; words == 0 && size <= 640; size *= 2)
		bench(&a, size, ceiling);
	return 0;
}
