/* copies.h - this machine's copies of the job's checkpoints.
 *
 * A trainer reports a checkpoint; its agent keeps it under a name of its own
 * (a second name of the same file where the file system allows), takes its
 * digest and tells the others. Each machine fetches it from the one before it
 * in the list, so that all hold the newest one and no link carries it twice;
 * what arrives is only kept if its digest is right. The two newest are kept, in
 * log_dir, until the job ends well.
 *
 * Nothing blocks: a megabyte a turn is read, hashed, sent.
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_COPIES_H
#define FL_LAUNCH_COPIES_H

#include "base/digest.h"
#include "launch/link/peers.h"
#include "text/record.h"

/* A checkpoint, whoever holds it. step 0: none. */
struct copy_name {
	int64_t step, size;
	char digest[FL_DIGEST_HEX];
};

extern const struct record copy_name_record;
/* After a reading: step 0 unless step, size and a whole digest were there. */
void copy_name_settle(struct copy_name *name);

struct copies;

/* index: of this machine, which may share its disk with others. hosts: how
 * many machines there are. */
struct copies *copies_new(const char *log_dir, int index, int hosts);
/* keep: leave the files for an agent that is started anew. */
void copies_free(struct copies *c, bool keep);

/* From here on it is about this job. */
void copies_name(struct copies *c, const char *job);
/* Its start has succeeded: files of earlier jobs are deleted. */
void copies_begin(struct copies *c);
/* Take over the file of an earlier agent, if it is there and its digest is
 * right (this reads all of it). */
void copies_recall(struct copies *c, const char *job,
		   const struct copy_name *name);
/* The newest that is whole and verified. */
const struct copy_name *copies_newest(const struct copies *c);
/* The newest that is on its way here. */
int64_t copies_coming(const struct copies *c);
bool copies_have(const struct copies *c, const struct copy_name *name);
void copies_path(const struct copies *c, const struct copy_name *name,
		 char *buf, size_t size);

/* A trainer of this machine wrote it. */
void copies_add(struct copies *c, int64_t step, const char *path);
void copies_fetch(struct copies *c, struct peers *peers, int from,
		  const struct copy_name *name);
/* Another machine wants one; a piece of one came; a machine has gone. */
void copies_heard_get(struct copies *c, int host, const struct json *o);
void copies_heard_chunk(struct copies *c, int host,
			const struct wire_frame *frame);
void copies_left(struct copies *c, int host);
/* Work on; true: there is more to do at once. *news is set when a newer one
 * has become whole. */
bool copies_turn(struct copies *c, struct peers *peers, bool *news);

#endif
