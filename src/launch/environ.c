#include "launch/environ.h"

#include "base/arena.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What tells an MPI program that somebody else is its launcher. */
static const char *const scrubbed[] = { "SLURM_",
					"FLUX_",
					"JSM_",
					"PMI_",
					"PMIX_",
					"OMPI_COMM_WORLD_",
					"OMPI_MCA_orte_",
					"OMPI_MCA_ess",
					"PADDLE_TRAINER",
					"DISPLAY=",
					"FLOTILLA_AGENT_FD=",
					"FLOTILLA_STATUS=",
					"http_proxy=",
					"https_proxy=",
					"OMPI_UNIVERSE_SIZE",
					"PRTE_" };

static bool is_scrubbed(const char *entry)
{
	for (size_t i = 0; i < sizeof(scrubbed) / sizeof(scrubbed[0]); i++)
		if (fl_starts_with(entry, scrubbed[i]))
			return true;
	return false;
}

static int find(const struct launch_environ *env, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < env->count; i++)
		if (strncmp(env->list[i], name, n) == 0 &&
		    env->list[i][n] == '=')
			return i;
	return -1;
}

static void append(struct launch_environ *env, char *entry)
{
	if (env->count + 1 >= env->cap) {
		env->cap = 2 * env->cap + 64;
		env->list = fl_realloc(env->list,
				       (size_t)env->cap * sizeof(char *));
	}
	env->list[env->count++] = entry;
	env->list[env->count] = NULL;
}

void environ_set(struct launch_environ *env, const char *name,
		 const char *value, bool keep)
{
	size_t n = strlen(name) + strlen(value) + 2;
	int at = find(env, name);
	char *entry;

	if (at >= 0 && keep)
		return;
	entry = fl_malloc(n);
	snprintf(entry, n, "%s=%s", name, value);
	if (at < 0) {
		append(env, entry);
		return;
	}
	free(env->list[at]);
	env->list[at] = entry;
}

const char *environ_get(const struct launch_environ *env, const char *name)
{
	int at = find(env, name);

	return at < 0 ? NULL : env->list[at] + strlen(name) + 1;
}

static void set_number(struct launch_environ *env, const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	environ_set(env, name, text, false);
}

/* Rank and size as Paddle's and as PyTorch's programs look for them. */
static void set_identity(struct launch_environ *env,
			 const struct launch_plan *p, int rank)
{
	struct fl_str ends = FL_STR_INIT;
	char text[300];

	for (int i = 0; i < p->count; i++)
		fl_str_addf(&ends, "%s%s:%d", i ? "," : "", p->host,
			    p->port + 1 + i);
	set_number(env, "PADDLE_TRAINER_ID", rank);
	set_number(env, "PADDLE_TRAINERS_NUM", p->count);
	environ_set(env, "PADDLE_TRAINER_ENDPOINTS", fl_str_get(&ends), false);
	snprintf(text, sizeof(text), "%s:%d", p->host, p->port + 1 + rank);
	environ_set(env, "PADDLE_CURRENT_ENDPOINT", text, false);
	set_number(env, "PADDLE_RANK_IN_NODE", rank);
	set_number(env, "PADDLE_GLOBAL_RANK", rank);
	set_number(env, "PADDLE_LOCAL_RANK", rank);
	set_number(env, "PADDLE_GLOBAL_SIZE", p->count);
	set_number(env, "PADDLE_LOCAL_SIZE", p->count);
	set_number(env, "PADDLE_NNODES", 1);
	if (p->has_gpu)
		set_number(env, "FLAGS_selected_gpus", p->devices[rank]);
	else
		environ_set(env, "PADDLE_DISTRI_BACKEND", "gloo", false);
	set_number(env, "RANK", rank);
	set_number(env, "LOCAL_RANK", rank);
	set_number(env, "WORLD_SIZE", p->count);
	set_number(env, "LOCAL_WORLD_SIZE", p->count);
	environ_set(env, "MASTER_ADDR", p->host, false);
	set_number(env, "MASTER_PORT", p->port);
	fl_str_release(&ends);
}

/* Without schizo every rank would believe to be alone; without yielding, idle
 * ranks spin on the cores that others compute on. */
static void set_mpi(struct launch_environ *env, const struct launch_plan *p,
		    const char *shm)
{
	static const char *const values[][2] = {
		{ "OMPI_MCA_schizo", "ompi" },
		{ "OMPI_MCA_mpi_yield_when_idle", "1" },
		{ "OMPI_MCA_pml", "ob1" },
		{ "OMPI_MCA_btl", "self,vader,tcp" },
		{ "OMPI_MCA_btl_tcp_if_include", "127.0.0.0/8" },
		{ "OMPI_MCA_hwloc_base_binding_policy", "none" },
		{ "OMPI_MCA_orte_externally_bound", "1" },
		{ "OMPI_MCA_coll_tuned_use_dynamic_rules", "1" },
		{ "PMIX_MCA_gds", "hash" },
		{ "HWLOC_COMPONENTS", "-gl" },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		environ_set(env, values[i][0], values[i][1], true);
	environ_set(env, "OMPI_MCA_btl_vader_backing_directory", shm, true);
	/* recursive doubling for two, a ring for more: up to three times as
	 * fast as the default, and one order of additions */
	environ_set(env, "OMPI_MCA_coll_tuned_allreduce_algorithm",
		    p->count > 2 ? "4" : "3", true);
}

void environ_make(struct launch_environ *env, const struct launch_plan *p,
		  int rank, const char *shm)
{
	char threads[16];

	*env = (struct launch_environ){ 0 };
	for (char **e = environ; *e; e++)
		if (!is_scrubbed(*e))
			append(env, fl_strdup(*e));
	set_identity(env, p, rank);
	set_mpi(env, p, shm);
	snprintf(threads, sizeof(threads), "%d", p->threads);
	environ_set(env, "OMP_NUM_THREADS", threads, true);
}

void environ_release(struct launch_environ *env)
{
	for (int i = 0; i < env->count; i++)
		free(env->list[i]);
	free(env->list);
	*env = (struct launch_environ){ 0 };
}
