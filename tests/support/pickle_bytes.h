/* pickle_bytes.h - pickles made byte by byte, for tests of the reader. */
#ifndef TESTS_SUPPORT_PICKLE_BYTES_H
#define TESTS_SUPPORT_PICKLE_BYTES_H

#include "base/str.h"

#include <stdint.h>

/* Opcodes or other bytes: PB(s, "\x80\4}(") */
#define PB(s, literal) fl_str_addn(s, "" literal, sizeof(literal) - 1)

void pb_text(struct fl_str *s, const char *text);
void pb_bytes(struct fl_str *s, const void *data, size_t size);
void pb_int(struct fl_str *s, int32_t value);
void pb_global(struct fl_str *s, const char *module, const char *name);
/* A dtype as numpy pickles it: "f4", "<" */
void pb_dtype(struct fl_str *s, const char *name, const char *order);
/* An array as numpy pickles it; dims ends with -1. */
void pb_array(struct fl_str *s, const char *dtype, const int *dims, int fortran,
	      const void *data, size_t size);
/* An array of floats 0, 1, 2, ... */
void pb_floats(struct fl_str *s, const int *dims);

#endif
