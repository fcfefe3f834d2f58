/* foreign_options.c - see foreign_options.h. cmd/fleetrun.c asks before and after
 * it makes the plan. Here is what options of other launchers mean; those that
 * mean nothing are in foreign_rows.c. */
#include "launch/plan/foreign_options.h"

#include "base/cores.h"
#include "base/log.h"
#include "base/str.h"
#include "launch/plan/make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char launch_no_elastic[] =
	"there is no elastic server here: --max_restart starts a job again after a fault, "
	"--min_hosts lets it go on with fewer machines";

/* "4" or "2:4"; false: neither. */
static bool read_count(const char *text, int *least, int *most)
{
	char *end;

	*least = *most = (int)strtol(text, &end, 10);
	if (end != text && *end == ':') {
		const char *from = end + 1;

		*most = (int)strtol(from, &end, 10);
		if (end == from)
			return false;
	}
	return end != text && !*end && *least >= 1 && *most >= *least;
}

static int need_list(const char *option, const char *value, struct fl_err *err)
{
	return fl_fail(
		err, FL_EUSAGE,
		"option '--%s %s' is for a meeting place that deals out "
		"ranks; fleetrun needs none: list the machines, first the one of rank 0, with the "
		"same line on each: --ips A,B",
		option, value);
}

static int settle_nnodes(struct launch_options *o, struct fl_err *err)
{
	int least = 1, most = 1;

	if (!o->nnodes)
		return 0;
	if (!read_count(o->nnodes, &least, &most))
		return fl_fail(
			err, FL_EUSAGE,
			"option '--nnodes' is '%s', and must be a number of machines, or 2:4",
			o->nnodes);
	if (most > 1 && !o->ips && !o->servers)
		return need_list("nnodes", o->nnodes, err);
	if (least < most && !o->min_hosts)
		o->min_hosts = least;
	return 0;
}

/* "HOST" or "HOST:PORT": is it this machine? */
static bool is_here(const char *place)
{
	const char *port;
	char host[256];

	hosts_read_endpoint(place, host, sizeof(host), &port);
	return hosts_is_own(host);
}

/* --- how many trainers --- */

/* One of several options that say how many each machine has; they must agree.
 * first: the option that was looked at before. */
static int settle_count(struct launch_options *o, const char *option, int n,
			const char **first, struct fl_err *err)
{
	if (n < 1 || n > LAUNCH_MAX_TRAINERS)
		return fl_fail(err, FL_EUSAGE,
			       "option '%s' asks for %d trainers on a machine, "
			       "but they must be within 1 and %d",
			       option, n, LAUNCH_MAX_TRAINERS);
	if (*first && n != o->nproc_per_node)
		return fl_fail(
			err, FL_EUSAGE,
			"'%s' asks for %d trainers on each machine, '%s' "
			"for %d; give one of the two",
			*first, o->nproc_per_node, option, n);
	o->nproc_per_node = n;
	*first = option;
	return 0;
}

/* torchrun's words: one a GPU, one a core, or whichever of them there is. */
static int settle_nproc(struct launch_options *o, const char **first,
			struct fl_err *err)
{
	static const char option[] = "--nproc_per_node";
	int gpus = launch_gpus("/dev", getenv("CUDA_VISIBLE_DEVICES"));
	char *end;
	long n;

	if (strcmp(o->nproc, "cpu") == 0 ||
	    (strcmp(o->nproc, "auto") == 0 && gpus == 0))
		return settle_count(o, option, fl_cores(), first, err);
	if (strcmp(o->nproc, "gpu") == 0 && gpus == 0)
		return fl_fail(err, FL_EUSAGE,
			       "option '%s' is gpu, but there is no GPU here; "
			       "write how many trainers, or cpu for one a core",
			       option);
	if (strcmp(o->nproc, "gpu") == 0 || strcmp(o->nproc, "auto") == 0)
		return settle_count(o, option, gpus, first, err);
	n = strtol(o->nproc, &end, 10);
	if (end == o->nproc || *end)
		return fl_fail(err, FL_EUSAGE,
			       "option '%s' needs a whole number, auto, gpu or "
			       "cpu, not '%s'",
			       option, o->nproc);
	if (n < 1 || n > LAUNCH_MAX_TRAINERS)
		return fl_fail(err, FL_EUSAGE,
			       "option '%s' is %s, but must be within 1 and %d",
			       option, o->nproc, LAUNCH_MAX_TRAINERS);
	return settle_count(o, option, (int)n, first, err);
}

/* "A:2,B:2" of mpirun and horovodrun: machines, and trainers of each. */
static int settle_machines(struct launch_options *o, const char **first,
			   struct fl_err *err)
{
	static const char option[] = "-H";
	int rc = 0;

	if (o->ips || o->servers)
		return fl_fail(err, FL_EUSAGE,
			       "option '%s' lists the machines, and so does "
			       "'--%s'; give one of the two",
			       option, o->ips ? "ips" : "servers");
	for (const char *at = o->machines; *at && rc == 0;) {
		const char *slots, *before = *first;
		char host[256], *end;
		size_t n = hosts_read_endpoint(at, host, sizeof(host), &slots);
		long count = slots ? strtol(slots, &end, 10) : 0;

		if (slots && (end != at + n || count < 1))
			return fl_fail(err, FL_EUSAGE,
				       "'%.*s' of option '%s' is no machine "
				       "with its number of trainers, A:2",
				       (int)n, at, option);
		fl_str_addf(&o->machine_ips, "%s%s",
			    o->machine_ips.len ? "," : "", host);
		if (slots)
			rc = settle_count(o, option,
					  count > LAUNCH_MAX_TRAINERS
						  ? LAUNCH_MAX_TRAINERS + 1
						  : (int)count,
					  first, err);
		if (rc != 0 && before && strcmp(before, option) == 0)
			return fl_fail(
				err, FL_EUSAGE,
				"'%s %s' gives machines different numbers of trainers: "
				"list them alone, and type --nproc_per_node on each",
				option, o->machines);
		at += n + (at[n] == ',');
	}
	o->ips = fl_str_get(&o->machine_ips);
	return rc;
}

/* mpirun's and srun's count of all, which is shared out evenly. */
static int settle_total(struct launch_options *o, const char **first,
			struct fl_err *err)
{
	int machines = 1;

	for (const char *c = o->ips; c && *c; c++)
		machines += *c == ',';
	if (o->total % machines != 0)
		return fl_fail(err, FL_EUSAGE,
			       "option '-n' is %d, which %d machines cannot "
			       "share evenly; type --nproc_per_node on each",
			       o->total, machines);
	return settle_count(o, "-n", o->total / machines, first, err);
}

static int settle_counts(struct launch_options *o, struct fl_err *err)
{
	const char *first = NULL;
	int rc = 0;

	if (!o->machines && o->host && strchr(o->host, ',')) {
		o->machines = o->host; /* mpirun's --host is its -H */
		o->host = NULL;
	}
	if (o->nproc)
		rc = settle_nproc(o, &first, err);
	if (rc == 0 && o->machines)
		rc = settle_machines(o, &first, err);
	if (rc == 0 && o->total)
		rc = settle_total(o, &first, err);
	return rc;
}

/* --- the rest --- */

/* "join_timeout=900,read_timeout=60": the first is ours too. */
static int settle_rdzv_conf(struct launch_options *o, struct fl_err *err)
{
	const char *p = o->rdzv_conf ? o->rdzv_conf : "", *end = p;
	static const char key[] = "join_timeout=";
	double given = -1;

	for (; *p; p = end + (*end == ',')) {
		char *rest;

		end = p + strcspn(p, ",");
		if (!fl_starts_with(p, key))
			continue;
		given = strtod(p + strlen(key), &rest);
		if (rest != end || !(given >= 0))
			return fl_fail(
				err, FL_EUSAGE,
				"option '--rdzv_conf' has '%.*s', and join_timeout is a number of seconds",
				(int)(end - p), p);
	}
	if (o->join_timeout < 0)
		o->join_timeout = given >= 0 ? given : LAUNCH_JOIN_S;
	return 0;
}

/* mpirun's -x; before the plan, which looks at variables itself. */
static int export_variables(const struct option_list *list, struct fl_err *err)
{
	for (int i = 0; i < list->count; i++) {
		const char *item = list->items[i];
		size_t n = strcspn(item, "=");
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)n, item);
		if (n == 0 || n >= sizeof(name))
			return fl_fail(err, FL_EUSAGE,
				       "option '-x' needs NAME or NAME=VALUE, "
				       "not '%s'",
				       item);
		if (item[n] == '=')
			setenv(name, item + n + 1, 1);
		else if (!getenv(name))
			fl_warn("option '-x %s': there is no such variable here",
				name);
	}
	return 0;
}

int foreign_options_settle(struct launch_options *o, struct fl_err *err)
{
	int rc = export_variables(&o->export, err);
	bool listed;

	if (rc == 0)
		rc = settle_counts(o, err);
	if (rc == 0)
		rc = settle_nnodes(o, err);
	if (rc == 0)
		rc = settle_rdzv_conf(o, err);
	if (rc != 0)
		return rc;
	listed = o->ips || o->servers;
	if (listed && o->standalone)
		return fl_fail(
			err, FL_EUSAGE,
			"'--standalone' is a job of this machine alone, "
			"but machines are listed; leave one of the two out");
	if (!listed && o->master)
		return need_list("master", o->master, err);
	if (!listed && o->meeting && !is_here(o->meeting))
		return need_list("master_addr or --rdzv_endpoint", o->meeting,
				 err);
	if (!listed && o->node_rank > 0)
		return fl_fail(
			err, FL_EUSAGE,
			"option '--rank' or '--node_rank' is %d, but without "
			"--ips there is one machine; list all: --ips A,B",
			o->node_rank);
	if (o->elastic_level >= 0)
		return fl_fail(err, FL_EUSAGE, "%s", launch_no_elastic);
	if (o->backend && strcmp(o->backend, "auto") != 0 &&
	    strcmp(o->backend, "gloo") != 0 && strcmp(o->backend, "nccl") != 0)
		return fl_fail(
			err, FL_EUSAGE,
			"option '--backend' takes auto, gloo or nccl, not '%s'",
			o->backend);
	return 0;
}

int foreign_options_check(const struct launch_options *o,
			  const struct launch_plan *p, struct fl_err *err)
{
	int least = 1, most = 1;

	if (o->nnodes && read_count(o->nnodes, &least, &most) &&
	    most != p->hosts.count)
		return fl_fail(
			err, FL_EUSAGE,
			"--nnodes says %d machine%s, --ips names %d: mend one of the two",
			most, most == 1 ? "" : "s", p->hosts.count);
	if (o->node_rank >= 0 && o->node_rank != p->hosts.self)
		return fl_fail(
			err, FL_EUSAGE,
			"--rank or --node_rank says %d, but this machine, %s, is number %d of --ips: leave the option "
			"out, the place in the list counts",
			o->node_rank, hosts_own(&p->hosts), p->hosts.self);
	if (o->master_port && !p->alone)
		return fl_fail(
			err, FL_EUSAGE,
			"--master_port is for one machine; of several MASTER_PORT is the start port and the "
			"largest count of trainers: --start_port");
	return 0;
}

void foreign_options_tell(const struct option_table *table,
			  const struct launch_options *o)
{
	option_say_passed(table, &o->passed);
	if (o->master && o->ips)
		fl_info("option '--master' is accepted and has no effect: "
			"machines meet at the first of --ips");
	if (o->backend && strcmp(o->backend, "nccl") == 0)
		fl_info("option '--backend nccl' is accepted and has no effect: "
			"there are no GPUs yet");
	if (o->rdzv_conf)
		fl_info("of option '--rdzv_conf' only join_timeout counts, "
			"which is --join_timeout");
	if (o->machines && o->machine_ips.len && strchr(o->ips, ','))
		fl_info("option '-H' is --ips %s: nothing is started there from "
			"here, the same line is typed on each",
			o->ips);
}

void foreign_options_release(struct launch_options *o)
{
	option_list_release(&o->passed);
	option_list_release(&o->export);
	fl_str_release(&o->machine_ips);
}
