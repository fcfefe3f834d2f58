/* Detections and scores on their way to disk: bbox.json of eval and infer, and
 * the numbers of --json. The reader is coco_detections.c. bbox.json is printed
 * by hand, since a tree of JSON for half a million detections would take
 * gigabytes. */
#include "eval/coco_json.h"

#include "base/arena.h"
#include "base/file.h"
#include "text/json.h"
#include "text/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_text(struct fl_str *s, const char *text)
{
	struct json *value = json_new_text(text); /* mends what is no UTF-8 */

	json_print(value, 0, s);
	json_free(value);
}

/* The digits of an id, or its text in quotes. */
static void print_id(struct fl_str *s, const struct text_ids *ids, int64_t id)
{
	const char *text = ids ? text_ids_get(ids, id) : NULL;

	if (text)
		print_text(s, text);
	else
		fl_str_addf(s, "%" PRId64, id);
}

static void print_detection(struct fl_str *s, const struct coco_detection *d,
			    const struct text_ids *ids,
			    const char *const *files)
{
	/* The shortest digits that give the same double again: the reference
	 * writes such too. */
	char n[5][NUMBER_ROOM];

	for (int i = 0; i < 4; i++)
		number_print(d->bbox[i], n[i]);
	number_print(d->score, n[4]);
	fl_str_add(s, "{\"image_id\": ");
	print_id(s, ids, d->image_id);
	if (files) {
		fl_str_add(s, ", \"file_name\": ");
		/* With files given, ids are places in that list. */
		print_text(s, files[d->image_id]);
	}
	fl_str_add(s, ", \"category_id\": ");
	print_id(s, ids, d->category_id);
	fl_str_addf(s, ", \"bbox\": [%s, %s, %s, %s], \"score\": %s}", n[0],
		    n[1], n[2], n[3], n[4]);
}

int coco_detections_write(const char *path, const struct coco_detection *d,
			  size_t count, const struct text_ids *ids,
			  const char *const *files, struct fl_err *err)
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
		print_detection(&s, &d[i], ids, files);
		/* A MiB at a time: few calls, and little memory. */
		if (s.len < (size_t)1 << 20)
			continue;
		rc = fl_out_write(&out, s.data, s.len, err);
		fl_str_clear(&s);
	}
	fl_str_add(&s, "]");
	if (rc == 0)
		rc = fl_out_write(&out, s.data, s.len, err);
	fl_str_release(&s);
	/* The file under its own name is untouched until commit. */
	if (rc != 0) {
		fl_out_abort(&out);
		return rc;
	}
	return fl_out_commit(&out, err);
}

/* A name that is empty or taken gets its id behind it: keys of JSON are to be
 * different. */
static struct json *per_class(const struct annotations *a,
			      const struct coco_result *r)
{
	struct json *classes = json_new_object();
	struct fl_str key = FL_STR_INIT;
	char buf[TEXT_ID_ROOM];

	for (size_t i = 0; i < r->category_count; i++) {
		int64_t id = r->category_ids[i];

		fl_str_clear(&key);
		fl_str_add(&key, coco_category_name(a, id));
		if (key.len == 0 || json_get(classes, fl_str_get(&key)))
			fl_str_addf(&key, " (%s)",
				    text_ids_show(&a->ids, id, buf));
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
