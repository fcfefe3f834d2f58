#include "launch/fault.h"

#include "base/file.h"
#include "base/log.h"
#include "text/json.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TAIL_LINES 20

static void describe_end(const struct trainer *t, char *buf, size_t size)
{
	int number = WIFSIGNALED(t->wait_status) ? WTERMSIG(t->wait_status) : 0;

	if (number == SIGKILL)
		snprintf(buf, size,
			 "was killed by signal 9 (SIGKILL): by someone, or by "
			 "the system for want of memory (dmesg tells)");
	else if (number)
		snprintf(buf, size, "was ended by signal %d (%s)", number,
			 strsignal(number));
	else
		snprintf(buf, size, "ended with exit status %d",
			 WEXITSTATUS(t->wait_status));
}

/* The last lines of its log into out, in order. */
static void tail_of(const char *path, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	size_t at;
	int lines = 0;

	if (fl_map_open(&map, path, &err) != 0)
		return;
	at = map.size;
	while (at > 0 && lines <= TAIL_LINES)
		lines += map.data[--at] == '\n';
	if (at > 0)
		at++;
	fl_str_addn(out, map.data + at, map.size - at);
	fl_map_close(&map);
}

static void write_json(const struct launch_plan *plan, const struct trainer *t,
		       const char *end, const char *tail, const char *log_dir)
{
	struct json *o = json_new_object();
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	json_set_int(o, "rank", t->rank);
	json_set_text(o, "host", plan->host);
	json_set_int(o, "device", plan->devices[t->rank]);
	json_set_int(o, "status", trainer_code(t));
	json_set_text(o, "end", end);
	json_set_text(o, "fault", t->fault);
	json_set_text(o, "phase", t->status ? t->status->phase : "");
	json_set_int(o, "step", t->status ? t->status->step : 0);
	json_set_text(o, "log", t->log_path);
	json_set_text(o, "tail", tail);
	if (fl_join(path, sizeof(path), log_dir, "fault.json", &err) != 0 ||
	    json_write(o, path, &err) != 0)
		fl_warn("%s", err.text);
	json_free(o);
}

static void others(const struct launch_plan *plan,
		   const struct trainer *trainers, int first)
{
	for (int i = 0; i < plan->count; i++) {
		const struct agent_status *s = trainers[i].status;

		if (i != first && s && s->version)
			fl_error("  rank %d was in '%s' of step %lld", i,
				 s->phase, (long long)s->step);
	}
}

void fault_report(const struct launch_plan *plan,
		  const struct trainer *trainers, int first, const char *why,
		  const char *log_dir)
{
	const struct trainer *t = &trainers[first];
	struct fl_str tail = FL_STR_INIT;
	char end[256];

	if (why)
		snprintf(end, sizeof(end), "%s", why);
	else
		describe_end(t, end, sizeof(end));
	tail_of(t->log_path, &tail);
	fl_error("first fault: rank %d (%s, device %d) %s", t->rank, plan->host,
		 plan->devices[t->rank], end);
	if (*t->fault) {
		fl_error("  it said: %s", t->fault);
	} else if (tail.len > 0) {
		fl_error("  the end of %s:", t->log_path);
		fputs(fl_str_get(&tail), stderr);
	}
	others(plan, trainers, first);
	write_json(plan, t, end, fl_str_get(&tail), log_dir);
	fl_str_release(&tail);
}
