/* Of a packet of macros only whole pairs reach libmilter. */
#include "daemon/packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libmilter/mfapi.h>

static void
pairs_are_kept_and_the_rest_is_not(void **state)
{
	const struct {
		struct str bytes;
		size_t want;
	} cases[] = {
		{ STR(""), 0 },
		{ STR("M"), 1 },
		{ STR("Ma\0b\0"), 5 },
		{ STR("Ma\0b\0c\0d\0"), 9 },
		{ STR("M\0\0"), 3 },
		/* names without values */
		{ STR("Ma\0"), 1 },
		{ STR("Ma\0b\0c\0"), 5 },
		{ STR("M\0"), 1 },
		{ STR("M\0\0\0"), 3 },
		/* strings without an end */
		{ STR("Ma"), 1 },
		{ STR("Ma\0b"), 1 },
		{ STR("Ma\0b\0c"), 5 },
		{ STR("Ma\0b\0c\0d"), 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(packet_pairs(cases[i].bytes), cases[i].want);
}

static void
this_libmilter_can_be_watched(void **state)
{
	unsigned major, minor, patch;

	(void)state;
	/* libmilter is linked only if something of it is called. */
	assert_int_equal(smfi_version(&major, &minor, &patch), MI_SUCCESS);
	assert_true(packets_init());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_kept_and_the_rest_is_not),
		cmocka_unit_test(this_libmilter_can_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
