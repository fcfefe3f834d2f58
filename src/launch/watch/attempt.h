/* attempt.h - what a watch sees of the attempt that runs.
 *
 * Watches know nothing of the fleet's states: they see the plan, the layout and
 * this machine's trainers, send by the post, and report faults.
 *
 * Ownership: all of it is borrowed and outlives the watches.
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_ATTEMPT_H
#define FL_LAUNCH_ATTEMPT_H

#include "launch/job/fault.h"
#include "launch/job/job.h"
#include "launch/link/post.h"

struct preflight;

struct attempt {
	const struct launch_options *options;
	const struct launch_plan *plan;
	const struct layout *layout;
	const struct job *job; /* the trainers of this machine */
	const struct post *post;
	struct preflight *preflight; /* what was found; NULL: nothing yet */
	void *ctx;
	/* Something ends this attempt; the report is the callee's. */
	void (*fault)(void *ctx, struct json *report);
};

/* The machine at this seat, and a rank's machine and device. */
const char *attempt_host(const struct attempt *a, int seat);
const char *attempt_host_of(const struct attempt *a, int rank);
int attempt_device_of(const struct attempt *a, int rank);

/* Who stands still, as every machine knows it: what --stall_policy asks for. */
void attempt_stalled(const struct attempt *a, const char *text);

#endif
