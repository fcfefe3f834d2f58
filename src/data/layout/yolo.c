/* YOLO's text files: one beside or beneath each picture, each line a class and
 * a box (centre and sides) or an outline, as shares of the picture.
 * Ultralytics, Roboflow, CVAT and Label Studio write them; what differs is
 * where the class names and the lists of pictures stand, which yolo_lists.c
 * settles: it calls yolo_picture() for each picture. Shares become pixels in
 * measure.c. */
#include "data/layout/yolo_priv.h"

#include "base/file.h"
#include "image/image.h"
#include "text/lines.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A share further out than this is no rounding: it is in pixels, or damaged.
 * measure.c clips what is let through. */
#define SLACK 0.01 /* that roundings of converters put outside of 0 .. 1 */

/* Beside the picture (darknet, CVAT), or by Ultralytics' rule: the last folder
 * 'images' of the path becomes 'labels'. Where there is no such folder, its
 * namesake, wherever it lies. */
static const char *label_of(struct labels *l, const char *picture)
{
	char path[PATH_MAX], stem[PATH_MAX];
	const char *last = NULL, *found, *name = fl_base_name(picture);
	int length = tree_stem_length(name);
	size_t front = (size_t)(name - picture);

	if (front + (size_t)length + sizeof("labels.txt") > sizeof(path))
		return NULL;
	/* As Ultralytics does: the last "images" of the path, as a whole
	 * folder. */
	for (const char *p = picture; (p = strstr(p, "images/")) != NULL; p++)
		if (p == picture || p[-1] == '/')
			last = p;
	snprintf(path, sizeof(path), "%.*s%.*s.txt", (int)front, picture,
		 length, name);
	found = tree_get(&l->tree, path);
	if (last && !found) {
		size_t before = (size_t)(last - picture);
		size_t behind = front - before - strlen("images/");

		snprintf(path, sizeof(path), "%.*slabels/%.*s%.*s.txt",
			 (int)before, picture, (int)behind,
			 last + strlen("images/"), length, name);
		found = tree_get(&l->tree, path);
	}
	snprintf(stem, sizeof(stem), "%.*s.", length, name);
	/* With a folder "images" its "labels" has the last word: a namesake
	 * elsewhere would be of another picture. */
	return found || last
		       ? found
		       : tree_find_stem(&l->tree, picture, stem, tree_is_txt);
}

/* Numbers of a line, into v; -1 where something else stands there, most + 1
 * where there are more. */
static int numbers(char *line, double *v, int most)
{
	int n = 0;
	char *word;

	while ((word = strsep(&line, " \t,")) != NULL) {
		char *end;

		if (!*word)
			continue;
		if (n == most)
			return most + 1;
		v[n] = strtod(word, &end);
		if (*end || !isfinite(v[n++]))
			return -1;
	}
	return n;
}

/* The upright box around it, as Ultralytics takes it for detection. */
static void box_of_outline(const double *v, int n, struct label_box *box)
{
	struct bounds b = { 0 };

	for (int i = 0; i + 1 < n; i += 2)
		bounds_add(&b, v[i], v[i + 1]);
	*box = (struct label_box){
		.x = b.x0, .y = b.y0, .w = b.x1 - b.x0, .h = b.y1 - b.y0
	};
}

static void box_of_centre(const double *v, struct label_box *box)
{
	*box = (struct label_box){
		.x = v[0] - v[2] / 2, .y = v[1] - v[3] / 2, .w = v[2], .h = v[3]
	};
}

/* Numbers are all a label has: one beyond the names means that the names are of
 * another data set. */
static int check_class(const struct yolo *y, double class, const char *path,
		       int number, struct fl_err *err)
{
	if (class < 0 || class != floor(class))
		return fl_fail(err, FL_EDATA,
			       "%s:%d: class %g is no whole number from 0",
			       path, number, class);
	if (class >= y->labels->class_count)
		return fl_fail(err, FL_EDATA,
			       "%s:%d: class %g, but %s names %d (0 to %d)",
			       path, number, class, y->labels->source,
			       y->labels->class_count,
			       y->labels->class_count - 1);
	return 0;
}

static int check_shares(const double *v, int n, const char *path, int number,
			struct fl_err *err)
{
	for (int i = 0; i < n; i++)
		if (v[i] < -SLACK || v[i] > 1 + SLACK)
			return fl_fail(
				err, FL_EDATA,
				"%s:%d: %g is no share of the picture (0 to 1); "
				"pixels have to be divided by its width and height",
				path, number, v[i]);
	return 0;
}

/* A class and an outline of ten thousand points; one buffer for all lines. */
#define MOST_NUMBERS 20001

static int read_line(struct yolo *y, char *line, const char *path, int number,
		     struct fl_err *err)
{
	int n = numbers(line, y->numbers, MOST_NUMBERS), rc;
	const double *v = y->numbers;
	struct label_box box = { 0 };
	/* a class, a box and its score: a file of detections */
	bool scored = n == 6, centre = n == 5 || scored || y->keypoints;

	if (n < 0)
		return fl_fail(err, FL_EDATA, "%s:%d: not numbers alone", path,
			       number);
	/* A box has five numbers, an outline an odd number from seven on. With
	 * key points the box stands in front and what is behind it is passed
	 * over. */
	if (n > MOST_NUMBERS || n < 5 || (!centre && n % 2 == 0))
		return fl_fail(
			err, FL_EDATA,
			"%s:%d: %d numbers; a line is a class and a box of four, "
			"or a class and an outline of three points or more",
			path, number, n);
	rc = check_class(y, v[0], path, number, err);
	if (rc == 0)
		rc = check_shares(v + 1, centre ? 4 : n - 1, path, number, err);
	if (rc != 0)
		return rc;
	if (scored && !y->keypoints)
		labels_odd(y->labels, ODD_SCORED, "%s:%d: %g", path, number,
			   v[5]);
	if (centre) {
		box_of_centre(v + 1, &box);
	} else {
		box_of_outline(v + 1, n - 1, &box);
		labels_odd(y->labels, ODD_POLYGON, "%s:%d", path, number);
	}
	box.class = (int)v[0];
	labels_box(y->labels, &box);
	return 0;
}

static int read_label(struct yolo *y, const char *path, struct fl_err *err)
{
	char *text = tree_text(&y->labels->tree, path, false, err), *at = text;
	int number = 0, rc = text ? 0 : FL_EDATA;
	char *line;

	while (rc == 0 && (line = lines_next(&at, &number)) != NULL)
		if (*line)
			rc = read_line(y, line, path, number, err);
	free(text);
	return rc;
}

static bool is_list(const struct yolo *y, const char *path)
{
	for (int i = 0; i < y->list_count; i++)
		if (y->lists[i] == path)
			return true;
	return false;
}

void yolo_picture(struct yolo *y, const char *picture, enum label_split split)
{
	struct labels *l = y->labels;
	const char *label = label_of(l, picture);
	struct fl_err err = FL_ERR_INIT;

	/* A list of names or pictures may have a picture's name. */
	if (label && is_list(y, label))
		label = NULL;
	labels_image(l, picture, 0, 0, split);
	/* No label file says "no object", as Ultralytics has it: a
	 * background. */
	if (!label) {
		y->unlabelled++;
		return;
	}
	y->labelled++;
	if (read_label(y, label, &err) != 0) {
		labels_drop_image(l);
		labels_broken(l, &err);
	}
}

/* Label files whose picture is not there: exports without pictures are common.
 * Only in folders that are labels' by their names; other text files are
 * notes. */
static void find_orphans(struct yolo *y)
{
	struct tree *t = &y->labels->tree;

	for (int i = 0; i < t->count; i++) {
		const char *path = t->paths[i];
		const char *name = fl_base_name(path);
		char stem[PATH_MAX];

		if (!tree_is_txt(path) || is_list(y, path) ||
		    (!strstr(path, "labels/") && !strstr(path, "obj_")))
			continue;
		snprintf(stem, sizeof(stem), "%.*s.", tree_stem_length(name),
			 name);
		if (!tree_find_stem(t, path, stem, image_is_named))
			labels_odd(y->labels, ODD_NO_PICTURE, "%s", path);
	}
}

int layout_read_yolo(struct labels *l, const char *one, struct fl_err *err)
{
	struct yolo y = { .labels = l };
	int rc;

	y.numbers = fl_calloc(MOST_NUMBERS + 1, sizeof(double));
	l->layout = "YOLO text files";
	l->shares = true;
	rc = yolo_read_lists(&y, one, err);
	if (rc == 0)
		find_orphans(&y);
	if (rc == 0 && l->image_count == 0 && l->odd[ODD_BROKEN].count == 0)
		rc = fl_fail(
			err, FL_EDATA,
			"'%s' has YOLO labels but no picture; export it with the pictures",
			l->tree.root);
	/* All backgrounds is what a data set looks like whose labels lie
	 * elsewhere. */
	if (rc == 0 && y.labelled == 0)
		rc = fl_fail(
			err, FL_EDATA,
			"%ld pictures below '%s' and no label file for any: "
			"each belongs in labels/NAME.txt beside images/NAME.jpg, or beside its picture",
			y.unlabelled, l->tree.root);
	free(y.numbers);
	return rc;
}
