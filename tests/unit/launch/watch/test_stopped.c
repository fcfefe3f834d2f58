/* A process that was stopped, of a program that tells nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/launch/fake_attempt.h"

#include "base/clock.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_S 0.55 /* a look comes every half second */

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	setpgid(pid, pid);
	return pid;
}

static void look_twice(void *w)
{
	fl_sleep_s(LOOK_S);
	watch_stopped.turn(w);
	fl_sleep_s(LOOK_S);
	watch_stopped.turn(w);
}

static void test_stopped(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	pid_t pid = start_child();
	char want[64];
	void *w;
	int at;

	(void)state;
	x->options.stall = 0.1;
	x->options.stall_policy = "abort";
	x->trainers[0].pid = pid;
	x->trainers[0].speaks = false;
	w = watch_stopped.begin(&x->attempt);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	watch_stopped.turn(w);
	assert_int_equal(x->sent_count, 0); /* it may be for a moment */
	look_twice(w);
	at = fake_sent(x, 1, WIRE_STOPPED);
	assert_int_equal(at, 0);
	snprintf(want, sizeof(want), "kill -CONT %d on that machine", (int)pid);
	assert_non_null(strstr(json_text_or(x->sent[at].o, "text", ""), want));
	assert_false(json_bool_or(x->sent[at].o, "goes_on", true));
	assert_int_equal(x->faults, 1);
	assert_int_equal(fake_status(x), 8);
	kill(pid, SIGCONT);
	fl_sleep_s(LOOK_S);
	watch_stopped.turn(w);
	assert_int_equal(x->sent_count, 2);
	assert_true(json_bool_or(x->sent[1].o, "goes_on", false));
	assert_int_equal(x->faults, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	watch_stopped.end(w);
	fake_close(x);
}

/* What another machine tells is obeyed here, if this one decides. */
static void test_heard(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct json *o = fake_json("{'text': 'rank 1 is stopped', "
				   "'goes_on': false}");
	void *w;

	(void)state;
	assert_null(watch_stopped.begin(&x->attempt)); /* no --stall */
	x->options.stall = 60;
	w = watch_stopped.begin(&x->attempt);
	watch_stopped.heard(w, 1, WIRE_STOPPED, o);
	assert_int_equal(x->faults, 0); /* the policy is to wait */
	x->options.stall_policy = "restart";
	watch_stopped.heard(w, 1, WIRE_STOPPED, o);
	assert_string_equal(fake_end(x), "stands still: rank 1 is stopped");
	json_set_bool(o, "goes_on", true);
	watch_stopped.heard(w, 1, WIRE_STOPPED, o);
	assert_int_equal(x->faults, 1);
	json_free(o);
	watch_stopped.end(w);
	fake_close(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
