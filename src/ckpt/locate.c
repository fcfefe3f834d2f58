/* locate.c - from what a person types (pretrain_weights, weights, -r, the
 * argument of convert and ckpt) to a file: an address means one that was
 * downloaded before; else it is the path itself, a prefix of one, or a run's
 * folder, in this order. A sentence says what was looked for.
 * Nothing is downloaded: PaddleDetection does so at the start of a job, where
 * several processes wait for one of them and an offline machine fails. */
#include "ckpt/locate.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "ckpt/checkpoint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PPDET "ppdet://"
#define PPDET_HOST "https://paddledet.bj.bcebos.com/"

bool locate_is_address(const char *place)
{
	return fl_starts_with(place, "http://") ||
	       fl_starts_with(place, "https://") ||
	       fl_starts_with(place, PPDET);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int put_path(char *buf, size_t size, const char *path,
		    const char *ending, struct fl_err *err)
{
	int n = snprintf(buf, size, "%s%s", path, ending);

	if (n < 0 || (size_t)n >= size)
		return fl_fail(err, FL_ERECIPE, "path too long: '%s%s'", path,
			       ending);
	return 0;
}

/* PaddleDetection's own cache: what it has fetched is found, and
 * what is fetched for us it finds. */
static int locate_address(const char *place, char *buf, size_t size,
			  struct fl_err *err)
{
	const char *home = getenv("HOME");
	struct fl_str url = FL_STR_INIT, path = FL_STR_INIT;
	const char *base;
	int rc = 0;

	if (fl_starts_with(place, PPDET))
		fl_str_addf(&url, "%s%s", PPDET_HOST, place + strlen(PPDET));
	else
		fl_str_add(&url, place);
	base = fl_base_name(url.data);
	fl_str_addf(&path, "%s/.cache/paddle/weights/%.*s",
		    home && *home ? home : ".", (int)strcspn(base, "?#"), base);
	if (is_file(path.data))
		rc = put_path(buf, size, path.data, "", err);
	else
		rc = fl_fail(err, FL_ERECIPE,
			     "weights '%s' are not on this "
			     "machine; fetch them with \"curl -fL "
			     "--create-dirs -o '%s' '%s'\", or give "
			     "-o pretrain_weights='' to begin without",
			     place, path.data, url.data);
	fl_str_release(&url);
	fl_str_release(&path);
	return rc;
}

/* How far a checkpoint got. */
struct weights_file {
	int64_t steps;
	struct timespec time;
};

/* Steps done, out of the file or of the .pdopt beside it; -1 unknown, as of
 * plain weights. Opening checks the whole layout, so a file that was cut short
 * is found here. */
static int read_steps(const char *path, int64_t *steps, struct fl_err *err)
{
	struct checkpoint_state state = { 0 };
	struct tensor_file file;
	int rc = checkpoint_open(&file, path, err);

	if (rc != 0)
		return rc;
	*steps = -1;
	if (tensor_file_meta(&file, CKPT_STATE_KEY)) {
		rc = checkpoint_state_read(&file, &state, err);
		*steps = state.progress.steps;
	}
	tensor_file_close(&file);
	return rc;
}

/* By steps first: files that were copied have any time. The time tells apart
 * files of one step (best_model and a snapshot). */
static bool newer(const struct weights_file *a, const struct weights_file *b)
{
	if (a->steps != b->steps)
		return a->steps > b->steps;
	if (a->time.tv_sec != b->time.tv_sec)
		return a->time.tv_sec > b->time.tv_sec;
	return a->time.tv_nsec > b->time.tv_nsec;
}

/* Look at one file of the folder; true when it is the best so far. A damaged
 * one is passed over, since the one before it is worth more than an end. */
static bool consider(const char *path, struct weights_file *best, bool first)
{
	struct fl_err why = FL_ERR_INIT;
	struct weights_file c;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	c.time = st.st_mtim;
	if (read_steps(path, &c.steps, &why) != 0) {
		fl_warn("passing over a damaged checkpoint: %s", why.text);
		return false;
	}
	if (!first && !newer(&c, best))
		return false;
	*best = c;
	return true;
}

static int locate_ending(const char *folder, const char *ending, char *buf,
			 size_t size, bool *found, struct fl_err *err)
{
	struct weights_file best = { 0 };
	struct dirent **entries;
	/* Sorted, so that equal ones are chosen alike on every machine. */
	int count = scandir(folder, &entries, NULL, alphasort), rc = 0;
	char path[4096];

	if (count < 0)
		return fl_fail(err, FL_EIO, "cannot list folder '%s'", folder);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		/* What is being written has ".tmp.<pid>.<n>" behind
		 * its ending. */
		if (rc == 0 && name[0] != '.' && fl_ends_with(name, ending))
			rc = fl_join(path, sizeof(path), folder, name, err);
		else
			path[0] = '\0';
		if (rc == 0 && path[0] && consider(path, &best, !*found)) {
			*found = true;
			rc = put_path(buf, size, path, "", err);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int locate_newest(const char *folder, char *buf, size_t size, bool *found,
		  struct fl_err *err)
{
	int rc;

	*found = false;
	/* Ours first: they alone hold everything that a run goes on from. */
	rc = locate_ending(folder, ".safetensors", buf, size, found, err);
	if (rc == 0 && !*found)
		rc = locate_ending(folder, ".pdparams", buf, size, found, err);
	return rc;
}

int locate_weights(const char *place, char *buf, size_t size,
		   struct fl_err *err)
{
	/* The name itself comes first, so a file without
	 * an ending is found as well. */
	static const char *const endings[] = { "", ".safetensors",
					       ".pdparams" };
	bool found = false;
	int rc = 0;

	if (locate_is_address(place))
		return locate_address(place, buf, size, err);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		rc = put_path(buf, size, place, endings[i], err);
		if (rc != 0 || is_file(buf))
			return rc;
	}
	if (fl_is_dir(place))
		rc = locate_newest(place, buf, size, &found, err);
	if (rc != 0 || found)
		return rc;
	if (fl_is_dir(place))
		return fl_fail(err, FL_ERECIPE,
			       "folder '%s' holds no complete "
			       "checkpoint (.safetensors or .pdparams)",
			       place);
	return fl_fail(err, FL_ERECIPE,
		       "weights '%s' do not exist, neither do "
		       "'%s.safetensors' and '%s.pdparams'",
		       place, place, place);
}
