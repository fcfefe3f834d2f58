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

static const char no_elastic[] =
	"there is no elastic server here: --max_restart starts a job again after a fault, "
	"--min_hosts lets it go on with fewer machines";
static const char no_cards[] =
	"flotilla knows no XPU, NPU, MLU or IPU: --gpus or --nproc_per_node";
static const char no_tuner[] =
	"every trainer has the whole model; nothing is tuned or divided";
static const char no_heter[] =
	"there are servers and workers, --server_num and --worker_num, and no further roles";
static const char own_logs[] =
	"each trainer's lines are in workerlog.N of --log_dir";
static const char own_watch[] =
	"agents watch their trainers all the time: --stall, --peer_timeout";
static const char own_meeting[] = "machines meet by --ips";

#define PASS(name, kind, why)                      \
	{                                          \
		name, 1, OPTION_##kind, false, why \
	}
#define REFUSE(name, kind, why)                   \
	{                                         \
		name, 1, OPTION_##kind, true, why \
	}

const struct option_foreign foreign_options[] = {
	PASS("log_level", TEXT, "fleetrun always says the same"),
	PASS("log_overwrite", TEXT, own_logs),
	PASS("enable_gpu_log", TEXT, own_logs),
	PASS("redirects", TEXT, own_logs),
	PASS("tee", TEXT, own_logs),
	PASS("local_ranks_filter", TEXT, own_logs),
	PASS("print_config", TEXT, "--dry_run prints who would be started how"),
	PASS("sort_ip", TEXT, "the order of --ips counts"),
	PASS("cluster_topo_path", TEXT, "the order of --ips counts"),
	PASS("rank_mapping_path", TEXT, "the order of --ips counts"),
	PASS("enable_auto_mapping", FLAG, "the order of --ips counts"),
	PASS("elastic_timeout", TEXT, own_watch),
	PASS("monitor_interval", TEXT, own_watch),
	PASS("rdzv_backend", TEXT, own_meeting),
	PASS("rdzv_conf", TEXT, own_meeting),
	PASS("standalone", FLAG, own_meeting),
	PASS("use_paddlecloud", FLAG, own_meeting),
	PASS("http_port", TEXT, own_meeting),
	PASS("gloo_port", TEXT, own_meeting),
	PASS("with_gloo", TEXT, own_meeting),
	PASS("start_method", TEXT, "programs are always started anew"),
	PASS("no_python", FLAG,
	     "a program that is no .py file is started as it is"),
	PASS("role", TEXT, "all trainers have the same part"),
	PASS("legacy", TEXT, "there is one launcher"),
	REFUSE("xpus", TEXT, no_cards),
	REFUSE("npus", TEXT, no_cards),
	REFUSE("mlus", TEXT, no_cards),
	REFUSE("ipus", TEXT, no_cards),
	REFUSE("selected_xpus", TEXT, no_cards),
	REFUSE("selected_npus", TEXT, no_cards),
	REFUSE("selected_mlus", TEXT, no_cards),
	REFUSE("selected_ipus", TEXT, no_cards),
	REFUSE("elastic_server", TEXT, no_elastic),
	REFUSE("elastic_pre_hook", TEXT, no_elastic),
	REFUSE("np", TEXT,
	       "trainers of a machine are --nproc_per_node, machines of a job --ips"),
	REFUSE("scale", TEXT, no_elastic),
	REFUSE("force", TEXT, no_elastic),
	REFUSE("coordinators", TEXT, no_heter),
	REFUSE("coordinator_num", TEXT, no_heter),
	REFUSE("heter_workers", TEXT, no_heter),
	REFUSE("heter_worker_num", TEXT, no_heter),
	REFUSE("heter_devices", TEXT, no_heter),
	REFUSE("auto_parallel_config", TEXT, no_tuner),
	REFUSE("auto_tuner_json", TEXT, no_tuner),
	REFUSE("auto_cluster_config", TEXT, no_tuner),
	REFUSE("module", TEXT, "write it out: fleetrun python3 -m MODULE"),
	REFUSE("hostfile", TEXT,
	       "list the machines on each machine's line: --ips A,B"),
	{ .name = NULL },
};

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
	if (o->elastic_level >= 0)
		return fl_fail(err, FL_EUSAGE, "%s", no_elastic);
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
}
