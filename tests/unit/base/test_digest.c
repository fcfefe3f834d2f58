/* Whatever is asked of it first, the library is started before. */
#include "base/digest.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_is_started(void **state)
{
	unsigned char bytes[32] = { 0 };

	(void)state;
	fl_random_bytes(bytes, sizeof(bytes));
	assert_true(memcmp(bytes, (unsigned char[32]){ 0 }, 32) != 0);
	assert_int_equal(sodium_init(), 1); /* that is: it was before */
}

static void test_sha256(void **state)
{
	char hex[FL_DIGEST_HEX];

	(void)state;
	fl_digest_hex_of("abc", 3, hex);
	assert_string_equal(
		hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_started),
		cmocka_unit_test(test_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
