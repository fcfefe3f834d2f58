/* metrics.jsonl as a run that goes on meets it: what is not true any more and a last
 * line that was cut off are taken out, what stays is whole lines, and a second opening
 * changes nothing. */
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "report/sink.h"

#include <string.h>

static void reopen(const struct sink_run *run)
{
	struct fl_err err = FL_ERR_INIT;
	void *self = NULL;
	int rc = metrics_sink.open(run, &self, &err);

	fuzz_check_error(rc, &err);
	FUZZ_CHECK(rc == 0);
	metrics_sink.close(self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file("metrics.jsonl", data, size);
	const struct sink_run run = { .folder = fuzz_folder(),
				      .done = 10,
				      .evaluated = 8 };
	struct fl_err err = FL_ERR_INIT;
	struct fl_map first, second;

	reopen(&run);
	FUZZ_CHECK(fl_map_open(&first, path, &err) == 0);
	FUZZ_CHECK(first.size <= size);
	FUZZ_CHECK(first.size == 0 || first.data[first.size - 1] == '\n');
	reopen(&run);
	FUZZ_CHECK(fl_map_open(&second, path, &err) == 0);
	FUZZ_CHECK(first.size == second.size &&
		   memcmp(first.data, second.data, first.size) == 0);
	fl_map_close(&first);
	fl_map_close(&second);
	return 0;
}
