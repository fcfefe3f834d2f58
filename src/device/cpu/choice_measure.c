/* Timing the kernels of one convolution. Called when a convolution is made
 * while measuring is on (choice_known.c), that is, before step 0. Kernels take
 * turns, so that a neighbour on the machine disturbs all of them; the best turn
 * of each counts. */
#include "device/cpu/choice.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "device/cpu/conv.h"

#include <string.h>

/* Where a shape is small enough for all of them within SECONDS. */
#define TURNS 7
/* Of one direction: large maps have fewer turns. */
#define SECONDS 0.1
/* Less is not worth other bits than elsewhere, and might be chance. */
#define WORTH 1.1

/* One map of sources and one of results serve both kernels and all
 * directions. */
struct trial {
	struct dev_conv *conv[CPU_KERNELS];
	void *workspace[CPU_KERNELS];
	struct tensor x, y;
	float *w, *dw, *db;
	struct fl_arena arena;
};

/* Values near 1: what they are is no matter, but denormals would be slow. */
static void *filled(struct trial *t, size_t n)
{
	float *v = fl_arena_array(&t->arena, n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = 0.5f + (float)(i % 61) / 64;
	return v;
}

static int open_trial(struct trial *t, const struct dev_conv_desc *d,
		      struct fl_err *err)
{
	/* Only 3x3 has two kernels (winograd_fits). */
	size_t taps = (size_t)d->cout * 9 * (size_t)d->cin;

	*t = (struct trial){ .arena = FL_ARENA_INIT };
	for (int k = 0; k < CPU_KERNELS; k++) {
		struct cpu_choice c;
		int rc;

		/* Every direction by kernel k. */
		memset(c.kernel, k, sizeof(c.kernel));
		rc = cpu_conv_make(d, &c, &t->conv[k], err);
		if (rc != 0)
			return rc;
		t->workspace[k] = fl_arena_alloc(
			&t->arena, cpu_conv_workspace(t->conv[k]));
	}
	t->x = tensor_make(NULL, DTYPE_F32, d->n, d->h, d->w, d->cin);
	t->y = tensor_make(NULL, DTYPE_F32, d->n, d->h, d->w, d->cout);
	t->x.data = filled(t, tensor_count(&t->x));
	t->y.data = filled(t, tensor_count(&t->y));
	t->w = filled(t, taps);
	t->dw = filled(t, taps);
	t->db = filled(t, (size_t)d->cout);
	return 0;
}

static void close_trial(struct trial *t)
{
	for (int k = 0; k < CPU_KERNELS; k++)
		cpu_conv_free(t->conv[k]);
	fl_arena_release(&t->arena);
}

static double turn(struct trial *t, enum cpu_direction direction, int k)
{
	double start = fl_now_s();
	struct dev_conv *c = t->conv[k];
	void *ws = t->workspace[k];

	/* No sums: both kernels would call the same pass for them. */
	if (direction == CPU_FORWARD)
		cpu_conv_forward(NULL, c, &t->x, t->w, t->db, &t->y, NULL, ws);
	else if (direction == CPU_DATA)
		cpu_conv_backward_data(NULL, c, &t->y, t->w, &t->x, false, ws);
	else
		cpu_conv_backward_weights(NULL, c, &t->x, &t->y, t->dw, t->db,
					  ws);
	return fl_now_s() - start;
}

/* The first turn of each finds its memory cold and counts as any other. */
static enum cpu_kernel quickest(struct trial *t, enum cpu_direction direction,
				enum cpu_kernel usual)
{
	double begin = fl_now_s(), best[CPU_KERNELS];
	enum cpu_kernel chosen = usual;

	for (int i = 0; i < TURNS; i++) {
		for (int k = 0; k < CPU_KERNELS; k++) {
			double s = turn(t, direction, k);

			best[k] = i == 0 || s < best[k] ? s : best[k];
		}
		/* At least two turns, however long one takes. */
		if (i > 0 && fl_now_s() - begin > SECONDS)
			break;
	}
	for (int k = 0; k < CPU_KERNELS; k++)
		/* Against the usual one by WORTH, against others that pass this
		 * too by the time. */
		if (best[k] * WORTH < best[usual] && best[k] < best[chosen])
			chosen = (enum cpu_kernel)k;
	return chosen;
}

int cpu_choice_measure(const struct dev_conv_desc *d, struct cpu_choice *out,
		       struct fl_err *err)
{
	bool wanted[CPU_DIRECTIONS] = { true, d->backward && d->diff_src,
					d->backward };
	struct trial t;
	int rc = open_trial(&t, d, err);

	*out = cpu_choice_by_table(d);
	for (int i = 0; rc == 0 && i < CPU_DIRECTIONS; i++)
		if (wanted[i])
			out->kernel[i] = (unsigned char)quickest(
				&t, (enum cpu_direction)i,
				(enum cpu_kernel)out->kernel[i]);
	close_trial(&t);
	return rc;
}
