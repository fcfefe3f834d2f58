/* agree.c - are all trainers about to train the same?
 *
 * Trainers that know the protocol tell their agent what they are about to do,
 * item by item (recipe, data set, program, numbers, weights), and wait. The
 * machine of rank 0 compares every rank with the first one that it heard of, and
 * says GO when all ranks have told the same. A difference ends the job on every
 * machine, with both lines. Programs that tell nothing wait for nothing.
 */
#include "launch/watch/watch.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A trainer's line, with its rank. */
struct digest {
	const char *event;
	const struct json *items;
	int rank;
};

static const struct field digest_rows[] = {
	FIELD(TEXT, struct digest, event, "event"),
	FIELD(JSON, struct digest, items, "items", .of = &agent_item_record),
	FIELD(INT, struct digest, rank, "rank", .absent = -1),
};
const struct record digest_record = RECORD(struct digest, digest_rows);

struct agree {
	const struct attempt *a;
	int world, heard;
	bool *told;	    /* by rank */
	struct json *first; /* items of the first that was heard of */
	int first_rank;
};

static void *agree_begin(const struct attempt *a)
{
	struct agree *w = fl_calloc(1, sizeof(*w));

	w->a = a;
	w->world = a->layout->world;
	w->told = fl_calloc((size_t)w->world, sizeof(bool));
	return w;
}

static void agree_end(void *watch)
{
	struct agree *w = watch;

	json_free(w->first);
	free(w->told);
	free(w);
}

/* The first line that differs, without what it is indented by. */
static void first_lines(const char *x, const char *y, struct fl_str *a,
			struct fl_str *b)
{
	while (*x || *y) {
		size_t n = strcspn(x, "\n"), m = strcspn(y, "\n");

		if (n != m || memcmp(x, y, n) != 0) {
			fl_str_addn(a, x, n);
			fl_str_addn(b, y, m);
			return;
		}
		x += n + (x[n] != '\0');
		y += m + (y[m] != '\0');
	}
}

/* What a rank, and one above it, say about an item. */
static void refuse(const struct agree *w, int a, int b,
		   const struct agent_item *x, const struct agent_item *y)
{
	struct fl_str left = FL_STR_INIT, right = FL_STR_INIT;
	struct fl_str text = FL_STR_INIT;
	const char *host = attempt_host_of(w->a, b);

	first_lines(x->text, y->text, &left, &right);
	fl_str_addf(&text,
		    "disagrees about the %s before the first step:\n"
		    "  rank %-4d %-18s %.300s\n  rank %-4d %-18s %.300s",
		    *x->name ? x->name : y->name, a, attempt_host_of(w->a, a),
		    left.len ? fl_str_get(&left) : "(nothing)", b, host,
		    right.len ? fl_str_get(&right) : "(nothing)");
	w->a->fault(w->a->ctx,
		    fault_of_machine("disagree", host, fl_str_get(&text),
				     FL_EMISMATCH));
	fl_str_release(&left);
	fl_str_release(&right);
	fl_str_release(&text);
}

/* True when all items are equal. They are compared by place, for every rank
 * lists them in the same order; the lower rank is named first, whoever came
 * first. */
static bool compare(const struct agree *w, int rank, const struct json *items)
{
	size_t n = json_count(w->first), m = json_count(items);

	for (size_t i = 0; i < n || i < m; i++) {
		struct agent_item x, y;

		record_read(&agent_item_record, json_at(w->first, i), &x);
		record_read(&agent_item_record, json_at(items, i), &y);
		if (strcmp(x.text, y.text) == 0 && strcmp(x.name, y.name) == 0)
			continue;
		if (w->first_rank < rank)
			refuse(w, w->first_rank, rank, &x, &y);
		else
			refuse(w, rank, w->first_rank, &y, &x);
		return false;
	}
	return true;
}

/* The trainers of this machine may begin. */
static void tell_go(const struct agree *w)
{
	const struct job *job = w->a->job;

	for (int i = 0; i < job->started; i++)
		if (job->trainers[i].speaks)
			trainer_tell(&job->trainers[i], AGENT_GO);
}

/* On the machine of rank 0. After a difference nobody is told to go: the fault
 * that was reported ends all. */
static void hear_digest(struct agree *w, const struct json *o)
{
	struct digest d;

	record_read(&digest_record, o, &d);
	if (d.rank < 0 || d.rank >= w->world || w->told[d.rank])
		return;
	w->told[d.rank] = true;
	if (!w->first) {
		w->first = json_clone(d.items);
		w->first_rank = d.rank;
	} else if (!compare(w, d.rank, d.items)) {
		return;
	}
	if (++w->heard < w->world)
		return;
	post_to_members(w->a->post, WIRE_GO, NULL);
	tell_go(w);
}

static void agree_said(void *watch, const struct trainer *t,
		       enum agent_event event, const struct json *line)
{
	struct agree *w = watch;
	struct digest d;
	struct json *o;

	if (event != AGENT_DIGEST)
		return;
	record_read(&digest_record, line, &d);
	/* The agent knows whose link it is: what a trainer says of its rank is
	 * not asked. */
	d.rank = t->rank;
	o = record_write(&digest_record, &d, 0);
	if (!post_to_first(w->a->post, WIRE_DIGEST, o))
		hear_digest(w, o);
	json_free(o);
}

static void agree_heard(void *watch, int seat, enum wire_type type,
			const struct json *o)
{
	(void)seat;
	if (type == WIRE_DIGEST)
		hear_digest(watch, o);
	if (type == WIRE_GO)
		tell_go(watch);
}

const struct watch watch_agree = { .name = "agree",
				   .begin = agree_begin,
				   .end = agree_end,
				   .said = agree_said,
				   .heard = agree_heard };
