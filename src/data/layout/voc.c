/* VOC's XML, one file a picture: VOCdevkit with ImageSets lists, CVAT's and
 * Label Studio's exports, labelme2voc, PaddleDetection's lists of pairs, or
 * pictures and XML side by side (Roboflow, labelImg). voc_lists.c says which
 * files and which classes there are and calls voc_read_xml() for each. The
 * picture of an XML is its namesake, as the lists have it; its <filename> is
 * what it was called when it was labelled. Corners are taken as PaddleDetection
 * takes them, without a shift by one. */
#include "data/layout/voc_priv.h"

#include "base/file.h"
#include "image/image.h"
#include "text/xml.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* By its bytes, unparsed: a broken file has to be told as broken, not passed
 * over. */
bool voc_is_xml(struct tree *t, const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	bool yes;

	if (!tree_is_xml(path) ||
	    fl_map_open(&map, tree_full(t, path), &err) != 0)
		return false;
	/* CVAT's own format has <annotations> */
	yes = memmem(map.data, map.size, "<annotation>", 12) != NULL;
	fl_map_close(&map);
	return yes;
}

/* Enough to tell: a folder of another tool's XML may hold very many. */
#define LOOKED_AT 20 /* XML files, before we say that none is VOC's */

int layout_find_voc(struct tree *t)
{
	int looked = 0, found = 0;

	for (int i = 0; i < t->count && looked < LOOKED_AT; i++)
		if (tree_is_xml(t->paths[i])) {
			looked++;
			found += voc_is_xml(t, t->paths[i]);
		}
	return found;
}

/* Whole or with a fraction; nothing behind it. "" and "nan" are refused: a box
 * that is 0 by mistake would be trained on. */
static int number(const struct xml *parent, const char *name, const char *path,
		  double *out, struct fl_err *err)
{
	const struct xml *n = xml_child(parent, name);
	char *end;

	*out = n ? strtod(n->text, &end) : 0;
	if (!n || end == n->text || *end || !isfinite(*out))
		return fl_fail(err, FL_EDATA, "%s: <%s> has no number in <%s>",
			       path, parent->name, name);
	return 0;
}

/* LabelMe's web tool and its writers: an outline in place of a box. */
static int read_polygon(struct voc *v, const struct xml *polygon,
			const char *path, struct label_box *box,
			struct fl_err *err)
{
	struct bounds b = { 0 };
	double x, y;
	int rc = 0;

	for (const struct xml *pt = xml_child(polygon, "pt"); rc == 0 && pt;
	     pt = xml_again(pt)) {
		rc = number(pt, "x", path, &x, err);
		if (rc == 0)
			rc = number(pt, "y", path, &y, err);
		if (rc == 0)
			bounds_add(&b, x, y);
	}
	*box = (struct label_box){ b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0,
				   box->class };
	if (rc == 0)
		labels_odd(v->labels, ODD_POLYGON, "%s", path);
	return rc;
}

static int read_bndbox(const struct xml *bndbox, const char *path,
		       struct label_box *box, struct fl_err *err)
{
	static const char *const sides[4] = { "xmin", "ymin", "xmax", "ymax" };
	double at[4] = { 0 };
	int rc = 0;

	for (int k = 0; rc == 0 && k < 4; k++)
		rc = number(bndbox, sides[k], path, &at[k], err);
	*box = (struct label_box){ at[0], at[1], at[2] - at[0], at[3] - at[1],
				   box->class };
	return rc;
}

static int read_object(struct voc *v, const struct xml *object,
		       const char *path, struct fl_err *err)
{
	const struct xml *bndbox = xml_child(object, "bndbox");
	const struct xml *name = xml_child(object, "name");
	const struct xml *hard = xml_child(object, "difficult");
	const struct xml *polygon = xml_child(object, "polygon");
	const struct xml *deleted = xml_child(object, "deleted");
	struct labels *l = v->labels;
	struct label_box box = { 0 };
	int rc;

	/* LabelMe's web tool keeps what was deleted. */
	if (deleted && atoi(deleted->text) != 0)
		return 0;
	if (!name || !*name->text)
		return fl_fail(err, FL_EDATA, "%s: an <object> has no <name>",
			       path);
	/* labelme2voc and CVAT list the background among their names. */
	if (voc_is_ground(name->text))
		return 0;
	/* Where a file lists the names, another one is a mistake; otherwise it
	 * is new. */
	box.class = v->names_given ? labels_find_class(l, name->text)
				   : labels_class(l, name->text);
	if (box.class < 0)
		return fl_fail(err, FL_EDATA,
			       "%s: class '%s' is not among the %d names of %s",
			       path, name->text, l->class_count, l->source);
	if (!bndbox && !polygon)
		return fl_fail(err, FL_EDATA, "%s: an <object> has no <bndbox>",
			       path);
	rc = bndbox ? read_bndbox(bndbox, path, &box, err)
		    : read_polygon(v, polygon, path, &box, err);
	if (rc != 0)
		return rc;
	labels_box(l, &box);
	if (hard && atoi(hard->text) != 0)
		labels_odd(l, ODD_DIFFICULT, "%s: %s", path, name->text);
	return 0;
}

/* Its namesake, the nearest; else what it was called when it was labelled. In
 * this order, for <filename> is often that of another machine, or of the
 * picture before it was renamed. NULL: there is none. */
static const char *picture_of(struct labels *l, const struct xml *root,
			      const char *path)
{
	const struct xml *name = xml_child(root, "filename");
	const char *found =
		tree_find_stem(&l->tree, path, path, voc_is_picture);

	if (!found && name && *name->text)
		found = tree_find(&l->tree, path, name->text, NULL, NULL);
	return found && image_is_named(found) ? found : NULL;
}

static int stated_size(const struct xml *root, const char *side)
{
	const struct xml *n = xml_child(xml_child(root, "size"), side);
	double v = n ? strtod(n->text, NULL) : 0;

	return v >= 1 && v <= 1e6 ? (int)v
				  : 0; /* 0, or none: see the picture */
}

static int read_root(struct voc *v, const struct xml *root, const char *path,
		     enum label_split split, struct fl_err *err)
{
	struct labels *l = v->labels;
	const char *picture;
	int rc = 0;

	if (strcmp(root->name, "annotation") != 0)
		return fl_fail(err, FL_EDATA,
			       "%s: its root is <%s>, VOC has <annotation>",
			       path, root->name);
	picture = picture_of(l, root, path);
	if (!picture) {
		labels_odd(l, ODD_NO_PICTURE, "%s", path);
		return 0;
	}
	labels_image(l, picture, stated_size(root, "width"),
		     stated_size(root, "height"), split);
	for (const struct xml *o = xml_child(root, "object"); rc == 0 && o;
	     o = xml_again(o))
		rc = read_object(v, o, path, err);
	if (rc != 0)
		labels_drop_image(l);
	return rc;
}

void voc_read_xml(struct voc *v, const char *path, enum label_split split)
{
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct xml *root;
	int rc = xml_read(tree_full(&v->labels->tree, path), &arena, &root,
			  &err);

	if (rc == 0)
		rc = read_root(v, root, path, split, &err);
	/* All of the picture or nothing: half of its boxes would teach that the
	 * rest is background. */
	if (rc != 0)
		labels_broken(v->labels, &err);
	fl_arena_release(&arena);
}

int layout_read_voc(struct labels *l, const char *one, struct fl_err *err)
{
	struct voc v = { .labels = l };
	int rc;

	(void)one;
	l->layout = "VOC XML";
	rc = voc_read_names(&v, err);
	if (rc == 0)
		rc = voc_read_lists(&v, err);
	voc_lists_close(&v);
	if (rc == 0 && l->image_count == 0 && l->odd[ODD_BROKEN].count == 0)
		rc = fl_fail(
			err, FL_EDATA,
			"none of the %ld XML files has its picture below '%s' (%s first); "
			"export it with the pictures, or give the folder that holds both",
			l->odd[ODD_NO_PICTURE].count, l->tree.root,
			l->odd[ODD_NO_PICTURE].text[0]);
	return rc;
}
