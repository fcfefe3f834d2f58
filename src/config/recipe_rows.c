/* recipe_rows.c - keys of struct recipe itself, and those of the reference that
 * mean nothing in any room. All others stand with who reads them
 * (config/row.h).
 * A key of the reference without a meaning here has a row all the same: recipes
 * of its users have them all, and an unknown key is refused. ROW_ACCEPTED says
 * that a result does not depend on it, ROW_REFUSED that the reference would do
 * what we cannot. */
#include "config/recipe_priv.h"

#include <stddef.h>

#define F(field) offsetof(struct recipe, field)

/* The order is that of the table in docs/recipes.md. Bounds are far above any
 * use and keep fields from overflowing. */
static const struct recipe_row own_rows[] = {
	{ "architecture", ROW_FAMILY, F(architecture), 0, 0, 0, NULL, NULL,
	  "container of backbone, neck and head, required" },
	{ "num_classes", ROW_INT, F(num_classes), 1, 10000, 0, NULL, NULL,
	  "classes of the data set; required" },
	{ "use_gpu", ROW_BOOL, F(use_gpu), 0, 0, 0, "false", NULL,
	  "train on a GPU; without one the CPU does it and says so" },
	{ "amp", ROW_BOOL, F(amp), 0, 0, 0, "false", NULL,
	  "bf16 where every rank's processor is faster with it, else fp32; a "
	  "line says which (the reference's 16 bits are fp16, and off on CPUs)" },
	{ "precision", ROW_WORD, F(precision), 0, 0, 0, "auto",
	  "auto|fp32|bf16",
	  "of maps, their gradients and packed weights; all else is fp32 "
	  "always. auto: as amp says; bf16: also where it is no faster (ours)" },
	{ "kernels", ROW_WORD, F(kernels), 0, 0, 0, "table", "table|measure",
	  "who chooses between kernels of one convolution: a table of shapes, "
	  "the same everywhere, or times taken on rank 0's machine (ours)" },
	{ "seed", ROW_INT, F(seed), 0, 1e9, 0, "0", NULL,
	  "of all randomness of a run (ours)" },
	{ "short_sums", ROW_BOOL, F(short_sums), 0, 0, 0, "false", NULL,
	  "convolutions add in parts of some dozen products: a third of the "
	  "rounding in more time; flotilla probe has it true (ours)" },
	{ "recompute", ROW_BOOL, F(recompute), 0, 0, 0, "false", NULL,
	  "maps between blocks are dropped and computed again in backward: less "
	  "memory, more time, the same bits (ours)" },
};

const struct recipe_part recipe_own_part = {
	.rows = own_rows,
	.row_count = sizeof(own_rows) / sizeof(own_rows[0]),
	.size = sizeof(struct recipe),
};

static const struct recipe_row unused_rows[] = {
	{ "filename", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "the file's own name counts" },
	{ "custom_black_list", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "means are always taken in full precision" },
	{ "custom_white_list", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "speaks of Paddle's 16-bit lists" },
	{ "amp_level", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "master weights are always fp32" },
	{ "init_loss_scaling", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "neither fp32 nor bf16, which has its range, needs loss scaling" },
	{ "use_xpu", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "flotilla runs on CPU and GPU" },
	{ "use_mlu", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "flotilla runs on CPU and GPU" },
	{ "use_npu", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "flotilla runs on CPU and GPU" },
	{ "print_flops", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "the numbers stand in docs" },
	{ "print_params", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "'flotilla ckpt show' prints them" },
	{ "export", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "speaks of Paddle's inference format" },
	{ "exclude_nms", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "flotilla export leaves suppression out unless --nms" },
	{ "trt", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "an ONNX file is the same for TensorRT" },
	{ "exclude_post_process", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "flotilla export decodes boxes always" },
	{ "use_wandb", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "nothing is sent; metrics.jsonl holds the curves" },
	{ "wandb", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL, "as use_wandb" },
	{ "enable_ce", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "every run is seeded" },
	{ "to_static", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "the graph is always planned before the first step" },
	{ "profiler_options", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "metrics.jsonl says what the time of steps goes to" },
	{ "master_grad", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "gradients are always fp32" },
	{ "log_ranks", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "rank 0 logs for all; warnings come from every rank" },
	{ "for_distill", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "distillation is not part of flotilla" },
	{ "slim", ROW_REFUSED, 0, 0, 0, 0, NULL, NULL,
	  "pruning, quantisation and distillation are not part of flotilla" },
};

const struct recipe_part recipe_unused_part = {
	.rows = unused_rows,
	.row_count = sizeof(unused_rows) / sizeof(unused_rows[0]),
};
