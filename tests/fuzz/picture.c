/* The other kinds of pictures: BMP, WebP, TIFF; and files that are none. */
#include "fuzz/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_picture(data, size, ~(1 << IMAGE_JPEG | 1 << IMAGE_PNG));
}
