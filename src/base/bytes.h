/* bytes.h - numbers of 1 to 8 bytes in messages and files, low byte first.
 *
 * Threads: any.
 */
#ifndef FL_BASE_BYTES_H
#define FL_BASE_BYTES_H

#include <stdint.h>

static inline void fl_put(unsigned char *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static inline uint64_t fl_get(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

#endif
