/* foreign_rows.c - options of other launchers that have no meaning here, or ask for
 * what is not there. The parser passes over the first and refuses the second;
 * those with a meaning are rows of cmd/fleetrun.c and foreign_options.c.
 *
 * Names are those of Paddle's distributed/launch/context/args_envs.py of 2.3 to
 * 3.x and its older distributed/launch.py and fleet/launch.py,
 * torch/distributed/run.py of 2.x, mpirun of Open MPI 4 and 5, mpiexec.hydra,
 * srun, horovodrun, deepspeed and accelerate launch. */
#include "launch/plan/foreign_options.h"

static const char no_cards[] =
	"flotilla knows no XPU, NPU, MLU or IPU: --gpus or --nproc_per_node";
static const char no_tuner[] =
	"every trainer has the whole model; nothing is tuned or divided";
static const char no_heter[] =
	"there are servers and workers, --server_num and --worker_num, and no further roles";
static const char own_logs[] =
	"each trainer's lines are in workerlog.N of --log_dir, those of all are shown by --follow all";
static const char own_watch[] =
	"agents watch their trainers all the time: --stall, --peer_timeout";
static const char own_meeting[] = "machines meet by --ips";
static const char own_order[] = "the order of --ips counts";
static const char own_cores[] =
	"cores are shared out as threads of each trainer (OMP_NUM_THREADS), not bound";
static const char own_servers[] =
	"Open MPI's programs are served by PMIx, MPICH's and Intel's by PMI-1, without a choice";
static const char any_start[] = "a program is started as it is";
static const char no_file[] =
	"fleetrun starts nothing elsewhere, the same line is typed on each machine; "
	"their list from a file: "
	"--ips $(awk '!/^#/ && NF { sub(/:.*/, \"\", $1); print $1 }' FILE | paste -sd,)";
static const char no_parts[] =
	"list the machines of this job (--ips) and the devices of this one (--gpus)";
static const char set_variable[] =
	"set it for the trainers of this machine: -x NAME=VALUE";
static const char set_mca[] =
	"a setting of Open MPI is a variable: -x OMPI_MCA_NAME=VALUE";
static const char set_threads[] =
	"threads of each trainer are OMP_NUM_THREADS=N; a recipe (-c FILE) stands behind the "
	"program: fleetrun flotilla train -c FILE";
static const char per_node[] =
	"counts of GPUs are --nproc_per_node N, their numbers --gpus 0,1";
static const char of_slurm[] =
	"what a job gets is Slurm's: sbatch or salloc, and in it fleetrun on each node "
	"(srun --ntasks-per-node=1 fleetrun ..)";

#define PASS(name, kind, why)                      \
	{                                          \
		name, 1, OPTION_##kind, false, why \
	}
#define REFUSE(name, kind, why)                   \
	{                                         \
		name, 1, OPTION_##kind, true, why \
	}

const struct option_foreign foreign_options[] = {
	/* Paddle */
	PASS("log_level", TEXT, "fleetrun always says the same"),
	PASS("log_overwrite", TEXT, own_logs),
	PASS("enable_gpu_log", TEXT, own_logs),
	PASS("print_config", TEXT, "--dry_run prints who would be started how"),
	PASS("sort_ip", TEXT, own_order),
	PASS("cluster_topo_path", TEXT, own_order),
	PASS("rank_mapping_path", TEXT, own_order),
	PASS("enable_auto_mapping", FLAG, own_order),
	PASS("elastic_timeout", TEXT, own_watch),
	PASS("use_paddlecloud", FLAG, own_meeting),
	PASS("http_port", TEXT, own_meeting),
	PASS("gloo_port", TEXT, own_meeting),
	PASS("with_gloo", TEXT, own_meeting),
	PASS("legacy", TEXT, "there is one launcher"),
	REFUSE("xpus", TEXT, no_cards),
	REFUSE("npus", TEXT, no_cards),
	REFUSE("mlus", TEXT, no_cards),
	REFUSE("ipus", TEXT, no_cards),
	REFUSE("selected_xpus", TEXT, no_cards),
	REFUSE("selected_npus", TEXT, no_cards),
	REFUSE("selected_mlus", TEXT, no_cards),
	REFUSE("selected_ipus", TEXT, no_cards),
	REFUSE("elastic_server", TEXT, launch_no_elastic),
	REFUSE("elastic_pre_hook", TEXT, launch_no_elastic),
	REFUSE("scale", TEXT, launch_no_elastic),
	REFUSE("force", TEXT, launch_no_elastic),
	REFUSE("coordinators", TEXT, no_heter),
	REFUSE("coordinator_num", TEXT, no_heter),
	REFUSE("heter_workers", TEXT, no_heter),
	REFUSE("heter_worker_num", TEXT, no_heter),
	REFUSE("heter_devices", TEXT, no_heter),
	REFUSE("auto_parallel_config", TEXT, no_tuner),
	REFUSE("auto_tuner_json", TEXT, no_tuner),
	REFUSE("auto_cluster_config", TEXT, no_tuner),
	/* torchrun and torch.distributed.launch */
	PASS("redirects", TEXT, own_logs),
	PASS("r", TEXT, own_logs),
	PASS("tee", TEXT, own_logs),
	PASS("t", TEXT, own_logs),
	PASS("local_ranks_filter", TEXT, own_logs),
	PASS("logs_specs", TEXT, own_logs),
	PASS("duplicate_stdout_filters", TEXT, own_logs),
	PASS("duplicate_stderr_filters", TEXT, own_logs),
	PASS("log_line_prefix_template", TEXT, own_logs),
	PASS("event_log_handler", TEXT, own_logs),
	PASS("monitor_interval", TEXT, own_watch),
	PASS("rdzv_backend", TEXT, own_meeting),
	PASS("start_method", TEXT, "programs are always started anew"),
	PASS("no_python", FLAG, any_start),
	PASS("run_path", FLAG, any_start),
	PASS("use_env", FLAG, "ranks are always told by the environment"),
	PASS("virtual_local_rank", FLAG,
	     "each trainer has its LOCAL_RANK and sees all devices"),
	PASS("role", TEXT, "all trainers have the same part"),
	PASS("signals_to_handle", TEXT,
	     "SIGTERM, SIGINT and SIGHUP go to all trainers"),
	PASS("numa_binding", TEXT, own_cores),
	/* mpirun, mpiexec.hydra, horovodrun */
	PASS("allow_run_as_root", FLAG, "anybody may start fleetrun"),
	PASS("oversubscribe", FLAG, "there are as many trainers as you say"),
	PASS("bind_to", TEXT, own_cores),
	PASS("bind_to_core", FLAG, own_cores),
	PASS("bind_to_none", FLAG, own_cores),
	PASS("report_bindings", FLAG, own_cores),
	PASS("map_by", TEXT, own_order),
	PASS("rank_by", TEXT, own_order),
	PASS("tag_output", FLAG, own_logs),
	PASS("prepend_rank", FLAG, own_logs),
	PASS("l", FLAG, own_logs),
	PASS("launcher", TEXT,
	     "there is no ssh: agents are typed on each machine"),
	PASS("gloo", FLAG, own_meeting),
	PASS("mpi", TEXT, own_servers),
	REFUSE("mca", TEXT, set_mca),
	REFUSE("gmca", TEXT, set_mca),
	REFUSE("prtemca", TEXT, set_mca),
	REFUSE("pmixmca", TEXT, set_mca),
	REFUSE("env", TEXT, set_variable),
	REFUSE("genv", TEXT, set_variable),
	REFUSE("envlist", TEXT, set_variable),
	REFUSE("genvlist", TEXT, set_variable),
	REFUSE("wdir", TEXT, "go there first: cd DIR && fleetrun .."),
	REFUSE("wd", TEXT, "go there first: cd DIR && fleetrun .."),
	REFUSE("timeout", TEXT, "timeout S fleetrun .. sends SIGTERM"),
	REFUSE("hostfile", TEXT, no_file),
	REFUSE("machinefile", TEXT, no_file),
	REFUSE("f", TEXT, no_file),
	/* srun */
	PASS("label", FLAG, own_logs),
	PASS("unbuffered", FLAG, "lines are shown as they come"),
	PASS("u", FLAG, "lines are shown as they come"),
	PASS("cpu_bind", TEXT, own_cores),
	PASS("kill_on_bad_exit", FLAG, "the first fault always ends the job"),
	REFUSE("export", TEXT,
	       "trainers have the environment of fleetrun, and -x NAME=VALUE"),
	REFUSE("N", TEXT,
	       "srun means machines by it and mpirun trainers of each: --ips A,B or --nproc_per_node N"),
	REFUSE("c", TEXT, set_threads),
	REFUSE("cpus_per_task", TEXT, set_threads),
	REFUSE("gpus_per_node", TEXT, per_node),
	REFUSE("gpus_per_task", TEXT, per_node),
	REFUSE("gres", TEXT, of_slurm),
	REFUSE("partition", TEXT, of_slurm),
	REFUSE("p", TEXT, of_slurm),
	REFUSE("time", TEXT, of_slurm),
	REFUSE("nodelist", TEXT, "list the machines: --ips A,B"),
	REFUSE("w", TEXT, "list the machines: --ips A,B"),
	/* deepspeed and accelerate launch */
	PASS("multi_gpu", FLAG, "more than one trainer is a job of several"),
	PASS("cpu", FLAG, "there are no GPUs yet"),
	PASS("dynamo_backend", TEXT, any_start),
	REFUSE("mixed_precision", TEXT,
	       "it is the program's: flotilla train --amp"),
	REFUSE("config_file", TEXT, "options are typed, no file is read"),
	REFUSE("include", TEXT, no_parts),
	REFUSE("exclude", TEXT, no_parts),
	{ .name = NULL },
};
