/* pmix_server.c - OpenPMIx's server library, held at arm's length.
 *
 * job.c opens it once, begins and ends an attempt (a namespace) and has each
 * trainer join. The library calls back on a thread of its own: those functions
 * only note what happened under the lock and write to an eventfd, and the main
 * thread takes it from there. Every call of ours that waits for the library waits
 * at most ten seconds: an agent that hangs would hold up all machines.
 */
#include "launch/link/pmix_server.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/str.h"
#include "launch/link/unserved.h"

#include <errno.h>
#include <pmix.h>
#include <pmix_server.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 10

/* The library says "OpenPMIx 4.2.2 (PMIx Standard: ...)". */
const char *launch_pmix_version(void)
{
	static char text[64];
	size_t len;

	snprintf(text, sizeof(text), "%s", PMIx_Get_version());
	len = strcspn(text, "(");
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
	return text + strcspn(text, "0123456789");
}

/* Whom to call when a fence is complete: PMIx's ranks wait until that is done,
 * once. */
struct reply {
	pmix_modex_cbfunc_t cb;
	void *data;
};

/* A fence that PMIx's thread has noted and the main thread has yet to take. */
struct waiting {
	struct pmix_fence fence;
	struct waiting *next;
};

/* One server a process: PMIx knows no more. What its thread reads and writes is
 * atomic or under the lock; nspace and layout change between two attempts only,
 * when no rank of this machine lives that could ask. */
static struct {
	pmix_nspace_t nspace;
	char folder[256];
	bool open, begun;
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	uintptr_t ticket; /* of the operation that finish() waits for */
	bool done;
	pmix_status_t status;
	atomic_int first, trainers; /* this machine's ranks */
	atomic_int inside[LAUNCH_MAX_TRAINERS], aborted[LAUNCH_MAX_TRAINERS];
	const struct layout *layout;
	int events; /* eventfd */
	struct waiting *fences;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER,
	     .done_cond = PTHREAD_COND_INITIALIZER,
	     .events = -1 };

/* Place among this machine's trainers; -1: somebody else's, or an older
 * attempt's. */
static int local_of(const pmix_proc_t *proc)
{
	int local = (int)proc->rank - atomic_load(&server.first);

	if (strcmp(proc->nspace, server.nspace) != 0 || local < 0 ||
	    local >= atomic_load(&server.trainers))
		return -1;
	return local;
}

/* "Succeeded" means here that cb is not called: there is nothing to wait
 * for. */
static pmix_status_t on_connect(const pmix_proc_t *proc, void *object,
				pmix_op_cbfunc_t cb, void *data)
{
	(void)object, (void)cb, (void)data;
	if (local_of(proc) >= 0)
		atomic_store(&server.inside[local_of(proc)], 1);
	return PMIX_OPERATION_SUCCEEDED;
}

static pmix_status_t on_leave(const pmix_proc_t *proc, void *object,
			      pmix_op_cbfunc_t cb, void *data)
{
	(void)object, (void)cb, (void)data;
	if (local_of(proc) >= 0)
		atomic_store(&server.inside[local_of(proc)], 0);
	return PMIX_OPERATION_SUCCEEDED;
}

/* The agent ends the ranks itself, as after any fault; here it is only noted.
 * MPI_Abort(0) is an abort all the same. */
static pmix_status_t on_abort(const pmix_proc_t *proc, void *object, int status,
			      const char text[], pmix_proc_t procs[], size_t n,
			      pmix_op_cbfunc_t cb, void *data)
{
	(void)object, (void)text, (void)procs, (void)n, (void)cb, (void)data;
	if (local_of(proc) >= 0)
		atomic_store(&server.aborted[local_of(proc)],
			     status ? status : 1);
	return PMIX_OPERATION_SUCCEEDED;
}

/* Ranks of a wildcard: everyone. */
static void note_seats(struct pmix_fence *fence, const pmix_proc_t *procs,
		       size_t n)
{
	const struct layout *l = server.layout;

	fence->seats = fl_calloc((size_t)l->count, sizeof(bool));
	for (size_t i = 0; i < n; i++) {
		if (procs[i].rank < (pmix_rank_t)l->world)
			fence->seats[layout_seat_of(l, (int)procs[i].rank)] =
				true;
		else
			for (int k = 0; k < l->count; k++)
				fence->seats[k] = true;
	}
}

/* Who takes part, as text of bounded length: a long list by its digest. */
static void note_signature(struct pmix_fence *fence, const pmix_proc_t *procs,
			   size_t n)
{
	struct fl_digest d;
	char hex[FL_DIGEST_HEX];

	fl_digest_init(&d);
	for (size_t i = 0; i < n; i++)
		fl_digest_update(&d, &procs[i].rank, sizeof(procs[i].rank));
	fl_digest_hex(&d, hex);
	snprintf(fence->signature, sizeof(fence->signature), "%zu %s", n, hex);
}

/* PMIx calls free(data) once it has handed it out. */
static void answer_fence(const struct pmix_fence *fence, char *data,
			 size_t size)
{
	struct reply *to = fence->ctx;

	to->cb(PMIX_SUCCESS, data, size, to->data, free, data);
	free(to);
}

/* On PMIx's thread. data is ours from here on, and goes to the fence's owner.
 * Noted in the order of arrival, in which fences are numbered
 * (carry/fences.c). */
static pmix_status_t on_fence(const pmix_proc_t procs[], size_t n,
			      const pmix_info_t info[], size_t infos,
			      char *data, size_t size, pmix_modex_cbfunc_t cb,
			      void *cb_data)
{
	struct waiting *w = fl_calloc(1, sizeof(*w)), **end;
	struct reply *to = fl_malloc(sizeof(*to));
	uint64_t one = 1;
	bool heard;

	(void)info, (void)infos;
	to->cb = cb;
	to->data = cb_data;
	w->fence = (struct pmix_fence){
		.data = data, .size = size, .answer = answer_fence, .ctx = to
	};
	note_seats(&w->fence, procs, n);
	note_signature(&w->fence, procs, n);
	pthread_mutex_lock(&server.lock);
	for (end = &server.fences; *end; end = &(*end)->next)
		continue;
	/* What nobody would hear of is not noted: PMIx tells its ranks, and
	 * asks for no answer. */
	heard = write(server.events, &one, sizeof(one)) == sizeof(one);
	*end = heard ? w : NULL;
	pthread_mutex_unlock(&server.lock);
	if (heard)
		return PMIX_SUCCESS;
	free(w->fence.seats);
	free(to);
	free(w);
	return PMIX_ERROR;
}

int pmix_server_fd(void)
{
	return server.events;
}

bool pmix_server_next_fence(struct pmix_fence *out)
{
	struct waiting *w;
	uint64_t count;

	pthread_mutex_lock(&server.lock);
	w = server.fences;
	if (w)
		server.fences = w->next;
	/* The eventfd is emptied with the list, so it stays readable while one
	 * waits. */
	else if (server.events >= 0 &&
		 read(server.events, &count, sizeof(count)) < 0)
		count = 0; /* nothing was noted since */
	pthread_mutex_unlock(&server.lock);
	if (!w)
		return false;
	*out = w->fence;
	free(w);
	return true;
}

/* The answer to an operation that was given up is nobody's: the next one would
 * take it for its own. */
static void on_done(pmix_status_t status, void *data)
{
	pthread_mutex_lock(&server.lock);
	if ((uintptr_t)data == server.ticket) {
		server.status = status;
		server.done = true;
		pthread_cond_signal(&server.done_cond);
	}
	pthread_mutex_unlock(&server.lock);
}

/* What the operation to begin hands on_done. */
static void *ticket(void)
{
	void *mine;

	pthread_mutex_lock(&server.lock);
	mine = (void *)++server.ticket;
	server.done = false;
	pthread_mutex_unlock(&server.lock);
	return mine;
}

/* Wait, within the bound, for the callback of an operation that was accepted. */
static pmix_status_t finish(pmix_status_t status)
{
	struct timespec until;

	if (status == PMIX_OPERATION_SUCCEEDED)
		return PMIX_SUCCESS;
	if (status != PMIX_SUCCESS)
		return status;
	/* The clock of a condition variable that nobody set up otherwise. */
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&server.lock);
	while (!server.done && status == PMIX_SUCCESS)
		if (pthread_cond_timedwait(&server.done_cond, &server.lock,
					   &until) != 0)
			status = PMIX_ERR_TIMEOUT;
	if (server.done)
		status = server.status;
	server.ticket++;
	pthread_mutex_unlock(&server.lock);
	return status;
}

static int fail_pmix(pmix_status_t status, const char *what, struct fl_err *err)
{
	return fl_fail(err, FL_EINTERNAL, "PMIx: %s: %s", what,
		       PMIx_Error_string(status));
}

/* All files into the private folder, which goes with the job. Namespace and
 * rank tell the servers of several machines apart; the host name is that of
 * --ips, as it stands in the map of nodes. */
static int start(const char *host, int index, struct fl_err *err)
{
	static pmix_server_module_t module = { .client_connected = on_connect,
					       .client_finalized = on_leave,
					       .fence_nb = on_fence,
					       .abort = on_abort };
	pmix_info_t info[5];
	pmix_rank_t rank = (pmix_rank_t)index;
	pmix_status_t status;
	char name[64];

	unserved_fill(&module);
	snprintf(name, sizeof(name), "fleetrun-%ld", (long)getpid());
	PMIX_INFO_LOAD(&info[0], PMIX_SERVER_TMPDIR, server.folder,
		       PMIX_STRING);
	PMIX_INFO_LOAD(&info[1], PMIX_SYSTEM_TMPDIR, server.folder,
		       PMIX_STRING);
	PMIX_INFO_LOAD(&info[2], PMIX_SERVER_RANK, &rank, PMIX_PROC_RANK);
	PMIX_INFO_LOAD(&info[3], PMIX_SERVER_NSPACE, name, PMIX_STRING);
	PMIX_INFO_LOAD(&info[4], PMIX_HOSTNAME, host, PMIX_STRING);
	status = PMIx_server_init(&module, info, 5);
	for (int i = 0; i < 5; i++)
		PMIX_INFO_DESTRUCT(&info[i]);
	return status == PMIX_SUCCESS ? 0 : fail_pmix(status, "start", err);
}

/* What every rank may ask about rank r: Open MPI needs the machine of each to
 * choose shared memory, and the place there. */
static void rank_info(pmix_info_t *info, const struct layout *l, uint32_t r)
{
	pmix_data_array_t *array;
	pmix_info_t *p;
	uint32_t node = (uint32_t)layout_seat_of(l, (int)r);
	uint16_t local = (uint16_t)((int)r - l->list[node].first);

	PMIX_DATA_ARRAY_CREATE(array, 4, PMIX_INFO);
	p = array->array;
	PMIX_INFO_LOAD(&p[0], PMIX_RANK, &r, PMIX_PROC_RANK);
	PMIX_INFO_LOAD(&p[1], PMIX_NODEID, &node, PMIX_UINT32);
	PMIX_INFO_LOAD(&p[2], PMIX_LOCAL_RANK, &local, PMIX_UINT16);
	PMIX_INFO_LOAD(&p[3], PMIX_NODE_RANK, &local, PMIX_UINT16);
	PMIX_LOAD_KEY(info->key, PMIX_PROC_INFO_ARRAY);
	info->flags = 0;
	info->value.type = PMIX_DATA_ARRAY;
	info->value.data.darray = array;
}

/* "10.0.0.1,10.0.0.2" and "0,1;2,3": names must differ, so those of --ips. */
static void map_text(const struct launch_plan *plan, const struct layout *l,
		     struct fl_str *nodes, struct fl_str *procs,
		     struct fl_str *peers)
{
	for (int s = 0; s < l->count; s++) {
		const struct layout_seat *seat = &l->list[s];

		fl_str_addf(nodes, "%s%s", s ? "," : "",
			    plan->hosts.list[seat->host].name);
		for (int i = 0; i < seat->count; i++) {
			const char *comma = i ? "," : "";

			fl_str_addf(procs, "%s%d",
				    i	? ","
				    : s ? ";"
					: "",
				    seat->first + i);
			if (s == l->self)
				fl_str_addf(peers, "%s%d", comma,
					    seat->first + i);
		}
	}
}

/* What ranks may ask about the job, and then, one entry a rank, about each of
 * them. 14 is the count of the rows below. PMIx copies all of it. */
static pmix_status_t register_maps(const struct layout *l, const char *nodes,
				   const char *procs, const char *peers)
{
	uint32_t size = (uint32_t)l->world, one = 1, zero = 0;
	uint32_t local = (uint32_t)layout_own(l)->count;
	uint32_t count = (uint32_t)l->count;
	size_t n = 0, total = (size_t)l->world + 14;
	pmix_info_t *info;
	pmix_status_t status;
	bool yes = true;

	PMIX_INFO_CREATE(info, total);
	if (!info)
		return PMIX_ERR_NOMEM;
#define ADD(key, value, type) PMIX_INFO_LOAD(&info[n], key, value, type), n++
	ADD(PMIX_NODE_MAP, nodes, PMIX_REGEX);
	ADD(PMIX_PROC_MAP, procs, PMIX_REGEX);
	ADD(PMIX_JOB_SIZE, &size, PMIX_UINT32);
	ADD(PMIX_UNIV_SIZE, &size, PMIX_UINT32);
	ADD(PMIX_MAX_PROCS, &size, PMIX_UINT32);
	ADD(PMIX_LOCAL_SIZE, &local, PMIX_UINT32);
	ADD(PMIX_NODE_SIZE, &local, PMIX_UINT32);
	ADD(PMIX_NUM_NODES, &count, PMIX_UINT32);
	ADD(PMIX_JOB_NUM_APPS, &one, PMIX_UINT32);
	ADD(PMIX_APPNUM, &zero, PMIX_UINT32);
	ADD(PMIX_LOCAL_PEERS, peers, PMIX_STRING);
	ADD(PMIX_JOBID, server.nspace, PMIX_STRING);
	ADD(PMIX_TMPDIR, server.folder, PMIX_STRING);
	ADD(PMIX_TDIR_RMCLEAN, &yes, PMIX_BOOL);
#undef ADD
	for (uint32_t r = 0; r < size; r++)
		rank_info(&info[n++], l, r);
	status = finish(PMIx_server_register_nspace(
		server.nspace, (int)local, info, n, on_done, ticket()));
	PMIX_INFO_FREE(info, total);
	return status;
}

static int register_job(const struct launch_plan *plan, const struct layout *l,
			struct fl_err *err)
{
	struct fl_str nodes = FL_STR_INIT, procs = FL_STR_INIT;
	struct fl_str peers = FL_STR_INIT;
	char *node_map = NULL, *proc_map = NULL;
	pmix_status_t status;

	map_text(plan, l, &nodes, &procs, &peers);
	status = PMIx_generate_regex(fl_str_get(&nodes), &node_map);
	if (status == PMIX_SUCCESS)
		status = PMIx_generate_ppn(fl_str_get(&procs), &proc_map);
	if (status == PMIX_SUCCESS)
		status = register_maps(l, node_map, proc_map,
				       fl_str_get(&peers));
	free(node_map);
	free(proc_map);
	fl_str_release(&nodes);
	fl_str_release(&procs);
	fl_str_release(&peers);
	return status == PMIX_SUCCESS ? 0 : fail_pmix(status, "job", err);
}

int pmix_server_open(const char *host, int index, const char *folder,
		     struct fl_err *err)
{
	int rc;

	/* PMIx and hwloc read these in this process too. */
	setenv("PMIX_MCA_gds", "hash", 0);
	setenv("HWLOC_COMPONENTS", "-gl", 0);
	snprintf(server.folder, sizeof(server.folder), "%s", folder);
	server.events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server.events < 0)
		return fl_fail(err, FL_EINTERNAL,
			       "cannot make a descriptor for PMIx's events: %s",
			       strerror(errno));
	rc = start(host, index, err);
	server.open = rc == 0;
	return rc;
}

int pmix_server_begin(const struct launch_plan *plan, const struct layout *l,
		      struct fl_err *err)
{
	/* An attempt whose start failed may still be registered. */
	pmix_server_end();
	server.layout = l;
	atomic_store(&server.first, layout_own(l)->first);
	atomic_store(&server.trainers, layout_own(l)->count);
	for (int i = 0; i < LAUNCH_MAX_TRAINERS; i++) {
		atomic_store(&server.inside[i], 0);
		atomic_store(&server.aborted[i], 0);
	}
	/* A name of its own for each attempt: late words of an older one, and
	 * shared memory under its name, must not meet the new one. */
	snprintf(server.nspace, sizeof(server.nspace), "fr-%s-%d", l->job,
		 l->attempt);
	server.begun = true;
	return register_job(plan, l, err);
}

/* What the ranks of an ended attempt left: PMIx gets its one answer for each,
 * with nothing in it. */
static void drop_fences(void)
{
	struct pmix_fence fence;

	while (pmix_server_next_fence(&fence)) {
		fence.answer(&fence, NULL, 0);
		free(fence.data);
		free(fence.seats);
	}
}

void pmix_server_end(void)
{
	int first = atomic_load(&server.first);

	if (!server.begun)
		return;
	drop_fences();
	for (int i = 0; i < atomic_load(&server.trainers); i++) {
		pmix_proc_t proc;

		PMIX_LOAD_PROCID(&proc, server.nspace,
				 (pmix_rank_t)(first + i));
		PMIx_server_deregister_client(&proc, NULL, NULL);
	}
	PMIx_server_deregister_nspace(server.nspace, NULL, NULL);
	server.begun = false;
}

int pmix_server_join(int local, struct launch_environ *env, struct fl_err *err)
{
	pmix_proc_t proc;
	pmix_status_t status;
	char **list;

	PMIX_LOAD_PROCID(&proc, server.nspace,
			 (pmix_rank_t)(atomic_load(&server.first) + local));
	status = finish(PMIx_server_register_client(&proc, getuid(), getgid(),
						    NULL, on_done, ticket()));
	if (status != PMIX_SUCCESS)
		return fail_pmix(status, "rank", err);
	/* PMIx grows the list with its own allocator: a copy of the array. */
	list = fl_calloc((size_t)env->count + 1, sizeof(char *));
	memcpy(list, env->list, (size_t)env->count * sizeof(char *));
	status = PMIx_server_setup_fork(&proc, &list);
	if (status != PMIX_SUCCESS) {
		free(list);
		return fail_pmix(status, "environment", err);
	}
	free(env->list);
	env->list = list;
	for (env->count = 0; list[env->count]; env->count++)
		continue;
	env->cap = env->count + 1;
	return 0;
}

bool pmix_server_inside(int local)
{
	return atomic_load(&server.inside[local]) != 0;
}

int pmix_server_aborted(int local)
{
	return atomic_load(&server.aborted[local]);
}

void pmix_server_close(void)
{
	if (!server.open)
		return;
	pmix_server_end();
	PMIx_server_finalize();
	close(server.events);
	server.events = -1;
	server.open = false;
}
