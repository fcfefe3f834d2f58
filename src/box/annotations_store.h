/* annotations_store.h - the tables of a huge annotation file, kept as they lie in
 * memory, so that it opens at once the second time.
 *
 * An index lies in ${XDG_CACHE_HOME:-~/.cache}/flotilla/annotations, named by a
 * digest of the file's path. It counts only for the very file it was made of (struct
 * annotations_key), as this program lays the tables out, and whole: every part of it
 * has a sum. Anything else is as if it were not there; the file is read and the index
 * made anew. Where there is no place for it, nothing is kept and nothing said.
 *
 * Threads: as annotations_read(); processes may load and save one index at a time, each
 * finds a whole one or none.
 */
#ifndef FL_BOX_ANNOTATIONS_STORE_H
#define FL_BOX_ANNOTATIONS_STORE_H

#include "base/digest.h"
#include "base/file.h"
#include "box/annotations.h"

/* Smaller files are read sooner than asked about. */
#define ANNOTATIONS_STORE_LEAST ((size_t)64 << 20)

/* What must agree between file, program and index. No padding. */
struct annotations_key {
	char magic[32];
	uint64_t size, inode;		 /* of the file */
	int64_t modified[2], changed[2]; /* seconds, nanoseconds */
	unsigned char
		bytes[FL_DIGEST_BYTES]; /* of both ends and places between */
	uint64_t box, image, category;	/* bytes of the tables' rows */
	uint64_t order;			/* of bytes in numbers */
};

/* False where the file is not what was mapped any more, or changes right now. */
bool annotations_key_make(const char *path, const struct fl_map *file,
			  struct annotations_key *key);
/* False: there is none that counts. */
bool annotations_store_load(const char *path, const struct annotations_key *key,
			    struct annotations *out);
/* Keeps the tables if the file still has its key, and if the disk has four times the
 * room for them; a failure is no one's loss and silent. Older indices go where all of
 * them together are larger than ANNOTATIONS_STORE_MOST. */
#define ANNOTATIONS_STORE_MOST ((uint64_t)16 << 30)
void annotations_store_save(const char *path, const struct fl_map *file,
			    const struct annotations_key *key,
			    const struct annotations *a);

/* annotations_place.c. The index of a file; false where there is none to be had. */
bool annotations_place_of(const char *path, char *index, size_t size);
/* May an index of so many bytes be written there? Makes its folder, and removes what
 * was left by runs that were killed, and older indices beyond ANNOTATIONS_STORE_MOST. */
bool annotations_place_ready(const char *index, uint64_t bytes);

#endif
