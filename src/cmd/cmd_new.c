/* cmd_new.c - flotilla new: from a folder of pictures and labels to a recipe.
 *
 * Everything is read, proposed and put into words before the first byte is
 * written; then the annotation files and last the recipe appear, each whole. In
 * this order: target and what is there already (a mistyped --out is told at
 * once), labels (data/layout), facts and report, proposal, machine, texts. */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "base/str.h"
#include "cmd/new_proposal.h"
#include "cmd/new_report.h"
#include "text/option.h"
#include "data/layout/layout.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct new_args {
	const char *out, *layout;
	bool force, skip_broken;
};

static const struct option_row rows[] = {
	{ "out", 0, OPTION_TEXT, offsetof(struct new_args, out), .arg = "FILE",
	  .help = "the recipe to write (default my.yml)" },
	{ "layout", 0, OPTION_TEXT, offsetof(struct new_args, layout),
	  .arg = "NAME",
	  .help = "coco, voc, yolo or labelme, where there are several" },
	{ "skip_broken", 0, OPTION_FLAG, offsetof(struct new_args, skip_broken),
	  .help = "leave out pictures whose label file is broken" },
	{ "force", 0, OPTION_FLAG, offsetof(struct new_args, force),
	  .help = "write over a recipe that is there" },
};

const struct option_table cmd_new_options = {
	.program = "flotilla new",
	.usage = "DATA [--out my.yml]",
	.about =
		"Looks at a data set (COCO json, VOC XML, YOLO text files, labelme json, as\n"
		"Roboflow, CVAT, Label Studio and others export them), says what it found and\n"
		"writes a recipe that trains on it. Nothing in DATA is changed; annotation files\n"
		"that training needs are written beside the recipe.",
	.example = "  flotilla new photographs\n"
		   "  flotilla new exports/cells --out cells.yml\n"
		   "  flotilla train -c cells.yml --eval",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.operand = "DIR",
};

/* What is written: the recipe's folder and name, and the other files. */
struct target {
	char folder[PATH_MAX], stem[NAME_MAX + 1];
	char recipe[PATH_MAX];
	char anno[SPLITS][PATH_MAX];
};

/* realpath, since the recipe has absolute paths: it works from any
 * folder then. */
static int set_target(const char *out, struct target *t, struct fl_err *err)
{
	const char *name = fl_base_name(out);
	char folder[PATH_MAX];
	int length = (int)strlen(name) - (fl_ends_with(name, ".yml") ? 4 : 5);
	int rc = 0;

	if (!fl_ends_with(name, ".yml") && !fl_ends_with(name, ".yaml"))
		return fl_fail(err, FL_EUSAGE,
			       "a recipe ends in .yml or .yaml, unlike '%s'",
			       out);
	if (length < 1)
		return fl_fail(err, FL_EUSAGE,
			       "'%s' is an ending without a name", out);
	snprintf(folder, sizeof(folder), "%.*s",
		 name == out ? 1 : (int)(name - out), name == out ? "." : out);
	if (!realpath(folder, t->folder) || !fl_is_dir(t->folder))
		return fl_fail(
			err, FL_EUSAGE,
			"the folder '%s' of the recipe does not exist; make it first",
			folder);
	/* "my.yml" has my.train.json beside it: two recipes in
	 * one folder do not share files. */
	snprintf(t->stem, sizeof(t->stem), "%.*s", length, name);
	rc = fl_join(t->recipe, sizeof(t->recipe), t->folder, name, err);
	for (int s = SPLIT_TRAIN; rc == 0 && s < SPLITS; s++) {
		static const char *const names[SPLITS] = { "", "train", "val",
							   "test" };
		char file[NAME_MAX + 16];

		snprintf(file, sizeof(file), "%s.%s.json", t->stem, names[s]);
		rc = fl_join(t->anno[s], sizeof(t->anno[s]), t->folder, file,
			     err);
	}
	return rc;
}

/* The user's files stay: a recipe that people have edited, above all. Looked at
 * before the labels, which may take minutes. */
static int refuse_existing(const struct target *t, struct fl_err *err)
{
	const char *there = fl_exists(t->recipe) ? t->recipe : NULL;

	for (int s = SPLIT_TRAIN; !there && s < SPLITS; s++)
		there = fl_exists(t->anno[s]) ? t->anno[s] : NULL;
	if (!there)
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"'%s' is there already; --out names another recipe, --force writes over it",
		there);
}

/* A path that YAML and JSON can hold. */
static int check_path(const char *path, struct fl_err *err)
{
	size_t n;

	for (const char *p = path; *p; p += n) {
		n = fl_utf8_len(p);
		if (n == 0 || (unsigned char)*p < 0x20)
			return fl_fail(
				err, FL_EDATA,
				"the path '%s' has characters that are not UTF-8 or not printable; rename the folder",
				path);
	}
	return 0;
}

static bool has_part(const struct labels *l, enum label_split split)
{
	for (size_t i = 0; i < l->image_count; i++)
		if (!l->images[i].gone && l->images[i].split == split)
			return true;
	return false;
}

/* A file that is not yet there under its name. was_there: taking it away
 * again would lose the older one. */
struct page {
	struct fl_out out;
	bool open, was_there;
};

static int write_page(struct page *page, const char *path,
		      const struct fl_str *text, struct fl_err *err)
{
	int rc = fl_out_open(&page->out, path, err);

	page->open = rc == 0;
	page->was_there = fl_exists(path);
	return rc ? rc : fl_out_write(&page->out, text->data, text->len, err);
}

/* All files are written beside their names before the first gets its name, the
 * recipe last; a signal waits. */
static int write_all(const struct target *t, struct fl_str texts[SPLITS],
		     struct fl_err *err)
{
	const char *paths[SPLITS] = { t->recipe, t->anno[SPLIT_TRAIN],
				      t->anno[SPLIT_VAL], t->anno[SPLIT_TEST] };
	struct page pages[SPLITS] = { 0 };
	sigset_t all, before;
	int rc = 0;

	/* Between two renames there is a half of the data set; a
	 * second of waiting is worth that. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	for (int i = 0; rc == 0 && i < SPLITS; i++)
		if (texts[i].len > 0)
			rc = write_page(&pages[i], paths[i], &texts[i], err);
	/* From the last to the first, and the recipe is the first:
	 * whoever sees it finds all it names. */
	for (int i = SPLITS - 1; i >= 0; i--) {
		if (pages[i].open && rc == 0)
			rc = fl_out_commit(&pages[i].out, err);
		else if (pages[i].open)
			fl_out_abort(&pages[i].out);
	}
	/* Without the recipe the others are of no use. */
	for (int i = 0; rc != 0 && i < SPLITS; i++)
		if (pages[i].open && !pages[i].was_there)
			unlink(paths[i]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void say_written(const struct target *t, const struct fl_str *texts,
			const struct new_facts *f, const struct new_proposal *p,
			const char *out)
{
	printf("proposed: %d %s, %dx%d, batch %d, %d epochs; %.0f MiB of activations; %s\n",
	       f->classes, fl_plural(f->classes, "class", "classes"), p->size,
	       p->size, p->batch, p->epochs, p->bytes / 0x1p20, p->time_why);
	printf("wrote %s", t->recipe);
	for (int s = SPLIT_TRAIN; s < SPLITS; s++)
		if (texts[s].len > 0)
			printf(", %s", fl_base_name(t->anno[s]));
	printf("\nnow: flotilla train -c %s --eval\n", out);
}

/* texts[SPLIT_NONE] is the recipe. */
static void make_texts(const struct labels *l, const struct target *t,
		       const struct new_facts *f, const struct new_proposal *p,
		       struct fl_str texts[SPLITS])
{
	struct new_place at = { .folder = t->folder,
				.stem = t->stem,
				.data = l->tree.root };

	for (int s = SPLIT_TRAIN; s < SPLITS; s++) {
		/* A COCO json that training can use in place
		 * is named and not copied. */
		at.anno[s] = l->ready[s] ? l->ready[s] : t->anno[s];
		at.image_dir[s] = l->image_dir[s];
		if (!l->ready[s] && has_part(l, (enum label_split)s))
			layout_coco_text(l, (enum label_split)s, &texts[s]);
	}
	new_recipe_text(f, p, &at, &texts[SPLIT_NONE]);
}

static int make(const struct new_args *args, const char *data,
		struct fl_err *err)
{
	struct fl_str texts[SPLITS] = { 0 };
	const char *out = args->out ? args->out : "my.yml";
	struct new_proposal proposal;
	struct new_facts facts;
	struct labels labels;
	struct target target;
	int rc = set_target(out, &target, err);

	if (rc == 0 && !args->force)
		rc = refuse_existing(&target, err);
	if (rc == 0)
		rc = check_path(target.folder, err);
	if (rc == 0)
		rc = layout_read(data, args->layout, args->skip_broken, &labels,
				 err);
	if (rc != 0)
		return rc;
	rc = check_path(labels.tree.root, err);
	if (rc == 0) {
		new_facts_take(&labels, &facts);
		new_report(&labels, &facts, stdout);
		new_propose(&facts, &proposal);
		rc = new_fit_machine(&facts, &labels, &proposal, err);
	}
	if (rc == 0) {
		make_texts(&labels, &target, &facts, &proposal, texts);
		rc = write_all(&target, texts, err);
	}
	if (rc == 0)
		say_written(&target, texts, &facts, &proposal, out);
	for (int i = 0; i < SPLITS; i++)
		fl_str_release(&texts[i]);
	labels_release(&labels);
	return rc;
}

static int take_folder(void *args, int words, char **argv, struct fl_err *err)
{
	if (words != 1)
		return fl_fail(
			err, FL_EUSAGE,
			"new needs one folder: flotilla new DATA [--out my.yml]");
	return make(args, argv[0], err);
}

int cmd_new(int argc, char **argv, struct fl_err *err)
{
	struct new_args args = { 0 };

	fl_log_name("flotilla.new");
	fl_par_init(0);
	return cmd_run(&cmd_new_options, &args, argc, argv, take_folder, err);
}
