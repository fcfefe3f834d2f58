/* signals.h - what a person at the terminal asks of a watching: to end, to stop
 * for a while, to fit another window.
 *
 * Threads: the main one.
 */
#ifndef FL_WATCH_SIGNALS_H
#define FL_WATCH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#define SIGNALS_CAUGHT 6

struct signals {
	struct sigaction old[SIGNALS_CAUGHT];
};

void signals_catch(struct signals *s);
void signals_let(const struct signals *s);
/* Ctrl-C, or another word to end. */
bool signals_ended(void);
/* Ctrl-Z, and a window of another size: true once for each. */
bool signals_take_stop(void);
bool signals_take_resize(void);

#endif
