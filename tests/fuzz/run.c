/* A run's folder as `flotilla report` reads it: parts are metrics.jsonl, report.json,
 * summary.json and config.yml. The page stays within its bound and is well-formed. */
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "page/page.h"
#include "text/xml.h"

#include <string.h>
#include <unistd.h>

static void check_page(const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_arena arena = { 0 };
	struct fl_map map;
	struct xml *root;
	const char *text;

	FUZZ_CHECK(fl_map_open(&map, path, &err) == 0);
	FUZZ_CHECK(map.size <= PAGE_MOST_BYTES);
	text = (const char *)map.data;
	FUZZ_CHECK(memmem(text, map.size, "<script", 7) == NULL);
	if (xml_parse(text, map.size, "page", &arena, &root, &err) != 0)
		fuzz_fail(err.text, path, 0);
	fl_arena_release(&arena);
	fl_map_close(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "run/metrics.jsonl",
					     "run/report.json",
					     "run/summary.json",
					     "run/config.yml" };
	struct fuzz_parts p = { .at = data, .end = data + size };
	const char *folder = fuzz_path("run"), *page = fuzz_path("page.html");
	struct fl_str notes = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;
	const char *twice[2];
	int rc;

	fl_make_dirs(folder, &err);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (fuzz_next(&p) && p.size > 0)
			fuzz_file(names[i], p.data, p.size);
		else
			unlink(fuzz_path(names[i]));
	twice[0] = twice[1] = folder;
	rc = page_write(twice, 1 + (size % 2), page, false, &notes, &err);
	fuzz_check_error(rc, &err);
	if (rc == 0)
		check_page(page);
	fl_str_release(&notes);
	return 0;
}
