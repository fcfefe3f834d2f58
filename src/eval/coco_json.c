#include "eval/coco_json.h"

#include "base/arena.h"
#include "base/file.h"
#include "text/json.h"
#include "text/json_pull.h"
#include "text/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which keys an object has had. */
enum {
	HAS_IMAGE = 1,
	HAS_CATEGORY = 2,
	HAS_BBOX = 4,
	HAS_SCORE = 8
};

struct reader {
	struct json_pull json;
	struct coco_detection *list;
	size_t count, cap;
	unsigned has;
	struct fl_err *err;
};

static int refuse(struct reader *r, enum json_token t, const char *what)
{
	if (t == JSON_BROKEN)
		return r->err->code;
	return fl_fail(r->err, FL_EDATA,
		       "'%s': detection %zu (byte %zu, line %zu): %s",
		       r->json.what, r->count, json_pull_byte(&r->json),
		       json_pull_line(&r->json, json_pull_byte(&r->json)),
		       what);
}

static int take_number(struct reader *r, double *out, const char *what)
{
	enum json_token t = json_pull_next(&r->json);

	if (t != JSON_NUMBER || !isfinite(r->json.number))
		return refuse(r, t, what);
	*out = r->json.number;
	return 0;
}

/* Whole numbers written as reals (5.0) are what some tools make of ids. */
static int take_id(struct reader *r, int64_t *out, const char *what)
{
	enum json_token t = json_pull_next(&r->json);
	double v = r->json.number;

	if (t != JSON_NUMBER)
		return refuse(r, t, what);
	if (r->json.is_integer)
		*out = r->json.integer;
	else if (fabs(v) < 9007199254740992.0 && v == floor(v))
		*out = (int64_t)v;
	else
		return refuse(r, t, what);
	return 0;
}

static int take_bbox(struct reader *r, double bbox[4])
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

static int take_member(struct reader *r, struct coco_detection *d)
{
	static const struct {
		const char *key;
		unsigned flag;
	} keys[] = {
		{ "image_id", HAS_IMAGE },
		{ "category_id", HAS_CATEGORY },
		{ "bbox", HAS_BBOX },
		{ "score", HAS_SCORE },
	};
	unsigned flag = 0;

	for (size_t i = 0; i < 4 && !flag; i++)
		if (json_pull_is(&r->json, keys[i].key))
			flag = keys[i].flag;
	if (r->has & flag)
		return refuse(r, JSON_KEY, "a key stands here twice");
	r->has |= flag;
	switch (flag) {
	case HAS_IMAGE:
		return take_id(r, &d->image_id,
			       "'image_id' must be a whole number");
	case HAS_CATEGORY:
		return take_id(r, &d->category_id,
			       "'category_id' must be a whole number");
	case HAS_BBOX:
		return take_bbox(r, d->bbox);
	case HAS_SCORE:
		return take_number(r, &d->score,
				   "'score' must be a finite number");
	default:
		return json_pull_skip(&r->json, json_pull_next(&r->json))
			       ? 0
			       : r->err->code;
	}
}

static int take_detection(struct reader *r)
{
	struct coco_detection d = { 0 };
	enum json_token t;
	int rc;

	r->has = 0;
	while ((t = json_pull_next(&r->json)) == JSON_KEY) {
		rc = take_member(r, &d);
		if (rc != 0)
			return rc;
	}
	if (t == JSON_BROKEN)
		return r->err->code;
	if (!(r->has & HAS_IMAGE))
		return refuse(r, t, "'image_id' is missing");
	if (!(r->has & HAS_CATEGORY))
		return refuse(r, t, "'category_id' is missing");
	if (!(r->has & HAS_BBOX))
		return refuse(r, t, "'bbox' is missing");
	if (!(r->has & HAS_SCORE))
		return refuse(r, t, "'score' is missing");
	if (r->count == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 4096;
		r->list = fl_realloc(r->list, r->cap * sizeof(*r->list));
	}
	r->list[r->count++] = d;
	return 0;
}

static int read_all(struct reader *r)
{
	enum json_token t = json_pull_next(&r->json);
	int rc;

	if (t == JSON_BROKEN)
		return r->err->code;
	if (t != JSON_ARRAY)
		return fl_fail(r->err, FL_EDATA,
			       "'%s' is no file of detections: they are an "
			       "array of objects with image_id, category_id, "
			       "bbox and score",
			       r->json.what);
	while ((t = json_pull_next(&r->json)) == JSON_OBJECT) {
		rc = take_detection(r);
		if (rc != 0)
			return rc;
	}
	if (t != JSON_ARRAY_END)
		return refuse(r, t, "a detection must be an object");
	return json_pull_next(&r->json) == JSON_END ? 0 : r->err->code;
}

int coco_detections_read(const char *path, struct coco_detection **out,
			 size_t *count, struct fl_err *err)
{
	struct reader r = { .err = err };
	struct fl_map map;
	int rc = fl_map_open(&map, path, err);

	*out = NULL;
	*count = 0;
	if (rc != 0)
		return err->code = FL_EDATA;
	json_pull_init(&r.json, map.data, map.size, path, err);
	rc = read_all(&r);
	json_pull_release(&r.json);
	fl_map_close(&map);
	if (rc != 0) {
		free(r.list);
		return rc;
	}
	*out = r.list;
	*count = r.count;
	return 0;
}

static void print_detection(struct fl_str *s, const struct coco_detection *d)
{
	char n[5][NUMBER_ROOM], line[5 * NUMBER_ROOM + 128];
	int len;

	for (int i = 0; i < 4; i++)
		number_print(d->bbox[i], n[i]);
	number_print(d->score, n[4]);
	len = snprintf(line, sizeof(line),
		       "{\"image_id\": %" PRId64 ", \"category_id\": %" PRId64
		       ", \"bbox\": [%s, %s, %s, %s], \"score\": %s}",
		       d->image_id, d->category_id, n[0], n[1], n[2], n[3],
		       n[4]);
	fl_str_addn(s, line, (size_t)len);
}

int coco_detections_write(const char *path, const struct coco_detection *d,
			  size_t count, struct fl_err *err)
{
	struct fl_str s = FL_STR_INIT;
	struct fl_out out;
	int rc = fl_out_open(&out, path, err);

	if (rc != 0)
		return rc;
	fl_str_add(&s, "[");
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (i)
			fl_str_add(&s, ", ");
		print_detection(&s, &d[i]);
		if (s.len < (size_t)1 << 20)
			continue;
		rc = fl_out_write(&out, s.data, s.len, err);
		fl_str_clear(&s);
	}
	fl_str_add(&s, "]");
	if (rc == 0)
		rc = fl_out_write(&out, s.data, s.len, err);
	fl_str_release(&s);
	if (rc != 0) {
		fl_out_abort(&out);
		return rc;
	}
	return fl_out_commit(&out, err);
}

static struct json *per_class(const struct annotations *a,
			      const struct coco_result *r)
{
	struct json *classes = json_new_object();
	struct fl_str key = FL_STR_INIT;

	for (size_t i = 0; i < r->category_count; i++) {
		int64_t id = r->category_ids[i];

		fl_str_clear(&key);
		fl_str_add(&key, coco_category_name(a, id));
		if (key.len == 0 || json_get(classes, fl_str_get(&key)))
			fl_str_addf(&key, " (%" PRId64 ")", id);
		json_set_real(classes, fl_str_get(&key), r->category_ap[i]);
	}
	fl_str_release(&key);
	return classes;
}

int coco_result_write(const char *path, const struct annotations *truth,
		      size_t detections, const struct coco_result *result,
		      struct fl_err *err)
{
	struct json *root = json_new_object();
	int rc;

	for (int i = 0; i < COCO_STATS; i++)
		json_set_real(root, coco_stat_names[i], result->stats[i]);
	json_set(root, "ap_per_class", per_class(truth, result));
	json_set_int(root, "images", (int64_t)truth->image_count);
	json_set_int(root, "annotations", (int64_t)truth->box_count);
	json_set_int(root, "detections", (int64_t)detections);
	rc = json_write(root, path, err);
	json_free(root);
	return rc;
}
