/* picture.h - what the targets of pictures do with one. */
#ifndef TESTS_FUZZ_PICTURE_H
#define TESTS_FUZZ_PICTURE_H

#include "fuzz/fuzz.h"
#include "image/image.h"

/* Probes and decodes a picture whose kind is among the bits; larger ones than 64 K
 * pixels are only probed: their decoding is slow, not wrong. Returns 0. */
int fuzz_picture(const uint8_t *data, size_t size, int kinds);

#endif
