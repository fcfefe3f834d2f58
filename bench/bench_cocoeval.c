/* bench_cocoeval.c - the whole job of scoring: read the ground truth and the
 * detections, evaluate, print one line of JSON.
 *
 *     bench_cocoeval make DIR      gt.json and dt.json of val2017's size
 *     bench_cocoeval GT.json DT.json [threads, default 1]
 *
 * bench/cocoeval.sh runs pycocotools on the same files. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/par.h"
#include "base/rng.h"
#include "eval/coco_detections.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define IMAGES 5000
#define BOXES 36000
#define DETECTIONS 500000
#define CLASSES 80

struct truth {
	int image, category;
	double box[4];
};

static struct truth make_truth(struct fl_rng *rng)
{
	struct truth t = { .image = 1 + (int)fl_rng_below(rng, IMAGES),
			   .category = 1 + (int)fl_rng_below(rng, CLASSES) };

	for (int k = 2; k < 4; k++) {
		double side = exp(4 + fl_rng_normal(rng));

		side = side < 4 ? 4 : side > 500 ? 500 : side;
		t.box[k] = round(side * 100) / 100;
		t.box[k - 2] =
			round(fl_rng_unit(rng) * (640 - side) * 100) / 100;
	}
	return t;
}

static void print_truths(const struct truth *t, struct fl_str *s)
{
	fl_str_add(s, "{\"images\": [");
	for (int i = 1; i <= IMAGES; i++)
		fl_str_addf(s,
			    "%s{\"id\": %d, \"width\": 640, \"height\": 640, "
			    "\"file_name\": \"%d.jpg\"}",
			    i > 1 ? ", " : "", i, i);
	fl_str_add(s, "], \"categories\": [");
	for (int i = 1; i <= CLASSES; i++)
		fl_str_addf(s, "%s{\"id\": %d, \"name\": \"c%d\"}",
			    i > 1 ? ", " : "", i, i);
	fl_str_add(s, "], \"annotations\": [");
	for (int i = 0; i < BOXES; i++)
		fl_str_addf(s,
			    "%s{\"id\": %d, \"image_id\": %d, \"category_id\": "
			    "%d, \"bbox\": [%.2f, %.2f, %.2f, %.2f], \"area\": "
			    "%.4f, \"iscrowd\": %d}",
			    i ? ", " : "", i + 1, t[i].image, t[i].category,
			    t[i].box[0], t[i].box[1], t[i].box[2], t[i].box[3],
			    t[i].box[2] * t[i].box[3], i % 97 == 0);
	fl_str_add(s, "]}");
}

/* Near a ground truth, moved by an eighth of its size; half of them of some
 * other class, with lower scores. */
static void print_detections(const struct truth *truths, struct fl_rng *rng,
			     struct fl_str *s)
{
	for (int i = 0; i < DETECTIONS; i++) {
		const struct truth *t = &truths[fl_rng_below(rng, BOXES)];
		double size = (t->box[2] + t->box[3]) / 2 * .12, box[4];
		bool noise = fl_rng_unit(rng) < .5;
		int category = noise ? 1 + (int)fl_rng_below(rng, CLASSES)
				     : t->category;
		double score = 1 - pow(fl_rng_unit(rng), .25);

		for (int k = 0; k < 4; k++)
			box[k] = t->box[k] + size * fl_rng_normal(rng);
		box[2] = box[2] < 1 ? 1 : box[2];
		box[3] = box[3] < 1 ? 1 : box[3];
		score += noise ? 0 : .3 * fl_rng_unit(rng);
		fl_str_addf(
			s,
			"%s{\"image_id\": %d, \"category_id\": %d, \"bbox\": "
			"[%.2f, %.2f, %.2f, %.2f], \"score\": %.4f}",
			i ? ", " : "[", t->image, category, box[0], box[1],
			box[2], box[3], score);
	}
	fl_str_add(s, "]");
}

static int write_text(const char *dir, const char *name, struct fl_str *s,
		      struct fl_err *err)
{
	char path[4096];
	int rc = fl_join(path, sizeof(path), dir, name, err);

	if (rc == 0)
		rc = fl_write_file(path, s->data, s->len, err);
	fl_str_clear(s);
	return rc;
}

static int make(const char *dir, struct fl_err *err)
{
	struct truth *truths = fl_calloc(BOXES, sizeof(*truths));
	struct fl_rng rng = fl_rng_open(7, FL_RNG_TEST, 0, 0);
	struct fl_str s = FL_STR_INIT;
	int rc = fl_make_dirs(dir, err);

	for (int i = 0; i < BOXES; i++)
		truths[i] = make_truth(&rng);
	print_truths(truths, &s);
	if (rc == 0)
		rc = write_text(dir, "gt.json", &s, err);
	fl_str_clear(&s);
	print_detections(truths, &rng, &s);
	if (rc == 0)
		rc = write_text(dir, "dt.json", &s, err);
	fl_str_release(&s);
	free(truths);
	return rc;
}

static void print_line(const struct coco_result *r, int threads, double read_s,
		       double score_s)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	printf("{\"peer\": \"flotilla\", \"threads\": %d, \"seconds\": %.4f, "
	       "\"read_s\": %.4f, \"evaluate_s\": %.4f, \"peak_mib\": %ld, "
	       "\"stats\": [",
	       threads, read_s + score_s, read_s, score_s,
	       use.ru_maxrss / 1024);
	for (int i = 0; i < COCO_STATS; i++)
		printf("%s%.17g", i ? ", " : "", r->stats[i]);
	printf("]}\n");
}

static int run(const char *gt, const char *dt, int threads, struct fl_err *err)
{
	struct annotations truth = { 0 };
	struct coco_detections found = { 0 };
	struct coco_result result = { 0 };
	struct fl_str said = FL_STR_INIT;
	double start = fl_now_s(), read;
	int rc = annotations_read(gt, &truth, err);

	fl_par_init(threads);
	if (rc == 0)
		rc = coco_detections_read(dt, &found, err);
	if (rc == 0)
		rc = coco_detections_join(&found, &truth, &said, err);
	read = fl_now_s();
	if (rc == 0)
		rc = coco_evaluate(&truth, found.list, found.count, &result,
				   err);
	if (rc == 0)
		print_line(&result, threads, read - start, fl_now_s() - read);
	coco_result_release(&result);
	coco_detections_release(&found);
	fl_str_release(&said);
	annotations_release(&truth);
	return rc;
}

int main(int argc, char **argv)
{
	struct fl_err err = FL_ERR_INIT;

	int rc;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_cocoeval make DIR\n"
				"       bench_cocoeval GT.json DT.json "
				"[threads]\n");
		return 2;
	}
	if (strcmp(argv[1], "make") == 0)
		rc = make(argv[2], &err);
	else
		rc = run(argv[1], argv[2], argc > 3 ? atoi(argv[3]) : 1, &err);
	if (rc != 0)
		fprintf(stderr, "bench_cocoeval: %s\n", err.text);
	return fl_exit_status(rc);
}
