/* What only the memory store does: it is capped, and forgets the right keys. */
#include "store_kit.h"

#include "store/backend.h"

#define KEYS_MAX 1600 /* a hundred for each of its sixteen shards */

static uint64_t
charge(struct store *store, unsigned i)
{
	char identity[16];
	const struct kit_use use = { identity, STORE_CHARGE, 1, kit_pace, 1 };

	snprintf(identity, sizeof(identity), "key%u", i);
	return kit_ask(store, &use, T0).levels[0].used;
}

static void
test_invented_keys_push_out_only_what_was_not_charged_lately(void **state)
{
	struct store store = { .backend = &memory_backend,
		.self = memory_open(KEYS_MAX),
		.prefix = STR("test") };
	struct kit_listing listing;

	(void)state;
	for (unsigned i = 0; i < 100 * KEYS_MAX; i++) {
		charge(&store, 1000 + i);
		if (i % 200 == 0 && i / 200 < 18)
			assert_int_equal(charge(&store, 0), i / 200 + 1);
	}
	listing = kit_list(&store, "", "", T0);
	assert_in_range(listing.n, KEYS_MAX * 9 / 10, KEYS_MAX);
	assert_int_equal(charge(&store, 0), 1);
	assert_int_equal(charge(&store, 1000 + 100 * KEYS_MAX - 1), 2);
	memory_backend.close(store.self);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_invented_keys_push_out_only_what_was_not_charged_lately),
	};

	return cmocka_run_group_tests_name("store memory", tests, NULL, NULL);
}
