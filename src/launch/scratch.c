#include "launch/scratch.h"

#include "base/file.h"
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
#include <unistd.h>

#define PREFIX "fleetrun."

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

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

/* One that has just begun may not hold its lock yet. */
static bool lives(const char *pid)
{
	long number = strtol(pid, NULL, 10);

	return number > 0 && (kill((pid_t)number, 0) == 0 || errno == EPERM);
}

/* Folders of ours in root whose lock nobody holds. The same name lies in the
 * temporary folder (with the lock) and in shared memory. */
static void sweep(const char *root, const char *twin)
{
	DIR *d = opendir(root);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		char path[512], other[512];
		int fd;

		if (!fl_starts_with(entry->d_name, PREFIX) ||
		    lives(entry->d_name + strlen(PREFIX)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", root, entry->d_name);
		snprintf(other, sizeof(other), "%s/%s", twin, entry->d_name);
		fd = hold(path);
		if (fd < 0)
			continue;
		remove_tree(other);
		remove_tree(path);
		close(fd);
	}
	if (d)
		closedir(d);
}

int scratch_open(struct launch_scratch *s, struct fl_err *err)
{
	const char *root = getenv("TMPDIR");
	const char *memory = fl_is_dir("/dev/shm") ? "/dev/shm" : "/tmp";

	root = root && *root ? root : "/tmp";
	sweep(root, memory);
	snprintf(s->folder, sizeof(s->folder), "%s/" PREFIX "%ld", root,
		 (long)getpid());
	snprintf(s->shm, sizeof(s->shm), "%s/" PREFIX "%ld", memory,
		 (long)getpid());
	s->lock = -1;
	if (fl_make_dirs(s->folder, err) != 0 || fl_make_dirs(s->shm, err) != 0)
		return err->code;
	s->lock = hold(s->folder);
	if (s->lock < 0)
		return fl_fail(err, FL_EIO, "cannot lock '%s': %s", s->folder,
			       strerror(errno));
	return 0;
}

void scratch_close(struct launch_scratch *s)
{
	if (strcmp(s->shm, s->folder) != 0)
		remove_tree(s->shm);
	remove_tree(s->folder);
	if (s->lock >= 0)
		close(s->lock);
}
