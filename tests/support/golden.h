/* golden.h - our tensors against the digests that the reference left.
 *
 * A figure is one kind of distance ("samples", "l2", "values") of one group of
 * tensors. Beside ours stands the reference's own: its float32 run against its
 * float64 run. The limit is three times the larger of that and the typical
 * distance in the oracle's README, and never under the floor.
 */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include "ckpt/tensor_file.h"
#include "text/json.h"

#include <stdbool.h>

struct golden_figure {
	char group[48];
	const char *kind;
	double typical, floor; /* 0: none */
	double ours, own;
	char worst[128]; /* the tensor our distance comes from */
	int compared;
};

#define GOLDEN_MOST_FIGURES 64

struct golden_report {
	struct golden_figure figures[GOLDEN_MOST_FIGURES];
	int count;
	int failed;	      /* see golden_fail() */
	char first[512];      /* the first failure */
	int parted, tie_step; /* see golden_step.h */
	double tie_margin;
};

/* Add one pair of distances to a figure. */
void golden_note(struct golden_report *r, const char *group, const char *kind,
		 double typical, double floor, double ours, double own,
		 const char *where);
/* Something that must be equal was not, or a figure is over its limit. */
void golden_fail(struct golden_report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct golden_typical {
	double samples, l2;
};

/* Every digest of truth (float64) and own (float32, the same keys) against our
 * tensor "<prefix><key>". Missing tensors and other shapes are failures. */
void golden_digests(struct golden_report *r, const char *group,
		    struct golden_typical typical, const struct json *truth,
		    const struct json *own, const struct tensor_file *ours,
		    const char *prefix);
/* One digest against values. */
struct golden_distance {
	double samples, l2;
};
struct golden_distance golden_distance(const struct json *truth,
				       const float *values, size_t count);

double golden_limit(const struct golden_figure *f);
/* Judge all figures, limits times slack; failures are counted in r. */
void golden_judge(struct golden_report *r, double slack);
/* The figures and failures of another report join. */
void golden_join(struct golden_report *r, const struct golden_report *other);
#define GOLDEN_SPREAD "tests/golden/spread.json"
/* Figures whose own distance is larger in {"group, kind": distance}, of further
 * runs of the reference (tests/golden/spread.json), take that one. */
void golden_widen(struct golden_report *r, const struct json *spread);
/* One line a figure. */
void golden_print(const struct golden_report *r, const char *title);

/* Numbers of a JSON document; the test dies where there is none. */
double golden_real(const struct json *value);
int golden_int(const struct json *value);

#endif
