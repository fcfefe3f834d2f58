/* annotations_values.c - the values of an annotation file's keys: ids, numbers,
 * flags and texts, as writers put them there. Called by annotations.c behind a key;
 * each takes the whole value, whatever it is, so that the next key follows. Digits
 * in quotes are numbers, 1 is true: what can be meant in one way only is taken so.
 * False: the json is broken, or it is no id. */
#include "box/annotations_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *annotations_kind_of(enum json_token t)
{
	switch (t) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	default:
		return "not finite";
	}
}

/* The value that begins with t as the id of that key. */
static bool take_id_of(struct annotations_reader *r, enum json_token t,
		       const char *key, int64_t *out)
{
	if (text_ids_take(&r->out->ids, &r->json, t, out))
		return true;
	r->wrong_key = key;
	r->wrong_kind = annotations_kind_of(t);
	return false;
}

/* False: neither number nor text. The value is passed over, and who asked tells
 * which key it was. */
bool annotations_take_id(struct annotations_reader *r, const char *key,
			 int64_t *out)
{
	return take_id_of(r, json_pull_next(&r->json), key, out);
}

bool annotations_take_own_id(struct annotations_reader *r, int64_t *out)
{
	enum json_token t = json_pull_next(&r->json);

	if (t != JSON_NULL)
		return take_id_of(r, t, "id", out);
	*out = text_ids_add(&r->out->ids, "null", 4);
	return true;
}

double annotations_number_of(const struct annotations_reader *r,
			     enum json_token t)
{
	char text[64], *end;
	double v;

	if (t == JSON_NUMBER)
		return r->json.number;
	if (t != JSON_STRING || r->json.len == 0 || r->json.len >= sizeof(text))
		return NAN;
	/* A token's text has no zero at its end. */
	snprintf(text, sizeof(text), "%.*s", (int)r->json.len, r->json.text);
	v = strtod(text, &end);
	return *end == '\0' ? v : NAN;
}

/* Something else than a number is NaN and no error here: the data set or 'data
 * check' tells it, with the image's name. */
bool annotations_take_number(struct annotations_reader *r, double *out)
{
	enum json_token t = json_pull_next(&r->json);

	*out = annotations_number_of(r, t);
	return t != JSON_BROKEN && json_pull_skip(&r->json, t);
}

bool annotations_take_flag(struct annotations_reader *r, bool *out)
{
	enum json_token t = json_pull_next(&r->json);

	*out = t == JSON_TRUE ||
	       (t == JSON_STRING && r->json.len == 4 &&
		strncasecmp(r->json.text, "true", 4) == 0) ||
	       fabs(annotations_number_of(r, t)) > 0;
	return t != JSON_BROKEN && json_pull_skip(&r->json, t);
}

bool annotations_take_text(struct annotations_reader *r, const char **out)
{
	enum json_token t = json_pull_next(&r->json);
	const char *text = r->json.text;
	size_t len = r->json.len;

	if (t == JSON_NUMBER)
		text = json_pull_raw(&r->json, &len);
	if (t == JSON_STRING || t == JSON_NUMBER)
		*out = fl_arena_strndup(&r->out->arena, text, len);
	return t != JSON_BROKEN && json_pull_skip(&r->json, t);
}

/* Segmentations are most of the bytes, and nothing is made of them. */
bool annotations_skip(struct annotations_reader *r)
{
	return json_pull_skip(&r->json, json_pull_next(&r->json));
}
