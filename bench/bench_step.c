/* bench_step [SIZE ...]: the whole training step of PP-YOLOE-s, batch 8, beside
 * the sum of its convolutions alone and the ceiling of fused multiply-adds, all
 * measured in this run; by phase, and memory per image. Default: 320 640. */
#include "base/clock.h"
#include "base/par.h"
#include "base/rng.h"
#include "comm/self/self.h"
#include "family/family.h"
#include "train/engine.h"

#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 8
#define REPEATS 5
#define FMA_TURNS 2000000

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

	if (ops->conv_new(e->net.dev, d, &c, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(4);
	}
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

static struct conv_cost convolutions(struct engine *e, const struct plan *plan)
{
	const struct graph *g = e->net.model->graph;
	struct conv_cost total = { 0 };
	size_t bytes = (size_t)256 << 20;
	struct room room;
	struct fl_err err = FL_ERR_INIT;

	if (dev_slab_new(e->net.dev, bytes, DEV_OWN, &room.x, &err) ||
	    dev_slab_new(e->net.dev, bytes, DEV_OWN, &room.y, &err) ||
	    dev_slab_new(e->net.dev, bytes / 4, DEV_OWN, &room.w, &err))
		exit(4);
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
		d = (struct dev_conv_desc){
			.n = in.n,
			.h = in.h,
			.w = in.w,
			.cin = in.c,
			.cout = out.c,
			.k = n->k,
			.stride = n->stride,
			.x_type = in.type,
			.y_type = out.type,
			.bias = n->bias >= 0,
			.backward = true,
			.diff_src = n->in[0] != g->input,
		};
		measure_conv(e, &d, &in, &out, room.w.data, &total);
	}
	dev_slab_free(e->net.dev, &room.x);
	dev_slab_free(e->net.dev, &room.y);
	dev_slab_free(e->net.dev, &room.w);
	return total;
}

static struct engine_batch make_batch(int size)
{
	struct fl_rng rng = fl_rng_open(1, FL_RNG_TEST, (uint64_t)size, 0);
	size_t n = (size_t)BATCH * (size_t)size * (size_t)size * 3;
	float *image = fl_malloc(n * sizeof(float));
	float *boxes = fl_malloc(BATCH * 10 * 4 * sizeof(float));
	int *labels = fl_calloc(BATCH * 10, sizeof(int));
	int *counts = fl_calloc(BATCH, sizeof(int));

	for (size_t i = 0; i < n; i++)
		image[i] = (float)fl_rng_range(&rng, -2, 2);
	for (int i = 0; i < BATCH * 10; i++) {
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
	return (struct engine_batch){ BATCH, size,  size,   image,
				      10,    boxes, labels, counts };
}

static void print_phases(const struct engine_result *r, double whole)
{
	const struct plan_times *t = &r->times;
	const struct {
		const char *name;
		double s;
	} rows[] = {
		{ "convolutions forward", t->conv_forward },
		{ "convolutions backward, data", t->conv_data },
		{ "convolutions backward, weights", t->conv_weights },
		{ "norm + SiLU forward", t->norm_forward },
		{ "norm + SiLU backward", t->norm_backward },
		{ "pool, gates, upsample, concat", t->other },
		{ "assigner and loss", r->loss_s },
		{ "momentum and EMA", r->optim_s },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("    %-32s %8.1f ms  %4.1f %%\n", rows[i].name,
		       1e3 * rows[i].s, 100 * rows[i].s / whole);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void bench(int size, double ceiling)
{
	static const char *const o[] = { "pretrain_weights=" };
	struct plan_key key =
		plan_key_make(PLAN_TRAIN, DTYPE_F32, BATCH, size, size);
	struct engine_batch batch = make_batch(size);
	struct engine_result result, best_result = { 0 };
	struct conv_cost conv;
	struct fl_err err = FL_ERR_INIT;
	struct comm *comm = comm_self_open();
	struct recipe *recipe;
	struct model *model;
	struct engine e;
	struct dev *dev;
	double best = 1e9, convs, seconds[REPEATS];

	if (device_open("cpu", &dev, &err) != 0 ||
	    recipe_load("configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml", o, 1,
			&recipe, &err) != 0 ||
	    family_model(recipe, &model, &err) != 0 ||
	    engine_open(&e, recipe, model, dev, comm, &key, 1, &err)) {
		fprintf(stderr, "bench_step: %s\n", err.text);
		exit(4);
	}
	for (int r = 0; r < REPEATS + 1; r++) {
		double start = fl_now_s(), s;

		if (engine_step(&e, &batch, 200, 1e-5, false, &result, &err))
			exit(4);
		s = fl_now_s() - start;
		if (r > 0)
			seconds[r - 1] = s;
		if (r > 0 && s < best) {
			best = s;
			best_result = result;
		}
	}
	qsort(seconds, REPEATS, sizeof(*seconds), by_value);
	conv = convolutions(&e, e.net.plans.list[0]);
	convs = conv.forward + conv.data + conv.weights;
	printf("PP-YOLOE-s, %dx%d, batch %d, fp32, %d threads (best of %d)\n",
	       size, size, BATCH, fl_par_threads(), REPEATS);
	printf("  whole step            %8.1f ms   %.2f images/s   (median %.1f ms)\n",
	       1e3 * best, BATCH / best, 1e3 * seconds[REPEATS / 2]);
	print_phases(&best_result, best);
	printf("  convolutions alone    %8.1f ms   (forward %.1f, data %.1f, weights %.1f)\n",
	       1e3 * convs, 1e3 * conv.forward, 1e3 * conv.data,
	       1e3 * conv.weights);
	printf("  whole / convolutions  %8.2f\n", best / convs);
	printf("  convolutions          %8.1f GF/s of %.1f GF/s ceiling: %.0f %%\n",
	       conv.flops / convs / 1e9, ceiling,
	       100 * conv.flops / convs / 1e9 / ceiling);
	printf("  memory                %8.1f MiB of activations an image, "
	       "%.0f MiB of state, %.0f MiB of workspace\n\n",
	       (double)e.net.plans.activation_bytes / BATCH / 0x1p20,
	       (double)e.net.state.slab.bytes / 0x1p20,
	       (double)e.net.plans.workspace_bytes / 0x1p20);
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

int main(int argc, char **argv)
{
	double ceiling;

	fl_par_spin_briefly(argv);
	fl_par_init(0);
	ceiling = fma_ceiling();
	printf("ceiling of fused multiply-adds: %.1f GF/s with %d threads\n\n",
	       ceiling, fl_par_threads());
	for (int i = 1; i < argc; i++)
		bench(atoi(argv[i]), ceiling);
	if (argc == 1) {
		bench(320, ceiling);
		bench(640, ceiling);
	}
	return 0;
}
