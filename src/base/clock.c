/* Time that never jumps. Every duration, deadline and pace of both programs is
 * measured with it, never with the time of day, which an administrator or a time
 * server may set while a job runs. */
#include "base/clock.h"

#include <time.h>

double fl_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A signal may end the sleep early; whoever has a bound asks fl_now_s again. */
void fl_sleep_s(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}
