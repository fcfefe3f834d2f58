/* new_proposal.c - the numbers of a first run from random weights. They follow
 * what was measured: the recipes of docs/accuracy.md (BCCD: 292 pictures, 60
 * epochs of 36 steps at 256, rate 0.005 for a batch of 8) and of the demo
 * (0.005 for 16, a long warm-up). docs/your-data.md has the rules as
 * a table. */
#include "cmd/new_proposal.h"

#include "base/cores.h"
#include "cmd/new_machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEN 16.0    /* pixels of a side: two cells of the finest level */
#define SMALLEST 128 /* sizes of training */
#define LARGEST 640  /* PP-YOLOE's own */
#define BATCH 8	     /* of PP-YOLOE's recipes */
#define STEPS 3000   /* that a run from random weights takes to learn */
#define FEWEST_EPOCHS 36
#define MOST_EPOCHS 300 /* of PP-YOLOE on COCO */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void new_facts_take(const struct labels *l, struct new_facts *f)
{
	/* One more than there are, so that a data set
	 * without boxes has a 0 to read. */
	double *sides = fl_calloc(l->box_count + 1, sizeof(double));
	double *longest = fl_calloc(l->image_count + 1, sizeof(double));
	size_t n = 0, pictures = 0;

	*f = (struct new_facts){ .classes = l->class_count };
	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		if (im->gone)
			continue;
		longest[pictures++] = im->w > im->h ? im->w : im->h;
		f->train += im->split == SPLIT_TRAIN && im->count > 0;
		f->val += im->split == SPLIT_VAL;
		for (int k = 0; k < im->count; k++) {
			const struct label_box *b =
				&l->boxes[im->first + (size_t)k];

			/* The root of the share of the area: independent of the
			 * sides' ratio, and of how large the picture is. */
			sides[n++] = sqrt(b->w * b->h / im->w / im->h);
		}
	}
	qsort(sides, n, sizeof(double), ascending);
	qsort(longest, pictures, sizeof(double), ascending);
	f->box_tenth = sides[n / 10];
	f->box_median = sides[n / 2];
	f->long_side = (int)longest[pictures / 2];
	free(sides);
	free(longest);
}

static int up_to_32(double v)
{
	return (int)ceil(v / 32) * 32;
}

/* A double to an int that it may not fit: bounded first. */
static int between(double v, int least, int most)
{
	return v < least ? least : v > most ? most : (int)v;
}

/* The size at which boxes of a share of the picture's side have SEEN pixels. */
static int size_for(double share, int most)
{
	return between(up_to_32(fmin(SEEN / share, 1e6)), SMALLEST, most);
}

void new_set_size(struct new_proposal *p, int size)
{
	/* A quarter around, in multiples of the coarsest stride, as PP-YOLOE's
	 * 320 to 768 lie around its 640. */
	int least = size * 3 / 4 / 32 * 32, most = size * 5 / 4 / 32 * 32;

	p->size = size;
	p->size_count = 0;
	for (int s = least; s <= most && p->size_count < NEW_SIZES; s += 32)
		p->sizes[p->size_count++] = s;
}

static void propose_size(const struct new_facts *f, struct new_proposal *p)
{
	/* A picture that is enlarged shows nothing new. */
	int own = between(up_to_32(f->long_side), SMALLEST, LARGEST);
	int size = size_for(f->box_tenth, LARGEST);
	const char *bound = "";

	if (size > own) {
		size = own;
		bound = ", were the pictures larger";
	} else if (SEEN / f->box_tenth > LARGEST) {
		bound = ", were it larger; cut the pictures into tiles for the smallest";
	}
	/* A photograph shrunk to a stamp shows large things only. */
	if (size < 320 && own >= 320)
		size = 320;
	new_set_size(p, size);
	snprintf(
		p->size_why, sizeof(p->size_why),
		"nine boxes of ten have %.0f px or more a side then (%.0f make a box easy)%s",
		f->box_tenth * size, SEEN, bound);
}

void new_set_batch(const struct new_facts *f, struct new_proposal *p, int batch)
{
	/* The last pictures that fill no batch are left out of an epoch, as
	 * the reference's loader does. */
	int steps = f->train / batch;

	p->batch = batch;
	p->epochs = between(ceil((double)STEPS / steps), FEWEST_EPOCHS,
			    MOST_EPOCHS);
	/* 100 of 300 in PP-YOLOE. */
	p->static_epochs = p->epochs / 3;
	p->warmup = between(fmin(0.1 * p->epochs, ceil(1000.0 / steps)), 1,
			    p->epochs);
	/* At most ten checkpoints a run. */
	p->snapshot = (p->epochs + 9) / 10;
	p->ema_decay = (double)steps * p->epochs < 20000 ? 0.998 : 0.9998;
	snprintf(
		p->epoch_why, sizeof(p->epoch_why),
		"%d steps an epoch, %d in all; from random weights about %d are needed to learn",
		steps, steps * p->epochs, STEPS);
	snprintf(p->ema_why, sizeof(p->ema_why),
		 "the average that is scored remembers %.0f of %d steps",
		 1 / (1 - p->ema_decay), steps * p->epochs);
}

static void propose_batch(const struct new_facts *f, struct new_proposal *p)
{
	/* at least four steps an epoch */
	int batch = between(f->train / 4, 1, BATCH);

	new_set_batch(f, p, batch);
	snprintf(p->batch_why, sizeof(p->batch_why),
		 batch == BATCH ? "of one trainer, as in PP-YOLOE's recipes"
				: "few pictures: an epoch keeps four steps");
}

void new_propose(const struct new_facts *f, struct new_proposal *p)
{
	*p = (struct new_proposal){ 0 };
	propose_size(f, p);
	propose_batch(f, p);
	p->threads = between(fl_cores() / 2.0, 1, 8);
}
