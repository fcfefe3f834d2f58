/* The probe of an evaluation: forward, decoding and suppression of one batch,
 * by a network that has nothing of a trainer; called by probe_run() with
 * --eval. The boxes and scores that go in to suppression are put out too, to
 * tell a wrong forward from a wrong suppression. */
#include "detect/detector.h"
#include "detect/weights.h"
#include "probe/probe_priv.h"

#include <stdlib.h>
#include <string.h>

static void put_row(float *row, int image, const struct nms_row *from)
{
	row[0] = (float)image;
	row[1] = (float)from->category;
	row[2] = from->score;
	memcpy(row + 3, from->box, sizeof(from->box));
}

/* Rows (image, class, score, x1, y1, x2, y2). */
static void put_found(struct detector *d, int images, struct probe_sink *s)
{
	float *rows = NULL;
	int64_t dims[2] = { 0, 7 };

	for (int i = 0; i < images; i++) {
		const struct nms_row *found;
		int n = detector_found(d, i, &found);

		rows = fl_realloc(rows, ((size_t)(dims[0] + n) * 7 + 1) *
						sizeof(float));
		for (int k = 0; k < n; k++)
			put_row(rows + 7 * dims[0]++, i, &found[k]);
	}
	memcpy(probe_put(s, "detections", DTYPE_F32, 2, dims), rows,
	       (size_t)dims[0] * 7 * sizeof(float));
	free(rows);
}

static int look(struct network *net, const struct plan_key *key,
		const struct probe_batch *b, struct probe_sink *s,
		struct fl_err *err)
{
	int n = b->batch.n;
	struct detector d;
	int rc = detector_open(&d, net, key, err);

	if (rc == 0)
		rc = detector_look(&d, b->image, n, b->scale_factor, err);
	if (rc == 0) {
		int64_t box[3] = { n, d.points, 4 };
		int64_t score[3] = { n, d.classes, d.points };
		size_t points = (size_t)n * (size_t)d.points;

		memcpy(probe_put(s, "boxes", DTYPE_F32, 3, box), d.boxes,
		       points * 4 * sizeof(float));
		memcpy(probe_put(s, "scores", DTYPE_F32, 3, score), d.scores,
		       points * (size_t)d.classes * sizeof(float));
		put_found(&d, n, s);
	}
	detector_close(&d);
	return rc;
}

int probe_evaluate(const struct recipe *recipe, const struct model *model,
		   struct dev *dev, struct comm *comm, const char *weights,
		   const struct probe_batch *b, struct probe_sink *s,
		   struct fl_err *err)
{
	struct plan_key key = plan_key_make(PLAN_EVAL, recipe_precision(recipe),
					    b->batch.n, b->batch.h, b->batch.w);
	struct network net = { 0 };
	int rc = network_open(&net, recipe, model, dev, comm, STATE_MODEL, &key,
			      1, err);

	/* Without weights those of the recipe's seed: the reference's are
	 * compared only with a file. */
	if (rc == 0 && *weights)
		rc = weights_load(&net, weights, true, err);
	if (rc == 0)
		rc = look(&net, &key, b, s, err);
	network_close(&net);
	return rc;
}
