/* map.c - whole files in memory: smaller ones read, larger ones mapped under a
 * guard. A file that another program cuts short (or a disk that fails) under a
 * plain mapping ends the process by SIGBUS. The guard puts zeros where the file
 * is gone and remembers it; fl_map_whole() then tells, once the work is done.
 * Reading as well as mapping serves all who look at files of users: pictures,
 * annotations, recipes, weights, logs. */
#include "base/file.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger are annotation files of great data sets, logs and weights: their pages
 * are shared by the trainers of a machine and need not be resident. */
#define READ_AT_MOST ((size_t)64 << 20)

/* More maps at a time than threads that measure pictures; past them, reading. */
#define MOST_GUARDS 128

/* Plain atomics in a fixed array, because the handler of a signal may take no
 * lock and no memory. Whoever set taken owns the other fields; size is stored
 * before start, so that a start that is not 0 has its size. */
static struct guard {
	atomic_bool taken, torn;
	atomic_uintptr_t start; /* 0: not mapped */
	atomic_size_t size;
} guards[MOST_GUARDS];

static struct sigaction before; /* who else wants SIGBUS */
static size_t page;

/* Not one of ours: as if this handler were not there. A sanitizer or a
 * library may have had its own before. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(number, info, context);
	else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(number);
	else if (signal(number, SIG_DFL) != SIG_ERR && info->si_code <= 0)
		raise(number); /* sent; a fault comes again by itself */
}

/* From the page of the fault to the end of the map: a file that was cut has
 * nothing behind it either. Runs in the thread that touched the page, which
 * then goes on and reads zeros; mmap is a plain system call and safe here. */
static void put_zeros(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	int saved = errno;

	for (int i = 0; i < MOST_GUARDS; i++) {
		uintptr_t start = atomic_load(&guards[i].start);
		uintptr_t end = start + atomic_load(&guards[i].size);
		uintptr_t from = at & ~(uintptr_t)(page - 1);

		end = (end + page - 1) & ~(uintptr_t)(page - 1);
		if (start == 0 || at < start || at >= end)
			continue;
		if (mmap((void *)from, end - from, PROT_READ,
			 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) == MAP_FAILED)
			break;
		atomic_store(&guards[i].torn, true);
		errno = saved;
		return;
	}
	pass_on(number, info, context);
}

static void watch(void)
{
	/* SA_NODEFER, so that a signal passed on to the default from inside the
	 * handler ends the process at once. */
	struct sigaction ours = { .sa_sigaction = put_zeros,
				  .sa_flags = SA_SIGINFO | SA_NODEFER };

	page = (size_t)sysconf(_SC_PAGESIZE);
	sigaction(SIGBUS, &ours, &before);
}

/* Index of a guard + 1, or 0 when all are taken. */
static int take_guard(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch);
	for (int i = 0; i < MOST_GUARDS; i++) {
		bool expected = false;

		if (atomic_compare_exchange_strong(&guards[i].taken, &expected,
						   true))
			return i + 1;
	}
	return 0;
}

static void give_guard(int guard)
{
	struct guard *g = &guards[guard - 1];

	atomic_store(&g->start, 0);
	atomic_store(&g->torn, false);
	atomic_store(&g->taken, false);
}

/* false: read it instead */
static bool map_file(struct fl_map *map, int fd, size_t size)
{
	int guard = take_guard();
	void *p;

	if (!guard)
		return false;
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		give_guard(guard);
		return false;
	}
	atomic_store(&guards[guard - 1].size, size);
	atomic_store(&guards[guard - 1].start, (uintptr_t)p);
	*map = (struct fl_map){ .data = p, .size = size, .guard = guard };
	return true;
}

/* The bytes that are there now, into memory of our own: a file
 * that shrinks meanwhile is as long as it was read, and one
 * that grows keeps the size it had. */
static int read_file(struct fl_map *map, int fd, size_t size, const char *path,
		     struct fl_err *err)
{
	unsigned char *to = malloc(size);
	size_t at = 0;
	ssize_t n = 1;

	if (!to)
		return fl_fail(err, FL_ENOMEM,
			       "'%s' of %zu bytes does not fit into memory",
			       path, size);
	while (at < size && n != 0) {
		n = read(fd, to + at, size - at);
		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno != EINTR)
			break;
	}
	if (n < 0) {
		free(to);
		return fl_fail(err, FL_EIO, "cannot read '%s': %s", path,
			       strerror(errno));
	}
	if (at == 0)
		free(to);
	else
		*map = (struct fl_map){ .data = to, .size = at };
	return 0;
}

static int open_map(struct fl_map *map, const char *path, size_t read_at_most,
		    struct fl_err *err)
{
	/* Opening a pipe that nobody writes to would wait without an end. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc = 0;
	struct stat st;

	*map = (struct fl_map){ .data = (const unsigned char *)"" };
	if (fd < 0)
		return fl_fail(err, FL_EIO, "cannot open '%s': %s", path,
			       strerror(errno));
	if (fstat(fd, &st) != 0)
		rc = fl_fail(err, FL_EIO, "cannot stat '%s': %s", path,
			     strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = fl_fail(err, FL_EIO, "'%s' is not a file%s", path,
			     S_ISDIR(st.st_mode) ? " but a folder"
			     : S_ISFIFO(st.st_mode)
				     ? " but a pipe: write it to one first"
				     : "");
	else if (st.st_size > 0 && ((size_t)st.st_size <= read_at_most ||
				    !map_file(map, fd, (size_t)st.st_size)))
		rc = read_file(map, fd, (size_t)st.st_size, path, err);
	close(fd);
	return rc;
}

int fl_map_open(struct fl_map *map, const char *path, struct fl_err *err)
{
	return open_map(map, path, READ_AT_MOST, err);
}

int fl_map_peek(struct fl_map *map, const char *path, struct fl_err *err)
{
	return open_map(map, path, 0, err);
}

int fl_map_read(struct fl_map *map, const char *path, struct fl_err *err)
{
	return open_map(map, path, SIZE_MAX, err);
}

int fl_map_whole(const struct fl_map *map, const char *path, struct fl_err *err)
{
	if (!map->guard || !atomic_load(&guards[map->guard - 1].torn))
		return 0;
	return fl_fail(
		err, FL_EIO,
		"'%s' was cut short or failed while it was in use; is another program writing it?",
		path);
}

/* Pages that the guard put zeros into stay zeros. */
void fl_map_pass(const struct fl_map *map, size_t from, size_t to)
{
	if (!map->guard)
		return;
	to = (to < map->size ? to : map->size) & ~(page - 1);
	from = from & ~(page - 1);
	if (from < to)
		madvise((char *)(uintptr_t)map->data + from, to - from,
			MADV_DONTNEED);
}

void fl_map_close(struct fl_map *map)
{
	if (map->guard) {
		/* In this order: once the range is free another thread may map
		 * it, and a fault there is not this guard's. */
		give_guard(map->guard);
		munmap((void *)(uintptr_t)map->data, map->size);
	} else if (map->size) {
		free((void *)(uintptr_t)map->data);
	}
	*map = (struct fl_map){ .data = (const unsigned char *)"" };
}

int fl_map_end(struct fl_map *map, const char *path, int rc, struct fl_err *err)
{
	if (fl_map_whole(map, path, err) != 0)
		rc = err->code = FL_EDATA;
	fl_map_close(map);
	return rc;
}
