#include "pace.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#define SLICE 2e-3
#define GRACE 5e-3

static double read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void burn(double seconds)
{
	double end = read_clock(CLOCK_THREAD_CPUTIME_ID) + seconds;

	while (read_clock(CLOCK_THREAD_CPUTIME_ID) < end)
		for (volatile int i = 0; i < 200; i++)
			;
}

static void sleep_until(double time)
{
	struct timespec t = { .tv_sec = (time_t)time };

	t.tv_nsec = (long)((time - (double)t.tv_sec) * 1e9);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) ==
	       EINTR)
		;
}

static double timetable;

void pace_anew(void)
{
	prctl(PR_SET_TIMERSLACK, 1000UL);
	timetable = read_clock(CLOCK_MONOTONIC);
}

void pace(double seconds, double share)
{
	while (seconds > 0) {
		double slice = seconds < SLICE ? seconds : SLICE, now;

		burn(share * slice);
		timetable += slice;
		seconds -= slice;
		sleep_until(timetable);
		now = read_clock(CLOCK_MONOTONIC);
		if (timetable < now - GRACE)
			timetable = now - GRACE;
	}
}
