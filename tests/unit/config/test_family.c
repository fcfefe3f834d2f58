/* Every recipe of the reference's configs/ppyoloe as it stands in a checkout
 * (PPDET): it loads, or it is refused with a sentence that says what is not
 * part of flotilla. */
#include "base/str.h"
#include "config/recipe.h"
#include "optim/options.h"
#include "train/options.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *part, *why; /* of the file's name; of the sentence */
} refused[] = {
	{ "auxhead", "auxiliary head" },
	{ "distill", "distillation is not part of flotilla" },
	{ "sku110k", "only the SKU-110K recipes have it" },
};

static const char *why_refused(const char *path)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (strstr(path, refused[i].part))
			return refused[i].why;
	return NULL;
}

static void check(const char *path)
{
	const char *why = why_refused(path);
	struct fl_err err = FL_ERR_INIT;
	struct recipe *r = NULL;
	int rc = recipe_load(path, NULL, 0, &r, &err);

	if (why && (rc == 0 || !strstr(err.text, why)))
		fail_msg("%s: '%s', due was '%s'", path, err.text, why);
	if (!why && rc != 0)
		fail_msg("%s", err.text);
	if (!why) {
		assert_true(r->num_classes > 0 && run_options(r)->epoch > 0);
		assert_true(schedule_options(r)->count == 2);
		assert_int_equal(schedule_options(r)->base_batch, 64);
	}
	recipe_free(r);
}

static void test_family(void **state)
{
	static const char *const folders[] = { "", "objects365/", "voc/",
					       "application/", "distill/" };
	const char *root = getenv("PPDET");
	size_t files = 0;

	(void)state;
	if (!root) {
		printf("skipped: PPDET names no checkout of PaddleDetection\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		char pattern[4096];
		glob_t found;

		snprintf(pattern, sizeof(pattern),
			 "%s/configs/ppyoloe/%sppyoloe_*.yml", root,
			 folders[i]);
		if (glob(pattern, 0, NULL, &found) != 0)
			fail_msg("no %s", pattern);
		for (size_t k = 0; k < found.gl_pathc; k++, files++)
			check(found.gl_pathv[k]);
		globfree(&found);
	}
	printf("%zu recipes\n", files);
	assert_true(files >= 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_family) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
