/* fault.h - what went wrong, as one report for every machine.
 *
 * A report is a JSON object, made where the fault was seen: "kind" ("trainer",
 * "machine", "agent"), "host", "status", "end" (what happened, in words), and
 * for a trainer "rank", "device", "fault" (its own sentence), "phase", "step",
 * "log" and "tail" (the last lines of it).
 *
 * A verdict is what follows from it: "fault", "others" (what the other trainers
 * were at), "restart", "restarts", "code", "note".
 */
#ifndef FL_LAUNCH_FAULT_H
#define FL_LAUNCH_FAULT_H

#include "launch/job/trainer.h"

/* why: a sentence where the exit status does not tell it. */
struct json *fault_of_trainer(const struct launch_plan *plan,
			      const struct layout *layout,
			      const struct trainer *t, const char *why,
			      int code);
/* A machine, or its agent. */
struct json *fault_of_machine(const char *kind, const char *host,
			      const char *end, int code);
/* What a trainer is at, as "rank 3 (10.0.0.2, device 1) was in ..."; false when
 * it does not tell. */
bool fault_where(const struct launch_plan *plan, const struct layout *layout,
		 const struct trainer *t, struct fl_str *out);
/* What happened to whom, as one line. */
void fault_line(const struct json *fault, struct fl_str *out);
/* Two faults with the same key are the same fault. "" for one that somebody
 * else caused: a signal from outside, a lost machine. */
void fault_key(const struct json *fault, struct fl_str *out);
/* Print a verdict and write it as <log_dir>/fault.json. */
void fault_print(const struct json *verdict, const char *log_dir);

#endif
