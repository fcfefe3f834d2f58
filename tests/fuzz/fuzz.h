/* fuzz.h - what the targets of tests/fuzz share.
 *
 * A target is one file with one LLVMFuzzerTestOneInput(): it gives bytes to one
 * reader as a stranger would, and looks whether what comes out is sane. `make fuzz`
 * links it with libFuzzer (clang), `make tests` with replay.c, which runs the
 * inputs of tests/fuzz/corpus/NAME once with whatever compiler.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failure of the target that no sanitizer sees. */
#define FUZZ_CHECK(condition) \
	((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *what, const char *file, int line);

/* A reader's rc: 0, or a code with a sentence. */
void fuzz_check_error(int rc, const struct fl_err *err);

/* In memory, so that millions of rounds write no disk. */
const char *fuzz_folder(void);
/* "<folder>/name" in one of a few buffers; fuzz_file() writes the bytes there. */
const char *fuzz_path(const char *name);
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Inputs of several parts: the next one up to the byte 0x1e, which no text format
 * has. False at the end. */
struct fuzz_parts {
	const uint8_t *at, *end;
	const uint8_t *data; /* the part */
	size_t size;
};
int fuzz_next(struct fuzz_parts *parts);

#endif
