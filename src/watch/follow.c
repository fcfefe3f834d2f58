/* follow.c - what is new in a run's folder since the last look.
 *
 * Called once a second. A run that starts again moves the folder of the old one
 * away and makes another of the same name: for a moment there is none, so it is
 * gone only when it stays away. Of ledger.jsonl the last whole line is read,
 * from its end; a file that nobody wrote to since the run began is of another
 * run, for a folder of logs is used again. */
#include "watch/follow.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line of a thousand ranks has a sixth of it. */
#define LAST_BYTES (1 << 20)

/* The last whole line of text, or NULL. */
static struct json *last_line(char *text, size_t len)
{
	struct fl_err why = FL_ERR_INIT;
	char *end, *begin;

	end = memrchr(text, '\n', len);
	if (!end)
		return NULL;
	begin = memrchr(text, '\n', (size_t)(end - text));
	begin = begin ? begin + 1 : text;
	return json_parse(begin, (size_t)(end - begin), "ledger.jsonl", &why);
}

static void read_window(struct followed *f, const char *path, off_t size)
{
	off_t from = size > LAST_BYTES ? size - LAST_BYTES : 0;
	char *text = fl_calloc(1, LAST_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, text, LAST_BYTES, from);

	json_free(f->window);
	f->window = n > 0 ? last_line(text, (size_t)n) : NULL;
	fl_close(&fd);
	free(text);
}

static bool update_ledger(struct followed *f)
{
	const char *path = json_text_or(f->run.facts, "ledger_file", "");
	int64_t begun = json_int_or(f->run.facts, "begun", 0);
	struct page_file *was = &f->ledger;
	bool had = f->window != NULL;
	struct stat st;

	if (!*path || stat(path, &st) != 0 || st.st_mtime < begun) {
		json_free(f->window);
		f->window = NULL;
		was->there = false;
		return had;
	}
	if (was->there && was->number == st.st_ino && was->size == st.st_size &&
	    was->changed.tv_nsec == st.st_mtim.tv_nsec &&
	    was->changed.tv_sec == st.st_mtim.tv_sec)
		return false;
	read_window(f, path, st.st_size);
	*was = (struct page_file){ .there = true,
				   .number = st.st_ino,
				   .size = st.st_size,
				   .changed = st.st_mtim };
	return true;
}

static bool update_holder(struct followed *f)
{
	bool was = f->at_work;

	f->at_work = fl_owner_look(f->run.folder, f->holder, sizeof(f->holder));
	return was != f->at_work;
}

int follow_update(struct followed *f, struct fl_err *err)
{
	int rc;
	bool any;

	if (!fl_is_dir(f->run.folder))
		return fl_fail(err, FL_EDATA,
			       "the folder '%s' is gone: it was moved or "
			       "removed",
			       f->run.folder);
	rc = page_run_update(&f->run, err);
	if (rc < 0)
		return rc;
	any = update_ledger(f);
	return update_holder(f) || any || rc > 0;
}

int follow_open(struct followed *f, const char *folder, struct fl_err *err)
{
	bool there = false;
	int rc;

	*f = (struct followed){ .window = NULL };
	rc = page_run_follow(&f->run, folder, err);
	if (rc != 0)
		return rc;
	rc = follow_update(f, err);
	for (int i = 0; i < PAGE_FILES; i++)
		there = there || f->run.files[i].there;
	if (rc >= 0 && !there && !f->at_work)
		rc = fl_fail(
			err, FL_EDATA,
			"'%s' is no folder of a run, and nobody is at work "
			"in it: it has no metrics.jsonl, report.json, "
			"summary.json or config.yml",
			folder);
	if (rc < 0)
		follow_close(f);
	return rc < 0 ? rc : 0;
}

void follow_close(struct followed *f)
{
	page_run_release(&f->run);
	json_free(f->window);
	*f = (struct followed){ .window = NULL };
}

const struct json *follow_summary(const struct followed *f)
{
	return f->at_work ? NULL : f->run.summary;
}
