/* The table of codes, and the sentence that goes with one.
 * FL_ERR_LIST gives enum, exit status and name, so a code has one place. A
 * sentence is cut at the size of struct fl_err rather than allocated: an error
 * has to be told when memory is what is missing. fl_context copies the cause
 * first, since text and cause share the buffer. */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int status;
	const char *name;
} codes[FL_CODE_COUNT] = { [FL_OK_INDEX] = { 0, "ok" },
#define X(code, status, name) [code##_INDEX] = { status, name },
			   FL_ERR_LIST(X)
#undef X
};

int fl_fail(struct fl_err *err, enum fl_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

int fl_context(struct fl_err *err, const char *fmt, ...)
{
	char cause[sizeof(err->text)];
	va_list ap;
	int n;

	memcpy(cause, err->text, sizeof(cause));
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	/* A context that fills the buffer leaves no room for its cause; what
	 * is outermost is what remains. */
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s",
			 cause);
	return err->code;
}

int fl_exit_status(int code)
{
	FL_ASSERT(code <= 0 && -code < FL_CODE_COUNT);
	return codes[-code].status;
}

const char *fl_code_name(int code)
{
	FL_ASSERT(code <= 0 && -code < FL_CODE_COUNT);
	return codes[-code].name;
}

noreturn void fl_assert_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr,
		"flotilla: internal fault: '%s' does not hold at "
		"%s:%d; please report it\n",
		cond, file, line);
	/* abort() writes no buffers: what the log said
	 * before is wanted most now. */
	fflush(NULL);
	abort();
}
