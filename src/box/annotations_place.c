/* annotations_place.c - where the index of an annotation file lies, what it is known
 * by, and how many indices there may be. Called by annotations_read() and by the
 * writer of indices. */
#include "box/annotations_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/version.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* The number changes with the layout of an index and with what the reader makes of a
 * file; another release reads for itself anyway. */
#define MAGIC "flotilla annotations 3 " FLOTILLA_VERSION
#define FOLDER "annotations"
/* Bytes digested at both ends, where writers put what differs, and at places between. */
#define END ((size_t)64 << 10)
#define PLACES 62
#define PLACE ((size_t)4 << 10)
/* The clock that stamps files ticks every 4 to 10 ms: a file stamped so lately may
 * change once more and keep its stamp, so that long is waited first. */
#define FRESH_S 0.1
#define ROOM_FACTOR 4 /* of an index, that must be free on the disk */
/* A temporary file this old is of a run that was killed. */
#define LEFT_S (24 * 3600)
#define MOST_INDICES 1024

/* A sample, as all of it would take as long as reading: the times of the file
 * and its inode are in the key as well. */
static void digest_bytes(const struct fl_map *file,
			 unsigned char bytes[FL_DIGEST_BYTES])
{
	size_t end = file->size < END ? file->size : END;
	struct fl_digest digest;

	fl_digest_init(&digest);
	fl_digest_update(&digest, file->data, end);
	fl_digest_update(&digest, file->data + file->size - end, end);
	for (size_t i = 1; file->size > PLACES * PLACE && i < PLACES; i++)
		fl_digest_update(&digest, file->data + file->size / PLACES * i,
				 PLACE);
	fl_digest_final(&digest, bytes);
}

/* Seconds since the last change of what the system keeps of a file. */
static double age_of(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - st->st_ctim.tv_sec) +
	       1e-9 * (double)(now.tv_nsec - st->st_ctim.tv_nsec);
}

bool annotations_key_make(const char *path, const struct fl_map *file,
			  struct annotations_key *key)
{
	double age = 0;
	struct stat st;

	memset(key, 0, sizeof(*key));
	/* A clock of another machine that goes ahead is not waited for. */
	for (int i = 0; i < 2 && age >= 0 && age < FRESH_S; i++) {
		if (i > 0)
			fl_sleep_s(FRESH_S - age);
		if (stat(path, &st) != 0 || (uint64_t)st.st_size != file->size)
			return false;
		age = age_of(&st);
	}
	if (age < FRESH_S)
		return false;
	snprintf(key->magic, sizeof(key->magic), "%s", MAGIC);
	key->size = file->size;
	key->inode = st.st_ino;
	key->modified[0] = st.st_mtim.tv_sec;
	key->modified[1] = st.st_mtim.tv_nsec;
	key->changed[0] = st.st_ctim.tv_sec;
	key->changed[1] = st.st_ctim.tv_nsec;
	digest_bytes(file, key->bytes);
	key->order = 0x0102030405060708u;
	return true;
}

bool annotations_place_of(const char *path, char *index, size_t size)
{
	char real[PATH_MAX], hex[FL_DIGEST_HEX], name[FL_DIGEST_HEX + 32];

	if (!realpath(path, real))
		return false;
	fl_digest_hex_of(real, strlen(real), hex);
	/* By the digest of its real path: two names of one file share an
	 * index. */
	snprintf(name, sizeof(name), FOLDER "/%.32s.index", hex);
	return fl_cache_path(index, size, name);
}

struct kept {
	char name[NAME_MAX + 1];
	time_t used;
	uint64_t bytes;
};

/* Of the two times the later: reading may be left unstamped. */
static bool look_at(int folder, const char *name, struct kept *out)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	*out = (struct kept){ .used = st.st_atime > st.st_mtime ? st.st_atime
								: st.st_mtime,
			      .bytes = (uint64_t)st.st_size };
	snprintf(out->name, sizeof(out->name), "%s", name);
	return true;
}

/* By last use, since an index that is read often is worth its room. */
static int oldest_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

/* The indices of the folder into list, their bytes; what was left half-written goes. */
static size_t look_through(DIR *folder, struct kept *list, uint64_t *bytes)
{
	time_t now = time(NULL);
	struct dirent *e;
	size_t count = 0;

	*bytes = 0;
	while (count < MOST_INDICES && (e = readdir(folder))) {
		struct kept *k = &list[count];
		const char *dot = strstr(e->d_name, ".index");

		if (!dot || !look_at(dirfd(folder), e->d_name, k))
			continue;
		if (strcmp(dot, ".index") == 0) {
			*bytes += k->bytes;
			count++;
		} else if (now - k->used > LEFT_S) {
			unlinkat(dirfd(folder), k->name, 0);
		}
	}
	return count;
}

/* Old ones go until this one fits below the bound of all; its own older self is
 * written over and counts no more. */
static void make_room(const char *folder, const char *own, uint64_t bytes)
{
	struct kept *list = fl_calloc(MOST_INDICES, sizeof(*list));
	DIR *d = opendir(folder);
	uint64_t all = 0;
	size_t count = 0;

	if (d)
		count = look_through(d, list, &all);
	qsort(list, count, sizeof(*list), oldest_first);
	for (size_t i = 0; i < count && all + bytes > ANNOTATIONS_STORE_MOST;
	     i++) {
		if (strcmp(list[i].name, own) != 0)
			unlinkat(dirfd(d), list[i].name, 0);
		all -= list[i].bytes;
	}
	if (d)
		closedir(d);
	free(list);
}

bool annotations_place_ready(const char *index, uint64_t bytes)
{
	const char *name = fl_base_name(index);
	struct fl_err err = FL_ERR_INIT;
	char folder[PATH_MAX];
	struct statvfs vfs;

	snprintf(folder, sizeof(folder), "%.*s", (int)(name - index), index);
	if (bytes > ANNOTATIONS_STORE_MOST || fl_make_dirs(folder, &err) != 0)
		return false;
	make_room(folder, name, bytes);
	return statvfs(folder, &vfs) == 0 &&
	       (uint64_t)vfs.f_bavail * vfs.f_frsize / ROOM_FACTOR >= bytes;
}
