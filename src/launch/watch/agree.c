/* agree.c - are all trainers about to train the same?
 *
 * Trainers that know the protocol tell their agent what they are about to do,
 * item by item (recipe, data set, program, numbers, weights), and wait. The
 * coordinator compares every rank with the first one that it heard of, and says
 * GO when all ranks have told the same. A difference ends the job on every
 * machine, with both lines. Programs that tell nothing wait for nothing.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct agree {
	int world, heard;
	bool *told; /* by rank */
	struct json *first;
	int first_rank;
};

void agree_end(struct fleet *f)
{
	struct agree *a = f->agree;

	if (!a)
		return;
	json_free(a->first);
	free(a->told);
	free(a);
	f->agree = NULL;
}

void agree_begin(struct fleet *f)
{
	agree_end(f);
	f->agree = fl_calloc(1, sizeof(*f->agree));
	f->agree->world = f->layout.world;
	f->agree->told = fl_calloc((size_t)f->layout.world, sizeof(bool));
}

static const char *host_of(const struct fleet *f, int rank)
{
	int seat = layout_seat_of(&f->layout, rank);

	return fleet_host(f, f->layout.list[seat].host);
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

/* a, the lower rank, said x; b said y. */
static void refuse(struct fleet *f, int a, int b, const char *name,
		   const char *x, const char *y)
{
	struct fl_str left = FL_STR_INIT, right = FL_STR_INIT;
	struct fl_str text = FL_STR_INIT;

	first_lines(x, y, &left, &right);
	fl_str_addf(&text,
		    "disagrees about the %s before the first step:\n"
		    "  rank %-4d %-18s %.300s\n  rank %-4d %-18s %.300s",
		    name, a, host_of(f, a),
		    left.len ? fl_str_get(&left) : "(nothing)", b,
		    host_of(f, b),
		    right.len ? fl_str_get(&right) : "(nothing)");
	verdict_report(f, fault_of_machine("disagree", host_of(f, b),
					   fl_str_get(&text), 7));
	fl_str_release(&left);
	fl_str_release(&right);
	fl_str_release(&text);
}

/* True when all items are equal. */
static bool compare(struct fleet *f, int rank, const struct json *items)
{
	const struct json *first = json_get(f->agree->first, "items");

	for (size_t i = 0; i < json_count(first) || i < json_count(items);
	     i++) {
		const struct json *x = json_at(first, i);
		const struct json *y = json_at(items, i);
		const char *name = json_text_or(x ? x : y, "name", "");

		if (strcmp(json_text_or(x, "text", ""),
			   json_text_or(y, "text", "")) != 0 ||
		    strcmp(json_text_or(x, "name", ""),
			   json_text_or(y, "name", "")) != 0) {
			int other = f->agree->first_rank;

			if (other < rank)
				refuse(f, other, rank, name,
				       json_text_or(x, "text", ""),
				       json_text_or(y, "text", ""));
			else
				refuse(f, rank, other, name,
				       json_text_or(y, "text", ""),
				       json_text_or(x, "text", ""));
			return false;
		}
	}
	return true;
}

void agree_go(struct fleet *f)
{
	for (int i = 0; i < f->job.started; i++)
		if (f->job.trainers[i].ours)
			trainer_tell(&f->job.trainers[i],
				     "{\"event\":\"go\"}\n");
}

void agree_take(struct fleet *f, const struct json *o)
{
	struct agree *a = f->agree;
	int64_t rank = -1;

	json_int(json_get(o, "rank"), &rank);
	if (!a || rank < 0 || rank >= a->world || a->told[rank])
		return;
	a->told[rank] = true;
	if (!a->first) {
		a->first = fleet_copy(o);
		a->first_rank = (int)rank;
	} else if (!compare(f, (int)rank, json_get(o, "items"))) {
		return;
	}
	if (++a->heard < a->world)
		return;
	for (int i = 1; i < f->layout.count; i++)
		peers_send(f->peers, f->layout.list[i].host, WIRE_GO,
			   (uint32_t)f->attempt, NULL, 0);
	agree_go(f);
}

void agree_local(struct fleet *f, const struct trainer *t,
		 const struct json *line)
{
	struct json *o = fleet_copy(line);

	json_set_int(o, "rank", t->rank);
	fleet_to_first(f, WIRE_DIGEST, o, agree_take);
}
