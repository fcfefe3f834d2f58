/* cmd_convert.c - flotilla convert: checkpoints to and from Paddle's files.
 * The endings say which way. Everything is read and named before the first byte
 * is written, and each file appears whole; Paddle's own names for tensors
 * (conv2d_0.w_0) are made by ckpt/paddle_names.c, because its optimizer looks
 * for them. */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/owner.h"
#include "base/str.h"
#include "ckpt/checkpoint.h"
#include "ckpt/locate.h"
#include "ckpt/paddle_names.h"
#include "ckpt/safetensors.h"
#include "text/option.h"
#include "detect/model_classes.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_table cmd_convert_options = {
	.program = "flotilla convert",
	.usage = "IN OUT",
	.about =
		"Turns a checkpoint into PaddleDetection's files or back; the "
		"endings say which.\n"
		"OUT.pdparams gets the published weights (the divided average "
		"where there is one),\nand OUT.pdema (weights as trained) and "
		"OUT.pdopt (momentum, progress) appear beside\nit where IN has "
		"them. IN.pdparams takes the two beside it along. Files "
		"without\naverage and momentum become plain weights.",
	.example = "  flotilla convert output/model_final.safetensors "
		   "paddle/model_final.pdparams\n"
		   "  flotilla convert model_final.pdparams start.safetensors",
	.operand = "FILE",
};

/* What is converted, and Paddle's names of its model tensors. */
struct source {
	struct tensor_file file, model, weights;
	struct fl_arena arena;
	const char **names; /* of model.tensors; NULL: not a PP-YOLOE */
	struct fl_err names_err;
	struct checkpoint_state state;
	bool has_ema, has_velocity;
};

static bool has_part(const struct tensor_file *file, const char *prefix)
{
	for (size_t i = 0; i < file->count; i++)
		if (fl_starts_with(file->tensors[i].name, prefix))
			return true;
	return false;
}

/* A model of no family of ours has no such names. That is a fault only where
 * momentum is to be written, so the sentence is kept until then. */
static void source_make_names(struct source *s)
{
	size_t n = s->model.count;
	const char **states = fl_malloc(n * sizeof(*states));

	for (size_t i = 0; i < n; i++)
		states[i] = s->model.tensors[i].name;
	paddle_names_make(states, n, &s->arena, &s->names, &s->names_err);
	free(states);
}

/* Parts borrow from s->file, which stays open until the last one is written. */
static int source_open(struct source *s, const char *path, struct fl_err *err)
{
	int rc = checkpoint_open(&s->file, path, err);

	if (rc == 0)
		rc = checkpoint_part(&s->model, &s->file, CKPT_MODEL, err);
	if (rc == 0)
		rc = checkpoint_published(&s->weights, &s->file, err);
	if (rc == 0)
		rc = checkpoint_state_read(&s->file, &s->state, err);
	if (rc != 0)
		return rc;
	if (s->model.count == 0)
		return fl_fail(err, FL_EDATA, "'%s' holds no weights", path);
	s->has_ema = has_part(&s->file, CKPT_EMA);
	s->has_velocity = has_part(&s->file, CKPT_VELOCITY);
	source_make_names(s);
	return 0;
}

/* In the reverse order: parts first, then the file whose values they show. */
static int source_close(struct source *s, const char *path, int rc,
			struct fl_err *err)
{
	tensor_file_close(&s->weights);
	tensor_file_close(&s->model);
	fl_arena_release(&s->arena);
	return tensor_file_end(&s->file, path, rc, err);
}

static void wrote(const char *path, size_t count, const char *what)
{
	printf("%s: %zu %s, %s\n", path, count,
	       fl_plural(count, "tensor", "tensors"), what);
}

/* The average is what one publishes; the table of names goes
 * along as far as they are known. */
static int write_params(struct source *s, const char *path, struct fl_err *err)
{
	int rc = paddle_write_params(path, s->weights.tensors, s->weights.count,
				     s->names, err);

	if (rc == 0)
		wrote(path, s->weights.count,
		      s->has_ema ? "the average of the weights" : "weights");
	return rc;
}

static int write_ema(struct source *s, const char *path, struct fl_err *err)
{
	int rc = paddle_write_params(path, s->model.tensors, s->model.count,
				     s->names, err);

	if (rc == 0)
		wrote(path, s->model.count, "weights as trained");
	return rc;
}

static int write_opt(struct source *s, const char *path, struct fl_err *err)
{
	struct tensor_file velocity = TENSOR_FILE_INIT;
	const char **names = fl_malloc(s->model.count * sizeof(*names));
	size_t n = 0;
	int rc;

	if (!s->has_velocity)
		rc = fl_fail(err, FL_EDATA,
			     "there is no momentum to write to "
			     "'%s'",
			     path);
	else if (!s->names)
		rc = fl_fail(err, FL_EDATA, "cannot write '%s': %s", path,
			     s->names_err.text);
	else
		rc = checkpoint_part(&velocity, &s->file, CKPT_VELOCITY, err);
	if (rc != 0)
		goto out;
	/* Names are those of the model's tensors, momentum is in the order of
	 * its own list: matched by the state's name. */
	for (size_t i = 0; i < velocity.count; i++) {
		const struct named_tensor *state =
			tensor_file_find(&s->model, velocity.tensors[i].name);

		if (!state) {
			rc = fl_fail(err, FL_EDATA,
				     "momentum '%s' belongs to "
				     "no weight",
				     velocity.tensors[i].name);
			goto out;
		}
		names[n++] = s->names[state - s->model.tensors];
	}
	rc = paddle_write_opt(path, velocity.tensors, n, names,
			      &s->state.progress, err);
	if (rc == 0)
		wrote(path, n, "momentum and progress");
out:
	tensor_file_close(&velocity);
	free(names);
	return rc;
}

/* P.pdema or P.pdopt: written when there is something, else looked for: an old
 * one beside new weights would be taken for theirs by PaddleDetection's -r, and
 * by ours. */
static int
write_beside(struct source *s, const char *params, const char *ending, bool has,
	     int (*write)(struct source *, const char *, struct fl_err *),
	     struct fl_err *err)
{
	struct fl_str path = FL_STR_INIT;
	size_t stem = strlen(params) - strlen(".pdparams");
	int rc = 0;

	fl_str_addf(&path, "%.*s%s", (int)stem, params, ending);
	if (has)
		rc = write(s, path.data, err);
	else if (fl_exists(path.data))
		fprintf(stderr,
			"flotilla: '%s' was there before and does not "
			"belong to '%s'; remove it before you resume\n",
			path.data, params);
	fl_str_release(&path);
	return rc;
}

static int write_set(struct source *s, const char *path, struct fl_err *err)
{
	/* The weights last: a set cut short is seen by their absence. */
	int rc = write_beside(s, path, ".pdopt", s->has_velocity, write_opt,
			      err);

	if (rc == 0)
		rc = write_beside(s, path, ".pdema", s->has_ema, write_ema,
				  err);
	return rc ? rc : write_params(s, path, err);
}

static int write_safetensors(struct source *s, const char *path,
			     struct fl_err *err)
{
	/* Weights alone are written under plain names, as other programs want
	 * them; only a checkpoint has prefixes. */
	bool plain = !s->has_ema && !s->has_velocity;
	const struct tensor_file *f = plain ? &s->model : &s->file;
	struct tensor_meta classes[MODEL_CLASSES_META];
	int rc = plain ? safetensors_save(path, f->tensors, f->count, classes,
					  model_classes_find(&s->file, classes),
					  err)
		       : safetensors_save(path, f->tensors, f->count, f->meta,
					  f->meta_count, err);

	if (rc == 0)
		wrote(path, f->count, plain ? "weights" : "a checkpoint");
	return rc;
}

/* The first ending that fits decides; write_set is a
 * .pdparams with what belongs beside it. */
static const struct {
	const char *ending;
	bool paddle;
	int (*write)(struct source *s, const char *path, struct fl_err *err);
} sinks[] = {
	{ ".safetensors", false, write_safetensors },
	{ ".pdparams", true, write_set },
	{ ".pdema", true, write_ema },
	{ ".pdopt", true, write_opt },
};

/* A run at work replaces and removes numbered files of its folder. Conversions side
 * by side do not disturb each other. */
static int claim_folder(const char *out, struct fl_owner *owner,
			struct fl_err *err)
{
	size_t n = strlen(out) - strlen(fl_base_name(out));
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", n ? (int)n : 1, n ? out : ".");
	return fl_owner_claim(owner, folder, "flotilla convert",
			      FL_OWNER_SHARED, "write OUT elsewhere", err);
}

static int convert(const char *in, const char *out, struct fl_err *err)
{
	struct source s = { .file = TENSOR_FILE_INIT,
			    .model = TENSOR_FILE_INIT,
			    .weights = TENSOR_FILE_INIT };
	const size_t count = sizeof(sinks) / sizeof(sinks[0]);
	struct fl_owner owner = { .fd = -1 };
	char path[PATH_MAX];
	size_t k = 0;
	int rc;

	while (k < count && !fl_ends_with(out, sinks[k].ending))
		k++;
	if (k == count)
		return fl_fail(err, FL_EUSAGE,
			       "'%s' ends with none of "
			       ".safetensors .pdparams .pdema .pdopt",
			       out);
	rc = locate_weights(in, path, sizeof(path), err);
	if (rc != 0)
		return rc;
	/* One of the two is ours and the other Paddle's; the same kind
	 * twice has nothing to convert. */
	if (sinks[k].paddle != fl_ends_with(path, ".safetensors"))
		return fl_fail(err, FL_EUSAGE,
			       "'%s' and '%s' are files of one "
			       "kind; copy them instead",
			       path, out);
	rc = source_open(&s, path, err);
	if (rc == 0)
		rc = claim_folder(out, &owner, err);
	if (rc == 0)
		rc = sinks[k].write(&s, out, err);
	fl_owner_release(&owner);
	return source_close(&s, path, rc, err);
}

static int take_files(void *args, int words, char **argv, struct fl_err *err)
{
	(void)args;
	if (words != 2)
		return fl_fail(err, FL_EUSAGE,
			       "usage: flotilla convert IN OUT");
	return convert(argv[0], argv[1], err);
}

int cmd_convert(int argc, char **argv, struct fl_err *err)
{
	return cmd_run(&cmd_convert_options, NULL, argc, argv, take_files, err);
}
