/* copies.c - three things at once, each a piece a turn:
 *
 *   copying    a trainer's file gets a second name .own, is read and hashed, and
 *             then has its final name (copies_add)
 *   fetching  a file comes from another machine in chunks into .part, and gets
 *             its final name if its digest is right (copies_fetch)
 *   sending   a file goes to another machine that asked, one for each machine
 *             (copies_heard_get)
 *
 * fleet.c turns them at every turn of its loop. A piece is large enough that a
 * disk is busy (1 MiB), a chunk small enough that a fault does not wait behind
 * it on the link (128 KiB, two of them queued).
 */
#include "launch/carry/copies.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEEP 2
#define PIECE ((size_t)1 << 20)
#define CHUNK ((size_t)128 << 10)
#define QUEUE ((size_t)256 << 10) /* of a link, before the next chunk */
#define CHUNK_HEAD 16		  /* u64 step, u64 offset */
#define AGAIN_S 10.0		  /* after one that did not arrive */

/* A file that is being read, hashed and, unless it has a second name, copied. */
struct copying {
	int from, to; /* descriptors, -1 */
	struct copy_name name;
	int64_t done;
	struct fl_digest digest;
};

struct fetching {
	int host; /* -1: nothing is fetched */
	int fd;
	struct copy_name name;
	int64_t done;
	struct fl_digest digest;
	int64_t failed; /* step of the last one that did not arrive */
	double again;	/* when that may be asked for again */
};

struct sending {
	int fd; /* -1 */
	int64_t step, size, done;
};

struct copies {
	const char *log_dir;
	int index, hosts;
	char job[40];
	struct copy_name list[KEEP]; /* newest first */
	struct copying copying;
	struct fetching fetching;
	struct sending *sending; /* one a machine */
	unsigned char *buffer;
	bool begun; /* files of earlier jobs are deleted */
	bool news;
};

static const struct field name_rows[] = {
	FIELD(LONG, struct copy_name, step, "step"),
	FIELD(LONG, struct copy_name, size, "size", .absent = -1),
	FIELD(CHARS, struct copy_name, digest, "digest"),
};
const struct record copy_name_record = RECORD(struct copy_name, name_rows);

void copy_name_settle(struct copy_name *n)
{
	if (n->step <= 0 || n->size < 0 ||
	    strlen(n->digest) != FL_DIGEST_HEX - 1)
		*n = (struct copy_name){ 0 };
}

struct copies *copies_new(const char *log_dir, int index, int hosts)
{
	struct copies *c = fl_calloc(1, sizeof(*c));

	c->log_dir = log_dir;
	c->index = index;
	c->hosts = hosts;
	c->copying.from = c->copying.to = -1;
	c->fetching.host = c->fetching.fd = -1;
	c->sending = fl_calloc((size_t)hosts, sizeof(*c->sending));
	for (int i = 0; i < hosts; i++)
		c->sending[i].fd = -1;
	c->buffer = fl_malloc(PIECE + CHUNK_HEAD);
	return c;
}

/* The machine's index is in the name: machines with a common disk have all
 * their copies in one folder. */
static void path_of(const struct copies *c, int64_t step, const char *ending,
		    char *buf, size_t size)
{
	snprintf(buf, size, "%s/copy.%d.%lld.safetensors%s", c->log_dir,
		 c->index, (long long)step, ending);
}

void copies_path(const struct copies *c, const struct copy_name *name,
		 char *buf, size_t size)
{
	path_of(c, name->step, "", buf, size);
}

static void stop_copying(struct copies *c)
{
	fl_close(&c->copying.from);
	fl_close(&c->copying.to);
}

/* It is not whole; a file of that name is none of the job's. */
static void drop_copying(struct copies *c)
{
	char part[4096];

	if (c->copying.from < 0)
		return;
	path_of(c, c->copying.name.step, ".own", part, sizeof(part));
	unlink(part);
	stop_copying(c);
}

static void stop_fetching(struct copies *c)
{
	char path[4096];

	if (c->fetching.host < 0)
		return;
	fl_close(&c->fetching.fd);
	path_of(c, c->fetching.name.step, ".part", path, sizeof(path));
	unlink(path);
	c->fetching.host = -1;
}

/* A full disk must not have it sent again and again. */
static void fail_fetching(struct copies *c)
{
	c->fetching.failed = c->fetching.name.step;
	c->fetching.again = fl_now_s() + AGAIN_S;
	stop_fetching(c);
}

static bool is_file(const struct copies *c, int64_t step, const char *ending,
		    const char *name)
{
	char path[4096];

	path_of(c, step, ending, path, sizeof(path));
	return strcmp(fl_base_name(path), name) == 0;
}

/* What a sweep has to spare: the copies that are held and the two files in
 * work. */
static bool is_wanted(const struct copies *c, const char *name)
{
	for (int i = 0; i < KEEP; i++)
		if (c->list[i].step > 0 &&
		    is_file(c, c->list[i].step, "", name))
			return true;
	return (c->copying.from >= 0 &&
		is_file(c, c->copying.name.step, ".own", name)) ||
	       (c->fetching.host >= 0 &&
		is_file(c, c->fetching.name.step, ".part", name));
}

/* This machine's files, all but those of the list and those in work. What
 * another machine keeps in a common folder has that machine's index, and
 * stays. */
static void sweep(const struct copies *c)
{
	DIR *d = opendir(c->log_dir);
	struct dirent *entry;
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "copy.%d.", c->index);
	while (d && (entry = readdir(d)) != NULL)
		if (fl_starts_with(entry->d_name, prefix) &&
		    !is_wanted(c, entry->d_name))
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

void copies_free(struct copies *c, bool keep)
{
	if (!c)
		return;
	drop_copying(c);
	stop_fetching(c);
	for (int i = 0; i < c->hosts; i++)
		fl_close(&c->sending[i].fd);
	if (!keep) {
		memset(c->list, 0, sizeof(c->list));
		sweep(c);
	}
	free(c->sending);
	free(c->buffer);
	free(c);
}

void copies_name(struct copies *c, const char *job)
{
	if (strcmp(c->job, job) == 0)
		return;
	snprintf(c->job, sizeof(c->job), "%s", job);
	drop_copying(c);
	stop_fetching(c);
	memset(c->list, 0, sizeof(c->list));
	/* Before a start has succeeded an earlier job's copies may be all that
	 * is left of it: they stay. */
	if (c->begun)
		sweep(c);
}

void copies_begin(struct copies *c)
{
	c->begun = true;
	sweep(c);
}

/* Called as an agent starts, before anybody waits for it: so the file may be
 * read in one go. */
void copies_recall(struct copies *c, const char *job,
		   const struct copy_name *name)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096], hex[FL_DIGEST_HEX];
	struct fl_map map;

	snprintf(c->job, sizeof(c->job), "%s", job);
	path_of(c, name->step, "", path, sizeof(path));
	if (name->step <= 0 || fl_map_open(&map, path, &err) != 0)
		return;
	fl_digest_hex_of(map.data, map.size, hex);
	fl_map_close(&map);
	if (strcmp(hex, name->digest) == 0)
		c->list[0] = *name;
}

const struct copy_name *copies_newest(const struct copies *c)
{
	return &c->list[0];
}

int64_t copies_coming(const struct copies *c)
{
	int64_t step = c->list[0].step;

	if (c->copying.from >= 0 && c->copying.name.step > step)
		step = c->copying.name.step;
	if (c->fetching.host >= 0 && c->fetching.name.step > step)
		step = c->fetching.name.step;
	return step;
}

bool copies_have(const struct copies *c, const struct copy_name *name)
{
	for (int i = 0; i < KEEP; i++)
		if (c->list[i].step == name->step &&
		    strcmp(c->list[i].digest, name->digest) == 0)
			return true;
	return false;
}

/* It is whole, verified, and has its final name. */
static void keep(struct copies *c, const struct copy_name *name)
{
	/* Newest first. The same step takes its old place; one that is older
	 * than all that are held is swept away again. */
	int at = 0;

	while (at < KEEP && c->list[at].step > name->step)
		at++;
	if (at < KEEP && c->list[at].step != name->step)
		memmove(&c->list[at + 1], &c->list[at],
			(size_t)(KEEP - 1 - at) * sizeof(c->list[0]));
	if (at < KEEP)
		c->list[at] = *name;
	sweep(c);
	c->news = true;
}

/* A second name costs nothing, and keeps the file though its trainer deletes
 * its own; another file system costs a copy. A copying under way gives way to
 * the newer checkpoint. */
static void begin_copying(struct copies *c, int64_t step, const char *path)
{
	struct copying *t = &c->copying;
	char part[4096];
	struct stat st;

	drop_copying(c);
	path_of(c, step, ".own", part, sizeof(part));
	unlink(part);
	t->from = open(path, O_RDONLY | O_CLOEXEC);
	if (t->from < 0 || fstat(t->from, &st) != 0) {
		fl_warn("the checkpoint '%s' cannot be read: %s", path,
			strerror(errno));
		fl_close(&t->from);
		return;
	}
	if (link(path, part) != 0) {
		t->to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0644);
		if (t->to < 0) {
			fl_warn("cannot keep a copy of '%s' in '%s': %s", path,
				part, strerror(errno));
			fl_close(&t->from);
			return;
		}
	}
	t->name = (struct copy_name){ .step = step, .size = st.st_size };
	t->done = 0;
	fl_digest_init(&t->digest);
}

void copies_add(struct copies *c, int64_t step, const char *path)
{
	/* The same step again is the same state under another name. */
	if (step > copies_coming(c))
		begin_copying(c, step, path);
}

/* Only a whole file ever has the final name, whenever the agent is killed. */
static void end_copying(struct copies *c)
{
	struct copying *t = &c->copying;
	char part[4096], path[4096];

	path_of(c, t->name.step, ".own", part, sizeof(part));
	path_of(c, t->name.step, "", path, sizeof(path));
	stop_copying(c);
	fl_digest_hex(&t->digest, t->name.digest);
	if (rename(part, path) == 0) {
		keep(c, &t->name);
	} else {
		fl_warn("cannot keep a copy of the checkpoint as '%s': %s",
			path, strerror(errno));
		unlink(part);
	}
}

/* One piece; false when there was nothing to do. */
static bool copy_piece(struct copies *c)
{
	struct copying *t = &c->copying;
	ssize_t n;

	if (t->from < 0)
		return false;
	n = read(t->from, c->buffer, PIECE);
	if (n > 0 && (t->to < 0 || write(t->to, c->buffer, (size_t)n) == n)) {
		fl_digest_update(&t->digest, c->buffer, (size_t)n);
		t->done += n;
		if (t->done < t->name.size)
			return true;
	}
	if (t->done == t->name.size) {
		end_copying(c);
		return true;
	}
	fl_warn("a checkpoint could not be copied: %s",
		n == 0 ? "it became shorter" : strerror(errno));
	stop_copying(c);
	sweep(c);
	return false;
}

/* Asked for at every turn: what is on its way, or failed a moment ago, is not
 * asked for twice. A newer one takes the place of one that is on its way. */
void copies_fetch(struct copies *c, struct peers *peers, int from,
		  const struct copy_name *name)
{
	struct fetching *fetching = &c->fetching;
	char part[4096];
	struct json *o;

	if (fetching->host == from && fetching->name.step == name->step &&
	    strcmp(fetching->name.digest, name->digest) == 0)
		return; /* it is on its way */
	if (fetching->failed == name->step && fl_now_s() < fetching->again)
		return;
	stop_fetching(c);
	path_of(c, name->step, ".part", part, sizeof(part));
	fetching->fd =
		open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fetching->fd < 0) {
		fl_warn("cannot write '%s': %s", part, strerror(errno));
		fetching->failed = name->step;
		fetching->again = fl_now_s() + AGAIN_S;
		return;
	}
	fetching->host = from;
	fetching->name = *name;
	fetching->done = 0;
	fl_digest_init(&fetching->digest);
	o = record_write(&copy_name_record, name, 0);
	peers_send_json(peers, from, WIRE_GET, 0, o);
	json_free(o);
}

/* Only noted here: pieces leave by send_piece(), at every turn. A second order
 * from the same machine replaces its first. */
void copies_heard_get(struct copies *c, int host, const struct json *o)
{
	struct sending *s = &c->sending[host];
	struct copy_name name;
	char path[4096];

	record_read(&copy_name_record, o, &name);
	copy_name_settle(&name);
	fl_close(&s->fd);
	*s = (struct sending){ .fd = -1, .step = name.step, .size = -1 };
	if (name.step > 0 && copies_have(c, &name)) {
		copies_path(c, &name, path, sizeof(path));
		s->fd = open(path, O_RDONLY | O_CLOEXEC);
		s->size = name.size;
	}
	if (s->fd < 0)
		s->size = -1; /* to be said: it is not here */
}

/* Offset -1: the other side drops what it has and asks again later. */
static void say_absent(struct copies *c, struct peers *peers, int host)
{
	fl_put(c->buffer, (uint64_t)c->sending[host].step, 8);
	fl_put(c->buffer + 8, (uint64_t)-1, 8);
	peers_send(peers, host, WIRE_CHUNK, 0, c->buffer, CHUNK_HEAD);
	c->sending[host].step = 0;
}

/* A checkpoint waits for whatever else the link has to carry. A file that
 * cannot be read any more is told as absent. */
static bool send_piece(struct copies *c, struct peers *peers, int host)
{
	struct sending *s = &c->sending[host];
	ssize_t n;

	if (s->fd < 0 && s->step > 0 && s->size < 0)
		say_absent(c, peers, host);
	if (s->fd < 0 || peers_pending(peers, host) > QUEUE)
		return false;
	n = read(s->fd, c->buffer + CHUNK_HEAD, CHUNK);
	fl_put(c->buffer, (uint64_t)s->step, 8);
	fl_put(c->buffer + 8, (uint64_t)(n > 0 ? s->done : -1), 8);
	peers_send(peers, host, WIRE_CHUNK, 0, c->buffer,
		   CHUNK_HEAD + (n > 0 ? (size_t)n : 0));
	s->done += n > 0 ? n : 0;
	if (n <= 0 || s->done >= s->size) {
		fl_close(&s->fd);
		s->step = 0;
		return false;
	}
	return true;
}

static void end_fetching(struct copies *c)
{
	struct fetching *fetching = &c->fetching;
	char part[4096], path[4096], hex[FL_DIGEST_HEX];

	fl_digest_hex(&fetching->digest, hex);
	path_of(c, fetching->name.step, ".part", part, sizeof(part));
	path_of(c, fetching->name.step, "", path, sizeof(path));
	if (strcmp(hex, fetching->name.digest) != 0) {
		fl_warn("a copy of the checkpoint of step %lld arrived damaged and is dropped",
			(long long)fetching->name.step);
		fail_fetching(c);
		return;
	}
	fl_close(&fetching->fd);
	if (rename(part, path) == 0) {
		fetching->host = -1;
		keep(c, &fetching->name);
	} else {
		fl_warn("cannot write '%s': %s", path, strerror(errno));
		fail_fetching(c);
	}
}

void copies_heard_chunk(struct copies *c, int host,
			const struct wire_frame *frame)
{
	struct fetching *fetching = &c->fetching;
	size_t n = frame->size - CHUNK_HEAD;

	if (frame->size < CHUNK_HEAD || fetching->host != host ||
	    (int64_t)fl_get(frame->data, 8) != fetching->name.step)
		return;
	/* Pieces of one file come in order, for one link carries them. */
	if ((int64_t)fl_get(frame->data + 8, 8) != fetching->done ||
	    fetching->done + (int64_t)n > fetching->name.size) {
		fail_fetching(c); /* it has it no more */
		return;
	}
	if (write(fetching->fd, frame->data + CHUNK_HEAD, n) != (ssize_t)n) {
		fl_warn("cannot keep a copy of the checkpoint of step %lld: %s",
			(long long)fetching->name.step, strerror(errno));
		fail_fetching(c);
		return;
	}
	fl_digest_update(&fetching->digest, frame->data + CHUNK_HEAD, n);
	fetching->done += (int64_t)n;
	if (fetching->done == fetching->name.size)
		end_fetching(c);
}

/* What it sent so far is of no use, and what it asked for goes nowhere. */
void copies_left(struct copies *c, int host)
{
	if (c->fetching.host == host)
		stop_fetching(c);
	fl_close(&c->sending[host].fd);
	c->sending[host].step = 0;
}

bool copies_turn(struct copies *c, struct peers *peers, bool *news)
{
	bool more = copy_piece(c);

	for (int i = 0; i < c->hosts; i++)
		/* Each machine's own queue bounds it: a slow link holds up no
		 * other. */
		more |= send_piece(c, peers, i);
	*news = c->news;
	c->news = false;
	return more;
}
