/* recipe.h - everything a PaddleDetection YAML file says about a run, typed.
 *
 * Keys, defaults and meaning are the reference's; keys of our own are marked
 * so in the table of src/config/recipe_rows.c, which is at once parser,
 * bounds, defaults, help and docs/recipes.md. Unknown keys, wrong types and
 * values out of bounds are refused with file, line and the nearest name.
 *
 * Ownership: a recipe owns all it points to. Read-only after recipe_load().
 */
#ifndef FL_CONFIG_RECIPE_H
#define FL_CONFIG_RECIPE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "tensor/dtype.h"

#include <stdbool.h>

enum recipe_dataset_kind {
	RECIPE_COCO,
	RECIPE_VOC,
	RECIPE_IMAGES /* a folder of pictures, for inference */
};

struct recipe_dataset {
	enum recipe_dataset_kind kind;
	const char *dataset_dir, *image_dir, *anno_path;
	const char *label_list; /* of VOC; "": its twenty classes */
	bool allow_empty, load_crowd;
	bool flat_names; /* ours: only the last part of a file name counts */
	double empty_ratio;
	int sample_num; /* -1: all */
};

enum recipe_interp { /* OpenCV's numbers */
	RECIPE_NEAREST = 0,
	RECIPE_LINEAR = 1,
	RECIPE_CUBIC = 2,
	RECIPE_AREA = 3,
	RECIPE_LANCZOS4 = 4
};

#define RECIPE_MAX_SIZES 64
#define RECIPE_AUTO_BATCH 0 /* batch_size: auto, before memory was asked */

/* The chain of a reader. The order is the reference's: Decode, RandomDistort,
 * RandomExpand, RandomCrop, RandomFlip; then BatchRandomResize (training) or
 * Resize, NormalizeImage, Permute, PadGT. Steps may be left out. */
struct recipe_reader {
	int batch_size;
	bool distort, expand, crop, flip;
	double expand_ratio, expand_prob; /* prob: share left alone */
	double fill_value[3];
	double flip_prob;
	/* resize */
	int sizes[RECIPE_MAX_SIZES][2]; /* height, width */
	int size_count;
	bool random_size, random_interp;
	int interp;
	/* normalise: x / 255, then (x - mean) / std where mean_std */
	bool scale, mean_std;
	double mean[3], std[3];
};

#define RECIPE_MAX_SCHEDULERS 4
#define RECIPE_MAX_MILESTONES 16

enum recipe_schedule_kind {
	RECIPE_COSINE,
	RECIPE_PIECEWISE,
	RECIPE_LINEAR_WARMUP,
	RECIPE_EXP_WARMUP
};

struct recipe_schedule {
	enum recipe_schedule_kind kind;
	int max_epochs;
	bool use_warmup;
	double min_lr_ratio;
	int last_plateau_epochs;
	double gamma[RECIPE_MAX_MILESTONES];
	int gamma_count;
	int milestones[RECIPE_MAX_MILESTONES];
	int milestone_count;
	double start_factor;
	double epochs; /* of the warm-up; < 0: steps count */
	int steps;
	int power;
};

struct recipe {
	struct fl_arena arena;
	const char *path;     /* the file */
	const char *filename; /* its base name without ending */

	const char *architecture, *metric, *save_dir, *weights;
	const char *map_type;	      /* of the VOC metric: 11point, integral */
	const char *pretrain_weights; /* "" : start from initialisation */
	int num_classes, epoch, log_iter, snapshot_epoch, worker_num;
	int cache_mb;	  /* of decoded pictures; 0: none */
	int memory_limit; /* MiB of activations and workspace; 0: none */
	bool use_gpu, amp;
	const char *precision; /* auto, fp32, bf16 */
	bool sync_bn;
	bool use_ema;
	double ema_decay;
	const char *ema_decay_type;
	int eval_height, eval_width;

	/* ours */
	int seed;
	const char *sampler; /* "flotilla", "paddle" */
	bool shared_size;
	bool short_sums; /* less rounding in convolutions */
	bool overlap;	 /* gradients leave during backward */
	double bucket_mb;
	int keep_checkpoints;
	int snapshot_steps; /* 0: none between epochs */

	/* model */
	double depth_mult, width_mult;
	int layers[4], channels[5];
	bool use_alpha;
	int neck_channels[3], neck_blocks;
	bool spp;
	int static_assigner_epoch;
	double loss_class, loss_iou, loss_dfl;
	int atss_topk, tal_topk;
	double tal_alpha, tal_beta;
	int nms_top_k, keep_top_k;
	double score_threshold, nms_threshold;

	/* optimiser */
	double base_lr;
	int base_batch;		/* images a step that base_lr was chosen for */
	const char *batch_rule; /* "keep", "linear", "sqrt" */
	struct recipe_schedule schedules[RECIPE_MAX_SCHEDULERS];
	int schedule_count;
	double momentum, weight_decay;
	double clip_norm, clip_value, clip_history; /* 0: off */

	struct recipe_dataset train, eval, test;
	struct recipe_reader train_reader, eval_reader, test_reader;
	const char *effective; /* the merged tree as YAML */
	struct fl_str *notes;  /* of recipe_print_rows(): keys of objects */
};

/* overrides: "key.key=value" each, as after -o. A recipe that is not at path
 * is looked for in recipe_folder(), and recipe->path tells. FL_ERECIPE. */
int recipe_load(const char *path, const char *const *overrides, int count,
		struct recipe **out, struct fl_err *err);
void recipe_free(struct recipe *recipe);
/* Of maps. "auto" is F32 until it is settled whether amp means anything here
 * (detect/precision.h). */
enum dtype recipe_precision(const struct recipe *recipe);
/* The folder of the recipes that came with the programs; NULL where there is
 * none. */
const char *recipe_folder(struct fl_arena *arena);
/* The table of docs/recipes.md. */
void recipe_print_rows(struct fl_str *out);

#endif
