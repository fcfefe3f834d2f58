#include "base/digest.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <=
		       sizeof(((struct fl_digest *)0)->state),
	       "room for the state");
_Static_assert(crypto_hash_sha256_BYTES == FL_DIGEST_BYTES, "SHA-256");

static crypto_hash_sha256_state *inside(struct fl_digest *digest)
{
	return (void *)digest->state;
}

void fl_digest_init(struct fl_digest *digest)
{
	crypto_hash_sha256_init(inside(digest));
}

void fl_digest_update(struct fl_digest *digest, const void *data, size_t size)
{
	crypto_hash_sha256_update(inside(digest), data, size);
}

void fl_digest_final(struct fl_digest *digest,
		     unsigned char bytes[FL_DIGEST_BYTES])
{
	crypto_hash_sha256_final(inside(digest), bytes);
}

void fl_digest_hex(struct fl_digest *digest, char hex[FL_DIGEST_HEX])
{
	unsigned char bytes[FL_DIGEST_BYTES];

	fl_digest_final(digest, bytes);
	sodium_bin2hex(hex, FL_DIGEST_HEX, bytes, sizeof(bytes));
}
