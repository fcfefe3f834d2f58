/* The files of a data set, sorted once: by path, for folders; by last name and
 * by last name without ending, for the names that label files hold. A look-up
 * is a binary search and a comparison of the few namesakes. Opened by layout.c
 * before it knows which layout it is; read by all readers. */
#include "data/layout/tree.h"

#include "base/file.h"
#include "base/str.h"
#include "text/lines.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool ends(const char *path, const char *const *endings)
{
	size_t n = strlen(path);

	for (; *endings; endings++) {
		size_t m = strlen(*endings);

		if (n > m && strcasecmp(path + n - m, *endings) == 0)
			return true;
	}
	return false;
}

bool tree_is_xml(const char *path)
{
	return ends(path, (const char *const[]){ ".xml", NULL });
}

bool tree_is_txt(const char *path)
{
	return ends(path, (const char *const[]){ ".txt", NULL });
}

bool tree_is_json(const char *path)
{
	return ends(path, (const char *const[]){ ".json", NULL });
}

bool tree_is_yaml(const char *path)
{
	return ends(path, (const char *const[]){ ".yaml", ".yml", NULL });
}

/* A name that begins with its only dot is all stem: it has no ending. */
int tree_stem_length(const char *name)
{
	const char *dot = strrchr(name, '.');

	return (int)(dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static int add(struct tree *t, const char *path, struct fl_err *err)
{
	if (t->count == TREE_FILES)
		return fl_fail(
			err, FL_EDATA,
			"'%s' holds more than %d files: is it the data set's folder?",
			t->root, TREE_FILES);
	if (t->count == t->capacity) {
		t->capacity = t->capacity ? 2 * t->capacity : 1024;
		t->paths = fl_realloc(t->paths,
				      (size_t)t->capacity * sizeof(*t->paths));
	}
	t->paths[t->count++] = fl_arena_strdup(&t->arena, path);
	return 0;
}

/* A folder that is being read, and those above it. */
struct folder {
	const struct folder *up;
	const char *path; /* below the root, "" for the root itself */
	dev_t device;
	ino_t inode;
	int depth;
};

/* A link that leads back to where it lies would be followed without end. Names
 * do not tell, device and inode do. */
static bool again(const struct folder *f)
{
	for (const struct folder *up = f->up; up; up = up->up)
		if (up->device == f->device && up->inode == f->inode)
			return true;
	return false;
}

static int walk(struct tree *t, const struct folder *f, struct fl_err *err);

/* One entry of a folder: a file is added, a folder walked, everything else
 * (sockets, devices, what was removed meanwhile) passed over. */
static int enter(struct tree *t, const struct folder *up, int fd,
		 const char *name, struct fl_err *err)
{
	char path[PATH_MAX];
	struct folder f = { .up = up, .path = path, .depth = up->depth + 1 };
	struct stat st;
	int rc = fl_join(path, sizeof(path), up->path, name, err);

	if (rc != 0 || fstatat(fd, name, &st, 0) != 0)
		return rc; /* a link to nowhere is no file */
	f.device = st.st_dev;
	f.inode = st.st_ino;
	if (S_ISREG(st.st_mode))
		return add(t, path, err);
	if (!S_ISDIR(st.st_mode) || f.depth > TREE_DEPTH || again(&f))
		return 0;
	return walk(t, &f, err);
}

/* Every level keeps a folder open and PATH_MAX bytes on the stack: TREE_DEPTH
 * bounds both. */
static int walk(struct tree *t, const struct folder *f, struct fl_err *err)
{
	char full[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int rc = fl_join(full, sizeof(full), t->root, f->path, err);

	if (rc != 0)
		return rc;
	dir = opendir(full);
	if (!dir)
		return fl_fail(err, FL_EDATA, "cannot open the folder '%s': %s",
			       full, strerror(errno));
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		/* Hidden are caches, thumbnails, and the "._x.jpg" that macOS
		 * puts into archives. */
		if (entry->d_name[0] != '.')
			rc = enter(t, f, dirfd(dir), entry->d_name, err);
	closedir(dir);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Not the texts with their endings, among which "a.k.jpg", whose stem is "a.k",
 * falls between "a.jpg" and "a.xml". */
static int compare_stems(const char *a, const char *b)
{
	int n = tree_stem_length(a), m = tree_stem_length(b);
	int d = strncmp(a, b, (size_t)(n < m ? n : m));

	return d ? d : n - m;
}

static int by_name(const void *a, const void *b, void *ctx)
{
	const char *const *paths = ctx;
	const char *x = paths[*(const int *)a], *y = paths[*(const int *)b];
	int d = strcmp(fl_base_name(x), fl_base_name(y));

	return d ? d : strcmp(x, y);
}

static int by_stem(const void *a, const void *b, void *ctx)
{
	const char *const *paths = ctx;
	const char *x = paths[*(const int *)a], *y = paths[*(const int *)b];
	int d = compare_stems(fl_base_name(x), fl_base_name(y));

	return d ? d : strcmp(x, y);
}

/* The root is made absolute, since paths of the tree outlive a change of
 * folder. */
int tree_open(struct tree *t, const char *root, struct fl_err *err)
{
	struct folder top = { .path = "" };
	char real[PATH_MAX];
	size_t n;
	int rc;

	*t = (struct tree){ 0 };
	if (!realpath(root, real))
		return fl_fail(err, FL_EDATA, "cannot open '%s': %s", root,
			       strerror(errno));
	t->root = fl_arena_strdup(&t->arena, real);
	rc = walk(t, &top, err);
	if (rc != 0) {
		tree_close(t);
		return rc;
	}
	n = (size_t)t->count;
	t->by_name = fl_calloc(n + 1, sizeof(int));
	t->by_stem = fl_calloc(n + 1, sizeof(int));
	if (n > 0)
		qsort(t->paths, n, sizeof(*t->paths), by_path);
	for (int i = 0; i < t->count; i++)
		t->by_name[i] = t->by_stem[i] = i;
	qsort_r(t->by_name, n, sizeof(int), by_name, t->paths);
	qsort_r(t->by_stem, n, sizeof(int), by_stem, t->paths);
	return 0;
}

void tree_close(struct tree *t)
{
	free(t->paths);
	free(t->by_name);
	free(t->by_stem);
	fl_arena_release(&t->arena);
	*t = (struct tree){ 0 };
}

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Folders that a and b, both without their last names, have in common at their
 * ends, backslashes being slashes: "data/train/x.jpg" on another machine shares
 * "train" with "set1/train/x.jpg" here. */
static int shared_ends(const char *a, size_t n, const char *b, size_t m)
{
	int folders = 0;

	if (m == 0)
		return 0; /* a bare name says nothing */
	while (n > 0 && m > 0) {
		char x = a[n - 1], y = b[m - 1];

		if (is_slash(x) && is_slash(y))
			folders++;
		else if (x != y)
			return folders;
		n--, m--;
	}
	/* the last folder compared is whole only if both begin here */
	return folders + ((n == 0 || is_slash(a[n - 1])) &&
			  (m == 0 || is_slash(b[m - 1])));
}

static int shared_starts(const char *a, const char *b)
{
	int folders = 0;

	for (; *a && *a == *b; a++, b++)
		folders += *a == '/';
	return folders;
}

static const char *last_name(const char *name)
{
	const char *last = name;

	for (; *name; name++)
		if (is_slash(*name))
			last = name + 1;
	return last;
}

/* Length of what stands in front of the last name, without its slash. The name
 * may have been written on Windows. */
static size_t front(const char *path)
{
	size_t n = (size_t)(last_name(path) - path);

	return n ? n - 1 : 0;
}

/* How well a file answers to a name in a label file. */
struct question {
	const char *near, *name;
	tree_test *first;
	const void *ctx;
	bool (*wanted)(const char *path);
};

/* Weights that do not overlap: folders in common, then the wanted part, then
 * nearness to the label file. Depth is bounded by TREE_DEPTH, so nearness stays
 * below 512. */
static int closeness(const struct question *q, const char *path)
{
	int shared = shared_ends(path, front(path), q->name, front(q->name));
	bool first = q->first && q->first(path, q->ctx);

	return 1024 * shared + 512 * first + shared_starts(path, q->near);
}

typedef int compare_fn(const char *a, const char *b);

/* Lower bound in one of the two orders; the namesakes follow one another. */
static int first_of_name(const struct tree *t, const int *order,
			 compare_fn *compare, const char *last)
{
	int lo = 0, hi = t->count;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (compare(fl_base_name(t->paths[order[mid]]), last) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The closest of the namesakes, NULL where there is none; a tie is counted and
 * the first one taken, which is the first in order of paths. */
static const char *find(struct tree *t, const int *order, compare_fn *compare,
			const struct question *q)
{
	const char *last = last_name(q->name), *best = NULL;
	int most = -1;
	bool tie = false;

	for (int i = first_of_name(t, order, compare, last); i < t->count;
	     i++) {
		const char *path = t->paths[order[i]];
		int c;

		if (compare(fl_base_name(path), last) != 0)
			break;
		if (q->wanted && !q->wanted(path))
			continue;
		c = closeness(q, path);
		/* Two best ones: which is meant is not known. A better one
		 * behind them settles it. */
		tie = c == most || (tie && c < most);
		best = c > most ? path : best;
		most = c > most ? c : most;
	}
	if (tie && t->ties++ == 0)
		snprintf(t->tie, sizeof(t->tie), "'%s' of %s: %s?", q->name,
			 q->near, best);
	return best;
}

const char *tree_find(struct tree *t, const char *near, const char *name,
		      tree_test *first, const void *ctx)
{
	const struct question q = { near, name, first, ctx, NULL };

	return find(t, t->by_name, strcmp, &q);
}

const char *tree_find_stem(struct tree *t, const char *near, const char *name,
			   bool (*wanted)(const char *path))
{
	const struct question q = { near, name, NULL, NULL, wanted };

	return find(t, t->by_stem, compare_stems, &q);
}

static int first_not_before(const struct tree *t, const char *path)
{
	return (int)fl_first_not_before(t->paths, (size_t)t->count, path);
}

int tree_index(const struct tree *t, const char *path)
{
	int i = first_not_before(t, path);

	return i < t->count && strcmp(t->paths[i], path) == 0 ? i : -1;
}

const char *tree_get(const struct tree *t, const char *path)
{
	int i = tree_index(t, path);

	return i < 0 ? NULL : t->paths[i];
}

int tree_below(const struct tree *t, const char *folder, int *first)
{
	size_t n = strlen(folder);
	int lo, hi;

	*first = 0;
	if (n == 0)
		return t->count;
	lo = first_not_before(t, folder);
	while (lo < t->count && strncmp(t->paths[lo], folder, n) == 0 &&
	       t->paths[lo][n] != '/')
		lo++; /* "train-2.txt" stands before "train/" */
	*first = lo;
	for (hi = lo; hi < t->count; hi++)
		if (strncmp(t->paths[hi], folder, n) != 0 ||
		    t->paths[hi][n] != '/')
			break;
	return hi - lo;
}

const char *tree_full(struct tree *t, const char *path)
{
	return fl_arena_printf(&t->arena, "%s/%s", t->root, path);
}

char *tree_text(struct tree *t, const char *path, bool any_bytes,
		struct fl_err *err)
{
	return lines_read(tree_full(t, path), path, any_bytes, err);
}
