/* Answers of PMIx, whose call for a rank this program plays: one that comes when
 * its operation was given up is not taken for that of the next. */
#include "launch/link/pmix_server.h"

#include "launch/plan/layout.h"
#include "support/scratch.h"

#include <errno.h>
#include <pmix_server.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static pmix_op_cbfunc_t answer; /* of the operation at work */
static void *answer_data;
static bool late; /* no answer within the bound */
static int waits;
static pmix_status_t status;

/* In place of PMIx and of the C library, for all of this program. */
pmix_status_t PMIx_server_register_client(const pmix_proc_t *proc, uid_t uid,
					  gid_t gid, void *object,
					  pmix_op_cbfunc_t cb, void *data)
{
	(void)proc, (void)uid, (void)gid, (void)object;
	answer = cb;
	answer_data = data;
	return PMIX_SUCCESS;
}

pmix_status_t PMIx_server_setup_fork(const pmix_proc_t *proc, char ***env)
{
	(void)proc, (void)env;
	return PMIX_SUCCESS;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
			   const struct timespec *until)
{
	(void)until;
	if (!answer)
		return pthread_cond_wait(cond, lock); /* PMIx's own */
	waits++;
	if (late)
		return ETIMEDOUT;
	pthread_mutex_unlock(lock);
	answer(status, answer_data);
	pthread_mutex_lock(lock);
	return 0;
}

static int join(struct fl_err *err)
{
	struct launch_environ env = { 0 };
	int rc;

	*err = (struct fl_err)FL_ERR_INIT;
	environ_set(&env, "NAME", "value", false);
	rc = pmix_server_join(0, &env, err);
	environ_release(&env);
	return rc;
}

static void test_late_answer(void **state)
{
	struct launch_plan plan = { .count = 1 };
	struct layout layout = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct host host = { .name = "here" };

	(void)state;
	plan.hosts.list = &host;
	plan.hosts.count = 1;
	layout_add(&layout, 0, (int[]){ 0 }, 1);
	assert_int_equal(pmix_server_open("here", 0, scratch_dir(), &err), 0);
	assert_int_equal(pmix_server_begin(&plan, &layout, &err), 0);

	late = true;
	assert_int_equal(join(&err), FL_EINTERNAL);
	assert_non_null(strstr(err.text, "PMIx: rank: "));
	answer(PMIX_SUCCESS, answer_data);

	late = false;
	waits = 0;
	status = PMIX_ERROR;
	assert_int_equal(join(&err), FL_EINTERNAL);
	assert_int_equal(waits, 1);
	status = PMIX_SUCCESS;
	assert_int_equal(join(&err), 0);
	pmix_server_close();
	layout_release(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
