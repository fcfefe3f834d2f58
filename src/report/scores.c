/* scores.c - what an evaluation says of each class, into report.json.
 *
 * Called for the evaluation that the page shows, the best one so far. Precisions
 * have four digits: a page is 192 points high. */
#include "report/scores.h"

#include <math.h>
#include <string.h>

#define MOST_NAME 60

struct json *scores_name(const char *name)
{
	struct fl_str s = FL_STR_INIT;
	struct json *text;
	size_t n = 0, len;

	while (name[n] && (len = fl_utf8_len(name + n)) != 0 &&
	       n + len <= MOST_NAME)
		n += len;
	fl_str_addn(&s, name, n);
	if (name[n])
		fl_str_add(&s, "…");
	text = json_new_text(fl_str_get(&s));
	fl_str_release(&s);
	return text;
}

static double rounded(double v)
{
	return round(v * 1e4) / 1e4;
}

static struct json *class_json(const char *name, double ap,
			       const struct curve *c)
{
	struct json *o = json_new_object(), *precision = json_new_array();
	struct json *right = json_new_array(), *wrong = json_new_array();

	json_set(o, "name", scores_name(name));
	json_set_int(o, "truths", c->truths);
	json_set_real(o, "ap", ap);
	for (int i = 0; i < CURVE_POINTS; i++) {
		json_add(precision, json_new_real(rounded(c->precision[i])));
		json_add(right, json_new_int(c->right[i]));
		json_add(wrong, json_new_int(c->wrong[i]));
	}
	json_set(o, "precision", precision);
	json_set(o, "right", right);
	json_set(o, "wrong", wrong);
	return o;
}

static void add_classes(struct json *to, const struct sink_evaluation *e)
{
	const struct coco_result *r = &e->result->coco;
	struct json *list = json_new_array();
	int64_t left_out = 0;

	for (size_t i = 0; i < r->category_count; i++) {
		const char *name = coco_category_name(&e->evaluator->truth,
						      r->category_ids[i]);

		if (r->curves[i].truths == 0)
			continue;
		if (json_count(list) < SCORES_MOST)
			json_add(list, class_json(name, r->category_ap[i],
						  &r->curves[i]));
		else
			left_out++;
	}
	json_set(to, "classes", list);
	json_set_int(to, "left_out", left_out);
}

static void add_confusion(struct json *to, const struct confusion *c,
			  const struct dataset *data)
{
	struct json *o = json_new_object(), *names = json_new_array();
	struct json *counts = json_new_array();

	for (int i = 0; i < c->classes; i++)
		json_add(names, scores_name(data->class_names[i]));
	for (int is = 0; is <= c->classes; is++)
		for (int said = 0; said <= c->classes; said++) {
			long n = confusion_at(c, is, said);
			struct json *cell;

			if (n == 0)
				continue;
			cell = json_new_array();
			json_add(cell, json_new_int(is));
			json_add(cell, json_new_int(said));
			json_add(cell, json_new_int(n));
			json_add(counts, cell);
		}
	json_set(o, "names", names);
	json_set(o, "counts", counts);
	json_set(to, "confusion", o);
}

struct json *scores_json(const struct sink_evaluation *e,
			 const struct judged *judged)
{
	struct json *o = json_new_object();

	json_set_int(o, "epoch", e->epoch);
	json_set_int(o, "images", e->result->images);
	json_set_int(o, "detections", (int64_t)e->result->detections);
	add_classes(o, e);
	if (judged->confusion.counts)
		add_confusion(o, &judged->confusion, &e->evaluator->data);
	return o;
}
