/* terminal.c - see terminal.h. job.c asks for the input of each trainer.
 *
 * A fleetrun in the background gives the terminal to nobody: two programs would
 * share what is typed for the one in front. */
#include "launch/job/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool noted;

static bool in_front(void)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void terminal_open(void)
{
	noted = in_front() && tcgetattr(STDIN_FILENO, &before) == 0;
}

int terminal_input(bool first)
{
	int fd = -1;

	if (first && (!isatty(STDIN_FILENO) || in_front()))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd >= 0 ? fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void terminal_close(void)
{
	if (noted && in_front())
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	noted = false;
}
