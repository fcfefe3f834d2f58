#include "support/golden_step.h"

#include "ckpt/safetensors.h"
#include "comm/self/self.h"
#include "support/formula.h"
#include "support/golden_weights.h"
#include "support/scratch.h"
#include "probe/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_STEPS 16
#define MAX_KEYS 8

struct step_case {
	struct json *truth, *own; /* float64, float32 */
	struct json *spreads, *ties;
	const struct json *spread, *tie; /* of this case, or NULL */
	const struct json *row;		 /* the settings */
	struct recipe *recipe;
	struct dev *dev;
	uint64_t seed;
	int h, w, classes, steps, per_epoch, static_epoch;
	char weights[64], out[64];
	char batches[MAX_STEPS][64];
};

static int load_recipe(struct step_case *c, const char *precision,
		       struct fl_err *err)
{
	static const char *const keys[][2] = {
		{ "num_classes", "num_classes" },
		{ "depth_mult", "depth" },
		{ "width_mult", "width" },
		{ "LearningRate.base_lr", "base_lr" },
		{ "PPYOLOEHead.static_assigner_epoch", "static_assigner_epoch" }
	};
	char path[128], texts[5][64], more[MAX_KEYS][128], maps[32];
	const char *overrides[7 + MAX_KEYS] = { "short_sums=true", maps };
	const struct json *other = json_get(c->row, "keys");
	const char *size = "s";
	bool plus = false;
	int count = 2, others = 0;

	snprintf(maps, sizeof(maps), "precision=%s", precision);
	json_text(json_get(c->row, "size"), &size);
	json_bool(json_get(c->row, "plus"), &plus);
	snprintf(path, sizeof(path), "configs/ppyoloe/ppyoloe_%scrn_%s_%s.yml",
		 plus ? "plus_" : "", size, plus ? "80e_coco" : "300e_coco");
	for (int i = 0; i < 5; i++) {
		double v;

		if (!json_real_of(json_get(c->row, keys[i][1]), &v))
			continue;
		snprintf(texts[i], sizeof(texts[0]), "%s=%.17g", keys[i][0], v);
		overrides[count++] = texts[i];
	}
	/* Other models than the published ones: make_family.py. */
	for (void *it = json_first(other); it; it = json_next(other, it)) {
		FL_ASSERT(others < MAX_KEYS);
		snprintf(more[others], sizeof(more[0]), "%s=%s", json_key(it),
			 json_text_or(other, json_key(it), ""));
		overrides[count++] = more[others++];
	}
	return recipe_load(path, overrides, count, &c->recipe, err);
}

static int write_batch(struct step_case *c, int step, struct fl_err *err)
{
	const struct json *rows = json_get(c->row, "gt");
	const struct json *row = json_at(rows, (size_t)step % json_count(rows));
	int n = (int)json_count(row), most = 0, counts[64];
	size_t pixels = 3 * (size_t)n * (size_t)c->h * (size_t)c->w, all;
	float *image, *boxes, *mask;
	int32_t *classes;
	int rc;

	FL_ASSERT(n <= 64);
	for (int i = 0; i < n; i++) {
		counts[i] = golden_int(json_at(row, (size_t)i));
		most = counts[i] > most ? counts[i] : most;
	}
	all = (size_t)n * (size_t)most;
	image = fl_malloc(pixels * sizeof(float));
	boxes = fl_calloc(4 * all + 1, sizeof(float));
	mask = fl_calloc(all + 1, sizeof(float));
	classes = fl_calloc(all + 1, sizeof(int32_t));
	formula_image(c->seed, step, n, c->h, c->w, image);
	formula_boxes(c->seed, step, n, most, counts, c->h, c->w, c->classes,
		      boxes, classes, mask);
	{
		const struct named_tensor tensors[] = {
			{ "image",
			  DTYPE_F32,
			  4,
			  { n, 3, c->h, c->w },
			  image,
			  pixels * 4 },
			{ "gt_bbox",
			  DTYPE_F32,
			  3,
			  { n, most, 4 },
			  boxes,
			  all * 16 },
			{ "gt_class",
			  DTYPE_I32,
			  3,
			  { n, most, 1 },
			  classes,
			  all * 4 },
			{ "pad_gt_mask",
			  DTYPE_F32,
			  3,
			  { n, most, 1 },
			  mask,
			  all * 4 },
		};

		rc = safetensors_save(c->batches[step], tensors, 4, NULL, 0,
				      err);
	}
	free(image);
	free(boxes);
	free(mask);
	free(classes);
	return rc;
}

static int probe(struct step_case *c, int epoch, int steps,
		 struct tensor_file *out, struct fl_err *err)
{
	const char *list[MAX_STEPS];
	struct probe_options o = { .weights = c->weights,
				   .batches = list,
				   .batch_count = steps,
				   .epoch = epoch,
				   .steps_per_epoch = c->per_epoch,
				   .out = c->out };
	struct comm *comm = comm_self_open();
	int rc;

	for (int t = 0; t < steps; t++)
		list[t] = c->batches[t];
	rc = probe_run(c->recipe, c->dev, comm, &o, err);
	comm_close(comm);
	return rc == 0 ? tensor_file_open(out, c->out, err) : rc;
}

static double scalar(const struct tensor_file *f, const char *name)
{
	const struct named_tensor *t = tensor_file_find(f, name);
	double wide;
	float v;

	if (!t || named_tensor_count(t) != 1)
		return NAN;
	if (t->dtype == DTYPE_F64) {
		memcpy(&wide, t->data, sizeof(wide));
		return wide;
	}
	named_tensor_f32(t, 0, 1, &v);
	return (double)v;
}

static void check_losses(struct golden_report *r, const char *group,
			 double typical, double floor, const struct json *truth,
			 const struct json *own, const struct tensor_file *ours,
			 int step)
{
	static const char *const names[] = { "loss", "loss_cls", "loss_iou",
					     "loss_dfl", "loss_l1" };

	for (int k = 0; k < 5; k++) {
		double v = golden_real(json_get(truth, names[k])), got;
		double self = golden_real(json_get(own, names[k]));
		double scale = fmax(fabs(v), 1e-6);
		char name[64];

		snprintf(name, sizeof(name), "loss.%d.%s", step, names[k]);
		got = scalar(ours, name);
		golden_note(r, group, "values", typical, floor,
			    fabs(got - v) / scale, fabs(self - v) / scale,
			    name);
	}
}

/* One recorded positive against our labels, boxes and scores. */
static void check_positive(struct golden_report *r, const char *group,
			   const struct json *truth, const struct json *own,
			   const struct tensor_file *ours, int points,
			   int classes)
{
	int image = golden_int(json_at(truth, 0));
	int point = golden_int(json_at(truth, 1));
	int class = golden_int(json_at(truth, 2));
	size_t at = (size_t)image * (size_t)points + (size_t)point;
	double q = golden_real(json_at(truth, 3)), scale = fmax(q, 1e-6);
	double self = golden_real(json_at(own, 3));
	float label, score, box[4];
	char where[64];

	snprintf(where, sizeof(where), "image %d, point %d", image, point);
	named_tensor_f32(tensor_file_find(ours, "assign.labels"), at, 1,
			 &label);
	named_tensor_f32(tensor_file_find(ours, "assign.boxes"), 4 * at, 4,
			 box);
	named_tensor_f32(tensor_file_find(ours, "assign.scores"),
			 at * (size_t)classes + (size_t) class, 1, &score);
	if ((int)label != class)
		golden_fail(r, "%s: %s has label %d, the reference %d", group,
			    where, (int)label, class);
	for (size_t k = 0; k < 4; k++)
		if ((double)box[k] != golden_real(json_at(truth, 4 + k)))
			golden_fail(r, "%s: %s has another box", group, where);
	golden_note(r, group, "scores", 1e-4, 0,
		    fabs((double)score - q) / scale, fabs(self - q) / scale,
		    where);
}

static void check_assignment(struct golden_report *r, const char *group,
			     const struct json *truth, const struct json *own,
			     const struct tensor_file *ours, int classes)
{
	const struct named_tensor *labels =
		tensor_file_find(ours, "assign.labels");
	const struct json *rows = json_get(truth, "positives");
	int points = (int)labels->dims[1], positives = 0;

	for (size_t i = 0; i < named_tensor_count(labels); i++) {
		float v;

		named_tensor_f32(labels, i, 1, &v);
		positives += (int)v != classes;
	}
	if (positives != (int)json_count(rows))
		golden_fail(r, "%s: %d positives, the reference has %d", group,
			    positives, (int)json_count(rows));
	for (size_t i = 0; i < json_count(rows); i++)
		check_positive(r, group, json_at(rows, i),
			       json_at(json_get(own, "positives"), i), ours,
			       points, classes);
}

static void check_phase(struct golden_report *r, const struct step_case *c,
			const char *phase, const struct tensor_file *ours)
{
	const struct json *truth = json_get(c->truth, phase);
	const struct json *own = json_get(c->own, phase);
	char group[48];

	snprintf(group, sizeof(group), "%s.loss", phase);
	check_losses(r, group, 1e-6, 5e-6, json_get(truth, "loss"),
		     json_get(own, "loss"), ours, 0);
	snprintf(group, sizeof(group), "%s.assign", phase);
	check_assignment(r, group, json_get(truth, "assign"),
			 json_get(own, "assign"), ours, c->classes);
	snprintf(group, sizeof(group), "%s.activation_grads", phase);
	golden_digests(r, group, (struct golden_typical){ 3e-4, 5e-5 },
		       json_get(truth, "activation_grads"),
		       json_get(own, "activation_grads"), ours, "act_grads.");
	snprintf(group, sizeof(group), "%s.grads", phase);
	golden_digests(r, group, (struct golden_typical){ 3e-4, 5e-5 },
		       json_get(truth, "grads"), json_get(own, "grads"), ours,
		       "grads.");
}

static void check_steps(struct golden_report *r, const struct step_case *c,
			const struct tensor_file *ours, int steps)
{
	const struct json *truth =
		json_get(json_get(c->truth, "trajectory"), "steps");
	const struct json *own =
		json_get(json_get(c->own, "trajectory"), "steps");

	for (int t = 0; t < steps; t++) {
		const struct json *a = json_at(truth, (size_t)t);
		double lr = golden_real(json_get(a, "lr"));
		char name[32];

		check_losses(r, "trajectory.steps", 1e-5, 5e-6, a,
			     json_at(own, (size_t)t), ours, t);
		snprintf(name, sizeof(name), "lr.%d", t);
		if (!(fabs(scalar(ours, name) - lr) <= 1e-12))
			golden_fail(r, "%s is %.17g, the reference's %.17g",
				    name, scalar(ours, name), lr);
		snprintf(name, sizeof(name), "positives.%d", t);
		if (scalar(ours, name) != golden_real(json_get(a, "positives")))
			golden_fail(r, "%s is %g, the reference's %g", name,
				    scalar(ours, name),
				    golden_real(json_get(a, "positives")));
	}
}

static void check_forward(struct golden_report *r, const struct step_case *c,
			  const struct tensor_file *ours)
{
	golden_digests(r, "activations", (struct golden_typical){ 3e-5, 3e-7 },
		       json_get(c->truth, "activations"),
		       json_get(c->own, "activations"), ours, "act.");
	golden_digests(r, "bn", (struct golden_typical){ 7e-6, 0 },
		       json_get(c->truth, "bn_after_forward"),
		       json_get(c->own, "bn_after_forward"), ours, "bn.");
}

static void check_walk(struct golden_report *r, const struct step_case *c,
		       const struct tensor_file *ours)
{
	static const struct {
		const char *group, *key, *prefix;
		struct golden_typical typical;
	} parts[] = {
		{ "trajectory.weights",
		  "weights",
		  "end.weights.",
		  { 0, 1e-6 } },
		{ "trajectory.velocity",
		  "velocity",
		  "end.velocity.",
		  { 0, 1e-4 } },
		{ "trajectory.ema", "ema", "end.ema.", { 0, 1e-6 } },
	};
	const struct json *truth = json_get(c->truth, "trajectory");
	const struct json *own = json_get(c->own, "trajectory");

	check_steps(r, c, ours, c->steps);
	for (int i = 0; i < 3; i++)
		golden_digests(r, parts[i].group, parts[i].typical,
			       json_get(truth, parts[i].key),
			       json_get(own, parts[i].key), ours,
			       parts[i].prefix);
}

static int open_case(struct step_case *c, const char *stem,
		     const char *device_name, const char *precision,
		     struct fl_err *err)
{
	const char *base = strrchr(stem, '/');
	const struct json *image;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s.f64.json", stem);
	c->truth = json_read(path, err);
	snprintf(path, sizeof(path), "%s.json", stem);
	c->own = c->truth ? json_read(path, err) : NULL;
	c->spreads = c->own ? json_read(GOLDEN_SPREAD, err) : NULL;
	if (!c->spreads)
		return FL_EDATA;
	c->ties = json_read(GOLDEN_TIES, err);
	if (!c->ties)
		return FL_EDATA;
	c->spread = json_get(c->spreads, base ? base + 1 : stem);
	c->tie = json_get(c->ties, base ? base + 1 : stem);
	c->row = json_get(c->truth, "case");
	image = json_get(c->row, "image");
	c->seed = (uint64_t)golden_int(json_get(c->row, "seed"));
	c->h = golden_int(json_at(image, 0));
	c->w = golden_int(json_at(image, 1));
	c->classes = golden_int(json_get(c->row, "num_classes"));
	c->steps = golden_int(json_get(c->row, "steps"));
	c->per_epoch = golden_int(json_get(c->row, "steps_per_epoch"));
	c->static_epoch = golden_int(json_get(c->row, "static_assigner_epoch"));
	FL_ASSERT(c->steps <= MAX_STEPS);
	snprintf(c->weights, 64, "%s", scratch_path("weights.safetensors"));
	snprintf(c->out, 64, "%s", scratch_path("out.safetensors"));
	for (int t = 0; t < c->steps; t++)
		snprintf(c->batches[t], 64, "%s/batch%d.safetensors",
			 scratch_dir(), t);
	rc = device_open(device_name, &c->dev, err);
	if (rc == 0)
		rc = load_recipe(c, precision, err);
	if (rc == 0)
		rc = golden_weights(c->recipe, c->seed, NULL, 0, c->weights,
				    err);
	for (int t = 0; rc == 0 && t < c->steps; t++)
		rc = write_batch(c, t, err);
	return rc;
}

static void close_case(struct step_case *c)
{
	device_close(c->dev);
	json_free(c->truth);
	json_free(c->own);
	json_free(c->spreads);
	json_free(c->ties);
	recipe_free(c->recipe);
	unlink(c->weights);
	unlink(c->out);
	for (int t = 0; t < c->steps; t++)
		unlink(c->batches[t]);
}

/* The walk once more, from weights moved in one of many ways. */
static int walk_moved(struct step_case *c, int way, double slack,
		      struct golden_report *walk, struct fl_err *err)
{
	struct tensor_file ours;
	int rc = golden_weights(c->recipe, c->seed, NULL, (uint64_t)way,
				c->weights, err);

	*walk = (struct golden_report){ 0 };
	if (rc == 0)
		rc = probe(c, 0, c->steps, &ours, err);
	if (rc != 0)
		return rc;
	check_walk(walk, c, &ours);
	golden_widen(walk, c->spread);
	tensor_file_close(&ours);
	golden_judge(walk, slack);
	return 0;
}

/* The walk up to the listed near tie, whose own step still has the
 * reference's losses. */
static void check_until_tie(struct golden_report *r, const struct step_case *c,
			    const struct tensor_file *ours, double slack)
{
	if (!c->tie)
		return;
	FL_ASSERT(golden_real(json_get(c->tie, "margin")) < 1e-4);
	check_steps(r, c, ours, golden_int(json_get(c->tie, "step")) + 1);
	golden_judge(r, slack);
}

/* walk: of the weights as they are; until: what of it comes before a listed
 * near tie. */
static int settle_walk(struct step_case *c, double slack,
		       const struct golden_report *walk,
		       const struct golden_report *until,
		       struct golden_report *report, struct fl_err *err)
{
	struct golden_report again = *walk;
	int rc = 0, way = 0;

	if (walk->failed && c->tie) {
		golden_join(report, until);
		report->tie_step = golden_int(json_get(c->tie, "step"));
		report->tie_margin = golden_real(json_get(c->tie, "margin"));
		return 0;
	}
	while (rc == 0 && again.failed && way < GOLDEN_TRIES)
		rc = walk_moved(c, ++way, slack, &again, err);
	if (rc != 0)
		return rc;
	golden_join(report, again.failed ? walk : &again);
	report->parted = again.failed ? 0 : way;
	return 0;
}

int golden_step_check(const char *stem, const char *device_name, double slack,
		      struct golden_report *report, struct fl_err *err)
{
	struct step_case c = { 0 };
	struct golden_report walk = { 0 }, until = { 0 };
	struct tensor_file ours;
	int rc = open_case(&c, stem, device_name, "fp32", err);

	*report = (struct golden_report){ 0 };
	if (rc == 0)
		rc = probe(&c, 0, c.steps, &ours, err);
	if (rc == 0) {
		check_phase(report, &c, "atss", &ours);
		check_forward(report, &c, &ours);
		check_walk(&walk, &c, &ours);
		golden_widen(&walk, c.spread);
		golden_judge(&walk, slack);
		check_until_tie(&until, &c, &ours, slack);
		tensor_file_close(&ours);
		rc = probe(&c, c.static_epoch, 1, &ours, err);
	}
	if (rc == 0) {
		check_phase(report, &c, "tal", &ours);
		tensor_file_close(&ours);
		golden_widen(report, c.spread);
		golden_judge(report, slack);
		rc = settle_walk(&c, slack, &walk, &until, report, err);
	}
	close_case(&c);
	return rc;
}

int golden_step_walk(const char *stem, const char *device_name,
		     const char *precision, struct tensor_file *ours,
		     struct fl_err *err)
{
	struct step_case c = { 0 };
	int rc = open_case(&c, stem, device_name, precision, err);

	if (rc == 0)
		rc = probe(&c, 0, c.steps, ours, err);
	close_case(&c);
	return rc;
}
