/* VOC data sets as ppdet/data/source/voc.py reads them, called by dataset.c:
 * anno_path lists "picture annotation" pairs below image_dir, label_list the
 * class names (the twenty of VOC where it is not given). Corners are clipped to
 * 0 .. width - 1 and height - 1 without a shift by one; a size that is not
 * stated is that of the file; a picture whose file is missing is left out; one
 * whose XML has no object is empty, one whose boxes are all unusable is not. */
#include "data/dataset_priv.h"

#include "base/file.h"
#include "base/log.h"
#include "box/annotations.h"
#include "text/lines.h"
#include "text/xml.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the reference's order, which is that of the alphabet: the places are the
 * classes of weights that were trained without a list. */
static const char *const voc_names[20] = {
	"aeroplane",   "bicycle", "bird",  "boat",	"bottle",
	"bus",	       "car",	  "cat",   "chair",	"cow",
	"diningtable", "dog",	  "horse", "motorbike", "person",
	"pottedplant", "sheep",	  "sofa",  "train",	"tvmonitor"
};

static void add_class(struct dataset *d, const char *name)
{
	d->class_ids[d->class_count] = d->class_count;
	d->class_names[d->class_count++] = fl_arena_strdup(&d->arena, name);
}

/* One more than needed, so that no array is empty. */
static void room_for_classes(struct dataset *d, size_t count)
{
	d->class_names =
		fl_arena_array(&d->arena, count + 1, sizeof(*d->class_names));
	d->class_ids =
		fl_arena_array(&d->arena, count + 1, sizeof(*d->class_ids));
}

/* skip_ground: a first line "background", which the reference's metric leaves
 * out, and its data set does not. */
int dataset_read_names(struct dataset *d, const char *path, bool skip_ground,
		       struct fl_err *err)
{
	char *text = lines_read(path, path, false, err), *at = text, *line;
	size_t lines = 1;
	int number = 0;

	if (!text)
		return FL_EDATA;
	/* As many names as lines at most. */
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	room_for_classes(d, lines);
	while ((line = lines_next(&at, &number)) != NULL)
		if (*line && !(skip_ground && d->class_count == 0 &&
			       strcmp(line, "background") == 0))
			add_class(d, line);
	free(text);
	if (d->class_count == 0)
		return fl_fail(err, FL_EDATA, "'%s' names no class", path);
	return 0;
}

int dataset_read_voc_classes(struct dataset *d, const struct dataset_options *r,
			     struct fl_err *err)
{
	char path[PATH_MAX];
	int rc;

	if (*r->label_list) {
		rc = fl_join(path, sizeof(path),
			     *r->dataset_dir ? r->dataset_dir : ".",
			     r->label_list, err);
		return rc ? rc : dataset_read_names(d, path, false, err);
	}
	room_for_classes(d, 20);
	for (int i = 0; i < 20; i++)
		add_class(d, voc_names[i]);
	return 0;
}

/* Whole or with a fraction, and nothing behind it. */
static int number(const struct xml *parent, const char *name, const char *path,
		  double *out, struct fl_err *err)
{
	const struct xml *n = xml_child(parent, name);
	char *end;

	*out = n ? strtod(n->text, &end) : 0;
	if (!n || end == n->text || *end || !isfinite(*out))
		return fl_fail(err, FL_EDATA,
			       "'%s': <%s> has no number in <%s>", path,
			       parent ? parent->name : "annotation", name);
	return 0;
}

/* An unknown name stops the reference too: it is a mistake in one of two
 * files. */
static int class_of(const struct dataset *d, const struct xml *object,
		    const char *path, int *class, struct fl_err *err)
{
	const struct xml *name = xml_child(object, "name");

	for (*class = 0; name && *class < d->class_count; ++*class)
		if (strcmp(d->class_names[*class], name->text) == 0)
			return 0;
	return fl_fail(err, FL_EDATA,
		       "'%s' has an object of class '%s', which the label list "
		       "does not name",
		       path, name ? name->text : "");
}

/* One object; *usable where something of it lies in the picture. */
static int read_object(struct dataset *d, const struct xml *object,
		       const char *path, const struct data_image *im,
		       float box[4], bool *usable, struct fl_err *err)
{
	static const char *const sides[4] = { "xmin", "ymin", "xmax", "ymax" };
	const struct xml *bndbox = xml_child(object, "bndbox");
	bool swapped;
	double v[4];
	int rc = 0;

	for (int k = 0; rc == 0 && k < 4; k++)
		rc = number(bndbox, sides[k], path, &v[k], err);
	if (rc != 0)
		return rc;
	swapped = v[2] < v[0] || v[3] < v[1];
	/* The reference's bounds: the last pixel, not the edge behind it. */
	v[0] = fmax(0, v[0]);
	v[1] = fmax(0, v[1]);
	v[2] = fmin(im->w - 1, v[2]);
	v[3] = fmin(im->h - 1, v[3]);
	*usable = v[2] > v[0] && v[3] > v[1];
	if (!*usable && ++d->skipped_boxes <= DATASET_SHOWN)
		fl_warn("'%s': box (%g, %g, %g, %g) is left out%s", path, v[0],
			v[1], v[2], v[3],
			swapped ? ": its corners stand the wrong way round (xmax below xmin, or ymax below ymin)"
				: "");
	for (int k = 0; k < 4; k++)
		box[k] = (float)v[k];
	return 0;
}

/* Of 'count' objects; boxes and flags side by side, as the metric wants
 * them. */
static int read_objects(struct dataset *d, const struct xml *root,
			const char *path, struct data_image *im, int count,
			struct fl_err *err)
{
	size_t n = (size_t)count;
	float(*boxes)[4] = fl_arena_array(&d->arena, n + 1, sizeof(*boxes));
	int *classes = fl_arena_array(&d->arena, n + 1, sizeof(*classes));
	bool *difficult = fl_arena_array(&d->arena, n + 1, sizeof(bool));
	int rc = 0;

	for (const struct xml *o = xml_child(root, "object"); rc == 0 && o;
	     o = xml_again(o)) {
		const struct xml *hard = xml_child(o, "difficult");
		int at = im->count;
		bool usable = false;

		rc = read_object(d, o, path, im, boxes[at], &usable, err);
		/* An unusable box's class is not looked at, so an unknown name
		 * there stops nothing. */
		if (rc != 0 || !usable)
			continue;
		rc = class_of(d, o, path, &classes[at], err);
		difficult[at] = hard && atoi(hard->text) != 0;
		d->first_pixel += annotations_first_pixel(
			boxes[at][0], boxes[at][1], boxes[at][2], boxes[at][3]);
		im->count++;
	}
	im->boxes = (const float(*)[4])boxes;
	im->classes = classes;
	im->difficult = difficult;
	d->boxes += im->count;
	return rc;
}

/* A side as it is stated; 0 where it is none or no number. */
static double stated(const struct xml *size, const char *side)
{
	const struct xml *n = xml_child(size, side);
	double v = n ? strtod(n->text, NULL) : 0;

	return isfinite(v) && v <= 1e6 ? v : 0;
}

/* Labelling tools write 0, a word or no size at all where they do not know it;
 * only a negative one is refused, as by the reference. */
static void read_size(struct dataset *d, const struct xml *root,
		      struct data_image *im)
{
	const struct xml *size = xml_child(root, "size");
	double w = stated(size, "width"), h = stated(size, "height");

	if (w < 0 || h < 0)
		return;
	im->w = (int)w;
	im->h = (int)h;
	if (im->w < 1 || im->h < 1)
		dataset_measure(d, im);
}

/* One XML file; *objects how many it lists. */
static int read_annotation(struct dataset *d, const char *path, int number_of,
			   struct data_image *im, int *objects,
			   struct fl_err *err)
{
	struct fl_arena arena = FL_ARENA_INIT;
	const struct xml *id;
	struct xml *root;
	int rc = xml_read(path, &arena, &root, err);

	*objects = 0;
	if (rc == 0) {
		read_size(d, root, im);
		id = xml_child(root, "id");
		/* The reference's: <id>, else how many records there are so
		 * far. */
		im->id = id ? strtoll(id->text, NULL, 10) : number_of;
		for (const struct xml *o = xml_child(root, "object"); o;
		     o = xml_again(o))
			++*objects;
		rc = read_objects(d, root, path, im, *objects, err);
	}
	fl_arena_release(&arena);
	return rc;
}

/* The picture and the annotation are looked for alike; the first that is not
 * there is told. */
static bool missing(struct dataset *d, const char *path, bool there)
{
	if (there)
		return false;
	if (++d->skipped_images <= DATASET_SHOWN)
		fl_warn("'%s' is missing; its picture is left out", path);
	return true;
}

/* One line of the list: two names with blanks between, which therefore may hold
 * none. A record goes to the images or, without an object, to the empty
 * ones. */
static int read_line(struct dataset *d, const struct dataset_options *r,
		     char *line, int number_of, struct data_image *empty,
		     int *empties, struct fl_err *err)
{
	char *rest = line, *picture = strsep(&rest, " \t");
	struct data_image im = { 0 };
	bool there, xml_there;
	const char *xml;
	int objects, rc;

	while (rest && isspace((unsigned char)*rest))
		rest++;
	if (!rest || !*rest)
		return fl_fail(err, FL_EDATA,
			       "'%s' names '%s' without an annotation file",
			       r->anno_path, picture);
	d->listed++;
	xml = dataset_image_path(d, r, strsep(&rest, " \t"), &xml_there);
	im.path = dataset_image_path(d, r, picture, &there);
	if (missing(d, im.path, there) || missing(d, xml, xml_there))
		return 0;
	rc = read_annotation(d, xml, number_of, &im, &objects, err);
	if (rc != 0)
		return rc;
	if (im.w < 1 || im.h < 1) {
		if (++d->skipped_images <= DATASET_SHOWN)
			fl_warn("'%s' states a negative size, or none where its picture has none either; it is left out",
				xml);
	} else if (objects > 0) {
		d->images[d->count++] = im;
	} else {
		d->boxless++;
		empty[(*empties)++] = im;
	}
	return 0;
}

int dataset_read_voc(struct dataset *d, const struct dataset_options *r,
		     struct fl_err *err)
{
	char path[PATH_MAX], *text = NULL, *at, *line;
	struct data_image *empty = NULL;
	int rc = dataset_anno_path(r, path, sizeof(path), err), empties = 0;
	size_t lines = 2;
	int number = 0;

	if (rc == 0)
		rc = dataset_read_voc_classes(d, r, err);
	if (rc != 0)
		return rc;
	text = at = lines_read(path, path, true, err);
	if (!text)
		return FL_EDATA;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	d->images = fl_arena_array(&d->arena, lines, sizeof(*d->images));
	empty = fl_calloc(lines, sizeof(*empty));
	while (rc == 0 && (line = lines_next(&at, &number)) != NULL) {
		int read = d->count + empties;

		if (*line)
			rc = read_line(d, r, line, read, empty, &empties, err);
		/* Here the reference counts empty records too, unlike with
		 * COCO's files. */
		if (r->sample_num > 0 && d->count + empties >= r->sample_num)
			break;
	}
	if (rc == 0 && r->allow_empty)
		dataset_append_empty(d, r, empty, empties);
	free(empty);
	free(text);
	return rc;
}
