/* late_threads.so, for LD_PRELOAD: a thread other than the first acts on what poll() reports only
 * LATE_MS milliseconds later, as if other programs had the cores until then. */
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int (*real)(struct pollfd *, nfds_t, int);
	const char *late = getenv("LATE_MS");
	long end;
	int ready;

	*(void **)&real = dlsym(RTLD_NEXT, "poll");
	ready = real(fds, n, timeout);
	end = now_ms() + (late ? atol(late) : 0);
	while (ready > 0 && gettid() != getpid() && now_ms() < end)
		;
	return ready;
}
