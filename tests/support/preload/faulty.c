/* faulty.so, for LD_PRELOAD: one chosen system call of one rank goes wrong, so that tests end a
 * program at an exact moment instead of hoping for it.
 *
 *     FAULTY=CALL:PATH:N:ACTION   the N-th CALL (open, write, fsync, rename) on a path that holds
 *                                 PATH; ACTION is KILL (this process), KILL-JOB (its parent
 *                                 first), TERM or INT (to its parent), or the name of an error
 *                                 (ENOSPC, EACCES) that this call and all later ones fail with,
 *                                 or SLOWn: they take n ms, as on a slow disk
 *     FAULTY_RANK=R               in rank R alone (default 0)
 *     FAULTY_ONCE=1               not in an attempt that follows a fault */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static atomic_int matched;

static bool in_rank(void)
{
	const char *rank = getenv("RANK"), *want = getenv("FAULTY_RANK");
	const char *attempt = getenv("FLOTILLA_ATTEMPT");

	if (getenv("FAULTY_ONCE") && attempt && strcmp(attempt, "0") != 0)
		return false;
	return rank && strcmp(rank, want ? want : "0") == 0;
}

static int fail_with(int number)
{
	errno = number;
	return -1;
}

static int sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	return nanosleep(&t, NULL) * 0;
}

/* 0, or -1 and errno where the call is to fail. */
static int pass(const char *call, const char *path)
{
	char what[16], part[256], action[16];
	const char *order = getenv("FAULTY");
	int at, n;

	if (!order || !in_rank() ||
	    sscanf(order, "%15[^:]:%255[^:]:%d:%15s", what, part, &at,
		   action) != 4 ||
	    strcmp(what, call) != 0 || !strstr(path, part))
		return 0;
	n = atomic_fetch_add(&matched, 1) + 1;
	if (n < at)
		return 0;
	if (strcmp(action, "ENOSPC") == 0)
		return fail_with(ENOSPC);
	if (strcmp(action, "EACCES") == 0)
		return fail_with(EACCES);
	if (strncmp(action, "SLOW", 4) == 0)
		return sleep_ms(atoi(action + 4));
	if (n > at)
		return 0;
	if (strcmp(action, "TERM") == 0 || strcmp(action, "INT") == 0)
		return kill(getppid(), *action == 'T' ? SIGTERM : SIGINT);
	if (strcmp(action, "KILL-JOB") == 0)
		kill(getppid(), SIGKILL);
	return kill(getpid(), SIGKILL);
}

static const char *path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
	return path;
}

/* The real function behind the one that is defined here. */
static void real(const char *name, void *out)
{
	void *f = dlsym(RTLD_NEXT, name);

	memcpy(out, &f, sizeof(f));
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...);
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	real("open", &next);
	return pass("open", path) != 0 ? -1 : next(path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	ssize_t (*next)(int, const void *, size_t);
	char path[PATH_MAX];

	real("write", &next);
	return pass("write", path_of(fd, path)) != 0 ? -1
						     : next(fd, bytes, size);
}

int fsync(int fd)
{
	int (*next)(int);
	char path[PATH_MAX];

	real("fsync", &next);
	return pass("fsync", path_of(fd, path)) != 0 ? -1 : next(fd);
}

int rename(const char *from, const char *to)
{
	int (*next)(const char *, const char *);

	real("rename", &next);
	return pass("rename", to) != 0 ? -1 : next(from, to);
}
