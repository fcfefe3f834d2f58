/* roles.c - parameter servers and workers, as the command line lists or counts
 * them.
 *
 * make.c asks first whether they are wanted (roles_wanted), then for the machines
 * and the roles, at last for the ports, when the start port is known.
 */
#include "launch/plan/roles.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Any option of servers or workers means them; --run_mode only says so
 * beforehand. Every contradiction is refused here, for later each half alone
 * would look right. */
int roles_wanted(const struct launch_options *o, bool *wanted,
		 struct fl_err *err)
{
	bool lists = o->servers || o->workers;
	bool any = lists || o->server_num || o->worker_num;

	*wanted = any;
	if (o->run_mode && strcmp(o->run_mode, "collective") == 0)
		return any ? fl_fail(err, FL_EUSAGE,
				     "--run_mode collective has no servers; "
				     "leave out the options of --run_mode ps")
			   : 0;
	*wanted |= o->run_mode != NULL;
	if (!*wanted)
		return 0;
	if (lists && (o->server_num || o->worker_num))
		return fl_fail(
			err, FL_EUSAGE,
			"give lists (--servers, --workers) or counts of each machine "
			"(--server_num, --worker_num), not both");
	if (lists ? !o->servers || !o->workers
		  : !o->server_num || !o->worker_num)
		return fl_fail(
			err, FL_EUSAGE,
			"a job of parameter servers needs both kinds: --servers and "
			"--workers, or --server_num and --worker_num");
	if (o->devices || o->nproc_per_node)
		return fl_fail(
			err, FL_EUSAGE,
			"with parameter servers --server_num and --worker_num say how "
			"many there are, not devices or --nproc_per_node");
	if (o->min_hosts)
		return fl_fail(
			err, FL_EUSAGE,
			"--min_hosts is for trainers that share a batch; a job of "
			"parameter servers needs all its machines");
	return 0;
}

static bool is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; *p;) {
		size_t m = strcspn(p, ",");

		if (m == n && memcmp(p, name, n) == 0)
			return true;
		p += m + (p[m] == ',');
	}
	return false;
}

/* In the order of their first endpoint, servers before workers: without --ips
 * this is the list of machines, which must be the same on all of them. */
static void add_hosts(const char *endpoints, struct fl_str *ips)
{
	char host[256];
	const char *port;

	for (const char *p = endpoints; p && *p;) {
		size_t n = hosts_read_endpoint(p, host, sizeof(host), &port);

		if (!is_listed(fl_str_get(ips), host))
			fl_str_addf(ips, "%s%s", ips->len ? "," : "", host);
		p += n + (p[n] == ',');
	}
}

void roles_hosts(const struct launch_options *o, struct fl_str *ips)
{
	add_hosts(o->servers, ips);
	add_hosts(o->workers, ips);
}

/* By spelling: endpoints have to name a machine as --ips does, or which of two
 * entries is meant would be a guess. */
static int find_host(const struct launch_plan *p, const char *name)
{
	for (int i = 0; i < p->hosts.count; i++)
		if (strcmp(p->hosts.list[i].name, name) == 0)
			return i;
	return -1;
}

/* Entries of a list, which is not empty. */
static int count_of(const char *list)
{
	int n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

/* Appends the endpoints of a list. */
static int read_list(struct launch_plan *p, const char *list, bool server,
		     struct launch_role *out, int *count, struct fl_err *err)
{
	const char *option = server ? "--servers" : "--workers", *at = list;

	for (int i = 0;; i++) {
		struct launch_role r = { .server = server, .index = i };
		char host[256];
		const char *port;
		size_t n = hosts_read_endpoint(at, host, sizeof(host), &port);

		r.host = find_host(p, host);
		/* What is no number becomes port 0, and is refused below. */
		r.port = port ? atoi(port) : 0;
		if (r.host < 0)
			return fl_fail(err, FL_EUSAGE,
				       "'%s' of %s is no machine of --ips (%s)",
				       host, option, p->hosts.ips);
		if (port && (r.port < 1 || r.port > 65535))
			return fl_fail(
				err, FL_EUSAGE,
				"'%.*s' of %s has no port within 1 and 65535",
				(int)n, at, option);
		out[(*count)++] = r;
		at += n;
		if (*at++ != ',')
			return 0;
	}
}

/* So many on each machine. Indices go through the machines, as --ips lists
 * them: every machine counts alike. */
static void count_out(const struct launch_plan *p, bool server, int each,
		      struct launch_role *out, int *count)
{
	for (int h = 0; h < p->hosts.count; h++)
		for (int i = 0; i < each; i++)
			out[(*count)++] =
				(struct launch_role){ .server = server,
						      .index = h * each + i,
						      .host = h };
}

/* By machine, servers first: ranks follow from it. */
static int compare(const void *x, const void *y)
{
	const struct launch_role *a = x, *b = y;

	if (a->host != b->host)
		return a->host - b->host;
	if (a->server != b->server)
		return a->server ? -1 : 1;
	return a->index - b->index;
}

/* Which of its machine each is, and what this machine has. The console shows
 * the first worker, or the first server where there are servers alone. */
static int settle(struct launch_plan *p, int count, struct fl_err *err)
{
	int local = 0;

	qsort(p->roles, (size_t)count, sizeof(*p->roles), compare);
	p->count = 0;
	p->shown = -1;
	for (int i = 0; i < count; i++) {
		struct launch_role *r = &p->roles[i];

		local = i > 0 && p->roles[i - 1].host == r->host ? local + 1
								 : 0;
		r->local = local;
		if (local == LAUNCH_MAX_TRAINERS)
			return fl_fail(err, FL_EUSAGE,
				       "more than %d processes for %s",
				       LAUNCH_MAX_TRAINERS,
				       p->hosts.list[r->host].name);
		if (r->host != p->hosts.self)
			continue;
		/* Nothing but its place on the machine tells a process from the
		 * others. */
		p->devices[p->count++] = local;
		if (p->shown < 0 && !r->server)
			p->shown = local;
	}
	if (p->shown < 0)
		p->shown = 0; /* servers alone */
	for (int h = 0; h < p->hosts.count; h++) {
		bool found = false;

		for (int i = 0; i < count; i++)
			found |= p->roles[i].host == h;
		if (!found)
			return fl_fail(
				err, FL_EUSAGE,
				"%s of --ips has neither a server nor a worker",
				p->hosts.list[h].name);
	}
	return 0;
}

/* p->roles is ordered by machine at the end, so a rank is a place in it. */
int roles_make(const struct launch_options *o, struct launch_plan *p,
	       struct fl_err *err)
{
	int hosts = p->hosts.count, count = 0, rc = 0;

	p->servers = o->servers ? count_of(o->servers) : hosts * o->server_num;
	p->workers = o->workers ? count_of(o->workers) : hosts * o->worker_num;
	p->roles =
		fl_calloc((size_t)(p->servers + p->workers), sizeof(*p->roles));
	if (o->servers) {
		rc = read_list(p, o->servers, true, p->roles, &count, err);
		if (rc == 0)
			rc = read_list(p, o->workers, false, p->roles, &count,
				       err);
	} else {
		count_out(p, true, o->server_num, p->roles, &count);
		count_out(p, false, o->worker_num, p->roles, &count);
	}
	return rc == 0 ? settle(p, count, err) : rc;
}

/* Ports that nobody chose count from the start port on each machine. Two of one
 * machine that are the same would be found by the second program only, as it
 * binds. */
int roles_ports(struct launch_plan *p, struct fl_err *err)
{
	int count = p->servers + p->workers;

	for (int i = 0; i < count; i++)
		if (p->roles[i].port == 0)
			p->roles[i].port = p->port + p->roles[i].local;
	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			if (p->roles[i].host == p->roles[k].host &&
			    p->roles[i].port == p->roles[k].port)
				return fl_fail(
					err, FL_EUSAGE,
					"port %d of %s is given to two processes",
					p->roles[i].port,
					p->hosts.list[p->roles[i].host].name);
	return 0;
}

const struct launch_role *launch_role(const struct launch_plan *p, int rank)
{
	bool known = p->roles && rank >= 0 && rank < p->servers + p->workers;

	return known ? &p->roles[rank] : NULL;
}

void launch_rank_name(const struct launch_plan *p, int rank, char *buf,
		      size_t size)
{
	const struct launch_role *r = launch_role(p, rank);

	if (r)
		snprintf(buf, size, "%s %d", r->server ? "server" : "worker",
			 r->index);
	else
		snprintf(buf, size, "rank %d", rank);
}
