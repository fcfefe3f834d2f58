#include "report/metrics_file.h"

#include "base/file.h"
#include "text/json.h"

#include <stdbool.h>
#include <string.h>

static bool still_true(const char *line, size_t len, int64_t done,
		       int64_t evaluated)
{
	struct fl_err why = FL_ERR_INIT;
	struct json *o = json_parse(line, len, "metrics", &why);
	int64_t step = -1;
	bool keep;

	json_int(json_get(o, "step"), &step);
	keep = step >= 0 && step < done;
	if (o && json_get(o, "ap")) /* counts the steps done before it */
		keep = step <= evaluated || step < done;
	json_free(o);
	return keep;
}

int metrics_file_rewind(const char *path, int64_t done, int64_t evaluated,
			struct fl_err *err)
{
	struct fl_str kept = FL_STR_INIT;
	struct fl_map map;
	const char *at, *end;
	int rc;

	if (!fl_exists(path))
		return 0;
	rc = fl_map_open(&map, path, err);
	if (rc != 0)
		return rc;
	at = (const char *)map.data;
	end = at + map.size;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		if (stop && still_true(at, len, done, evaluated))
			fl_str_addn(&kept, at, len + 1);
		at += len + 1;
	}
	fl_map_close(&map);
	rc = fl_write_file(path, fl_str_get(&kept), kept.len, err);
	fl_str_release(&kept);
	return rc;
}
