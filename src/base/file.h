/* file.h - whole files in, atomic files out, folders. */
#ifndef FL_BASE_FILE_H
#define FL_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole file, to be looked at only. An empty file has data "" and size 0. A
 * file that another program cuts short meanwhile does no harm: what was read
 * stays, and of a large file zeros take the place of what is gone. */
struct fl_map {
	const unsigned char *data;
	size_t size;
	int guard; /* map.c's; 0: nothing can be torn away */
};

int fl_map_open(struct fl_map *map, const char *path, struct fl_err *err);
/* The same for who looks at few places only: nothing is read in advance. */
int fl_map_peek(struct fl_map *map, const char *path, struct fl_err *err);
/* The same, read however large it is: what was there stays, whatever becomes of it. */
int fl_map_read(struct fl_map *map, const char *path, struct fl_err *err);
/* FL_EIO where zeros took the place of a part: what was made of the file
 * is then worth nothing. */
int fl_map_whole(const struct fl_map *map, const char *path,
		 struct fl_err *err);
/* For who reads large files from front to end: these bytes were read and need
 * not stay in the memory of this process. They can be read again. */
void fl_map_pass(const struct fl_map *map, size_t from, size_t to);
void fl_map_close(struct fl_map *map);
/* Closes the map of path after work that ended with rc, and returns rc; or
 * FL_EDATA with the sentence of fl_map_whole in err. */
int fl_map_end(struct fl_map *map, const char *path, int rc,
	       struct fl_err *err);

/* Is path on a disk or in the memory of this machine? There a file that is open stays
 * whole when it is removed or replaced; another machine's may be gone at once. */
bool fl_is_local(const char *path);
/* Closes *fd and makes it -1; nothing when it is. */
void fl_close(int *fd);

bool fl_exists(const char *path);
bool fl_is_dir(const char *path);
/* mkdir -p */
int fl_make_dirs(const char *path, struct fl_err *err);

/* Write a file that is either the old one or the new one, whole: write to
 * "<path>.tmp.<pid>.<n>", sync, rename, sync the folder. On any failure, and after
 * fl_out_abort(), the temporary is gone and the old file is untouched; so it is
 * where the program gives up meanwhile, as when memory is out. */
struct fl_out {
	int fd; /* -1 when closed */
	/* Set after fl_out_open() by who knows a torn file when it is read:
	 * nothing is synced, and after a failure of the power it may be torn. */
	bool unsynced;
	uint64_t written;
	char *path, *temporary;
};

int fl_out_open(struct fl_out *out, const char *path, struct fl_err *err);
int fl_out_write(struct fl_out *out, const void *data, size_t size,
		 struct fl_err *err);
int fl_out_commit(struct fl_out *out, struct fl_err *err);
void fl_out_abort(struct fl_out *out);

/* The three calls above in one. */
int fl_write_file(const char *path, const void *data, size_t size,
		  struct fl_err *err);

/* "dir/name", in a buffer of the caller; fails when it does not fit. A name
 * that begins with '/' stands alone, as in Python's os.path.join. */
int fl_join(char *buf, size_t size, const char *dir, const char *name,
	    struct fl_err *err);
/* Absolute path of the running program; false where the system does not tell. */
bool fl_program_path(char *buf, size_t size);
/* Where this user keeps what can be made again: $XDG_CACHE_HOME/flotilla/name, else
 * ~/.cache/flotilla/name. False where there is no such place. */
bool fl_cache_path(char *buf, size_t size, const char *name);
/* The part after the last slash; borrowed. */
const char *fl_base_name(const char *path);

#endif
