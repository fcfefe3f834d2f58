#include "launch/launch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/fault.h"
#include "launch/guard.h"
#include "launch/pmix_server.h"
#include "launch/scratch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERM_GRACE_S 1.0   /* after a fault: from SIGTERM to SIGKILL */
#define OUTPUT_GRACE_S 0.5 /* for output that a dead trainer left in its pipe */
#define TICK_MS 50

struct job {
	const struct launch_options *options;
	const struct launch_plan *plan;
	struct launch_scratch scratch;
	struct trainer trainers[LAUNCH_MAX_TRAINERS];
	int started;
	int signals; /* signalfd */
	int guard;
	int alive;
	int code; /* of the job, once settled */
	bool failed;
	int stop_signal; /* the user's */
	double kill_at;	 /* 0: nobody is to be killed */
};

static void signal_all(struct job *j, int number)
{
	for (int i = 0; i < j->started; i++)
		trainer_signal(&j->trainers[i], number);
}

/* Everyone else is a victim: end them, politely first. */
static void fail_job(struct job *j, int first, const char *why, int code)
{
	if (j->failed || j->stop_signal)
		return;
	j->failed = true;
	j->code = code;
	trainer_pump(&j->trainers[first], first == 0, NULL);
	fault_report(j->plan, j->trainers, first, why, j->options->log_dir);
	signal_all(j, SIGTERM);
	j->kill_at = fl_now_s() + TERM_GRACE_S;
}

static void user_stop(struct job *j, int number)
{
	if (j->stop_signal) {
		fl_warn("second signal: ending the trainers at once");
		j->kill_at = fl_now_s();
		return;
	}
	j->stop_signal = number;
	j->code = 128 + number;
	fl_info("%s: asking the trainers to write a checkpoint and end (within "
		"%g s; a second signal ends them at once)",
		number == SIGINT ? "interrupted" : "terminated",
		j->options->stop_timeout);
	signal_all(j, SIGTERM);
	j->kill_at = fl_now_s() + j->options->stop_timeout;
}

static void judge_end(struct job *j, struct trainer *t)
{
	int code = trainer_code(t), aborted = pmix_server_aborted(t->rank);

	trainer_read_link(t);
	if (aborted)
		fail_job(j, t->rank, "called MPI_Abort", aborted & 255);
	else if (code != 0)
		fail_job(j, t->rank, NULL, code);
	else if (pmix_server_inside(t->rank))
		fail_job(
			j, t->rank,
			"ended with exit status 0 without leaving MPI; the others would wait for it for ever",
			4);
}

static void reap(struct job *j)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < j->started; i++) {
			struct trainer *t = &j->trainers[i];

			if (t->pid != pid || t->ended)
				continue;
			t->ended = true;
			t->ended_at = fl_now_s();
			t->wait_status = status;
			j->alive--;
			judge_end(j, t);
			kill(-t->pid, SIGKILL); /* what it left behind */
		}
	}
}

static void read_signals(struct job *j)
{
	struct signalfd_siginfo info;

	while (read(j->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(j);
		else
			user_stop(j,
				  info.ssi_signo == SIGINT ? SIGINT : SIGTERM);
	}
}

static void pump(struct job *j, struct trainer *t)
{
	bool all = j->options->follow && strcmp(j->options->follow, "all") == 0;
	char prefix[300];

	snprintf(prefix, sizeof(prefix), "%s:%d|", j->plan->host, t->rank);
	trainer_pump(t, all || t->rank == 0, all ? prefix : NULL);
	trainer_read_link(t);
}

/* One turn: wait for output, links, signals or the tick. */
static void turn(struct job *j)
{
	struct pollfd fds[1 + 2 * LAUNCH_MAX_TRAINERS];
	nfds_t n = 0;

	fds[n++] = (struct pollfd){ j->signals, POLLIN, 0 };
	for (int i = 0; i < j->started; i++)
		if (j->trainers[i].output >= 0)
			fds[n++] = (struct pollfd){ j->trainers[i].output,
						    POLLIN, 0 };
	poll(fds, n, TICK_MS);
	for (int i = 0; i < j->started; i++)
		pump(j, &j->trainers[i]);
	read_signals(j);
	if (j->kill_at > 0 && fl_now_s() >= j->kill_at && j->alive > 0)
		signal_all(j, SIGKILL);
}

/* Grandchildren that left their group were handed to us: nobody stays. */
static void end_orphans(const struct job *j)
{
	char path[64], text[4096];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
		 (long)getpid());
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(text, sizeof(text), f)) {
		char *next = text;

		for (long pid; (pid = strtol(next, &next, 10)) > 0;) {
			char comm[64] = "", name[32] = "";
			FILE *c;

			snprintf(comm, sizeof(comm), "/proc/%ld/comm", pid);
			c = fopen(comm, "re");
			if (c && fgets(name, sizeof(name), c) &&
			    strncmp(name, GUARD_NAME, strlen(GUARD_NAME)) != 0)
				kill((pid_t)pid, SIGKILL);
			if (c)
				fclose(c);
		}
	}
	fclose(f);
	(void)j;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

static int open_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start_trainers(struct job *j, struct fl_err *err)
{
	int rc = 0;

	for (int r = 0; rc == 0 && r < j->plan->count; r++) {
		struct launch_environ env;

		environ_make(&env, j->plan, r, j->scratch.shm);
		rc = pmix_server_join(r, &env, err);
		if (rc == 0)
			rc = trainer_start(&j->trainers[r], j->plan, r,
					   j->options->log_dir, &env, err);
		environ_release(&env);
		if (rc != 0)
			break;
		guard_add(j->guard, j->trainers[r].pid);
		j->started++;
		j->alive++;
	}
	return rc;
}

static int open_job(struct job *j, struct fl_err *err)
{
	int rc = fl_make_dirs(j->options->log_dir, err);

	if (rc == 0)
		rc = scratch_open(&j->scratch, err);
	if (rc == 0)
		rc = pmix_server_open(j->plan->host, j->plan->count,
				      j->scratch.folder, err);
	return rc;
}

static void finish(struct job *j)
{
	double until = fl_now_s() + OUTPUT_GRACE_S;

	for (int i = 0; i < j->started; i++)
		while (j->trainers[i].output >= 0 && fl_now_s() < until)
			pump(j, &j->trainers[i]);
	end_orphans(j);
	for (int i = 0; i < j->started; i++)
		trainer_close(&j->trainers[i]);
	guard_dismiss(j->guard);
	pmix_server_close();
	scratch_close(&j->scratch);
}

int launch_run(const struct launch_options *options,
	       const struct launch_plan *plan)
{
	struct job j = {
		.options = options, .plan = plan, .guard = -1, .signals = -1
	};
	struct fl_err err = FL_ERR_INIT;
	sigset_t old;
	int rc;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	j.guard = guard_start(); /* before PMIx has threads */
	j.signals = open_signals(&old);
	rc = open_job(&j, &err);
	if (rc == 0)
		rc = start_trainers(&j, &err);
	if (rc != 0) {
		fl_error("%s", err.text);
		j.code = fl_exit_status(rc);
		j.failed = true;
		signal_all(&j, SIGKILL);
	}
	while (j.alive > 0)
		turn(&j);
	finish(&j);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return j.code;
}

void launch_print_plan(const struct launch_options *o,
		       const struct launch_plan *p)
{
	printf("%s\n\n%-5s %-20s %-7s %-8s %s\n", p->note, "rank", "host",
	       "device", "threads", "log");
	for (int i = 0; i < p->count; i++)
		printf("%-5d %-20s %s%-4d %-8d %s/workerlog.%d\n", i, p->host,
		       p->has_gpu ? "gpu" : "cpu", p->devices[i], p->threads,
		       o->log_dir, i);
	printf("\nenvironment of rank 0:\n");
	{
		struct launch_environ env;

		environ_make(&env, p, 0, "(private folder)");
		for (int i = 0; i < env.count; i++)
			if (!strncmp(env.list[i], "PADDLE_", 7) ||
			    !strncmp(env.list[i], "OMP", 3) ||
			    strstr(env.list[i], "RANK=") ||
			    strstr(env.list[i], "WORLD_SIZE=") ||
			    !strncmp(env.list[i], "MASTER_", 7))
				printf("  %s\n", env.list[i]);
		environ_release(&env);
	}
	printf("\nthe same under mpirun:\n  mpirun -n %d --bind-to none -x OMP_NUM_THREADS=%d",
	       p->count, p->threads);
	for (char **a = p->argv; *a; a++)
		printf(" %s", *a);
	printf("\n");
}
