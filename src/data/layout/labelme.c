/* labelme's own files: a json beside each picture, its shapes as points. A
 * rectangle has two corners; a circle its centre and a point of its rim; of
 * polygons and masks the bounds are taken; points and lines have no area. The
 * picture may stand in the json too (imageData, megabytes of text): the file is
 * read as a stream and that member passed over. A broken file is told and the
 * others are read on, so that all can be mended at once. */
#include "data/layout/layout_priv.h"

#include "base/file.h"
#include "image/image.h"
#include "text/json_pull.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bounds grow point by point, for a mask's outline may have thousands; a circle
 * needs its first two points as they were. */
struct shape {
	char label[256], kind[32];
	double points[4]; /* the first two */
	struct bounds bounds;
};

struct labelme_reader {
	struct labels *labels;
	struct json_pull json;
	struct fl_err *err;
	const char *path;
	char picture[4096];
	int w, h;
};

int layout_find_labelme(struct tree *t)
{
	int n = 0;

	for (int i = 0; i < t->count; i++)
		n += tree_is_json(t->paths[i]) &&
		     layout_json_kind(t, t->paths[i]) == LABELME_FILE;
	return n;
}

static int wrong(struct labelme_reader *r, const char *what)
{
	if (r->err->code != 0)
		return r->err->code; /* the json itself is broken */
	return fl_fail(r->err, FL_EDATA, "%s:%zu: %s", r->path,
		       json_pull_line(&r->json, json_pull_byte(&r->json)),
		       what);
}

/* The string of a token, cut to its room; null is none. false: something
 * else. */
static bool take_text(struct labelme_reader *r, char *out, size_t room)
{
	enum json_token t = json_pull_next(&r->json);
	size_t n = r->json.len < room ? r->json.len : room - 1;

	*out = '\0';
	if (t != JSON_STRING)
		return t == JSON_NULL;
	memcpy(out, r->json.text, n);
	out[n] = '\0';
	return true;
}

/* imageWidth and imageHeight are absent, null or 0 in files of converters: then
 * the picture's header says. false: the json is broken. */
static bool take_side(struct labelme_reader *r, int *out)
{
	enum json_token t = json_pull_next(&r->json);

	*out = t == JSON_NUMBER && r->json.number >= 1 && r->json.number <= 1e6
		       ? (int)r->json.number
		       : 0;
	return json_pull_skip(&r->json, t);
}

/* Behind its bracket. */
static int read_point(struct labelme_reader *r, struct shape *s)
{
	double v[2] = { 0 };
	enum json_token t;
	int n = 0;

	while ((t = json_pull_next(&r->json)) == JSON_NUMBER && n < 2)
		v[n++] = r->json.number;
	if (n != 2 || t != JSON_ARRAY_END || !isfinite(v[0] + v[1]))
		return wrong(r, "a point is a list of two numbers");
	if (s->bounds.points < 2) {
		s->points[2 * s->bounds.points] = v[0];
		s->points[2 * s->bounds.points + 1] = v[1];
	}
	bounds_add(&s->bounds, v[0], v[1]);
	return 0;
}

static int read_points(struct labelme_reader *r, struct shape *s)
{
	enum json_token t = json_pull_next(&r->json);
	int rc = 0;

	if (t != JSON_ARRAY)
		return wrong(r, "'points' must be a list of points");
	while (rc == 0 && (t = json_pull_next(&r->json)) != JSON_ARRAY_END)
		rc = t == JSON_ARRAY
			     ? read_point(r, s)
			     : wrong(r, "a point is a list of two numbers");
	return rc;
}

static void take_shape(struct labelme_reader *r, const struct shape *s)
{
	const struct bounds *b = &s->bounds;
	struct label_box box = { b->x0, b->y0, b->x1 - b->x0, b->y1 - b->y0,
				 0 };
	struct labels *l = r->labels;
	/* By what it is, not by its bounds: a line that lies askew has an
	 * area. */
	bool flat = strcmp(s->kind, "point") == 0 ||
		    strcmp(s->kind, "line") == 0 ||
		    strcmp(s->kind, "points") == 0 || b->points < 2;

	/* labelme's own names for what is no object. */
	if (strcmp(s->label, "__ignore__") == 0 ||
	    strcmp(s->label, "_background_") == 0)
		return;
	if (flat) {
		labels_odd(l, ODD_NO_AREA, "%s: a %s of '%s'", r->path,
			   *s->kind ? s->kind : "shape", s->label);
		return;
	}
	if (strcmp(s->kind, "circle") == 0) {
		double radius = hypot(s->points[2] - s->points[0],
				      s->points[3] - s->points[1]);

		box = (struct label_box){ s->points[0] - radius,
					  s->points[1] - radius, 2 * radius,
					  2 * radius, 0 };
	}
	if (strcmp(s->kind, "rectangle") != 0)
		labels_odd(l, ODD_POLYGON, "%s: a %s of '%s'", r->path,
			   *s->kind ? s->kind : "polygon", s->label);
	box.class = labels_class(l, s->label);
	labels_box(l, &box);
}

static int read_shape(struct labelme_reader *r)
{
	/* labelme takes a shape that does not say its type for a polygon. */
	struct shape s = { .kind = "polygon" };
	bool ok = true, points = false;
	enum json_token t;
	int rc = 0;

	while (rc == 0 && ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "label")) {
			ok = take_text(r, s.label, sizeof(s.label));
		} else if (json_pull_is(&r->json, "shape_type")) {
			ok = take_text(r, s.kind, sizeof(s.kind));
		} else if (json_pull_is(&r->json, "points")) {
			points = true;
			rc = read_points(r, &s);
		} else {
			ok = json_pull_skip(&r->json, json_pull_next(&r->json));
		}
	}
	if (rc != 0)
		return rc;
	if (!ok || !*s.label || !points)
		return wrong(r, "a shape needs a 'label' and 'points'");
	take_shape(r, &s);
	return 0;
}

static int read_shapes(struct labelme_reader *r)
{
	enum json_token t = json_pull_next(&r->json);
	int rc = 0;

	if (t != JSON_ARRAY)
		return wrong(r, "'shapes' must be a list");
	while (rc == 0 && (t = json_pull_next(&r->json)) != JSON_ARRAY_END)
		rc = t == JSON_OBJECT ? read_shape(r)
				      : wrong(r, "a shape is an object");
	return rc;
}

/* In any order, and unknown ones are passed over: versions add to them. */
static int read_members(struct labelme_reader *r)
{
	bool ok = json_pull_next(&r->json) == JSON_OBJECT;
	enum json_token t = JSON_END;
	int rc = 0;

	while (rc == 0 && ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "imagePath"))
			ok = take_text(r, r->picture, sizeof(r->picture));
		else if (json_pull_is(&r->json, "imageWidth"))
			ok = take_side(r, &r->w);
		else if (json_pull_is(&r->json, "imageHeight"))
			ok = take_side(r, &r->h);
		else if (json_pull_is(&r->json, "shapes"))
			rc = read_shapes(r);
		else
			ok = json_pull_skip(&r->json, json_pull_next(&r->json));
	}
	if (rc == 0 &&
	    (!ok || t == JSON_BROKEN || json_pull_next(&r->json) != JSON_END))
		rc = wrong(
			r,
			"labelme's file is an object with 'shapes' and 'imagePath'");
	return rc;
}

/* The picture is known only behind the shapes: the image is added first and
 * gets its path then. */
static void read_file(struct labels *l, const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct labelme_reader r = { .labels = l, .err = &err, .path = path };
	const char *picture = NULL;
	struct label_image *im;
	struct fl_map map;
	int rc = fl_map_open(&map, tree_full(&l->tree, path), &err);

	if (rc != 0) {
		labels_broken(l, &err);
		return;
	}
	labels_image(l, path, 0, 0, labels_split_of(path, false));
	json_pull_init(&r.json, map.data, map.size, path, &err);
	rc = read_members(&r);
	json_pull_release(&r.json);
	fl_map_close(&map);
	if (rc == 0 && *r.picture)
		picture = tree_find(&l->tree, path, r.picture, NULL, NULL);
	/* imagePath may be that of another machine, or of a picture renamed
	 * since: the json's namesake is its picture then. */
	if (rc == 0 && !picture)
		picture = tree_find_stem(&l->tree, path, path, image_is_named);
	im = &l->images[l->image_count - 1];
	if (rc == 0 && picture && image_is_named(picture)) {
		im->path = picture;
		im->w = r.w;
		im->h = r.h;
		return;
	}
	labels_drop_image(l);
	if (rc != 0)
		labels_broken(l, &err);
	else
		labels_odd(l, ODD_NO_PICTURE, "%s: '%s'", path, r.picture);
}

int layout_read_labelme(struct labels *l, const char *one, struct fl_err *err)
{
	struct tree *t = &l->tree;

	(void)one;
	l->layout = "labelme json";
	l->source = "the shapes' labels, by name";
	for (int i = 0; i < t->count; i++)
		if (tree_is_json(t->paths[i]) &&
		    layout_json_kind(t, t->paths[i]) == LABELME_FILE)
			read_file(l, t->paths[i]);
	/* No file lists the names, and the order of first use would hang on
	 * file names. */
	labels_sort_classes(l);
	if (l->image_count == 0 && l->odd[ODD_BROKEN].count == 0)
		return fl_fail(
			err, FL_EDATA,
			"none of the %ld labelme files has its picture below '%s' (%s first)",
			l->odd[ODD_NO_PICTURE].count, t->root,
			l->odd[ODD_NO_PICTURE].text[0]);
	return 0;
}
