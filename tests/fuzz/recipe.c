/* A whole recipe with what it is based on: the parts of the input are the file, the
 * file that it may name as _BASE_ (base.yml), and what stands behind -o. */
#include "fuzz/fuzz.h"

#include "config/recipe.h"

#include <stdlib.h>
#include <string.h>

#define OVERRIDES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_parts p = { .at = data, .end = data + size };
	struct fl_err err = FL_ERR_INIT;
	const char *overrides[OVERRIDES], *path;
	struct recipe *r = NULL;
	int count = 0, rc;

	fuzz_next(&p);
	path = fuzz_file("recipe.yml", p.data, p.size);
	if (fuzz_next(&p))
		fuzz_file("base.yml", p.data, p.size);
	else
		fuzz_file("base.yml", "", 0);
	while (count < OVERRIDES && fuzz_next(&p))
		overrides[count++] = strndup((const char *)p.data, p.size);
	rc = recipe_load(path, overrides, count, &r, &err);
	fuzz_check_error(rc, &err);
	if (rc == 0) {
		FUZZ_CHECK(r->num_classes > 0 && r->effective);
		recipe_precision(r);
		recipe_free(r);
	}
	for (int i = 0; i < count; i++)
		free((void *)(uintptr_t)overrides[i]);
	return 0;
}
