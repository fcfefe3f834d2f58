/* foreign_options.c - see foreign_options.h. cmd/fleetrun.c asks before and after
 * it makes the plan. Options and their meaning: Paddle's
 * distributed/launch/context/args_envs.py of 2.3 to 3.x and its older
 * fleet/launch.py; torch/distributed/run.py of 2.x. */
#include "launch/plan/foreign_options.h"

#include "base/log.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	char host[256];

	snprintf(host, sizeof(host), "%s", place);
	if (strchr(host, ':') && strchr(host, ':') == strrchr(host, ':'))
		*strchr(host, ':') = '\0';
	return hosts_is_own(host);
}

int foreign_options_settle(struct launch_options *o, struct fl_err *err)
{
	bool listed = o->ips || o->servers;
	int rc = settle_nnodes(o, err);

	if (rc != 0)
		return rc;
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
	if (o->elastic_level >= 0 || o->elastic_server)
		return fl_fail(
			err, FL_EUSAGE,
			"there is no elastic server here: --max_restart starts a job again after a fault, "
			"--min_hosts lets it go on with fewer machines");
	if (o->other_cards)
		return fl_fail(
			err, FL_EUSAGE,
			"flotilla knows no XPU, NPU, MLU or IPU (asked for '%s'): --gpus or --nproc_per_node",
			o->other_cards);
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

void foreign_options_tell(const struct launch_options *o)
{
	const struct {
		const char *name;
		bool given;
	} all[] = {
		{ "--master", o->master && o->ips },
		{ "--log_level", o->log_level != NULL },
		{ "--backend nccl",
		  o->backend && strcmp(o->backend, "nccl") == 0 },
		{ "an option of logs, sorting or Paddle's helpers",
		  o->no_meaning != NULL },
		{ "a flag of another launcher", o->no_flag },
	};
	struct fl_str s = FL_STR_INIT;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].given)
			fl_str_addf(&s, "%s%s", s.len ? ", " : "", all[i].name);
	if (s.len)
		fl_info("taken, but without a meaning here: %s",
			fl_str_get(&s));
	fl_str_release(&s);
}
