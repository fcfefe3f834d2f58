#include "report/run_dir.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "text/json.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

int run_dir_path(const char *save_dir, const char *name, char *buf, size_t size,
		 struct fl_err *err)
{
	size_t n = strlen(save_dir);
	char trimmed[PATH_MAX];

	while (n > 1 && save_dir[n - 1] == '/')
		n--;
	snprintf(trimmed, sizeof(trimmed), "%.*s", (int)n, save_dir);
	if (strcmp(fl_base_name(trimmed), name) != 0)
		return fl_join(buf, size, trimmed, name, err);
	snprintf(buf, size, "%s", trimmed);
	return 0;
}

static bool holds_anything(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d)) != NULL)
		found = strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0;
	if (d)
		closedir(d);
	return found;
}

int run_dir_open(const char *path, bool resume, struct fl_err *err)
{
	char old[PATH_MAX];

	if (!resume && holds_anything(path)) {
		int n = 1;

		do {
			snprintf(old, sizeof(old), "%s.%d", path, n++);
		} while (fl_exists(old));
		if (rename(path, old) != 0)
			return fl_fail(err, FL_EIO,
				       "cannot move '%s' to '%s': %s", path,
				       old, strerror(errno));
		fl_info("the run that was in %s is now in %s", path, old);
	}
	return fl_make_dirs(path, err);
}

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
