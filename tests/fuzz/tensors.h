/* tensors.h - what the targets of files of tensors do with one. */
#ifndef TESTS_FUZZ_TENSORS_H
#define TESTS_FUZZ_TENSORS_H

#include "fuzz/fuzz.h"

/* Reads the file, looks at every tensor and text, writes it as safetensors, and reads
 * that back with the same digest. Returns 0. */
int fuzz_tensors(const uint8_t *data, size_t size);

#endif
