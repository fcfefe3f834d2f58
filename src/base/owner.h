/* owner.h - a folder that belongs to one job at a time.
 *
 * Whoever is about to write to a folder takes it first and holds it until its
 * end. A file "owner" in the folder says who that is (host, process, command,
 * since when) and carries a lock (flock), which the system takes back when the
 * process ends in whatever way, also after a power cut; over NFS the server
 * keeps it for all clients. Where a file system has no locks, the file's words
 * are judged: a process of this machine that is gone owns nothing, one of
 * another machine is believed.
 *
 *     struct fl_owner own;
 *     int rc = fl_owner_take(&own, folder, job, 0, &err);
 *     if (rc == FL_OWNER_OTHER)   another place, or a sentence with own.holder
 *     else if (rc < 0)            the folder cannot be written; err says why
 *     ... write ...
 *     fl_owner_release(&own);     removes the file
 *
 * The folder itself is locked beside the file, where the file system can, for
 * people remove files that they do not know.
 *
 * The folder must exist. It may be renamed while it is held: the lock goes with
 * it. A process that forks keeps the lock as long as its children without an
 * exec live.
 *
 * Threads: any, one at a time for each struct.
 */
#ifndef FL_BASE_OWNER_H
#define FL_BASE_OWNER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define FL_OWNER_FILE "owner"
#define FL_OWNER_OTHER 1 /* somebody else who lives has it */

struct fl_owner {
	int fd;	    /* of the file; -1: nothing is held */
	int folder; /* a descriptor, so that a new name does not matter */
	/* After FL_OWNER_OTHER, for a sentence: "process 812 on node1
	 * (fleetrun flotilla train ..), since 2026-11-30 03:10:12". */
	char holder[512];
};

/* What several processes of one job may hold together. */
#define FL_OWNER_SHARED 1

/* 0: the folder is ours. job: a word that is the same for all processes of one
 * job and for no other job (AGENT_JOB_VARIABLE tells a trainer),
 * or "": where a process of the same job is found to
 * have it (an earlier attempt on a machine that was cut off, or with
 * FL_OWNER_SHARED a neighbour), the folder is ours too. Waits at most a
 * second. */
int fl_owner_take(struct fl_owner *o, const char *folder, const char *job,
		  int flags, struct fl_err *err);
/* The same, and FL_EUSAGE with a sentence where somebody else has it. instead: what
 * to do then. */
int fl_owner_claim(struct fl_owner *o, const char *folder, const char *job,
		   int flags, const char *instead, struct fl_err *err);
/* For whoever only looks: does somebody have the folder, as far as the words tell?
 * holder: who, or "". No lock is tried, since its owner could meet it. One on
 * another machine is believed, for ever where it was killed. */
bool fl_owner_look(const char *folder, char *holder, size_t size);
/* Gives it back; after anything but 0 of take, nothing. */
void fl_owner_release(struct fl_owner *o);

#endif
