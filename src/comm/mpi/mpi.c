/* Collectives by MPI. Two communicators: small sums of the training thread are
 * gathered and added in order of the ranks (one hop); gradients go round a ring
 * in slices, called by a thread of their own (comm/averager.h). MPI matches
 * collectives of one communicator by their order alone, so the two threads must
 * not share one. Sums tell the agent that this rank waits (agent_link_enter,
 * _leave), by which the launcher tells who waits from who holds up the others. */
#include "comm/mpi/mpi.h"

#include "agent/agent_link.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/cross_memory.h"
#include "base/variable.h"

#include <dirent.h>
#include <limits.h>
#include <mpi.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct mpi_comm {
	struct comm base;
	MPI_Comm small;	  /* the training thread's */
	MPI_Comm buckets; /* the averager's */
	size_t slice;	  /* floats that go round the ring at once */
	double *gathered; /* GATHERED numbers: everyone's, of a small sum */
};

/* What Open MPI is asked to do unless the user asked otherwise. Its ring moves
 * the fewest bytes for any number of ranks and adds in one order; its own
 * choice takes three times as long. And the pieces that go round it have to be
 * sent at once: by default the receiver is asked before each of more than
 * 64 KiB, and links stand idle meanwhile. */
static const char *const settings[][2] = {
	{ "OMPI_MCA_coll_libnbc_iallreduce_algorithm", "1" },
	{ "OMPI_MCA_btl_tcp_eager_limit", "262144" },
	{ "OMPI_MCA_btl_tcp_rndv_eager_limit", "262144" },
};

/* Floats that a rank sends at once where there is a network between ranks: half
 * of that limit, so that links are kept busy, and no more, since the small sums
 * of the training thread have to pass them on the same wire. */
#define PIECE ((size_t)32 << 10)
/* Most numbers of one all-reduce: MPI counts are int. */
#define SLICE ((size_t)8 << 20)
/* Numbers of a small sum, of all ranks together. */
#define GATHERED ((size_t)32 << 10)
/* While nothing comes the averager sleeps before it looks again, longer
 * from look to look: a wait within MPI keeps a core busy that belongs to the
 * computation. */
#define SHORTEST_NAP_S 5e-6
#define LONGEST_NAP_S 80e-6

static int failed(int status, const char *what, struct fl_err *err)
{
	char text[MPI_MAX_ERROR_STRING] = "";
	int len = 0;

	MPI_Error_string(status, text, &len);
	return fl_fail(err, FL_EPEER, "%s failed: %s", what, text);
}

#define MPI(call, what)                                  \
	do {                                             \
		int status_ = (call);                    \
		if (status_ != MPI_SUCCESS) {            \
			rc = failed(status_, what, err); \
			goto out;                        \
		}                                        \
	} while (0)

static struct mpi_comm *of(struct comm *c)
{
	return (struct mpi_comm *)(void *)c;
}

/* Everyone gets everyone's numbers and adds them up in the order of ranks: one
 * hop, where an all-reduce takes several, and sync_bn waits for hundreds of
 * such sums in a step. */
static int sum_gathered(struct mpi_comm *c, double *values, size_t count,
			struct fl_err *err)
{
	const double *all = c->gathered;
	MPI_Request request;
	int rc = 0;

	MPI(MPI_Iallgather(values, (int)count, MPI_DOUBLE, c->gathered,
			   (int)count, MPI_DOUBLE, c->small, &request),
	    "MPI all-gather");
	MPI(MPI_Wait(&request, MPI_STATUS_IGNORE), "MPI all-gather");
	memcpy(values, all, count * sizeof(*values));
	for (int r = 1; r < c->base.world; r++)
		for (size_t i = 0; i < count; i++)
			values[i] += all[(size_t)r * count + i];
out:
	return rc;
}

static int sum_doubles(struct comm *c, double *values, size_t count,
		       struct fl_err *err)
{
	int rc = 0;

	agent_link_enter();
	/* A matter of numbers that all ranks know, so all of them go the same
	 * way. */
	if (count * (size_t)c->world <= GATHERED) {
		rc = sum_gathered(of(c), values, count, err);
		goto out;
	}
	for (size_t done = 0; done < count; done += SLICE) {
		size_t n = count - done < SLICE ? count - done : SLICE;

		MPI(MPI_Allreduce(MPI_IN_PLACE, values + done, (int)n,
				  MPI_DOUBLE, MPI_SUM, of(c)->small),
		    "MPI all-reduce");
	}
out:
	agent_link_leave();
	return rc;
}

static int sum_slice(MPI_Comm comm, float *values, int count,
		     struct fl_err *err)
{
	double nap = SHORTEST_NAP_S;
	MPI_Request request;
	int rc = 0, done = 0;

	MPI(MPI_Iallreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM,
			   comm, &request),
	    "MPI all-reduce");
	for (;;) {
		MPI(MPI_Test(&request, &done, MPI_STATUS_IGNORE),
		    "MPI all-reduce");
		if (done)
			break;
		fl_sleep_s(nap);
		nap = 2 * nap < LONGEST_NAP_S ? 2 * nap : LONGEST_NAP_S;
	}
out:
	return rc;
}

static int sum_floats(struct comm *c, float *values, size_t count,
		      struct fl_err *err)
{
	size_t slice = of(c)->slice;
	int rc = 0;

	prctl(PR_SET_TIMERSLACK, 1000UL); /* naps are not rounded up */
	agent_link_enter();
	for (size_t done = 0; rc == 0 && done < count; done += slice) {
		size_t n = count - done < slice ? count - done : slice;

		rc = sum_slice(of(c)->buckets, values + done, (int)n, err);
	}
	agent_link_leave();
	return rc;
}

static int broadcast(struct comm *c, void *bytes, size_t size,
		     struct fl_err *err)
{
	char *at = bytes;
	int rc = 0;

	for (size_t done = 0; done < size; done += INT_MAX / 2) {
		size_t n =
			size - done < INT_MAX / 2 ? size - done : INT_MAX / 2;

		MPI(MPI_Bcast(at + done, (int)n, MPI_BYTE, 0, of(c)->small),
		    "MPI broadcast");
	}
out:
	return rc;
}

static int gather(struct comm *c, const void *bytes, size_t size, void **all,
		  size_t *total, struct fl_err *err)
{
	int mine = (int)size, world = c->world, rc = 0;
	int *sizes = fl_calloc((size_t)world, sizeof(*sizes));
	int *offsets = fl_calloc((size_t)world + 1, sizeof(*offsets));

	*all = NULL;
	*total = 0;
	/* MPI counts are int. */
	FL_ASSERT(size <= INT_MAX / 2);
	MPI(MPI_Gather(&mine, 1, MPI_INT, sizes, 1, MPI_INT, 0, of(c)->small),
	    "MPI gather");
	for (int r = 0; c->rank == 0 && r < world; r++) {
		*total += (size_t)sizes[r];
		if (*total > INT_MAX) {
			/* The others are in the gather below by now and would
			 * wait for ever. */
			comm_abort(c, 4);
			rc = fl_fail(err, FL_EINTERNAL,
				     "a gather of more than 2 GiB");
			goto out;
		}
		offsets[r + 1] = (int)*total;
	}
	if (c->rank == 0)
		*all = fl_malloc(*total);
	MPI(MPI_Gatherv(bytes, mine, MPI_BYTE, *all, sizes, offsets, MPI_BYTE,
			0, of(c)->small),
	    "MPI gather");
out:
	free(sizes);
	free(offsets);
	return rc;
}

/* Also ends ranks that are within a collective, which an exit alone would
 * not. */
static void stop(struct comm *c, int status)
{
	MPI_Abort(of(c)->small, status);
}

/* Whether a thread of this process runs or waits for a core. */
static bool thread_runs(const char *id)
{
	char path[64], line[512], *state;
	FILE *f;
	bool runs = false;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/stat", id);
	f = fopen(path, "r");
	if (!f) /* it has just ended */
		return false;
	/* PID (NAME) STATE ..., and the name may hold anything */
	if (fgets(line, sizeof(line), f) && (state = strrchr(line, ')')))
		runs = strncmp(state, ") S", 3) != 0;
	fclose(f);
	return runs;
}

static bool others_rest(void)
{
	DIR *tasks = opendir("/proc/self/task");
	bool rest = true;
	struct dirent *d;

	if (!tasks)
		return true;
	while (rest && (d = readdir(tasks)))
		if (*d->d_name != '.' && atoi(d->d_name) != (int)gettid())
			rest = !thread_runs(d->d_name);
	closedir(tasks);
	return rest;
}

/* MPI_Init lets PMIx tell Open MPI's own thread which programming model this
 * is, and MPI_Finalize unloads the code that hears it, not asking whether it
 * has (seen with Open MPI 4.1.4). Where that thread had no core in between, a
 * rank that lived for a moment on a busy machine died of a segmentation fault
 * when all was done, once in some hundred starts. So the others come to rest
 * first; twice, as one thread hands on to the next. */
static void let_threads_rest(void)
{
	double end = fl_now_s() + 2;

	for (int quiet = 0; quiet < 2 && fl_now_s() < end;) {
		quiet = others_rest() ? quiet + 1 : 0;
		fl_sleep_s(0.002);
	}
}

static void close_mpi(struct comm *c)
{
	let_threads_rest();
	MPI_Comm_free(&of(c)->buckets);
	MPI_Comm_free(&of(c)->small);
	MPI_Finalize();
	free(of(c)->gathered);
	free(c);
}

static const struct comm_ops ops = {
	.sum_doubles = sum_doubles,
	.sum_floats = sum_floats,
	.broadcast = broadcast,
	.gather = gather,
	.abort = stop,
	.close = close_mpi,
};

/* fleetrun and mpirun set the first, other launchers the next two; then MPICH's and
 * Intel's mpiexec, MVAPICH's, those of HPE, IBM and Flux. srun's is the last: it
 * stands in the environment of a whole job, whoever starts the ranks. */
static const char *const worlds[] = { "OMPI_COMM_WORLD_SIZE", "WORLD_SIZE",
				      "PADDLE_TRAINERS_NUM",  "PMI_SIZE",
				      "MV2_COMM_WORLD_SIZE",  "PALS_NRANKS",
				      "JSM_NAMESPACE_SIZE",   "FLUX_JOB_SIZE",
				      "SLURM_NTASKS" };
#define WORLDS (sizeof(worlds) / sizeof(worlds[0]))
#define MOST_RANKS 1000000

int comm_mpi_launched(bool *launched, struct fl_err *err)
{
	*launched = false;
	for (size_t i = 0; i < WORLDS; i++) {
		int n = 1;
		int rc = fl_variable_int(worlds[i], 0, MOST_RANKS, &n, err);

		if (rc != 0)
			return rc;
		*launched |= n > 1;
	}
	return 0;
}

/* The library says "Open MPI v4.1.4, package: ..., date". */
const char *comm_mpi_library_version(void)
{
	static char text[MPI_MAX_LIBRARY_VERSION_STRING];
	const char *version;
	int len;

	if (MPI_Get_library_version(text, &len) != MPI_SUCCESS)
		return "unknown";
	text[strcspn(text, ",\n")] = '\0';
	version = strstr(text, "Open MPI v");
	return version ? version + strlen("Open MPI v") : text;
}

/* 1 where nobody says. comm_mpi_launched() has refused what is no number. */
static int announced(void)
{
	struct fl_err err = FL_ERR_INIT;
	int n = 0;

	for (size_t i = 0; i < WORLDS && n == 0; i++)
		fl_variable_int(worlds[i], 0, MOST_RANKS, &n, &err);
	return n > 0 ? n : 1;
}

/* Open MPI's own message to a task of a plain srun speaks of how Slurm was
 * built, and then it aborts. */
static int check_srun(struct fl_err *err)
{
	int tasks = 1;
	int rc = fl_variable_int("SLURM_NTASKS", 0, MOST_RANKS, &tasks, err);

	if (rc != 0 || tasks < 2 || !getenv("SLURM_STEP_ID") ||
	    getenv("PMIX_NAMESPACE"))
		return rc;
	return fl_fail(err, FL_EUSAGE,
		       "srun started %d tasks without PMIx, so they cannot "
		       "find each other: srun --mpi=pmix (srun --mpi=list "
		       "shows what this Slurm has; fleetrun does without)",
		       tasks);
}

/* Ranks that do not find each other each believe to be alone: every one of
 * them would train the whole job. */
static int check_world(int world, struct fl_err *err)
{
	int n = announced();

	if (n == world)
		return 0;
	return fl_fail(err, FL_EPEER,
		       "the environment announces %d ranks, but MPI finds %d; "
		       "start with fleetrun, mpirun, or srun --mpi=pmix (this "
		       "MPI speaks PMIx only)",
		       n, world);
}

/* On one machine all of a bucket goes round at once. */
static int choose_slice(struct mpi_comm *c, struct fl_err *err)
{
	size_t pieces = PIECE * (size_t)c->base.world;
	MPI_Comm machine;
	int rc = 0, here = 0;

	MPI(MPI_Comm_split_type(c->small, MPI_COMM_TYPE_SHARED, 0,
				MPI_INFO_NULL, &machine),
	    "MPI");
	MPI(MPI_Comm_size(machine, &here), "MPI");
	MPI(MPI_Comm_free(&machine), "MPI");
	c->slice = pieces < SLICE && here < c->base.world ? pieces : SLICE;
out:
	return rc;
}

static void set_environment(void)
{
	const struct passwd *user = getpwuid(getuid());

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		setenv(settings[i][0], settings[i][1], 0);
	/* Open MPI 5 does not start without one; services have none. */
	setenv("HOME", user ? user->pw_dir : "/", 0);
}

int comm_mpi_open(struct comm **out, struct fl_err *err)
{
	struct mpi_comm *c = fl_calloc(1, sizeof(*c));
	int rc = 0, given = 0, world = 0, rank = 0;

	c->base.ops = &ops;
	rc = check_srun(err);
	if (rc != 0)
		goto out;
	set_environment();
	/* Where a process may not read another's memory Open MPI's
	 * shared-memory transports are told so before MPI_Init. */
	if (!fl_cross_memory())
		for (int i = 0; fl_cross_memory_off[i][0]; i++)
			setenv(fl_cross_memory_off[i][0],
			       fl_cross_memory_off[i][1], 0);
	/* Two threads call MPI at once, each on a communicator of its own. */
	MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &given),
	    "MPI start");
	MPI(MPI_Comm_size(MPI_COMM_WORLD, &world), "MPI");
	MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI");
	if (given < MPI_THREAD_MULTIPLE) {
		rc = fl_fail(err, FL_EINTERNAL,
			     "this MPI was built without support for threads "
			     "(MPI_THREAD_MULTIPLE); training needs it");
		goto out;
	}
	rc = check_world(world, err);
	if (rc != 0)
		goto out;
	c->base.rank = rank;
	c->base.world = world;
	MPI(MPI_Comm_dup(MPI_COMM_WORLD, &c->small), "MPI");
	MPI(MPI_Comm_dup(MPI_COMM_WORLD, &c->buckets), "MPI");
	rc = choose_slice(c, err);
	if (rc != 0)
		goto out;
	c->gathered = fl_calloc(GATHERED, sizeof(double));
	*out = &c->base;
out:
	if (rc != 0)
		free(c);
	return rc;
}
