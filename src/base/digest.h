/* digest.h - SHA-256, fed in pieces; and what a handshake needs: a keyed digest,
 * random bytes, a comparison that takes the same time whatever differs; and
 * seals for the frames that follow it.
 *
 * Threads: a digest belongs to one thread at a time; the functions to none. */
#ifndef FL_BASE_DIGEST_H
#define FL_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define FL_DIGEST_BYTES 32
#define FL_DIGEST_HEX 65 /* with the terminating NUL */

struct fl_digest {
	_Alignas(16) unsigned char state[128]; /* opaque */
};

/* Of the library that runs, "1.0.18". */
const char *fl_digest_library_version(void);
void fl_digest_init(struct fl_digest *digest);
void fl_digest_update(struct fl_digest *digest, const void *data, size_t size);
void fl_digest_final(struct fl_digest *digest,
		     unsigned char bytes[FL_DIGEST_BYTES]);
/* fl_digest_final, as 64 lower-case hexadecimal digits. */
void fl_digest_hex(struct fl_digest *digest, char hex[FL_DIGEST_HEX]);
/* Of what lies in one piece. */
void fl_digest_of(const void *data, size_t size,
		  unsigned char bytes[FL_DIGEST_BYTES]);
void fl_digest_hex_of(const void *data, size_t size, char hex[FL_DIGEST_HEX]);

/* HMAC-SHA-256 of size bytes under a key of any length. */
void fl_digest_keyed(const void *key, size_t key_size, const void *data,
		     size_t size, unsigned char bytes[FL_DIGEST_BYTES]);
bool fl_digest_equal(const unsigned char *a, const unsigned char *b,
		     size_t size);
/* A short keyed digest of head and body, fast enough for every frame (BLAKE2b
 * with a key of FL_DIGEST_BYTES). */
#define FL_SEAL_BYTES 16
void fl_seal(const unsigned char *key, const void *head, size_t head_size,
	     const void *body, size_t body_size,
	     unsigned char seal[FL_SEAL_BYTES]);
/* bytes as lower-case hexadecimal digits; hex has room for 2 size + 1. */
void fl_digest_to_hex(const unsigned char *bytes, size_t size, char *hex);
/* Unpredictable bytes from the system. */
void fl_random_bytes(void *bytes, size_t size);

#endif
