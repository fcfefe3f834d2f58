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
#include "cmd/job_detect.h"
#include "cmd/paddle_options.h"
#include "data/options.h"
#include "detect/options.h"
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

/* As a checkpoint has them; a model that nobody knows the classes of has none. */
static void say_classes(struct onnx *o, const struct class_list *classes)
{
	struct tensor_meta meta[MODEL_CLASSES_META];

	if (classes->count == 0)
		return;
	model_classes_describe(classes, &o->arena, meta);
	for (int i = 0; i < MODEL_CLASSES_META; i++)
		onnx_metadata(o, meta[i].key, meta[i].text);
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

static int build(struct job_detect *d, bool nms, struct onnx *o,
		 struct fl_err *err)
{
	struct nms_params params = family_suppression(d->job.recipe);
	struct export_input in = {
		.model = d->model,
		.weights = d->net.host.row[STATE_WEIGHTS],
		.statistics = d->net.host.row[STATE_STATISTICS],
		.height = d->reader->sizes[0][0],
		.width = d->reader->sizes[0][1],
		.suppression = nms ? &params : NULL,
	};
	int rc = network_fetch(&d->net, STATE_MODEL, err);

	if (rc == 0)
		rc = export_network(&in, o, err);
	if (rc != 0)
		return rc;
	say_classes(o, &d->classes.list);
	say_input(o, d->reader);
	say_output(o, nms);
	return say_origin(o, d->job.recipe, err);
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
	struct job_detect d;
	struct onnx o = { 0 };
	char path[PATH_MAX];
	struct stat st;
	int rc;

	(void)words, (void)argv;
	option_say_passed(&cmd_export_options, &args->job.passed);
	rc = job_detect_open_model(&d, &args->job, err);
	if (rc == 0)
		rc = choose_path(args, d.job.recipe, path, sizeof(path), err);
	if (rc == 0)
		rc = build(&d, args->nms, &o, err);
	if (rc == 0)
		rc = onnx_write(&o, path, err);
	if (rc == 0)
		fl_info("%s: %.1f MB, images [N, 3, %d, %d] to %s", path,
			stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0,
			d.reader->sizes[0][0], d.reader->sizes[0][1],
			args->nms ? "detections [K, 7]" : "boxes and scores");
	onnx_release(&o);
	job_detect_close(&d, rc);
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
