/* owner.c - the file "owner" in a folder, its lock and its words.
 *
 * Called by fleetrun for the log folder, by training for the run folder, by the
 * cache of decoded pictures and by infer for their own.
 * flock is chosen over fcntl's locks because those are lost when any part of
 * the process closes the file, and over a file that exists or not because that
 * outlives a killed process. The words are "key value" lines, so that a person
 * can read them too; FIELD bounds a value, which command lines may exceed.
 */
#include "base/owner.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FIELD 1024
/* A file without words is young: its owner has the lock and writes within
 * milliseconds. Waiting longer than a second would only delay the sentence. */
#define WAIT_S 1.0 /* for one who is about to write its words */

/* Who a process is: the same number is another process after its end, after a
 * boot, and in another container. */
struct identity {
	char host[256], boot[64], space[64], started[32];
	long pid;
};

static void first_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");

	buf[0] = '\0';
	if (f && !fgets(buf, (int)size, f))
		buf[0] = '\0';
	if (f)
		fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
}

/* When it began, in ticks since the boot: field 22 of its stat, counted behind
 * the name, which may hold anything. "": there is no such process. */
static void started_at(long pid, char *buf, size_t size)
{
	char path[64], line[1024], *at;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	first_line(path, line, sizeof(line));
	at = strrchr(line, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	snprintf(buf, size, "%.*s", at ? (int)strcspn(at + 1, " ") : 0,
		 at ? at + 1 : "");
}

static void identify(struct identity *id)
{
	ssize_t n =
		readlink("/proc/self/ns/pid", id->space, sizeof(id->space) - 1);

	id->space[n > 0 ? n : 0] = '\0';
	if (gethostname(id->host, sizeof(id->host)) != 0)
		strcpy(id->host, "?");
	id->host[sizeof(id->host) - 1] = '\0';
	first_line("/proc/sys/kernel/random/boot_id", id->boot,
		   sizeof(id->boot));
	id->pid = (long)getpid();
	started_at(id->pid, id->started, sizeof(id->started));
}

/* The command line of this process, without the word that lets agents join:
 * the file can be read by everyone. Half a field, since it may stand twice as
 * long in the words with its blanks. */
static void add_command(struct fl_str *s)
{
	static const char secret[] = "--token";
	FILE *f = fopen("/proc/self/cmdline", "re");
	char text[FIELD / 2];
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	bool hide = false;

	if (f)
		fclose(f);
	text[n] = '\0';
	for (const char *p = text; p < text + n; p += strlen(p) + 1) {
		bool same = fl_starts_with(p, secret);

		fl_str_add(s, p > text ? " " : "");
		fl_str_add(s, hide ? "..." : same ? secret : p);
		if (same && p[sizeof(secret) - 1] == '=')
			fl_str_add(s, "=...");
		hide = same && p[sizeof(secret) - 1] == '\0';
	}
	for (size_t i = 0; i < s->len; i++) /* a word may hold anything */
		if ((unsigned char)s->data[i] < ' ')
			s->data[i] = ' ';
}

/* Words of any length as a short one, which gives nothing of them away.
 * "" stays "", which is no job's. */
static void name_job(const char *job, char name[FL_DIGEST_HEX])
{
	fl_digest_hex_of(job, strlen(job), name);
	if (!*job)
		name[0] = '\0';
}

/* The lock is held, or there are none here: nobody else writes at this moment.
 * A short write counts as failed. */
static int write_words(int fd, const char *job)
{
	struct fl_str s = FL_STR_INIT, command = FL_STR_INIT;
	struct identity id;
	time_t now = time(NULL);
	char since[32], name[FL_DIGEST_HEX];
	struct tm tm;
	int rc;

	identify(&id);
	name_job(job, name);
	add_command(&command);
	localtime_r(&now, &tm);
	strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	fl_str_addf(&s,
		    "host %s\nboot %s\nspace %s\npid %ld\nstarted %s\n"
		    "since %s\njob %s\ncommand %s\n",
		    id.host, id.boot, id.space, id.pid, id.started, since, name,
		    fl_str_get(&command));
	fl_str_release(&command);
	rc = ftruncate(fd, 0) == 0 &&
			     pwrite(fd, s.data, s.len, 0) == (ssize_t)s.len
		     ? 0
		     : -1;
	fl_str_release(&s);
	return rc;
}

static char *read_words(int fd)
{
	char *text = fl_calloc(1, 4 * FIELD);
	ssize_t n = pread(fd, text, 4 * FIELD - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The value of a line "key value"; "" where there is none. */
static void word(const char *text, const char *key, char *buf, size_t size)
{
	size_t n = strlen(key);

	buf[0] = '\0';
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > n && memcmp(text, key, n) == 0 && text[n] == ' ') {
			snprintf(buf, size, "%.*s", (int)(len - n - 1),
				 text + n + 1);
			return;
		}
		text += len + (text[len] == '\n');
	}
}

static bool is_word(const char *text, const char *key, const char *value)
{
	char is[FIELD];

	word(text, key, is, sizeof(is));
	return strcmp(is, value) == 0;
}

static bool same_job(const char *text, const char *job)
{
	char mine[FL_DIGEST_HEX];

	name_job(job, mine);
	return *job && is_word(text, "job", mine);
}

/* Only of a process of this very kernel and container can we know
 * that it is gone: one on another host is believed, one of an earlier
 * boot is gone, a number in another container means nothing here. A
 * file without words has no owner. */
static bool gone(const char *text)
{
	char pid[32], started[32];
	struct identity id;

	identify(&id);
	if (!is_word(text, "host", id.host))
		return *text == '\0';
	if (!is_word(text, "boot", id.boot))
		return true;
	if (!is_word(text, "space", id.space))
		return false;
	word(text, "pid", pid, sizeof(pid));
	started_at(strtol(pid, NULL, 10), started, sizeof(started));
	return !*started || !is_word(text, "started", started);
}

/* False: there are no words yet. */
static bool describe(struct fl_owner *o, const char *text)
{
	char host[64], pid[32], since[32], command[300];

	word(text, "host", host, sizeof(host));
	word(text, "pid", pid, sizeof(pid));
	word(text, "since", since, sizeof(since));
	word(text, "command", command, sizeof(command));
	if (*pid == '\0') {
		strcpy(o->holder, "a process that does not say who it is");
		return false;
	}
	snprintf(o->holder, sizeof(o->holder),
		 "process %s on %s (%s), since %s", pid, host, command, since);
	return true;
}

/* For whoever may not write there: whose the folder is. Where it could not even
 * be opened there is nothing more to say. */
static int cannot(const struct fl_owner *o, const char *folder,
		  struct fl_err *err)
{
	int why = errno;
	struct passwd *user;
	struct stat st;

	if (why != EACCES || fstat(o->folder, &st) != 0)
		return fl_fail(err, FL_EIO, "cannot write to folder '%s': %s",
			       folder, strerror(why));
	user = getpwuid(st.st_uid);
	return fl_fail(
		err, FL_EIO,
		"cannot write to folder '%s': it belongs to user %s (%ld), mode %03o",
		folder, user ? user->pw_name : "?", (long)st.st_uid,
		(unsigned)st.st_mode & 07777);
}

/* The file may have been removed by its last owner since it was opened: then
 * its lock is worth nothing, since the next one makes a file of its own. */
static bool still_there(const struct fl_owner *o)
{
	struct stat ours, there;

	return fstat(o->fd, &ours) == 0 &&
	       fstatat(o->folder, FL_OWNER_FILE, &there, 0) == 0 &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

static bool no_locks_here(void)
{
	return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP ||
	       errno == EINVAL;
}

enum outcome {
	OURS,
	OTHER,
	AGAIN,
	FAILED
};

/* Without locks: by the words alone. */
static enum outcome judge_words(struct fl_owner *o, const char *job)
{
	char *text = read_words(o->fd);
	enum outcome out = OURS;

	if (!same_job(text, job) && !gone(text))
		out = describe(o, text) ? OTHER : AGAIN;
	free(text);
	if (out == OURS && write_words(o->fd, job) != 0)
		out = FAILED;
	return out;
}

/* Somebody has the lock, whom the words name. A neighbour of our job shares the
 * lock; where an earlier attempt has it alone, the folder is ours
 * without one. */
static enum outcome judge_holder(struct fl_owner *o, const char *job, int flags)
{
	char *text = read_words(o->fd);
	enum outcome out = OURS;

	if (same_job(text, job)) {
		if (flags & FL_OWNER_SHARED) {
			flock(o->fd, LOCK_SH | LOCK_NB);
			flock(o->folder, LOCK_SH | LOCK_NB);
		}
	} else {
		out = describe(o, text) ? OTHER : AGAIN;
	}
	free(text);
	return out;
}

/* Behind the file's lock the folder's own: somebody may have removed the file of
 * an owner who lives. A file system that locks no folders (NFS) says so by
 * another error. */
static enum outcome lock_folder(struct fl_owner *o, int flags)
{
	int how = flags & FL_OWNER_SHARED ? LOCK_SH : LOCK_EX;

	if (flock(o->folder, how | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return OURS;
	snprintf(o->holder, sizeof(o->holder),
		 "a process that is at work there, though its file '%s' was "
		 "removed",
		 FL_OWNER_FILE);
	unlinkat(o->folder, FL_OWNER_FILE, 0);
	return AGAIN; /* or it is about to leave */
}

/* AGAIN: the file went away, or its owner has not written its words yet. */
static enum outcome try_once(struct fl_owner *o, const char *job, int flags)
{
	o->fd = openat(o->folder, FL_OWNER_FILE, O_RDWR | O_CREAT | O_CLOEXEC,
		       0666);
	if (o->fd < 0)
		return FAILED;
	/* Exclusive even where it is to be shared: only
	 * one may write the words. */
	if (flock(o->fd, LOCK_EX | LOCK_NB) == 0) {
		if (!still_there(o))
			return AGAIN;
		if (write_words(o->fd, job) != 0)
			return FAILED;
		/* not in one step: another may come between */
		if ((flags & FL_OWNER_SHARED) &&
		    flock(o->fd, LOCK_SH | LOCK_NB) != 0)
			return AGAIN;
		return lock_folder(o, flags);
	}
	if (no_locks_here())
		return judge_words(o, job);
	return errno == EWOULDBLOCK ? judge_holder(o, job, flags) : FAILED;
}

int fl_owner_take(struct fl_owner *o, const char *folder, const char *job,
		  int flags, struct fl_err *err)
{
	double until = fl_now_s() + WAIT_S;
	enum outcome out = FAILED;
	int rc = 0;

	*o = (struct fl_owner){ .fd = -1 };
	o->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->folder >= 0)
		out = try_once(o, job, flags);
	while (out == AGAIN && fl_now_s() < until) {
		fl_close(&o->fd);
		fl_sleep_s(0.01);
		out = try_once(o, job, flags);
	}
	if (out == OURS)
		return 0;
	if (out == FAILED)
		rc = cannot(o, folder, err);
	fl_close(&o->fd);
	fl_close(&o->folder);
	return out == FAILED ? rc : FL_OWNER_OTHER;
}

int fl_owner_claim(struct fl_owner *o, const char *folder, const char *job,
		   int flags, const char *instead, struct fl_err *err)
{
	int rc = fl_owner_take(o, folder, job, flags, err);

	if (rc != FL_OWNER_OTHER)
		return rc;
	return fl_fail(err, FL_EUSAGE, "'%s' belongs to %s; %s", folder,
		       o->holder, instead);
}

bool fl_owner_look(const char *folder, char *holder, size_t size)
{
	struct fl_err why = FL_ERR_INIT;
	struct fl_owner o = { .fd = -1 };
	char path[PATH_MAX], *text;
	bool there;

	*holder = '\0';
	if (fl_join(path, sizeof(path), folder, FL_OWNER_FILE, &why) != 0)
		return false;
	o.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (o.fd < 0)
		return false;
	text = read_words(o.fd);
	there = !gone(text) && describe(&o, text);
	if (there)
		snprintf(holder, size, "%s", o.holder);
	free(text);
	fl_close(&o.fd);
	return there;
}

/* The last one of a job removes the file; whoever opened it meanwhile sees that
 * it is gone and begins anew. Without locks only the one whom it names. */
static bool is_last(const struct fl_owner *o)
{
	char pid[32], *text;
	bool named;

	if (!still_there(o))
		return false;
	/* Whoever shared the lock is the last one if it can have it alone. */
	if (flock(o->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (!no_locks_here())
		return false;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	text = read_words(o->fd);
	named = is_word(text, "pid", pid);
	free(text);
	return named;
}

void fl_owner_release(struct fl_owner *o)
{
	if (o->fd < 0)
		return;
	if (is_last(o))
		unlinkat(o->folder, FL_OWNER_FILE, 0);
	fl_close(&o->fd);
	fl_close(&o->folder);
}
