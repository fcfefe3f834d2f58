/* Class names and lists of VOC data sets; layout_read_voc() calls first
 * voc_read_names(), then voc_read_lists(), which reads every XML. Names stand
 * in PaddleDetection's label_list.txt, labelme2voc's class_names.txt, CVAT's
 * labelmap.txt, or only in the XML. Lists are ImageSets/Main's ids, or
 * PaddleDetection's pairs "picture annotation": text files named after their
 * part, whose lines end in the name of an XML of the data set. */
#include "data/layout/voc_priv.h"

#include "base/file.h"
#include "image/image.h"
#include "text/lines.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool voc_is_picture(const char *path)
{
	static const char *const others[] = { "SegmentationClass",
					      "SegmentationObject",
					      "Visualization/" };
	bool other = false;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		other |= strstr(path, others[i]) != NULL;
	return image_is_named(path) && !other;
}

bool voc_is_ground(const char *name)
{
	static const char *const names[] = { "background", "_background_",
					     "__background__", "__ignore__" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The first that is there counts; the most general name stands last. */
static const char *find_names(struct tree *t)
{
	static const char *const names[] = { "label_list.txt",
					     "class_names.txt", "labelmap.txt",
					     "labels.txt" };

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		for (int i = 0; i < t->count; i++)
			if (strcasecmp(fl_base_name(t->paths[i]), names[k]) ==
			    0)
				return t->paths[i];
	return NULL;
}

int voc_read_names(struct voc *v, struct fl_err *err)
{
	struct labels *l = v->labels;
	const char *path = find_names(&l->tree);
	char *text, *at, *line;
	int number = 0;

	l->source = "the XML files, by name";
	if (!path)
		return 0;
	text = at = tree_text(&l->tree, path, false, err);
	if (!text)
		return FL_EDATA;
	while ((line = lines_next(&at, &number)) != NULL) {
		/* CVAT: "name:color:parts:actions" behind a '#' line */
		if (strcasecmp(fl_base_name(path), "labelmap.txt") == 0)
			line[*line == '#' ? 0 : strcspn(line, ":")] = '\0';
		if (*line && !voc_is_ground(line))
			labels_class(l, line);
	}
	free(text);
	if (l->class_count == 0)
		return fl_fail(err, FL_EDATA, "%s names no class", path);
	v->names_given = true;
	l->source = path;
	return 0;
}

/* By the last name without its ending, where there may be none: first as if the
 * id had no ending ("img.v2" is a whole stem), then as if it had. */
static const char *find_id(struct tree *t, const char *list, const char *id,
			   bool (*wanted)(const char *path))
{
	char stem[PATH_MAX];
	const char *found;

	if ((size_t)snprintf(stem, sizeof(stem), "%s.", id) >= sizeof(stem))
		return NULL;
	found = tree_find_stem(t, list, stem, wanted);
	return found ? found : tree_find_stem(t, list, id, wanted);
}

/* The XML that a line of a list means: "id", "id 1", "a.jpg b.xml"; of a
 * picture that has none (CVAT writes none for a background), the picture. Names
 * may hold blanks, so the whole line is tried before its parts. NULL: none. */
static const char *file_of_line(struct tree *t, const char *list, char *line)
{
	char *space = strrchr(line, ' ');
	const char *found;

	if (tree_is_xml(line)) {
		found = tree_find(t, list, line, NULL, NULL);
		if (!found && space)
			found = tree_find(t, list, space + 1, NULL, NULL);
		return found;
	}
	found = find_id(t, list, line, tree_is_xml);
	if (!found)
		found = find_id(t, list, line, voc_is_picture);
	if (found || !space)
		return found;
	*strpbrk(line, " \t") = '\0';
	return find_id(t, list, line, tree_is_xml);
}

/* Marks in v->listed what a list names. A file none of whose first 20 lines
 * leads to an XML is no list of this data set: any text may be called
 * train.txt. */
static int read_list(struct voc *v, const char *path, enum label_split split,
		     bool *is_list, struct fl_err *err)
{
	struct labels *l = v->labels;
	char *text = tree_text(&l->tree, path, true, err), *at = text, *line;
	int number = 0, missing = 0, first = 0, found = 0;

	*is_list = false;
	if (!text)
		return FL_EDATA;
	while ((line = lines_next(&at, &number)) != NULL &&
	       (found > 0 || missing < 20)) {
		const char *file =
			*line ? file_of_line(&l->tree, path, line) : NULL;
		char *part =
			file ? &v->listed[tree_index(&l->tree, file)] : NULL;

		/* Of two lists the first counts. */
		if (part && *part && *part != (char)split)
			labels_odd(l, ODD_BOTH, "%s:%d: %s", path, number,
				   file);
		else if (part)
			*part = (char)split;
		else if (*line && missing++ == 0)
			first = number;
		found += part != NULL;
	}
	free(text);
	*is_list = found > 0;
	if (found > 0 && missing > 0)
		labels_odd(
			l, ODD_NO_LABEL,
			"%s: %d lines to which no file belongs, line %d first",
			path, missing, first);
	return 0;
}

/* "train.txt", "Main/val.txt", "default.txt" (CVAT's, of no part); letters
 * alone, since "aeroplane_train.txt" lists the pictures of one class. */
static bool named_as_list(const char *path, enum label_split *split)
{
	const char *name = fl_base_name(path);

	*split = labels_split_of(name, true);
	return tree_is_txt(path) &&
	       strspn(name,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		       strlen(name) - 4 &&
	       (*split || strcasecmp(name, "default.txt") == 0);
}

/* ImageSets may hold lists for other tasks of the same pictures. */
static bool for_other_task(const char *path)
{
	return strstr(path, "ImageSets/Segmentation/") ||
	       strstr(path, "ImageSets/Layout/") ||
	       strstr(path, "ImageSets/Action/") ||
	       strstr(path, "SegmentationClass/");
}

static bool is_trainval(const char *path)
{
	return strcasecmp(fl_base_name(path), "trainval.txt") == 0;
}

/* Lists of parts: trainval.txt, which is the two together, only where there is
 * no train.txt; hence it comes in a second turn. *any: there was one. */
static int read_lists(struct voc *v, bool *any, struct fl_err *err)
{
	struct tree *t = &v->labels->tree;
	bool train = false;
	int rc = 0;

	for (int late = 0; late < 2; late++)
		for (int i = 0; rc == 0 && i < t->count; i++) {
			const char *path = t->paths[i];
			enum label_split split;
			bool is_list = false;

			if (!named_as_list(path, &split) ||
			    for_other_task(path) ||
			    is_trainval(path) != (late == 1) || (late && train))
				continue;
			rc = read_list(v, path,
				       split ? split : SPLITS /* default */,
				       &is_list, err);
			*any |= is_list;
			train |= is_list && split == SPLIT_TRAIN && !late;
		}
	return rc;
}

/* A broken file is told from a foreign one by its namesake: an XML of a picture
 * should have been readable. */
static bool belongs_to_picture(struct tree *t, const char *path)
{
	return tree_is_xml(path) &&
	       tree_find_stem(t, path, path, voc_is_picture) != NULL;
}

int voc_read_lists(struct voc *v, struct fl_err *err)
{
	struct labels *l = v->labels;
	struct tree *t = &l->tree;
	bool any = false;
	int rc;

	/* A part a path; SPLITS stands for "listed, in no part" (CVAT's
	 * default.txt), because 0 has to mean that no list names it. */
	v->listed = fl_calloc((size_t)t->count + 1, 1);
	rc = read_lists(v, &any, err);
	for (int i = 0; rc == 0 && i < t->count; i++) {
		char part = v->listed[i];
		enum label_split split =
			part == SPLITS ? SPLIT_NONE : (enum label_split)part;

		/* A background: listed, and without an XML. */
		if (part && image_is_named(t->paths[i])) {
			labels_image(l, t->paths[i], 0, 0, split);
			continue;
		}
		if (!voc_is_xml(t, t->paths[i]) && !part &&
		    !belongs_to_picture(t, t->paths[i]))
			continue;
		if (any && !part)
			labels_odd(l, ODD_UNLISTED, "%s", t->paths[i]);
		else
			voc_read_xml(
				v, t->paths[i],
				part == SPLITS ? SPLIT_NONE
				: part	       ? (enum label_split)part
				       : labels_split_of(t->paths[i], false));
	}
	/* The order of first use would hang on how the files are called. */
	if (rc == 0 && !v->names_given)
		labels_sort_classes(l);
	return rc;
}

void voc_lists_close(struct voc *v)
{
	free(v->listed);
}
