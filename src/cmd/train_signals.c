/* train_signals.c - one thread takes all signals of a training.
 *
 * Requests to stop end in train_request_stop(), a flag that the loop reads once
 * a step. The question where the training stands (SIGUSR2, from the agent) can
 * only be answered on the main thread itself: it gets a signal of its own, which
 * is handled on a stack of its own, for the reason in train_signals.h.
 */
#include "cmd/train_signals.h"

#include "agent/agent_link.h"
#include "base/clock.h"
#include "base/inherited.h"
#include "train/loop.h"

#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* One request comes by several ways where a scheduler signals every process and
 * the agent passes its own signal on: within a moment it counts once. A later
 * one ends the program at once; under an agent that is the agent's to judge. */
#define MOMENT_S 2.0

static atomic_int stop_signal;
static pthread_t main_thread;
/* Of the main thread; the frame of a signal has the vector registers in it,
 * 3 KiB with AVX-512 and 11 with AMX, and backtrace() wants some. */
static _Alignas(64) char stack_of_handler[64 * 1024];

/* Not a number that anybody sends from outside. */
static int where_signal(void)
{
	return SIGRTMIN + 7;
}

/* The stack of the main thread goes to its log. Addresses resolve with
 * addr2line -e flotilla. */
static void on_where(int number)
{
	void *frames[32];
	int n = backtrace(frames, 32);

	(void)number;
	backtrace_symbols_fd(frames, n, STDERR_FILENO);
}

static void end_at_once(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}

static void take_request(int number, double *first_at)
{
	double now = fl_now_s();

	if (atomic_load(&stop_signal) == 0) {
		*first_at = now;
		atomic_store(&stop_signal, number);
		/* A scheduler's notice long before the end, not the end. */
		if (number == SIGUSR1)
			train_request_wind_up();
		else
			train_request_stop();
	} else if (!agent_link_is_open() && now - *first_at > MOMENT_S) {
		end_at_once(number);
	}
}

static void *take_signals(void *ctx)
{
	const sigset_t *taken = ctx;
	double first_at = 0;

	for (;;) {
		int number = sigwaitinfo(taken, NULL);

		if (number == SIGUSR2)
			pthread_kill(main_thread, where_signal());
		else if (number > 0)
			take_request(number, &first_at);
	}
	return NULL;
}

/* The main thread alone answers, so its stack is the only one needed. */
static int answer_where(void)
{
	stack_t stack = { .ss_sp = stack_of_handler,
			  .ss_size = sizeof(stack_of_handler) };
	struct sigaction where = { .sa_handler = on_where,
				   .sa_flags = SA_RESTART | SA_ONSTACK };
	void *frame;

	backtrace(&frame, 1); /* loads what a handler may not load */
	main_thread = pthread_self();
	if (sigaltstack(&stack, NULL) != 0 ||
	    sigaction(where_signal(), &where, NULL) != 0)
		return errno;
	return 0;
}

int train_signals_open(struct fl_err *err)
{
	static sigset_t taken;
	sigset_t all, before;
	pthread_t thread;
	int status;

	sigemptyset(&taken);
	sigaddset(&taken, SIGUSR2);
	for (const int *number = fl_stop_signals; *number; number++)
		if (!fl_inherited_ignored(*number))
			sigaddset(&taken, *number);
	status = answer_where();
	if (status == 0) {
		/* This thread is interrupted by none at all. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		status = pthread_create(&thread, NULL, take_signals, &taken);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (status != 0)
		return fl_fail(err, FL_EINTERNAL,
			       "no thread for signals could be started: %s",
			       strerror(status));
	pthread_detach(thread);
	pthread_sigmask(SIG_BLOCK, &taken, NULL);
	return 0;
}

int train_signals_stop(void)
{
	return atomic_load(&stop_signal);
}
