/* Files that appear whole, folders, names.
 * What is written for others goes to a temporary name, is synced and renamed; so
 * a reader, or a run that goes on after a fault, sees the old file or the new
 * one and never a part. */
#include "base/file.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Called while errno is still that of the call that failed. */
static int cannot(struct fl_err *err, const char *what, const char *path)
{
	return fl_fail(err, FL_EIO, "cannot %s '%s': %s", what, path,
		       strerror(errno));
}

bool fl_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool fl_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fl_is_local(const char *path)
{
	/* ext, xfs, btrfs, f2fs, zfs, tmpfs, overlay: linux/magic.h, which has
	 * not all of them */
	static const unsigned long local[] = {
		0xEF53,	    0x58465342, 0x9123683E, 0xF2F52010,
		0x2FC12FC1, 0x01021994, 0x794C7630,
	};
	struct statfs fs;

	if (statfs(path, &fs) != 0)
		return false;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if ((unsigned long)fs.f_type == local[i])
			return true;
	return false;
}

void fl_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fl_make_dirs(const char *path, struct fl_err *err)
{
	char *copy = fl_strdup(path);
	int rc = 0;

	/* Behind the root's slash; an empty path has no second byte. */
	for (char *p = copy + (*copy != '\0'); rc == 0; p++) {
		char end = *p;

		if (end != '/' && end != '\0')
			continue;
		*p = '\0';
		/* Another process may make the same folder at
		 * this moment: EEXIST is no fault, and what is
		 * there is looked at in the end. */
		if (mkdir(copy, 0777) != 0 && errno != EEXIST)
			rc = cannot(err, "make folder", copy);
		*p = end;
		if (end == '\0')
			break;
	}
	if (rc == 0 && !fl_is_dir(path))
		rc = fl_fail(err, FL_EIO, "'%s' is not a folder", path);
	free(copy);
	return rc;
}

/* The temporary files that are open now, so that none stays where the program
 * ends in their midst: out of memory (base/arena.c), or by a library that gives
 * up. More at once are written, and only not known here. */
#define MOST_OPEN 32

static struct {
	pthread_mutex_t lock;
	pid_t told; /* the process whose end removes them */
	char *path[MOST_OPEN];
} temporaries = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A file that another thread still writes fails at its rename. */
static void remove_temporaries(void)
{
	if (temporaries.told != getpid())
		return; /* a child's end is not ours */
	pthread_mutex_lock(&temporaries.lock);
	for (int i = 0; i < MOST_OPEN; i++)
		if (temporaries.path[i])
			unlink(temporaries.path[i]);
	pthread_mutex_unlock(&temporaries.lock);
}

/* from becomes to: NULL is a place that is free. */
static void change_temporary(char *from, char *to)
{
	int i = 0;

	pthread_mutex_lock(&temporaries.lock);
	if (temporaries.told != getpid() && atexit(remove_temporaries) == 0) {
		/* Those of the process that forked this one stay its own. */
		memset(temporaries.path, 0, sizeof(temporaries.path));
		temporaries.told = getpid();
	}
	while (i < MOST_OPEN && temporaries.path[i] != from)
		i++;
	if (i < MOST_OPEN)
		temporaries.path[i] = to;
	pthread_mutex_unlock(&temporaries.lock);
}

static void out_release(struct fl_out *out)
{
	if (out->temporary)
		change_temporary(out->temporary, NULL);
	if (out->fd >= 0)
		close(out->fd);
	free(out->path);
	free(out->temporary);
	*out = (struct fl_out){ .fd = -1 };
}

/* Temporary files of killed runs stay behind; a thousand of one process number
 * and one target are no accident. */
#define MOST_TRIES 1000

int fl_out_open(struct fl_out *out, const char *path, struct fl_err *err)
{
	size_t n = strlen(path) + 32;
	int rc;

	*out = (struct fl_out){ .fd = -1,
				.path = fl_strdup(path),
				.temporary = fl_malloc(n) };
	/* Processes of two containers may have one number and one folder. */
	for (int i = 0; out->fd < 0 && i < MOST_TRIES; i++) {
		snprintf(out->temporary, n, "%s.tmp.%ld.%d", path,
			 (long)getpid(), i);
		out->fd = open(out->temporary,
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (out->fd < 0 && errno != EEXIST)
			break;
	}
	if (out->fd >= 0) {
		change_temporary(NULL, out->temporary);
		return 0;
	}
	rc = cannot(err, "write", path);
	out_release(out);
	return rc;
}

int fl_out_write(struct fl_out *out, const void *data, size_t size,
		 struct fl_err *err)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = write(out->fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot(err, "write", out->path);
		p += n;
		size -= (size_t)n;
		out->written += (uint64_t)n;
	}
	return 0;
}

/* A new name is in the folder's own data: without this a power cut may bring
 * the old name back after the file was synced. */
static int sync_folder_of(const char *path, struct fl_err *err)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, rc = 0;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cannot(err, "open folder", dir);
	/* Some file systems cannot sync a folder and say EINVAL. */
	if (fsync(fd) != 0 && errno != EINVAL)
		rc = cannot(err, "sync folder", dir);
	close(fd);
	return rc;
}

int fl_out_commit(struct fl_out *out, struct fl_err *err)
{
	bool sync = !out->unsynced;
	int rc = 0;

	if (sync && fsync(out->fd) != 0)
		rc = cannot(err, "sync", out->path);
	/* On NFS a full disk may be told only here: close(2). */
	if (close(out->fd) != 0 && rc == 0)
		rc = cannot(err, "close", out->path);
	out->fd = -1;
	if (rc == 0 && rename(out->temporary, out->path) != 0)
		rc = cannot(err, "rename to", out->path);
	if (rc != 0)
		unlink(out->temporary);
	else if (sync)
		rc = sync_folder_of(out->path, err);
	out_release(out);
	return rc;
}

void fl_out_abort(struct fl_out *out)
{
	if (out->temporary)
		unlink(out->temporary);
	out_release(out);
}

int fl_write_file(const char *path, const void *data, size_t size,
		  struct fl_err *err)
{
	struct fl_out out;
	int rc = fl_out_open(&out, path, err);

	if (rc != 0)
		return rc;
	rc = fl_out_write(&out, data, size, err);
	if (rc != 0) {
		fl_out_abort(&out);
		return rc;
	}
	return fl_out_commit(&out, err);
}

int fl_join(char *buf, size_t size, const char *dir, const char *name,
	    struct fl_err *err)
{
	size_t n = strlen(dir);
	const char *slash = n == 0 || dir[n - 1] == '/' ? "" : "/";
	bool whole = *name == '/';
	int len = snprintf(buf, size, "%s%s%s", whole ? "" : dir,
			   whole ? "" : slash, name);

	if (len < 0 || (size_t)len >= size)
		return fl_fail(err, FL_EIO, "path too long: '%s/%s'", dir,
			       name);
	return 0;
}

bool fl_program_path(char *buf, size_t size)
{
	/* Of a program that was deleted since the kernel adds " (deleted)":
	 * callers then find no file of that name. */
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);

	if (n <= 0 || buf[0] != '/')
		return false;
	buf[n] = '\0';
	return true;
}

bool fl_cache_path(char *buf, size_t size, const char *name)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (cache && cache[0] == '/') /* others are to be ignored */
		n = snprintf(buf, size, "%s/flotilla/%s", cache, name);
	else if (home && home[0] == '/')
		n = snprintf(buf, size, "%s/.cache/flotilla/%s", home, name);
	else
		return false;
	return n > 0 && (size_t)n < size;
}

const char *fl_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
