/* failing.so, for LD_PRELOAD: one call of a process fails, as where memory, descriptors, threads or
 * the disk are at their end, so that tests/failing/run can go through all of them.
 *
 *     FAILING=CALL:N       the N-th CALL fails; FAILING=CALL:@PLACE  the first one from this place
 *     FAILING_ON=1         and all later CALLs fail too
 *     FAILING_DID=FILE     then holds the frames of the call that failed
 *     FAILING_LIST=FILE    gets, at the end of the process, a line for each place that calls:
 *                          CALL, number of its first call, PLACE, number of calls, frames
 *     FAILING_IN=GROUP     whose calls count: 'program' (default), or a part of a library's file
 *                          name ('libjansson')
 *     FAILING_NAME=NAME    only in the program of this name; FAILING_RANK=R  only in rank R
 *
 * CALL is malloc (also calloc, realloc, aligned_alloc), open (also fopen, opendir), mkdir, read,
 * write (also what a FILE writes, truncates and reserves), fsync, rename, mmap, socket (also
 * socketpair, pipe2, eventfd and the like), accept, fork or thread. A call that the C library makes
 * for its caller (fopen's memory) is the caller's. A place is a digest of the frames, the same in
 * every run. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call {
	MALLOC,
	OPEN,
	MKDIR,
	READ,
	WRITE,
	FSYNC,
	RENAME,
	MMAP,
	SOCKET,
	ACCEPT,
	FORK,
	THREAD,
	CALLS
};

static const char *const names[CALLS] = {
	"malloc", "open", "mkdir",  "read",   "write", "fsync",
	"rename", "mmap", "socket", "accept", "fork",  "thread"
};
static const int errors[CALLS] = { ENOMEM, EMFILE, ENOSPC, EIO,
				   ENOSPC, EIO,	   EIO,	   ENOMEM,
				   EMFILE, EMFILE, EAGAIN, EAGAIN };

#define FRAMES 16
#define PLACES 16384

struct place {
	uint64_t digest;
	enum call call;
	int first, count, frames;
	uintptr_t frame[FRAMES]; /* of the program, from its start; else 0 */
};

struct span {
	uintptr_t start, end;
};

/* Text of the program, of the C library, and of whose calls count. */
static struct span program, libc, group;
static uintptr_t base;
static bool ready, listing, on, later;
static enum call fails = CALLS;
static int fails_at;
static uint64_t fails_in;
static atomic_int made[CALLS];
static struct place *places;
static int place_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool busy __attribute__((tls_model("initial-exec")));

static bool within(const struct span *s, uintptr_t at)
{
	return at >= s->start && at < s->end;
}

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
	const char *in = getenv("FAILING_IN"), *name = info->dlpi_name;
	struct span s = { UINTPTR_MAX, 0 };

	(void)size, (void)ctx;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		s.start = from < s.start ? from : s.start;
		s.end = from + p->p_memsz > s.end ? from + p->p_memsz : s.end;
	}
	if (!program.end) {
		program = s;
		base = info->dlpi_addr;
	}
	if (strstr(name, "/libc.so"))
		libc = s;
	if (in && strcmp(in, "program") != 0 && strstr(name, in))
		group = s;
	return 0;
}

static bool meant(void)
{
	const char *name = getenv("FAILING_NAME");
	const char *rank = getenv("FAILING_RANK"), *own = getenv("RANK");

	return (!name || strcmp(name, program_invocation_short_name) == 0) &&
	       (!rank || (own && strcmp(rank, own) == 0));
}

static void raw_write(int fd, const char *text, int n)
{
	if (syscall(SYS_write, fd, text, (size_t)n) < 0)
		return;
}

static int raw_open(const char *path)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path,
			    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void print_place(int fd, const struct place *p)
{
	char line[FRAMES * 20 + 128];
	int n = snprintf(line, sizeof(line), "%s %d %016llx %d", names[p->call],
			 p->first, (unsigned long long)p->digest, p->count);

	for (int i = 0; i < p->frames; i++)
		if (p->frame[i])
			n += snprintf(line + n, sizeof(line) - (size_t)n,
				      " 0x%llx",
				      (unsigned long long)p->frame[i]);
	line[n++] = '\n';
	raw_write(fd, line, n);
}

/* The frames behind this file's: only the program's and their order make the
 * digest, so that other versions of libraries and other addresses do not. */
static void take_place(enum call call, struct place *p)
{
	void *frame[FRAMES + 4];
	int n = backtrace(frame, FRAMES + 4);

	*p = (struct place){ .digest = 14695981039346656037u + (unsigned)call,
			     .call = call };
	for (int i = 0; i < n && p->frames < FRAMES; i++) {
		uintptr_t at = (uintptr_t)frame[i];

		if (!within(&program, at))
			continue;
		p->frame[p->frames++] = at - base;
		p->digest = (p->digest ^ (at - base)) * 1099511628211u;
	}
}

/* Does the call count? One of the C library is its caller's. */
static bool counts(uintptr_t from)
{
	void *frame[12];
	int n, i = 0;

	if (!within(&libc, from))
		return within(&group, from);
	n = backtrace(frame, 12);
	while (i < n && (uintptr_t)frame[i] != from)
		i++;
	while (i < n && within(&libc, (uintptr_t)frame[i]))
		i++;
	return i < n && within(&group, (uintptr_t)frame[i]);
}

static void note(const struct place *p, int n)
{
	int i = 0;

	pthread_mutex_lock(&lock);
	while (i < place_count && places[i].digest != p->digest)
		i++;
	if (i == place_count && place_count < PLACES) {
		places[place_count] = *p;
		places[place_count++].first = n;
	}
	if (i < PLACES)
		places[i].count++;
	pthread_mutex_unlock(&lock);
}

static bool is_the_one(enum call call, int n, uint64_t digest)
{
	if (call != fails || (later && !on))
		return false;
	if (!later && (fails_in ? digest != fails_in : n != fails_at))
		return false;
	return true;
}

static void tell(struct place *p, int n)
{
	const char *did = getenv("FAILING_DID");
	int fd = did ? raw_open(did) : -1;

	p->first = n;
	if (fd < 0)
		return;
	print_place(fd, p);
	close(fd);
}

/* true: the call is to fail, and errno says so. */
static bool fail(enum call call, const void *from)
{
	struct place p;
	bool yes = false;
	int n;

	if (!ready || busy || (!listing && call != fails))
		return false;
	busy = true;
	if (counts((uintptr_t)from)) {
		n = atomic_fetch_add(&made[call], 1) + 1;
		if (listing || fails_in)
			take_place(call, &p);
		if (listing)
			note(&p, n);
		yes = is_the_one(call, n, fails_in ? p.digest : 0);
		if (yes && !later) {
			take_place(call, &p);
			tell(&p, n);
		}
		later = later || yes;
	}
	busy = false;
	if (yes)
		errno = errors[call];
	return yes;
}

#define FAIL(call) fail(call, __builtin_return_address(0))

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* The real function, looked up once. */
#define NEXT(type, name, args)                                                \
	static type(*next) args;                                              \
	do {                                                                  \
		void *found = next ? NULL : real(name);                       \
		if (!next)                                                    \
			memcpy((void *)&next, (void *)&found, sizeof(found)); \
	} while (0)

/* --- memory --- */

void *malloc(size_t n)
{
	NEXT(void *, "malloc", (size_t));
	return FAIL(MALLOC) ? NULL : next(n);
}

void *calloc(size_t count, size_t n)
{
	NEXT(void *, "calloc", (size_t, size_t));
	return FAIL(MALLOC) ? NULL : next(count, n);
}

void *realloc(void *old, size_t n)
{
	NEXT(void *, "realloc", (void *, size_t));
	return FAIL(MALLOC) ? NULL : next(old, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	NEXT(void *, "aligned_alloc", (size_t, size_t));
	return FAIL(MALLOC) ? NULL : next(align, n);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	NEXT(void *, "mmap", (void *, size_t, int, int, int, off_t));
	return FAIL(MMAP) ? MAP_FAILED : next(at, n, prot, flags, fd, from);
}

/* --- files --- */

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	NEXT(int, "open", (const char *, int, ...));
	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return FAIL(OPEN) ? -1 : next(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	NEXT(int, "openat", (int, const char *, int, ...));
	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return FAIL(OPEN) ? -1 : next(folder, path, flags, mode);
}

/* What the C library writes for a FILE it writes by itself, past write() below:
 * so a FILE here is one that writes through functions of ours. */
static ssize_t file_write(void *file, const char *bytes, size_t n)
{
	ssize_t got;

	if (fail(WRITE, (void *)program.start))
		return 0;
	got = (ssize_t)fwrite(bytes, 1, n, file);
	return fflush(file) == 0 ? got : 0;
}

static int file_close(void *file)
{
	return fclose(file);
}

static FILE *writing(FILE *file, const char *mode)
{
	cookie_io_functions_t io = { .write = file_write, .close = file_close };
	bool was = busy;
	FILE *out;

	busy = true;
	out = fopencookie(file, mode, io);
	busy = was;
	return out;
}

FILE *fopen(const char *path, const char *mode)
{
	FILE *f;

	NEXT(FILE *, "fopen", (const char *, const char *));
	if (FAIL(OPEN))
		return NULL;
	f = next(path, mode);
	if (f && ready && fails == WRITE && *mode != 'r')
		return writing(f, mode);
	return f;
}

DIR *opendir(const char *path)
{
	NEXT(DIR *, "opendir", (const char *));
	return FAIL(OPEN) ? NULL : next(path);
}

int mkdir(const char *path, mode_t mode)
{
	NEXT(int, "mkdir", (const char *, mode_t));
	return FAIL(MKDIR) ? -1 : next(path, mode);
}

ssize_t read(int fd, void *bytes, size_t n)
{
	NEXT(ssize_t, "read", (int, void *, size_t));
	return FAIL(READ) ? -1 : next(fd, bytes, n);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
	NEXT(ssize_t, "pread", (int, void *, size_t, off_t));
	return FAIL(READ) ? -1 : next(fd, bytes, n, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	NEXT(ssize_t, "write", (int, const void *, size_t));
	return FAIL(WRITE) ? -1 : next(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	NEXT(ssize_t, "pwrite", (int, const void *, size_t, off_t));
	return FAIL(WRITE) ? -1 : next(fd, bytes, n, at);
}

int ftruncate(int fd, off_t n)
{
	NEXT(int, "ftruncate", (int, off_t));
	return FAIL(WRITE) ? -1 : next(fd, n);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
	NEXT(int, "posix_fallocate", (int, off_t, off_t));
	return FAIL(WRITE) ? ENOSPC : next(fd, at, n);
}

int fsync(int fd)
{
	NEXT(int, "fsync", (int));
	return FAIL(FSYNC) ? -1 : next(fd);
}

int rename(const char *from, const char *to)
{
	NEXT(int, "rename", (const char *, const char *));
	return FAIL(RENAME) ? -1 : next(from, to);
}

/* --- descriptors, processes, threads --- */

int socket(int domain, int type, int protocol)
{
	NEXT(int, "socket", (int, int, int));
	return FAIL(SOCKET) ? -1 : next(domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	NEXT(int, "socketpair", (int, int, int, int *));
	return FAIL(SOCKET) ? -1 : next(domain, type, protocol, fds);
}

int pipe2(int fds[2], int flags)
{
	NEXT(int, "pipe2", (int *, int));
	return FAIL(SOCKET) ? -1 : next(fds, flags);
}

int eventfd(unsigned int count, int flags)
{
	NEXT(int, "eventfd", (unsigned int, int));
	return FAIL(SOCKET) ? -1 : next(count, flags);
}

int epoll_create1(int flags)
{
	NEXT(int, "epoll_create1", (int));
	return FAIL(SOCKET) ? -1 : next(flags);
}

int signalfd(int fd, const sigset_t *set, int flags)
{
	NEXT(int, "signalfd", (int, const sigset_t *, int));
	return FAIL(SOCKET) ? -1 : next(fd, set, flags);
}

int memfd_create(const char *name, unsigned int flags)
{
	NEXT(int, "memfd_create", (const char *, unsigned int));
	return FAIL(SOCKET) ? -1 : next(name, flags);
}

int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
	NEXT(int, "accept4", (int, struct sockaddr *, socklen_t *, int));
	return FAIL(ACCEPT) ? -1 : next(fd, from, n, flags);
}

pid_t fork(void)
{
	NEXT(pid_t, "fork", (void));
	return FAIL(FORK) ? -1 : next();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	NEXT(int, "pthread_create",
	     (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *));
	return FAIL(THREAD) ? EAGAIN : next(thread, attr, start, arg);
}

/* --- the beginning and the end --- */

static void read_order(const char *order)
{
	const char *colon = order ? strchr(order, ':') : NULL;

	for (int i = 0; colon && i < CALLS; i++)
		if (strlen(names[i]) == (size_t)(colon - order) &&
		    strncmp(names[i], order, (size_t)(colon - order)) == 0)
			fails = (enum call)i;
	if (colon && colon[1] == '@')
		fails_in = strtoull(colon + 2, NULL, 16);
	else if (colon)
		fails_at = atoi(colon + 1);
}

__attribute__((constructor)) static void begin(void)
{
	void *frame[4];

	if (!meant())
		return;
	/* The first call loads a library, for which it wants memory. */
	backtrace(frame, 4);
	dl_iterate_phdr(look, NULL);
	if (!getenv("FAILING_IN") ||
	    strcmp(getenv("FAILING_IN"), "program") == 0)
		group = program;
	on = getenv("FAILING_ON") != NULL;
	listing = getenv("FAILING_LIST") != NULL;
	if (listing)
		places = calloc(PLACES, sizeof(*places));
	read_order(getenv("FAILING"));
	if (listing)
		fails = WRITE; /* files as when one of their writes fails */
	if (fails == WRITE)
		stdout = writing(stdout, "w");
	if (listing)
		fails = CALLS;
	ready = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAILING_LIST");
	int fd;

	if (!ready || !listing)
		return;
	busy = true;
	fd = raw_open(path);
	for (int i = 0; i < place_count; i++)
		print_place(fd, &places[i]);
	close(fd);
}
