/* job.c - what every command that runs a model opens, in this order: recipe,
 * ranks, device, compute threads, precision.
 * The limit on processes is checked for all threads before MPI makes its own.
 * Precision is settled last, since it may time a convolution. The recipe comes
 * first of all: it says which device and which precision. A rank that failed
 * alone does not leave MPI, where it would wait for the others: its exit status
 * has the launcher end them. */
#include "cmd/job.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/par.h"
#include "base/processes.h"
#include "base/variable.h"
#include "comm/mpi/mpi.h"
#include "comm/self/self.h"
#include "detect/precision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OMP_NUM_THREADS is how launchers share out cores. */
static int thread_count(int *out, struct fl_err *err)
{
	int rc = fl_variable_threads(out, err);

	if (rc == 0 && *out == 0)
		*out = fl_par_most();
	return rc;
}

/* ranks: false for a command that only one process can run,
 * whatever launcher it was started by. */
static int open_ranks(struct comm **out, bool ranks, int threads,
		      struct fl_err *err)
{
	bool launched = false, alone;
	char prefix[32];
	int rc = ranks ? comm_mpi_launched(&launched, err) : 0;

	if (rc != 0)
		return rc;
	alone = !launched;
	/* Those that compute beside this one, one that loads, and of several
	 * ranks two of MPI and one that sends; libgomp would just say that it
	 * could not. */
	rc = fl_processes_check(threads - 1 + (alone ? 1 : 4), "this program",
				err);
	if (rc != 0)
		return rc;
	if (alone) {
		*out = comm_self_open();
		return 0;
	}
	rc = comm_mpi_open(out, err);
	if (rc != 0)
		return rc;
	snprintf(prefix, sizeof(prefix), "rank %d: ", (*out)->rank);
	/* Of what all ranks would say alike rank 0 alone speaks;
	 * warnings and errors have their rank. */
	fl_log_prefix(prefix);
	fl_log_quiet((*out)->rank != 0);
	return 0;
}

static const char *device_name(const struct job_args *args,
			       const struct recipe *recipe)
{
	if (args->device)
		return args->device;
	/* runtime.yml of the reference has use_gpu: true, so all of its
	 * recipes do: a line, and no refusal. */
	if (recipe->use_gpu)
		fl_info("the recipe says use_gpu: true, but this build has no GPU device; going on with the CPU");
	return device_backends[0]->name;
}

void job_args_release(struct job_args *args)
{
	option_list_release(&args->overrides);
	option_list_release(&args->passed);
}

void job_prefer(struct job_args *args, const char *override)
{
	struct option_list *l = &args->overrides;
	size_t size = sizeof(*l->items);

	/* At the front: of two overrides the later one counts, and
	 * those that were typed are later. */
	l->items = fl_realloc(l->items, ((size_t)l->count + 1) * size);
	memmove(l->items + 1, l->items, (size_t)l->count * size);
	l->items[0] = override;
	l->count++;
}

int job_recipe(const struct job_args *args, const char *last,
	       struct recipe **out, struct fl_err *err)
{
	const struct option_list *l = &args->overrides;
	const char **all = fl_calloc((size_t)l->count + 2, sizeof(*all));
	int n = 0, rc;

	/* Two places: amp before the typed ones, last behind them. */
	if (args->amp)
		all[n++] = "amp=true";
	for (int i = 0; i < l->count; i++)
		all[n++] = l->items[i];
	if (last)
		all[n++] = last;
	rc = recipe_load(args->config, all, n, out, err);
	free(all);
	return rc;
}

int job_open(struct model_job *job, const struct job_args *args, bool ranks,
	     struct fl_err *err)
{
	int threads = 0, rc;

	*job = (struct model_job){ 0 };
	if (!args->config)
		return fl_fail(err, FL_EUSAGE, "no recipe given; use -c FILE");
	rc = thread_count(&threads, err);
	if (rc == 0)
		rc = job_recipe(args, NULL, &job->recipe, err);
	if (rc == 0)
		rc = open_ranks(&job->comm, ranks, threads, err);
	if (rc == 0)
		rc = device_open(device_name(args, job->recipe), &job->dev,
				 err);
	if (rc == 0) {
		fl_par_init(threads);
		rc = precision_settle(job->recipe, job->dev->device, job->comm,
				      err);
	}
	return rc;
}

/* A stop is asked of all ranks and each leaves in order; any other
 * error may have met one rank alone. */
static bool failed_alone(int rc)
{
	return rc != 0 && rc != FL_EINT && rc != FL_ETERM;
}

void job_close(struct model_job *job, int rc)
{
	fl_log_file(NULL, &(struct fl_err)FL_ERR_INIT);
	/* Leaving MPI is collective: a rank that failed alone leaves by its
	 * exit status, and whoever launched it ends the others. */
	if (job->comm && !(failed_alone(rc) && job->comm->world > 1))
		comm_close(job->comm);
	device_close(job->dev);
	recipe_free(job->recipe);
}
