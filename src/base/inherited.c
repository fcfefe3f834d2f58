/* inherited.c - called first by the mains of both programs, and by whoever
 * takes a signal or passes signals on to a program. */
#include "base/inherited.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static sigset_t ignored;

static void remember_ignored(void)
{
	struct sigaction is;

	sigemptyset(&ignored);
	for (int n = 1; n < NSIG; n++)
		if (sigaction(n, NULL, &is) == 0 && is.sa_handler == SIG_IGN)
			sigaddset(&ignored, n);
}

void fl_inherited_mend(void)
{
	int fd;

	remember_ignored();
	signal(SIGCHLD, SIG_DFL);
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

bool fl_inherited_ignored(int number)
{
	return sigismember(&ignored, number) == 1;
}
