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
	struct follow *follow = fl_calloc(1, sizeof(*follow));

	follow->plan = plan;
	return follow;
}

/* Trainers by their number alone, "host:3|", servers and workers by their
 * name. */
static void show_one(const struct follow *follow, const struct held *h, int k)
{
	char name[32];

	launch_rank_name(follow->plan, h->ranks[k], name, sizeof(name));
	printf("%s:%s|%s\n", h->hosts[k],
	       follow->plan->roles ? name : name + strlen("rank "), h->text);
}

/* A rank stands once under a line: see find(). */
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
static void show_alike(const struct follow *follow, const struct held *h)
{
	/* Of the ranks that have spoken so far: nobody here knows how many
	 * there are. */
	int missing = follow->most + 1 - h->count;

	printf("x%d", h->count);
	if (missing == 0) {
		printf(", all");
	} else if (missing <= 4 && missing < h->count) {
		printf(", all but");
		for (int r = 0; r <= follow->most; r++)
			if (!said(h, r))
				printf(" %d", r);
	}
	printf("|%s\n", h->text);
}

/* In the order in which the lines first came, whoever said them. */
static void show_held(struct follow *follow)
{
	for (int i = 0; i < follow->count; i++) {
		struct held *h = &follow->lines[i];

		if (h->count >= ALIKE)
			show_alike(follow, h);
		for (int k = 0; h->count < ALIKE && k < h->count; k++)
			show_one(follow, h, k);
		free(h->text);
		free(h->ranks);
		free(h->hosts);
	}
	if (follow->count)
		fflush(stdout);
	follow->count = 0;
}

void follow_free(struct follow *follow)
{
	if (!follow)
		return;
	show_held(follow);
	free(follow->lines);
	free(follow);
}

void follow_turn(struct follow *follow)
{
	if (follow && follow->count > 0 && fl_now_s() - follow->since >= HOLD_S)
		show_held(follow);
}

/* A line again by the same rank is a line of its own. */
static struct held *find(struct follow *follow, int rank, const char *text,
			 size_t n)
{
	for (int i = 0; i < follow->count; i++) {
		struct held *h = &follow->lines[i];

		if (strlen(h->text) == n && memcmp(h->text, text, n) == 0 &&
		    !said(h, rank))
			return h;
	}
	return NULL;
}

static void add_line(struct follow *follow, const char *host, int rank,
		     const char *text, size_t n)
{
	struct held *h = find(follow, rank, text, n);

	follow->most = rank > follow->most ? rank : follow->most;
	if (h) {
		add_speaker(h, host, rank);
		return;
	}
	/* A flood is shown at once: what is held is searched for every line. */
	if (follow->count == LINES)
		show_held(follow);
	if (follow->count == 0)
		follow->since = fl_now_s();
	if (follow->count == follow->cap) {
		follow->cap = 2 * follow->cap + 64;
		follow->lines = fl_realloc(follow->lines,
					   (size_t)follow->cap *
						   sizeof(*follow->lines));
	}
	h = &follow->lines[follow->count++];
	*h = (struct held){ .text = fl_malloc(n + 1) };
	memcpy(h->text, text, n);
	h->text[n] = '\0';
	add_speaker(h, host, rank);
}

/* As a terminal shows it: of a progress bar what it came to. */
static void add_shown(struct follow *follow, const char *host, int rank,
		      const char *text, size_t n)
{
	const char *back;

	while (n > 0 && text[n - 1] == '\r')
		n--;
	back = memrchr(text, '\r', n);
	if (back)
		add_line(follow, host, rank, back + 1,
			 n - (size_t)(back + 1 - text));
	else
		add_line(follow, host, rank, text, n);
}

void follow_add(struct follow *follow, const char *host, int rank,
		const char *text, size_t n)
{
	while (follow && n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		add_shown(follow, host, rank, text, len);
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

/* As it came, several lines in one frame; cut up where it is shown. */
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

void follow_heard(struct follow *follow, const char *host, const struct json *o)
{
	struct log_lines lines;

	record_read(&log_record, o, &lines);
	follow_add(follow, host, lines.rank, lines.text, strlen(lines.text));
}
