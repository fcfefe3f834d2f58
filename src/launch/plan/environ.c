/* environ.c - what a trainer finds in its environment, by dialect: Paddle's,
 * PyTorch's, MPI's, ours.
 *
 * job.c has one made for each trainer it starts, job/dry_run.c one to print.
 * A variable that the user may have set is set with keep, so that the user's
 * stays; what tells a rank who it is never is. Why each of Open MPI's settings
 * is there stands in docs/launch-protocol.md.
 */
#include "launch/plan/environ.h"

#include "agent/lines.h"
#include "base/arena.h"
#include "base/cross_memory.h"
#include "base/log.h"
#include "base/str.h"
#include "launch/plan/binding.h"
#include "launch/plan/inherit.h"
#include "launch/plan/port.h"
#include "launch/plan/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's bound of one string is 128 KiB: beyond it nothing starts. */
#define LONGEST_LIST 120000

/* The list is searched for every name: a few hundred entries, a few dozen
 * names, once a trainer. */
static int find(const struct launch_environ *env, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < env->count; i++)
		if (strncmp(env->list[i], name, n) == 0 &&
		    env->list[i][n] == '=')
			return i;
	return -1;
}

/* The entry is the environment's from here on. Room for the NULL that execve
 * wants. */
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

/* As --ips spells it: programs compare endpoints as texts. */
static const char *name_of(const struct launch_plan *p, const struct layout *l,
			   int seat)
{
	return p->hosts.list[l->list[seat].host].name;
}

/* An IPv6 address in brackets, or its colons would be taken for the port's. */
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

/* All of them to every trainer, in the order of ranks. */
static void set_endpoints(struct launch_environ *env,
			  const struct launch_plan *p, const struct layout *l,
			  int local)
{
	struct fl_str all = FL_STR_INIT, own = FL_STR_INIT;

	for (int s = 0; s < l->count; s++)
		for (int i = 0; i < l->list[s].count; i++)
			add_endpoint(&all, name_of(p, l, s), p->port + i);
	add_endpoint(&own, name_of(p, l, l->self), p->port + local);
	if (all.len <= LONGEST_LIST)
		environ_set(env, "PADDLE_TRAINER_ENDPOINTS", fl_str_get(&all),
			    false);
	else if (local == 0)
		fl_warn("PADDLE_TRAINER_ENDPOINTS is left out: the list of %d "
			"endpoints is longer than a variable may be (%d bytes)",
			l->world, LONGEST_LIST);
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

/* By these names libraries know that they are under PyTorch's launcher, and so
 * where their ranks meet: at MASTER_ADDR. TORCHELASTIC_USE_AGENT_STORE stays
 * away, for rank 0 itself opens the store there. */
static void set_torchelastic(struct launch_environ *env,
			     const struct launch_plan *p,
			     const struct layout *l, int rank,
			     const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/error.%d.%d.json", folder, l->attempt,
		 rank);
	environ_set(env, "TORCHELASTIC_ERROR_FILE", path, false);
	set_number(env, "ROLE_RANK", rank);
	set_number(env, "ROLE_WORLD_SIZE", l->world);
	environ_set(env, "ROLE_NAME", "default", false);
	environ_set(env, "TORCHELASTIC_RUN_ID",
		    p->job_id ? p->job_id
		    : *l->job ? l->job
			      : "none",
		    false);
	set_number(env, "TORCHELASTIC_RESTART_COUNT", l->restarts);
	set_number(env, "TORCHELASTIC_MAX_RESTARTS", p->max_restart);
}

/* Rank and size as Paddle's and as PyTorch's programs look for them. */
static void set_identity(struct launch_environ *env,
			 const struct launch_plan *p, const struct layout *l,
			 int local, const char *folder)
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
		/* As Paddle's own launcher does where there is no card. */
		environ_set(env, "PADDLE_DISTRI_BACKEND", "gloo", false);
	set_number(env, "RANK", rank);
	set_number(env, "LOCAL_RANK", local);
	set_number(env, "WORLD_SIZE", l->world);
	set_number(env, "LOCAL_WORLD_SIZE", own->count);
	/* As torchrun, whose groups are machines. */
	set_number(env, "GROUP_RANK", l->self);
	set_number(env, "GROUP_WORLD_SIZE", l->count);
	environ_set(env, "MASTER_ADDR", name_of(p, l, 0), false);
	set_number(env, "MASTER_PORT",
		   p->master_port ? p->master_port : p->port + l->most);
	set_torchelastic(env, p, l, rank, folder);
}

/* Which attempt of the job this is, and what it goes on from. */
static void set_attempt(struct launch_environ *env, const struct layout *l)
{
	set_number(env, AGENT_ATTEMPT_VARIABLE, l->attempt);
	environ_set(env, AGENT_JOB_VARIABLE, l->job, false);
	set_number(env, AGENT_RESTARTS_VARIABLE, l->restarts);
	/* With fewer machines the ranks that are left share the batch of all
	 * (docs/launch-protocol.md). */
	set_number(env, AGENT_RANKS_VARIABLE, l->ranks ? l->ranks : l->world);
	if (*l->resume)
		environ_set(env, AGENT_RESUME_VARIABLE, l->resume, false);
}

/* Rank and size as mpirun and mpiexec tell them: for programs that look before
 * MPI is there, and for their own libraries' choices. */
static void set_mpi_identity(struct launch_environ *env, const struct layout *l,
			     int local)
{
	const struct layout_seat *own = layout_own(l);

	set_number(env, "OMPI_COMM_WORLD_RANK", own->first + local);
	set_number(env, "OMPI_COMM_WORLD_SIZE", l->world);
	set_number(env, "OMPI_COMM_WORLD_LOCAL_RANK", local);
	set_number(env, "OMPI_COMM_WORLD_LOCAL_SIZE", own->count);
	set_number(env, "OMPI_COMM_WORLD_NODE_RANK", local);
	set_number(env, "OMPI_UNIVERSE_SIZE", l->world);
	set_number(env, "MPI_LOCALRANKID", local);
	set_number(env, "MPI_LOCALNRANKS", own->count);
}

/* Without schizo every rank would believe to be alone; without yielding, idle
 * ranks spin on the cores that others compute on. The choice of all-reduce
 * needs dynamic rules; bindings are nobody's but the scheduler's (make.c). The
 * graphics part of hwloc is left out: it would ask an X server. */
static void set_mpi(struct launch_environ *env, const struct launch_plan *p,
		    const struct layout *l, const char *shm)
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
	for (int i = 0; !p->cross_memory && fl_cross_memory_off[i][0]; i++)
		environ_set(env, fl_cross_memory_off[i][0],
			    fl_cross_memory_off[i][1], true);
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

/* What ranks say to each other is not for the site's proxy (gRPC asks it for
 * every address that no_proxy does not name). Both spellings, for libraries
 * read one of them only. */
static void set_no_proxy(struct launch_environ *env,
			 const struct launch_plan *p)
{
	const char *small = environ_get(env, "no_proxy");
	const char *large = environ_get(env, "NO_PROXY");
	struct fl_str a = FL_STR_INIT, b = FL_STR_INIT;

	if (!inherit_has_proxy())
		return;
	fl_str_add(&a, small ? small : large ? large : "");
	fl_str_add(&b, large ? large : small ? small : "");
	for (int i = 0; i < p->hosts.count; i++) {
		fl_str_addf(&a, "%s%s", a.len ? "," : "",
			    p->hosts.list[i].name);
		fl_str_addf(&b, "%s%s", b.len ? "," : "",
			    p->hosts.list[i].name);
	}
	environ_set(env, "no_proxy", fl_str_get(&a), false);
	environ_set(env, "NO_PROXY", fl_str_get(&b), false);
	fl_str_release(&a);
	fl_str_release(&b);
}

/* The order matters: what is inherited first, so that "keep" finds the user's
 * own values; what tells ranks who they are over that. */
void environ_make(struct launch_environ *env, const struct launch_plan *p,
		  const struct layout *l, int local, const char *shm)
{
	const struct launch_role *role =
		launch_role(p, layout_own(l)->first + local);
	char threads[16];

	*env = (struct launch_environ){ 0 };
	for (char **e = environ; *e; e++)
		if (inherit_wanted(*e) && !binding_takes_out(*e, p))
			append(env, fl_strdup(*e));
	if (role)
		set_role(env, p, l, role, shm);
	else
		set_identity(env, p, l, local, shm);
	set_interface(env, p);
	set_attempt(env, l);
	set_mpi_identity(env, l, local);
	set_mpi(env, p, l, shm);
	set_no_proxy(env, p);
	/* its lines are seen as they are printed, though that is no terminal */
	environ_set(env, "PYTHONUNBUFFERED", "1", true);
	set_mpi_network(env, p, l, local);
	if (p->preflight)
		environ_set(env, AGENT_PREFLIGHT_VARIABLE, "1", false);
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
