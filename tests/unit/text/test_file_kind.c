/* Files that are not the text they were taken for, by their first bytes; and
 * texts, which must not be taken for any of them. */
#include "text/file_kind.h"
#include "text/json_pull.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROW(bytes, says)                       \
	{                                      \
		bytes, sizeof(bytes) - 1, says \
	}

static const struct {
	const char *bytes;
	size_t size;
	const char *says; /* NULL: may be text */
} rows[] = {
	ROW("", NULL),
	ROW("{}", NULL),
	ROW("[", NULL),
	ROW("a", NULL),
	ROW("\xEF\xBB\xBF{}", NULL),
	ROW("PK", NULL),
	ROW("BZ", NULL),
	ROW("\x1F", NULL),
	ROW("\x1F\x8B\x08", "gzip"),
	ROW("BZh91AY", "bzip2"),
	ROW("\xFD"
	    "7zXZ\0",
	    "xz data"),
	ROW("\x28\xB5\x2F\xFD", "zstd"),
	ROW("PK\3\4\x14\0\0\0\0\0x.json", "a zip archive: unpack it first"),
	ROW("PK\3\4\x14\0\0\0\0\0archive/data.pkl", "a PyTorch file"),
	ROW("PK\3\4\x14\0\0\0\0\0boxes.npy", "an archive of NumPy arrays"),
	ROW("PK\3\4\x14\0\0\0\0\0[Content_Types].xml", "office"),
	ROW("PK\5\6", "a zip archive"),
	ROW("Rar!\x1A\x07\x01", "RAR"),
	ROW("7z\xBC\xAF\x27\x1C", "7z"),
	ROW("PAR1\x15\x04", "a Parquet table"),
	ROW("ARROW1\0\0", "an Arrow table"),
	ROW("\x80\x04\x95\x10", "a Python pickle"),
	ROW("\x80\x02}q", "a Python pickle"),
	ROW("\x80\x06}q", NULL),
	ROW("\x93NUMPY\1\0", "a NumPy array"),
	ROW("\x89HDF\r\n\x1A\n", "HDF5"),
	ROW("SQLite format 3\0", "SQLite"),
	ROW("\xFF\xD8\xFF\xE0", "JPEG"),
	ROW("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
	ROW("\xFF\xFE{\0", "UTF-16"),
	ROW("\xFE\xFF\0{", "UTF-16"),
	ROW("{\0}\0", "UTF-16"),
	ROW("\0{\0}", "UTF-16"),
	ROW("\0", "zero bytes"),
	ROW("\0\0\0\0", "zero bytes"),
};

/* In room exactly as long, so that a sanitizer sees one byte more. */
static char *copy_of(size_t i)
{
	char *copy = malloc(rows[i].size ? rows[i].size : 1);

	memcpy(copy, rows[i].bytes, rows[i].size);
	return copy;
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *copy = copy_of(i);
		const char *kind = file_kind(copy, rows[i].size);

		if (!rows[i].says != !kind ||
		    (kind && !strstr(kind, rows[i].says)))
			fail_msg("row %zu: '%s'", i, kind ? kind : "(text)");
		free(copy);
	}
}

static void test_tar(void **state)
{
	char block[512] = "annotations/train.json";

	(void)state;
	memcpy(block + 257, "ustar", 5);
	assert_non_null(strstr(file_kind(block, sizeof(block)), "tar archive"));
	assert_null(file_kind(block, 261));
}

/* The readers of JSON say it in place of the byte they met. */
static void test_in_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		struct json_pull r;
		char *copy = copy_of(i);

		json_pull_init(&r, copy, rows[i].size, "x", &err);
		while (json_pull_next(&r) > JSON_END && r.token != JSON_BROKEN)
			;
		if (rows[i].says && !strstr(err.text, rows[i].says))
			fail_msg("row %zu: '%s'", i, err.text);
		json_pull_release(&r);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_tar),
		cmocka_unit_test(test_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
