/* digest.h - SHA-256, fed in pieces. */
#ifndef FL_BASE_DIGEST_H
#define FL_BASE_DIGEST_H

#include <stddef.h>

#define FL_DIGEST_BYTES 32
#define FL_DIGEST_HEX 65 /* with the terminating NUL */

struct fl_digest {
	_Alignas(16) unsigned char state[128]; /* opaque */
};

void fl_digest_init(struct fl_digest *digest);
void fl_digest_update(struct fl_digest *digest, const void *data, size_t size);
void fl_digest_final(struct fl_digest *digest,
		     unsigned char bytes[FL_DIGEST_BYTES]);
/* fl_digest_final, as 64 lower-case hexadecimal digits. */
void fl_digest_hex(struct fl_digest *digest, char hex[FL_DIGEST_HEX]);

#endif
