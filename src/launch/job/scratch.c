/* scratch.c - folders of this job in the temporary folder and in shared memory.
 * A lock in each tells who lives; the job opens and closes them. */
#include "launch/job/scratch.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "fleetrun."

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	remove(path);
	return 0;
}

/* Links are removed, never followed (FTW_PHYS): what one points at is not
 * ours. */
static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The system gives the lock back when its holder dies, however it dies: so
 * nobody needs to tidy up for a folder to be known as left behind. */
static int hold(const char *folder)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/alive", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* One that has just begun may not hold its lock yet. A number that was given to
 * another process keeps the folder until a later sweep. */
static bool lives(const char *pid)
{
	long number = strtol(pid, NULL, 10);

	return number > 0 && (kill((pid_t)number, 0) == 0 || errno == EPERM);
}

/* /tmp is everyone's: a link or a folder of somebody else's by our name must not
 * be emptied by us. */
static bool is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

/* Folders of this user's in root whose lock nobody holds. */
static void sweep(const char *root)
{
	DIR *d = opendir(root);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		char path[512];
		int fd;

		if (!fl_starts_with(entry->d_name, PREFIX) ||
		    lives(entry->d_name + strlen(PREFIX)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", root, entry->d_name);
		fd = is_ours(path) ? hold(path) : -1;
		if (fd < 0)
			continue;
		remove_tree(path);
		close(fd);
	}
	if (d)
		closedir(d);
}

/* Made for us alone: it will hold sockets. Where a process with our number left
 * one, that is removed; one of another user is none of ours. */
static int make_private(const char *path)
{
	int fd;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != EEXIST || !is_ours(path))
		return -1;
	fd = hold(path);
	if (fd < 0)
		return -1;
	remove_tree(path);
	close(fd);
	return mkdir(path, 0700);
}

/* other: where the first folder is, which may be this one too; NULL. */
static int make(const char *root, const char *other, char *path, size_t size,
		int *lock, struct fl_err *err)
{
	if (snprintf(path, size, "%s/" PREFIX "%ld", root, (long)getpid()) >=
	    (int)size)
		return fl_fail(err, FL_EIO, "'%.100s...' is too long a name",
			       root);
	if (other && strcmp(path, other) == 0)
		return 0;
	if (make_private(path) != 0)
		return fl_fail(err, FL_EIO, "cannot make folder '%s': %s", path,
			       strerror(errno));
	*lock = hold(path);
	if (*lock < 0)
		return fl_fail(err, FL_EIO, "cannot lock '%s/alive': %s", path,
			       strerror(errno));
	return 0;
}

/* Where the first of these folders lets us: a TMPDIR that is not there, a /tmp
 * that may only be read and a missing /dev/shm are no reason to give up. */
static int make_somewhere(const char *const *roots, const char *other,
			  char *path, size_t size, int *lock,
			  struct fl_err *err)
{
	struct fl_err first = FL_ERR_INIT;

	for (int i = 0; roots[i]; i++)
		sweep(roots[i]);
	for (int i = 0; roots[i]; i++) {
		if (make(roots[i], other, path, size, lock, err) == 0) {
			if (first.code != 0)
				fl_warn("%s; using '%s'", first.text, path);
			return 0;
		}
		if (first.code == 0)
			first = *err;
	}
	*err = first;
	return err->code;
}

/* Two folders, for they ask for different things: sockets and files of PMIx
 * want any disk, the segments through which Open MPI's ranks exchange data
 * (environ.c) want memory. */
int scratch_open(struct launch_scratch *s, const char *log_dir,
		 struct fl_err *err)
{
	const char *given = getenv("TMPDIR");
	const char *const folders[] = { given && *given ? given : "/tmp",
					"/tmp",
					"/var/tmp",
					"/dev/shm",
					log_dir,
					NULL };
	const char *const memory[] = { "/dev/shm", "/tmp", "/var/tmp", log_dir,
				       NULL };
	int rc;

	s->lock = s->shm_lock = -1;
	rc = make_somewhere(folders, NULL, s->folder, sizeof(s->folder),
			    &s->lock, err);
	if (rc == 0)
		rc = make_somewhere(memory, s->folder, s->shm, sizeof(s->shm),
				    &s->shm_lock, err);
	return rc;
}

void scratch_close(struct launch_scratch *s)
{
	/* The locks go last, or another fleetrun would sweep what is being
	 * removed. */
	if (s->shm_lock >= 0)
		remove_tree(s->shm);
	if (s->lock >= 0)
		remove_tree(s->folder);
	fl_close(&s->shm_lock);
	fl_close(&s->lock);
}
