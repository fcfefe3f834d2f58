/* Every recipe built on PP-YOLOE in a checkout of PaddleDetection (PPDET), 128 at
 * commit 666f597, unmodified: the table in docs/recipes.md says which load and make
 * a model, and by which key the others are refused. With --table the rows are
 * printed as the document has them. */
#include "base/file.h"
#include "base/str.h"
#include "config/recipe.h"
#include "family/family.h"
#include "optim/options.h"
#include "train/options.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define DOCUMENT "docs/recipes.md"
#define MOST 1024
#define LOADED 80

static char *found[MOST];
static size_t found_count, root_length;

/* "PPYOLOE", "ppyoloe" */
static bool speaks_of_it(const char *text)
{
	for (; *text; text++)
		if (strncasecmp(text, "ppyoloe", 7) == 0)
			return true;
	return false;
}

/* A file that others begin with is no recipe. */
static int take(const char *path, const struct stat *about, int kind,
		struct FTW *place)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	bool is;

	(void)about, (void)place;
	if (kind != FTW_F || !fl_ends_with(path, ".yml") ||
	    strstr(path, "/_base_/"))
		return 0;
	is = speaks_of_it(path + root_length);
	if (!is && fl_map_open(&map, path, &err) == 0) {
		char *text = strndup((const char *)map.data, map.size);

		is = speaks_of_it(text);
		free(text);
		fl_map_close(&map);
	}
	if (is && found_count < MOST)
		found[found_count++] = strdup(path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find(const char *root)
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/configs", root);
	root_length = strlen(folder);
	nftw(folder, take, 16, FTW_PHYS);
	qsort(found, found_count, sizeof(*found), by_name);
}

/* A loaded recipe has what a run needs; then its model. */
static int build(const char *path, struct fl_err *err)
{
	struct recipe *r = NULL;
	struct model *m = NULL;
	int rc = recipe_load(path, NULL, 0, &r, err);

	if (rc == 0) {
		assert_true(r->num_classes > 0 && run_options(r)->epoch > 0);
		assert_int_equal(schedule_options(r)->base_batch, 64);
		rc = family_model(r, &m, err);
	}
	family_model_free(m);
	recipe_free(r);
	return rc;
}

/* "| `ppyoloe/x.yml` | loads |", or the quoted key and what follows it up to the reason. */
static void row_of(const char *path, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	const char *key, *end;

	fl_str_addf(out, "| `%s` | ", path + root_length + 1);
	if (build(path, &err) == 0) {
		fl_str_add(out, "loads |\n");
		return;
	}
	key = strchr(err.text, '\'');
	end = key ? strstr(key, ", which flotilla") : NULL;
	if (key && !end)
		end = strpbrk(key, ",:");
	if (!key || !end)
		fail_msg("%s: '%s' names no key", path, err.text);
	fl_str_addf(out, "refused: %.*s |\n", (int)(end - key), key);
}

static const char *checkout(void)
{
	const char *root = getenv("PPDET");

	if (root && found_count == 0)
		find(root);
	return root;
}

static void test_family(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	size_t loaded = 0;
	char *document;

	(void)state;
	if (!checkout()) {
		printf("skipped: PPDET names no checkout of PaddleDetection\n");
		skip();
	}
	assert_int_equal(fl_map_open(&map, DOCUMENT, &err), 0);
	document = strndup((const char *)map.data, map.size);
	fl_map_close(&map);
	for (size_t i = 0; i < found_count; i++) {
		struct fl_str row = FL_STR_INIT;

		row_of(found[i], &row);
		if (!strstr(document, fl_str_get(&row)))
			fail_msg(DOCUMENT " has not this row: %s",
				 fl_str_get(&row));
		if (strstr(fl_str_get(&row), "| loads |"))
			loaded++;
		fl_str_release(&row);
	}
	free(document);
	printf("%zu recipes, %zu load\n", found_count, loaded);
	assert_int_equal(found_count, 128);
	assert_int_equal(loaded, LOADED);
}

/* Never the nearest name: every one of them is known by its family. */
static void test_sentences(void **state)
{
	(void)state;
	if (!checkout())
		skip();
	for (size_t i = 0; i < found_count; i++) {
		struct fl_err err = FL_ERR_INIT;

		if (build(found[i], &err) != 0 &&
		    (strstr(err.text, "unknown") ||
		     strstr(err.text, "did you mean")))
			fail_msg("%s", err.text);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_family),
					    cmocka_unit_test(test_sentences) };
	struct fl_str rows = FL_STR_INIT;

	if (argc < 2 || strcmp(argv[1], "--table") != 0)
		return cmocka_run_group_tests(tests, NULL, NULL);
	if (!checkout())
		return 2;
	for (size_t i = 0; i < found_count; i++)
		row_of(found[i], &rows);
	fputs(fl_str_get(&rows), stdout);
	fl_str_release(&rows);
	return 0;
}
