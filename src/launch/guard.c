#include "launch/guard.h"

#include "launch/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Reads process groups, one pid_t each; 0 means go in peace. When the pipe
 * ends without it, fleetrun is dead. */
static _Noreturn void watch(int pipe_end)
{
	pid_t groups[LAUNCH_MAX_TRAINERS], next;
	int count = 0;

	while (read(pipe_end, &next, sizeof(next)) == sizeof(next)) {
		if (next == 0)
			_exit(0);
		if (count < LAUNCH_MAX_TRAINERS)
			groups[count++] = next;
	}
	for (int i = 0; i < count; i++)
		kill(-groups[i], SIGKILL);
	_exit(0);
}

int guard_start(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		sigset_t all;

		setsid();
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		prctl(PR_SET_NAME, "fleetrun-guard");
		dup2(ends[0], 3);
		/* nothing of ours stays open in it, the console neither */
		close_range(4, ~0U, 0);
		close(0);
		close(1);
		close(2);
		watch(3);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return -1;
	}
	return ends[1];
}

void guard_add(int guard, pid_t group)
{
	/* a full pipe is impossible: a few bytes a trainer */
	if (guard >= 0 && write(guard, &group, sizeof(group)) < 0)
		return;
}

void guard_dismiss(int guard)
{
	pid_t peace = 0;

	if (guard < 0)
		return;
	guard_add(guard, peace);
	close(guard);
}
