/* agent_link.h - what a trainer tells the agent (fleetrun) that started it.
 *
 * What is told is in agent/lines.h. Where the agent's variables are absent every
 * call does nothing, so trainers need not know who started them.
 *
 * Threads: the training thread. Nothing here blocks, a full socket drops the
 * line; only agent_link_agree() waits, bounded.
 */
#ifndef FL_AGENT_AGENT_LINK_H
#define FL_AGENT_AGENT_LINK_H

#include "agent/lines.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

void agent_link_open(void);
/* Is there an agent? */
bool agent_link_is_open(void);
void agent_link_phase(int64_t step, const char *phase);
/* Around every collective operation, from any thread. */
void agent_link_enter(void);
void agent_link_leave(void);
/* Progress within a phase that takes long; from any thread. */
void agent_link_beat(void);
/* A training step has ended; seconds. */
void agent_link_step(double step_s, double data_s, double wait_s);
/* The sentence that the trainer ends with. */
void agent_link_fault(int status, const char *text);
/* One is on the disk, whole. */
void agent_link_checkpoint(int64_t step, const char *path);

void agent_link_model(const struct agent_model *model);

/* Its times are told to the nanosecond. */
void agent_link_pace(const struct agent_pace *pace);

/* Tell the agent, and wait for its word that all ranks said the same: within
 * limit_s (FL_ETIMEOUT), unless a signal came (FL_ETERM). Where they differ
 * the agents end the job. 0 at once without an agent. */
int agent_link_agree(const struct agent_item *items, int count, double limit_s,
		     struct fl_err *err);

#endif
