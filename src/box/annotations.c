/* The reader of COCO annotation files, for training, scores and checks: one
 * pass over the bytes, an object at a time into its table, because a tree of
 * the whole file would need ten times its size. Long lists of boxes are read by
 * all threads (annotations_parts.c), huge files keep an index
 * (annotations_store.c). What can be read in one way only is read so; what it
 * means is annotations_link.c's business, which is called at the end. */
#include "box/annotations.h"

#include "box/annotations_priv.h"
#include "box/annotations_store.h"
#include "box/foreign_labels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more of size bytes in a table that doubles. */
static void *grow(void *table, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return table;
	*cap = *cap ? 2 * *cap : 1024;
	return fl_realloc(table, *cap * size);
}

static int not_coco(struct annotations_reader *r, const char *what)
{
	if (r->err->code != 0)
		return r->err->code; /* the json itself is broken */
	return fl_fail(r->err, FL_EDATA, "'%s' line %zu (byte %zu): %s",
		       r->json.what,
		       json_pull_line(&r->json, json_pull_byte(&r->json)),
		       json_pull_byte(&r->json), what);
}

static size_t line_of(struct annotations_reader *r, size_t byte)
{
	const unsigned char *p = r->json.data + r->counted;
	const unsigned char *end = r->json.data + byte;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		r->line++;
		p++;
	}
	r->counted = byte;
	return r->line;
}

/* Of the box that is being read. */
static void add_fault(struct annotations_reader *r, size_t byte,
		      const char *what)
{
	struct annotations *a = r->out;

	a->faults = grow(a->faults, a->fault_count, &r->fault_cap,
			 sizeof(*a->faults));
	a->faults[a->fault_count++] = (struct annotation_fault){
		.box = a->box_count, .line = line_of(r, byte), .what = what
	};
}

static void drop_fault(struct annotations *a)
{
	if (a->fault_count && a->faults[a->fault_count - 1].box == a->box_count)
		a->fault_count--;
}

static const char *count_fault(struct annotations_reader *r, int n)
{
	if (n == 0)
		return "'bbox' is empty";
	return fl_arena_printf(&r->out->arena, "'bbox' has %d number%s", n,
			       n == 1 ? "" : "s");
}

/* Everything that is no list of four numbers is a fault of this box and no end
 * of the file: the box is kept without coordinates. False: the json is
 * broken. */
static bool take_bbox(struct annotations_reader *r, struct annotation_box *b)
{
	double *v[4] = { &b->x, &b->y, &b->w, &b->h };
	enum json_token t = json_pull_next(&r->json);
	size_t byte = json_pull_byte(&r->json);
	const char *other = NULL;
	int n = 0;

	if (t != JSON_ARRAY) {
		add_fault(r, byte,
			  fl_arena_printf(&r->out->arena, "'bbox' is %s",
					  t == JSON_NUMBER
						  ? "a number"
						  : annotations_kind_of(t)));
		return t != JSON_BROKEN && json_pull_skip(&r->json, t);
	}
	while ((t = json_pull_next(&r->json)) != JSON_ARRAY_END) {
		double number = t == JSON_NUMBER ? r->json.number
						 : annotations_number_of(r, t);

		if (t != JSON_NUMBER && isnan(number))
			other = annotations_kind_of(t);
		if (n < 4)
			*v[n] = number;
		if (t == JSON_BROKEN || !json_pull_skip(&r->json, t))
			return false;
		n++;
	}
	b->has_bbox = n == 4 && !other;
	if (other)
		add_fault(r, byte,
			  fl_arena_printf(&r->out->arena, "'bbox' holds %s",
					  other));
	else if (n != 4)
		add_fault(r, byte, count_fault(r, n));
	return true;
}

/* ".../train2017/000000391895.jpg": folder and name, as LVIS means it. */
static const char *name_of_url(const char *url)
{
	const char *slash = strrchr(url, '/'), *p = slash;

	while (p && p > url && p[-1] != '/')
		p--;
	return p ? p : url;
}

/* Sizes begin as NaN, "not stated"; LVIS has its name in coco_url alone. */
static int read_image(struct annotations_reader *r)
{
	struct annotations *a = r->out;
	struct annotation_image im = { .width = NAN, .height = NAN };
	const char *url = NULL;
	bool id = false, ok = true;
	enum json_token t;

	while (ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "id")) {
			ok = id = annotations_take_id(r, "id", &im.id);
		} else if (json_pull_is(&r->json, "file_name")) {
			ok = annotations_take_text(r, &im.file_name);
		} else if (json_pull_is(&r->json, "coco_url")) {
			ok = annotations_take_text(r, &url);
		} else if (json_pull_is(&r->json, "width")) {
			ok = annotations_take_number(r, &im.width);
		} else if (json_pull_is(&r->json, "height")) {
			ok = annotations_take_number(r, &im.height);
		} else {
			/* LVIS marks what an image surely does not hold; COCO
			 * has no such member. */
			if (json_pull_is(&r->json, "neg_category_ids"))
				a->lvis = true;
			ok = annotations_skip(r);
		}
	}
	if (!ok || !id)
		return not_coco(
			r, "an image needs an 'id' that is a number or a text");
	if (!im.file_name)
		im.file_name = url ? name_of_url(url) : "";
	a->images = grow(a->images, a->image_count, &r->image_cap,
			 sizeof(*a->images));
	a->images[a->image_count++] = im;
	return 0;
}

/* Which of an annotation's ids it is. */
static int no_ids(struct annotations_reader *r, bool image)
{
	char what[160];

	if (r->wrong_key && strcmp(r->wrong_key, "id") == 0)
		snprintf(
			what, sizeof(what),
			"an annotation's 'id' must be a number or a text and is %s",
			r->wrong_kind);
	else
		snprintf(
			what, sizeof(what),
			"an annotation needs 'image_id' and 'category_id' that are numbers or texts "
			"('%s' is %s)",
			r->wrong_key ? r->wrong_key
			: image	     ? "category_id"
				     : "image_id",
			r->wrong_key ? r->wrong_kind : "missing");
	return not_coco(r, what);
}

/* Files of COCO's other tasks look like detection until here. */
static int not_a_box(struct annotations_reader *r, bool image, bool caption,
		     bool segments)
{
	if (caption)
		return not_coco(
			r,
			"an annotation has a 'caption' and no category: this is a file of "
			"captions; "
			"detection needs the one whose name begins with 'instances'");
	if (segments)
		return not_coco(
			r,
			"an annotation has 'segments_info': this is a panoptic file; "
			"detection needs the one whose name begins with 'instances', or "
			"panopticapi's panoptic2detection_coco_format.py");
	return no_ids(r, image);
}

enum box_key {
	BOX_IMAGE,
	BOX_CATEGORY,
	BOX_ID,
	BOX_BBOX,
	BOX_AREA,
	BOX_CROWD,
	BOX_IGNORE,
	BOX_CAPTION,
	BOX_SEGMENTS,
	BOX_OTHER,
	BOX_END /* no key more; or broken */
};

static enum box_key box_key_of(const struct json_pull *json)
{
	static const char *const names[BOX_OTHER] = {
		"image_id", "category_id", "id",      "bbox",	      "area",
		"iscrowd",  "ignore",	   "caption", "segments_info"
	};

	for (int k = 0; k < BOX_OTHER; k++)
		if (json_pull_is(json, names[k]))
			return (enum box_key)k;
	return BOX_OTHER;
}

/* The key that stands at place k of a box. Writers give every box the same keys
 * in the same order and spelling, so the bytes of the last box's are compared
 * first, which is quicker than reading a text and looking it up. */
static enum box_key next_box_key(struct annotations_reader *r, int k)
{
	struct annotations_written none, *w = &none;
	size_t from = r->json.at;

	if (k < ANNOTATIONS_KEYS) {
		w = &r->keys[k];
		if (w->len > 0 &&
		    json_pull_key_again(&r->json, w->bytes, w->len))
			return (enum box_key)w->key;
	}
	if (json_pull_next(&r->json) != JSON_KEY)
		return BOX_END;
	w->key = (int)box_key_of(&r->json);
	w->len = r->json.at - from;
	if (w->len <= sizeof(w->bytes))
		memcpy(w->bytes, r->json.data + from, w->len);
	else
		w->len = 0;
	return (enum box_key)w->key;
}

/* False where the value of the key is not what it must be. */
static bool read_box_value(struct annotations_reader *r, enum box_key key,
			   struct annotation_box *b)
{
	switch (key) {
	case BOX_IMAGE:
		return annotations_take_id(r, "image_id", &b->image_id);
	case BOX_CATEGORY:
		return annotations_take_id(r, "category_id", &b->category_id);
	case BOX_ID:
		b->has_id = annotations_take_own_id(r, &b->id);
		return b->has_id;
	case BOX_BBOX:
		return take_bbox(r, b);
	case BOX_AREA:
		return annotations_take_number(r, &b->area);
	case BOX_CROWD:
		return annotations_take_flag(r, &b->crowd);
	case BOX_IGNORE:
		return annotations_take_flag(r, &b->ignore);
	default:
		return annotations_skip(r);
	}
}

int annotations_read_box(struct annotations_reader *r)
{
	struct annotations *a = r->out;
	struct annotation_box b = {
		.x = NAN, .y = NAN, .w = NAN, .h = NAN, .area = NAN, .id = -1
	};
	const unsigned needed = 1u << BOX_IMAGE | 1u << BOX_CATEGORY;
	size_t byte = json_pull_byte(&r->json);
	unsigned seen = 0;
	bool ok = true;

	for (int k = 0; ok; k++) {
		enum box_key key = next_box_key(r, k);

		if (key == BOX_END)
			break;
		if (key == BOX_BBOX && seen >> BOX_BBOX & 1)
			drop_fault(a); /* again: the last one counts */
		ok = read_box_value(r, key, &b);
		if (ok)
			seen |= 1u << key;
	}
	if (!ok || (seen & needed) != needed || r->json.token == JSON_BROKEN)
		return not_a_box(r, seen >> BOX_IMAGE & 1,
				 ok && seen >> BOX_CAPTION & 1,
				 ok && seen >> BOX_SEGMENTS & 1);
	if (!(seen >> BOX_BBOX & 1))
		add_fault(r, byte, "it has no 'bbox'");
	a->boxes = grow(a->boxes, a->box_count, &r->box_cap, sizeof(*a->boxes));
	a->boxes[a->box_count++] = b;
	return 0;
}

static int read_category(struct annotations_reader *r)
{
	struct annotations *a = r->out;
	struct annotation_category c = { .name = "", .parent = "" };
	bool id = false, ok = true;
	enum json_token t;

	while (ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "id")) {
			ok = id = annotations_take_id(r, "id", &c.id);
		} else if (json_pull_is(&r->json, "name")) {
			ok = annotations_take_text(r, &c.name);
		} else if (json_pull_is(&r->json, "supercategory")) {
			ok = annotations_take_text(r, &c.parent);
		} else {
			if (json_pull_is(&r->json, "synset"))
				a->lvis = true;
			ok = annotations_skip(r);
		}
	}
	if (!ok || !id)
		return not_coco(
			r,
			"a category needs an 'id' that is a number or a text");
	a->categories = grow(a->categories, a->category_count, &r->category_cap,
			     sizeof(*a->categories));
	a->categories[a->category_count++] = c;
	return 0;
}

void annotations_pass(struct annotations_reader *r, size_t at_least)
{
	size_t at = json_pull_byte(&r->json);

	if (at - r->passed < at_least)
		return;
	fl_map_pass(r->map, r->passed, at);
	r->passed = at;
}

/* An array of objects, each read by 'one', or taken from the parts where another
 * thread has read it. */
static int read_array(struct annotations_reader *r,
		      int (*one)(struct annotations_reader *r))
{
	enum json_token t = json_pull_next(&r->json);
	struct annotations_parts *parts = NULL;
	int rc = 0;

	if (t != JSON_ARRAY)
		return not_coco(
			r,
			"'images', 'annotations' and 'categories' must be arrays");
	if (one == annotations_read_box)
		parts = annotations_parts_read(r);
	while (rc == 0 && (t = json_pull_next(&r->json)) != JSON_ARRAY_END) {
		annotations_pass(r, ANNOTATIONS_PASS);
		if (t != JSON_OBJECT)
			rc = not_coco(r, "expected an object here");
		else if (!parts || !annotations_parts_take(parts, r))
			rc = one(r);
	}
	annotations_parts_free(parts);
	return rc;
}

/* A list is most often one of detections, or no JSON further in, which comes
 * first. */
static int no_object(struct annotations_reader *r, enum json_token t)
{
	struct json_pull again;
	bool whole;

	json_pull_init(&again, r->json.data, r->json.size, r->json.what,
		       r->err);
	whole = json_pull_skip(&again, json_pull_next(&again));
	json_pull_release(&again);
	if (!whole)
		return r->err->code;
	return not_coco(
		r,
		t == JSON_ARRAY
			? "a COCO annotation file is an object with images, annotations and "
			  "categories; a list is a file of detections (--dt of eval)"
			: "a COCO annotation file is an object with images, annotations and "
			  "categories");
}

static int read_document(struct annotations_reader *r)
{
	enum json_token t = json_pull_next(&r->json);
	int rc = 0;

	if (t != JSON_OBJECT)
		return no_object(r, t);
	while (rc == 0 && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "images")) {
			rc = read_array(r, read_image);
		} else if (json_pull_is(&r->json, "annotations")) {
			r->out->has_boxes = true;
			rc = read_array(r, annotations_read_box);
		} else if (json_pull_is(&r->json, "categories")) {
			rc = read_array(r, read_category);
		} else if (!annotations_skip(r)) {
			rc = r->err->code;
		}
	}
	if (rc == 0 &&
	    (t == JSON_BROKEN || json_pull_next(&r->json) != JSON_END))
		rc = r->err->code;
	return rc;
}

static int read_file(const struct fl_map *map, const char *path,
		     struct annotations *out, struct fl_err *err)
{
	struct annotations_reader r = {
		.out = out, .line = 1, .err = err, .map = map
	};
	int rc;

	*out = (struct annotations){ 0 };
	err->code = 0;
	json_pull_init(&r.json, map->data, map->size, path, err);
	rc = read_document(&r);
	json_pull_release(&r.json);
	/* that of another tool: its name says more than what it lacks */
	if (rc != 0 ||
	    out->image_count + out->box_count + out->category_count == 0)
		rc = foreign_labels_fail(map->data, map->size, path, rc, err);
	if (rc == 0)
		rc = fl_map_whole(map, path, err);
	if (rc == 0)
		annotations_link(out);
	else
		annotations_release(out);
	return rc;
}

int annotations_read(const char *path, struct annotations *out,
		     struct fl_err *err)
{
	struct annotations_key key;
	struct fl_map map;
	bool huge;
	int rc = fl_map_open(&map, path, err);

	*out = (struct annotations){ 0 };
	if (rc != 0) {
		/* A file that cannot be opened is wrong data to whoever named
		 * it in a recipe. */
		err->code = FL_EDATA;
		return FL_EDATA;
	}
	/* The key is of before the reading: a file that changes meanwhile has another. */
	huge = map.size >= ANNOTATIONS_STORE_LEAST &&
	       annotations_key_make(path, &map, &key);
	if (!huge || !annotations_store_load(path, &key, out)) {
		rc = read_file(&map, path, out, err);
		if (rc == 0 && huge)
			annotations_store_save(path, &map, &key, out);
	}
	rc = fl_map_end(&map, path, rc, err);
	if (rc != 0)
		annotations_release(out);
	return rc;
}

void annotations_release(struct annotations *a)
{
	free(a->images);
	if (a->kept.size > 0)
		fl_map_close(&a->kept);
	else
		free(a->boxes);
	free(a->categories);
	free(a->faults);
	text_ids_release(&a->ids);
	fl_arena_release(&a->arena);
	*a = (struct annotations){ 0 };
}
