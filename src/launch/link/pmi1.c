/* pmi1.c - see pmi1.h. Written after the description of the protocol in flux's
 * RFC 13 and in MPICH's documents; job.c opens one for each attempt.
 *
 * The bounds told by get_maxes are those that old clients have room for: their
 * lines are 1024 bytes. */
#include "launch/link/pmi1.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_MAX_BYTES 256
#define KEY_MAX_BYTES 64
#define VALUE_MAX_BYTES 1024
#define LINE_MOST ((size_t)1 << 16) /* of a client that never ends its line */

struct pmi1_pair {
	char *key, *value;
};

struct client {
	int fd; /* -1: it has not joined, or has closed it */
	struct fl_str in;
	bool inside, waiting; /* within MPI; in a barrier */
	bool many;	      /* lines up to "endcmd" belong together */
	int aborted;
};

struct pmi1 {
	const struct layout *layout;
	struct client *clients;
	int count, waiting;
	void *pairs;	     /* tree of struct pmi1_pair */
	struct fl_str fresh; /* "key value\n", put since the last barrier */
	bool fence;	     /* it has yet to be taken */
	char name[64];
	void (*unserved)(void *ctx, int rank, const char *what);
	void *ctx;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct pmi1_pair *)a)->key,
		      ((const struct pmi1_pair *)b)->key);
}

static void free_pair(void *at)
{
	struct pmi1_pair *p = at;

	free(p->key);
	free(p->value);
	free(p);
}

/* What "get" answers: of this machine as it comes, of others after a barrier. A
 * tree, for each rank of a large job asks for every other's key. */
static void keep(struct pmi1 *p, const char *key, const char *value)
{
	struct pmi1_pair *own = fl_calloc(1, sizeof(*own)), **at;

	own->key = fl_strdup(key);
	own->value = fl_strdup(value);
	at = tsearch(own, &p->pairs, by_key);
	if (*at != own) { /* put again: the last one counts */
		free((*at)->value);
		(*at)->value = own->value;
		own->value = NULL;
		free_pair(own);
	}
}

/* Which ranks share a machine, as MPICH reads it to choose shared memory.
 * "(vector,(0,2,4))": from machine 0 on two machines with four ranks each. */
static void keep_mapping(struct pmi1 *p)
{
	const struct layout *l = p->layout;
	struct fl_str s = FL_STR_INIT;

	fl_str_add(&s, "(vector");
	for (int i = 0, n; i < l->count; i += n) {
		for (n = 1; i + n < l->count &&
			    l->list[i + n].count == l->list[i].count;)
			n++;
		fl_str_addf(&s, ",(%d,%d,%d)", i, n, l->list[i].count);
	}
	fl_str_add(&s, ")");
	if (s.len < VALUE_MAX_BYTES) /* else each rank finds its neighbours */
		keep(p, "PMI_process_mapping", fl_str_get(&s));
	fl_str_release(&s);
}

struct pmi1 *pmi1_new(const struct layout *l,
		      void (*unserved)(void *ctx, int rank, const char *what),
		      void *ctx)
{
	struct pmi1 *p = fl_calloc(1, sizeof(*p));

	p->layout = l;
	p->count = layout_own(l)->count;
	p->clients = fl_calloc((size_t)p->count, sizeof(*p->clients));
	p->unserved = unserved;
	p->ctx = ctx;
	for (int i = 0; i < p->count; i++)
		p->clients[i].fd = -1;
	/* a name of its own for each attempt, as PMIx's namespace */
	snprintf(p->name, sizeof(p->name), "fr-%s-%d", l->job, l->attempt);
	keep_mapping(p);
	return p;
}

void pmi1_free(struct pmi1 *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->count; i++) {
		fl_close(&p->clients[i].fd);
		fl_str_release(&p->clients[i].in);
	}
	tdestroy(p->pairs, free_pair);
	fl_str_release(&p->fresh);
	free(p->clients);
	free(p);
}

static void set_int(struct launch_environ *env, const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	environ_set(env, name, text, false);
}

int pmi1_join(struct pmi1 *p, int local, struct launch_environ *env,
	      struct fl_err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return fl_fail(err, FL_EIO, "cannot make a socket for PMI: %s",
			       strerror(errno));
	/* The other end is closed on exec in every program but its own trainer,
	 * whose child clears that flag (job/trainer.c). */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	p->clients[local].fd = ends[0];
	set_int(env, "PMI_FD", ends[1]);
	set_int(env, "PMI_RANK", layout_own(p->layout)->first + local);
	set_int(env, "PMI_SIZE", p->layout->world);
	/* MPICH 4.3 and 5 would ask PMIx, which they are not built with. */
	environ_set(env, "MPIR_CVAR_PMI_VERSION", "1", true);
	return ends[1];
}

int pmi1_fds(const struct pmi1 *p, struct pollfd *fds)
{
	int n = 0;

	for (int i = 0; p && i < p->count; i++)
		if (p->clients[i].fd >= 0)
			fds[n++] =
				(struct pollfd){ p->clients[i].fd, POLLIN, 0 };
	return n;
}

/* A client that does not read what it asked for has itself to blame: the agent
 * does not wait for it. The longest answer holds a value of VALUE_MAX_BYTES. */
static void say(const struct client *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct client *c, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(line))
		send(c->fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The value of " name=value"; "" where it is not there. Names are looked for at
 * the start of a word only, or "key" would be found within another name. Values
 * hold no blanks. */
static void value_of(const char *line, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);
	const char *at = line;

	*buf = '\0';
	while (at && !(strncmp(at, name, n) == 0 && at[n] == '=')) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	if (at)
		snprintf(buf, size, "%.*s", (int)strcspn(at + n + 1, " \n"),
			 at + n + 1);
}

/* Noted twice: for "get" here, and for the other machines at the next
 * barrier. */
static void put(struct pmi1 *p, const struct client *c, const char *line)
{
	char key[KEY_MAX_BYTES + 1], value[VALUE_MAX_BYTES + 1];

	value_of(line, "key", key, sizeof(key));
	value_of(line, "value", value, sizeof(value));
	if (!*key) {
		say(c, "cmd=put_result rc=-1 msg=no_key\n");
		return;
	}
	keep(p, key, value);
	fl_str_addf(&p->fresh, "%s %s\n", key, value);
	say(c, "cmd=put_result rc=0 msg=success\n");
}

static void get(struct pmi1 *p, const struct client *c, const char *line)
{
	char key[KEY_MAX_BYTES + 1];
	struct pmi1_pair want = { key, NULL }, **found;

	value_of(line, "key", key, sizeof(key));
	found = tfind(&want, &p->pairs, by_key);
	if (found)
		say(c, "cmd=get_result rc=0 msg=success value=%s\n",
		    (*found)->value);
	else
		say(c,
		    "cmd=get_result rc=-1 msg=key_%s_not_found value=unknown\n",
		    key);
}

/* Lets the clients of this machine go; those of others have their own
 * agents. */
static void release(struct pmi1 *p)
{
	p->waiting = 0;
	for (int i = 0; i < p->count; i++) {
		if (p->clients[i].waiting)
			say(&p->clients[i], "cmd=barrier_out rc=0\n");
		p->clients[i].waiting = false;
	}
}

/* A barrier is left when all clients of this machine are in it; over several
 * machines when the fence that it becomes has brought all others' keys. */
static void enter_barrier(struct pmi1 *p, struct client *c)
{
	p->waiting += !c->waiting;
	c->waiting = true;
	if (p->waiting < p->count)
		return;
	if (p->layout->count > 1) {
		p->fence = true;
		return;
	}
	/* No other machine is to hear of them. */
	fl_str_clear(&p->fresh);
	release(p);
}

/* The call fails in the program, and the console says why (unserved). */
static void refuse(struct pmi1 *p, const struct client *c, const char *answer,
		   const char *what)
{
	p->unserved(p->ctx,
		    layout_own(p->layout)->first + (int)(c - p->clients), what);
	say(c, "cmd=%s rc=-1 status=-1 msg=not_served_by_fleetrun\n", answer);
}

/* From here to "finalize" an exit with 0 is a fault: the others would wait for
 * it in their next operation (job.c). */
static void init(struct client *c, const char *line)
{
	char version[16];

	value_of(line, "pmi_version", version, sizeof(version));
	c->inside = strcmp(version, "1") == 0;
	say(c, "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=%d\n",
	    c->inside ? 0 : -1);
}

/* MPI_Abort(0) is an abort all the same. The client waits to be killed, which
 * job.c sees to. */
static void abort_of(struct client *c, const char *line)
{
	char code[16];
	int v;

	value_of(line, "exitcode", code, sizeof(code));
	v = atoi(code);
	c->aborted = v ? v : 1;
}

static void answer(struct pmi1 *p, struct client *c, const char *line)
{
	char cmd[32];

	value_of(line, "cmd", cmd, sizeof(cmd));
	if (strcmp(cmd, "init") == 0)
		init(c, line);
	else if (strcmp(cmd, "get_maxes") == 0)
		say(c,
		    "cmd=maxes kvsname_max=%d keylen_max=%d vallen_max=%d rc=0\n",
		    NAME_MAX_BYTES, KEY_MAX_BYTES, VALUE_MAX_BYTES);
	else if (strcmp(cmd, "get_my_kvsname") == 0)
		say(c, "cmd=my_kvsname kvsname=%s rc=0\n", p->name);
	else if (strcmp(cmd, "get_appnum") == 0)
		say(c, "cmd=appnum appnum=0 rc=0\n");
	else if (strcmp(cmd, "get_universe_size") == 0)
		say(c, "cmd=universe_size size=%d rc=0\n", p->layout->world);
	else if (strcmp(cmd, "put") == 0)
		put(p, c, line);
	else if (strcmp(cmd, "get") == 0)
		get(p, c, line);
	else if (strcmp(cmd, "barrier_in") == 0)
		enter_barrier(p, c);
	else if (strcmp(cmd, "abort") == 0)
		abort_of(c, line);
	else if (strcmp(cmd, "publish_name") == 0)
		refuse(p, c, "publish_result", "MPI_Publish_name");
	else if (strcmp(cmd, "unpublish_name") == 0)
		refuse(p, c, "unpublish_result", "MPI_Unpublish_name");
	else if (strcmp(cmd, "lookup_name") == 0)
		refuse(p, c, "lookup_result", "MPI_Lookup_name");
	else if (strcmp(cmd, "finalize") == 0) {
		c->inside = false;
		say(c, "cmd=finalize_ack rc=0\n");
	} else
		say(c, "cmd=%s_result rc=-1 msg=unknown_command\n", cmd);
}

/* MPI_Comm_spawn comes as many lines, once for each program of it. */
static void hear_line(struct pmi1 *p, struct client *c, const char *line)
{
	if (strncmp(line, "mcmd=", 5) == 0)
		c->many = true;
	if (!c->many) {
		answer(p, c, line);
		/* Until here nothing is answered: the client writes all lines first. */
	} else if (strcmp(line, "endcmd") == 0) {
		c->many = false;
		refuse(p, c, "spawn_result", "MPI_Comm_spawn");
	}
}

static void read_client(struct pmi1 *p, struct client *c)
{
	char buf[4096], *end;
	ssize_t n;

	while ((n = recv(c->fd, buf, sizeof(buf), 0)) > 0) {
		fl_str_addn(&c->in, buf, (size_t)n);
		while (c->in.len > 0 &&
		       (end = memchr(c->in.data, '\n', c->in.len)) != NULL) {
			size_t len = (size_t)(end - c->in.data);

			*end = '\0';
			hear_line(p, c, c->in.data);
			c->in.len -= len + 1;
			memmove(c->in.data, end + 1, c->in.len);
		}
		/* A client that never ends its line counts as one that has
		 * closed. */
		if (c->in.len > LINE_MOST)
			n = 0;
		if (n == 0)
			break;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fl_close(&c->fd);
}

void pmi1_turn(struct pmi1 *p)
{
	for (int i = 0; p && i < p->count; i++)
		if (p->clients[i].fd >= 0)
			read_client(p, &p->clients[i]);
}

/* What all machines put: "key value\n", many times. The text is ours to cut up
 * and free; this machine's own keys are among it, and are put again. */
static void on_fence(const struct pmix_fence *fence, char *data, size_t size)
{
	struct pmi1 *p = fence->ctx;
	char *line = data, *end;

	while (size > 0 && (end = memchr(line, '\n', size)) != NULL) {
		char *blank = memchr(line, ' ', (size_t)(end - line));

		*end = '\0';
		if (blank) {
			*blank = '\0';
			keep(p, line, blank + 1);
		}
		size -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	free(data);
	release(p);
}

/* All machines take part in every barrier, so one signature does for all. */
bool pmi1_next_fence(struct pmi1 *p, struct pmix_fence *out)
{
	if (!p || !p->fence)
		return false;
	p->fence = false;
	*out = (struct pmix_fence){ .signature = "pmi1",
				    .answer = on_fence,
				    .ctx = p };
	out->seats = fl_calloc((size_t)p->layout->count, sizeof(bool));
	for (int i = 0; i < p->layout->count; i++)
		out->seats[i] = true;
	out->size = p->fresh.len;
	out->data = fl_malloc(p->fresh.len + 1);
	if (p->fresh.len)
		memcpy(out->data, p->fresh.data, p->fresh.len);
	fl_str_clear(&p->fresh);
	return true;
}

bool pmi1_inside(const struct pmi1 *p, int local)
{
	return p && p->clients[local].inside;
}

int pmi1_aborted(const struct pmi1 *p, int local)
{
	return p ? p->clients[local].aborted : 0;
}
