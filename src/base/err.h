/* err.h - one error value for the program and one sentence for the person.
 *
 * A function that can fail returns 0 or a negative code of FL_ERR_LIST and
 * fills the caller's struct fl_err, which is never NULL. Sentences follow git:
 * no capital, no full stop, subjects in single quotes, what failed first, then
 * the value and the bound, then what to do. A caller may put context in front
 * (fl_context) but never replaces the cause.
 *
 * Threads: a struct fl_err belongs to one thread at a time.
 */
#ifndef FL_BASE_ERR_H
#define FL_BASE_ERR_H

#include <stdarg.h>
#include <stdnoreturn.h>

/* code, exit status of a program that ends with it, short name */
#define FL_ERR_LIST(X)                          \
	X(FL_EUSAGE, 2, "usage")                \
	X(FL_ERECIPE, 3, "recipe")              \
	X(FL_EDATA, 3, "data")                  \
	X(FL_EIO, 4, "input/output")            \
	X(FL_ENOMEM, 4, "memory")               \
	X(FL_EINTERNAL, 4, "internal")          \
	X(FL_EPEER, 5, "peer lost")             \
	X(FL_ETIMEOUT, 6, "time-out")           \
	X(FL_EMISMATCH, 7, "machines disagree") \
	X(FL_ESTALL, 8, "stalled")              \
	X(FL_EINT, 130, "interrupted")          \
	X(FL_ETERM, 143, "terminated")

enum fl_code_index {
	FL_OK_INDEX,
#define X(code, status, name) code##_INDEX,
	FL_ERR_LIST(X)
#undef X
	FL_CODE_COUNT
};

enum fl_code {
	FL_OK = 0,
#define X(code, status, name) code = -(int)code##_INDEX,
	FL_ERR_LIST(X)
#undef X
};

struct fl_err {
	int code;
	char text[1024];
};

#define FL_ERR_INIT \
	{           \
		0   \
	}

/* Fill err and return code, so that failing is one line:
 *     return fl_fail(err, FL_EDATA, "cannot read '%s': %s", path, why); */
int fl_fail(struct fl_err *err, enum fl_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "context: " in front of the sentence; returns err->code. */
int fl_context(struct fl_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Exit status of a program that ends with this code (0 for 0). */
int fl_exit_status(int code);
const char *fl_code_name(int code);

/* For our own bugs only; stays on in release builds and aborts. */
#define FL_ASSERT(cond) \
	((cond) ? (void)0 : fl_assert_failed(#cond, __FILE__, __LINE__))
noreturn void fl_assert_failed(const char *cond, const char *file, int line);

#endif
