/* The file of measured kernels, which is also what rank 0 tells the others. What is
 * taken stays in the process: a last line that is none has all of an input refused,
 * behind its own fault or, where it has none, by that line. */
#include "fuzz/fuzz.h"

#include "base/str.h"
#include "device/cpu/choice.h"

#include <stdio.h>
#include <string.h>

static int lines_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str text = FL_STR_INIT, said = FL_STR_INIT;
	char last[64];
	int rc;

	fl_str_addn(&text, (const char *)data,
		    strnlen((const char *)data, size));
	fl_str_add(&text, "\nno kernel\n");
	rc = cpu_kernel_choices.take(fl_str_get(&text), &err);
	fuzz_check_error(rc, &err);
	FUZZ_CHECK(rc == FL_EDATA);
	snprintf(last, sizeof(last), "line %d is",
		 lines_of(fl_str_get(&text)) + 1);
	FUZZ_CHECK(strncmp(err.text, last, strlen(last)) != 0);
	cpu_kernel_choices.tell(&said);
	FUZZ_CHECK(said.len == 0);
	fl_str_release(&said);
	fl_str_release(&text);
	return 0;
}
