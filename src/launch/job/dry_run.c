/* dry_run.c - who would be started how, and the same for other launchers.
 *
 * cmd/fleetrun.c calls it in place of launch_run(). Only the part of the
 * environment is shown that a launcher decides on: who a rank is and where the
 * others are. The lines for mpirun, srun and torchrun are there to be compared
 * with scripts that people have, and to be typed.
 */
#include "launch/job/dry_run.h"

#include "base/str.h"
#include "launch/plan/environ.h"
#include "launch/plan/roles.h"

#include <stdio.h>
#include <string.h>

/* Nobody was asked: the others are taken to have as many devices as this. */
static void suppose(struct layout *l, const struct launch_plan *p)
{
	*l = (struct layout){ 0 };
	for (int i = 0; i < p->hosts.count; i++)
		layout_add(l, i, p->devices, p->count);
	l->self = p->hosts.self;
}

/* MPI's ports are told as the range that a firewall has to let through: four a
 * trainer, of the machine that has most (plan/environ.c says why four). */
static void print_table(const struct launch_options *o,
			const struct launch_plan *p, const struct layout *l)
{
	printf("%-5s %-20s %-7s %-8s %-6s %s\n", "rank", "host", "device",
	       "threads", "port", "log");
	for (int s = 0; s < l->count; s++)
		for (int i = 0; i < l->list[s].count; i++)
			printf("%-5d %-20s %s%-4d %-8d %-6d %s/workerlog.%d\n",
			       l->list[s].first + i, p->hosts.list[s].name,
			       p->has_gpu ? "gpu" : "cpu",
			       l->list[s].devices[i], p->threads, p->port + i,
			       o->log_dir, l->list[s].first + i);
	if (p->alone)
		return;
	printf("\nthis machine is number %d, %s; agents meet on port %d, "
	       "MASTER_PORT is %d, MPI uses %d to %d\n",
	       p->hosts.self, p->hosts.list[p->hosts.self].name, p->agent_port,
	       p->port + l->most, p->mpi_ports, p->mpi_ports + 4 * l->most - 1);
	printf("the others are taken to have %d device%s each, as this one\n",
	       p->count, p->count == 1 ? "" : "s");
}

static void print_roles(const struct launch_options *o,
			const struct launch_plan *p)
{
	printf("%-9s %-5s %-20s %-6s %s\n", "role", "index", "host", "port",
	       "log");
	for (int i = 0; i < p->servers + p->workers; i++) {
		const struct launch_role *r = &p->roles[i];

		printf("%-9s %-5d %-20s %-6d %s/%slog.%d\n",
		       r->server ? "server" : "worker", r->index,
		       p->hosts.list[r->host].name, r->port, o->log_dir,
		       r->server ? "server" : "worker", r->index);
	}
	if (!p->alone)
		printf("\nthis machine is number %d, %s; agents meet on port %d\n",
		       p->hosts.self, p->hosts.list[p->hosts.self].name,
		       p->agent_port);
}

/* The environment of this machine's first rank stands for all; the others
 * differ in numbers alone. RANK= and WORLD_SIZE= are looked for anywhere in the
 * name, so that every dialect's are among them. */
static void print_environment(const struct launch_plan *p,
			      const struct layout *l)
{
	struct launch_environ env;
	char name[32];

	launch_rank_name(p, layout_own(l)->first, name, sizeof(name));
	printf("\nenvironment of %s:\n", name);
	environ_make(&env, p, l, 0, "(private folder)");
	for (int i = 0; i < env.count; i++)
		if (!strncmp(env.list[i], "PADDLE_", 7) ||
		    !strncmp(env.list[i], "FLAGS_", 6) ||
		    !strncmp(env.list[i], "TRAINING_ROLE", 13) ||
		    !strncmp(env.list[i], "POD_IP", 6) ||
		    strstr(env.list[i], "_SOCKET_IFNAME=") ||
		    !strncmp(env.list[i], "OMP", 3) ||
		    strstr(env.list[i], "RANK=") ||
		    strstr(env.list[i], "WORLD_SIZE=") ||
		    !strncmp(env.list[i], "MASTER_", 7))
			printf("  %s\n", env.list[i]);
	environ_release(&env);
}

static void print_program(const struct launch_plan *p, int from)
{
	for (char **a = p->argv + from; *a; a++)
		printf(" %s", *a);
	printf("\n");
}

/* The same under the launchers that people have. */
static void print_others(const struct launch_plan *p, const struct layout *l)
{
	bool script = strcmp(p->program, "python3") == 0; /* python3 -u X */

	printf("\nthe same under mpirun, typed once:\n  mpirun -n %d",
	       l->world);
	if (!p->alone) {
		printf(" --host ");
		for (int i = 0; i < l->count; i++)
			printf("%s%s:%d", i ? "," : "", p->hosts.list[i].name,
			       l->list[i].count);
	}
	/* mpirun would bind each rank to a core or a socket, where the threads
	 * of one rank would sit on top of each other. */
	printf(" --bind-to none -x OMP_NUM_THREADS=%d", p->threads);
	print_program(p, 0);
	printf("under srun:\n  srun --mpi=pmix -N %d --ntasks-per-node=%d -c %d",
	       l->count, p->count, p->threads);
	print_program(p, 0);
	printf("under torchrun, typed on this machine:\n  torchrun --nnodes %d "
	       "--node-rank %d --nproc-per-node %d --master-addr %s "
	       "--master-port %d%s",
	       l->count, l->self, p->count, p->hosts.list[0].name,
	       p->master_port ? p->master_port : p->port + l->most,
	       script ? "" : " --no-python");
	print_program(p, script ? 2 : 0);
}

void launch_print_plan(const struct launch_options *o,
		       const struct launch_plan *p)
{
	struct layout l;

	suppose(&l, p);
	printf("%s\n\n", p->note);
	if (p->roles)
		print_roles(o, p);
	else
		print_table(o, p, &l);
	print_environment(p, &l);
	if (!p->roles)
		print_others(p, &l);
	layout_release(&l);
}
