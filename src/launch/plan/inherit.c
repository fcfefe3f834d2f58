/* inherit.c - the names that tell a program its rank under other launchers.
 *
 * environ.c asks about each variable. Names are what the launchers themselves
 * set for a task: slurmstepd, flux-shell, jsrun, PALS, LSF's blaunch, the
 * daemons of Open MPI, PRRTE and hydra, torchrun, Paddle. A name that ends
 * with '=' is meant exactly, any other as a beginning.
 */
#include "launch/plan/inherit.h"

#include "agent/lines.h"
#include "base/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const ranks[] = {
	/* Slurm: of a task or a step; SLURM_JOB_*, SLURM_ARRAY_*, node lists,
	 * folders and cores are the job's */
	"SLURM_PROCID=",
	"SLURM_LOCALID=",
	"SLURM_GTIDS=",
	"SLURM_TASK_PID=",
	"SLURM_NTASKS",
	"SLURM_NPROCS=",
	"SLURM_STEP",
	"SLURM_SRUN_COMM_",
	"SLURM_LAUNCH_NODE_IPADDR=",
	"SLURM_MPI_TYPE=",
	"SLURM_PMI",
	/* Flux, jsrun, PALS, LSF */
	"FLUX_TASK_",
	"FLUX_JOB_SIZE=",
	"FLUX_PMI_",
	"JSM_",
	"PALS_",
	"ALPS_APP_",
	"LSF_PM_TASKID=",
	/* MPICH, Intel MPI, MVAPICH */
	"PMI_",
	"PMI2_",
	"MPI_LOCALRANKID=",
	"MPI_LOCALNRANKS=",
	"HYDI_CONTROL_FD=",
	"MV2_COMM_WORLD_",
	"MPISPAWN_",
	/* Open MPI and PRRTE; PMIX_MCA_* are the user's settings */
	"OMPI_COMM_WORLD_",
	"OMPI_UNIVERSE_SIZE=",
	"OMPI_APP_CTX_NUM_PROCS=",
	"OMPI_FIRST_RANKS=",
	"OMPI_NUM_APP_CTX=",
	"OMPI_FILE_LOCATION=",
	"OMPI_MCA_orte_",
	"OMPI_MCA_ess",
	"OMPI_MCA_num_procs=",
	"PRTE_",
	/* PyTorch */
	"RANK=",
	"LOCAL_RANK=",
	"GROUP_RANK=",
	"ROLE_RANK=",
	"ROLE_NAME=",
	"WORLD_SIZE=",
	"LOCAL_WORLD_SIZE=",
	"GROUP_WORLD_SIZE=",
	"ROLE_WORLD_SIZE=",
	"TORCHELASTIC_",
	/* Paddle */
	"PADDLE_TRAINER",
	"PADDLE_PSERVERS",
	"PADDLE_ROLE=",
	"TRAINING_ROLE=",
	/* an outer fleetrun */
	AGENT_FD_VARIABLE "=",
	AGENT_STATUS_VARIABLE "=",
	"FLOTILLA_TOKEN=",
	AGENT_RANKS_VARIABLE "=",
	"FLOTILLA_THREADS=",
	AGENT_ATTEMPT_VARIABLE "=",
	AGENT_JOB_VARIABLE "=",
	AGENT_RESTARTS_VARIABLE "=",
	AGENT_LEDGER_VARIABLE "=",
	AGENT_RESUME_VARIABLE "=",
	AGENT_PREFLIGHT_VARIABLE "=",
};

/* A site's choice for srun: Intel MPI would ask Slurm's library who it is. One
 * of PMIx finds our server. */
static bool is_slurms_pmi(const char *entry)
{
	return (fl_starts_with(entry, "I_MPI_PMI_LIBRARY=") ||
		fl_starts_with(entry, "I_MPI_PMI=")) &&
	       !strstr(entry, "pmix");
}

bool inherit_wanted(const char *entry)
{
	if (is_slurms_pmi(entry))
		return false;
	if (fl_starts_with(entry, "PMIX_"))
		return fl_starts_with(entry, "PMIX_MCA_");
	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
		if (fl_starts_with(entry, ranks[i]))
			return false;
	return true;
}

bool inherit_has_proxy(void)
{
	static const char *const names[] = { "http_proxy",  "HTTP_PROXY",
					     "https_proxy", "HTTPS_PROXY",
					     "all_proxy",   "ALL_PROXY",
					     "grpc_proxy" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return true;
	}
	return false;
}
