/* unserved.c - see unserved.h. pmix_server.c fills its module with these upcalls
 * (without them PMIx refuses too, and nobody hears of it); job.c takes what was
 * noted in every turn. More than a few notes between two turns say no more. */
#include "launch/link/unserved.h"

#include <pmix_server.h>
#include <pthread.h>
#include <stddef.h>

#define NOTES 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const char *what;
	int rank;
} notes[NOTES];
static int count;

/* On PMIx's thread. The answer goes to the program, whose MPI turns it into an
 * error of the call. */
static pmix_status_t note(const pmix_proc_t *proc, const char *what)
{
	pthread_mutex_lock(&lock);
	if (count < NOTES) {
		notes[count].what = what;
		notes[count++].rank = proc ? (int)proc->rank : 0;
	}
	pthread_mutex_unlock(&lock);
	return PMIX_ERR_NOT_SUPPORTED;
}

/* The newest first: each is told once on the console, in whatever order. */
const char *unserved_next(int *rank)
{
	const char *what = NULL;

	pthread_mutex_lock(&lock);
	if (count > 0) {
		what = notes[--count].what;
		*rank = notes[count].rank;
	}
	pthread_mutex_unlock(&lock);
	return what;
}

static pmix_status_t on_publish(const pmix_proc_t *proc,
				const pmix_info_t info[], size_t n,
				pmix_op_cbfunc_t cb, void *data)
{
	(void)info, (void)n, (void)cb, (void)data;
	return note(proc, "MPI_Publish_name or MPI_Comm_accept");
}

static pmix_status_t on_lookup(const pmix_proc_t *proc, char **keys,
			       const pmix_info_t info[], size_t n,
			       pmix_lookup_cbfunc_t cb, void *data)
{
	(void)keys, (void)info, (void)n, (void)cb, (void)data;
	return note(proc, "MPI_Lookup_name or MPI_Comm_connect");
}

static pmix_status_t on_unpublish(const pmix_proc_t *proc, char **keys,
				  const pmix_info_t info[], size_t n,
				  pmix_op_cbfunc_t cb, void *data)
{
	(void)keys, (void)info, (void)n, (void)cb, (void)data;
	return note(proc, "MPI_Unpublish_name");
}

static pmix_status_t on_spawn(const pmix_proc_t *proc, const pmix_info_t info[],
			      size_t n, const pmix_app_t apps[], size_t count_,
			      pmix_spawn_cbfunc_t cb, void *data)
{
	(void)info, (void)n, (void)apps, (void)count_, (void)cb, (void)data;
	return note(proc, "MPI_Comm_spawn");
}

/* procs are all that take part; the first of them is named on the console. */
static pmix_status_t on_connect(const pmix_proc_t procs[], size_t n,
				const pmix_info_t info[], size_t infos,
				pmix_op_cbfunc_t cb, void *data)
{
	(void)info, (void)infos, (void)cb, (void)data;
	return note(n ? procs : NULL, "MPI_Comm_connect");
}

static pmix_status_t on_group(pmix_group_operation_t op, char *name,
			      const pmix_proc_t procs[], size_t n,
			      const pmix_info_t info[], size_t infos,
			      pmix_info_cbfunc_t cb, void *data)
{
	(void)op, (void)name, (void)info, (void)infos, (void)cb, (void)data;
	return note(n ? procs : NULL, "MPI_Comm_create_from_group");
}

void unserved_fill(void *module)
{
	pmix_server_module_t *m = module;

	m->publish = on_publish;
	m->lookup = on_lookup;
	m->unpublish = on_unpublish;
	m->spawn = on_spawn;
	m->connect = on_connect;
	m->group = on_group;
}
