/* The streaming reader: tokens come balanced, a number's text lies in the file, and
 * passing over a value ends where reading it ends. */
#include "fuzz/fuzz.h"

#include "text/json_pull.h"

/* Reads or passes over every value below the outermost one; where it ended. */
static size_t walk(const uint8_t *data, size_t size, int skip,
		   enum json_token *last)
{
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;
	enum json_token t;
	int depth = 0;
	size_t len;

	json_pull_init(&r, data, size, "fuzzed", &err);
	for (;;) {
		t = json_pull_next(&r);
		if (t == JSON_END || t == JSON_BROKEN)
			break;
		json_pull_raw(&r, &len);
		FUZZ_CHECK(r.start + len <= size);
		depth += t == JSON_OBJECT || t == JSON_ARRAY;
		depth -= t == JSON_OBJECT_END || t == JSON_ARRAY_END;
		FUZZ_CHECK(depth >= 0 && depth <= JSON_PULL_DEPTH);
		if (skip && depth > 1 &&
		    (t == JSON_OBJECT || t == JSON_ARRAY)) {
			if (!json_pull_skip(&r, t))
				continue;
			depth--;
		}
	}
	FUZZ_CHECK(json_pull_next(&r) == t);
	fuzz_check_error(t == JSON_END ? 0 : err.code, &err);
	FUZZ_CHECK(t != JSON_END || depth == 0);
	json_pull_line(&r, json_pull_byte(&r));
	*last = t;
	len = r.at;
	json_pull_release(&r);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum json_token read, skipped;
	size_t a = walk(data, size, 0, &read);
	size_t b = walk(data, size, 1, &skipped);

	/* Only texts are looked at less closely where they are passed over. */
	FUZZ_CHECK(read != JSON_END || (skipped == JSON_END && a == b));
	return 0;
}
