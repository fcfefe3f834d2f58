#include "box/annotations.h"

#include "base/file.h"
#include "text/json_pull.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct json_pull json;
	struct annotations *out;
	size_t image_cap, box_cap, category_cap;
	struct fl_err *err;
};

/* Room for one more of size bytes in a table that doubles. */
static void *grow(void *table, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return table;
	*cap = *cap ? 2 * *cap : 1024;
	return fl_realloc(table, *cap * size);
}

static int not_coco(struct reader *r, const char *what)
{
	if (r->err->code != 0)
		return r->err->code; /* the json itself is broken */
	return fl_fail(r->err, FL_EDATA, "'%s' at byte %zu: %s", r->json.what,
		       json_pull_byte(&r->json), what);
}

static const char *keep_text(struct reader *r)
{
	return fl_arena_strndup(&r->out->arena, r->json.text, r->json.len);
}

/* An id: an integer, a real that is whole, or digits in quotes (bbox tools
 * write all three). */
static bool take_id(struct reader *r, int64_t *out)
{
	enum json_token t = json_pull_next(&r->json);
	char text[32], *end;

	if (t == JSON_NUMBER && r->json.is_integer) {
		*out = r->json.integer;
		return true;
	}
	if (t == JSON_NUMBER && r->json.number == floor(r->json.number) &&
	    fabs(r->json.number) < 9e15) {
		*out = (int64_t)r->json.number;
		return true;
	}
	if (t != JSON_STRING || r->json.len == 0 || r->json.len > 19)
		return false;
	memcpy(text, r->json.text, r->json.len);
	text[r->json.len] = '\0';
	*out = strtoll(text, &end, 10);
	return *end == '\0';
}

static bool take_number(struct reader *r, double *out)
{
	enum json_token t = json_pull_next(&r->json);

	*out = NAN;
	if (t == JSON_NUMBER)
		*out = r->json.number;
	return t == JSON_NUMBER ||
	       (t != JSON_BROKEN && json_pull_skip(&r->json, t));
}

/* 0, 1, false or true. */
static bool take_flag(struct reader *r, bool *out)
{
	enum json_token t = json_pull_next(&r->json);

	*out = t == JSON_TRUE || (t == JSON_NUMBER && r->json.number != 0);
	return t != JSON_BROKEN && json_pull_skip(&r->json, t);
}

static bool skip_value(struct reader *r)
{
	return json_pull_skip(&r->json, json_pull_next(&r->json));
}

static bool take_bbox(struct reader *r, struct annotation_box *b)
{
	double *v[4] = { &b->x, &b->y, &b->w, &b->h };
	enum json_token t = json_pull_next(&r->json);
	int n = 0;

	if (t != JSON_ARRAY)
		return json_pull_skip(&r->json, t);
	while ((t = json_pull_next(&r->json)) != JSON_ARRAY_END) {
		if (!json_pull_skip(&r->json, t))
			return false;
		if (n < 4 && t == JSON_NUMBER)
			*v[n] = r->json.number;
		n++;
	}
	b->has_bbox = n == 4;
	return true;
}

static int read_image(struct reader *r)
{
	struct annotations *a = r->out;
	struct annotation_image im = { .width = NAN, .height = NAN };
	bool id = false, ok = true;
	enum json_token t;

	while (ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "id")) {
			ok = id = take_id(r, &im.id);
		} else if (json_pull_is(&r->json, "file_name")) {
			ok = json_pull_next(&r->json) == JSON_STRING;
			im.file_name = ok ? keep_text(r) : NULL;
		} else if (json_pull_is(&r->json, "width")) {
			ok = take_number(r, &im.width);
		} else if (json_pull_is(&r->json, "height")) {
			ok = take_number(r, &im.height);
		} else {
			ok = skip_value(r);
		}
	}
	if (!ok || !id || !im.file_name)
		return not_coco(
			r,
			"an image needs an 'id' that is a whole number and a 'file_name'");
	a->images = grow(a->images, a->image_count, &r->image_cap,
			 sizeof(*a->images));
	a->images[a->image_count++] = im;
	return 0;
}

static int read_box(struct reader *r)
{
	struct annotations *a = r->out;
	struct annotation_box b = {
		.x = NAN, .y = NAN, .w = NAN, .h = NAN, .area = NAN, .id = -1
	};
	bool image = false, category = false, ok = true;
	enum json_token t;

	while (ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "image_id"))
			ok = image = take_id(r, &b.image_id);
		else if (json_pull_is(&r->json, "category_id"))
			ok = category = take_id(r, &b.category_id);
		else if (json_pull_is(&r->json, "id"))
			ok = b.has_id = take_id(r, &b.id);
		else if (json_pull_is(&r->json, "bbox"))
			ok = take_bbox(r, &b);
		else if (json_pull_is(&r->json, "area"))
			ok = take_number(r, &b.area);
		else if (json_pull_is(&r->json, "iscrowd"))
			ok = take_flag(r, &b.crowd);
		else if (json_pull_is(&r->json, "ignore"))
			ok = take_flag(r, &b.ignore);
		else
			ok = skip_value(r);
	}
	if (!ok || !image || !category)
		return not_coco(
			r,
			"an annotation needs 'image_id' and 'category_id' that are whole numbers");
	a->boxes = grow(a->boxes, a->box_count, &r->box_cap, sizeof(*a->boxes));
	a->boxes[a->box_count++] = b;
	return 0;
}

static int read_category(struct reader *r)
{
	struct annotations *a = r->out;
	struct annotation_category c = { .name = "" };
	bool id = false, ok = true;
	enum json_token t;

	while (ok && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "id")) {
			ok = id = take_id(r, &c.id);
		} else if (json_pull_is(&r->json, "name")) {
			ok = json_pull_next(&r->json) == JSON_STRING;
			c.name = ok ? keep_text(r) : "";
		} else {
			ok = skip_value(r);
		}
	}
	if (!ok || !id)
		return not_coco(
			r, "a category needs an 'id' that is a whole number");
	a->categories = grow(a->categories, a->category_count, &r->category_cap,
			     sizeof(*a->categories));
	a->categories[a->category_count++] = c;
	return 0;
}

/* An array of objects, each read by 'one'. */
static int read_array(struct reader *r, int (*one)(struct reader *r))
{
	enum json_token t = json_pull_next(&r->json);
	int rc = 0;

	if (t != JSON_ARRAY)
		return not_coco(
			r,
			"'images', 'annotations' and 'categories' must be arrays");
	while (rc == 0 && (t = json_pull_next(&r->json)) != JSON_ARRAY_END)
		rc = t == JSON_OBJECT ? one(r)
				      : not_coco(r, "expected an object here");
	return rc;
}

static int read_document(struct reader *r)
{
	enum json_token t = json_pull_next(&r->json);
	int rc = 0;

	if (t != JSON_OBJECT)
		return not_coco(
			r,
			"a COCO annotation file is an object with images, annotations and categories");
	while (rc == 0 && (t = json_pull_next(&r->json)) == JSON_KEY) {
		if (json_pull_is(&r->json, "images")) {
			rc = read_array(r, read_image);
		} else if (json_pull_is(&r->json, "annotations")) {
			r->out->has_boxes = true;
			rc = read_array(r, read_box);
		} else if (json_pull_is(&r->json, "categories")) {
			rc = read_array(r, read_category);
		} else if (!skip_value(r)) {
			rc = r->err->code;
		}
	}
	if (rc == 0 &&
	    (t == JSON_BROKEN || json_pull_next(&r->json) != JSON_END))
		rc = r->err->code;
	return rc;
}

struct id_index {
	int64_t id;
	int index;
};

static int by_id(const void *a, const void *b)
{
	const struct id_index *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index - y->index;
}

static int find_id(const struct id_index *table, size_t count, int64_t id)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (table[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && table[lo].id == id ? table[lo].index : -1;
}

/* Each box's image and category as indices. */
static void link_boxes(struct annotations *a)
{
	struct id_index *images =
		fl_calloc(a->image_count + 1, sizeof(*images));
	struct id_index *cats = fl_calloc(a->category_count + 1, sizeof(*cats));

	for (size_t i = 0; i < a->image_count; i++)
		images[i] = (struct id_index){ a->images[i].id, (int)i };
	for (size_t i = 0; i < a->category_count; i++)
		cats[i] = (struct id_index){ a->categories[i].id, (int)i };
	qsort(images, a->image_count, sizeof(*images), by_id);
	qsort(cats, a->category_count, sizeof(*cats), by_id);
	for (size_t i = 0; i < a->box_count; i++) {
		struct annotation_box *b = &a->boxes[i];

		b->image = find_id(images, a->image_count, b->image_id);
		b->category = find_id(cats, a->category_count, b->category_id);
	}
	free(images);
	free(cats);
}

int annotations_find_image(const struct annotations *a, int64_t id)
{
	for (size_t i = 0; i < a->image_count; i++)
		if (a->images[i].id == id)
			return (int)i;
	return -1;
}

int annotations_read(const char *path, struct annotations *out,
		     struct fl_err *err)
{
	struct reader r = { .out = out, .err = err };
	struct fl_map map;
	int rc = fl_map_open(&map, path, err);

	*out = (struct annotations){ 0 };
	if (rc != 0) {
		err->code = FL_EDATA;
		return FL_EDATA;
	}
	err->code = 0;
	json_pull_init(&r.json, map.data, map.size, path, err);
	rc = read_document(&r);
	json_pull_release(&r.json);
	fl_map_close(&map);
	if (rc != 0) {
		annotations_release(out);
		return rc;
	}
	link_boxes(out);
	return 0;
}

void annotations_release(struct annotations *a)
{
	free(a->images);
	free(a->boxes);
	free(a->categories);
	fl_arena_release(&a->arena);
	*a = (struct annotations){ 0 };
}
