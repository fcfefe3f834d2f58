/* clock.h - monotonic seconds, for measuring and for bounding waits. */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

double fl_now_s(void);
void fl_sleep_s(double seconds);

#endif
