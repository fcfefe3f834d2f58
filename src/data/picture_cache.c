/* picture_cache.c - a file of pictures that several processes fill and read.
 *
 * The file is a head, a place for each image of the data set, and bytes that are
 * handed out from the front and never taken back. Nothing is locked, so that a
 * process may be killed anywhere: a place is claimed, its bytes are reserved,
 * allocated (posix_fallocate: a full /dev/shm is an answer, and not a SIGBUS at
 * the first touch), written, and only then shown by the place's offset. What is
 * found in a place is checked against the bounds of the file before use.
 *
 * Called by the loader. A picture's place remembers its path by a hash, so that
 * a job whose recipe changed between two attempts finds nothing of the other's.
 */
#include "data/picture_cache.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/owner.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PREFIX "flotilla.pictures."
#define FILE_NAME "pictures"
#define MAGIC 0x31656863616366u /* "fcache1" */
#define TAKE_TRIES 20
#define ALIGN 64 /* a picture begins on a line of the caches */
/* Of what is free, the pictures may take three quarters: maps, the other
 * programs and the page cache need the rest. */
#define SHARE(free) ((free) / 4 * 3)

/* In the file, so in every process at another address: offsets, no pointers. */
struct cache_head {
	uint64_t magic, size; /* of the file */
	uint64_t count;	      /* images */
	uint64_t first;	      /* byte where pictures begin */
	atomic_ullong next;   /* byte that is free */
	atomic_ullong taken;  /* bytes of pictures */
	atomic_uint pictures, full;
};

/* claimed is never taken back: who dies between the claim and 'at' leaves a
 * picture that is decoded each time. */
struct cache_place {
	atomic_uint claimed;
	atomic_uint w, h;
	atomic_ullong path; /* hash */
	atomic_ullong at;   /* 0: nothing yet */
};

struct picture_cache {
	const struct dataset *data;
	struct fl_owner owner;
	char folder[PATH_MAX], job[64];
	int fd;
	struct cache_head *head; /* the mapped file */
	struct cache_place *places;
	uint64_t size;
};

static uint64_t aligned(uint64_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* /dev/shm is everyone's: a link or a folder that another user made under our
 * name is not followed. */
static bool is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

/* Removes a folder that is ours alone. */
static void remove_folder(const char *folder, struct fl_owner *own)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL)
		if (fl_starts_with(entry->d_name, FILE_NAME))
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	/* Its own file lies in the folder too and goes with it. */
	fl_owner_release(own);
	rmdir(folder);
}

/* What jobs of this user left that no longer live. Not our own folder, which a
 * neighbour may have made just now, and in which an earlier attempt of the job
 * may have left what we want. */
static void sweep(const char *root, const char *own_folder)
{
	DIR *d = opendir(root);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		struct fl_err err = FL_ERR_INIT;
		char path[PATH_MAX];
		struct fl_owner own;

		if (!fl_starts_with(entry->d_name, PREFIX) ||
		    fl_join(path, sizeof(path), root, entry->d_name, &err) !=
			    0 ||
		    strcmp(path, own_folder) == 0 || !is_ours(path))
			continue;
		/* Alone or not at all: a job that lives holds it. */
		if (fl_owner_take(&own, path, "", 0, &err) == 0)
			remove_folder(path, &own);
	}
	if (d)
		closedir(d);
}

/* The folder's name has nothing of the job's word but its digest. */
static int name_folder(struct picture_cache *c, const char *root,
		       struct fl_err *err)
{
	char hex[FL_DIGEST_HEX], name[64];

	fl_digest_hex_of(c->job, strlen(c->job), hex);
	snprintf(name, sizeof(name), PREFIX "%ld.%.16s", (long)geteuid(), hex);
	return fl_join(c->folder, sizeof(c->folder), root, name, err);
}

static int take_folder_once(struct picture_cache *c, struct fl_err *err)
{
	int rc;

	if (mkdir(c->folder, 0700) != 0 && errno != EEXIST)
		return fl_fail(err, FL_EIO, "cannot make folder '%s': %s",
			       c->folder, strerror(errno));
	if (!is_ours(c->folder))
		return fl_fail(err, FL_EIO, "'%s' is somebody else's",
			       c->folder);
	rc = fl_owner_take(&c->owner, c->folder, c->job, FL_OWNER_SHARED, err);
	if (rc == FL_OWNER_OTHER)
		rc = fl_fail(err, FL_EIO, "'%s' belongs to %s", c->folder,
			     c->owner.holder);
	return rc;
}

/* Whoever was the last to close it may be about to remove it. */
static int take_folder(struct picture_cache *c, struct fl_err *err)
{
	int rc = take_folder_once(c, err);

	for (int tries = 0; rc != 0 && tries < TAKE_TRIES; tries++) {
		fl_sleep_s(0.01);
		rc = take_folder_once(c, err);
	}
	return rc;
}

/* What there is room for, in bytes. */
static uint64_t bounded(const struct picture_cache *c, int64_t mib)
{
	uint64_t want = (uint64_t)mib << 20;
	int64_t memory = fl_memory_free();
	struct statvfs vfs;

	if (memory != INT64_MAX && want > SHARE((uint64_t)memory))
		want = SHARE((uint64_t)memory);
	if (statvfs(c->folder, &vfs) == 0) {
		uint64_t disk = (uint64_t)vfs.f_bavail * vfs.f_frsize;

		if (want > SHARE(disk))
			want = SHARE(disk);
	}
	return want;
}

static int cannot(const struct picture_cache *c, const char *what, int why,
		  struct fl_err *err)
{
	return fl_fail(err, FL_EIO, "cannot %s '%s/" FILE_NAME "': %s", what,
		       c->folder, strerror(why));
}

/* A whole new file under a name of our own, which then gets the common one; where
 * a neighbour was first, his is taken. */
static int make_file(struct picture_cache *c, int64_t mib, struct fl_err *err)
{
	uint64_t count = (uint64_t)c->data->count;
	uint64_t first = aligned(sizeof(struct cache_head) +
				 count * sizeof(struct cache_place));
	struct cache_head head = { .magic = MAGIC,
				   .size = bounded(c, mib),
				   .count = count,
				   .first = first,
				   .next = first };
	char own[64];
	int fd, why;

	if (head.size <= first)
		return fl_fail(
			err, FL_EIO,
			"'%s' and the memory have %llu MiB for it, less than the list of %d pictures",
			c->folder, (unsigned long long)head.size >> 20,
			c->data->count);
	snprintf(own, sizeof(own), FILE_NAME ".%ld", (long)getpid());
	fd = openat(c->owner.folder, own, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return cannot(c, "make", errno, err);
	why = posix_fallocate(fd, 0, (off_t)first);
	if (why == 0 &&
	    (ftruncate(fd, (off_t)head.size) != 0 ||
	     pwrite(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head)))
		why = errno;
	if (why == 0 &&
	    linkat(c->owner.folder, own, c->owner.folder, FILE_NAME, 0) != 0 &&
	    errno != EEXIST)
		why = errno;
	unlinkat(c->owner.folder, own, 0);
	close(fd);
	return why == 0 ? 0 : cannot(c, "make", why, err);
}

static int open_file(struct picture_cache *c, int64_t mib, struct fl_err *err)
{
	uint64_t count = (uint64_t)c->data->count;
	struct stat st;
	int rc = 0;

	c->fd = openat(c->owner.folder, FILE_NAME, O_RDWR | O_CLOEXEC);
	if (c->fd < 0) {
		rc = make_file(c, mib, err);
		if (rc == 0)
			c->fd = openat(c->owner.folder, FILE_NAME,
				       O_RDWR | O_CLOEXEC);
	}
	if (rc != 0)
		return rc;
	if (c->fd < 0 || fstat(c->fd, &st) != 0)
		return cannot(c, "open", errno, err);
	c->size = (uint64_t)st.st_size;
	if (c->size >= sizeof(struct cache_head))
		c->head = mmap(NULL, c->size, PROT_READ | PROT_WRITE,
			       MAP_SHARED, c->fd, 0);
	if (!c->head || c->head == MAP_FAILED) {
		c->head = NULL;
		return cannot(c, "map", c->size ? errno : EINVAL, err);
	}
	c->places = (struct cache_place *)(void *)(c->head + 1);
	if (c->head->magic != MAGIC || c->head->size != c->size ||
	    c->head->count != count ||
	    c->head->first != aligned(sizeof(struct cache_head) +
				      count * sizeof(struct cache_place)) ||
	    c->head->first > c->size)
		return fl_fail(err, FL_EIO,
			       "'%s/" FILE_NAME "' is of another data set",
			       c->folder);
	return 0;
}

int picture_cache_open(const char *root, const char *job,
		       const struct dataset *data, int64_t mib,
		       struct picture_cache **out, struct fl_err *err)
{
	struct picture_cache *c = fl_calloc(1, sizeof(*c));
	int rc;

	*c = (struct picture_cache){ .data = data,
				     .fd = -1,
				     .owner = { .fd = -1 } };
	if (*job)
		snprintf(c->job, sizeof(c->job), "%s", job);
	else
		snprintf(c->job, sizeof(c->job), "process %ld", (long)getpid());
	rc = name_folder(c, root, err);
	if (rc == 0) {
		sweep(root, c->folder);
		rc = take_folder(c, err);
	}
	if (rc == 0)
		rc = open_file(c, mib, err);
	if (rc != 0)
		picture_cache_close(c);
	else
		*out = c;
	return rc;
}

void picture_cache_close(struct picture_cache *c)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_owner last;

	if (!c)
		return;
	if (c->head)
		munmap(c->head, c->size);
	fl_close(&c->fd);
	if (c->owner.fd >= 0) {
		fl_owner_release(&c->owner);
		if (fl_owner_take(&last, c->folder, "", 0, &err) == 0)
			remove_folder(c->folder, &last);
	}
	free(c);
}

/* Of numbers that another process wrote: a damaged place is no picture. */
static bool fits(const struct picture_cache *c, uint64_t at, uint64_t w,
		 uint64_t h)
{
	return w > 0 && h > 0 && w * h <= IMAGE_MAX_PIXELS &&
	       at >= c->head->first && at <= c->size &&
	       3 * w * h <= c->size - at;
}

bool picture_cache_get(struct picture_cache *c, int index, struct image *out)
{
	struct cache_place *p;
	uint64_t at;
	unsigned w, h;

	if (!c)
		return false;
	p = &c->places[index];
	/* What stands before the offset was written is seen with it. */
	at = atomic_load_explicit(&p->at, memory_order_acquire);
	if (at == 0 ||
	    atomic_load(&p->path) != fl_hash(c->data->images[index].path))
		return false;
	w = atomic_load(&p->w);
	h = atomic_load(&p->h);
	if (!fits(c, at, w, h))
		return false;
	image_resize_buffer(out, (int)w, (int)h);
	memcpy(out->rgb, (const char *)c->head + at, 3 * (size_t)w * h);
	out->warning[0] = '\0';
	out->lost = false;
	return true;
}

/* Bytes from the front of what is free; 0: there is no room. */
static uint64_t reserve(struct picture_cache *c, uint64_t bytes)
{
	unsigned long long at = atomic_load(&c->head->next);

	do {
		if (at < c->head->first || at > c->size || bytes > c->size - at)
			return 0;
	} while (
		!atomic_compare_exchange_weak(&c->head->next, &at, at + bytes));
	/* Bytes that the file system refuses stay reserved and unused; the
	 * cache counts as full from then on. */
	return posix_fallocate(c->fd, (off_t)at, (off_t)bytes) == 0 ? at : 0;
}

/* One whose pixels are not what its file holds is looked at anew each time. */
static bool is_worth(const struct image *im)
{
	return !im->lost && !*im->warning;
}

void picture_cache_put(struct picture_cache *c, int index,
		       const struct image *im)
{
	uint64_t bytes, at;
	struct cache_place *p;
	unsigned nobody = 0;

	if (!c || !is_worth(im) || atomic_load(&c->head->full))
		return;
	p = &c->places[index];
	/* One of several threads or processes that decoded it writes it. */
	if (!atomic_compare_exchange_strong(&p->claimed, &nobody, 1))
		return;
	bytes = 3 * (uint64_t)im->w * (uint64_t)im->h;
	at = reserve(c, aligned(bytes));
	if (at == 0) {
		atomic_store(&c->head->full, 1);
		return;
	}
	memcpy((char *)c->head + at, im->rgb, bytes);
	atomic_store(&p->w, (unsigned)im->w);
	atomic_store(&p->h, (unsigned)im->h);
	atomic_store(&p->path, fl_hash(c->data->images[index].path));
	atomic_fetch_add(&c->head->taken, aligned(bytes));
	atomic_fetch_add(&c->head->pictures, 1);
	atomic_store_explicit(&p->at, at, memory_order_release);
}

struct picture_cache_state picture_cache_state(const struct picture_cache *c)
{
	struct cache_head *h = c->head;

	return (struct picture_cache_state){
		.bytes = (int64_t)atomic_load(&h->taken),
		.limit = (int64_t)h->size,
		.pictures = (int)atomic_load(&h->pictures),
		.full = atomic_load(&h->full) != 0,
	};
}
