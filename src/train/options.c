/* The part of a recipe that a run reads: its length, its checkpoints and how ranks
 * share a step. registry/lists.c lists it; run_options() finds it in a recipe. */
#include "train/options.h"

#define F(field) offsetof(struct run_options, field)

static const struct recipe_row rows[] = {
	{ "epoch", ROW_INT, F(epoch), 1, 100000, 0, "300", NULL,
	  "epochs to train" },
	{ "log_iter", ROW_INT, F(log_iter), 1, 100000, 0, "20", NULL,
	  "steps between log lines" },
	{ "snapshot_epoch", ROW_INT, F(snapshot_epoch), 1, 100000, 0, "1", NULL,
	  "epochs between checkpoints and evaluations" },
	{ "save_dir", ROW_TEXT, F(save_dir), 0, 0, 0, "output", NULL,
	  "folder of runs" },
	{ "pretrain_weights", ROW_TEXT, F(pretrain_weights), 0, 0, 0, "''",
	  NULL, "weights to start from; '' for none" },
	{ "norm_type", ROW_WORD, F(norm), 0, 0, 0, "bn", "bn|sync_bn",
	  "statistics of batch normalisation over one rank or all" },
	{ "memory_limit", ROW_INT, F(memory_limit), 0, 1e9, 0, "0", NULL,
	  "MiB of a trainer's activations; a larger batch is taken in passes "
	  "with batch statistics of their own; 0: no limit, or where ranks "
	  "were lost what is free (ours)" },
	{ "overlap", ROW_BOOL, F(overlap), 0, 0, 0, "true", NULL,
	  "send gradients while backward still runs (ours)" },
	{ "bucket_mb", ROW_REAL, F(bucket_mb), 0.01, 1024, 0, "4.0", NULL,
	  "size of one all-reduce of gradients, MiB (ours)" },
	{ "snapshot_steps", ROW_INT, F(snapshot_steps), 0, 100000000, 0, "0",
	  NULL,
	  "a checkpoint every so many steps, written beside the training; 0: none (ours)" },
	{ "keep_checkpoints", ROW_INT, F(keep_checkpoints), 1, 100000, 0, "3",
	  NULL,
	  "newest checkpoints kept besides the best; the reference keeps all (ours)" },
	{ "patience", ROW_INT, F(patience), 0, 100000, 0, "0", NULL,
	  "end after so many epochs without a better AP; 0: never (ours)" },
	{ "find_unused_parameters", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "every parameter has a gradient" },
	{ "use_fused_allreduce_gradients", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "gradients always leave in buckets" },
	{ "fleet", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "ranks always average their gradients" },
};

const struct recipe_part run_part = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct run_options),
};

const struct run_options *run_options(const struct recipe *recipe)
{
	return recipe_options(recipe, &run_part);
}
