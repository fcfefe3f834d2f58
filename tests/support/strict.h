/* strict.h - a device that forgives nothing, to prove that the program would run
 * on a card. Its operations are those of device/ref; its memory and its order are
 * a card's, at their worst:
 *
 *   - device memory is closed: the host that reads or writes it dies of SIGSEGV;
 *   - new memory is NaN, freed memory stays closed for ever;
 *   - work is done as late as possible, when the host waits for it, and in any
 *     order that queues and marks allow, drawn from a seed. What write was given
 *     is read at that moment, not at the call;
 *   - while work is recorded nothing may wait.
 *
 * Opened as "strict" or "strict:N", N being the seed.
 */
#ifndef FL_TESTS_SUPPORT_STRICT_H
#define FL_TESTS_SUPPORT_STRICT_H

#include "device/device.h"

extern const struct device strict_device;

/* Counts since the device was opened. */
struct strict_counts {
	long work, waits;
};
struct strict_counts strict_counts(const struct dev *d);

/* --- for strict_ops.c --- */

#define STRICT_MAPS 5
#define STRICT_POINTERS 9
#define STRICT_NUMBERS 5

struct strict_work;
typedef void strict_run_fn(struct strict_work *w);

/* One call: what it was given, by value. */
struct strict_work {
	strict_run_fn *run;
	struct tensor maps[STRICT_MAPS];
	bool has[STRICT_MAPS]; /* an optional map was given */
	void *pointers[STRICT_POINTERS];
	double numbers[STRICT_NUMBERS];
	size_t count;
	struct dev_branch branches[DEV_MAX_BRANCHES];
	struct dev_norm norm;
};

/* Queues the work; the caller fills it in. */
struct strict_work *strict_add(struct dev_queue *q, strict_run_fn *run);

extern const struct dev_ops strict_ops;

#endif
