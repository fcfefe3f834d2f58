/* judged.c - an evaluation gone through picture by picture.
 *
 * The page sink calls it for evaluations that its page shows. Detections come
 * sorted by the ids of their pictures, while the data set has those without a
 * box behind the others, so each picture looks for its own; of VOC the id is the
 * picture's place (detect/evaluate.c). */
#include "report/judged.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* A matrix of more classes takes more memory than it tells. */
#define MOST_CLASSES 2000

int judged_class(const struct dataset *d, int64_t category_id)
{
	for (int c = 0; c < d->class_count; c++)
		if (d->class_ids[c] == category_id)
			return c;
	return -1;
}

static size_t first_of(const struct sink_evaluation *e, int64_t image)
{
	size_t lo = 0, hi = e->result->detections;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (e->detections[mid].image_id < image)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t take_truths(const struct data_image *im,
			  struct confusion_box *out)
{
	for (int i = 0; i < im->count; i++) {
		const float *b = im->boxes[i];

		out[i] = (struct confusion_box){
			.class = im->classes[i],
			.box = { (double)b[0], (double)b[1],
				 (double)b[2] - (double)b[0],
				 (double)b[3] - (double)b[1] },
			.difficult = im->difficult && im->difficult[i]
		};
	}
	return (size_t)im->count;
}

static size_t take_said(const struct sink_evaluation *e,
			const struct judged_image *im,
			struct confusion_box *out)
{
	size_t n = 0;

	for (size_t i = 0; i < im->count; i++) {
		const struct coco_detection *d = &e->detections[im->first + i];
		int class = -1; /* most scores are low: not looked up */

		if (d->score >= CONFUSION_SCORE)
			class = judged_class(&e->evaluator->data,
					     d->category_id);
		if (class < 0)
			continue;
		out[n] = (struct confusion_box){ .class = class };
		memcpy(out[n++].box, d->bbox, sizeof(d->bbox));
	}
	return n;
}

static void judge_one(const struct sink_evaluation *e, struct judged *out,
		      int i)
{
	const struct data_image *im = &e->evaluator->data.images[i];
	struct judged_image *to = &out->images[i];
	int64_t id = e->evaluator->voc ? i : im->id;
	struct confusion_box *truths, *said;
	size_t gts, dts;

	to->first = first_of(e, id);
	while (to->first + to->count < e->result->detections &&
	       e->detections[to->first + to->count].image_id == id)
		to->count++;
	truths = fl_calloc((size_t)im->count + 1, sizeof(*truths));
	said = fl_calloc(to->count + 1, sizeof(*said));
	gts = take_truths(im, truths);
	dts = take_said(e, to, said);
	to->found = confusion_add(&out->confusion, truths, gts, said, dts);
	free(truths);
	free(said);
}

void judge(const struct sink_evaluation *e, struct judged *out)
{
	const struct dataset *data = &e->evaluator->data;

	*out = (struct judged){ .count = data->count };
	out->images = fl_calloc((size_t)data->count + 1, sizeof(*out->images));
	if (data->class_count <= MOST_CLASSES)
		confusion_init(&out->confusion, data->class_count);
	for (int i = 0; i < data->count; i++)
		judge_one(e, out, i);
}

void judged_release(struct judged *j)
{
	free(j->images);
	confusion_release(&j->confusion);
	*j = (struct judged){ 0 };
}
