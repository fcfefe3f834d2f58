/* Ids that are text, for the readers of annotations and of detections. A text
 * is INT64_MIN plus its place; numbers of files end at 2^62, far above, and a
 * file that states a larger one has it kept as the text of its digits. First
 * every text is added as it comes, then text_ids_settle() sorts them and the
 * reader renames its tables. */
#include "box/text_ids.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_NUMBER (INT64_C(1) << 62)

/* Below all numbers that a file may state, so a look at the value is enough. */
bool text_id_is(int64_t id)
{
	return id < -MOST_NUMBER;
}

/* Unsigned, for the difference of the two may not fit a signed one. */
static size_t place(int64_t id)
{
	return (size_t)((uint64_t)id - (uint64_t)INT64_MIN);
}

/* Neighbours in a file mostly speak of the same image: no second copy then.
 * Other copies go when the texts are settled. */
int64_t text_ids_add(struct text_ids *ids, const char *text, size_t len)
{
	const char *last = ids->count ? ids->texts[ids->count - 1] : NULL;

	if (last && strlen(last) == len && memcmp(last, text, len) == 0)
		return INT64_MIN + (int64_t)(ids->count - 1);
	if (ids->count == ids->cap) {
		ids->cap = ids->cap ? 2 * ids->cap : 64;
		ids->texts =
			fl_realloc(ids->texts, ids->cap * sizeof(*ids->texts));
	}
	ids->texts[ids->count] = fl_arena_strndup(&ids->arena, text, len);
	return INT64_MIN + (int64_t)ids->count++;
}

bool text_ids_take(struct text_ids *ids, struct json_pull *r, enum json_token t,
		   int64_t *id)
{
	size_t len;
	const char *raw = json_pull_raw(r, &len);

	if (t == JSON_STRING) {
		*id = text_ids_add(ids, r->text, r->len);
		return true;
	}
	if (t != JSON_NUMBER || !isfinite(r->number)) {
		json_pull_skip(r, t);
		return false;
	}
	if (r->is_integer && r->integer <= MOST_NUMBER &&
	    r->integer >= -MOST_NUMBER)
		*id = r->integer;
	/* "7.0" is 7 to a dictionary of Python; from 2^53 on a double no longer
	 * tells neighbours apart. */
	else if (!r->is_integer && r->number == floor(r->number) &&
		 fabs(r->number) < 0x1p53)
		*id = (int64_t)r->number;
	else
		*id = text_ids_add(ids, raw, len);
	return true;
}

struct added {
	const char *text;
	size_t at;
};

static int by_text(const void *a, const void *b)
{
	const struct added *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Sorted by bytes, which is the order of Python's strings for UTF-8. */
int64_t *text_ids_settle(struct text_ids *ids)
{
	struct added *sorted = fl_calloc(ids->count + 1, sizeof(*sorted));
	int64_t *now = fl_calloc(ids->count + 1, sizeof(*now));
	size_t kept = 0;

	for (size_t i = 0; i < ids->count; i++)
		sorted[i] = (struct added){ ids->texts[i], i };
	qsort(sorted, ids->count, sizeof(*sorted), by_text);
	for (size_t i = 0; i < ids->count; i++) {
		if (kept == 0 || strcmp(ids->texts[kept - 1], sorted[i].text))
			ids->texts[kept++] = sorted[i].text;
		now[sorted[i].at] = INT64_MIN + (int64_t)(kept - 1);
	}
	ids->count = kept;
	free(sorted);
	return now;
}

/* The reader renames its tables with this, an id at a time. */
int64_t text_id_now(const int64_t *now, int64_t id)
{
	return text_id_is(id) ? now[place(id)] : id;
}

const char *text_ids_get(const struct text_ids *ids, int64_t id)
{
	return text_id_is(id) ? ids->texts[place(id)] : NULL;
}

bool text_ids_find(const struct text_ids *ids, const char *text, int64_t *id)
{
	size_t lo = fl_first_not_before(ids->texts, ids->count, text);

	*id = INT64_MIN + (int64_t)lo;
	return lo < ids->count && strcmp(ids->texts[lo], text) == 0;
}

const char *text_ids_show(const struct text_ids *ids, int64_t id,
			  char buf[TEXT_ID_ROOM])
{
	if (text_id_is(id))
		return text_ids_get(ids, id);
	snprintf(buf, TEXT_ID_ROOM, "%" PRId64, id);
	return buf;
}

bool text_id_number(const char *text, int64_t *number)
{
	char *end;

	/* strtoll tells too large a number by errno alone. */
	errno = 0;
	*number = strtoll(text, &end, 10);
	return end != text && *end == '\0' && errno == 0 &&
	       *number <= MOST_NUMBER && *number >= -MOST_NUMBER;
}

void text_ids_release(struct text_ids *ids)
{
	free(ids->texts);
	fl_arena_release(&ids->arena);
	*ids = (struct text_ids){ 0 };
}
