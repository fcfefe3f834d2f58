/* tfevents.c - event files as TensorBoard 2.21 reads them, without protobuf;
 * for report/events.c, which begins an event, adds values and ends it.
 *
 * A record is its payload's length, the masked checksum of that, the payload,
 * its checksum. The payload is an Event message; the few fields used here are
 * named below by their numbers in tensorflow/core/util/event.proto and
 * framework/{summary,tensor}.proto. Scalars are simple_value, which every
 * reader of event files takes for a scalar; pictures and texts are string
 * tensors with the name of the plugin that shows them. */
#include "report/tfevents.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/str.h"
#include "text/protobuf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* TensorBoard looks for the word anywhere in a name; the seconds behind it have
 * ten digits until the year 2286, so names sort as times do. */
#define PREFIX "events.out.tfevents."
#define DIGITS 10

enum {
	EVENT_TIME = 1,
	EVENT_STEP = 2,
	EVENT_VERSION = 3,
	EVENT_SUMMARY = 5,
	EVENT_SESSION = 7
};
enum {
	SESSION_STATUS = 1,
	SESSION_START = 1
};
enum {
	SUMMARY_VALUE = 1
};
enum {
	VALUE_TAG = 1,
	VALUE_SIMPLE = 2,
	VALUE_TENSOR = 8,
	VALUE_METADATA = 9
};
enum {
	METADATA_PLUGIN = 1,
	PLUGIN_NAME = 1
};
enum {
	TENSOR_TYPE = 1,
	TENSOR_SHAPE = 2,
	TENSOR_STRING = 8,
	DT_STRING = 7
};
enum {
	SHAPE_DIM = 2,
	DIM_SIZE = 1
};

struct tfevents {
	char path[PATH_MAX];
	int fd;
	int64_t size; /* of the whole records in the file */
	struct fl_str
		head; /* of the event in work: its fields before the summary */
	struct fl_str summary; /* its values */
	struct fl_str value;   /* scratch of one value */
};

/* CRC-32C, bit by bit from its polynomial in reverse, then turned and shifted
 * as TFRecord has it: a checksum of a file that holds checksums would be
 * weak. */
uint32_t tfevents_masked_crc(const void *bytes, size_t size)
{
	static uint32_t table[256];
	const unsigned char *p = bytes;
	uint32_t c = 0xffffffff;

	if (table[1] == 0)
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t v = i;

			for (int k = 0; k < 8; k++)
				v = v & 1 ? v >> 1 ^ 0x82f63b78 : v >> 1;
			table[i] = v;
		}
	for (size_t i = 0; i < size; i++)
		c = table[(c ^ p[i]) & 0xff] ^ c >> 8;
	c = ~c;
	return (c >> 15 | c << 17) + 0xa282ead8u;
}

void tfevents_begin(struct tfevents *t, double time, int64_t step)
{
	fl_str_clear(&t->head);
	fl_str_clear(&t->summary);
	protobuf_double(&t->head, EVENT_TIME, time);
	protobuf_int(&t->head, EVENT_STEP, step);
}

/* TensorBoard drops what it has of later steps at such an event. */
void tfevents_restart(struct tfevents *t)
{
	struct fl_str session = FL_STR_INIT;

	protobuf_int(&session, SESSION_STATUS, SESSION_START);
	protobuf_message(&t->head, EVENT_SESSION, &session);
}

static void end_value(struct tfevents *t)
{
	protobuf_bytes(&t->summary, SUMMARY_VALUE, fl_str_get(&t->value),
		       t->value.len);
	fl_str_clear(&t->value);
}

void tfevents_scalar(struct tfevents *t, const char *tag, double value)
{
	protobuf_text(&t->value, VALUE_TAG, tag);
	protobuf_float(&t->value, VALUE_SIMPLE, (float)value);
	end_value(t);
}

/* Of a tensor [count] of strings all but these. */
static void begin_strings(struct fl_str *tensor, int count)
{
	struct fl_str dim = FL_STR_INIT, shape = FL_STR_INIT;

	protobuf_int(tensor, TENSOR_TYPE, DT_STRING);
	protobuf_int(&dim, DIM_SIZE, count);
	protobuf_message(&shape, SHAPE_DIM, &dim);
	protobuf_message(tensor, TENSOR_SHAPE, &shape);
}

/* A value that is the tensor, for the plugin that shows such. */
static void put_tensor(struct tfevents *t, const char *tag, const char *plugin,
		       struct fl_str *tensor)
{
	struct fl_str name = FL_STR_INIT, metadata = FL_STR_INIT;

	protobuf_text(&t->value, VALUE_TAG, tag);
	protobuf_message(&t->value, VALUE_TENSOR, tensor);
	protobuf_text(&name, PLUGIN_NAME, plugin);
	protobuf_message(&metadata, METADATA_PLUGIN, &name);
	protobuf_message(&t->value, VALUE_METADATA, &metadata);
	end_value(t);
}

/* Width and height as texts, then the file itself: the form of the images
 * plugin. */
void tfevents_image(struct tfevents *t, const char *tag, int w, int h,
		    const void *file, size_t size)
{
	struct fl_str tensor = FL_STR_INIT;
	char side[2][16];

	snprintf(side[0], sizeof(side[0]), "%d", w);
	snprintf(side[1], sizeof(side[1]), "%d", h);
	begin_strings(&tensor, 3);
	protobuf_text(&tensor, TENSOR_STRING, side[0]);
	protobuf_text(&tensor, TENSOR_STRING, side[1]);
	protobuf_bytes(&tensor, TENSOR_STRING, file, size);
	put_tensor(t, tag, "images", &tensor);
}

void tfevents_text(struct tfevents *t, const char *tag, const char *markdown)
{
	struct fl_str tensor = FL_STR_INIT;

	begin_strings(&tensor, 1);
	protobuf_text(&tensor, TENSOR_STRING, markdown);
	put_tensor(t, tag, "text", &tensor);
}

static void put_checked(struct fl_str *record, const void *bytes, size_t size)
{
	unsigned char masked[4];

	fl_put(masked, tfevents_masked_crc(bytes, size), 4);
	fl_str_addn(record, bytes, size);
	fl_str_addn(record, masked, sizeof(masked));
}

/* All of it, or nothing stays: readers stop for good at a record that is cut
 * off, so what stands behind half a record is never seen. */
static int append(struct tfevents *t, const struct fl_str *record,
		  struct fl_err *err)
{
	size_t done = 0;

	while (done < record->len) {
		ssize_t n =
			write(t->fd, record->data + done, record->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fl_fail(err, FL_EIO, "cannot write '%s': %s", t->path,
				strerror(errno));
			if (ftruncate(t->fd, t->size) != 0 ||
			    lseek(t->fd, t->size, SEEK_SET) != t->size)
				fl_close(&t->fd); /* half a record stays */
			return FL_EIO;
		}
		done += (size_t)n;
	}
	t->size += (int64_t)record->len;
	return 0;
}

static int write_record(struct tfevents *t, const struct fl_str *payload,
			struct fl_err *err)
{
	struct fl_str record = FL_STR_INIT;
	unsigned char length[8];
	int rc;

	if (t->fd < 0)
		return fl_fail(
			err, FL_EIO,
			"'%s' ends with half a record: nothing may follow",
			t->path);
	fl_put(length, payload->len, 8);
	put_checked(&record, length, sizeof(length));
	put_checked(&record, fl_str_get(payload), payload->len);
	rc = append(t, &record, err);
	fl_str_release(&record);
	return rc;
}

int tfevents_end(struct tfevents *t, struct fl_err *err)
{
	if (t->summary.len)
		protobuf_bytes(&t->head, EVENT_SUMMARY, fl_str_get(&t->summary),
			       t->summary.len);
	return write_record(t, &t->head, err);
}

/* The newest time in the names of the folder's event files, or 0. A reader
 * takes the files in order of names, and goes back no more: a run that goes on
 * must come behind the one before, even in the same second. */
static int64_t newest_time(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;
	int64_t newest = 0;

	while (d && (entry = readdir(d)) != NULL) {
		int64_t time;

		if (!fl_starts_with(entry->d_name, PREFIX))
			continue;
		time = strtoll(entry->d_name + strlen(PREFIX), NULL, 10);
		newest = time > newest ? time : newest;
	}
	if (d)
		closedir(d);
	return newest;
}

/* Nobody else's, should two begin in the same second. */
static int make_file(struct tfevents *t, const char *folder, int64_t time,
		     struct fl_err *err)
{
	char host[HOST_NAME_MAX + 1] = "", name[HOST_NAME_MAX + 64];
	int rc = 0;

	gethostname(host, sizeof(host) - 1);
	for (int i = 0; rc == 0 && t->fd < 0 && i < 1000; i++) {
		snprintf(name, sizeof(name), PREFIX "%0*lld.%s", DIGITS,
			 (long long)(time + i), *host ? host : "localhost");
		rc = fl_join(t->path, sizeof(t->path), folder, name, err);
		if (rc == 0)
			t->fd = open(t->path,
				     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				     0666);
		if (t->fd < 0 && errno != EEXIST)
			break;
	}
	if (rc == 0 && t->fd < 0)
		rc = fl_fail(err, FL_EIO, "cannot write '%s': %s", t->path,
			     strerror(errno));
	return rc;
}

static int write_version(struct tfevents *t, int64_t now, struct fl_err *err)
{
	protobuf_double(&t->head, EVENT_TIME, (double)now);
	protobuf_text(&t->head, EVENT_VERSION, "brain.Event:2");
	return write_record(t, &t->head, err);
}

int tfevents_open(const char *folder, int64_t now, struct tfevents **out,
		  struct fl_err *err)
{
	struct tfevents *t = fl_calloc(1, sizeof(*t));
	int64_t newest;
	int rc = fl_make_dirs(folder, err);

	t->fd = -1;
	newest = newest_time(folder);
	if (rc == 0)
		rc = make_file(t, folder, newest >= now ? newest + 1 : now,
			       err);
	if (rc == 0)
		rc = write_version(t, now, err);
	if (rc != 0) {
		if (t->fd >= 0)
			unlink(t->path);
		tfevents_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tfevents_close(struct tfevents *t)
{
	if (!t)
		return;
	fl_close(&t->fd);
	fl_str_release(&t->head);
	fl_str_release(&t->summary);
	fl_str_release(&t->value);
	free(t);
}

const char *tfevents_path(const struct tfevents *t)
{
	return t->path;
}
