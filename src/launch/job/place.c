/* place.c - which folder a job's logs and copies go to, and whose they are.
 *
 * fleetrun opens it before anything is started or written. A job that was
 * interrupted (its agents were killed) finds its own folder again by the line
 * in the fleet file, although its first folder is free by now.
 */
#include "launch/job/place.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 64 /* jobs with one log folder at the same time */

static const struct field mark_rows[] = {
	FIELD(BOOL, struct place_mark, over, "over", .absent = true),
	FIELD(TEXT, struct place_mark, line, "line"),
};
const struct record place_mark_record = RECORD(struct place_mark, mark_rows);

void place_fleet_file(const char *folder, int index, char *buf, size_t size)
{
	snprintf(buf, size, "%s/fleet.%d.json", folder, index);
}

/* The first is log_dir itself, the next are job.2, job.3, .. below it. */
static int name_place(const char *log_dir, int number, char *buf, size_t size,
		      struct fl_err *err)
{
	int n = number == 1 ? snprintf(buf, size, "%s", log_dir)
			    : snprintf(buf, size, "%s/job.%d", log_dir, number);

	return n < (int)size ? 0
			     : fl_fail(err, FL_EUSAGE,
				       "--log_dir has more than %zu characters",
				       size - 32);
}

/* A job with our line was interrupted here: its fleet file does not say that it
 * is over. One machine alone keeps no such file (fleet/state.c). */
static bool was_ours(const char *folder, const struct launch_plan *plan)
{
	struct fl_err err = FL_ERR_INIT;
	struct place_mark mark;
	char path[4096];
	struct json *o;
	bool ours;

	place_fleet_file(folder, plan->hosts.self, path, sizeof(path));
	if (plan->alone || !fl_exists(path))
		return false;
	o = json_read(path, &err);
	record_read(&place_mark_record, o, &mark);
	ours = o && !mark.over && strcmp(mark.line, plan->line) == 0;
	json_free(o);
	return ours;
}

static bool is_log(const char *name)
{
	return fl_starts_with(name, "workerlog.") ||
	       fl_starts_with(name, "serverlog.");
}

/* A folder that several people may write to still has files of one of them. */
static int check_logs(const char *folder, struct fl_err *err)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	while (rc == 0 && d && (entry = readdir(d)) != NULL) {
		struct passwd *user;
		struct stat st;

		if (!is_log(entry->d_name) ||
		    faccessat(dirfd(d), entry->d_name, W_OK, AT_EACCESS) == 0 ||
		    errno != EACCES ||
		    fstatat(dirfd(d), entry->d_name, &st, 0) != 0)
			continue;
		user = getpwuid(st.st_uid);
		rc = fl_fail(
			err, FL_EIO,
			"cannot write '%s/%s': it belongs to user %s (%ld)",
			folder, entry->d_name, user ? user->pw_name : "?",
			(long)st.st_uid);
	}
	if (d)
		closedir(d);
	return rc;
}

/* Agents of one job on several machines have the same line, and may share a
 * folder of a common disk. A job alone shares with nobody, be it the same line
 * typed twice. */
static int claim(struct place *p, const struct launch_plan *plan,
		 struct fl_err *err)
{
	int rc = fl_make_dirs(p->folder, err);

	if (rc == 0)
		rc = fl_owner_take(&p->owner, p->folder,
				   plan->alone ? "" : plan->line,
				   plan->alone ? 0 : FL_OWNER_SHARED, err);
	if (rc == 0) {
		rc = check_logs(p->folder, err);
		if (rc != 0)
			fl_owner_release(&p->owner);
	}
	return rc;
}

/* The number of the folder in which this job was interrupted; 0: none. */
static int find_own(struct place *p, const char *log_dir,
		    const struct launch_plan *plan)
{
	struct fl_err err = FL_ERR_INIT;

	for (int i = 1; i <= MOST; i++) {
		if (name_place(log_dir, i, p->folder, sizeof(p->folder),
			       &err) != 0 ||
		    !fl_is_dir(p->folder))
			break;
		if (was_ours(p->folder, plan) && claim(p, plan, &err) == 0)
			return i;
	}
	return 0;
}

int place_open(struct place *p, const char *log_dir,
	       const struct launch_plan *plan, struct fl_err *err)
{
	/* Who holds log_dir itself, for the line that says why it is not
	 * used. */
	char first[sizeof(p->owner.holder)] = "";
	int number = find_own(p, log_dir, plan);
	int rc = number ? 0 : FL_OWNER_OTHER;

	for (int i = 1; rc == FL_OWNER_OTHER && i <= MOST; i++) {
		rc = name_place(log_dir, i, p->folder, sizeof(p->folder), err);
		if (rc == 0)
			rc = claim(p, plan, err);
		if (rc == FL_OWNER_OTHER && i == 1)
			memcpy(first, p->owner.holder, sizeof(first));
	}
	if (rc == FL_OWNER_OTHER)
		rc = fl_fail(
			err, FL_EUSAGE,
			"'%s' and %d folders below it belong to other jobs",
			log_dir, MOST - 1);
	if (rc < 0)
		return fl_context(err, "choose another --log_dir");
	if (*first)
		fl_info("log folder '%s' belongs to %s; this job's logs, copies of "
			"checkpoints and fault files go to '%s'",
			log_dir, first, p->folder);
	return 0;
}

void place_close(struct place *p)
{
	fl_owner_release(&p->owner);
}

/* The verdict of an earlier job would be taken for this one's, and so would its
 * logs. */
void place_forget(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, "fault.json") == 0 ||
		    (is_log(entry->d_name) &&
		     fl_ends_with(entry->d_name, PLACE_BEFORE)))
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}
