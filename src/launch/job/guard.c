/* guard.c - the process that outlives a fleetrun which was killed.
 *
 * job.c starts it before PMIx has threads, names each trainer's group to it, and
 * dismisses it at the end. It reads a pipe and nothing else: when the pipe ends
 * without a dismissal, fleetrun is dead, and the groups are killed.
 */
#include "launch/job/guard.h"

#include "launch/plan/plan.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Reads process groups, one pid_t each; 0 means go in peace, -1 that all named
 * so far are gone. When the pipe ends without 0, fleetrun is dead. */
static _Noreturn void watch(int pipe_end)
{
	pid_t groups[LAUNCH_MAX_TRAINERS], next;
	int count = 0;

	while (read(pipe_end, &next, sizeof(next)) == sizeof(next)) {
		if (next == 0)
			_exit(0);
		if (next < 0)
			count = 0;
		else if (count < LAUNCH_MAX_TRAINERS)
			groups[count++] = next;
	}
	for (int i = 0; i < count; i++)
		kill(-groups[i], SIGKILL);
	_exit(0);
}

/* Write the name over the command line that was inherited from fleetrun. Fields
 * 48 and 49 of stat are where it begins and ends; the second field, the name in
 * parentheses, may hold spaces. */
static void change_name(void)
{
	char text[1024], *at;
	uintptr_t first = 0, last = 0;
	size_t n = 0;
	FILE *file = fopen("/proc/self/stat", "re");

	prctl(PR_SET_NAME, GUARD_NAME);
	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 3; at && (at = strchr(at, ' ')) != NULL; field++) {
		at++;
		if (field == 48)
			first = strtoull(at, NULL, 10);
		if (field == 49)
			last = strtoull(at, NULL, 10);
	}
	if (first == 0 || last <= first)
		return;
	memset((void *)first, 0, last - first);
	snprintf((char *)first, last - first, "%s", GUARD_NAME);
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

		/* Neither the terminal's signals nor those to fleetrun's
		 * process group reach it, and no other can end it but
		 * SIGKILL. */
		setsid();
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		change_name();
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

void guard_forget(int guard)
{
	guard_add(guard, -1);
}

void guard_dismiss(int guard)
{
	pid_t peace = 0;

	if (guard < 0)
		return;
	guard_add(guard, peace);
	close(guard);
}
