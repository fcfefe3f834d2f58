/* Small JSON documents: what is read is printed and reads back as the same text,
 * and the streaming reader takes whatever the tree takes. */
#include "fuzz/fuzz.h"

#include "text/json.h"
#include "text/json_pull.h"

#include <string.h>

static int stream(const uint8_t *data, size_t size)
{
	struct fl_err err = FL_ERR_INIT;
	struct json_pull r;
	enum json_token t;

	json_pull_init(&r, data, size, "fuzzed", &err);
	do
		t = json_pull_next(&r);
	while (t != JSON_END && t != JSON_BROKEN);
	json_pull_release(&r);
	return t == JSON_END;
}

static void again(const struct json *o, int indent, struct fl_str *text)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str second = FL_STR_INIT;
	struct json *back;

	json_print(o, indent, text);
	back = json_parse(fl_str_get(text), text->len, "printed", &err);
	FUZZ_CHECK(back != NULL);
	json_print(back, indent, &second);
	FUZZ_CHECK(second.len == text->len &&
		   memcmp(second.data, text->data, text->len) == 0);
	json_free(back);
	fl_str_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o = json_parse((const char *)data, size, "fuzzed", &err),
		    *copy;
	struct fl_str a = FL_STR_INIT, b = FL_STR_INIT;

	fuzz_check_error(o ? 0 : err.code, &err);
	FUZZ_CHECK(o || err.code == FL_EDATA);
	if (o) {
		/* Zeros behind the value are passed over by the tree alone. */
		FUZZ_CHECK(memchr(data, 0, size) || stream(data, size));
		again(o, 2, &a);
		copy = json_clone(o);
		json_print(copy, 2, &b);
		FUZZ_CHECK(strcmp(fl_str_get(&a), fl_str_get(&b)) == 0);
		fl_str_clear(&a);
		again(copy, JSON_TIGHT, &a);
		json_free(copy);
	}
	json_free(o);
	fl_str_release(&a);
	fl_str_release(&b);
	return 0;
}
