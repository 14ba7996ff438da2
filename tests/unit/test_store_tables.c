/* Look-ups as large as a message can make them, on both stores. */
#include "store_pair.h"

#include "store/ledger.h"

#include <stdio.h>

static void
add_entry(struct store *store, const char *entry)
{
	const struct store_entry one = { str_of(entry), STR("value"), 0 };
	struct buf error = { 0 };

	assert_int_equal(store_table_add(store, STR("names"), &one, &error), 0);
}

/* e0, e1, ... */
static struct str *
make_entries(struct arena *arena, size_t n)
{
	struct str *entries = arena_alloc(arena, n * sizeof(*entries));

	for (size_t i = 0; i < n; i++)
		entries[i] = arena_printf(arena, "e%zu", i);
	return entries;
}

/* Of all entries these are there: the ends, and where a part may end. */
static void
test_as_many_entries_as_can_be_asked_for(void **state)
{
	static const size_t there[] = { 0, 3999, 4000, STORE_ENTRIES_MAX - 1 };
	struct arena *arena = arena_new(4096);
	struct store_lookup lookup = { .table = STR("names"),
		.entries = make_entries(arena, STORE_ENTRIES_MAX),
		.n_entries = STORE_ENTRIES_MAX };
	struct store_call *call = store_call_new(*state);
	const struct store_found *found;
	size_t n = 0;

	for (size_t i = 0; i < COUNT(there); i++)
		add_entry(*state, lookup.entries[there[i]].p);
	store_call_look_up(call, &lookup);
	assert_int_equal(store_call_wait(call, STORE_NOW), 0);
	found = store_call_found(call, 0);
	assert_non_null(found);
	for (size_t i = 0; i < STORE_ENTRIES_MAX; i++)
		n += found[i].is_there;
	assert_int_equal(n, COUNT(there));
	for (size_t i = 0; i < COUNT(there); i++)
		assert_true(found[there[i]].is_there &&
			    str_eq(found[there[i]].value, STR("value")));
	store_call_put(call);
	arena_free(arena);
}

static const struct pair_case cases[] = {
	CASE(test_as_many_entries_as_can_be_asked_for),
};

int
main(void)
{
	return pair_run("store tables", cases, COUNT(cases));
}
