/* cmd_ckpt.c - flotilla ckpt show: what is in a file of
 * weights, ours or Paddle's.
 * The digest is taken of the published weights, so that a checkpoint and the
 * Paddle file converted from it show the same one; --digest prints it alone,
 * for scripts that compare runs. */
#include "cmd/cmd.h"

#include "base/str.h"
#include "ckpt/checkpoint.h"
#include "ckpt/locate.h"
#include "text/option.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct ckpt_args {
	bool digest;
};

static const struct option_row rows[] = {
	{ "digest", 0, OPTION_FLAG, offsetof(struct ckpt_args, digest),
	  .help = "print nothing but the digest of the published weights" },
};

const struct option_table cmd_ckpt_options = {
	.program = "flotilla ckpt",
	.usage = "show FILE [--digest]",
	.about = "Lists the tensors of a checkpoint or of a Paddle file, and "
		 "the SHA-256 of their\nvalues: the same for the same weights "
		 "in any format.",
	.example = "  flotilla ckpt show output/model_final.safetensors\n"
		   "  flotilla ckpt show output/model_final.pdparams --digest",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.verbs = "show",
	.operand = "FILE",
};

/* In the file's own order. */
static void show_tensors(const struct tensor_file *file)
{
	char shape[CKPT_SHAPE_TEXT];
	size_t values = 0, bytes = 0;

	for (size_t i = 0; i < file->count; i++) {
		const struct named_tensor *t = &file->tensors[i];

		printf("%-56s %-4s %s\n", t->name, dtype_name(t->dtype),
		       ckpt_shape_text(t->rank, t->dims, shape));
		values += named_tensor_count(t);
		bytes += t->bytes;
	}
	printf("%zu %s, %zu %s, %zu bytes (%s)\n", file->count,
	       fl_plural(file->count, "tensor", "tensors"), values,
	       fl_plural(values, "value", "values"), bytes, file->format);
}

static void show_meta(const struct tensor_file *file)
{
	size_t internal = 0;

	for (size_t i = 0; i < file->meta_count; i++) {
		const char *key = file->meta[i].key;

		/* A .pdparams brings one entry for each tensor: counted, since
		 * a page of them hides the rest. */
		if (fl_starts_with(key, "StructuredToParameterName@@"))
			internal++;
		else
			printf("%s: %s\n", key, file->meta[i].text);
	}
	if (internal)
		printf("table of %zu internal names\n", internal);
}

static void show_digest(const char *name, const struct tensor_file *file)
{
	char hex[FL_DIGEST_HEX];

	checkpoint_digest(file, hex);
	printf("sha256 %-9s %s\n", name, hex);
}

/* A digest of each part tells whether two runs went the same way, or only came
 * to the same weights. A checkpoint without an average has no such part. */
static int show_part(const struct tensor_file *file, const char *prefix,
		     const char *name, struct fl_err *err)
{
	struct tensor_file part = TENSOR_FILE_INIT;
	int rc = checkpoint_part(&part, file, prefix, err);

	if (rc == 0 && part.count)
		show_digest(name, &part);
	tensor_file_close(&part);
	return rc;
}

/* The file is opened again as it is: weights are under plain names and divided,
 * and the tensors of the file are wanted. */
static int show_all(const char *path, const struct tensor_file *weights,
		    struct fl_err *err)
{
	struct tensor_file file;
	int rc = tensor_file_open(&file, path, err);

	if (rc != 0)
		return rc;
	show_tensors(&file);
	show_meta(&file);
	show_digest("weights", weights);
	if (checkpoint_is(&file)) {
		rc = show_part(&file, CKPT_MODEL, "model", err);
		if (rc == 0)
			rc = show_part(&file, CKPT_VELOCITY, "velocity", err);
		if (rc == 0)
			rc = show_part(&file, CKPT_EMA, "ema", err);
	}
	return tensor_file_end(&file, path, rc, err);
}

static int show(const char *place, bool digest_only, struct fl_err *err)
{
	struct tensor_file weights;
	char path[PATH_MAX], hex[FL_DIGEST_HEX];
	int rc = locate_weights(place, path, sizeof(path), err);

	if (rc != 0)
		return rc;
	rc = weights_open(&weights, path, err);
	if (rc != 0)
		return rc;
	if (digest_only) {
		checkpoint_digest(&weights, hex);
		puts(hex);
	} else {
		rc = show_all(path, &weights, err);
	}
	/* The digest of a file that was cut short meanwhile is worth
	 * nothing, so its status says so. */
	return tensor_file_end(&weights, path, rc, err);
}

static int take_verb(void *ctx, int words, char **argv, struct fl_err *err)
{
	const struct ckpt_args *args = ctx;

	if (words != 2 || strcmp(argv[0], "show") != 0)
		return fl_fail(err, FL_EUSAGE,
			       "usage: flotilla ckpt show FILE "
			       "[--digest]");
	return show(argv[1], args->digest, err);
}

int cmd_ckpt(int argc, char **argv, struct fl_err *err)
{
	struct ckpt_args args = { 0 };

	return cmd_run(&cmd_ckpt_options, &args, argc, argv, take_verb, err);
}
