/* cmd_infer.c - flotilla infer: pictures with boxes,
 * and the detections as JSON.
 * First all pictures are detected, then each is drawn into the output folder
 * under its own name; a picture that would be drawn over itself is refused
 * before anything is written. The weights' own list of classes gives
 * the names. */
#include "cmd/cmd.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/owner.h"
#include "cmd/job_detect.h"
#include "cmd/paddle_options.h"
#include "eval/coco_json.h"
#include "image/draw.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct infer_args {
	struct job_args job;
	const char *image, *folder, *output;
	double draw_threshold, save_threshold;
	bool save_results, visualize;
};

static const struct option_row rows[] = {
	JOB_ROWS(infer_args),
	{ "infer_img", 0, OPTION_TEXT, offsetof(struct infer_args, image),
	  .arg = "FILE", .help = "one picture; goes before --infer_dir" },
	{ "infer_dir", 0, OPTION_TEXT, offsetof(struct infer_args, folder),
	  .arg = "DIR", .help = "all pictures of a folder" },
	{ "output_dir", 0, OPTION_TEXT, offsetof(struct infer_args, output),
	  .arg = "DIR",
	  .help = "where the drawn pictures go (default output)" },
	{ "draw_threshold", 0, OPTION_REAL,
	  offsetof(struct infer_args, draw_threshold), 0, 1, "S",
	  "lowest score that is drawn (default 0.5)" },
	{ "save_results", 0, OPTION_FLAG,
	  offsetof(struct infer_args, save_results),
	  .help = "write the detections to bbox.json as well" },
	{ "save_threshold", 0, OPTION_REAL,
	  offsetof(struct infer_args, save_threshold), 0, 1, "S",
	  "lowest score that is written (default 0; PaddleDetection's is 0.5)" },
	{ "visualize", 0, OPTION_FLAG, offsetof(struct infer_args, visualize),
	  .help = "draw the pictures (default true)" },
};

const struct option_table cmd_infer_options = {
	.program = "flotilla infer",
	.usage = "-c FILE -o weights=W (--infer_img FILE | --infer_dir DIR)",
	.about = "Draws what a model sees: boxes with names and scores.",
	.example =
		"  flotilla infer -c my.yml -o weights=output/my/best_model --infer_dir photos",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	PADDLE_OPTIONS(infer_args, PADDLE_INFER),
};

/* The place of a category among the classes. Ids come from the same list, so
 * all are found. */
static int class_of(const struct dataset *d, int64_t category)
{
	for (int c = 0; c < d->class_count; c++)
		if (d->class_ids[c] == category)
			return c;
	return 0;
}

static void draw_one(struct image *im, const struct dataset *d,
		     const struct coco_detection *det)
{
	int c = class_of(d, det->category_id);
	char label[160];

	snprintf(label, sizeof(label), "%s %.2f", d->class_names[c],
		 det->score);
	draw_object(im, (int)det->bbox[0], (int)det->bbox[1],
		    (int)(det->bbox[0] + det->bbox[2]),
		    (int)(det->bbox[1] + det->bbox[3]), c, label);
}

/* Detections come grouped by picture, by rising id, as the pictures do: one
 * walk over both. args->draw_threshold is PaddleDetection's 0.5. */
static int draw_all(const struct infer_args *args, const struct dataset *d,
		    const bool *known_bad, const struct coco_detection *found,
		    size_t count, struct fl_err *err)
{
	struct image im = { 0 };
	size_t at = 0, drawn = 0;
	int pictures = 0, rc = fl_make_dirs(args->output, err);

	for (int i = 0; rc == 0 && i < d->count; i++) {
		struct fl_err bad = FL_ERR_INIT;
		char path[PATH_MAX];

		if (image_read(d->images[i].path, &im, &bad) != 0) {
			/* Unless named when it was to be looked at. */
			if (!known_bad[i])
				fl_warn("%s; it is not drawn", bad.text);
			continue;
		}
		for (; at < count && found[at].image_id <= d->images[i].id;
		     at++) {
			if (found[at].image_id < d->images[i].id ||
			    found[at].score < args->draw_threshold)
				continue;
			draw_one(&im, d, &found[at]);
			drawn++;
		}
		rc = fl_join(path, sizeof(path), args->output,
			     fl_base_name(d->images[i].path), err);
		if (rc == 0)
			/* Of JPEG, as OpenCV writes it by default. */
			rc = image_write(path, &im, 95, err);
		pictures++;
	}
	image_release(&im);
	if (rc == 0)
		fl_info("%d %s with %zu %s of score %g and more in %s",
			pictures, fl_plural(pictures, "picture", "pictures"),
			drawn, fl_plural(drawn, "box", "boxes"),
			args->draw_threshold, args->output);
	return rc;
}

/* With the file names, for ids of pictures without annotations are only their
 * places in the folder. All scores by default: a threshold can be laid on
 * later, what was left out cannot be had back. */
static int write_results(const struct infer_args *args, const struct dataset *d,
			 struct coco_detection *found, size_t count,
			 struct fl_err *err)
{
	const char **files = fl_calloc((size_t)d->count + 1, sizeof(*files));
	char path[PATH_MAX];
	size_t kept = 0;
	int rc = fl_make_dirs(args->output, err);

	for (int i = 0; i < d->count; i++)
		files[d->images[i].id] = fl_base_name(d->images[i].path);
	for (size_t i = 0; i < count; i++)
		if (found[i].score >= args->save_threshold)
			found[kept++] = found[i];
	if (rc == 0)
		rc = fl_join(path, sizeof(path), args->output, "bbox.json",
			     err);
	if (rc == 0)
		rc = coco_detections_write(path, found, kept, &d->ids, files,
					   err);
	if (rc == 0)
		fl_info("%zu %s of score %g and more in %s", kept,
			fl_plural(kept, "detection", "detections"),
			args->save_threshold, path);
	free(files);
	return rc;
}

/* Drawn pictures have the names of those they were drawn on. By device and
 * number of the file: two paths may lead to one. */
static int check_targets(const struct infer_args *args, const struct dataset *d,
			 struct fl_err *err)
{
	char path[PATH_MAX];
	int rc = 0;

	for (int i = 0; rc == 0 && i < d->count; i++) {
		const char *from = d->images[i].path;
		struct stat a, b;

		rc = fl_join(path, sizeof(path), args->output,
			     fl_base_name(from), err);
		if (rc == 0 && stat(from, &a) == 0 && stat(path, &b) == 0 &&
		    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			rc = fl_fail(
				err, FL_EUSAGE,
				"the picture '%s' would be drawn over itself; choose another --output_dir",
				from);
	}
	return rc;
}

/* Of two that write bbox.json at once one would be lost. Drawn pictures
 * alone may come from several runs. */
static int take_output(const struct infer_args *args, struct fl_owner *owner,
		       struct fl_err *err)
{
	int rc = fl_make_dirs(args->output, err);

	if (rc == 0)
		rc = fl_owner_claim(owner, args->output, "", 0,
				    "choose another --output_dir", err);
	return rc;
}

/* The folder is asked for before the pictures are detected: what may take hours
 * must not fail at its end for that. */
static int infer(const struct infer_args *args, struct job_detect *job,
		 struct fl_err *err)
{
	const struct dataset *data = &job->evaluator.data;
	struct coco_detection *found = NULL;
	struct fl_owner owner = { .fd = -1 };
	size_t count = 0;
	int rc = check_targets(args, data, err);

	if (rc == 0 && args->save_results)
		rc = take_output(args, &owner, err);
	if (rc == 0)
		rc = evaluator_detect(&job->evaluator, &job->net, job->reader,
				      &found, &count, err);
	if (rc == 0 && args->visualize)
		rc = draw_all(args, data, job->evaluator.bad.known, found,
			      count, err);
	if (rc == 0 && args->save_results)
		rc = write_results(args, data, found, count, err);
	fl_owner_release(&owner);
	free(found);
	return rc;
}

static int open_and_infer(const struct infer_args *args, struct fl_err *err)
{
	const struct job_pictures pictures = {
		.file = args->image, .folder = args->image ? NULL : args->folder
	};
	struct job_detect job;
	int rc;

	option_say_passed(&cmd_infer_options, &args->job.passed);
	rc = job_detect_open(&job, &args->job, &pictures, err);
	if (rc == 0)
		rc = infer(args, &job, err);
	job_detect_close(&job, rc);
	return rc;
}

static int take_line(void *ctx, int words, char **argv, struct fl_err *err)
{
	struct infer_args *args = ctx;

	(void)words, (void)argv;
	if (!args->image && !args->folder)
		return fl_fail(err, FL_EUSAGE,
			       "give one of --infer_img and --infer_dir");
	if (!args->visualize && !args->save_results)
		return fl_fail(
			err, FL_EUSAGE,
			"with --visualize false and without --save_results nothing would be written");
	return open_and_infer(args, err);
}

int cmd_infer(int argc, char **argv, struct fl_err *err)
{
	struct infer_args args = { .output = "output",
				   .draw_threshold = 0.5,
				   .visualize = true };
	int rc;

	fl_log_name("flotilla.infer");
	rc = cmd_run(&cmd_infer_options, &args, argc, argv, take_line, err);
	job_args_release(&args.job);
	return rc;
}
