/* Texts of XML in the encodings and with the references that writers use. */
#include "text/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(name) "<?xml version=\"1.0\" encoding=\"" name "\"?>"

static const struct {
	const char *text;
	size_t len;	/* 0: to the zero */
	const char *is; /* the root's text; NULL: refused with 'says' */
	const char *says;
} rows[] = {
	{ "<a>cup</a>", 0, "cup", NULL },
	{ "\xEF\xBB\xBF<a>\xE6\x9D\xAF</a>", 0, "\xE6\x9D\xAF", NULL },
	/* ElementTree.write() without an encoding */
	{ "<a>&#26479;&#x676F;&#65;&#233;&#128512;</a>", 0,
	  "\xE6\x9D\xAF\xE6\x9D\xAF"
	  "A\xC3\xA9\xF0\x9F\x98\x80",
	  NULL },
	{ "<a>&#xD800;&#0;&#1114112;&#x;&#26479</a>", 0,
	  "&#xD800;&#0;&#1114112;&#x;&#26479", NULL },
	{ "<a>&lt;&amp;&gt; &x;</a>", 0, "<&> &x;", NULL },
	{ HEAD("GBK") "<a>\xB1\xAD\xD7\xD3</a>", 0, "\xE6\x9D\xAF\xE5\xAD\x90",
	  NULL },
	{ HEAD("gb2312") "<a>\xB1\xAD\xD7\xD3</a>", 0,
	  "\xE6\x9D\xAF\xE5\xAD\x90", NULL },
	{ HEAD("ISO-8859-1") "<a>caf\xE9</a>", 0, "caf\xC3\xA9", NULL },
	{ "<?xml version='1.0' encoding = 'Windows-1252'?><a>\x80</a>", 0,
	  "\xE2\x82\xAC", NULL },
	{ HEAD("Shift_JIS") "<a>\x94\x4C</a>", 0, "\xE7\x8C\xAB", NULL },
	{ HEAD("us-ascii") "<a>\xE6\x9D\xAF</a>", 0, "\xE6\x9D\xAF", NULL },
	{ HEAD("utf8") "<a>\xE6\x9D\xAF</a>", 0, "\xE6\x9D\xAF", NULL },
	{ HEAD("nonsense") "<a>\xE6\x9D\xAF</a>", 0, "\xE6\x9D\xAF", NULL },
	/* the first line of another editor, saved as UTF-8 */
	{ HEAD("GBK") "<a>\xE6\x9D\xAF</a>", 0, "\xE6\x9D\xAF", NULL },
	{ "\xFF\xFE<\0a\0>\0o\x67<\0/\0a\0>\0", 18, "\xE6\x9D\xAF", NULL },
	{ "\xFE\xFF\0<\0a\0>\x67o\0<\0/\0a\0>", 18, "\xE6\x9D\xAF", NULL },
	{ "<a>\n\xB1\xAD</a>", 0, NULL, "x:2: byte 0xb1 is not UTF-8" },
	{ HEAD("GBK") "\n<a>\xB1\xFF</a>", 0, NULL,
	  "x:2: byte 0xb1 is neither GBK, as the first line says, nor UTF-8" },
	{ HEAD("nonsense") "<a>\xB1</a>", 0, NULL,
	  "x:1: nobody here knows the encoding 'nonsense'" },
	{ HEAD("UTF-16//TRANSLIT") "<a>\xB1</a>", 0, NULL, "x:1: " },
	{ "\xFF\xFE<\0a\0>", 7, NULL, "x:1: byte 0x3e is neither UTF-16" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i].len ? rows[i].len : strlen(rows[i].text);
		struct fl_arena arena = FL_ARENA_INIT;
		struct fl_err err = FL_ERR_INIT;
		char *text = malloc(len + 1);
		struct xml *root = NULL;
		int rc;

		memcpy(text, rows[i].text, len);
		text[len] = '\0';
		rc = xml_parse(text, len, "x", &arena, &root, &err);
		if (rows[i].is && (rc || strcmp(root->text, rows[i].is)))
			fail_msg("row %zu: %d '%s' %s", i, rc, err.text,
				 rc ? "" : root->text);
		if (rows[i].says &&
		    (rc != FL_EDATA || !strstr(err.text, rows[i].says)))
			fail_msg("row %zu: %d '%s'", i, rc, err.text);
		fl_arena_release(&arena);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
