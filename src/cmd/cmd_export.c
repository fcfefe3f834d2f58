/* flotilla export: a model as one ONNX file for other programs, with a card of
 * metadata that says all that is needed to use it: classes, size, mean and
 * deviation, what the outputs are, which recipe and weights it was made of.
 * Weights are read as eval reads them, so what is exported is what was scored. */
#include "cmd/cmd.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "ckpt/checkpoint.h"
#include "ckpt/locate.h"
#include "cmd/job.h"
#include "cmd/paddle_options.h"
#include "data/options.h"
#include "detect/evaluate.h"
#include "detect/model_classes.h"
#include "detect/options.h"
#include "detect/weights.h"
#include "export/export.h"
#include "family/family.h"
#include "text/json.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "output_inference" /* PaddleDetection's */

struct export_args {
	struct job_args job;
	const char *out, *folder;
	bool nms;
};

static const struct option_row rows[] = {
	JOB_ROWS(export_args),
	{ "out", 0, OPTION_TEXT, offsetof(struct export_args, out),
	  .arg = "FILE",
	  .help = "the file (default " FOLDER "/<recipe>/model.onnx)" },
	{ "output_dir", 0, OPTION_TEXT, offsetof(struct export_args, folder),
	  .arg = "DIR", .help = "a folder in place of " FOLDER },
	{ "nms", 0, OPTION_FLAG, offsetof(struct export_args, nms),
	  .help = "suppression too: detections come out, not boxes and scores" },
};

const struct option_table cmd_export_options = {
	.program = "flotilla export",
	.usage = "-c FILE -o weights=W [--out FILE]",
	.about =
		"Writes a model as an ONNX file: batch norms and RepVGG branches "
		"folded, boxes decoded,\nany batch of the TestReader's size.",
	.example =
		"  flotilla export -c my.yml -o weights=output/my/best_model --out my.onnx",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	PADDLE_OPTIONS(export_args, PADDLE_EXPORT),
};

/* What is open while a model is exported. */
struct export_job {
	struct model_job job;
	struct model_classes classes;
	struct model *model;
	struct network net;
	const struct reader_options *reader;
};

/* The plan is not run; it is the cheapest that a network opens with. */
static int open_job(struct export_job *e, const struct job_args *args,
		    struct fl_err *err)
{
	const struct recipe *r;
	struct plan_key key;
	int rc = job_open(&e->job, args, false, err);

	r = e->job.recipe;
	if (rc == 0 && !*detect_options(r)->weights)
		rc = fl_fail(err, FL_ERECIPE,
			     "no weights given; use -o weights=FILE");
	if (rc == 0)
		rc = model_classes_open(r, &e->classes, err);
	if (rc == 0)
		rc = family_model(r, &e->model, err);
	if (rc != 0)
		return rc;
	e->reader = &data_options(r)->test_reader;
	key = evaluator_plan(r, e->reader);
	key.batch = 1;
	rc = network_open(&e->net, r, e->model, e->job.dev, e->job.comm,
			  STATE_MODEL, &key, 1, err);
	return rc ? rc
		  : weights_load(&e->net, detect_options(r)->weights, true,
				 err);
}

static void close_job(struct export_job *e, int rc)
{
	network_close(&e->net);
	family_model_free(e->model);
	model_classes_close(&e->classes);
	job_close(&e->job, rc);
}

static void say_json(struct onnx *o, const char *key, struct json *value)
{
	struct fl_str text = FL_STR_INIT;

	json_print(value, 0, &text);
	onnx_metadata(o, key, fl_str_get(&text));
	fl_str_release(&text);
	json_free(value);
}

static struct json *three(const double v[3])
{
	struct json *list = json_new_array();

	for (int i = 0; i < 3; i++)
		json_add(list, json_new_real(v[i]));
	return list;
}

/* Names, in the order of the scores; a model that nobody knows the classes of has
 * none. */
static void say_classes(struct onnx *o, const struct class_list *classes)
{
	struct json *names = json_new_array(), *ids = json_new_array();

	for (int i = 0; i < classes->count; i++) {
		json_add(names, json_new_text(classes->names[i]));
		if (classes->ids)
			json_add(ids, json_new_int(classes->ids[i]));
	}
	if (classes->count)
		say_json(o, "class_names", names);
	else
		json_free(names);
	if (json_count(ids))
		say_json(o, "class_ids", ids);
	else
		json_free(ids);
}

static void say_input(struct onnx *o, const struct reader_options *r)
{
	static const double zero[3] = { 0, 0, 0 }, one[3] = { 1, 1, 1 };
	struct json *size = json_new_array();

	json_add(size, json_new_int(r->sizes[0][0]));
	json_add(size, json_new_int(r->sizes[0][1]));
	say_json(o, "size", size); /* height, width */
	onnx_metadata(o, "resize",
		      "both sides to size, each by a factor of its own");
	say_json(o, "interpolation", json_new_int(r->interp));
	onnx_metadata(o, "color", "RGB");
	onnx_metadata(o, "scale", r->scale ? "1/255" : "1");
	say_json(o, "mean", three(r->mean_std ? r->mean : zero));
	say_json(o, "std", three(r->mean_std ? r->std : one));
}

static void say_output(struct onnx *o, bool nms)
{
	onnx_metadata(
		o, "outputs",
		nms ? "detections [K, 7]: image, class, score, x1, y1, x2, y2"
		    : "boxes [N, L, 4]: x1, y1, x2, y2; scores [N, C, L]");
	onnx_metadata(
		o, "boxes",
		"in pixels of the network's input, not yet divided by the "
		"factors of the resize");
}

static int say_origin(struct onnx *o, const struct recipe *r,
		      struct fl_err *err)
{
	char path[PATH_MAX], hex[FL_DIGEST_HEX];
	struct tensor_file file = TENSOR_FILE_INIT;
	int rc = locate_weights(detect_options(r)->weights, path, sizeof(path),
				err);

	if (rc == 0)
		rc = weights_open(&file, path, err);
	if (rc != 0)
		return rc;
	checkpoint_digest(&file, hex);
	onnx_metadata(o, "weights_sha256", hex);
	fl_digest_hex_of(r->effective, strlen(r->effective), hex);
	onnx_metadata(o, "recipe", r->filename);
	onnx_metadata(o, "recipe_sha256", hex);
	onnx_metadata(o, "architecture", r->architecture);
	onnx_metadata(o, "made_by", "flotilla " FLOTILLA_VERSION);
	return tensor_file_end(&file, path, 0, err);
}

static int build(struct export_job *e, bool nms, struct onnx *o,
		 struct fl_err *err)
{
	struct nms_params params = family_suppression(e->job.recipe);
	struct export_input in = {
		.model = e->model,
		.weights = e->net.host.row[STATE_WEIGHTS],
		.statistics = e->net.host.row[STATE_STATISTICS],
		.height = e->reader->sizes[0][0],
		.width = e->reader->sizes[0][1],
		.suppression = nms ? &params : NULL,
	};
	int rc = network_fetch(&e->net, STATE_MODEL, err);

	if (rc == 0)
		rc = export_network(&in, o, err);
	if (rc != 0)
		return rc;
	say_classes(o, &e->classes.list);
	say_input(o, e->reader);
	say_output(o, nms);
	return say_origin(o, e->job.recipe, err);
}

/* Where the file goes; its folder is made. */
static int choose_path(const struct export_args *args, const struct recipe *r,
		       char *path, size_t size, struct fl_err *err)
{
	const char *folder = args->folder ? args->folder : FOLDER;
	char name[PATH_MAX], *slash;
	int rc;

	if (args->out && args->folder)
		return fl_fail(
			err, FL_EUSAGE,
			"--out names the file and --output_dir a folder; "
			"give one or the other");
	snprintf(name, sizeof(name), "%s/model.onnx", r->filename);
	rc = args->out ? fl_join(path, size, "", args->out, err)
		       : fl_join(path, size, folder, name, err);
	if (rc != 0)
		return rc;
	if (fl_is_dir(path))
		return fl_fail(err, FL_EUSAGE,
			       "'%s' is a folder; --out names a file", path);
	slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	*slash = '\0';
	rc = fl_make_dirs(path, err);
	*slash = '/';
	return rc;
}

static int export(void *ctx, int words, char **argv, struct fl_err *err)
{
	const struct export_args *args = ctx;
	struct export_job e = { 0 };
	struct onnx o = { 0 };
	char path[PATH_MAX];
	struct stat st;
	int rc;

	(void)words, (void)argv;
	option_say_passed(&cmd_export_options, &args->job.passed);
	rc = open_job(&e, &args->job, err);
	if (rc == 0)
		rc = choose_path(args, e.job.recipe, path, sizeof(path), err);
	if (rc == 0)
		rc = build(&e, args->nms, &o, err);
	if (rc == 0)
		rc = onnx_write(&o, path, err);
	if (rc == 0)
		fl_info("%s: %.1f MB, images [N, 3, %d, %d] to %s", path,
			stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0,
			e.reader->sizes[0][0], e.reader->sizes[0][1],
			args->nms ? "detections [K, 7]" : "boxes and scores");
	onnx_release(&o);
	close_job(&e, rc);
	return rc;
}

int cmd_export(int argc, char **argv, struct fl_err *err)
{
	struct export_args args = { 0 };
	int rc;

	fl_log_name("flotilla.export");
	rc = cmd_run(&cmd_export_options, &args, argc, argv, export, err);
	job_args_release(&args.job);
	return rc;
}
