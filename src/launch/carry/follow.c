/* follow.c - lines of many ranks, held for a quarter of a second.
 *
 * fleet.c adds the lines of this machine's trainers and those that other
 * machines send, and turns it. A quarter of a second is longer than ranks that
 * meet in every step are apart, and short enough to read along.
 */
#include "launch/carry/follow.h"

#include "base/arena.h"
#include "base/clock.h"
#include "launch/plan/plan.h"
#include "launch/plan/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_S 0.25
#define ALIKE 3	   /* ranks that say the same are one line from here on */
#define LINES 4096 /* held at most */

/* A line, and who said it. */
struct held {
	char *text;
	int *ranks;
	char (*hosts)[64];
	int count, cap;
};

struct follow {
	const struct launch_plan *plan;
	struct held *lines;
	int count, cap;
	double since; /* the first of them is held */
	int most;     /* the highest rank seen */
};

struct follow *follow_new(const struct launch_plan *plan)
{
	struct follow *f = fl_calloc(1, sizeof(*f));

	f->plan = plan;
	return f;
}

static void show_one(const struct follow *f, const struct held *h, int k)
{
	char name[32];

	launch_rank_name(f->plan, h->ranks[k], name, sizeof(name));
	printf("%s:%s|%s\n", h->hosts[k],
	       f->plan->roles ? name : name + strlen("rank "), h->text);
}

static bool said(const struct held *h, int rank)
{
	for (int i = 0; i < h->count; i++)
		if (h->ranks[i] == rank)
			return true;
	return false;
}

static void add_speaker(struct held *h, const char *host, int rank)
{
	if (h->count == h->cap) {
		h->cap = 2 * h->cap + 4;
		h->ranks = fl_realloc(h->ranks, (size_t)h->cap * sizeof(int));
		h->hosts = fl_realloc(h->hosts,
				      (size_t)h->cap * sizeof(h->hosts[0]));
	}
	snprintf(h->hosts[h->count], sizeof(h->hosts[0]), "%.63s", host);
	h->ranks[h->count++] = rank;
}

/* "x31, all but 7" where few are missing, else "x31". */
static void show_alike(const struct follow *f, const struct held *h)
{
	int missing = f->most + 1 - h->count;

	printf("x%d", h->count);
	if (missing == 0) {
		printf(", all");
	} else if (missing <= 4 && missing < h->count) {
		printf(", all but");
		for (int r = 0; r <= f->most; r++)
			if (!said(h, r))
				printf(" %d", r);
	}
	printf("|%s\n", h->text);
}

static void show_held(struct follow *f)
{
	for (int i = 0; i < f->count; i++) {
		struct held *h = &f->lines[i];

		if (h->count >= ALIKE)
			show_alike(f, h);
		for (int k = 0; h->count < ALIKE && k < h->count; k++)
			show_one(f, h, k);
		free(h->text);
		free(h->ranks);
		free(h->hosts);
	}
	if (f->count)
		fflush(stdout);
	f->count = 0;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	show_held(f);
	free(f->lines);
	free(f);
}

void follow_turn(struct follow *f)
{
	if (f && f->count > 0 && fl_now_s() - f->since >= HOLD_S)
		show_held(f);
}

/* A line again by the same rank is a line of its own. */
static struct held *find(struct follow *f, int rank, const char *text, size_t n)
{
	for (int i = 0; i < f->count; i++) {
		struct held *h = &f->lines[i];

		if (strlen(h->text) == n && memcmp(h->text, text, n) == 0 &&
		    !said(h, rank))
			return h;
	}
	return NULL;
}

static void add_line(struct follow *f, const char *host, int rank,
		     const char *text, size_t n)
{
	struct held *h = find(f, rank, text, n);

	f->most = rank > f->most ? rank : f->most;
	if (h) {
		add_speaker(h, host, rank);
		return;
	}
	if (f->count == LINES)
		show_held(f);
	if (f->count == 0)
		f->since = fl_now_s();
	if (f->count == f->cap) {
		f->cap = 2 * f->cap + 64;
		f->lines = fl_realloc(f->lines,
				      (size_t)f->cap * sizeof(*f->lines));
	}
	h = &f->lines[f->count++];
	*h = (struct held){ .text = fl_malloc(n + 1) };
	memcpy(h->text, text, n);
	h->text[n] = '\0';
	add_speaker(h, host, rank);
}

/* As a terminal shows it: of a progress bar what it came to. */
static void add_shown(struct follow *f, const char *host, int rank,
		      const char *text, size_t n)
{
	const char *back;

	while (n > 0 && text[n - 1] == '\r')
		n--;
	back = memrchr(text, '\r', n);
	if (back)
		add_line(f, host, rank, back + 1,
			 n - (size_t)(back + 1 - text));
	else
		add_line(f, host, rank, text, n);
}

void follow_add(struct follow *f, const char *host, int rank, const char *text,
		size_t n)
{
	while (f && n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		add_shown(f, host, rank, text, len);
		len += end != NULL;
		text += len;
		n -= len;
	}
}

static const struct field log_rows[] = {
	FIELD(INT, struct log_lines, rank, "rank"),
	FIELD(TEXT, struct log_lines, text, "text"),
};
const struct record log_record = RECORD(struct log_lines, log_rows);

struct json *follow_pack(int rank, const char *text, size_t n)
{
	struct fl_str s = FL_STR_INIT;
	struct json *o;

	fl_str_addn(&s, text, n);
	o = record_write(&log_record,
			 &(struct log_lines){ rank, fl_str_get(&s) }, 0);
	fl_str_release(&s);
	return o;
}

void follow_take(struct follow *f, const char *host, const struct json *o)
{
	struct log_lines lines;

	record_read(&log_record, o, &lines);
	follow_add(f, host, lines.rank, lines.text, strlen(lines.text));
}
