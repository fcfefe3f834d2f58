/* run_dir.c - whose folder it is, and what moves away for a new run. Called on
 * rank 0 alone, by cmd_train, in the order of run_dir.h: claim before anything
 * is read, begin after the first step, leave at the end. The lock lies in the
 * folder itself: when an old run is moved, the lock moves along, and the new
 * folder gets its own before the old one is let go. */
#include "report/run_dir.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "text/json.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int run_dir_name(struct run_dir *d, const char *save_dir, const char *name,
		 struct fl_err *err)
{
	size_t n = strlen(save_dir);
	char trimmed[PATH_MAX];

	*d = (struct run_dir){ .owner.fd = -1 };
	/* A slash at the end would hide the name that the folder ends with. */
	while (n > 1 && save_dir[n - 1] == '/')
		n--;
	snprintf(trimmed, sizeof(trimmed), "%.*s", (int)n, save_dir);
	if (strcmp(fl_base_name(trimmed), name) != 0)
		return fl_join(d->path, sizeof(d->path), trimmed, name, err);
	snprintf(d->path, sizeof(d->path), "%s", trimmed);
	return 0;
}

/* Which job the run in the folder is of, for its next attempt. */
#define JOB_FILE ".job"

/* Is there a run in it? */
static bool holds_anything(const char *path)
{
	static const char *const ours[] = { ".", "..", FL_OWNER_FILE };
	DIR *d = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d)) != NULL) {
		found = true;
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			if (strcmp(entry->d_name, ours[i]) == 0)
				found = false;
	}
	if (d)
		closedir(d);
	return found;
}

/* Another run is a mistake of the command line: this one may not wait for
 * hours. */
static int take(struct run_dir *d, struct fl_err *err)
{
	int rc = fl_owner_take(&d->owner, d->path, d->job, 0, err);

	if (rc != FL_OWNER_OTHER)
		return rc;
	return fl_fail(
		err, FL_EUSAGE,
		"'%s' is the folder of a run at work: %s; wait for its end, or "
		"train elsewhere with -o save_dir=DIR",
		d->path, d->owner.holder);
}

/* How many folders of a path are not there yet. */
static int count_missing(const char *path)
{
	char at[PATH_MAX], *slash = at;
	int n = 0;

	snprintf(at, sizeof(at), "%s", path);
	while (slash && *at && !fl_exists(at)) {
		n++;
		slash = strrchr(at, '/');
		if (slash)
			*slash = '\0';
	}
	return n;
}

int run_dir_claim(struct run_dir *d, const char *job, struct fl_err *err)
{
	int rc;

	snprintf(d->job, sizeof(d->job), "%s", job ? job : "");
	/* For leave(): a start that fails takes away what it made, and nothing
	 * else. */
	d->made = count_missing(d->path);
	rc = fl_make_dirs(d->path, err);
	return rc == 0 ? take(d, err) : rc;
}

/* Did an earlier attempt of the same job begin this run? Then it goes on
 * here. */
static bool is_of_job(const struct run_dir *d)
{
	char path[PATH_MAX];
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	bool same;

	if (!*d->job ||
	    fl_join(path, sizeof(path), d->path, JOB_FILE, &err) != 0 ||
	    fl_map_open(&map, path, &err) != 0)
		return false;
	same = map.size == strlen(d->job) &&
	       memcmp(map.data, d->job, map.size) == 0;
	fl_map_close(&map);
	return same;
}

/* Does the file lie in the folder, by whatever names? */
static bool lies_in(const char *file, const char *folder)
{
	char a[PATH_MAX], b[PATH_MAX], *slash;

	if (!*file || !realpath(file, a) || !realpath(folder, b))
		return false;
	slash = strrchr(a, '/');
	*slash = '\0';
	return strcmp(a, b) == 0;
}

/* The old run with its lock goes to <path>.<n>; then the folder is ours anew,
 * unless somebody was quicker. */
static int move_away(struct run_dir *d, struct fl_err *err)
{
	struct fl_owner old = d->owner;
	char to[PATH_MAX];
	int n = 1, rc;

	/* The first number that is free; nobody else renames while the lock is
	 * ours. */
	do {
		snprintf(to, sizeof(to), "%s.%d", d->path, n++);
	} while (fl_exists(to));
	if (rename(d->path, to) != 0)
		return fl_fail(err, FL_EIO, "cannot move '%s' to '%s': %s",
			       d->path, to, strerror(errno));
	fl_info("the run that was in %s is now in %s", d->path, to);
	d->owner.fd = -1;
	rc = fl_make_dirs(d->path, err);
	if (rc == 0)
		rc = take(d, err);
	fl_owner_release(&old);
	return rc;
}

int run_dir_begin(struct run_dir *d, const char *from, bool again,
		  struct fl_err *err)
{
	char path[PATH_MAX];
	int rc = 0;

	/* A run that goes on from a checkpoint in the folder is the run in the
	 * folder. */
	if (!lies_in(from, d->path) && !(again && is_of_job(d)) &&
	    holds_anything(d->path))
		rc = move_away(d, err);
	if (rc == 0 && *d->job)
		rc = fl_join(path, sizeof(path), d->path, JOB_FILE, err);
	if (rc == 0 && *d->job)
		rc = fl_write_file(path, d->job, strlen(d->job), err);
	d->begun = rc == 0;
	return rc;
}

void run_dir_leave(struct run_dir *d)
{
	char at[PATH_MAX], *slash = at;

	if (d->owner.fd < 0)
		return;
	fl_owner_release(&d->owner);
	snprintf(at, sizeof(at), "%s", d->path);
	for (int i = 0; !d->begun && slash && i < d->made; i++) {
		rmdir(at); /* fails where there is anything in it */
		slash = strrchr(at, '/');
		if (slash)
			*slash = '\0';
	}
}

/* null and not -1: a reader of JSON must not take it for a score. */
static void set_measured(struct json *o, const char *key, double value)
{
	if (value < 0)
		json_set_null(o, key);
	else
		json_set_real(o, key, value);
}

int run_dir_summary(const char *dir, const struct run_summary *s,
		    struct fl_err *err)
{
	struct json *o = json_new_object();
	char path[PATH_MAX];
	int rc;

	json_set_text(o, "status", s->status);
	json_set_text(o, "ended_by", s->ended_by);
	json_set_int(o, "world_size", s->world_size);
	json_set_int(o, "epochs", s->epochs);
	json_set_int(o, "steps", s->steps);
	json_set_real(o, "images_per_s", s->images_per_s);
	set_measured(o, "ap", s->ap);
	set_measured(o, "ap50", s->ap50);
	set_measured(o, "best_ap", s->best_ap);
	json_set_real(o, "seconds", s->seconds);
	json_set_text(o, "weights", s->weights);
	json_set_int(o, "bad_images", s->bad_images);
	json_set_int(o, "restarts", s->restarts);
	rc = fl_join(path, sizeof(path), dir, "summary.json", err);
	if (rc == 0)
		rc = json_write(o, path, err);
	json_free(o);
	return rc;
}
