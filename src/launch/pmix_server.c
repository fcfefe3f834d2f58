#include "launch/pmix_server.h"

#include "base/arena.h"

#include <pmix.h>
#include <pmix_server.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One server a process: PMIx knows no more. */
static struct {
	pmix_nspace_t nspace;
	int trainers;
	bool open;
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	bool done;
	pmix_status_t status;
	atomic_int inside[LAUNCH_MAX_TRAINERS], aborted[LAUNCH_MAX_TRAINERS];
} server = { .lock = PTHREAD_MUTEX_INITIALIZER,
	     .done_cond = PTHREAD_COND_INITIALIZER };

static pmix_status_t on_connect(const pmix_proc_t *proc, void *object,
				pmix_op_cbfunc_t cb, void *data)
{
	(void)object, (void)cb, (void)data;
	if (proc->rank < LAUNCH_MAX_TRAINERS)
		atomic_store(&server.inside[proc->rank], 1);
	return PMIX_OPERATION_SUCCEEDED;
}

static pmix_status_t on_leave(const pmix_proc_t *proc, void *object,
			      pmix_op_cbfunc_t cb, void *data)
{
	(void)object, (void)cb, (void)data;
	if (proc->rank < LAUNCH_MAX_TRAINERS)
		atomic_store(&server.inside[proc->rank], 0);
	return PMIX_OPERATION_SUCCEEDED;
}

static pmix_status_t on_abort(const pmix_proc_t *proc, void *object, int status,
			      const char text[], pmix_proc_t procs[], size_t n,
			      pmix_op_cbfunc_t cb, void *data)
{
	(void)object, (void)text, (void)procs, (void)n, (void)cb, (void)data;
	if (proc->rank < LAUNCH_MAX_TRAINERS)
		atomic_store(&server.aborted[proc->rank], status ? status : 1);
	return PMIX_OPERATION_SUCCEEDED;
}

static void on_done(pmix_status_t status, void *data)
{
	(void)data;
	pthread_mutex_lock(&server.lock);
	server.status = status;
	server.done = true;
	pthread_cond_signal(&server.done_cond);
	pthread_mutex_unlock(&server.lock);
}

/* Wait, at most 10 s, for the callback of an operation that was accepted. */
static pmix_status_t finish(pmix_status_t status)
{
	struct timespec until;

	if (status == PMIX_OPERATION_SUCCEEDED)
		return PMIX_SUCCESS;
	if (status != PMIX_SUCCESS)
		return status;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&server.lock);
	while (!server.done && status == PMIX_SUCCESS)
		if (pthread_cond_timedwait(&server.done_cond, &server.lock,
					   &until) != 0)
			status = PMIX_ERR_TIMEOUT;
	if (server.done)
		status = server.status;
	server.done = false;
	pthread_mutex_unlock(&server.lock);
	return status;
}

static int failed(pmix_status_t status, const char *what, struct fl_err *err)
{
	return fl_fail(err, FL_EINTERNAL, "PMIx: %s: %s", what,
		       PMIx_Error_string(status));
}

static int start(const char *host, const char *folder, struct fl_err *err)
{
	pmix_server_module_t module = { .client_connected = on_connect,
					.client_finalized = on_leave,
					.abort = on_abort };
	pmix_info_t info[5];
	pmix_rank_t rank = 0;
	pmix_status_t status;

	PMIX_INFO_LOAD(&info[0], PMIX_SERVER_TMPDIR, folder, PMIX_STRING);
	PMIX_INFO_LOAD(&info[1], PMIX_SYSTEM_TMPDIR, folder, PMIX_STRING);
	PMIX_INFO_LOAD(&info[2], PMIX_SERVER_RANK, &rank, PMIX_PROC_RANK);
	PMIX_INFO_LOAD(&info[3], PMIX_SERVER_NSPACE, "fleetrun", PMIX_STRING);
	PMIX_INFO_LOAD(&info[4], PMIX_HOSTNAME, host, PMIX_STRING);
	status = PMIx_server_init(&module, info, 5);
	for (int i = 0; i < 5; i++)
		PMIX_INFO_DESTRUCT(&info[i]);
	return status == PMIX_SUCCESS ? 0 : failed(status, "start", err);
}

/* What every rank may ask about rank r. */
static void rank_info(pmix_info_t *info, uint32_t r)
{
	pmix_data_array_t *array;
	pmix_info_t *p;
	uint16_t local = (uint16_t)r;
	uint32_t node = 0;

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

static int register_job(const char *host, int trainers, const char *folder,
			struct fl_err *err)
{
	uint32_t size = (uint32_t)trainers, one = 1, zero = 0;
	size_t n = 0, total = (size_t)trainers + 14;
	pmix_info_t *info;
	char peers[LAUNCH_MAX_TRAINERS * 4] = "", *nodes, *procs;
	pmix_status_t status;
	bool yes = true;

	for (int i = 0; i < trainers; i++)
		snprintf(peers + strlen(peers), sizeof(peers) - strlen(peers),
			 "%s%d", i ? "," : "", i);
	PMIx_generate_regex(host, &nodes);
	PMIx_generate_ppn(peers, &procs);
	PMIX_INFO_CREATE(info, total);
#define ADD(key, value, type) PMIX_INFO_LOAD(&info[n], key, value, type), n++
	ADD(PMIX_NODE_MAP, nodes, PMIX_REGEX);
	ADD(PMIX_PROC_MAP, procs, PMIX_REGEX);
	ADD(PMIX_JOB_SIZE, &size, PMIX_UINT32);
	ADD(PMIX_UNIV_SIZE, &size, PMIX_UINT32);
	ADD(PMIX_MAX_PROCS, &size, PMIX_UINT32);
	ADD(PMIX_LOCAL_SIZE, &size, PMIX_UINT32);
	ADD(PMIX_NODE_SIZE, &size, PMIX_UINT32);
	ADD(PMIX_NUM_NODES, &one, PMIX_UINT32);
	ADD(PMIX_JOB_NUM_APPS, &one, PMIX_UINT32);
	ADD(PMIX_APPNUM, &zero, PMIX_UINT32);
	ADD(PMIX_LOCAL_PEERS, peers, PMIX_STRING);
	ADD(PMIX_JOBID, server.nspace, PMIX_STRING);
	ADD(PMIX_TMPDIR, folder, PMIX_STRING);
	ADD(PMIX_TDIR_RMCLEAN, &yes, PMIX_BOOL);
#undef ADD
	for (uint32_t r = 0; r < size; r++)
		rank_info(&info[n++], r);
	status = finish(PMIx_server_register_nspace(server.nspace, trainers,
						    info, n, on_done, NULL));
	PMIX_INFO_FREE(info, total);
	free(nodes);
	free(procs);
	return status == PMIX_SUCCESS ? 0 : failed(status, "job", err);
}

int pmix_server_open(const char *host, int trainers, const char *folder,
		     struct fl_err *err)
{
	int rc;

	/* PMIx and hwloc read these in this process too. */
	setenv("PMIX_MCA_gds", "hash", 0);
	setenv("HWLOC_COMPONENTS", "-gl", 0);
	server.trainers = trainers;
	snprintf(server.nspace, sizeof(server.nspace), "fr-%ld-%ld",
		 (long)getpid(), (long)time(NULL));
	rc = start(host, folder, err);
	if (rc == 0) {
		server.open = true;
		rc = register_job(host, trainers, folder, err);
	}
	return rc;
}

int pmix_server_join(int rank, struct launch_environ *env, struct fl_err *err)
{
	pmix_proc_t proc;
	pmix_status_t status;
	char **list;

	PMIX_LOAD_PROCID(&proc, server.nspace, (pmix_rank_t)rank);
	status = finish(PMIx_server_register_client(&proc, getuid(), getgid(),
						    NULL, on_done, NULL));
	if (status != PMIX_SUCCESS)
		return failed(status, "rank", err);
	/* PMIx grows the list with its own allocator: a copy of the array. */
	list = fl_calloc((size_t)env->count + 1, sizeof(char *));
	memcpy(list, env->list, (size_t)env->count * sizeof(char *));
	status = PMIx_server_setup_fork(&proc, &list);
	if (status != PMIX_SUCCESS) {
		free(list);
		return failed(status, "environment", err);
	}
	free(env->list);
	env->list = list;
	for (env->count = 0; list[env->count]; env->count++)
		continue;
	env->cap = env->count + 1;
	return 0;
}

bool pmix_server_inside(int rank)
{
	return atomic_load(&server.inside[rank]) != 0;
}

int pmix_server_aborted(int rank)
{
	return atomic_load(&server.aborted[rank]);
}

void pmix_server_close(void)
{
	if (!server.open)
		return;
	for (int r = 0; r < server.trainers; r++) {
		pmix_proc_t proc;

		PMIX_LOAD_PROCID(&proc, server.nspace, (pmix_rank_t)r);
		PMIx_server_deregister_client(&proc, NULL, NULL);
	}
	PMIx_server_deregister_nspace(server.nspace, NULL, NULL);
	PMIx_server_finalize();
	server.open = false;
}
