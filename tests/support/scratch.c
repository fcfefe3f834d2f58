#include "support/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static pid_t owner;

static int remove_entry(const char *path, const struct stat *st, int kind,
			struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_folder(void)
{
	/* A child that exits must not take the folder away. */
	if (getpid() == owner)
		nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_dir(void)
{
	if (!folder[0]) {
		int rc = -1;

		/* A killed program of the same id may have left its own. */
		owner = getpid();
		for (int i = 0; i < 100 && rc != 0; i++) {
			snprintf(folder, sizeof(folder),
				 "/tmp/flotilla-test-%ld.%d", (long)owner, i);
			rc = mkdir(folder, 0700);
		}
		if (rc != 0) {
			perror(folder);
			abort();
		}
		atexit(remove_folder);
	}
	return folder;
}

const char *scratch_path(const char *name)
{
	static char paths[16][4096];
	static int turn;
	char *path = paths[turn++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir(), name);
	return path;
}

const char *scratch_file(const char *name, const void *data, size_t size)
{
	const char *path = scratch_path(name);
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) {
		perror(path);
		abort();
	}
	return path;
}
