/* COCO json: one file for all pictures or one a part. Read in the order find,
 * open, choose, classes, images (layout_read_coco at the end). Where train and
 * val say the same classes in the same order and every picture lies where its
 * name says, the recipe can name the files as they are ('ready'); otherwise
 * they are read like any other labels. Roboflow puts a category 0 in front that
 * only stands above the others: no object is of it, and it is left out. */
#include "data/layout/layout_priv.h"

#include "base/file.h"
#include "image/image.h"
#include "base/log.h"
#include "box/annotations.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Many more than one data set has parts and tasks: a folder with more holds
 * several, and which one is meant has to be said. */
#define MOST_FILES 64

struct coco_file {
	const char *path;
	enum label_split split;
	struct annotations a;
	int *class_of; /* of each category; -1: left out */
	const char *image_dir;
};

struct coco {
	struct labels *labels;
	struct coco_file files[MOST_FILES];
	int count;
	bool as_it_is; /* nothing met so far that needs another file */
};

/* Does the name of a member stand in the file? Its members come in any order
 * and one of them may be gigabytes, so all bytes are searched. A full reading,
 * which may still find the file to be broken, is for the layout that is
 * chosen. */
static bool holds(const struct fl_map *map, const char *name)
{
	return memmem(map->data, map->size, name, strlen(name)) != NULL;
}

/* By members that a tool always writes. A COCO file that an earlier 'new' left
 * beside the pictures is no label of the data set, or a second run would read
 * its own result. */
enum json_layout layout_json_kind(struct tree *t, const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	enum json_layout kind = NOT_LABELS;
	struct fl_map map;

	if (fl_map_open(&map, tree_full(t, path), &err) != 0)
		return NOT_LABELS;
	if (holds(&map, "\"shapes\"") && holds(&map, "\"imagePath\""))
		kind = LABELME_FILE;
	else if (holds(&map, "\"images\"") && holds(&map, "\"annotations\"") &&
		 holds(&map, "\"categories\"") && !holds(&map, LAYOUT_MARK))
		kind = COCO_FILE;
	fl_map_close(&map);
	return kind;
}

int layout_find_coco(struct tree *t)
{
	int n = 0;

	for (int i = 0; i < t->count; i++)
		n += tree_is_json(t->paths[i]) &&
		     layout_json_kind(t, t->paths[i]) == COCO_FILE;
	return n;
}

static long boxes_of(const struct annotations *a)
{
	long n = 0;

	for (size_t i = 0; i < a->box_count; i++)
		n += a->boxes[i].has_bbox;
	return n;
}

/* Adds the file at the end of the list. One without boxes is told and not
 * kept. */
static int open_file(struct coco *c, const char *path, struct fl_err *err)
{
	struct labels *l = c->labels;
	struct coco_file *f = &c->files[c->count];
	int rc;

	if (c->count == MOST_FILES)
		return fl_fail(err, FL_EDATA,
			       "more than %d COCO files below '%s'; name one",
			       MOST_FILES, l->tree.root);
	*f = (struct coco_file){ .path = path,
				 .split = labels_split_of(path, true) };
	rc = annotations_read(tree_full(&l->tree, path), &f->a, err);
	if (rc != 0)
		return rc;
	if (boxes_of(&f->a) == 0) { /* captions, panoptic, test lists */
		labels_odd(l, ODD_OTHER_FILE, "%s has no boxes", path);
		annotations_release(&f->a);
		return 0;
	}
	c->count++;
	return 0;
}

/* The rest moves up: callers go through the list from its end. */
static void drop_file(struct coco *c, int i, const char *why)
{
	struct coco_file *f = &c->files[i];

	labels_odd(c->labels, ODD_OTHER_FILE, "%s: %s", f->path, why);
	annotations_release(&f->a);
	memmove(f, f + 1, (size_t)(--c->count - i) * sizeof(*f));
}

/* COCO's own folder holds instances, keypoints and captions of the same
 * pictures; and beside train and val often lies the file that was split. */
static void choose(struct coco *c)
{
	bool instances = false, parts = false;

	for (int i = 0; i < c->count; i++) {
		instances |= strncasecmp(fl_base_name(c->files[i].path),
					 "instances_", 10) == 0;
		parts |= c->files[i].split != SPLIT_NONE;
	}
	for (int i = c->count - 1; i >= 0; i--) {
		const struct coco_file *f = &c->files[i];

		if (instances &&
		    strncasecmp(fl_base_name(f->path), "instances_", 10) != 0)
			drop_file(c, i, "instances_*.json are read");
		else if (parts && f->split == SPLIT_NONE)
			drop_file(
				c, i,
				"the files of training and validation are read");
	}
}

/* Training comes first, so its file's order of classes becomes the recipe's. */
static int by_split(const void *a, const void *b)
{
	const struct coco_file *x = a, *y = b;

	return x->split != y->split ? (int)x->split - (int)y->split
				    : strcmp(x->path, y->path);
}

/* By name and over all files: what is a dummy in one has to be one in all. */
static bool is_marked(const struct coco *c, const char *name)
{
	for (int i = 0; i < c->count; i++) {
		const struct annotations *a = &c->files[i].a;

		for (size_t k = 0; k < a->box_count; k++)
			if (a->boxes[k].category >= 0 &&
			    strcmp(a->categories[a->boxes[k].category].name,
				   name) == 0)
				return true;
	}
	return false;
}

/* Does it stand above others (their "supercategory") and mark nothing? Above
 * others alone is not enough: it may have objects of its own. */
static bool is_dummy(const struct coco *c, const struct annotations *a,
		     size_t of)
{
	const char *name = a->categories[of].name;

	for (size_t i = 0; i < a->category_count; i++)
		if (i != of && strcmp(a->categories[i].parent, name) == 0)
			return !is_marked(c, name);
	return false;
}

/* What makes a file ambiguous is refused: a box could be of either class. */
static int check_category(const struct coco_file *f, size_t of,
			  struct fl_err *err)
{
	const struct annotation_category *c = &f->a.categories[of];
	char id[TEXT_ID_ROOM];

	if (!*c->name)
		return fl_fail(err, FL_EDATA, "%s: category %s has no name",
			       f->path, text_ids_show(&f->a.ids, c->id, id));
	for (size_t k = 0; k < of; k++)
		if (f->a.categories[k].id == c->id)
			return fl_fail(
				err, FL_EDATA,
				"%s: category id %s stands for '%s' and '%s'",
				f->path, text_ids_show(&f->a.ids, c->id, id),
				f->a.categories[k].name, c->name);
	return 0;
}

static int take_classes_of(struct coco *c, struct coco_file *f,
			   struct fl_err *err)
{
	struct labels *l = c->labels;
	size_t n = f->a.category_count;
	int rc = 0;

	f->class_of = fl_calloc(n + 1, sizeof(int));
	for (size_t k = 0; rc == 0 && k < n; k++) {
		const char *name = f->a.categories[k].name;

		f->class_of[k] = -1;
		rc = check_category(f, k, err);
		if (rc == 0 && !is_dummy(c, &f->a, k)) {
			f->class_of[k] = labels_class(l, name);
			/* PaddleDetection counts classes by their place in the
			 * file (and we do), so places have to be the same in
			 * every file. */
			c->as_it_is &= f->class_of[k] == (int)k;
		} else if (rc == 0) {
			c->as_it_is = false;
			if (f == &c->files[0])
				labels_odd(l, ODD_DUMMY, "'%s'", name);
		}
	}
	return rc;
}

static int take_classes(struct coco *c, struct fl_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < c->count; i++)
		rc = take_classes_of(c, &c->files[i], err);
	for (int i = 0; i < c->count; i++)
		/* Only now: a later file may have added classes that this one
		 * lacks. */
		c->as_it_is &= (int)c->files[i].a.category_count ==
			       c->labels->class_count;
	return rc;
}

/* Does the name, put behind one folder for all, lead to its picture? A recipe
 * has one image_dir for a data set. The first picture settles which. */
static bool in_one_folder(struct coco_file *f, struct fl_arena *arena,
			  const char *path, const char *name)
{
	size_t n = strlen(path), m = strlen(name), front;

	if (n < m || strcmp(path + n - m, name) != 0 ||
	    (n > m && path[n - m - 1] != '/'))
		return false;
	front = n > m ? n - m - 1 : 0;
	if (!f->image_dir)
		f->image_dir = fl_arena_strndup(arena, path, front);
	return strlen(f->image_dir) == front &&
	       strncmp(f->image_dir, path, front) == 0;
}

/* What cannot be trained on is told by kind. A category that nothing names
 * breaks the file, for its boxes are objects that somebody saw. */
static void take_box(struct coco *c, const struct coco_file *f,
		     const struct annotation_box *b)
{
	struct label_box box = { b->x, b->y, b->w, b->h, 0 };
	struct labels *l = c->labels;
	const char *name = f->a.images[b->image].file_name;
	char id[TEXT_ID_ROOM], other[TEXT_ID_ROOM], why[160];
	const char *own = text_ids_show(&f->a.ids, b->id, id);

	if (b->category < 0 || f->class_of[b->category] < 0) {
		struct fl_err err = FL_ERR_INIT;

		fl_fail(&err, FL_EDATA,
			"%s: annotation %s of %s has category %s, which 'categories' does not name",
			f->path, own, name,
			text_ids_show(&f->a.ids, b->category_id, other));
		labels_broken(l, &err);
	} else if (b->crowd || b->ignore) {
		labels_odd(l, ODD_CROWD, "annotation %s of %s", own, name);
	} else if (!b->has_bbox || !isfinite(b->x + b->y + b->w + b->h)) {
		labels_odd(l, ODD_NO_AREA, "%s: annotation %s of %s: %s",
			   f->path, own, name,
			   annotations_fault(&f->a, b, why, sizeof(why)));
	} else {
		box.class = f->class_of[b->category];
		labels_box(l, &box);
	}
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Ids that several images share, sorted (malloc): whose boxes are whose cannot
 * be told. Tools that put files together without numbering anew write them. */
static int64_t *shared_ids(const struct annotations *a, size_t *count)
{
	int64_t *ids = fl_calloc(a->image_count + 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < a->image_count; i++)
		ids[i] = a->images[i].id;
	qsort(ids, a->image_count, sizeof(*ids), by_number);
	for (size_t i = 1; i < a->image_count; i++)
		if (ids[i] == ids[i - 1] && (n == 0 || ids[n - 1] != ids[i]))
			ids[n++] = ids[i];
	*count = n;
	return ids;
}

static void refuse_shared_id(struct coco *c, const struct coco_file *f,
			     const struct annotation_image *im)
{
	struct fl_err err = FL_ERR_INIT;
	char id[TEXT_ID_ROOM];

	fl_fail(&err, FL_EDATA,
		"%s: image id %s stands for '%s' and others, so nobody can tell whose its boxes are",
		f->path, text_ids_show(&f->a.ids, im->id, id), im->file_name);
	labels_broken(c->labels, &err);
}

/* Training and validation often hold pictures of the same names: that of the
 * part which the file speaks of is looked at first. */
static bool of_the_part(const char *path, const void *ctx)
{
	const struct coco_file *f = ctx;

	return f->split && labels_split_of(path, false) == f->split;
}

/* Boxes of each image: the first in head[image], the one behind it in next[],
 * both counted from 1. Files list boxes in any order; taken from the end,
 * chains have the file's own. */
static void chain_boxes(struct coco *c, const struct coco_file *f, int *head,
			int *next)
{
	const struct annotations *a = &f->a;

	for (size_t i = a->box_count; i-- > 0;) {
		const struct annotation_box *b = &a->boxes[i];

		if (b->image < 0) {
			char id[TEXT_ID_ROOM], image[TEXT_ID_ROOM];

			labels_odd(c->labels, ODD_NO_PICTURE,
				   "annotation %s of image id %s",
				   text_ids_show(&a->ids, b->id, id),
				   text_ids_show(&a->ids, b->image_id, image));
			continue;
		}
		next[i] = head[b->image];
		head[b->image] = (int)i + 1;
	}
}

/* Its picture, added to the images; false: it has none. */
static bool take_image(struct coco *c, struct coco_file *f,
		       const struct annotation_image *im)
{
	const char *path = tree_find(&c->labels->tree, f->path, im->file_name,
				     of_the_part, f);
	/* Label Studio writes null, others 0 or text: then the header's size
	 * counts. */
	bool sized = im->width >= 1 && im->height >= 1 && im->width <= 1e6 &&
		     im->height <= 1e6;

	if (!path || !image_is_named(path)) {
		labels_odd(c->labels, ODD_NO_PICTURE, "%s: %s", f->path,
			   im->file_name);
		return false;
	}
	c->as_it_is &=
		in_one_folder(f, &c->labels->arena, path, im->file_name) &&
		sized;
	labels_image(c->labels, path, sized ? (int)im->width : 0,
		     sized ? (int)im->height : 0,
		     f->split ? f->split : labels_split_of(path, false));
	return true;
}

static void take_images(struct coco *c, struct coco_file *f)
{
	const struct annotations *a = &f->a;
	int *head = fl_calloc(a->image_count + 1, sizeof(int));
	int *next = fl_calloc(a->box_count + 1, sizeof(int));
	size_t shared_count;
	int64_t *shared = shared_ids(a, &shared_count);

	chain_boxes(c, f, head, next);
	for (size_t i = 0; i < a->image_count; i++) {
		const struct annotation_image *im = &a->images[i];

		if (bsearch(&im->id, shared, shared_count, sizeof(*shared),
			    by_number))
			refuse_shared_id(c, f, im);
		else if (take_image(c, f, im))
			for (int k = head[i]; k > 0; k = next[k - 1])
				take_box(c, f, &a->boxes[k - 1]);
	}
	free(head);
	free(next);
	free(shared);
}

/* One file each of training and validation, fit to be read in place? */
static void note_ready(struct coco *c)
{
	int n[SPLITS] = { 0 };

	for (int i = 0; i < c->count; i++)
		n[c->files[i].split]++;
	if (!c->as_it_is || n[SPLIT_NONE] || n[SPLIT_TRAIN] != 1 ||
	    n[SPLIT_VAL] != 1 || n[SPLIT_TEST] > 1)
		return;
	for (int i = 0; i < c->count; i++) {
		const struct coco_file *f = &c->files[i];

		c->labels->ready[f->split] =
			tree_full(&c->labels->tree, f->path);
		c->labels->image_dir[f->split] = f->image_dir;
	}
}

static int open_files(struct coco *c, const char *one, struct fl_err *err)
{
	struct tree *t = &c->labels->tree;
	int rc = 0;

	/* 'one' is a path of the tree itself, so the pointers are the same. */
	for (int i = 0; rc == 0 && i < t->count; i++)
		if (one ? t->paths[i] == one
			: tree_is_json(t->paths[i]) &&
				    layout_json_kind(t, t->paths[i]) ==
					    COCO_FILE)
			rc = open_file(c, t->paths[i], err);
	if (rc == 0 && c->count == 0)
		rc = fl_fail(err, FL_EDATA,
			     "no COCO file below '%s' has a box in it",
			     t->root);
	return rc;
}

int layout_read_coco(struct labels *l, const char *one, struct fl_err *err)
{
	struct coco c = { .labels = l, .as_it_is = true };
	int rc;

	l->layout = "COCO json";
	rc = open_files(&c, one, err);
	if (rc == 0) {
		choose(&c);
		qsort(c.files, (size_t)c.count, sizeof(c.files[0]), by_split);
		rc = take_classes(&c, err);
	}
	for (int i = 0; rc == 0 && i < c.count; i++)
		take_images(&c, &c.files[i]);
	if (rc == 0 && l->image_count == 0)
		rc = fl_fail(
			err, FL_EDATA,
			"none of the %zu pictures that %s names lies below '%s' ('%s' first); "
			"export it with the pictures, or give the folder that holds both",
			c.files[0].a.image_count, c.files[0].path, l->tree.root,
			c.files[0].a.image_count
				? c.files[0].a.images[0].file_name
				: "");
	if (rc == 0)
		note_ready(&c);
	for (int i = 0; i < c.count; i++) {
		annotations_release(&c.files[i].a);
		free(c.files[i].class_of);
	}
	return rc;
}
