/* How the files that may be open are shared out among MTAs and ourselves. */
#include "daemon/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
with_many_files_the_shares_are_fixed(void **state)
{
	struct places places = places_share(65536);

	(void)state;
	assert_int_equal(places.own, 64);
	assert_int_equal(places.refused, 32);
	assert_int_equal(places.served, 65536 - 96);
}

static void
nothing_is_given_out_twice(void **state)
{
	(void)state;
	for (uint64_t n = PLACES_FILES_MIN; n < 2000; n++) {
		struct places places = places_share(n);

		assert_int_equal(
		    places.own + places.refused + places.served, n);
		assert_in_range(places.own, 16, 64);
		assert_in_range(places.refused, 8, 32);
		assert_true(places.served >= n / 2);
	}
}

static void
no_limit_at_all_is_a_large_number(void **state)
{
	(void)state;
	assert_int_equal(places_share(UINT64_MAX).served, INT32_MAX - 96);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_many_files_the_shares_are_fixed),
		cmocka_unit_test(nothing_is_given_out_twice),
		cmocka_unit_test(no_limit_at_all_is_a_large_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
