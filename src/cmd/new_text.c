/* new_text.c - the recipe of 'flotilla new': whole in itself, so that it works
 * wherever it is moved and read from, paths absolute, a reason beside each line
 * that was chosen for this data set. Called by cmd_new.c, and by new_machine.c
 * for the recipe that is timed. */
#include "cmd/new_proposal.h"

#include <stdarg.h>
#include <string.h>

#define COLUMN 44 /* where reasons begin */

static void line(struct fl_str *out, const char *why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void line(struct fl_str *out, const char *why, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (why)
		fl_str_addf(out, "%-*s # %s\n", COLUMN, text, why);
	else
		fl_str_addf(out, "%s\n", text);
}

/* A path in YAML's single quotes, in which only the quote itself means
 * something. cmd_new.c has refused control characters. */
static void add_path(struct fl_str *out, const char *before, const char *dir,
		     const char *name, const char *behind)
{
	const char *const parts[2] = { dir, name };

	fl_str_addf(out, "%s'", before);
	for (int i = 0; i < 2; i++)
		for (const char *p = parts[i]; *p; p++)
			fl_str_addn(out, *p == '\'' ? "''" : p,
				    *p == '\'' ? 2 : 1);
	fl_str_addf(out, "'%s\n", behind);
}

static void add_head(const struct new_facts *f, const struct new_proposal *p,
		     const struct new_place *at, struct fl_str *out)
{
	fl_str_addf(
		out,
		"# Made by flotilla new. Start it with\n#     flotilla train -c %s.yml --eval\n",
		at->stem);
	if (*p->time_why)
		fl_str_addf(out, "# %s.\n", p->time_why);
	/* The reference's name for what PP-YOLOE's parts are put into. */
	line(out, NULL, "\narchitecture: YOLOv3");
	line(out, "that of the data set", "num_classes: %d", f->classes);
	line(out, NULL, "metric: COCO");
	line(out, "PP-YOLOE-s; m: 0.67 and 0.75, l: 1.0 and 1.0",
	     "depth_mult: 0.33");
	line(out, NULL, "width_mult: 0.5");
	line(out,
	     "a .pdparams or .safetensors of PP-YOLOE-s, trained on COCO, lifts the score, "
	     "most of all with few pictures",
	     "pretrain_weights: ''");
	line(out, "batch statistics over all trainers", "norm_type: sync_bn");
	fl_str_add(out, "\n");
	line(out, p->epoch_why, "epoch: %d", p->epochs);
	line(out, "a checkpoint, and with --eval a score, after so many epochs",
	     "snapshot_epoch: %d", p->snapshot);
	line(out, NULL, "log_iter: 20");
	line(out, "half of the cores here, at most 8, decode pictures",
	     "worker_num: %d", p->threads);
	line(out, NULL, "use_ema: true");
	line(out, p->ema_why, "ema_decay: %g", p->ema_decay);
}

/* base_batch and batch_rule have the rate follow when the user takes more
 * trainers or another batch (docs/accuracy.md). */
static void add_rate(const struct new_proposal *p, struct fl_str *out)
{
	char why[160];

	fl_str_add(out, "\nLearningRate:\n");
	line(out, "for random weights and 16 images a step",
	     "  base_lr: 0.005");
	line(out, NULL, "  base_batch: 16");
	snprintf(
		why, sizeof(why),
		"in proportion to the images a step: %g for one trainer of %d, twice that for two",
		0.005 * p->batch / 16, p->batch);
	line(out, why, "  batch_rule: linear");
	line(out, NULL, "  schedulers:");
	line(out, "a cosine that would end a fifth later, as in PP-YOLOE",
	     "    - {name: CosineDecay, max_epochs: %d}",
	     (p->epochs * 6 + 4) / 5);
	line(out, "a tenth of the run, at most 1000 steps",
	     "    - {name: LinearWarmup, start_factor: 0.0, epochs: %d}",
	     p->warmup);
	fl_str_add(out, "OptimizerBuilder:\n"
			"  optimizer: {type: Momentum, momentum: 0.9}\n"
			"  regularizer: {type: L2, factor: 0.0005}\n"
			"PPYOLOEHead:\n");
	line(out, "a third of the run, as in PP-YOLOE",
	     "  static_assigner_epoch: %d", p->static_epochs);
}

static void add_set(const struct new_place *at, const char *owner,
		    enum label_split split, struct fl_str *out)
{
	fl_str_addf(out, "%s:\n  name: COCODataSet\n", owner);
	add_path(out, "  dataset_dir: ", at->data, "", "");
	if (at->image_dir[split] && *at->image_dir[split])
		add_path(out, "  image_dir: ", at->image_dir[split], "", "");
	add_path(out, "  anno_path: ", at->anno[split], "", "");
}

static void add_sets(const struct new_place *at, struct fl_str *out)
{
	fl_str_add(out, "\n");
	add_set(at, "TrainDataset", SPLIT_TRAIN, out);
	add_set(at, "EvalDataset", SPLIT_VAL, out);
	line(out, "pictures without a box are scored too",
	     "  allow_empty: true");
	fl_str_add(out, "TestDataset:\n  name: ImageFolder\n");
	add_path(out, "  anno_path: ", at->anno[SPLIT_VAL], "",
		 " # the names of the classes");
}

/* The transforms are PP-YOLOE's; what lies in the text is fixed, sizes
 * and batches are the proposal's. */
static void add_readers(const struct new_proposal *p, struct fl_str *out)
{
	fl_str_add(
		out,
		"\nTrainReader:\n"
		"  sample_transforms:\n"
		"    - Decode: {}\n"
		"    - RandomDistort: {}\n"
		"    - RandomExpand: {fill_value: [123.675, 116.28, 103.53]}\n"
		"    - RandomCrop: {}\n"
		"    - RandomFlip: {} # take it out where left and right differ (letters, arrows)\n"
		"  batch_transforms:\n"
		"    - BatchRandomResize:\n"
		"        target_size: [");
	for (int i = 0; i < p->size_count; i++)
		fl_str_addf(out, "%s%d", i ? ", " : "", p->sizes[i]);
	fl_str_add(
		out,
		"] # around the size of scoring\n"
		"        random_size: true\n"
		"        random_interp: true\n"
		"        keep_ratio: false\n"
		"    - NormalizeImage: &normalize {mean: [0.485, 0.456, 0.406], std: "
		"[0.229, 0.224, 0.225], is_scale: true}\n"
		"    - Permute: {}\n"
		"    - PadGT: {}\n");
	line(out, p->batch_why, "  batch_size: %d", p->batch);
	fl_str_add(out, "EvalReader:\n"
			"  sample_transforms: &eval_chain\n"
			"    - Decode: {}\n");
	line(out, "see eval_size",
	     "    - Resize: {target_size: [%d, %d], keep_ratio: false, interp: 2}",
	     p->size, p->size);
	fl_str_add(out, "    - NormalizeImage: *normalize\n"
			"    - Permute: {}\n"
			"  batch_size: 2\n"
			"TestReader:\n"
			"  sample_transforms: *eval_chain\n"
			"  batch_size: 1\n");
}

void new_recipe_text(const struct new_facts *f, const struct new_proposal *p,
		     const struct new_place *at, struct fl_str *out)
{
	const char *slash = strcmp(at->folder, "/") == 0 ? "" : "/";
	char tail[512];

	add_head(f, p, at, out);
	line(out, p->size_why, "eval_size: [%d, %d]", p->size, p->size);
	snprintf(tail, sizeof(tail), "%soutput", slash);
	fl_str_add(out, "\n");
	add_path(out, "save_dir: ", at->folder, tail,
		 " # beside this file, wherever the run is started");
	snprintf(tail, sizeof(tail), "%soutput/%s/best_model", slash, at->stem);
	add_path(out, "weights: ", at->folder, tail,
		 " # for flotilla eval and infer");
	add_rate(p, out);
	add_sets(at, out);
	add_readers(p, out);
}
