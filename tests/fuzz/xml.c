/* XML in any encoding that its first line names. */
#include "fuzz/fuzz.h"

#include "text/encoding.h"
#include "text/utf8.h"
#include "text/xml.h"

#include <string.h>

static void look(const struct xml *node, int depth)
{
	for (; node; node = node->next) {
		FUZZ_CHECK(*node->name && node->text);
		FUZZ_CHECK(depth < 4096);
		FUZZ_CHECK(xml_child(node, "x") == NULL ||
			   xml_again(node) != node);
		look(node->child, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_arena arena = { 0 };
	struct fl_err err = FL_ERR_INIT;
	const char *text = (const char *)data;
	struct xml *root = NULL;
	int rc = xml_parse(text, size, "fuzzed", &arena, &root, &err);

	fuzz_check_error(rc, &err);
	if (rc == 0)
		look(root, 0);
	err = (struct fl_err)FL_ERR_INIT;
	rc = encoding_to_utf8(&text, &size, "fuzzed", &arena, &err);
	fuzz_check_error(rc, &err);
	/* UTF-16 may hold zeros, which utf8_end() counts as wrong. */
	FUZZ_CHECK(rc != 0 || memchr(text, 0, size) ||
		   utf8_end(text, size) == size);
	fl_arena_release(&arena);
	return 0;
}
