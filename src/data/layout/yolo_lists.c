/* Where YOLO's classes and pictures are named: Ultralytics' and Roboflow's
 * data.yaml (names as a list or by number; each part a folder, a list of them,
 * or a text file of pictures), darknet's and CVAT's obj.data with obj.names,
 * Label Studio's and labelImg's classes.txt; looked for in this order, and the
 * first one counts. Paths in them were written on another machine as often as
 * not, so their ends count. yolo.c calls yolo_read_lists() and reads the
 * labels. */
#include "data/layout/yolo_priv.h"

#include "base/file.h"
#include "image/image.h"
#include "base/str.h"
#include "text/yaml.h"
#include "text/lines.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A list may lie beside the pictures and be some picture's namesake. Paths are
 * the tree's own, so pointers are compared. */
static void is_no_label(struct yolo *y, const char *path)
{
	if (y->list_count < YOLO_LISTS)
		y->lists[y->list_count++] = path;
}

/* Class names, one a line; lines in the middle may not be empty, for the
 * numbers in the labels are line numbers. */
static int read_names(struct yolo *y, const char *path, struct fl_err *err)
{
	struct labels *l = y->labels;
	char *text = tree_text(&l->tree, path, false, err), *at = text, *line;
	int number = 0, empty = 0, rc = text ? 0 : FL_EDATA;

	while (rc == 0 && (line = lines_next(&at, &number)) != NULL) {
		if (!*line)
			empty = empty ? empty : number;
		else if (empty)
			rc = fl_fail(
				err, FL_EDATA,
				"%s:%d: an empty line between class names; the numbers in the labels count lines",
				path, empty);
		/* A new name gets the last place, which has to be that of its
		 * line. */
		else if (labels_class(l, line) != l->class_count - 1 ||
			 l->class_count != number)
			rc = fl_fail(err, FL_EDATA,
				     "%s:%d: class '%s' is named twice", path,
				     number, line);
	}
	free(text);
	if (rc == 0 && l->class_count == 0)
		rc = fl_fail(err, FL_EDATA, "%s names no class", path);
	l->source = path;
	is_no_label(y, path);
	return rc;
}

/* ---- data.yaml ---- */

static int take_name(struct yolo *y, const struct yaml *name, const char *where,
		     int number, struct fl_err *err)
{
	struct labels *l = y->labels;

	if (!name || !name->text || !*name->text)
		return fl_fail(err, FL_EDATA, "%s: 'names' has no name for %d",
			       where, number);
	if (labels_class(l, name->text) != number)
		return fl_fail(err, FL_EDATA,
			       "%s: class '%s' is named twice in 'names'",
			       where, name->text);
	return 0;
}

static int take_names(struct yolo *y, const struct yaml *doc, const char *where,
		      struct fl_err *err)
{
	const struct yaml *names = yaml_get(doc, "names");
	const struct yaml *nc = yaml_get(doc, "nc");
	int n = names ? names->count : 0, rc = 0;
	char key[24];

	if (names && names->kind != YAML_LIST && names->kind != YAML_MAP)
		return fl_fail(
			err, FL_EDATA,
			"%s: 'names' must be a list of class names, or a map of numbers to names",
			where);
	if (nc &&
	    (nc->kind != YAML_INT || nc->number < 1 || nc->number > 100000))
		return fl_fail(err, FL_EDATA,
			       "%s: 'nc' must be the number of classes", where);
	/* Ultralytics stops there too: one of the two is a leftover, and
	 * numbers in the labels may mean either. */
	if (names && nc && (int)nc->number != n)
		return fl_fail(err, FL_EDATA,
			       "%s: 'nc' is %d, but 'names' has %d", where,
			       (int)nc->number, n);
	for (int i = 0; rc == 0 && names && i < n; i++) {
		snprintf(key, sizeof(key), "%d", i);
		rc = take_name(y,
			       names->kind == YAML_LIST ? names->items[i]
							: yaml_get(names, key),
			       where, i, err);
	}
	/* As old files have it, and Ultralytics' names for them. */
	for (int i = 0; !names && nc && i < (int)nc->number; i++) {
		snprintf(key, sizeof(key), "class_%d", i);
		labels_class(y->labels, key);
	}
	if (rc == 0 && y->labels->class_count == 0)
		rc = fl_fail(err, FL_EDATA, "%s: 'names' names no class",
			     where);
	return rc;
}

/* A path of data.yaml as its file or folder in the tree: what the text says
 * below 'path', beside the yaml, at the root, and then the same without its
 * first folder, its second, and so on. Roboflow's "../train/images" leads out
 * of its own folder; "/home/me/set/images/train" is somebody else's. false:
 * none fits. */
static bool resolve(struct labels *l, const char *yaml, const char *prefix,
		    const char *text, char found[PATH_MAX])
{
	char clean[PATH_MAX], base[PATH_MAX];
	const char *rest = clean, *star;
	size_t n = strlen(text);
	int first;

	if (n >= sizeof(clean))
		return false;
	memcpy(clean, text, n + 1);
	for (char *p = clean; *p; p++)
		*p = *p == '\\' ? '/' : *p;
	/* Of a pattern ("*.jpg" in a folder) the folder in front. */
	if ((star = strchr(clean, '*')) != NULL) {
		n = (size_t)(star - clean);
		clean[n] = '\0';
	}
	while (n > 0 && clean[n - 1] == '/')
		clean[--n] = '\0';
	snprintf(base, sizeof(base), "%.*s", (int)(fl_base_name(yaml) - yaml),
		 yaml);
	do {
		const char *const fronts[3][2] = { { base, prefix },
						   { base, "" },
						   { "", "" } };

		while (fl_starts_with(rest, "../") ||
		       fl_starts_with(rest, "./"))
			rest = strchr(rest, '/') + 1;
		rest += *rest == '/';
		if (strcmp(rest, ".") == 0)
			rest = "";
		for (int i = 0; i < 3; i++) {
			n = (size_t)snprintf(found, PATH_MAX, "%s%s%s%s",
					     fronts[i][0], fronts[i][1],
					     *fronts[i][1] ? "/" : "", rest);
			while (n > 0 && n < PATH_MAX && found[n - 1] == '/')
				found[--n] = '\0';
			if (tree_get(&l->tree, found) ||
			    (tree_below(&l->tree, found, &first) > 0 &&
			     (*rest || !*clean || strcmp(clean, ".") == 0)))
				return true;
		}
		rest = strchr(rest, '/');
	} while (rest++ && *rest);
	return false;
}

/* A text file of pictures, one a line; which ones are here is told. */
static int take_list(struct yolo *y, const char *path, enum label_split split,
		     struct fl_err *err)
{
	struct tree *t = &y->labels->tree;
	char *text = tree_text(t, path, true, err), *at = text, *line;
	int number = 0, rc = text ? 0 : FL_EDATA;

	is_no_label(y, path);
	while (rc == 0 && (line = lines_next(&at, &number)) != NULL) {
		const char *picture =
			*line ? tree_find(t, path, line, NULL, NULL) : NULL;

		if (picture && image_is_named(picture))
			yolo_picture(y, picture, split);
		else if (*line)
			labels_odd(y->labels, ODD_NO_PICTURE, "%s:%d: %s", path,
				   number, line);
	}
	free(text);
	return rc;
}

/* Without a part of its own a picture's folders say it
 * ("train/images/x.jpg"). */
static void take_folder(struct yolo *y, const char *folder,
			enum label_split split)
{
	struct tree *t = &y->labels->tree;
	int first, n = tree_below(t, folder, &first);

	for (int i = first; i < first + n; i++)
		if (image_is_named(t->paths[i]))
			yolo_picture(
				y, t->paths[i],
				split ? split
				      : labels_split_of(t->paths[i], false));
}

/* A folder, a text file of pictures, or a list of such, which calls itself. */
static int take_part(struct yolo *y, const struct yaml *value,
		     const char *prefix, const char *yaml,
		     enum label_split split, struct fl_err *err)
{
	struct labels *l = y->labels;
	char found[PATH_MAX];
	const char *file;
	int rc = 0;

	if (value->kind == YAML_NULL)
		return 0;
	if (value->kind == YAML_LIST) {
		for (int i = 0; rc == 0 && i < value->count; i++)
			rc = take_part(y, value->items[i], prefix, yaml, split,
				       err);
		return rc;
	}
	if (!value->text)
		return fl_fail(
			err, FL_EDATA,
			"%s:%d: a part is a folder of pictures, a text file that lists them, or a list of such",
			yaml, value->line);
	/* No error: data.yaml names a test part that few exports have. */
	if (!resolve(l, yaml, prefix, value->text, found)) {
		labels_odd(l, ODD_PART, "%s of %s: '%s'",
			   labels_split_name(split), yaml, value->text);
		return 0;
	}
	file = tree_get(&l->tree, found);
	if (file && !tree_is_txt(file))
		return fl_fail(
			err, FL_EDATA,
			"%s:%d: '%s' is neither a folder nor a text file that lists pictures",
			yaml, value->line, file);
	if (file)
		return take_list(y, file, split, err);
	take_folder(y, found, split);
	return 0;
}

static int take_parts(struct yolo *y, const struct yaml *doc, const char *yaml,
		      struct fl_err *err)
{
	static const struct {
		const char *key;
		enum label_split split;
	} keys[] = { { "train", SPLIT_TRAIN },
		     { "val", SPLIT_VAL },
		     { "valid", SPLIT_VAL },
		     { "validation", SPLIT_VAL },
		     { "test", SPLIT_TEST } };
	/* Ultralytics' root of the parts; where it leads nowhere here, the
	 * parts are looked for without it. */
	const struct yaml *path = yaml_get(doc, "path");
	char prefix[PATH_MAX] = "";
	bool named = false;
	int rc = 0;

	if (path && path->text && strcmp(path->text, ".") != 0 &&
	    !resolve(y->labels, yaml, "", path->text, prefix))
		prefix[0] = '\0';
	for (size_t i = 0; rc == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml *value = yaml_get(doc, keys[i].key);

		named |= value && value->kind != YAML_NULL;
		if (value)
			rc = take_part(y, value, prefix, yaml, keys[i].split,
				       err);
	}
	/* A yaml that names classes alone: all pictures below the folder. */
	if (rc == 0 && !named)
		take_folder(y, "", SPLIT_NONE);
	if (rc == 0 && named && y->labels->image_count == 0 &&
	    y->labels->odd[ODD_BROKEN].count == 0)
		rc = fl_fail(
			err, FL_EDATA,
			"%s names no part with pictures below '%s' (%s); give the folder that holds them",
			yaml, y->labels->tree.root,
			y->labels->odd[ODD_PART].count
				? y->labels->odd[ODD_PART].text[0]
				: "they are empty");
	return rc;
}

static int read_yaml(struct yolo *y, const char *path, struct fl_err *err)
{
	struct fl_arena arena = FL_ARENA_INIT;
	struct labels *l = y->labels;
	struct yaml *doc;
	int rc = yaml_read(tree_full(&l->tree, path), &arena, &doc, err);

	if (rc == 0 && doc->kind != YAML_MAP)
		rc = fl_fail(err, FL_EDATA,
			     "%s is no map of 'names', 'train' and 'val'",
			     path);
	if (rc == 0)
		rc = take_names(y, doc, path, err);
	/* Lines are then longer than a box and could be taken for outlines. */
	y->keypoints = rc == 0 && yaml_get(doc, "kpt_shape") != NULL;
	l->source = path;
	if (rc == 0)
		rc = take_parts(y, doc, path, err);
	fl_arena_release(&arena);
	return rc;
}

static bool names_classes(struct tree *t, const char *path)
{
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct yaml *doc;
	bool yes = yaml_read(tree_full(t, path), &arena, &doc, &err) == 0 &&
		   doc->kind == YAML_MAP &&
		   (yaml_get(doc, "names") || yaml_get(doc, "nc"));

	fl_arena_release(&arena);
	return yes;
}

static int depth(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* data.yaml by name, then any other that names classes; near the root. Deeper
 * than two folders lie the yaml files of runs. */
static const char *find_yaml(struct tree *t)
{
	const char *best = NULL;
	bool named = false;

	for (int i = 0; i < t->count; i++) {
		const char *path = t->paths[i], *name = fl_base_name(path);
		bool usual = strcasecmp(name, "data.yaml") == 0 ||
			     strcasecmp(name, "data.yml") == 0;

		if (!tree_is_yaml(path) || depth(path) > 2 ||
		    (!usual && !names_classes(t, path)))
			continue;
		if (!best || (usual && !named) ||
		    (usual == named && depth(path) < depth(best))) {
			best = path;
			named = usual;
		}
	}
	return best;
}

/* ---- obj.data, classes.txt ---- */

/* The first one in order of paths. */
static const char *find_named(struct tree *t, const char *ending,
			      const char *name)
{
	for (int i = 0; i < t->count; i++)
		if ((ending && fl_ends_with(t->paths[i], ending)) ||
		    (name && strcasecmp(fl_base_name(t->paths[i]), name) == 0))
			return t->paths[i];
	return NULL;
}

/* "key = value" */
static bool setting(char *line, const char *key, const char **value)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0)
		return false;
	line += n;
	line += strspn(line, " \t");
	if (*line != '=')
		return false;
	*value = line + 1 + strspn(line + 1, " \t");
	return **value != '\0';
}

static int read_obj_data(struct yolo *y, const char *path, struct fl_err *err)
{
	struct labels *l = y->labels;
	char *text = tree_text(&l->tree, path, false, err), *at = text, *line;
	const char *lists[SPLITS] = { NULL }, *names = NULL, *value;
	int number = 0, rc = text ? 0 : FL_EDATA;

	while (rc == 0 && (line = lines_next(&at, &number)) != NULL) {
		if (setting(line, "names", &value))
			names = tree_find(&l->tree, path, value, NULL, NULL);
		else if (setting(line, "train", &value))
			lists[SPLIT_TRAIN] =
				tree_find(&l->tree, path, value, NULL, NULL);
		else if (setting(line, "valid", &value) ||
			 setting(line, "val", &value))
			lists[SPLIT_VAL] =
				tree_find(&l->tree, path, value, NULL, NULL);
		else if (setting(line, "test", &value))
			lists[SPLIT_TEST] =
				tree_find(&l->tree, path, value, NULL, NULL);
	}
	free(text);
	names = names ? names : find_named(&l->tree, ".names", NULL);
	if (rc == 0 && !names)
		rc = fl_fail(
			err, FL_EDATA,
			"%s is there, but the file of class names that it speaks of (obj.names) is not",
			path);
	if (rc == 0)
		rc = read_names(y, names, err);
	/* All lists are known as such before the first picture asks for its
	 * label. */
	for (int s = SPLIT_TRAIN; rc == 0 && s < SPLITS; s++)
		if (lists[s])
			is_no_label(y, lists[s]);
	for (int s = SPLIT_TRAIN; rc == 0 && s < SPLITS; s++)
		if (lists[s])
			rc = take_list(y, lists[s], (enum label_split)s, err);
	/* Lists of another machine, or none: the pictures that are here. */
	if (rc == 0 && l->image_count == 0 && l->odd[ODD_BROKEN].count == 0)
		take_folder(y, "", SPLIT_NONE);
	return rc;
}

static const char *find_names(struct tree *t)
{
	const char *path = find_named(t, ".names", NULL);

	if (!path)
		path = find_named(t, NULL, "classes.txt");
	return path ? path : find_named(t, NULL, "labels.txt");
}

int yolo_read_lists(struct yolo *y, const char *one, struct fl_err *err)
{
	struct tree *t = &y->labels->tree;
	const char *path = one ? one : find_yaml(t);
	int rc;

	if (path)
		return read_yaml(y, path, err);
	path = find_named(t, ".data", NULL);
	if (path)
		return read_obj_data(y, path, err);
	path = find_names(t);
	if (!path)
		return fl_fail(
			err, FL_EDATA,
			"'%s' has YOLO labels but no class names: "
			"put data.yaml, obj.names or classes.txt (one name a line) there",
			t->root);
	rc = read_names(y, path, err);
	if (rc == 0)
		take_folder(y, "", SPLIT_NONE);
	return rc;
}

/* Does a text file look like a label: a first line of five numbers or more? */
static bool is_label(struct tree *t, const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	char *text = tree_text(t, path, false, &err), *at = text, *line;
	int number = 0, words = 0;

	while ((line = lines_next(&at, &number)) != NULL && !*line)
		;
	for (char *word; line && (word = strsep(&line, " \t,")) != NULL;) {
		char *end;

		if (!*word)
			continue;
		strtod(word, &end);
		words = *end ? -1000000 : words + 1;
	}
	free(text);
	return words >= 5;
}

/* Those with a picture's name: such a text may also be its caption. */
#define LOOKED_AT 200 /* text files, before we say that none is a label */

/* Names of classes are enough: whether labels are missing is for the reader to
 * say. Without them text files have to look like labels. */
int layout_find_yolo(struct tree *t)
{
	int looked = 0, labels = 0;

	if (find_yaml(t) || find_named(t, NULL, "obj.data") ||
	    find_named(t, ".names", "classes.txt"))
		return 1;
	for (int i = 0; i < t->count && looked < LOOKED_AT; i++) {
		char stem[PATH_MAX];
		const char *name = fl_base_name(t->paths[i]);

		if (!tree_is_txt(t->paths[i]))
			continue;
		snprintf(stem, sizeof(stem), "%.*s.", tree_stem_length(name),
			 name);
		if (!tree_find_stem(t, t->paths[i], stem, image_is_named))
			continue;
		looked++;
		labels += is_label(t, t->paths[i]);
	}
	return labels;
}
