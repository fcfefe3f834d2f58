/* YAML as recipes have it: what is read is printed and reads back as the same
 * text. */
#include "fuzz/fuzz.h"

#include "text/yaml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_arena arena = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct fl_str a = FL_STR_INIT, b = FL_STR_INIT;
	struct yaml *tree = NULL, *back = NULL;
	int rc = yaml_parse((const char *)data, size, "fuzzed", &arena, &tree,
			    &err);

	fuzz_check_error(rc, &err);
	FUZZ_CHECK(rc == 0 || rc == FL_ERECIPE);
	/* Aliases may stand for more than is worth printing. */
	if (rc == 0 && tree->size < 20000) {
		yaml_print(tree, 0, &a);
		rc = yaml_parse(fl_str_get(&a), a.len, "printed", &arena, &back,
				&err);
		FUZZ_CHECK(rc == 0);
		yaml_print(back, 0, &b);
		FUZZ_CHECK(strcmp(fl_str_get(&a), fl_str_get(&b)) == 0);
	}
	fl_str_release(&a);
	fl_str_release(&b);
	fl_arena_release(&arena);
	return 0;
}
