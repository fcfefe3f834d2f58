/* An evaluation: opened once a run with the data set and its classes, before
 * the first step, so that what cannot be scored is known early; then run as
 * often as scores are wanted. Each rank looks at its share of the images, rank
 * 0 gathers and scores. evaluate_classes.c meets the classes, evaluate_voc.c
 * scores VOC's way. Called by the training loop, by eval and by infer. */
#include "detect/evaluate_priv.h"

#include "agent/agent_link.h"
#include "base/clock.h"
#include "base/log.h"
#include "data/loader.h"
#include "detect/detector.h"
#include "eval/coco_detections.h"
#include "data/options.h"
#include "detect/options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The first size: a reader of an evaluation has one, unlike that of a
 * training. */
struct plan_key evaluator_plan(const struct recipe *recipe,
			       const struct reader_options *reader)
{
	return plan_key_make(PLAN_EVAL, recipe_precision(recipe),
			     reader->batch_size, reader->sizes[0][0],
			     reader->sizes[0][1]);
}

/* Each metric needs what its own kind of data set keeps: COCO's the file's
 * annotations, VOC's the difficult flags. */
static int check_metric(const struct recipe *recipe, struct fl_err *err)
{
	bool voc = detect_options(recipe)->metric == METRIC_VOC;

	if (voc == (data_options(recipe)->eval.kind == DATASET_VOC))
		return 0;
	return fl_fail(err, FL_ERECIPE,
		       "metric: %s does not go with a %s; set -o metric=%s",
		       voc ? "VOC" : "COCO", voc ? "COCODataSet" : "VOCDataSet",
		       voc ? "COCO" : "VOC");
}

/* Before hours of training, not after: what scores will suffer from. */
static void explain_truth(const struct annotations *truth)
{
	struct fl_str said = FL_STR_INIT;

	coco_explain_truth(truth, &said);
	fl_warn_lines(&said);
	fl_str_release(&said);
}

int evaluator_open(struct evaluator *v, const struct recipe *recipe,
		   const struct class_list *classes, const struct comm *comm,
		   struct fl_err *err)
{
	const struct data_options *data = data_options(recipe);
	char path[PATH_MAX];
	int rc;

	*v = (struct evaluator){ .threads = data->worker_num,
				 .voc = data->eval.kind == DATASET_VOC };
	rc = check_metric(recipe, err);
	if (rc == 0)
		/* With names the classes are met by name, and the file may list
		 * more or fewer; without them only the number of classes can be
		 * checked. */
		rc = dataset_open(&data->eval,
				  classes->count ? 0 : recipe->num_classes,
				  &v->data, err);
	if (rc == 0)
		rc = evaluate_meet_classes(v, recipe, classes, err);
	/* The truth is large and only the rank that scores reads it. */
	if (rc == 0 && comm->rank == 0)
		rc = dataset_anno_path(&data->eval, path, sizeof(path), err);
	if (rc == 0 && comm->rank == 0 && v->voc)
		evaluate_voc_categories(&v->truth, &v->data);
	else if (rc == 0 && comm->rank == 0)
		rc = annotations_read(path, &v->truth, err);
	if (rc != 0) {
		evaluator_close(v);
		return fl_context(err, "EvalDataset");
	}
	if (comm->rank == 0 && !v->voc)
		explain_truth(&v->truth);
	bad_images_init(&v->bad, v->data.count);
	return 0;
}

int evaluator_open_pictures(struct evaluator *v, const struct recipe *recipe,
			    const struct class_list *classes, const char *file,
			    const char *folder, struct fl_err *err)
{
	int rc;

	*v = (struct evaluator){ .threads = data_options(recipe)->worker_num };
	rc = dataset_open_pictures(file, folder, &v->data, err);
	if (rc == 0)
		rc = evaluate_name_classes(v, recipe, classes, err);
	if (rc == 0)
		bad_images_init(&v->bad, v->data.count);
	else
		evaluator_close(v);
	return rc;
}

void evaluator_close(struct evaluator *v)
{
	dataset_close(&v->data);
	annotations_release(&v->truth);
	bad_images_release(&v->bad);
	free(v->class_of);
	v->class_of = NULL;
}

/* One rank's share of an evaluation. */
struct share {
	struct evaluator *v;
	struct network *net;
	const struct reader_options *reader;
	struct detector detector;
	struct coco_detection *found;
	size_t count, cap;
	int done;
};

/* The place of an image is its id for VOC's metric, which walks the images in
 * order; COCO's metric and bbox.json want the id of the file. */
static void keep(struct share *s, const struct data_image *im,
		 const struct nms_row *row)
{
	const float *b = row->box;
	int class = s->v->class_of[row->category];
	struct coco_detection *d;

	if (class < 0)
		return; /* a category that this data set does not have */
	if (s->count == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 4096;
		s->found = fl_realloc(s->found, s->cap * sizeof(*s->found));
	}
	d = &s->found[s->count++];
	memset(d, 0, sizeof(*d)); /* padding travels between ranks too */
	d->image_id = s->v->voc ? im - s->v->data.images : im->id;
	d->category_id = s->v->data.class_ids[class];
	/* Width and height in double, as the reference's bbox.json has them. */
	d->bbox[0] = (double)b[0];
	d->bbox[1] = (double)b[1];
	d->bbox[2] = (double)b[2] - (double)b[0];
	d->bbox[3] = (double)b[3] - (double)b[1];
	d->score = (double)row->score;
}

static int evaluate_batch(struct share *s, const struct batch *b,
			  struct fl_err *err)
{
	int rc = detector_look(&s->detector, b->image, b->n, b->scale_factor,
			       err);

	for (int i = 0; rc == 0 && i < b->n; i++) {
		const struct nms_row *rows;
		int n;

		/* Padding of the last batch, or a picture that could not be
		 * decoded. */
		if (b->index[i] < 0)
			continue;
		s->done++;
		n = detector_found(&s->detector, i, &rows);
		for (int k = 0; k < n; k++)
			keep(s, &s->v->data.images[b->index[i]], &rows[k]);
	}
	return rc;
}

static int open_share(struct share *s, struct evaluator *v, struct network *net,
		      const struct reader_options *reader, struct fl_err *err)
{
	struct plan_key key = evaluator_plan(net->recipe, reader);

	*s = (struct share){ .v = v, .net = net, .reader = reader };
	return detector_open(&s->detector, net, &key, err);
}

static void close_share(struct share *s)
{
	detector_close(&s->detector);
	free(s->found);
}

static int evaluate_share(struct share *s, struct fl_err *err)
{
	const struct comm *comm = s->net->comm;
	struct loader *loader = NULL;
	struct batch *b;
	double waited;
	int total = (s->v->data.count + comm->world - 1) / comm->world;
	int rc = loader_open_eval(s->reader, &s->v->data, s->reader->batch_size,
				  comm->rank, comm->world, s->v->threads,
				  &loader, err);

	for (int i = 0; rc == 0; i++) {
		rc = loader_next(loader, &b, &waited, err);
		if (rc != 0 || !b)
			break;
		/* The reference's line and its interval: scripts read it. */
		if (i % 100 == 0)
			fl_info("Eval iter: %d", i);
		rc = evaluate_batch(s, b, err);
		/* An evaluation may take longer than a step ever does: the
		 * agent would take a silent rank for stalled. */
		agent_link_beat();
		fl_progress("evaluation  image %d/%d of this rank", s->done,
			    total);
	}
	if (rc == 0)
		rc = bad_images_report(&s->v->bad, loader, s->net->comm,
				       "it counts as empty", err);
	loader_close(loader);
	return rc;
}

/* By values and not by arrival, so that bbox.json and the score are the same
 * for any number of ranks. */
static int by_image(const void *a, const void *b)
{
	const struct coco_detection *x = a, *y = b;

	if (x->image_id != y->image_id)
		return x->image_id < y->image_id ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->category_id < y->category_id
		       ? -1
		       : x->category_id > y->category_id;
}

/* All ranks' detections on rank 0, in order of image ids; elsewhere *count is
 * 0. A collective, like the sum before it. */
static int gather(struct share *s, struct coco_detection **all, size_t *count,
		  double *images, struct fl_err *err)
{
	struct comm *comm = s->net->comm;
	void *bytes = NULL;
	size_t size = 0;
	int rc;

	*images = s->done;
	rc = comm_sum_doubles(comm, images, 1, err);
	if (rc == 0)
		rc = comm_gather(comm, s->found, s->count * sizeof(*s->found),
				 &bytes, &size, err);
	*all = bytes;
	*count = size / sizeof(**all);
	if (*count > 0)
		qsort(*all, *count, sizeof(**all), by_image);
	return rc;
}

/* Without a score: pictures of infer have no truth. */
int evaluator_detect(struct evaluator *v, struct network *net,
		     const struct reader_options *reader,
		     struct coco_detection **detections, size_t *count,
		     struct fl_err *err)
{
	double images;
	struct share s;
	int rc;

	rc = open_share(&s, v, net, reader, err);
	if (rc == 0)
		rc = evaluate_share(&s, err);
	if (rc == 0)
		rc = gather(&s, detections, count, &images, err);
	close_share(&s);
	return rc;
}

int evaluator_run(struct evaluator *v, struct network *net,
		  struct evaluation *out, struct coco_detection **detections,
		  struct fl_err *err)
{
	double start = fl_now_s(), images = 0;
	struct coco_detection *all = NULL;
	struct share s;
	int rc;

	/* Only rank 0 scores. The others return at once and wait for it in the
	 * next collective of their caller. */
	*out = (struct evaluation){ 0 };
	rc = open_share(&s, v, net, &data_options(net->recipe)->eval_reader,
			err);
	if (rc == 0)
		rc = evaluate_share(&s, err);
	if (rc == 0)
		rc = gather(&s, &all, &out->detections, &images, err);
	close_share(&s);
	out->images = (int)images;
	if (rc == 0 && net->comm->rank == 0)
		rc = v->voc ? evaluate_voc(net->recipe, &v->data, all,
					   out->detections, &out->coco, err)
			    : coco_evaluate(&v->truth, all, out->detections,
					    &out->coco, err);
	if (detections && rc == 0)
		*detections = all;
	else
		free(all);
	out->seconds = fl_now_s() - start;
	return rc;
}
