/* Pickles, of .pdparams and .pdopt alike. */
#include "fuzz/tensors.h"

/* Whatever does not begin as a pickle goes to another reader: so it begins so. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return size > 0 && data[0] == 0x80 ? fuzz_tensors(data, size) : 0;
}
