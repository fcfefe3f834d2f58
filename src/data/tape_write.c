/* tape_write.c - the random draws of a run as JSON lines (data/tape.h has the
 * format). Called by the loader for every batch that it hands out, in order of
 * steps, by the training thread. Until tape_record_begin() lines are kept in
 * memory: a start that fails must not cost the record of an earlier run. */
#include "data/tape.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "data/tape_priv.h"
#include "text/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct tape_record {
	char *path;
	int fd;
	bool made;  /* by us: there was no such file */
	bool begun; /* older lines are gone, new ones go there at once */
	struct fl_str pending;
};

const char *const tape_colors[COLORS] = { "brightness", "contrast",
					  "saturation", "hue" };

/* Factors with all their digits, so that a replay has the same bits. */
static void add_ops(struct fl_str *s, const struct tape_image *im)
{
	const struct draws *d = &im->draws;
	const char *between = "";
	char text[NUMBER_ROOM];

	for (int i = 0; i < d->colors; i++) {
		number_print(d->factor[i], text);
		fl_str_addf(s, "%s[\"%s\", %s]", between,
			    tape_colors[d->color[i]], text);
		between = ", ";
	}
	if (d->canvas_w != im->w || d->canvas_h != im->h) {
		fl_str_addf(s, "%s[\"expand\", %d, %d, %d, %d]", between,
			    d->canvas_w, d->canvas_h, d->paste_x, d->paste_y);
		between = ", ";
	}
	if (draws_crops(d)) {
		fl_str_addf(s, "%s[\"crop\", %d, %d, %d, %d]", between,
			    d->crop_x, d->crop_y, d->crop_w, d->crop_h);
		between = ", ";
	}
	if (d->flip)
		fl_str_addf(s, "%s[\"flip\"]", between);
}

static int cannot(const struct tape_record *r, struct fl_err *err)
{
	return fl_fail(err, FL_EIO, "cannot write the record of draws '%s': %s",
		       r->path, strerror(errno));
}

int tape_record_open(const char *path, struct tape_record **out,
		     struct fl_err *err)
{
	struct tape_record *r = fl_calloc(1, sizeof(*r));
	int rc = 0;

	r->path = fl_strdup(path);
	r->made = !fl_exists(path);
	/* Not truncated: the older record stays until this run's first step is
	 * done. */
	r->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	/* flock's lock goes with the process, however that ends. */
	if (r->fd < 0)
		rc = cannot(r, err);
	else if (flock(r->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		rc = fl_fail(
			err, FL_EUSAGE,
			"the record of draws '%s' is being written by another process; name another file",
			path);
	r->made &= rc == 0;
	*out = rc == 0 ? r : NULL;
	if (rc != 0)
		tape_record_close(r);
	return rc;
}

/* Whole batches: a run that is killed leaves lines that can be read. */
static int write_pending(struct tape_record *r, struct fl_err *err)
{
	const char *p = fl_str_get(&r->pending);
	size_t left = r->pending.len;

	while (left > 0) {
		ssize_t n = write(r->fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot(r, err);
		p += n;
		left -= (size_t)n;
	}
	fl_str_clear(&r->pending);
	return 0;
}

int tape_record_begin(struct tape_record *r, struct fl_err *err)
{
	if (r->begun)
		return 0;
	r->begun = true;
	/* EINVAL: a pipe or a terminal */
	if (ftruncate(r->fd, 0) != 0 && errno != EINVAL)
		return cannot(r, err);
	return write_pending(r, err);
}

void tape_record_close(struct tape_record *r)
{
	if (!r)
		return;
	/* A file that this run made and never wrote leads nobody to think it
	 * recorded. */
	if (r->made && !r->begun)
		unlink(r->path);
	fl_close(&r->fd);
	fl_str_release(&r->pending);
	free(r->path);
	free(r);
}

int tape_record_put(struct tape_record *r, const struct reader_options *reader,
		    const struct tape_batch *b, const struct tape_image *images,
		    int count, struct fl_err *err)
{
	struct fl_str *s = &r->pending;

	fl_str_addf(s, "{\"epoch\": %d, \"step\": %d, ", b->epoch, b->step);
	if (b->rank >= 0)
		fl_str_addf(s, "\"rank\": %d, ", b->rank);
	fl_str_addf(s, "\"size\": [%d, %d], \"interp\": %d}\n",
		    reader->sizes[b->size][0], reader->sizes[b->size][1],
		    b->interp);
	for (int i = 0; i < count; i++) {
		const struct tape_image *im = &images[i];

		if (im->id < 0)
			continue;
		fl_str_addf(s,
			    "{\"epoch\": %d, \"step\": %d, \"image\": %lld, "
			    "\"width\": %d, \"height\": %d, \"ops\": [",
			    b->epoch, b->step, (long long)im->id, im->w, im->h);
		add_ops(s, im);
		fl_str_add(s, "]}\n");
	}
	return r->begun ? write_pending(r, err) : 0;
}
