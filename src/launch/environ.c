#include "launch/environ.h"

#include "base/agent_link.h"
#include "base/arena.h"
#include "base/str.h"
#include "launch/port.h"

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
					"PADDLE_PSERVERS",
					"PADDLE_ROLE=",
					"TRAINING_ROLE=",
					"DISPLAY=",
					"FLOTILLA_AGENT_FD=",
					"FLOTILLA_STATUS=",
					"FLOTILLA_TOKEN=",
					"FLOTILLA_BATCH_RANKS=",
					"FLOTILLA_THREADS=",
					"FLOTILLA_ATTEMPT=",
					"FLOTILLA_JOB=",
					"FLOTILLA_RESTARTS=",
					"FLOTILLA_RESUME=",
					"FLOTILLA_PREFLIGHT=",
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

static const char *name_of(const struct launch_plan *p, const struct layout *l,
			   int seat)
{
	return p->hosts.list[l->list[seat].host].name;
}

static void add_host(struct fl_str *s, const char *name)
{
	bool six = strchr(name, ':') != NULL;

	fl_str_addf(s, "%s%s%s", six ? "[" : "", name, six ? "]" : "");
}

static void add_endpoint(struct fl_str *s, const char *name, int port)
{
	if (s->len)
		fl_str_add(s, ",");
	add_host(s, name);
	fl_str_addf(s, ":%d", port);
}

static void set_endpoints(struct launch_environ *env,
			  const struct launch_plan *p, const struct layout *l,
			  int local)
{
	struct fl_str all = FL_STR_INIT, own = FL_STR_INIT;

	for (int s = 0; s < l->count; s++)
		for (int i = 0; i < l->list[s].count; i++)
			add_endpoint(&all, name_of(p, l, s), p->port + i);
	add_endpoint(&own, name_of(p, l, l->self), p->port + local);
	environ_set(env, "PADDLE_TRAINER_ENDPOINTS", fl_str_get(&all), false);
	environ_set(env, "PADDLE_CURRENT_ENDPOINT", fl_str_get(&own), false);
	fl_str_release(&all);
	fl_str_release(&own);
}

/* The endpoints of one kind, in the order of their indices. */
static void set_role_list(struct launch_environ *env, const char *name,
			  const struct launch_plan *p, bool server)
{
	int kind = server ? p->servers : p->workers;
	struct fl_str s = FL_STR_INIT;

	for (int i = 0; i < kind; i++)
		for (int k = 0; k < p->servers + p->workers; k++)
			if (p->roles[k].server == server &&
			    p->roles[k].index == i)
				add_endpoint(
					&s,
					p->hosts.list[p->roles[k].host].name,
					p->roles[k].port);
	environ_set(env, name, fl_str_get(&s), false);
	fl_str_release(&s);
}

/* Where Paddle's barrier over Gloo meets, if the user turned it on: beside
 * the first server. */
static void set_gloo(struct launch_environ *env, const struct launch_plan *p,
		     const struct layout *l, const char *folder)
{
	struct fl_str s = FL_STR_INIT;

	for (int k = 0; k < p->servers + p->workers; k++)
		if (p->roles[k].server && p->roles[k].index == 0)
			add_endpoint(&s, p->hosts.list[p->roles[k].host].name,
				     p->port + l->most);
	environ_set(env, "PADDLE_GLOO_HTTP_ENDPOINT", fl_str_get(&s), true);
	environ_set(env, "PADDLE_WITH_GLOO", "0", true);
	environ_set(env, "PADDLE_GLOO_RENDEZVOUS", "3", true);
	environ_set(env, "PADDLE_GLOO_FS_PATH", folder, true);
	fl_str_release(&s);
}

/* A parameter server or a worker, as Paddle's role maker looks for it. */
static void set_role(struct launch_environ *env, const struct launch_plan *p,
		     const struct layout *l, const struct launch_role *r,
		     const char *folder)
{
	const char *kind = r->server ? "PSERVER" : "TRAINER";
	struct fl_str own = FL_STR_INIT;

	add_host(&own, p->hosts.list[r->host].name);
	set_role_list(env, "PADDLE_PSERVERS_IP_PORT_LIST", p, true);
	set_role_list(env, "PADDLE_TRAINER_ENDPOINTS", p, false);
	environ_set(env, "TRAINING_ROLE", kind, false);
	environ_set(env, "PADDLE_ROLE", kind, false);
	environ_set(env, "POD_IP", fl_str_get(&own), false);
	set_number(env, "PADDLE_PORT", r->port);
	set_number(env, "PADDLE_TRAINERS_NUM", p->workers);
	set_number(env, "PADDLE_NNODES", l->count);
	if (!r->server)
		set_number(env, "PADDLE_TRAINER_ID", r->index);
	set_gloo(env, p, l, folder);
	fl_str_release(&own);
}

/* Rank and size as Paddle's and as PyTorch's programs look for them. */
static void set_identity(struct launch_environ *env,
			 const struct launch_plan *p, const struct layout *l,
			 int local)
{
	const struct layout_seat *own = layout_own(l);
	int rank = own->first + local;

	set_endpoints(env, p, l, local);
	set_number(env, "PADDLE_TRAINER_ID", rank);
	set_number(env, "PADDLE_TRAINERS_NUM", l->world);
	set_number(env, "PADDLE_RANK_IN_NODE", local);
	set_number(env, "PADDLE_GLOBAL_RANK", rank);
	set_number(env, "PADDLE_LOCAL_RANK", local);
	set_number(env, "PADDLE_GLOBAL_SIZE", l->world);
	set_number(env, "PADDLE_LOCAL_SIZE", own->count);
	set_number(env, "PADDLE_NNODES", l->count);
	if (p->has_gpu)
		set_number(env, "FLAGS_selected_gpus", own->devices[local]);
	else
		environ_set(env, "PADDLE_DISTRI_BACKEND", "gloo", false);
	set_number(env, "RANK", rank);
	set_number(env, "LOCAL_RANK", local);
	set_number(env, "WORLD_SIZE", l->world);
	set_number(env, "LOCAL_WORLD_SIZE", own->count);
	set_number(env, "GROUP_RANK", l->self);
	set_number(env, "GROUP_WORLD_SIZE", l->count);
	environ_set(env, "MASTER_ADDR", name_of(p, l, 0), false);
	set_number(env, "MASTER_PORT", p->port + l->most);
}

/* Which attempt of the job this is, and what it goes on from. */
static void set_attempt(struct launch_environ *env, const struct layout *l)
{
	set_number(env, "FLOTILLA_ATTEMPT", l->attempt);
	environ_set(env, AGENT_JOB_VARIABLE, l->job, false);
	set_number(env, "FLOTILLA_RESTARTS", l->restarts);
	set_number(env, "FLOTILLA_BATCH_RANKS", l->ranks ? l->ranks : l->world);
	if (*l->resume)
		environ_set(env, "FLOTILLA_RESUME", l->resume, false);
}

/* Without schizo every rank would believe to be alone; without yielding, idle
 * ranks spin on the cores that others compute on. */
static void set_mpi(struct launch_environ *env, const struct layout *l,
		    const char *shm)
{
	static const char *const values[][2] = {
		{ "OMPI_MCA_schizo", "ompi" },
		{ "OMPI_MCA_mpi_yield_when_idle", "1" },
		{ "OMPI_MCA_pml", "ob1" },
		{ "OMPI_MCA_btl", "self,vader,tcp" },
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
		    l->world > 2 ? "4" : "3", true);
}

/* A killed rank's port rests for a minute, so a trainer has four, and each
 * attempt begins with another one; when an earlier job left all four resting,
 * the next above those of all trainers that is free. */
static int mpi_port(const struct launch_plan *p, const struct layout *l,
		    int local)
{
	int above = p->mpi_ports + 4 * p->count + local;

	for (int k = 0; k < 4; k++) {
		int port = p->mpi_ports + 4 * local + (l->attempt + k) % 4;

		if (port_is_free(port))
			return port;
	}
	for (int k = 0; k < 64 && above + k * p->count < 65536; k++)
		if (port_is_free(above + k * p->count))
			return above + k * p->count;
	return p->mpi_ports + 4 * local;
}

/* Gloo else takes the interface of whatever the host's name resolves to, NCCL
 * the first one it finds. */
static void set_interface(struct launch_environ *env,
			  const struct launch_plan *p)
{
	const char *name = p->hosts.interface;

	if (!*name)
		return;
	environ_set(env, "GLOO_SOCKET_IFNAME", name, true);
	environ_set(env, "TP_SOCKET_IFNAME", name, true);
	if (!p->alone)
		environ_set(env, "NCCL_SOCKET_IFNAME", name, true);
}

/* The network that --ips names and no other: MPI would try every bridge there
 * is. And a port that a firewall can be told of. */
static void set_mpi_network(struct launch_environ *env,
			    const struct launch_plan *p, const struct layout *l,
			    int local)
{
	const char *net = p->alone ? "127.0.0.0/8" : p->hosts.subnet;
	char text[16];

	if (*net)
		environ_set(env, "OMPI_MCA_btl_tcp_if_include", net, true);
	if (p->alone || !p->mpi_ports)
		return;
	snprintf(text, sizeof(text), "%d", mpi_port(p, l, local));
	environ_set(env, "OMPI_MCA_btl_tcp_port_min_v4", text, true);
	environ_set(env, "OMPI_MCA_btl_tcp_port_range_v4", "1", true);
}

void environ_make(struct launch_environ *env, const struct launch_plan *p,
		  const struct layout *l, int local, const char *shm)
{
	const struct launch_role *role =
		launch_role(p, layout_own(l)->first + local);
	char threads[16];

	*env = (struct launch_environ){ 0 };
	for (char **e = environ; *e; e++)
		if (!is_scrubbed(*e))
			append(env, fl_strdup(*e));
	if (role)
		set_role(env, p, l, role, shm);
	else
		set_identity(env, p, l, local);
	set_interface(env, p);
	set_attempt(env, l);
	set_mpi(env, l, shm);
	set_mpi_network(env, p, l, local);
	if (p->preflight)
		environ_set(env, "FLOTILLA_PREFLIGHT", "1", false);
	/* Whether the user chose it: what all machines must agree on. */
	if (environ_get(env, "OMP_NUM_THREADS"))
		environ_set(env, "FLOTILLA_THREADS",
			    environ_get(env, "OMP_NUM_THREADS"), false);
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
