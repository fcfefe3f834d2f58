/* trainer.c - one program from fork to the last line of its log.
 *
 * job.c starts it, pumps its output and its link at every turn, judges its end
 * and closes it. Nothing blocks: output and link are non-blocking, and a line
 * without an end is shown after half a second, for it may be a prompt that
 * somebody is to answer.
 */
#include "launch/job/trainer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/inherited.h"
#include "base/log.h"
#include "launch/job/open_files.h"
#include "launch/job/place.h"
#include "launch/job/terminal.h"
#include "launch/plan/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROMPT_S 0.5 /* a line without an end is shown after so long */
#define BAR_S 5.0    /* one that rewrites itself, every so often */

/* Memory without a name: the trainer has it by number, and nothing is left
 * where both are killed. */
static int open_status(struct trainer *t, struct fl_err *err)
{
	int fd = memfd_create("flotilla_status", 0);
	void *page = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*t->status)) == 0)
		page = mmap(NULL, sizeof(*t->status), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		if (fd >= 0)
			close(fd);
		return fl_fail(err, FL_EIO, "cannot make a shared page: %s",
			       strerror(errno));
	}
	t->status = page;
	return fd;
}

/* Begun anew. What an earlier attempt of this job wrote is put aside, and so is
 * what an earlier job wrote, until a start of this one has succeeded; where that
 * lies there already, the last start failed, and its log is worth less. */
static void put_aside(const struct trainer *t, int attempt)
{
	char old[sizeof(t->log_path) + 16];
	struct stat st;

	if (attempt > 0)
		snprintf(old, sizeof(old), "%s.%d", t->log_path, attempt - 1);
	else
		snprintf(old, sizeof(old), "%s" PLACE_BEFORE, t->log_path);
	if (attempt > 0 ||
	    (!fl_exists(old) && stat(t->log_path, &st) == 0 && st.st_size > 0))
		rename(t->log_path, old);
}

static int open_log(struct trainer *t, const char *log_dir, int attempt,
		    struct fl_err *err)
{
	const struct launch_role *r = t->role;

	snprintf(t->log_path, sizeof(t->log_path), "%s/%s.%d", log_dir,
		 r && r->server ? "serverlog" : "workerlog",
		 r ? r->index : t->rank);
	put_aside(t, attempt);
	t->log = fopen(t->log_path, "we");
	if (!t->log)
		return fl_fail(err, FL_EIO, "cannot write '%s': %s",
			       t->log_path, strerror(errno));
	return 0;
}

/* Descriptors of a child: its standard ones, and those that variables name. */
struct handed {
	int input, output;
	int link, page, pmi;
	int last; /* what the link becomes */
};

/* The link ends as its trainer does, and before the program's own sockets do, by
 * which its peers learn of it: a process that ends closes its descriptors from
 * the last to the first (Linux since 4.3). So those who notice a death cannot
 * be taken for its cause, though the system may let them end first. */
static int last_descriptor(int page, int pmi)
{
	int64_t most = open_files_given();
	/* The highest number below the usual limit of 1024, or below a lower
	 * one. */
	int last = most > 16 && most < 1024 ? (int)most - 1 : 1023;

	while (last == page || last == pmi)
		last--;
	return last;
}

/* In the child: only calls that are safe after a fork. */
static _Noreturn void become(const struct launch_plan *plan, char **env,
			     pid_t agent, const struct handed *to)
{
	sigset_t none;

	setsid(); /* the terminal may be read, and does not stop it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != agent)
		_exit(STATUS_NOT_FOUND);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* exec would keep what we ignore; and how we end a program it may not
	 * ignore from the start. */
	fl_inherited_restore();
	signal(SIGTERM, SIG_DFL);
	open_files_restore();
	dup2(to->input, STDIN_FILENO);
	fcntl(STDIN_FILENO, F_SETFD, 0); /* where it was that already */
	dup2(to->output, STDOUT_FILENO);
	dup2(to->output, STDERR_FILENO);
	/* Descriptors of ours and of our libraries stay behind. The page and
	 * PMI's socket keep their numbers, which the environment has named. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	dup2(to->link, to->last);
	fcntl(to->last, F_SETFD, 0);
	fcntl(to->page, F_SETFD, 0);
	fcntl(to->pmi, F_SETFD, 0);
	execvpe(plan->program, plan->argv, env);
	/* To the pipe, and so to its log and to the report of the fault. */
	dprintf(STDERR_FILENO, "fleetrun: cannot start '%s': %s\n",
		plan->program, strerror(errno));
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

static void set_descriptor(struct launch_environ *env, const char *name, int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	environ_set(env, name, text, false);
}

/* The two ends of its output and of its link; none is left open on failure. */
static int open_ends(int out[2], int link[2], struct fl_err *err)
{
	int rc;

	out[0] = out[1] = link[0] = link[1] = -1;
	if (pipe2(out, O_CLOEXEC) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link) == 0)
		return 0;
	rc = fl_fail(err, FL_EIO, "cannot make a pipe: %s", strerror(errno));
	fl_close(&out[0]);
	fl_close(&out[1]);
	return rc;
}

/* In the agent: the child's ends go, ours are kept and never block. */
static int keep_ends(struct trainer *t, const struct handed *to, int output,
		     int link, struct fl_err *err)
{
	int why = errno; /* of a fork that failed */

	close(to->input);
	close(to->output);
	close(to->link);
	close(to->page);
	t->output = output;
	t->link = link;
	fcntl(t->output, F_SETFL, O_NONBLOCK);
	fcntl(t->link, F_SETFL, O_NONBLOCK);
	if (t->pid >= 0)
		return 0;
	t->pid = 0;
	return fl_fail(err, FL_EIO, "cannot start a process: %s",
		       strerror(why));
}

static int start(struct trainer *t, const struct launch_plan *plan,
		 struct launch_environ *env, int page, int pmi,
		 struct fl_err *err)
{
	pid_t agent = getpid();
	int out[2], link[2], rc = open_ends(out, link, err);
	struct handed to = { .page = page, .pmi = pmi };

	if (rc != 0) {
		close(page);
		return rc;
	}
	to.input = terminal_input(t->local == plan->shown);
	to.output = out[1];
	to.link = link[1];
	to.last = last_descriptor(page, pmi);
	set_descriptor(env, AGENT_FD_VARIABLE, to.last);
	set_descriptor(env, AGENT_STATUS_VARIABLE, page);
	t->pid = fork();
	if (t->pid == 0)
		become(plan, env->list, agent, &to);
	return keep_ends(t, &to, out[0], link[0], err);
}

int trainer_start(struct trainer *t, const struct launch_plan *plan,
		  const struct layout *layout, int local, const char *log_dir,
		  struct launch_environ *env, int pmi, struct fl_err *err)
{
	const char *path = environ_get(env, "TORCHELASTIC_ERROR_FILE");
	int rank = layout_own(layout)->first + local, page = -1, rc;

	*t = (struct trainer){ .rank = rank,
			       .local = local,
			       .role = launch_role(plan, rank),
			       .output = -1,
			       .link = -1,
			       .kills = fl_memory_kills() };
	snprintf(t->error_path, sizeof(t->error_path), "%s", path ? path : "");
	rc = open_log(t, log_dir, layout->attempt, err);
	if (rc == 0)
		rc = page = open_status(t, err);
	if (rc >= 0)
		rc = start(t, plan, env, page, pmi, err);
	if (rc != 0)
		trainer_close(t); /* nobody else will: it did not start */
	return rc;
}

/* Hand on the lines that are whole; a rest waits for its end, but not for ever. */
static void hand_lines(struct trainer *t, bool rest, trainer_lines_fn lines,
		       void *ctx)
{
	const char *last = t->line.len > 0
				   ? memrchr(t->line.data, '\n', t->line.len)
				   : NULL;
	size_t n = last ? (size_t)(last - t->line.data) + 1 : 0;

	/* A program that never ends its lines is handed on in pieces. */
	if (rest || t->line.len > 65536)
		n = t->line.len;
	if (n == 0)
		return;
	lines(ctx, t, t->line.data, n);
	t->line.len -= n;
	t->line_since = t->line_at;
	memmove(t->line.data, t->line.data + n, t->line.len);
}

/* A line without an end: a prompt that waits, or a bar that keeps moving. */
static bool is_due(struct trainer *t)
{
	double now = fl_now_s();

	if (t->line.len == 0)
		return false;
	if (memchr(t->line.data, '\r', t->line.len))
		return now - t->line_since > BAR_S;
	return now - t->line_at > PROMPT_S;
}

bool trainer_pump(struct trainer *t, bool show, trainer_lines_fn lines,
		  void *ctx)
{
	char buf[16384];
	ssize_t n;

	if (t->output < 0)
		return false;
	while ((n = read(t->output, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, t->log);
		/* At once: the report of a fault reads the log from the
		 * disk. */
		fflush(t->log);
		if (show) {
			fwrite(buf, 1, (size_t)n, stdout);
			fflush(stdout);
			fl_log_within_line(buf[n - 1] != '\n');
		}
		fl_str_addn(&t->line, buf, (size_t)n);
		t->line_at = fl_now_s();
		hand_lines(t, false, lines, ctx);
		if (t->line.len == 0)
			t->line_since = 0;
		else if (t->line_since == 0)
			t->line_since = t->line_at;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (is_due(t))
			hand_lines(t, true, lines, ctx);
		return true;
	}
	hand_lines(t, true, lines, ctx);
	close(t->output);
	t->output = -1;
	return false;
}

/* Faults of a program that said hello are restarted by default (verdict.c). */
static void note_line(struct trainer *t, enum agent_event event,
		      const struct json *line)
{
	struct agent_fault fault;

	if (event == AGENT_HELLO)
		t->speaks = true;
	if (event != AGENT_FAULT)
		return;
	record_read(&agent_fault_record, line, &fault);
	snprintf(t->fault, sizeof(t->fault), "%s", fault.text);
}

/* What is no line of JSON, or says what is not known here, is left. */
static void hear_line(struct trainer *t, const char *text, size_t size,
		      trainer_said_fn said, void *ctx)
{
	struct fl_err unread = FL_ERR_INIT;
	struct json *o = json_parse(text, size, "agent link", &unread);
	enum agent_event event = agent_line_event(o);

	if (event < AGENT_EVENTS) {
		note_line(t, event, o);
		said(ctx, t, event, o);
	}
	json_free(o);
}

/* All that is there first, then its whole lines: the last line of one that died
 * is read though its end is seen in the same call. */
void trainer_read_link(struct trainer *t, trainer_said_fn said, void *ctx)
{
	char buf[16384], *end;
	ssize_t n = -1;

	while (t->link >= 0 && (n = read(t->link, buf, sizeof(buf))) != 0) {
		if (n < 0)
			break;
		fl_str_addn(&t->link_text, buf, (size_t)n);
	}
	t->link_over |= n == 0;
	while (t->link_text.len > 0 &&
	       (end = memchr(t->link_text.data, '\n', t->link_text.len))) {
		size_t len = (size_t)(end - t->link_text.data);

		hear_line(t, t->link_text.data, len, said, ctx);
		t->link_text.len -= len + 1;
		memmove(t->link_text.data, end + 1, t->link_text.len);
	}
}

/* {"message": {"message": TEXT, ..}}, or {"message": TEXT}. */
void trainer_read_error(struct trainer *t)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o = NULL;
	const char *inner;

	if (!*t->fault && *t->error_path && fl_exists(t->error_path))
		o = json_read(t->error_path, &err);
	inner = json_text_or(json_get(o, "message"), "message", "");
	if (o)
		snprintf(t->fault, sizeof(t->fault), "%s",
			 json_text_or(o, "message", inner));
	json_free(o);
}

void trainer_tell(const struct trainer *t, enum agent_event event)
{
	struct fl_str s = FL_STR_INIT;

	if (t->link < 0)
		return;
	agent_line_print(event, NULL, &s);
	/* It never waits: the loop that calls this serves all trainers. */
	send(t->link, fl_str_get(&s), s.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	fl_str_release(&s);
}

void trainer_signal(const struct trainer *t, int number)
{
	/* one that was just forked has no group yet */
	if (t->pid > 0 && kill(-t->pid, number) != 0 && !t->leaderless)
		kill(t->pid, number);
}

int trainer_code(const struct trainer *t)
{
	if (WIFSIGNALED(t->wait_status))
		return 128 + WTERMSIG(t->wait_status);
	return WEXITSTATUS(t->wait_status);
}

void trainer_close(struct trainer *t)
{
	fl_close(&t->output);
	fl_close(&t->link);
	if (t->log)
		fclose(t->log);
	if (t->status)
		munmap(t->status, sizeof(*t->status));
	t->log = NULL;
	t->status = NULL;
	fl_str_release(&t->line);
	fl_str_release(&t->link_text);
}
