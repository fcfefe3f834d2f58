/* signals.c - handlers that set a flag, for loops that look at it.
 *
 * What the shell has made deaf stays so: a watching under nohup outlives its
 * terminal. */
#include "watch/signals.h"

#include <stddef.h>

static volatile sig_atomic_t ended, stopped, resized;

static const int caught[SIGNALS_CAUGHT] = { SIGINT,  SIGTERM,  SIGHUP,
					    SIGTSTP, SIGWINCH, SIGQUIT };

static void on_signal(int number)
{
	if (number == SIGTSTP)
		stopped = 1;
	else if (number == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

void signals_catch(struct signals *s)
{
	struct sigaction a = { .sa_handler = on_signal };

	ended = stopped = resized = 0;
	sigemptyset(&a.sa_mask);
	for (int i = 0; i < SIGNALS_CAUGHT; i++) {
		sigaction(caught[i], NULL, &s->old[i]);
		if (s->old[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &a, NULL);
	}
}

void signals_let(const struct signals *s)
{
	for (int i = 0; i < SIGNALS_CAUGHT; i++)
		sigaction(caught[i], &s->old[i], NULL);
}

bool signals_ended(void)
{
	return ended;
}

bool signals_take_stop(void)
{
	bool was = stopped;

	stopped = 0;
	return was;
}

bool signals_take_resize(void)
{
	bool was = resized;

	resized = 0;
	return was;
}
