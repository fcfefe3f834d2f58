/* SHA-256, keyed digests, seals and secrets: libsodium under names of ours,
 * which this file alone includes.
 * The state's type is hidden from callers by a buffer of our own, whose size is
 * checked when this compiles. Comparing a seal takes as long whether it is right
 * or wrong, so that its time tells nobody how much of it was right. */
#include "base/digest.h"

#include "base/err.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <=
		       sizeof(((struct fl_digest *)0)->state),
	       "room for the state");
_Static_assert(crypto_hash_sha256_BYTES == FL_DIGEST_BYTES, "SHA-256");

const char *fl_digest_library_version(void)
{
	return sodium_version_string();
}

/* Before any other call of the library: it may be called from any thread, and
 * again, when it does nothing. It fails where the system has no random numbers,
 * without which no token protects anything. */
static void ready(void)
{
	int started = sodium_init();

	FL_ASSERT(started >= 0);
}

static crypto_hash_sha256_state *inside(struct fl_digest *digest)
{
	return (void *)digest->state;
}

void fl_digest_init(struct fl_digest *digest)
{
	ready();
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

void fl_digest_of(const void *data, size_t size,
		  unsigned char bytes[FL_DIGEST_BYTES])
{
	struct fl_digest digest;

	fl_digest_init(&digest);
	fl_digest_update(&digest, data, size);
	fl_digest_final(&digest, bytes);
}

void fl_digest_hex_of(const void *data, size_t size, char hex[FL_DIGEST_HEX])
{
	struct fl_digest digest;

	fl_digest_init(&digest);
	fl_digest_update(&digest, data, size);
	fl_digest_hex(&digest, hex);
}

void fl_digest_keyed(const void *key, size_t key_size, const void *data,
		     size_t size, unsigned char bytes[FL_DIGEST_BYTES])
{
	crypto_auth_hmacsha256_state state;

	ready();
	crypto_auth_hmacsha256_init(&state, key, key_size);
	crypto_auth_hmacsha256_update(&state, data, size);
	crypto_auth_hmacsha256_final(&state, bytes);
}

bool fl_digest_equal(const unsigned char *a, const unsigned char *b,
		     size_t size)
{
	return sodium_memcmp(a, b, size) == 0;
}

void fl_seal(const unsigned char *key, const void *head, size_t head_size,
	     const void *body, size_t body_size,
	     unsigned char seal[FL_SEAL_BYTES])
{
	crypto_generichash_state state;

	ready();
	crypto_generichash_init(&state, key, FL_DIGEST_BYTES, FL_SEAL_BYTES);
	crypto_generichash_update(&state, head, head_size);
	/* A frame may have no body, whose address is then NULL. */
	if (body_size > 0)
		crypto_generichash_update(&state, body, body_size);
	crypto_generichash_final(&state, seal, FL_SEAL_BYTES);
}

void fl_digest_to_hex(const unsigned char *bytes, size_t size, char *hex)
{
	sodium_bin2hex(hex, 2 * size + 1, bytes, size);
}

void fl_random_bytes(void *bytes, size_t size)
{
	ready();
	randombytes_buf(bytes, size);
}
