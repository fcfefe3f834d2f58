/* annotations_parts.c - a long list of boxes, read by all threads at once. Called by
 * the reader of the list.
 *
 * Where a box begins cannot be known without reading all that stands before it: "}, {"
 * may be part of a text or of a box. So places are guessed, every thread reads from its
 * guess to the next one, and the reader of the list takes what a thread has read only
 * when it has itself come to that very byte, in the list, where a box begins: from
 * there on the thread has read what the reader would have. A thread stops where a box is
 * broken, has a fault that is told by its line, or an id that is a text (those are
 * numbered in the order of the whole file); there the reader goes on by itself, and its
 * errors are the only ones that are told. */
#include "box/annotations_priv.h"

#include "base/par.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A thread has several parts, so that one that is held up delays little. */
#define PARTS_A_THREAD 4
#define MOST_PARTS FL_PAR_MAX_CHUNKS
#define LEAST_BYTES ((size_t)1 << 20)
/* How far from its place a guess is looked for: the longest outline of a crowd has some
 * ten thousand numbers. */
#define LOOK ((size_t)1 << 20)
/* A box takes more than this in the file: a part's table has room from the start, for
 * one that grows leaves its smaller selves behind. What is not filled takes no memory. */
#define BOX_TEXT 100
/* Bytes moved and given back at a time. */
#define MOVE ((size_t)1 << 20)

struct part {
	struct annotations_reader reader;
	struct annotations boxes;
	struct fl_err err;
	size_t start, end; /* its first '{', behind its last '}' */
};

struct annotations_parts {
	int count, next, depth;
	struct part parts[MOST_PARTS];
};

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The byte in front of p that is no space. */
static const unsigned char *before(const unsigned char *p)
{
	do
		p--;
	while (is_space(*p));
	return p;
}

/* The first '{' from 'at' on with "}," before it, 0 where there is none near. The
 * list's own '[' stands before all of them, which is where before() ends. */
static size_t guess(const struct json_pull *r, size_t at)
{
	const unsigned char *p = r->data + at, *end = r->data + r->size;

	if (r->size - at > LOOK)
		end = p + LOOK;
	for (; (p = memchr(p, '{', (size_t)(end - p))); p++) {
		const unsigned char *comma = before(p);

		if (*comma == ',' && *before(comma) == '}')
			return (size_t)(p - r->data);
	}
	return 0;
}

static void read_part(void *ctx, size_t first, size_t last, int chunk)
{
	struct annotations_parts *parts = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		struct part *p = &parts->parts[i];
		struct annotations_reader *r = &p->reader;
		size_t limit =
			(int)i + 1 < parts->count ? p[1].start : r->json.size;

		r->box_cap = (limit - p->start) / BOX_TEXT + 1;
		p->boxes.boxes =
			fl_malloc(r->box_cap * sizeof(*p->boxes.boxes));
		json_pull_go(&r->json, p->start, parts->depth, false);
		while (json_pull_next(&r->json) == JSON_OBJECT &&
		       json_pull_byte(&r->json) < limit) {
			size_t good = p->boxes.box_count;

			if (annotations_read_box(r) != 0 ||
			    p->boxes.ids.count > 0 ||
			    p->boxes.fault_count > 0) {
				p->boxes.box_count = good;
				break;
			}
			p->end = r->json.at;
			annotations_pass(r, ANNOTATIONS_PASS);
		}
		annotations_pass(r, 0);
		json_pull_release(&r->json);
	}
}

static void begin(struct part *p, const struct annotations_reader *r,
		  size_t start)
{
	p->start = p->end = start;
	p->reader = (struct annotations_reader){ .json = r->json,
						 .map = r->map,
						 .passed = start,
						 .out = &p->boxes,
						 .line = 1,
						 .err = &p->err };
	p->reader.json.err = &p->err;
	p->reader.json.buffer = (struct fl_str)FL_STR_INIT;
}

struct annotations_parts *annotations_parts_read(struct annotations_reader *r)
{
	size_t at = r->json.at, left = r->json.size - at;
	size_t count = (size_t)(PARTS_A_THREAD * fl_par_threads());
	struct annotations_parts *parts;

	if (count > MOST_PARTS)
		count = MOST_PARTS;
	if (count > left / LEAST_BYTES)
		count = left / LEAST_BYTES;
	if (count < 2 || fl_par_threads() < 2)
		return NULL;
	parts = fl_calloc(1, sizeof(*parts));
	parts->depth = r->json.depth;
	for (size_t i = 0; i < count; i++) {
		size_t start = guess(&r->json, at + i * (left / count));

		if (start > 0 && (parts->count == 0 ||
				  start > parts->parts[parts->count - 1].start))
			begin(&parts->parts[parts->count++], r, start);
	}
	fl_par_for((size_t)parts->count, 1, read_part, parts);
	return parts;
}

/* Memory of the part goes as it is moved: both together are not larger than the list
 * was. */
static void move(struct annotation_box *to, struct annotation_box *from,
		 size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t at = 0; at < bytes; at += MOVE) {
		size_t n = bytes - at < MOVE ? bytes - at : MOVE;
		uintptr_t first = (uintptr_t)((char *)from + at), last;

		memcpy((char *)to + at, (void *)first, n);
		last = (first + n) & ~(page - 1);
		first = (first + page - 1) & ~(page - 1);
		if (first < last)
			madvise((void *)first, last - first, MADV_DONTNEED);
	}
}

bool annotations_parts_take(struct annotations_parts *parts,
			    struct annotations_reader *r)
{
	size_t at = json_pull_byte(&r->json), count;
	struct annotations *a = r->out;
	struct part *p;

	while (parts->next < parts->count &&
	       parts->parts[parts->next].start < at)
		parts->next++;
	p = &parts->parts[parts->next];
	if (parts->next == parts->count || p->start != at)
		return false;
	parts->next++;
	if (p->boxes.box_count == 0)
		return false;
	count = a->box_count + p->boxes.box_count;
	if (count > r->box_cap) {
		r->box_cap = count;
		a->boxes = fl_realloc(a->boxes, count * sizeof(*a->boxes));
	}
	move(a->boxes + a->box_count, p->boxes.boxes,
	     p->boxes.box_count * sizeof(*a->boxes));
	a->box_count = count;
	annotations_release(&p->boxes);
	json_pull_go(&r->json, p->end, parts->depth, true);
	r->passed = p->end;
	return true;
}

void annotations_parts_free(struct annotations_parts *parts)
{
	if (!parts)
		return;
	for (int i = 0; i < parts->count; i++)
		annotations_release(&parts->parts[i].boxes);
	free(parts);
}
