/* Which layout it is, and its reader: 'new' calls layout_read(), which opens
 * the tree, chooses, reads, measures the pictures and deals them out. Where a
 * folder has several layouts, the one that says most is read and the others are
 * named: COCO and VOC state sizes, YOLO's text files do not; labelme's files
 * are what the others were made from. */
#include "data/layout/layout.h"
#include "data/layout/layout_priv.h"

#include "base/file.h"
#include "box/annotations.h"
#include "box/foreign_labels.h"
#include "image/image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The order is the order of preference. A layout more is a row here, with its
 * finder (how many of its files are there) and its reader. */
static const struct {
	const char *name, *what;
	layout_finder *find;
	layout_reader *read;
} layouts[] = {
	{ "coco", "COCO json", layout_find_coco, layout_read_coco },
	{ "voc", "VOC XML", layout_find_voc, layout_read_voc },
	{ "yolo", "YOLO text files", layout_find_yolo, layout_read_yolo },
	{ "labelme", "labelme json", layout_find_labelme, layout_read_labelme },
};
#define LAYOUTS (int)(sizeof(layouts) / sizeof(layouts[0]))

static bool is_archive(const char *path)
{
	static const char *const endings[] = { ".zip", ".tar", ".gz",
					       ".tgz", ".7z",  ".rar" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (fl_ends_with(path, endings[i]))
			return true;
	return false;
}

#define LOOKED_AT 1000 /* files, before we say that none is anybody's */

/* What the bytes of a file say: whose it is; NULL: they do not. */
static const char *by_contents(struct tree *t, const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	const char *what = NULL;
	struct fl_map map;

	if (fl_map_open(&map, tree_full(t, path), &err) != 0)
		return NULL;
	what = foreign_labels(map.data, map.size);
	if (!what && tree_is_xml(path) &&
	    memmem(map.data, map.size, "<annotations>", 13))
		what = "CVAT's own XML: export as COCO 1.0 there";
	fl_map_close(&map);
	return what;
}

/* What a file that is there is, though none of the layouts; NULL: nothing to
 * say. The first one that has an answer becomes the hint of the error: people
 * export in a tool's own format, or forget to unpack. */
static const char *stranger(struct tree *t, const char *path)
{
	static const struct {
		const char *ending, *what;
	} kinds[] = {
		{ ".csv", "a table: export the data set as COCO, VOC or YOLO" },
		{ ".tfrecord",
		  "TensorFlow's records: export the data set as COCO, VOC or YOLO" },
		{ ".record",
		  "TensorFlow's records: export the data set as COCO, VOC or YOLO" },
		{ ".vott", "a project of VoTT: export as Pascal VOC there" },
		{ ".xml", "an XML without <annotation>" },
	};
	const char *what = NULL;

	if (is_archive(path))
		return "an archive: unpack it first";
	what = by_contents(t, path);
	for (size_t i = 0; !what && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (fl_ends_with(path, kinds[i].ending))
			what = kinds[i].what;
	return what;
}

/* A json that is nobody's: what is wrong with it. */
static const char *broken_json(struct tree *t, const char *path, char *room,
			       size_t size)
{
	struct fl_err err = FL_ERR_INIT;
	struct annotations a;

	if (!tree_is_json(path))
		return NULL;
	if (annotations_read(tree_full(t, path), &a, &err) == 0) {
		annotations_release(&a);
		return "a json without images, annotations and categories";
	}
	snprintf(room, size, "no COCO file (%.400s)", err.text);
	return room;
}

static int found_nothing(struct tree *t, struct fl_err *err)
{
	const char *odd = NULL, *what = NULL;
	char room[512];
	int pictures = 0;

	for (int i = 0; i < t->count; i++)
		pictures += image_is_named(t->paths[i]);
	/* what is known first: projects have other files beside their labels */
	for (int i = 0, looked = 0; !what && i < t->count; i++) {
		odd = t->paths[i];
		if (!image_is_named(odd) && looked++ < LOOKED_AT)
			what = stranger(t, odd);
	}
	for (int i = 0; !what && i < t->count; i++) {
		odd = t->paths[i];
		what = broken_json(t, odd, room, sizeof(room));
	}
	return fl_fail(
		err, FL_EDATA,
		"no labels of a known kind below '%s' (%d files, %d pictures): "
		"COCO json, VOC XML, YOLO text files with data.yaml or "
		"classes.txt, or labelme json%s%s%s%s",
		t->root, t->count, pictures, what ? "; '" : "", what ? odd : "",
		what ? "' is " : "", what ? what : "");
}

/* -1 and the error, or the layout. */
static int choose(struct labels *l, const char *wanted, struct fl_err *err)
{
	int found[LAYOUTS], best = -1;

	for (int i = 0; i < LAYOUTS; i++)
		if (wanted && strcasecmp(wanted, layouts[i].name) == 0)
			best = i;
	if (best >= 0)
		return best;
	if (wanted) {
		fl_fail(err, FL_EUSAGE,
			"unknown layout '%s'; there are coco, voc, yolo and labelme",
			wanted);
		return -1;
	}
	/* All are asked, from the last, so that the best is what was found last
	 * and the others can be named. */
	for (int i = LAYOUTS - 1; i >= 0; i--) {
		found[i] = layouts[i].find(&l->tree);
		best = found[i] > 0 ? i : best;
	}
	if (best < 0)
		found_nothing(&l->tree, err);
	for (int i = best + 1; best >= 0 && i < LAYOUTS; i++)
		if (found[i] > 0)
			labels_odd(l, ODD_OTHER_FILE,
				   "there are %s too: --layout %s reads them",
				   layouts[i].what, layouts[i].name);
	return best;
}

/* Endings are enough: nothing is opened before the layout is known. */
static bool has_pictures(const struct tree *t)
{
	for (int i = 0; i < t->count; i++)
		if (image_is_named(t->paths[i]))
			return true;
	return false;
}

/* "annotations", "Annotations", "labels": pictures lie beside such a folder. */
static bool holds_labels(const char *folder)
{
	const char *name = fl_base_name(folder);

	return strncasecmp(name, "annotation", 10) == 0 ||
	       strncasecmp(name, "label", 5) == 0;
}

/* The tree for a label file that was named, and in *one its place there.
 * Pictures lie in its folder, or, of "annotations/train.json", in the folder
 * above: it is tried second, and nothing higher. */
static int open_beside(struct labels *l, const char *data, const char **one,
		       struct fl_err *err)
{
	char real[PATH_MAX], *name = NULL;
	int rc = 0;

	if (!realpath(data, real))
		return fl_fail(err, FL_EDATA, "cannot open '%s'", data);
	for (int up = 0; rc == 0 && up < 2; up++) {
		char *slash = strrchr(real, '/');

		if (!slash || slash == real)
			break;
		tree_close(&l->tree);
		/* Put back the slash that the first turn cut at. */
		if (name)
			name[-1] = '/';
		*slash = '\0';
		name = slash + 1;
		rc = tree_open(&l->tree, real, err);
		if (rc == 0)
			*one = tree_get(&l->tree, name);
		if (rc == 0 && (has_pictures(&l->tree) || !holds_labels(real)))
			break;
	}
	return rc;
}

static int open_tree(struct labels *l, const char *data, const char **one,
		     struct fl_err *err)
{
	*one = NULL;
	if (!fl_exists(data))
		return fl_fail(err, FL_EDATA, "'%s' does not exist", data);
	if (fl_is_dir(data))
		return tree_open(&l->tree, data, err);
	if (is_archive(data))
		return fl_fail(
			err, FL_EDATA,
			"'%s' is an archive: unpack it first and give the folder",
			data);
	if (!tree_is_json(data) && !tree_is_yaml(data))
		return fl_fail(
			err, FL_EDATA,
			"'%s' is neither a folder nor a COCO json nor a data.yaml; "
			"give the folder that holds the labels and the pictures",
			data);
	return open_beside(l, data, one, err);
}

static int read_labels(struct labels *l, const char *wanted, const char *one,
		       struct fl_err *err)
{
	int which;

	/* A yaml is YOLO's alone, a json that was named is COCO's: labelme's
	 * single files make no data set. */
	if (one && tree_is_yaml(one))
		return layout_read_yolo(l, one, err);
	if (one)
		return layout_read_coco(l, one, err);
	which = choose(l, wanted, err);
	return which < 0 ? err->code : layouts[which].read(l, NULL, err);
}

/* After everything was read, so that the sentence can say how many there
 * are. */
static int refuse_broken(const struct labels *l, struct fl_err *err)
{
	const struct label_odds *o = &l->odd[ODD_BROKEN];

	if (o->count == 0 || l->skip_broken)
		return 0;
	return fl_fail(
		err, FL_EDATA,
		"%ld label %s broken: %s%s; mend %s, or leave %s out with --skip_broken",
		o->count, o->count == 1 ? "file is" : "files are", o->text[0],
		o->count > 1 ? " (the first)" : "",
		o->count == 1 ? "it" : "them",
		o->count == 1 ? "its picture" : "their pictures");
}

/* Each step needs the one before it: broken files end it before pictures are
 * opened, and parts are dealt out by what is left after measuring. */
int layout_read(const char *data, const char *layout, bool skip_broken,
		struct labels *l, struct fl_err *err)
{
	const char *one;
	int rc;

	*l = (struct labels){ .skip_broken = skip_broken };
	rc = open_tree(l, data, &one, err);
	if (rc == 0)
		rc = read_labels(l, layout, one, err);
	if (rc == 0)
		rc = refuse_broken(l, err);
	if (rc == 0 && l->image_count == 0)
		rc = fl_fail(err, FL_EDATA,
			     "every label file of '%s' is broken", data);
	/* The tree counts ties for all its readers, which do not look at
	 * them. */
	if (rc == 0 && l->tree.ties > 0) {
		labels_odd(l, ODD_TIE, "%s", l->tree.tie);
		l->odd[ODD_TIE].count = l->tree.ties;
	}
	if (rc == 0)
		rc = layout_measure(l, err);
	if (rc == 0)
		rc = layout_deal(l, err);
	if (rc != 0)
		labels_release(l);
	return rc;
}
