/* agent_link.h - what a trainer tells the agent (fleetrun) that started it.
 *
 * FLOTILLA_AGENT_FD names a socket for lines of JSON, FLOTILLA_STATUS the
 * descriptor of a shared page. Where they are absent every call does nothing, so
 * trainers need not know who started them. docs/launch-protocol.md has the
 * format.
 *
 * Threads: the training thread. Nothing here blocks: a full socket drops the
 * line.
 */
#ifndef FL_BASE_AGENT_LINK_H
#define FL_BASE_AGENT_LINK_H

#include <stdint.h>

#define AGENT_FD_VARIABLE "FLOTILLA_AGENT_FD"
#define AGENT_STATUS_VARIABLE "FLOTILLA_STATUS"

/* The shared page; the trainer writes, the agent reads. */
struct agent_status {
	uint32_t version; /* 1 */
	int64_t step;
	char phase[32]; /* "data", "step", "eval", "checkpoint" */
};

void agent_link_open(void);
void agent_link_phase(int64_t step, const char *phase);
/* {"event":"fault","status":3,"text":"..."} */
void agent_link_fault(int status, const char *text);
/* {"event":"checkpoint","step":360,"path":"..."} */
void agent_link_checkpoint(int64_t step, const char *path);

#endif
