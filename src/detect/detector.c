/* Opened with a plan of its size, then asked in turn: detector_look() for a
 * batch, and detector_found() for each of its images. Evaluation, infer and the
 * probe of an evaluation share it, so that they cannot differ. Maps of the head
 * are staged for the host, which decodes and suppresses: only operations may
 * follow a pointer into the device's memory. */
#include "detect/detector.h"

#include "family/family.h"

#include <stdlib.h>

int detector_open(struct detector *d, const struct network *net,
		  const struct plan_key *key, struct fl_err *err)
{
	const struct head *head = &net->model->head;
	/* The recipe's bounds (score, IoU, how many) lie with the family's
	 * keys. */
	const struct nms_params params = family_suppression(net->recipe);
	size_t points, logits;
	int rc;

	*d = (struct detector){ .net = net,
				.plan = plans_find(&net->plans, key),
				.points = head_points(head, key->height,
						      key->width),
				.classes = net->model->num_classes };
	FL_ASSERT(d->plan != NULL);
	/* The stage holds the logits of a whole batch: a score a class and four
	 * distributions over the bins for each point. */
	points = (size_t)key->batch * (size_t)d->points;
	logits = (size_t)d->classes + 4 * (size_t)head->bins;
	d->boxes = fl_calloc(points, 4 * sizeof(float));
	d->scores = fl_calloc(points, (size_t)d->classes * sizeof(float));
	nms_init(&d->nms, &params, d->points, d->classes);
	rc = stage_open(&d->stage, net->dev, points * logits * sizeof(float),
			err);
	if (rc != 0)
		detector_close(d);
	return rc;
}

void detector_close(struct detector *d)
{
	stage_close(&d->stage);
	nms_release(&d->nms);
	free(d->boxes);
	free(d->scores);
	*d = (struct detector){ 0 };
}

/* The head's maps in the host's hands, decoded. */
static int decode(struct detector *d, int n, const float *scale_factor,
		  struct fl_err *err)
{
	const struct head *head = &d->net->model->head;
	struct dev_queue *q = d->net->queue;
	struct head_map maps[HEAD_MOST];
	int rc;

	head_maps(d->plan, head, maps);
	stage_begin(&d->stage);
	for (int i = 0; i < head->count; i++) {
		struct tensor *cls = &maps[i].cls, *reg = &maps[i].reg;

		/* The map is the plan's, its pixels from here on the stage's:
		 * on a device whose memory is the host's nothing is copied. */
		cls->data =
			stage_in(&d->stage, q, cls->data, tensor_bytes(cls));
		reg->data =
			stage_in(&d->stage, q, reg->data, tensor_bytes(reg));
	}
	rc = dev_wait(q, err);
	if (rc == 0)
		d->net->model->family->decode(maps, head->count, n,
					      scale_factor, d->boxes,
					      d->scores);
	return rc;
}

int detector_look(struct detector *d, const float *image, int n,
		  const float *scale_factor, struct fl_err *err)
{
	int rc = network_forward(d->net, d->plan, image, err);

	return rc == 0 ? decode(d, n, scale_factor, err) : rc;
}

int detector_found(struct detector *d, int i, const struct nms_row **rows)
{
	/* Both arrays have the batch outermost, so an image's part is one
	 * piece. */
	size_t at = (size_t)i * (size_t)d->points;

	*rows = d->nms.rows;
	return nms_run(&d->nms, d->boxes + 4 * at,
		       d->scores + (size_t)d->classes * at, (size_t)d->points,
		       d->points, d->classes);
}
