/* picture_cache.h - decoded pictures of a training, kept in shared memory.
 *
 * The trainers of a job on one machine share them: a file in a folder of its
 * own below root (/dev/shm), which is theirs by base/owner.h. It grows with what
 * is put and never beyond its bound; pictures are never given up for others, for
 * an epoch needs each of them once. Whoever closes last removes the folder; what
 * a killed job left is removed by the next one that opens a cache.
 *
 * A picture comes out as it went in, so a training has the same bits with a
 * cache and without. A process that is killed while it puts a picture costs that
 * picture's place and nothing else.
 *
 * Threads: get and put from any thread, and any process of the job.
 */
#ifndef FL_DATA_PICTURE_CACHE_H
#define FL_DATA_PICTURE_CACHE_H

#include "data/dataset.h"
#include "image/image.h"

struct picture_cache;

#define PICTURE_CACHE_ROOT "/dev/shm"

/* At most mib MiB for the pictures of data, which is borrowed; less where the
 * file system or the memory has less. job: the word that all its processes
 * have, "": this process is the job. FL_EIO with a reason where there can be
 * none; nothing is left behind then. */
int picture_cache_open(const char *root, const char *job,
		       const struct dataset *data, int64_t mib,
		       struct picture_cache **out, struct fl_err *err);
/* NULL is nothing to close. */
void picture_cache_close(struct picture_cache *c);

/* False: it is not there, and the caller decodes it. With NULL always. */
bool picture_cache_get(struct picture_cache *c, int index, struct image *out);
/* Keeps it if there is room, and nobody else has. */
void picture_cache_put(struct picture_cache *c, int index,
		       const struct image *picture);

struct picture_cache_state {
	int64_t bytes, limit; /* taken by pictures; of the whole file */
	int pictures;
	bool full;
};
struct picture_cache_state picture_cache_state(const struct picture_cache *c);

#endif
