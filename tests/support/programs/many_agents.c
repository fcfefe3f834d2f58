/* many_agents COUNT PORT: plays COUNT - 1 agents that call the real one at 127.0.0.1.
 *
 * Each has an address of its own (127.1.x.y) and uses the launcher's own frames and greeting. They
 * get ready, start and are done when told; ends with 0 when the real agent has told them all, with
 * 1 after 60 s. many_agents list COUNT: prints the --ips of such a job. */
#include "base/arena.h"
#include "base/clock.h"
#include "launch/link/greeting.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LIMIT_S 60.0

struct agent {
	struct wire wire;
	struct greeting greeting;
	bool here, started;
};

static void make_list(int count, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "127.0.0.1");

	for (int i = 1; i < count; i++)
		n += (size_t)snprintf(buf + n, size - n, ",127.1.%d.%d",
				      i / 250, i % 250 + 1);
}

static void tell(struct agent *a, int state, int attempt, char *sees)
{
	struct json *o = json_new_object();

	json_set_int(o, "state", state);
	json_set_int(o, "attempt", attempt);
	json_set_text(o, "sees", sees);
	wire_send_json(&a->wire, WIRE_STATE, (uint32_t)attempt, o);
	json_free(o);
}

static bool begin(struct agent *a, struct hosts *hosts, int index, int port)
{
	struct sockaddr_storage from, to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	hosts_endpoint(&hosts->list[index], 0, &from);
	hosts_endpoint(&hosts->list[0], port, &to);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)(void *)&from, hosts->list[0].size) ||
	    connect(fd, (struct sockaddr *)(void *)&to, hosts->list[0].size))
		return false;
	wire_init(&a->wire, fd);
	greeting_begin(&a->greeting, hosts, "", 0, true);
	hosts->self = index;
	greeting_hello(&a->greeting, &a->wire);
	return true;
}

static void greet(struct agent *a, const struct wire_frame *f,
		  const struct json *intro, char *sees)
{
	struct json *theirs = NULL;
	int rc = greeting_heard(&a->greeting, &a->wire, f, intro, &theirs);

	if (rc < 0) {
		fprintf(stderr, "%s\n", a->greeting.why);
		exit(1);
	}
	a->here = rc == 1;
	if (a->here)
		tell(a, 0, -1, sees);
	json_free(theirs);
}

/* No link can be measured with who has none. */
static void decline(struct agent *a, const struct wire_frame *f)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o =
		json_parse((const char *)f->data, f->size, "order", &err);

	if (!o)
		return;
	json_set_text(o, "error", "it is simulated");
	wire_send_json(&a->wire, WIRE_MEASURED, f->attempt, o);
	json_free(o);
}

/* The states are those of src/launch/fleet/fleet_priv.h: 2 READY, 3 RUN, 4 DONE. */
static void turn(struct agent *a, const struct json *intro, char *sees)
{
	struct wire_frame f;

	wire_pump(&a->wire);
	while (wire_next(&a->wire, &f) == 1) {
		if (!a->here) {
			greet(a, &f, intro, sees);
		} else if (f.type == WIRE_PREPARE) {
			tell(a, 2, (int)f.attempt, sees);
			wire_send(&a->wire, WIRE_READY, f.attempt, "{}", 2);
		} else if (f.type == WIRE_MEASURE) {
			decline(a, &f);
		} else if (f.type == WIRE_START) {
			tell(a, 4, (int)f.attempt, sees);
			a->started = true;
		}
	}
	wire_pump(&a->wire);
}

static struct json *make_intro(const char *line)
{
	struct json *o = json_new_object(), *devices = json_new_array();

	json_add(devices, json_new_int(0));
	json_set(o, "devices", devices);
	json_set_text(o, "line", line);
	return o;
}

static int play(struct hosts *hosts, int port, const struct json *intro)
{
	struct agent *agents = fl_calloc((size_t)hosts->count, sizeof(*agents));
	double until = fl_now_s() + LIMIT_S;
	char sees[257];
	int left = hosts->count - 1, rc = 1;

	memset(sees, 'f', 256); /* each sees all */
	sees[256] = '\0';
	for (int i = 1; i < hosts->count; i++)
		if (!begin(&agents[i], hosts, i, port)) {
			perror("many_agents");
			return 1;
		}
	while (left > 0 && fl_now_s() < until) {
		left = 0;
		for (int i = 1; i < hosts->count; i++) {
			turn(&agents[i], intro, sees);
			left += !agents[i].started;
		}
		fl_sleep_s(0.01);
	}
	for (double at = fl_now_s(); left == 0 && fl_now_s() < at + 1;
	     fl_sleep_s(0.05))
		for (int i = 1; i < hosts->count; i++)
			turn(&agents[i], intro, sees);
	rc = left > 0;
	printf("%d of %d agents started\n", hosts->count - 1 - left,
	       hosts->count - 1);
	for (int i = 1; i < hosts->count; i++)
		wire_close(&agents[i].wire);
	free(agents);
	return rc;
}

int main(int argc, char **argv)
{
	static char list[65536], line[70000];
	static struct hosts hosts;
	struct rlimit most = { 4096, 4096 };
	struct fl_err err = FL_ERR_INIT;
	struct json *intro;
	int rc;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "list") == 0) {
		make_list(atoi(argv[2]), list, sizeof(list));
		puts(list);
		return 0;
	}
	setrlimit(RLIMIT_NOFILE, &most);
	make_list(atoi(argv[1]), list, sizeof(list));
	if (hosts_open(&hosts, list, "127.0.0.1", &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	snprintf(line, sizeof(line), "--ips %s --start_port %s true", list,
		 argv[2]);
	intro = make_intro(line);
	rc = play(&hosts, atoi(argv[2]) - 1, intro);
	json_free(intro);
	hosts_release(&hosts);
	return rc;
}
