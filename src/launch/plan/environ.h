/* environ.h - the environment of a trainer: a copy of ours without what other
 * launchers left, with both dialects of rank and size, and with Open MPI's
 * settings unless the user made them. Reasons: docs/launch-protocol.md. */
#ifndef FL_LAUNCH_ENVIRON_H
#define FL_LAUNCH_ENVIRON_H

#include "launch/plan/layout.h"

struct launch_environ {
	char **list; /* NULL-terminated, for execve */
	int count, cap;
};

/* local: which trainer of this machine. shm: private folder for MPI's shared
 * memory. */
void environ_make(struct launch_environ *env, const struct launch_plan *plan,
		  const struct layout *layout, int local, const char *shm);
/* Replaces or adds; 'keep' leaves a value that is there. */
void environ_set(struct launch_environ *env, const char *name,
		 const char *value, bool keep);
const char *environ_get(const struct launch_environ *env, const char *name);
void environ_release(struct launch_environ *env);

#endif
