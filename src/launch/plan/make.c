/* make.c - options, surroundings and a program become a plan: which machines,
 * how many programs, threads and ports.
 *
 * cmd/fleetrun.c calls launch_make_plan() before anything is started or written.
 * Whatever can be wrong with a command line is said here, while nothing has
 * happened yet. Ports of a job on one machine lie below 32768, from where on the
 * system deals them out by itself.
 */
#include "launch/plan/make.h"

#include "base/arena.h"
#include "base/cores.h"
#include "base/cross_memory.h"
#include "base/file.h"
#include "base/str.h"
#include "base/variable.h"
#include "launch/plan/port.h"
#include "launch/plan/roles.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many there are, or a negative code. 1023: far beyond any card's number,
 * it keeps a mistyped one from being believed. */
static int parse_devices(const char *text, int *out, struct fl_err *err)
{
	int count = 0;
	const char *p = text;

	while (*p) {
		char *end;
		long v = isdigit((unsigned char)*p) ? strtol(p, &end, 10) : -1;

		if (v < 0 || v > 1023 || (*end && *end != ',') ||
		    (*end == ',' && !end[1]))
			return fl_fail(
				err, FL_EUSAGE,
				"'%s' is not a list of device numbers like 0,1,2",
				text);
		for (int i = 0; i < count; i++)
			if (out[i] == (int)v)
				return fl_fail(
					err, FL_EUSAGE,
					"device %ld is named twice in '%s'", v,
					text);
		if (count == LAUNCH_MAX_TRAINERS)
			return fl_fail(err, FL_EUSAGE,
				       "more than %d devices in '%s'",
				       LAUNCH_MAX_TRAINERS, text);
		out[count++] = (int)v;
		p = *end ? end + 1 : end;
	}
	if (count == 0)
		return fl_fail(
			err, FL_EUSAGE,
			"the list of devices is empty; write 0,1 for two");
	return count;
}

/* One machine may be named by any of its addresses; none given is
 * 127.0.0.1. */
static int choose_hosts(const struct launch_options *o, const char *ips,
			struct launch_plan *p, struct fl_err *err)
{
	bool several = strchr(ips, ',') != NULL;
	const char *one = o->host ? o->host : *ips ? ips : "127.0.0.1";
	struct fl_str own = FL_STR_INIT;
	int rc;

	p->alone = !several;
	if (several)
		return hosts_open(&p->hosts, ips, o->host, err);
	if (hosts_is_own(one))
		return hosts_open(&p->hosts, one, NULL, err);
	hosts_own_addresses(&own);
	rc = fl_fail(err, FL_EUSAGE,
		     "'%s' is not an address of this machine; it has %s", one,
		     fl_str_get(&own));
	fl_str_release(&own);
	return rc;
}

int launch_gpus(const char *folder, const char *visible)
{
	int n = -1, listed;
	char path[PATH_MAX];

	do
		snprintf(path, sizeof(path), "%s/nvidia%d", folder, ++n);
	while (fl_exists(path));
	if (!visible)
		return n;
	listed = *visible && *visible != '-';
	for (const char *c = visible; *c && listed; c++)
		listed += *c == ',';
	return listed < n ? listed : n;
}

bool launch_has_gpu(void)
{
	return launch_gpus("/dev", NULL) > 0;
}

static int choose_devices(const struct launch_options *o, struct launch_plan *p,
			  struct fl_err *err)
{
	int n = 1;

	p->has_gpu = launch_has_gpu();
	p->devices[0] = 0;
	if (o->devices) {
		n = parse_devices(o->devices, p->devices, err);
		if (n < 0)
			return n;
		if (o->nproc_per_node && o->nproc_per_node != n)
			return fl_fail(
				err, FL_EUSAGE,
				"--nproc_per_node is %d, but %d devices are named; give one of the two",
				o->nproc_per_node, n);
	} else if (o->nproc_per_node) {
		n = o->nproc_per_node;
		for (int i = 0; i < n; i++)
			p->devices[i] = i;
	}
	p->count = n;
	return 0;
}

/* Cores are shared out by number of threads, not by pinning: loader threads
 * and a busy neighbour would suffer on a fixed core, and the scheduler of the
 * system does better than a guess. */
static int choose_threads(struct launch_plan *p, struct fl_err *err)
{
	int cores = fl_cores(), rc = fl_variable_threads(&p->threads, err);

	if (p->threads == 0)
		p->threads = cores > p->count ? cores / p->count : 1;
	return rc;
}

/* One machine without a wish: ports that nobody has now, for each program and
 * one more, below those that the system deals out by itself. */
static int find_ports(int count)
{
	/* Jobs that start in the same moment begin to look at different
	 * places. */
	int first = 20000 + (int)(getpid() % 12000), port = first, good = 0;

	/* They have to lie side by side: behind one that is taken the search
	 * begins anew. */
	for (int tries = 0; tries < 4096 && good < count; tries++) {
		good = port_is_free(port + good) ? good + 1 : 0;
		if (good == 0)
			port = port < 32000 ? port + count + 1 : 20000;
	}
	return port;
}

/* Ports that the user chose, or that all machines must agree on, are fixed: then
 * MPI's are too, so that a firewall can be told of them. Alone and without a wish,
 * any will do. */
static int choose_ports(const struct launch_options *o, struct launch_plan *p,
			struct fl_err *err)
{
	int start = o->start_port, rc = 0, last;

	/* Paddle's own variable, for scripts that set it. */
	if (!start)
		rc = fl_variable_int("FLAGS_START_PORT", 1024, 65000, &start,
				     err);
	if (rc != 0)
		return rc;
	p->fixed_ports = start != 0 || !p->alone;
	p->port = start		   ? start
		  : p->fixed_ports ? 6070
				   : find_ports(p->count + 1);
	p->agent_port = o->agent_port ? o->agent_port : p->port - 1;
	if (!p->fixed_ports)
		return 0;
	p->mpi_ports = o->mpi_ports ? o->mpi_ports : p->port + 1000;
	/* Four a trainer: environ.c says why. */
	last = p->mpi_ports + 4 * p->count - 1;
	if (last > 65535)
		return fl_fail(
			err, FL_EUSAGE,
			"MPI would need the ports %d to %d, the last one is 65535; "
			"choose a smaller --start_port or --mpi_ports",
			p->mpi_ports, last);
	return 0;
}

/* More machines than there are: a slip that would show only after a loss. */
static int check_min_hosts(const struct launch_options *o,
			   const struct launch_plan *p, struct fl_err *err)
{
	if (o->min_hosts <= p->hosts.count)
		return 0;
	return fl_fail(err, FL_EUSAGE,
		       "--min_hosts is %d, but --ips names %d machine%s",
		       o->min_hosts, p->hosts.count,
		       p->hosts.count == 1 ? "" : "s");
}

/* What must be the same on every machine, as one text. Device numbers and the
 * places of logs may differ, and the token is told to nobody. */
static void make_line(const struct launch_options *o, int argc, char **argv,
		      struct launch_plan *p)
{
	struct fl_str s = FL_STR_INIT;

	fl_str_addf(&s, "--ips %s --start_port %d", p->hosts.ips, p->port);
	if (o->max_restart >= 0)
		fl_str_addf(&s, " --max_restart %d", o->max_restart);
	if (o->min_hosts)
		fl_str_addf(&s, " --min_hosts %d", o->min_hosts);
	if (o->servers)
		fl_str_addf(&s, " --servers %s --workers %s", o->servers,
			    o->workers);
	else if (p->roles)
		fl_str_addf(&s, " --server_num %d --worker_num %d",
			    o->server_num, o->worker_num);
	if (o->preflight)
		fl_str_add(&s, " --preflight");
	if (o->module)
		fl_str_add(&s, " -m");
	for (int i = 0; i < argc; i++)
		fl_str_addf(&s, " %s", argv[i]);
	p->line = fl_strdup(fl_str_get(&s));
	fl_str_release(&s);
}

/* The machines, and how many programs this one starts. */
static int choose_members(const struct launch_options *o, bool ps,
			  struct launch_plan *p, struct fl_err *err)
{
	struct fl_str ips = FL_STR_INIT;
	int rc;

	if (o->ips)
		fl_str_add(&ips, o->ips);
	else if (ps)
		roles_hosts(o, &ips);
	rc = choose_hosts(o, fl_str_get(&ips), p, err);
	fl_str_release(&ips);
	if (rc == 0)
		rc = check_min_hosts(o, p, err);
	if (rc == 0)
		rc = choose_devices(o, p, err);
	return rc == 0 && ps ? roles_make(o, p, err) : rc;
}

/* The variable keeps the word out of lists of processes. */
static const char *token_of(const struct launch_options *o)
{
	const char *token = o->token ? o->token : getenv("FLOTILLA_TOKEN");

	return token ? token : "";
}

/* Each step needs what the ones before it found: roles need machines, ports the
 * count of programs, the line all of them. */
int launch_make_plan(const struct launch_options *o, int argc, char **argv,
		     struct launch_plan *p, struct fl_err *err)
{
	char self[PATH_MAX] = "";
	bool ps = false;
	int rc;

	memset(p, 0, sizeof(*p));
	fl_program_path(self, sizeof(self));
	p->preflight = o->preflight;
	p->module = o->module;
	p->token = token_of(o);
	p->job_id = o->job_id;
	p->master_port = o->master_port;
	rc = roles_wanted(o, &ps, err);
	if (rc == 0)
		rc = choose_members(o, ps, p, err);
	if (rc == 0)
		rc = choose_ports(o, p, err);
	if (rc == 0 && ps)
		rc = roles_ports(p, err);
	if (rc == 0) /* from here on the others can be told of a failure */
		make_line(o, argc, argv, p);
	if (rc == 0)
		rc = launch_choose_program(self, argc, argv, p, err);
	p->max_restart = o->max_restart >= 0 ? o->max_restart
			 : p->trains	     ? LAUNCH_RESTARTS
					     : 0;
	p->cross_memory = fl_cross_memory();
	return rc == 0 ? choose_threads(p, err) : rc;
}

void launch_release_plan(struct launch_plan *p)
{
	hosts_release(&p->hosts);
	free(p->argv);
	free(p->roles);
	free(p->line);
	p->argv = NULL;
	p->roles = NULL;
	p->line = NULL;
}
