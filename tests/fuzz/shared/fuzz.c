/* fuzz.c - see fuzz.h. */
#include "fuzz/fuzz.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

/* In the place of fl_log(), by the linker (tests/fuzz/fuzz.mk): warnings about
 * hostile files are right, and would bury what libFuzzer says. Their sentences are
 * made all the same; FUZZ_VERBOSE=1 shows them, for who looks at one input. */
void __wrap_fl_log(enum fl_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void __wrap_fl_log(enum fl_level level, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (getenv("FUZZ_VERBOSE"))
		fprintf(stderr, "%d: %s\n", (int)level, text);
}

void fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
	abort();
}

void fuzz_check_error(int rc, const struct fl_err *err)
{
	FUZZ_CHECK(rc <= 0);
	FUZZ_CHECK(rc == 0 || (err->code == rc && strlen(err->text) > 5));
	FUZZ_CHECK(strlen(err->text) < sizeof(err->text));
}

static int remove_entry(const char *path, const struct stat *st, int kind,
			struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
	if (!*folder) {
		snprintf(folder, sizeof(folder), "%s/flotilla-fuzz-%ld",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
			 (long)getpid());
		/* A killed program of the same id may have left its own. */
		if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
			perror(folder);
			abort();
		}
		atexit(remove_folder);
	}
	return folder;
}

const char *fuzz_path(const char *name)
{
	static char paths[8][256];
	static int turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", fuzz_folder(), name);
	return path;
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
	const char *path = fuzz_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    close(fd) != 0) {
		perror(path);
		abort();
	}
	return path;
}

int fuzz_next(struct fuzz_parts *p)
{
	const uint8_t *stop;

	if (!p->at)
		return 0;
	stop = p->at < p->end ? memchr(p->at, 0x1e, (size_t)(p->end - p->at))
			      : NULL;
	p->data = p->at;
	p->size = (size_t)((stop ? stop : p->end) - p->at);
	p->at = stop ? stop + 1 : NULL;
	return 1;
}
