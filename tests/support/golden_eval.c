#include "support/golden_eval.h"

#include "base/file.h"
#include "ckpt/safetensors.h"
#include "comm/self/self.h"
#include "data/loader.h"
#include "eval/coco_eval.h"
#include "support/golden_weights.h"
#include "support/scratch.h"
#include "probe/probe.h"
#include "data/options.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct eval_case {
	struct json *golden;
	const struct json *settings;
	const char *stem, *data;
	char folder[PATH_MAX]; /* of the data set */
	const char *weights;
	struct recipe *recipe;
	struct dev *dev;
	int h, w;
	struct coco_detection *found;
	size_t count, cap;
	/* of all images */
	size_t rows, missed, samples, off;
};

static int load_recipe(struct eval_case *c, struct fl_err *err)
{
	static const char norm[] =
		"mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], is_scale: true";
	static const char plus_norm[] =
		"mean: [0., 0., 0.], std: [1., 1., 1.], norm_type: none";
	const char *size = "s", *overrides[9];
	char path[128], texts[9][640];
	bool plus = false;
	double depth, width;
	int n = 0;

	json_text(json_get(c->settings, "model"), &size);
	json_bool(json_get(c->settings, "plus"), &plus);
	snprintf(path, sizeof(path), "configs/ppyoloe/ppyoloe_%scrn_%s_%s.yml",
		 plus ? "plus_" : "", size, plus ? "80e_coco" : "300e_coco");
	if (json_real_of(json_get(c->settings, "depth"), &depth))
		snprintf(texts[n++], 640, "depth_mult=%.17g", depth);
	if (json_real_of(json_get(c->settings, "width"), &width))
		snprintf(texts[n++], 640, "width_mult=%.17g", width);
	snprintf(texts[n++], 640, "num_classes=3");
	snprintf(texts[n++], 640, "short_sums=true"); /* as flotilla probe */
	snprintf(texts[n++], 640, "eval_size=[%d, %d]", c->h, c->w);
	snprintf(texts[n++], 640, "EvalDataset.dataset_dir=%.600s", c->folder);
	snprintf(texts[n++], 640, "EvalDataset.anno_path=annotations/val.json");
	snprintf(texts[n++], 640, "EvalDataset.image_dir=images");
	snprintf(texts[n++], 640,
		 "EvalReader.sample_transforms=[{Decode: {}}, {Resize: "
		 "{target_size: [%d, %d], keep_ratio: false, interp: 2}}, "
		 "{NormalizeImage: {%s}}, {Permute: {}}]",
		 c->h, c->w, plus ? plus_norm : norm);
	for (int i = 0; i < n; i++)
		overrides[i] = texts[i];
	return recipe_load(path, overrides, n, &c->recipe, err);
}

static int find_weights(struct eval_case *c, const char *formats,
			struct fl_err *err)
{
	const char *name = "formula";
	char stats[PATH_MAX];

	json_text(json_get(c->settings, "weights"), &name);
	if (strcmp(name, "formula") != 0) {
		char *path = fl_malloc(PATH_MAX);

		snprintf(path, PATH_MAX, "%s/%s", formats, name);
		c->weights = path;
		return 0;
	}
	c->weights = strdup(scratch_path("weights.safetensors"));
	snprintf(stats, sizeof(stats), "%s.bn.safetensors", c->stem);
	return golden_weights(
		c->recipe, (uint64_t)golden_int(json_get(c->settings, "seed")),
		stats, 0, c->weights, err);
}

/* One image of the reader through the probe's evaluation. */
static int probe_image(struct eval_case *c, const struct batch *b,
		       struct tensor_file *out, struct fl_err *err)
{
	size_t area = (size_t)b->h * (size_t)b->w;
	float *planes = fl_malloc(3 * area * sizeof(float));
	const struct named_tensor tensors[] = {
		{ "image",
		  DTYPE_F32,
		  4,
		  { 1, 3, b->h, b->w },
		  planes,
		  12 * area },
		{ "scale_factor", DTYPE_F32, 2, { 1, 2 }, b->scale_factor, 8 },
	};
	const char *batch = scratch_path("batch.safetensors");
	struct probe_options o = { .weights = c->weights,
				   .batches = &batch,
				   .batch_count = 1,
				   .steps_per_epoch = 1,
				   .eval = true,
				   .out = scratch_path("out.safetensors") };
	struct comm *comm = comm_self_open();
	int rc;

	for (size_t k = 0; k < 3; k++)
		for (size_t p = 0; p < area; p++)
			planes[k * area + p] = b->image[3 * p + k];
	rc = safetensors_save(batch, tensors, 2, NULL, 0, err);
	if (rc == 0)
		rc = probe_run(c->recipe, c->dev, comm, &o, err);
	comm_close(comm);
	if (rc == 0)
		rc = tensor_file_open(out, o.out, err);
	free(planes);
	return rc;
}

/* Samples of the input. One that differs is counted; more than one step of 8
 * bits is said at once. */
static void check_input(struct eval_case *c, struct golden_report *r,
			const struct json *digest, const struct batch *b)
{
	const struct json *at = json_get(digest, "at");
	size_t area = (size_t)b->h * (size_t)b->w, n = 3 * area;
	double sum = 0, want = golden_real(json_get(digest, "sum"));
	double step = 1 / 255.0 / 0.224 * 1.001;

	for (size_t i = 0; i < json_count(at); i++) {
		size_t k = i * n / json_count(at);
		double v = (double)b->image[3 * (k % area) + k / area];
		double d = fabs(v - golden_real(json_at(at, i)));

		c->samples++;
		c->off += d > 1e-6;
		if (d > step)
			golden_fail(r, "input: a pixel differs by %g", d);
	}
	for (size_t i = 0; i < n; i++)
		sum += (double)b->image[i];
	golden_note(r, "input", "sum / pixels", 1e-5 * step, 0,
		    fabs(sum - want) / (double)n, 0, "image");
}

/* Absolute distances of the recorded samples. */
static void check_raw(struct golden_report *r, const char *group, double seen,
		      const struct json *digest, const struct tensor_file *ours,
		      const char *image)
{
	const struct named_tensor *t = tensor_file_find(ours, group);
	const struct json *at = json_get(digest, "at");
	size_t n = named_tensor_count(t);

	for (size_t i = 0; i < json_count(at); i++) {
		float v;

		named_tensor_f32(t, i * n / json_count(at), 1, &v);
		golden_note(r, group, "samples", seen, 0,
			    fabs((double)v - golden_real(json_at(at, i))), 0,
			    image);
	}
}

/* Is there a row of ours like this one of the reference's? */
static bool has_row(const float *rows, size_t n, const struct json *want)
{
	for (size_t i = 0; i < n; i++) {
		const float *row = rows + 7 * i + 1;
		double off = 0;

		if ((int)row[0] != golden_int(json_at(want, 0)) ||
		    fabs((double)row[1] - golden_real(json_at(want, 1))) >
			    3 * 1.3e-5)
			continue;
		for (size_t k = 2; k < 6; k++)
			off = fmax(off, fabs((double)row[k] -
					     golden_real(json_at(want, k))));
		if (off <= 0.03)
			return true;
	}
	return false;
}

static void check_rows(struct eval_case *c, const struct json *want,
		       const struct tensor_file *ours, int64_t image_id)
{
	const struct named_tensor *t = tensor_file_find(ours, "detections");
	size_t n = (size_t)t->dims[0];
	float *rows = fl_malloc((7 * n + 1) * sizeof(float));

	named_tensor_f32(t, 0, 7 * n, rows);
	c->rows += json_count(want);
	c->missed += n > json_count(want) ? n - json_count(want) : 0;
	for (size_t i = 0; i < json_count(want); i++)
		c->missed += !has_row(rows, n, json_at(want, i));
	for (size_t i = 0; i < n; i++) {
		const float *v = rows + 7 * i;

		if (c->count == c->cap) {
			c->cap = c->cap ? 2 * c->cap : 1024;
			c->found = fl_realloc(c->found,
					      c->cap * sizeof(*c->found));
		}
		c->found[c->count++] = (struct coco_detection){
			.image_id = image_id,
			.category_id = (int64_t)v[1] + 1,
			.bbox = { (double)v[3], (double)v[4],
				  (double)v[5] - (double)v[3],
				  (double)v[6] - (double)v[4] },
			.score = (double)v[2]
		};
	}
	free(rows);
}

static int check_images(struct eval_case *c, struct golden_report *r,
			struct fl_err *err)
{
	const struct json *images = json_get(c->golden, "images");
	struct loader *loader = NULL;
	struct tensor_file ours;
	struct dataset data;
	struct batch *b;
	double waited;
	int rc = dataset_open(&data_options(c->recipe)->eval, 3, &data, err);

	if (rc != 0)
		return rc;
	rc = loader_open_eval(&data_options(c->recipe)->eval_reader, &data, 1,
			      0, 1, 1, &loader, err);
	for (size_t i = 0; rc == 0 && i < json_count(images); i++) {
		const struct json *row = json_at(images, i);
		int64_t id = golden_int(json_get(row, "image_id"));
		const char *name = "?";

		json_text(json_get(row, "image"), &name);
		rc = loader_next(loader, &b, &waited, err);
		if (rc == 0)
			rc = probe_image(c, b, &ours, err);
		if (rc != 0)
			break;
		if (data.images[b->index[0]].id != id)
			golden_fail(r, "image %zu has id %lld", i,
				    (long long)data.images[b->index[0]].id);
		check_input(c, r, json_get(row, "input"), b);
		check_raw(r, "boxes", 0.01, json_get(row, "boxes"), &ours,
			  name);
		check_raw(r, "scores", 1.3e-5, json_get(row, "scores"), &ours,
			  name);
		check_rows(c, json_get(row, "detections"), &ours, id);
		tensor_file_close(&ours);
	}
	loader_close(loader);
	dataset_close(&data);
	return rc;
}

/* Boxes of images that the case does not have do not count. */
static void leave_out_others(const struct eval_case *c, struct annotations *a)
{
	const struct json *images = json_get(c->golden, "images");

	for (size_t i = 0; i < a->box_count; i++) {
		bool listed = false;

		for (size_t k = 0; k < json_count(images); k++)
			listed |= golden_int(json_get(json_at(images, k),
						      "image_id")) ==
				  a->boxes[i].image_id;
		if (!listed)
			a->boxes[i].image = -1;
	}
}

static int check_metric(struct eval_case *c, struct golden_report *r,
			struct fl_err *err)
{
	static const char *const names[COCO_STATS] = {
		"AP",  "AP50", "AP75",	"AP_small", "AP_medium", "AP_large",
		"AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"
	};
	struct coco_result result;
	struct annotations truth;
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%.3000s/annotations/val.json", c->folder);
	rc = annotations_read(path, &truth, err);
	if (rc != 0)
		return rc;
	leave_out_others(c, &truth);
	rc = coco_evaluate(&truth, c->found, c->count, &result, err);
	for (int i = 0; rc == 0 && i < COCO_STATS; i++)
		golden_note(
			r, "metric", "values", 0, 2e-4,
			fabs(result.stats[i] -
			     golden_real(json_get(json_get(c->golden, "metric"),
						  names[i]))),
			0, names[i]);
	if (rc == 0)
		coco_result_release(&result);
	annotations_release(&truth);
	return rc;
}

static int open_case(struct eval_case *c, const char *formats,
		     const char *device_name, struct fl_err *err)
{
	char path[PATH_MAX];
	const char *set = "bccd";
	int rc;

	snprintf(path, sizeof(path), "%s.json", c->stem);
	c->golden = json_read(path, err);
	if (!c->golden)
		return FL_EDATA;
	c->settings = json_get(c->golden, "settings");
	json_text(json_get(c->settings, "data"), &set);
	snprintf(c->folder, sizeof(c->folder), "%s/%s", c->data, set);
	c->h = golden_int(json_at(json_get(c->settings, "size"), 0));
	c->w = golden_int(json_at(json_get(c->settings, "size"), 1));
	rc = device_open(device_name, &c->dev, err);
	if (rc == 0)
		rc = load_recipe(c, err);
	if (rc == 0)
		rc = find_weights(c, formats, err);
	return rc;
}

int golden_eval_check(const char *stem, const char *data, const char *formats,
		      const char *device_name, struct golden_report *report,
		      struct fl_err *err)
{
	struct eval_case c = { .stem = stem, .data = data };
	const char *base = strrchr(stem, '/');
	struct json *spreads = json_read(GOLDEN_SPREAD, err);
	int rc = spreads ? open_case(&c, formats, device_name, err) : FL_EDATA;

	*report = (struct golden_report){ 0 };
	if (rc == 0)
		rc = check_images(&c, report, err);
	if (rc == 0)
		rc = check_metric(&c, report, err);
	if (rc == 0) {
		golden_note(report, "detections", "share off", 0, 3e-3,
			    (double)c.missed / (double)(c.rows + 1), 0, "rows");
		golden_note(report, "input", "share off", 0, 0,
			    (double)c.off / (double)(c.samples + 1), 0,
			    "samples");
		golden_widen(report, json_get(spreads, base ? base + 1 : stem));
		golden_judge(report, 1);
	}
	json_free(spreads);
	free(c.found);
	free((void *)(uintptr_t)c.weights);
	device_close(c.dev);
	recipe_free(c.recipe);
	json_free(c.golden);
	return rc;
}
