/* The reader of files of detections: one pass, an object at a time, over the
 * mapped file, so half a million detections need their structs and nothing
 * else. Texts of ids, file names and names of categories are kept beside the
 * plain structs, and only where a file has any. Called by 'flotilla eval';
 * coco_join.c then gives every detection the ids of the ground truth. */
#include "eval/coco_detections.h"

#include "base/file.h"
#include "box/foreign_labels.h"
#include "text/json_pull.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which keys an object has had: a bit each, for what is missing and what is
 * twice. */
enum {
	HAS_IMAGE = 1,
	HAS_CATEGORY = 2,
	HAS_BBOX = 4,
	HAS_SCORE = 8,
	HAS_FILE = 16,
	HAS_NAME = 32
};

struct detections_reader {
	struct json_pull json;
	struct coco_detections *out;
	size_t cap;
	unsigned has;
	struct coco_said last; /* texts that a copy exists of */
	struct fl_err *err;
};

/* FL_EDATA with the place: number of the detection from 0, byte and line. What
 * the JSON reader has said of broken text already is kept. */
static int refuse(struct detections_reader *r, enum json_token t,
		  const char *what)
{
	if (t == JSON_BROKEN)
		return r->err->code;
	return fl_fail(r->err, FL_EDATA,
		       "'%s': detection %zu (byte %zu, line %zu): %s",
		       r->json.what, r->out->count, json_pull_byte(&r->json),
		       json_pull_line(&r->json, json_pull_byte(&r->json)),
		       what);
}

static int take_number(struct detections_reader *r, double *out,
		       const char *what)
{
	enum json_token t = json_pull_next(&r->json);

	/* 1e999 is a number of JSON and infinite as a double. */
	if (t != JSON_NUMBER || !isfinite(r->json.number))
		return refuse(r, t, what);
	*out = r->json.number;
	return 0;
}

/* The id as a number, or a number that stands for its text (box/text_ids.h). */
static int take_id(struct detections_reader *r, int64_t *out, const char *what)
{
	enum json_token t = json_pull_next(&r->json);

	return text_ids_take(&r->out->ids, &r->json, t, out)
		       ? 0
		       : refuse(r, t, what);
}

static int take_bbox(struct detections_reader *r, double bbox[4])
{
	static const char what[] =
		"'bbox' must be four finite numbers [x, y, width, height]";
	enum json_token t = json_pull_next(&r->json);

	if (t != JSON_ARRAY)
		return refuse(r, t, what);
	for (int i = 0; i < 4; i++) {
		int rc = take_number(r, &bbox[i], what);

		if (rc != 0)
			return rc;
	}
	t = json_pull_next(&r->json);
	return t == JSON_ARRAY_END ? 0 : refuse(r, t, what);
}

/* Anything but a text says nothing, and is as good as not there. Neighbours
 * mostly say the same. */
static int take_said(struct detections_reader *r, unsigned flag,
		     const char **last, const char **out)
{
	enum json_token t = json_pull_next(&r->json);
	const char *text = r->json.text;
	size_t len = r->json.len;

	if (t == JSON_STRING) {
		if (!*last || strlen(*last) != len || memcmp(*last, text, len))
			*last = fl_arena_strndup(&r->out->arena, text, len);
		*out = *last;
	} else {
		r->has &= ~flag;
	}
	return t != JSON_BROKEN && json_pull_skip(&r->json, t) ? 0
							       : r->err->code;
}

static int take_member(struct detections_reader *r, struct coco_detection *d,
		       struct coco_said *said)
{
	static const struct {
		const char *key;
		unsigned flag;
	} keys[] = {
		{ "image_id", HAS_IMAGE }, { "category_id", HAS_CATEGORY },
		{ "bbox", HAS_BBOX },	   { "score", HAS_SCORE },
		{ "file_name", HAS_FILE }, { "category_name", HAS_NAME },
	};
	unsigned flag = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !flag; i++)
		if (json_pull_is(&r->json, keys[i].key))
			flag = keys[i].flag;
	/* A key that nobody asks for has flag 0 and may stand twice. */
	if (r->has & flag)
		return refuse(r, JSON_KEY, "a key stands here twice");
	r->has |= flag;
	switch (flag) {
	case HAS_IMAGE:
		return take_id(r, &d->image_id,
			       "'image_id' must be a number or a text");
	case HAS_CATEGORY:
		return take_id(r, &d->category_id,
			       "'category_id' must be a number or a text");
	case HAS_BBOX:
		return take_bbox(r, d->bbox);
	case HAS_SCORE:
		return take_number(r, &d->score,
				   "'score' must be a finite number");
	case HAS_FILE:
		return take_said(r, flag, &r->last.file, &said->file);
	case HAS_NAME:
		return take_said(r, flag, &r->last.category, &said->category);
	default:
		return json_pull_skip(&r->json, json_pull_next(&r->json))
			       ? 0
			       : r->err->code;
	}
}

/* What other tools call the four, in the order in which a name is looked for. */
static const struct {
	unsigned flag;
	const char *key, *others[10];
} near[] = {
	{ HAS_IMAGE | HAS_FILE,
	  "file_name",
	  { "filename", "file", "image_name", "image_path", "filepath", "path",
	    "image", "img" } },
	{ HAS_IMAGE | HAS_FILE,
	  "image_id",
	  { "img_id", "imageId", "image_idx" } },
	{ HAS_CATEGORY | HAS_NAME,
	  "category_name",
	  { "class_name", "label_name", "name" } },
	{ HAS_CATEGORY | HAS_NAME,
	  "category_id",
	  { "class_id", "label_id", "cls", "class", "label", "category",
	    "categoryId", "labels", "classes" } },
	{ HAS_BBOX,
	  "bbox",
	  { "box", "boxes", "bboxes", "bounding_box", "xywh", "rect" } },
	{ HAS_SCORE,
	  "score",
	  { "confidence", "conf", "scores", "prob", "probability",
	    "confidences", "objectness" } },
};
#define NEAR (sizeof(near) / sizeof(near[0]))

/* Goes through the object that begins at the byte once more: the key of it that
 * may be meant, *as what; NULL: none. */
static const char *near_key(struct detections_reader *r, size_t from,
			    unsigned lack, const char **as)
{
	struct fl_err err = FL_ERR_INIT;
	struct json_pull again;
	const char *found = NULL;
	enum json_token t;

	json_pull_init(&again, r->json.data + from, r->json.size - from, "",
		       &err);
	json_pull_next(&again);
	while (!found && (t = json_pull_next(&again)) == JSON_KEY) {
		for (size_t i = 0; i < NEAR; i++)
			for (int k = 0; (near[i].flag & lack) && k < 10; k++)
				if (near[i].others[k] &&
				    json_pull_is(&again, near[i].others[k])) {
					found = near[i].others[k];
					*as = near[i].key;
				}
		json_pull_skip(&again, json_pull_next(&again));
	}
	json_pull_release(&again);
	return found;
}

/* The sentence on what an object lacks; false where it lacks nothing. */
static bool missing(struct detections_reader *r, size_t from, char *out,
		    size_t size)
{
	static const struct {
		unsigned any;
		const char *what, *guess;
	} needs[] = {
		{ HAS_IMAGE | HAS_FILE, "'image_id' is missing",
		  ", and so is 'file_name'" },
		{ HAS_CATEGORY | HAS_NAME, "'category_id' is missing", "" },
		{ HAS_BBOX, "'bbox' is missing", "" },
		{ HAS_SCORE, "'score' is missing",
		  "; is this file ground truth?" },
	};
	const char *found, *as = "";

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (r->has & needs[i].any)
			continue;
		found = near_key(r, from, needs[i].any, &as);
		if (found)
			snprintf(
				out, size,
				"%s, but '%s' is there: if that is what it is, call it '%s'",
				needs[i].what, found, as);
		else
			snprintf(out, size, "%s%s", needs[i].what,
				 needs[i].guess);
		return true;
	}
	return false;
}

/* Room for one more, and for what it says once any of them says something. */
static void keep(struct detections_reader *r, const struct coco_detection *d,
		 const struct coco_said *said)
{
	struct coco_detections *o = r->out;

	if (o->count == r->cap) {
		/* said is as long as list, or not there at all; new places say
		 * nothing. */
		size_t more = r->cap ? 2 * r->cap : 4096;

		o->list = fl_realloc(o->list, more * sizeof(*o->list));
		if (o->said) {
			o->said = fl_realloc(o->said, more * sizeof(*o->said));
			memset(o->said + r->cap, 0,
			       (more - r->cap) * sizeof(*o->said));
		}
		r->cap = more;
	}
	if (!o->said && (said->file || said->category))
		o->said = fl_calloc(r->cap, sizeof(*o->said));
	if (o->said)
		o->said[o->count] = *said;
	o->list[o->count++] = *d;
}

static int take_detection(struct detections_reader *r)
{
	struct coco_detection d = { .image_id = COCO_NO_ID,
				    .category_id = COCO_NO_ID };
	size_t from = json_pull_byte(&r->json);
	struct coco_said said = { 0 };
	enum json_token t;
	char lack[200];

	r->has = 0;
	while ((t = json_pull_next(&r->json)) == JSON_KEY) {
		int rc = take_member(r, &d, &said);

		if (rc != 0)
			return rc;
	}
	if (t == JSON_BROKEN)
		return r->err->code;
	if (missing(r, from, lack, sizeof(lack)))
		return refuse(r, t, lack);
	keep(r, &d, &said);
	return 0;
}

static int no_detections(struct detections_reader *r)
{
	return fl_fail(r->err, FL_EDATA,
		       "'%s' is no file of detections: they are an array of "
		       "objects with image_id, category_id, bbox and score",
		       r->json.what);
}

static int take_array(struct detections_reader *r)
{
	enum json_token t;

	while ((t = json_pull_next(&r->json)) == JSON_OBJECT) {
		int rc = take_detection(r);

		if (rc != 0)
			return rc;
	}
	return t == JSON_ARRAY_END
		       ? 0
		       : refuse(r, t, "a detection must be an object");
}

/* Under these keys the writers of coco_detections.h have the array. */
static bool at_wrapped(const struct detections_reader *r)
{
	static const char *const keys[] = { "annotations", "predictions",
					    "detections", "results" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_pull_is(&r->json, keys[i]))
			return true;
	return false;
}

/* An object around the array. */
static int take_wrapped(struct detections_reader *r)
{
	bool found = false;
	enum json_token t;
	int rc = 0;

	while (rc == 0 && (t = json_pull_next(&r->json)) == JSON_KEY) {
		bool here = at_wrapped(r);

		t = json_pull_next(&r->json);
		if (here && t == JSON_ARRAY && !found) {
			found = true;
			rc = take_array(r);
		} else if (!json_pull_skip(&r->json, t)) {
			rc = r->err->code;
		}
	}
	if (rc != 0 || t == JSON_BROKEN)
		return r->err->code;
	/* a line of JSON Lines is such an object: more stands behind it */
	if (!found && json_pull_next(&r->json) == JSON_BROKEN)
		return r->err->code;
	return found ? 0 : no_detections(r);
}

static int read_all(struct detections_reader *r)
{
	enum json_token t = json_pull_next(&r->json);
	int rc;

	if (t == JSON_BROKEN)
		return r->err->code;
	if (t != JSON_ARRAY && t != JSON_OBJECT)
		return no_detections(r);
	/* Only an object can list images and categories of its own. */
	r->out->has_own = t == JSON_OBJECT;
	rc = t == JSON_OBJECT ? take_wrapped(r) : take_array(r);
	if (rc != 0)
		return rc;
	return json_pull_next(&r->json) == JSON_END ? 0 : r->err->code;
}

/* Ids that are texts get their final numbers once all texts are known
 * (text_ids_settle). */
static void settle(struct coco_detections *d)
{
	int64_t *now = text_ids_settle(&d->ids);

	for (size_t i = 0; i < d->count; i++) {
		d->list[i].image_id = text_id_now(now, d->list[i].image_id);
		d->list[i].category_id =
			text_id_now(now, d->list[i].category_id);
	}
	free(now);
}

int coco_detections_read(const char *path, struct coco_detections *out,
			 struct fl_err *err)
{
	struct detections_reader r = { .out = out, .err = err };
	struct fl_map map;
	int rc = fl_map_open(&map, path, err);

	*out = (struct coco_detections){ 0 };
	if (rc != 0)
		/* The path was given by a person: a file that cannot be opened
		 * is wrong data. */
		return err->code = FL_EDATA;
	json_pull_init(&r.json, map.data, map.size, path, err);
	rc = read_all(&r);
	json_pull_release(&r.json);
	if (rc != 0)
		rc = foreign_labels_fail(map.data, map.size, path, rc, err);
	/* It tells a file that was cut short while it was read from one that is
	 * broken. */
	rc = fl_map_end(&map, path, rc, err);
	if (rc == 0)
		settle(out);
	/* A second pass over the file, for its lists; it is rare. */
	if (rc == 0 && out->has_own)
		rc = annotations_read(path, &out->own, err);
	if (rc != 0)
		coco_detections_release(out);
	return rc;
}

void coco_detections_release(struct coco_detections *d)
{
	annotations_release(&d->own);
	text_ids_release(&d->ids);
	fl_arena_release(&d->arena);
	free(d->said);
	free(d->list);
	*d = (struct coco_detections){ 0 };
}
