/* member.c - what the agents tell of themselves, and who can start. */
#include "launch/fleet/fleet_priv.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/job/place.h"

#include <stdio.h>
#include <string.h>

struct json *member_intro(const struct launch_options *o,
			  const struct launch_plan *p)
{
	struct json *intro = json_new_object(), *devices = json_new_array();

	for (int i = 0; i < p->count; i++)
		json_add(devices, json_new_int(p->devices[i]));
	json_set_text(intro, "line", p->line);
	json_set(intro, "devices", devices);
	json_set_bool(intro, "follow", o->follow != NULL);
	return intro;
}

static int read_devices(const struct json *list, int *out)
{
	size_t n = json_count(list);

	if (n < 1 || n > LAUNCH_MAX_TRAINERS)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int64_t v = 0;

		json_int(json_at(list, i), &v);
		out[i] = (int)v;
	}
	return (int)n;
}

/* The two lines from where they differ, with their machines' names. */
static void show_difference(const struct fleet *f, int host, const char *ours,
			    const char *theirs, struct fl_str *out)
{
	int self = f->plan->hosts.self;
	size_t same = 0, from;
	const char *cut;

	while (ours[same] && ours[same] == theirs[same])
		same++;
	from = same > 40 ? same - 40 : 0;
	cut = from ? "..." : "";
	fl_str_addf(
		out,
		"typed another line than this machine:\n  %-20s %s%.200s\n  %-20s %s%.200s",
		fleet_host(f, self), cut, ours + from, fleet_host(f, host), cut,
		theirs + from);
}

/* A job that runs or waits for a machine to return is not ended by one that
 * was given another line; a job that has yet to start is. */
static void disagree(struct fleet *f, int host, const char *theirs)
{
	struct fl_str text = FL_STR_INIT;

	show_difference(f, host, f->plan->line, theirs, &text);
	if (f->attempt >= 0) {
		if (!f->members[host].disagreed)
			fl_warn("%s %s", fleet_host(f, host),
				fl_str_get(&text));
		f->members[host].disagreed = true;
		peers_refuse(f->peers, host, "line",
			     "the job that runs here was given another line");
	} else {
		verdict_end(f, "disagree", fl_str_get(&text), 7);
	}
	fl_str_release(&text);
}

void member_take_intro(struct fleet *f, int host, const struct json *intro)
{
	struct member *m = &f->members[host];
	const char *line = json_text_or(intro, "line", "");

	m->told = false;
	m->ready = false;
	m->since = fl_now_s();
	m->follows = json_bool_or(intro, "follow", false);
	m->count = read_devices(json_get(intro, "devices"), m->devices);
	if (m->count == 0) {
		peers_refuse(f->peers, host, "intro", "it names no devices");
		return;
	}
	if (strcmp(line, f->plan->line) != 0)
		disagree(f, host, line);
}

struct json *member_state(const struct fleet *f)
{
	const struct member *own = &f->members[f->plan->hosts.self];
	struct json *o = json_new_object();
	char sees[HOSTS_MAX / 4 + 1] = "";
	int count = f->plan->hosts.count;

	for (int i = 0; i < count; i += 4) {
		int four = 0;

		for (int k = i; k < i + 4 && k < count; k++)
			four |= (k == f->plan->hosts.self ||
				 peers_here(f->peers, k))
				<< (k - i);
		snprintf(sees + i / 4, 2, "%x", (unsigned)four);
	}
	json_set_int(o, "state", f->state);
	if (f->attempt < 0) { /* started anew: what is remembered */
		json_set_int(o, "attempt", own->attempt);
		json_set_int(o, "restarts", own->restarts);
		json_set_int(o, "ranks", own->ranks);
		json_set_text(o, "job", own->job);
		json_set_bool(o, "past", *own->job != '\0');
	} else {
		json_set_int(o, "attempt", f->attempt);
		json_set_int(o, "restarts", f->restarts);
		json_set_int(o, "ranks", f->ranks);
		json_set_text(o, "job", f->name);
	}
	json_set_text(o, "sees", sees);
	json_set_bool(o, "over", f->over);
	copies_describe(f->copies, o);
	return o;
}

static void read_sees(struct member *m, const char *text)
{
	memset(m->sees, 0, sizeof(m->sees));
	for (int i = 0; text[i] && i < HOSTS_MAX / 4; i++) {
		int c = text[i];
		int four = c >= 'a' ? c - 'a' + 10 : c - '0';

		m->sees[i / 2] |= (unsigned char)((four & 15) << (i % 2 * 4));
	}
}

void member_take_state(struct fleet *f, int host, const struct json *o)
{
	struct member *m = &f->members[host];

	m->told = true;
	m->state = (enum fleet_state)(int)json_int_or(o, "state", FLEET_WAIT);
	m->attempt = (int)json_int_or(o, "attempt", -1);
	m->restarts = (int)json_int_or(o, "restarts", 0);
	m->ranks = (int)json_int_or(o, "ranks", 0);
	m->past = json_bool_or(o, "past", false);
	m->over = json_bool_or(o, "over", false);
	snprintf(m->job, sizeof(m->job), "%s", json_text_or(o, "job", ""));
	read_sees(m, json_text_or(o, "sees", ""));
	copy_name_read(o, &m->newest);
}

int member_waiting(const struct fleet *f, bool *who)
{
	int n = 0;

	for (int i = 0; i < f->plan->hosts.count; i++) {
		const struct member *m = &f->members[i];

		who[i] = i == f->plan->hosts.self
				 ? f->state == FLEET_WAIT
				 : peers_here(f->peers, i) && m->told &&
					   m->state == FLEET_WAIT;
		n += who[i];
	}
	return n;
}

static bool see_each_other(const struct fleet *f, int a, int b)
{
	int self = f->plan->hosts.self;
	const unsigned char *x = f->members[a].sees, *y = f->members[b].sees;

	return (a == self ? peers_here(f->peers, b)
			  : (x[b / 8] >> (b % 8)) & 1) &&
	       (b == self ? peers_here(f->peers, a)
			  : (y[a / 8] >> (a % 8)) & 1);
}

int member_clique(const struct fleet *f, bool *who)
{
	int n = member_waiting(f, who);

	for (int i = 0; i < f->plan->hosts.count; i++)
		for (int k = 0; who[i] && k < i; k++)
			if (who[k] && !see_each_other(f, i, k)) {
				who[i] = false;
				n--;
			}
	return n;
}

void member_remember(struct fleet *f)
{
	struct member *own = &f->members[f->plan->hosts.self];
	struct fl_err err = FL_ERR_INIT;
	struct copy_name newest;
	char path[4096];
	struct json *o;
	bool open;

	place_fleet_file(f->options->log_dir, f->plan->hosts.self, path,
			 sizeof(path));
	o = fl_exists(path) ? json_read(path, &err) : NULL;
	open = o && !json_bool_or(o, "over", true);
	f->spares =
		open && strcmp(json_text_or(o, "line", ""), f->plan->line) != 0;
	if (open && !f->spares) {
		own->past = true;
		own->attempt = (int)json_int_or(o, "attempt", -1);
		own->restarts = (int)json_int_or(o, "restarts", 0);
		own->ranks = (int)json_int_or(o, "ranks", 0);
		snprintf(own->job, sizeof(own->job), "%s",
			 json_text_or(o, "job", ""));
		copy_name_read(o, &newest);
		copies_recall(f->copies, own->job, &newest);
	}
	json_free(o);
}
