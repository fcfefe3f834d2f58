/* job.c - the trainers of this machine in one attempt, from the first fork to
 * the last process reaped.
 *
 *   job_open   once: guard, signals, private folders, PMIx server
 *   job_begin  the attempt is registered with PMIx and PMI-1
 *   job_start  the trainers start
 *   job_turn   again and again: output, links, signals, who has ended
 *   job_end    after the last one was reaped; then job_begin may come again
 *   job_close  once
 *
 * Of trainers that end in the same moment the one whose link closed first is
 * judged first (trainer.c says why that is the first to die).
 */
#include "launch/job/job.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/inherited.h"
#include "base/log.h"
#include "launch/job/group.h"
#include "launch/job/guard.h"
#include "launch/job/open_files.h"
#include "launch/link/pmi1.h"
#include "launch/link/pmix_server.h"
#include "launch/job/terminal.h"
#include "launch/link/unserved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_GRACE_S 0.5 /* for output that a dead trainer left in its pipe */

static void signal_all(struct job *j, int number)
{
	for (int i = 0; i < j->started; i++)
		if (!j->trainers[i].ended)
			trainer_signal(&j->trainers[i], number);
}

/* Which trainers have begun to end, in the order in which they did: epoll hands
 * out links in the order in which they became ready, where a poll would only
 * say which have ended by now. */
static void note_order(struct job *j)
{
	struct epoll_event ends[16];
	int n;

	while ((n = epoll_wait(j->ends, ends, 16, 0)) > 0)
		for (int i = 0; i < n; i++) {
			struct trainer *t = &j->trainers[ends[i].data.u32];

			if (t->order > 0)
				continue;
			t->order = ++j->order;
			j->events.ending(j->events.ctx, t);
		}
}

static void pump(struct job *j, struct trainer *t)
{
	/* With --follow all the lines come by follow.c, this one's too. */
	bool show = !j->options->follow && t->local == j->plan->shown;

	trainer_pump(t, show, j->events.lines, j->events.ctx);
	trainer_read_link(t, j->events.said, j->events.ctx);
	if (t->link_over && t->link >= 0) {
		note_order(j); /* which a closed link tells no more */
		fl_close(&t->link);
	}
}

static bool is_server(const struct trainer *t)
{
	return t->role && t->role->server;
}

/* What it left behind is read before it is judged: the sentence of a fault
 * stands on its link, or in PyTorch's file, and PMI-1's "abort" on its socket.
 * A program that ends with 0 while it is within MPI has left its peers in a
 * collective that never ends. */
static void judge_end(struct job *j, struct trainer *t)
{
	int code = trainer_code(t), aborted;
	void *ctx = j->events.ctx;
	bool inside;

	pump(j, t);
	pmi1_turn(j->pmi); /* its last words, "finalize" among them */
	aborted = pmix_server_aborted(t->local);
	aborted = aborted ? aborted : pmi1_aborted(j->pmi, t->local);
	inside = pmix_server_inside(t->local) || pmi1_inside(j->pmi, t->local);
	t->aborted = aborted != 0;
	if (is_server(t) && j->dismissed)
		return;
	if (code != 0)
		trainer_read_error(t);
	/* A status is a byte: MPI_Abort(256) must not look like success. */
	if (aborted)
		j->events.fault(ctx, t, "called MPI_Abort",
				aborted & 255 ? aborted & 255 : 1);
	else if (code != 0)
		j->events.fault(ctx, t, NULL, code);
	else if (inside)
		j->events.fault(
			ctx, t,
			"ended with exit status 0 without leaving MPI; the others would wait for it for ever",
			fl_exit_status(FL_EINTERNAL));
}

static void finish(struct job *j, struct trainer *t)
{
	t->ended = true;
	j->alive--;
	j->working -= !is_server(t);
	judge_end(j, t);
	kill(-t->pid, SIGKILL); /* what it left behind */
}

/* A shell that the request to stop ended, and that waited for a program which
 * now writes its checkpoint. One that does not listen is not waited for. */
static bool outlived(const struct job *j, const struct trainer *t)
{
	struct group_look look = { .group = t->pid };
	int code = trainer_code(t);

	if (!j->patient || (code != 128 + SIGTERM && code != 128 + SIGINT &&
			    code != 128 + SIGUSR1))
		return false;
	group_look(&look, 1);
	return look.catches;
}

/* A trainer whose leader was only a shell ends with the last process of its
 * group. */
static void see_to_the_left(struct job *j)
{
	for (int i = 0; i < j->started; i++) {
		struct trainer *t = &j->trainers[i];

		if (t->leaderless && !t->ended && kill(-t->pid, 0) != 0)
			finish(j, t);
	}
}

/* PMI-1's clients wait to be ended when they have said "abort". */
static void end_aborted(struct job *j)
{
	for (int i = 0; i < j->started; i++)
		if (!j->trainers[i].ended && pmi1_aborted(j->pmi, i))
			trainer_signal(&j->trainers[i], SIGKILL);
}

/* Edge triggered: each link is told once, when its other end closes. */
static void watch_end(struct job *j, int i)
{
	struct epoll_event end = { .events = EPOLLRDHUP | EPOLLET,
				   .data = { .u32 = (uint32_t)i } };

	epoll_ctl(j->ends, EPOLL_CTL_ADD, j->trainers[i].link, &end);
}

/* Of those who have ended and are not judged, the one that began to end first. */
static struct trainer *next_ended(struct job *j)
{
	struct trainer *first = NULL;

	for (int i = 0; i < j->started; i++) {
		struct trainer *t = &j->trainers[i];

		if (t->reaped && !t->ended && !t->leaderless &&
		    (!first || (t->order > 0 && (first->order == 0 ||
						 t->order < first->order))))
			first = t;
	}
	return first;
}

/* Everyone's status is asked for: the guard, and orphans that were handed to us
 * as their subreaper, must not stay zombies either. */
static void collect(struct job *j)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < j->started; i++) {
			struct trainer *t = &j->trainers[i];

			if (t->pid != pid || t->reaped)
				continue;
			t->reaped = true;
			t->wait_status = status;
			t->by_itself |= !j->asked;
			t->leaderless = outlived(j, t);
		}
}

static void reap(struct job *j)
{
	struct trainer *t;

	note_order(j);
	collect(j);
	while ((t = next_ended(j)) != NULL)
		finish(j, t);
}

/* Before they are asked to end: who is dead, or dying, died of itself. */
static void note_the_dead(struct job *j)
{
	note_order(j);
	collect(j);
	for (int i = 0; i < j->started; i++)
		if (!j->trainers[i].reaped && j->trainers[i].order > 0)
			j->trainers[i].by_itself = true;
}

static void read_signals(struct job *j)
{
	struct signalfd_siginfo info;

	while (read(j->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(j);
		else if (info.ssi_signo == SIGTSTP)
			j->events.pause(j->events.ctx);
		else
			j->events.user(j->events.ctx, (int)info.ssi_signo);
	}
}

int job_fds(const struct job *j, struct pollfd *fds)
{
	int n = 0;

	fds[n++] = (struct pollfd){ j->signals, POLLIN, 0 };
	if (pmix_server_fd() >= 0)
		fds[n++] = (struct pollfd){ pmix_server_fd(), POLLIN, 0 };
	for (int i = 0; i < j->started; i++) {
		const struct trainer *t = &j->trainers[i];

		if (t->output >= 0)
			fds[n++] = (struct pollfd){ t->output, POLLIN, 0 };
		if (t->link >= 0 && !t->ended)
			fds[n++] = (struct pollfd){ t->link, POLLIN, 0 };
	}
	return n + pmi1_fds(j->pmi, fds + n);
}

/* MPI's calls that need what is not served here. */
static void tell_unserved(struct job *j)
{
	const char *what;
	int rank = 0;

	while ((what = unserved_next(&rank)) != NULL)
		j->events.unserved(j->events.ctx, rank, what);
}

/* The order of the reads settles what a fault says: which links closed first,
 * then lines and output, and only then (read_signals) whose process has
 * ended. */
void job_turn(struct job *j)
{
	note_order(j);
	tell_unserved(j);
	for (int i = 0; i < j->started; i++)
		pump(j, &j->trainers[i]);
	pmi1_turn(j->pmi);
	end_aborted(j);
	read_signals(j);
	see_to_the_left(j);
	if (j->kill_at > 0 && fl_now_s() >= j->kill_at && j->alive > 0)
		signal_all(j, SIGKILL);
}

void job_pause(struct job *j, bool paused)
{
	signal_all(j, paused ? SIGSTOP : SIGCONT);
	j->paused = paused;
}

void job_dismiss(struct job *j, double grace)
{
	j->dismissed = true;
	job_stop(j, grace);
}

/* SIGUSR1 asks for a score too: only programs that said hello are known to
 * understand it, others may die of it. */
static void ask_all(struct job *j, int number)
{
	for (int i = 0; i < j->started; i++) {
		const struct trainer *t = &j->trainers[i];

		if (!t->ended)
			trainer_signal(t, number == SIGUSR1 && t->speaks
						  ? SIGUSR1
						  : SIGTERM);
	}
}

static void stop_by(struct job *j, int number, double grace)
{
	double at = fl_now_s() + grace;

	/* Once: a second one means to some programs that nobody waits. What
	 * is stopped hears nothing before it goes on. */
	if (!j->asked) {
		note_the_dead(j);
		ask_all(j, number);
		signal_all(j, SIGCONT);
	}
	j->asked = true;
	/* A later request may only hasten the end. */
	if (j->kill_at == 0 || at < j->kill_at)
		j->kill_at = at;
}

void job_stop(struct job *j, double grace)
{
	stop_by(j, SIGTERM, grace);
}

void job_wind_up(struct job *j, int number, double grace)
{
	j->patient = true;
	stop_by(j, number, grace);
}

void job_pardon(struct job *j)
{
	j->kill_at = 0;
}

/* Our own SIGKILL comes at kill_at and not before. */
bool job_not_ours(const struct job *j, const struct trainer *t)
{
	return WIFSIGNALED(t->wait_status) &&
	       WTERMSIG(t->wait_status) == SIGKILL &&
	       (j->kill_at == 0 || fl_now_s() < j->kill_at);
}

/* Grandchildren that left their group were handed to us
 * (PR_SET_CHILD_SUBREAPER): nobody stays. A kernel that does not list children
 * leaves them alone. */
static void end_orphans(void)
{
	char path[64], *text = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
		 (long)getpid());
	file = fopen(path, "re");
	if (!file)
		return;
	if (getline(&text, &size, file) > 0) {
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
	free(text);
	fclose(file);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

/* Those that were ignored from the start are left so: a signalfd would take
 * them all the same. */
static int open_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (!fl_inherited_ignored(SIGTSTP))
		sigaddset(&set, SIGTSTP);
	for (const int *number = fl_stop_signals; *number; number++)
		if (!fl_inherited_ignored(*number))
			sigaddset(&set, *number);
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Without these nobody would hear of a trainer's end or of Ctrl-C; without the
 * guard a job runs as well, and only outlives a fleetrun that is killed. */
static int open_descriptors(struct job *j, struct fl_err *err)
{
	j->guard = guard_start(); /* before PMIx has threads */
	if (j->guard < 0)
		fl_warn("cannot start the process that ends trainers when fleetrun is killed: %s",
			strerror(errno));
	j->ends = epoll_create1(EPOLL_CLOEXEC);
	/* PMIx's threads inherit what is blocked here: a signal that one of
	 * them took would not come by the signalfd. */
	j->signals = open_signals(&j->old);
	if (j->ends >= 0 && j->signals >= 0)
		return 0;
	return fl_fail(
		err, FL_EINTERNAL,
		"cannot make a descriptor for signals and trainers' ends: %s",
		strerror(errno));
}

int job_open(struct job *j, const struct launch_options *options,
	     const struct launch_plan *plan, const struct job_events *events,
	     struct fl_err *err)
{
	int rc;

	*j = (struct job){ .options = options,
			   .plan = plan,
			   .events = *events };
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	terminal_open();
	rc = open_descriptors(j, err);
	/* PMIx writes to trainers that may have been killed a moment ago. */
	signal(SIGPIPE, SIG_IGN);
	j->trainers = fl_calloc((size_t)plan->count, sizeof(*j->trainers));
	if (rc == 0)
		rc = open_files_raise(plan->hosts.count, plan->count, err);
	if (rc == 0)
		rc = scratch_open(&j->scratch, options->log_dir, err);
	if (rc == 0)
		rc = pmix_server_open(hosts_own(&plan->hosts), plan->hosts.self,
				      j->scratch.folder, err);
	return rc;
}

int job_begin(struct job *j, const struct layout *layout, struct fl_err *err)
{
	j->layout = layout;
	pmi1_free(j->pmi);
	j->pmi = pmi1_new(layout, j->events.unserved, j->events.ctx);
	return pmix_server_begin(j->plan, layout, err);
}

/* Where launch/watch/ledger.c writes, if it does. */
static void name_ledger(const struct launch_options *o,
			struct launch_environ *env)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	if (o->ledger > 0 &&
	    fl_join(path, sizeof(path), o->log_dir, "ledger.jsonl", &err) == 0)
		environ_set(env, AGENT_LEDGER_VARIABLE, path, false);
}

int job_start(struct job *j, struct fl_err *err)
{
	int rc = 0;

	j->kill_at = 0;
	j->dismissed = j->asked = j->patient = false;
	j->order = 0;
	for (int i = 0; rc == 0 && i < layout_own(j->layout)->count; i++) {
		struct launch_environ env;
		int pmi = -1;

		environ_make(&env, j->plan, j->layout, i, j->scratch.shm);
		name_ledger(j->options, &env);
		rc = pmix_server_join(i, &env, err);
		if (rc == 0)
			rc = pmi = pmi1_join(j->pmi, i, &env, err);
		if (rc >= 0)
			rc = trainer_start(&j->trainers[i], j->plan, j->layout,
					   i, j->options->log_dir, &env, pmi,
					   err);
		/* The trainer has its own copy by now. */
		fl_close(&pmi);
		environ_release(&env);
		if (rc != 0)
			break;
		guard_add(j->guard, j->trainers[i].pid);
		j->started++;
		j->alive++;
		j->working += !is_server(&j->trainers[i]);
		watch_end(j, i);
	}
	if (rc != 0)
		signal_all(j, SIGKILL);
	return rc;
}

void job_end(struct job *j)
{
	/* One bound for all: a process that outlived its trainer may hold the
	 * pipe open for ever. */
	double until = fl_now_s() + OUTPUT_GRACE_S;

	for (int i = 0; i < j->started; i++)
		while (j->trainers[i].output >= 0 && fl_now_s() < until)
			pump(j, &j->trainers[i]);
	end_orphans();
	for (int i = 0; i < j->started; i++)
		trainer_close(&j->trainers[i]);
	guard_forget(j->guard);
	pmix_server_end();
	pmi1_free(j->pmi);
	j->pmi = NULL;
	j->started = j->alive = j->working = 0;
	j->kill_at = 0;
}

void job_close(struct job *j)
{
	guard_dismiss(j->guard);
	pmix_server_close();
	scratch_close(&j->scratch);
	close(j->signals);
	close(j->ends);
	terminal_close();
	sigprocmask(SIG_SETMASK, &j->old, NULL);
	free(j->trainers);
}
