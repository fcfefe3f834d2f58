#include "launch/job/fault.h"

#include "base/file.h"
#include "base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TAIL_LINES 20
#define TAIL_BYTES 8192 /* of a log whose lines have no end */

/* Whether the system killed it for want of memory, as far as its counters
 * tell: those of the control group know its processes, the machine's only that
 * some process was killed. */
static bool killed_for_memory(const struct trainer *t, char *buf, size_t size)
{
	struct fl_memory_kills now = fl_memory_kills();
	bool group = now.group > t->kills.group;
	bool memory = group || now.machine > t->kills.machine;
	char bound[64] = "the machine has no more";

	if (group && now.limit < INT64_MAX)
		snprintf(bound, sizeof(bound),
			 "its control group may use %.0f MiB",
			 (double)now.limit / 0x1p20);
	if (memory)
		snprintf(buf, size,
			 "was killed by signal 9 (SIGKILL), %s the system for "
			 "want of memory: %s; smaller batches or fewer "
			 "trainers on this machine need less",
			 group ? "by" : "most likely by", bound);
	else
		snprintf(buf, size,
			 "was killed by signal 9 (SIGKILL): by someone%s",
			 now.machine < 0 ? ", or by the system for want of "
					   "memory (dmesg tells)"
					 : ", not for want of memory");
	return memory;
}

/* True: it was killed for want of memory. */
static bool describe_end(const struct trainer *t, char *buf, size_t size)
{
	int number = WIFSIGNALED(t->wait_status) ? WTERMSIG(t->wait_status) : 0;

	if (number == SIGKILL)
		return killed_for_memory(t, buf, size);
	if (number)
		snprintf(buf, size, "was ended by signal %d (%s)", number,
			 strsignal(number));
	else
		snprintf(buf, size, "ended with exit status %d",
			 WEXITSTATUS(t->wait_status));
	return false;
}

/* The last lines of its log into out, in order. */
static void tail_of(const char *path, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	size_t at, least;
	int lines = 0;

	if (fl_map_open(&map, path, &err) != 0)
		return;
	at = map.size;
	least = at > TAIL_BYTES ? at - TAIL_BYTES : 0;
	while (at > least && lines <= TAIL_LINES)
		lines += map.data[--at] == '\n';
	if (lines > TAIL_LINES)
		at++;
	fl_str_addn(out, map.data + at, map.size - at);
	fl_map_close(&map);
}

static int device_of(const struct layout *l, const struct trainer *t)
{
	return layout_own(l)->devices[t->local];
}

struct json *fault_of_trainer(const struct launch_plan *plan,
			      const struct layout *layout,
			      const struct trainer *t, const char *why,
			      int code)
{
	struct json *o = json_new_object();
	struct fl_str tail = FL_STR_INIT;
	char end[320], name[32];
	bool memory = false;

	if (why)
		snprintf(end, sizeof(end), "%s", why);
	else
		memory = describe_end(t, end, sizeof(end));
	tail_of(t->log_path, &tail);
	json_set_text(o, "kind", "trainer");
	launch_rank_name(plan, t->rank, name, sizeof(name));
	json_set_int(o, "rank", t->rank);
	json_set_text(o, "name", name);
	json_set_text(o, "host", launch_host(plan));
	json_set_int(o, "device", device_of(layout, t));
	json_set_int(o, "status", code);
	json_set_int(o, "signal",
		     !why && WIFSIGNALED(t->wait_status)
			     ? WTERMSIG(t->wait_status)
			     : 0);
	json_set_text(o, "end", end);
	json_set_bool(o, "aborted", t->aborted);
	json_set_bool(o, "memory", memory);
	json_set_text(o, "fault", t->fault);
	json_set_text(o, "phase", t->status ? t->status->phase : "");
	json_set_int(o, "step", t->status ? t->status->step : 0);
	json_set_text(o, "log", t->log_path);
	json_set_text(o, "tail", fl_str_get(&tail));
	json_set_bool(o, "ours", t->ours);
	fl_str_release(&tail);
	return o;
}

struct json *fault_of_machine(const char *kind, const char *host,
			      const char *end, int code)
{
	struct json *o = json_new_object();

	json_set_text(o, "kind", kind);
	json_set_text(o, "host", host);
	json_set_int(o, "status", code);
	json_set_text(o, "end", end);
	return o;
}

bool fault_where(const struct launch_plan *plan, const struct layout *layout,
		 const struct trainer *t, struct fl_str *out)
{
	const struct agent_status *s = t->status;

	if (!s || !s->version || t->ended)
		return false;
	fl_str_addf(out, "rank %d (%s, device %d) was in '%.31s' of step %lld",
		    t->rank, launch_host(plan), device_of(layout, t), s->phase,
		    (long long)s->step);
	return true;
}

void fault_key(const struct json *fault, struct fl_str *out)
{
	int64_t number = json_int_or(fault, "signal", 0);
	bool chance =
		number == SIGKILL && !json_bool_or(fault, "memory", false);

	if (strcmp(json_text_or(fault, "kind", ""), "trainer") != 0 || chance ||
	    number == SIGTERM || number == SIGINT)
		return;
	fl_str_addf(out, "%lld %s %s", (long long)json_int_or(fault, "rank", 0),
		    json_text_or(fault, "end", ""),
		    json_text_or(fault, "fault", ""));
}

void fault_line(const struct json *f, struct fl_str *out)
{
	if (strcmp(json_text_or(f, "kind", ""), "trainer") == 0)
		fl_str_addf(out, "%s (%s, device %lld) %s",
			    json_text_or(f, "name", ""),
			    json_text_or(f, "host", ""),
			    (long long)json_int_or(f, "device", 0),
			    json_text_or(f, "end", ""));
	else
		fl_str_addf(out, "%s %s", json_text_or(f, "host", ""),
			    json_text_or(f, "end", ""));
}

static void print_trainer(const struct json *f)
{
	const char *name = json_text_or(f, "name", "");

	if (strncmp(name, "rank", 4) == 0)
		fl_error("first fault: %s (%s, device %lld) %s", name,
			 json_text_or(f, "host", ""),
			 (long long)json_int_or(f, "device", 0),
			 json_text_or(f, "end", ""));
	else
		fl_error("first fault: %s (%s) %s", name,
			 json_text_or(f, "host", ""),
			 json_text_or(f, "end", ""));
	if (*json_text_or(f, "fault", "")) {
		fl_error("  it said: %s", json_text_or(f, "fault", ""));
	} else if (*json_text_or(f, "tail", "")) {
		fl_error("  the end of %s:", json_text_or(f, "log", ""));
		fputs(json_text_or(f, "tail", ""), stderr);
	}
}

void fault_print(const struct json *verdict, const char *log_dir)
{
	const struct json *f = json_get(verdict, "fault");
	const struct json *others = json_get(verdict, "others");
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	if (strcmp(json_text_or(f, "kind", ""), "trainer") == 0)
		print_trainer(f);
	else
		fl_error("first fault: %s %s", json_text_or(f, "host", ""),
			 json_text_or(f, "end", ""));
	for (size_t i = 0; i < json_count(others); i++) {
		const char *line = "";

		json_text(json_at(others, i), &line);
		fl_error("  %s", line);
	}
	if (*json_text_or(verdict, "note", ""))
		fl_info("%s", json_text_or(verdict, "note", ""));
	if (fl_join(path, sizeof(path), log_dir, "fault.json", &err) != 0 ||
	    json_write(verdict, path, &err) != 0)
		fl_warn("%s", err.text);
}
