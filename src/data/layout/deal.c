/* Training, validation, test: as the data set says; where it does not, by a
 * rule that anybody can repeat. Pictures are put in order of the digest of
 * their names, and the first fifth is for validation: so the parts stay (but
 * for a few at the border) when pictures are added, and are the same on every
 * machine. Roboflow's variants of one photo ("NAME.rf.DIGEST.jpg") count as
 * one, or the score would be taken on pictures that were trained on. */
#include "data/layout/layout_priv.h"

#include "base/digest.h"
#include "base/file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ONE_IN 5       /* pictures is for validation */
#define MOST_HELD 2000 /* of them: enough for a steady score */

struct card {
	uint64_t digest;
	size_t image;
	bool empty;
};

/* Of the name without folder and ending: pictures that are moved or converted
 * stay in their part. Eight bytes of it are enough to put in order. */
static uint64_t digest_of(const char *path)
{
	const char *name = fl_base_name(path), *variant = strstr(name, ".rf.");
	size_t n = variant ? (size_t)(variant - name)
			   : (size_t)tree_stem_length(name);
	unsigned char bytes[FL_DIGEST_BYTES];
	uint64_t v = 0;

	fl_digest_of(name, n, bytes);
	for (int i = 0; i < 8; i++)
		v = v << 8 | bytes[i];
	return v;
}

/* Those with boxes first, then those without; variants of one name stay in the
 * order of the list, which is the same on every machine. */
static int by_digest(const void *a, const void *b)
{
	const struct card *x = a, *y = b;

	if (x->empty != y->empty)
		return x->empty - y->empty;
	if (x->digest != y->digest)
		return x->digest < y->digest ? -1 : 1;
	return x->image < y->image ? -1 : x->image > y->image;
}

/* The first fifth of cards [0, n), at least one of several, at most MOST_HELD.
 * Cards of one digest are one name's variants and go where the first of them
 * went. */
static void hold_back(struct labels *l, const struct card *cards, size_t n)
{
	size_t most = (n + ONE_IN / 2) / ONE_IN, held = 0;

	most = most < 1 ? 1 : most > MOST_HELD ? MOST_HELD : most;
	for (size_t i = 0; i < n; i++) {
		bool same = i > 0 && cards[i].digest == cards[i - 1].digest;
		bool val =
			n > 1 &&
			(same ? l->images[cards[i - 1].image].split == SPLIT_VAL
			      : held < most);

		l->images[cards[i].image].split = val ? SPLIT_VAL : SPLIT_TRAIN;
		held += val;
	}
}

/* Of the images of one part, with boxes and without alike: a score needs both,
 * and few boxed pictures must not all fall into one part. */
static void split(struct labels *l, enum label_split from)
{
	struct card *cards = fl_calloc(l->image_count + 1, sizeof(*cards));
	size_t n = 0, full = 0;

	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		if (im->gone || im->split != from)
			continue;
		cards[n++] =
			(struct card){ digest_of(im->path), i, im->count == 0 };
		full += im->count > 0;
	}
	qsort(cards, n, sizeof(*cards), by_digest);
	hold_back(l, cards, full);
	hold_back(l, cards + full, n - full);
	free(cards);
}

/* Sorted through indices: images keep the order of their reader, and so do
 * files. */
static int by_path(const void *a, const void *b, void *ctx)
{
	const struct label_image *images = ctx;
	const struct label_image *x = &images[*(const size_t *)a];
	const struct label_image *y = &images[*(const size_t *)b];
	int d = strcmp(x->path, y->path);

	return d ? d : (int)x->split - (int)y->split;
}

/* One picture in two parts is told; twice in one part, it counts once. */
static void find_twins(struct labels *l)
{
	size_t n = l->image_count, *order = fl_calloc(n + 1, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_path, l->images);
	for (size_t i = 1; i < n; i++) {
		struct label_image *a = &l->images[order[i - 1]];
		struct label_image *b = &l->images[order[i]];

		if (strcmp(a->path, b->path) != 0)
			continue;
		if (a->split == b->split)
			b->gone = true;
		else
			labels_odd(l, ODD_BOTH, "%s: %s and %s", a->path,
				   labels_split_name(a->split),
				   labels_split_name(b->split));
	}
	free(order);
}

/* Of each part, pictures with a box: those without one cannot make a part. */
static void count(const struct labels *l, size_t full[SPLITS])
{
	memset(full, 0, SPLITS * sizeof(*full));
	for (size_t i = 0; i < l->image_count; i++)
		if (!l->images[i].gone && l->images[i].count > 0)
			full[l->images[i].split]++;
}

static void rename_part(struct labels *l, enum label_split from,
			enum label_split to)
{
	for (size_t i = 0; i < l->image_count; i++)
		if (l->images[i].split == from)
			l->images[i].split = to;
}

static const char made[] =
	"made here: pictures in order of the digest of their names, "
	"the first fifth (at most 2000) for validation";

/* Four cases: no training part, so the parts are made; both; training and test;
 * training alone, from which a fifth is taken. */
int layout_deal(struct labels *l, struct fl_err *err)
{
	size_t full[SPLITS];

	find_twins(l);
	count(l, full);
	l->split_rule = "as the data set has it";
	if (full[SPLIT_TRAIN] == 0) {
		/* one part alone is as good as none */
		for (int s = SPLIT_VAL; s < SPLITS; s++)
			rename_part(l, (enum label_split)s, SPLIT_NONE);
		split(l, SPLIT_NONE);
		l->split_rule = made;
	} else if (full[SPLIT_VAL] > 0) {
		/* Who lists parts has decided about what no list names. */
		for (size_t i = 0; i < l->image_count; i++)
			if (l->images[i].split == SPLIT_NONE) {
				labels_odd(l, ODD_UNLISTED, "%s",
					   l->images[i].path);
				l->images[i].gone = true;
			}
	} else if (full[SPLIT_TEST] > 0) {
		rename_part(l, SPLIT_TEST, SPLIT_VAL);
		l->split_rule =
			"as the data set has it; it has no validation part, so its test part is scored";
	} else {
		rename_part(l, SPLIT_NONE, SPLIT_TRAIN);
		split(l, SPLIT_TRAIN);
		l->split_rule = made;
	}
	count(l, full);
	if (full[SPLIT_TRAIN] == 0 || full[SPLIT_VAL] == 0)
		return fl_fail(
			err, FL_EDATA,
			"%zu pictures with a box for training and %zu for validation; at least one of each is needed",
			full[SPLIT_TRAIN], full[SPLIT_VAL]);
	return 0;
}
