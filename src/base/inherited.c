/* inherited.c - called first by the mains of both programs, and by whoever
 * takes a signal or passes signals on to a program. */
#include "base/inherited.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

const int fl_stop_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXCPU, 0 };

/* Written once before main, by one thread; only read after that. */
static bool ignored[NSIG];

/* Before any library's constructor: UCX, which Open MPI 5 brings, takes SIGHUP
 * for its debugger when it is loaded, whatever nohup said. Sanitizers are not
 * there yet at that moment, so no instrumented code and none of libc's sigaction,
 * which they replace. The handler is the first member of the kernel's structure. */
__attribute__((no_sanitize("address", "undefined", "thread"))) static void
remember_ignored(void)
{
	for (int n = 1; n < NSIG; n++) {
		/* 128 bytes: more than the kernel's sigaction has anywhere. 8
		 * is the size of its signal mask. */
		void *is[16] = { NULL };

		if (syscall(SYS_rt_sigaction, n, NULL, is, (size_t)8) == 0)
			ignored[n] = is[0] == (void *)(uintptr_t)SIG_IGN;
	}
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const first_of_all)(void) =
	remember_ignored;

void fl_inherited_mend(void)
{
	int fd;

	for (int n = 1; n < NSIG; n++)
		if (ignored[n])
			signal(n, SIG_IGN); /* again: a library may have it */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
	/* The lowest free number is given out; without /dev/null (an empty
	 * root folder) a descriptor that takes no bytes keeps the place. */
	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			fd = open("/", O_PATH);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void fl_inherited_restore(void)
{
	static const int ours[] = { SIGPIPE, SIGXFSZ };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!ignored[ours[i]])
			signal(ours[i], SIG_DFL);
}

bool fl_inherited_ignored(int number)
{
	return ignored[number];
}
