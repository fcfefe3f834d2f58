/* fleetrun.c - main of the launcher: fleetrun [options] PROGRAM ARGS...
 * It parses the command line into struct launch_options, shows pages and lists
 * that need no job, and hands over to launch_run(). The options are those of
 * paddle.distributed.launch and torchrun where they mean the same, for commands
 * are copied from there. */
#include "agent/lines.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/inherited.h"
#include "base/log.h"
#include "base/version.h"
#include "text/option_pages.h"
#include "launch/fleet/fleet.h"
#include "launch/fleet/frames.h"
#include "launch/fleet/refuse.h"
#include "launch/job/dry_run.h"
#include "launch/link/pmix_server.h"
#include "launch/plan/binding.h"
#include "launch/plan/foreign_options.h"
#include "launch/plan/make.h"
#include "launch/job/place.h"
#include "launch/measure/room.h"
#include "text/json.h"
#include "text/yaml.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define O(field) offsetof(struct launch_options, field)

/* A row without help is another program's spelling of an earlier row, or an
 * option that is known and means nothing here (no_meaning, no_flag): its value
 * has to be passed over, or it would be taken for PROGRAM. foreign_options.c
 * says what becomes of each. */
static const struct option_row rows[] = {
	{ "nproc_per_node", 0, OPTION_TEXT, O(nproc), .arg = "N",
	  .help = "trainers on this machine; auto, gpu, cpu: one a GPU, or a core" },
	{ "selected_gpu", 0, OPTION_TEXT, O(devices), .arg = "0,1",
	  .help = "one trainer for each device" },
	{ "selected_gpus", 0, OPTION_TEXT, O(devices), .arg = "0,1" },
	{ "gpus", 0, OPTION_TEXT, O(devices), .arg = "0,1" },
	{ "devices", 0, OPTION_TEXT, O(devices), .arg = "0,1" },
	{ "ips", 0, OPTION_TEXT, O(ips), .arg = "A,B,..",
	  .help = "all machines; the same line is typed on each" },
	{ "host", 0, OPTION_TEXT, O(host), .arg = "ADDRESS",
	  .help = "which of them this is, instead of looking at the interfaces" },
	{ "run_mode", 0, OPTION_WORD, O(run_mode), .arg = "collective|ps",
	  .help = "parameter servers and workers, counted or listed:" },
	{ "server_num", 0, OPTION_INT, O(server_num), 1, LAUNCH_MAX_TRAINERS,
	  "N", "servers on each machine" },
	{ "worker_num", 0, OPTION_INT, O(worker_num), 1, LAUNCH_MAX_TRAINERS,
	  "N", "workers on each machine" },
	{ "trainer_num", 0, OPTION_INT, O(worker_num), 1, LAUNCH_MAX_TRAINERS,
	  .arg = "N" },
	{ "servers", 0, OPTION_TEXT, O(servers), .arg = "HOST:PORT,..",
	  .help = "all servers of all machines" },
	{ "workers", 0, OPTION_TEXT, O(workers), .arg = "HOST:PORT,..",
	  .help = "all workers of all machines" },
	{ "trainers", 0, OPTION_TEXT, O(workers), .arg = "HOST:PORT,.." },
	{ "start_port", 0, OPTION_INT, O(start_port), 1024, 65000, "PORT",
	  "first port told to programs (default 6070 or FLAGS_START_PORT)" },
	{ "agent_port", 0, OPTION_INT, O(agent_port), 1024, 65535, "PORT",
	  "where agents meet (default start_port - 1)" },
	{ "mpi_ports", 0, OPTION_INT, O(mpi_ports), 1024, 65000, "PORT",
	  "first of MPI's, 4 a trainer (default start_port + 1000)" },
	{ "token", 0, OPTION_TEXT, O(token), .arg = "WORD",
	  .help = "only agents that know it may join (or FLOTILLA_TOKEN)" },
	{ "join_timeout", 0, OPTION_REAL, O(join_timeout), 0, 604800, "S",
	  "for all machines to come (default 600)" },
	{ "max_restart", 0, OPTION_INT, O(max_restart), 0, 1000, "N",
	  "restarts after a fault (default 3 where checkpoints are known)" },
	{ "rejoin_timeout", 0, OPTION_REAL, O(rejoin_timeout), 0, 604800, "S",
	  "for a lost machine to return (default 120)" },
	{ "min_hosts", 0, OPTION_INT, O(min_hosts), 1, HOSTS_MAX, "N",
	  "go on without lost machines while so many are left" },
	{ "peer_timeout", 0, OPTION_REAL, O(peer_timeout), 1, 86400, "S",
	  "a machine silent for so long is lost (default 10)" },
	{ "stall", 0, OPTION_REAL, O(stall), 0, 86400, "S",
	  "name who is waited for when nothing moves (default 60, 0: never)" },
	{ "stall_policy", 0, OPTION_WORD, O(stall_policy),
	  .arg = "wait|restart|abort",
	  .help = "then wait (default), restart, or abort with status 8" },
	{ "ledger", 0, OPTION_INT, O(ledger), 0, 1000000, "N",
	  "look every N steps who holds up the others (default 100, 0: never)" },
	{ "log_dir", 0, OPTION_TEXT, O(log_dir), .arg = "DIR",
	  .help = "workerlog.<rank> and fault.json go there (default log)" },
	{ "follow", 0, OPTION_WORD, O(follow), .arg = "all",
	  .help = "show every rank of every machine, as host:rank|" },
	{ "stop_timeout", 0, OPTION_REAL, O(stop_timeout), 0, 86400, "S",
	  "time for a last checkpoint after Ctrl-C, SIGTERM or SIGHUP (default 60)" },
	/* of other launchers: foreign_options.h */
	{ "ntasks", 'n', OPTION_INT, O(total), 1, INT_MAX, "N",
	  "trainers of all machines, as mpirun and srun count them (-np N)" },
	{ "machines", 'H', OPTION_TEXT, O(machines), .arg = "A:2,B:2",
	  .help = "mpirun's list: --ips A,B with trainers of each" },
	{ "x", 'x', OPTION_EACH, O(export), .arg = "NAME=VALUE",
	  .help = "a variable for the trainers" },
	{ "module", 'm', OPTION_FLAG, O(module),
	  .help = "PROGRAM is a module of Python: python3 -m" },
	{ "np", 0, OPTION_INT, O(total), 1, INT_MAX, .arg = "N" },
	{ "num_proc", 0, OPTION_INT, O(total), 1, INT_MAX, .arg = "N" },
	{ "num_processes", 0, OPTION_INT, O(total), 1, INT_MAX, .arg = "N" },
	{ "hosts", 0, OPTION_TEXT, O(machines), .arg = "A:2,B:2" },
	{ "ntasks_per_node", 0, OPTION_TEXT, O(nproc), .arg = "N" },
	{ "npernode", 0, OPTION_TEXT, O(nproc), .arg = "N" },
	{ "ppn", 0, OPTION_TEXT, O(nproc), .arg = "N" },
	{ "perhost", 0, OPTION_TEXT, O(nproc), .arg = "N" },
	{ "num_gpus", 0, OPTION_TEXT, O(nproc), .arg = "N" },
	{ "nodes", 0, OPTION_TEXT, O(nnodes), .arg = "N" },
	{ "num_nodes", 0, OPTION_TEXT, O(nnodes), .arg = "N" },
	{ "num_machines", 0, OPTION_TEXT, O(nnodes), .arg = "N" },
	{ "machine_rank", 0, OPTION_INT, O(node_rank), -1, HOSTS_MAX,
	  .arg = "N" },
	{ "main_process_ip", 0, OPTION_TEXT, O(meeting), .arg = "HOST" },
	{ "main_process_port", 0, OPTION_INT, O(master_port), 1, 65535,
	  .arg = "PORT" },
	{ "standalone", 0, OPTION_FLAG, O(standalone), .arg = NULL },
	{ "rdzv_conf", 0, OPTION_TEXT, O(rdzv_conf), .arg = "K=V,.." },
	{ "nnodes", 0, OPTION_TEXT, O(nnodes), .arg = "N",
	  .help = "how many --ips names; N:M allows fewer, as --min_hosts" },
	{ "job_id", 0, OPTION_TEXT, O(job_id), .arg = "WORD",
	  .help = "name of the job that programs are told (TORCHELASTIC_RUN_ID)" },
	{ "rdzv_id", 0, OPTION_TEXT, O(job_id), .arg = "WORD" },
	{ "master_port", 0, OPTION_INT, O(master_port), 1, 65535, "PORT",
	  "MASTER_PORT of a job on one machine" },
	{ "master", 0, OPTION_TEXT, O(master), .arg = "HOST:PORT" },
	{ "master_addr", 0, OPTION_TEXT, O(meeting), .arg = "HOST" },
	{ "rdzv_endpoint", 0, OPTION_TEXT, O(meeting), .arg = "HOST:PORT" },
	{ "rank", 0, OPTION_INT, O(node_rank), -1, HOSTS_MAX, .arg = "N" },
	{ "node_rank", 0, OPTION_INT, O(node_rank), -1, HOSTS_MAX, .arg = "N" },
	{ "max_restarts", 0, OPTION_INT, O(max_restart), 0, 1000, .arg = "N" },
	{ "local_addr", 0, OPTION_TEXT, O(host), .arg = "ADDRESS" },
	{ "backend", 0, OPTION_TEXT, O(backend), .arg = "WORD" },
	{ "cluster_node_ips", 0, OPTION_TEXT, O(ips), .arg = "A,B,.." },
	{ "node_ip", 0, OPTION_TEXT, O(host), .arg = "ADDRESS" },
	{ "started_port", 0, OPTION_INT, O(start_port), 1024, 65000,
	  .arg = "PORT" },
	{ "elastic_level", 0, OPTION_INT, O(elastic_level), -1, 9, .arg = "N" },
	/* These start no job, or only look. */
	{ "preflight", 0, OPTION_FLAG, O(preflight),
	  .help = "measure links and machines, forecast the step, and end" },
	{ "dry_run", 0, OPTION_FLAG, O(dry_run),
	  .help = "print who would be started how, and start nobody" },
	{ "frames", 0, OPTION_FLAG, O(frames),
	  .help = "print what agents and trainers tell each other" },
	{ "version", 0, OPTION_FLAG, O(version),
	  .help = "print what this build is made of, and start nobody" },
};

static const struct option_table table = {
	.program = "fleetrun",
	.usage = "[options] PROGRAM ARGS...",
	.about =
		"Starts one trainer per device, watches them, names the first "
		"fault and ends the rest.\nPROGRAM: 'flotilla train', a Paddle "
		"or PyTorch script, or any program of Open MPI,\nMPICH or Intel "
		"MPI (without published names, MPI_Comm_spawn, connect and "
		"accept, sessions).\nOf programs that are not flotilla's, --stall "
		"sees only that a process is stopped.",
	.example =
		"  fleetrun --selected_gpu 0,1 flotilla train -c "
		"configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml --eval\n"
		"  fleetrun --ips=10.0.0.1,10.0.0.2 --selected_gpu 0,1 tools/train.py "
		"-c my.yml --eval",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.stop_at_word = true,
	.one_dash = true,
	.foreign = foreign_options,
	.foreign_programs = 1,
	.foreign_of = "other launchers",
	.passed = O(passed),
};

static const struct option_program program = {
	.name = "fleetrun",
	.help = "start one trainer per device and watch over them",
	.table = &table,
	.see = "flotilla",
};

/* With the log folder for itself: a second job in it gets one below. What is
 * odd about this machine is said before, so that it is read even where the
 * start fails. Room for processes is looked at before the folder is taken:
 * nothing is left behind then. */
static int run_job(struct launch_options *o, const struct launch_plan *plan,
		   struct fl_err *err)
{
	struct place place;
	int rc;

	fl_info("%s", plan->note);
	if (!plan->has_gpu && o->devices)
		fl_info("no GPU here: device numbers count trainers on the CPU");
	binding_say(plan);
	if (!plan->cross_memory)
		fl_info("process_vm_readv is forbidden here (a container's "
			"filter): messages between trainers are copied twice");
	rc = room_for_processes(plan, err);
	if (rc == 0)
		rc = place_open(&place, o->log_dir, plan, err);
	if (rc != 0)
		return rc;
	o->log_dir = place.folder;
	fl_info("%d %s%s of %d thread%s on %s, logs in %s/", plan->count,
		plan->roles ? "program" : "trainer",
		plan->count == 1 ? "" : "s", plan->threads,
		plan->threads == 1 ? "" : "s", hosts_own(&plan->hosts),
		o->log_dir);
	rc = launch_run(o, plan);
	place_close(&place);
	return rc;
}

/* argv begins with PROGRAM. In this order: what other launchers' options mean,
 * the plan of this machine, whether both fit, the lines about what has no
 * effect; nothing is started or written until all that is right. */
static int launch(struct launch_options *o, int argc, char **argv,
		  struct fl_err *err)
{
	struct launch_plan plan;
	int rc;

	if (argc == 0)
		return fl_fail(
			err, FL_EUSAGE,
			"no program given; for example: fleetrun --nproc_per_node 2 flotilla train -c my.yml");
	rc = foreign_options_settle(o, err);
	if (rc != 0)
		return rc;
	rc = launch_make_plan(o, argc, argv, &plan, err);
	if (rc == 0)
		rc = foreign_options_check(o, &plan, err);
	if (rc == 0)
		foreign_options_tell(&table, o);
	if (rc == 0 && o->dry_run)
		launch_print_plan(o, &plan);
	else if (rc == 0)
		rc = run_job(o, &plan, err);
	if (rc < 0 && plan.line && !plan.alone && !o->dry_run)
		rc = launch_refuse(o, &plan, err);
	launch_release_plan(&plan);
	return rc;
}

static void print_version(void)
{
	static const struct fl_library libraries[] = {
		{ "PMIx", launch_pmix_version },
		{ "libyaml", yaml_library_version },
		{ "Jansson", json_library_version },
		{ "libsodium", fl_digest_library_version },
		{ NULL, NULL }
	};
	const struct fl_library *all[] = { libraries, NULL };

	fl_version_print(stdout, "fleetrun", all);
	printf("devices    %s\n",
	       launch_has_gpu() ? "GPU" : "no GPU: trainers on the processor");
}

/* rc is a code below 0, or the exit status of the job,
 * which launch_run() returns. */
int main(int argc, char **argv)
{
	/* -1: not given. The numbers are those that the rows' help states. */
	struct launch_options o = { .log_dir = "log",
				    .stop_timeout = 60,
				    .max_restart = -1,
				    .node_rank = -1,
				    .elastic_level = -1,
				    .join_timeout = -1,
				    .rejoin_timeout = 120,
				    .peer_timeout = 10,
				    .stall = 60,
				    .ledger = 100,
				    .stall_policy = "wait" };
	struct fl_err err = FL_ERR_INIT;
	int words = 0, rc;
	bool help = false, done;
	char began[32];

	fl_inherited_mend();
	snprintf(began, sizeof(began), "%d", (int)fl_now_s());
	setenv(AGENT_BEGAN_VARIABLE, began, 1);
	fl_log_name("fleetrun");
	fl_log_lend_terminal();
	rc = option_pages(&program, argc, argv, &done, &err);
	if (rc == 0 && !done)
		rc = option_parse(&table, &o, argc, argv, &words, &help, &err);
	if (rc == 0 && help)
		option_help(&table, stdout);
	else if (rc == 0 && o.version)
		print_version();
	else if (rc == 0 && o.frames)
		frames_print(stdout);
	else if (rc == 0 && !done)
		rc = launch(&o, words, argv + 1, &err);
	/* A page that did not reach a full disk is no success. */
	if (rc == 0 && fflush(stdout) != 0)
		rc = fl_fail(&err, FL_EIO,
			     "cannot write to standard output: %s",
			     strerror(errno));
	foreign_options_release(&o);
	if (rc < 0) {
		fprintf(stderr, "fleetrun: %s\n", err.text);
		rc = fl_exit_status(rc);
	}
	return rc;
}
