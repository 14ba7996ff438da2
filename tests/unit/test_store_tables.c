/* Tables that are asked and written by the stages of a mail, and their copies. */
#include "store_pair.h"

static const struct str asked[] = { { "anna", 4 }, { "bert", 4 },
	{ "carl", 4 } };

/* Which of the three are there, one letter each, and the values. */
static void
look(struct store *store, int64_t now_ms, char text[64])
{
	const struct store_lookup lookup = { STR("seen"), asked, 3 };
	struct store_call *call = store_call_new(store);
	const struct store_found *found;

	text[0] = '\0';
	store_call_look_up(call, &lookup);
	assert_int_equal(store_call_wait(call, now_ms), 0);
	found = store_call_found(call, 0);
	assert_non_null(found);
	for (size_t i = 0; i < 3; i++)
		if (found[i].is_there)
			snprintf(text + strlen(text), 20, "%.1s=%.*s ",
			    asked[i].p, STR_ARG(found[i].value));
	store_call_put(call);
}

#define LOOKS(store, now_ms, want)                                             \
	do {                                                                   \
		char seen[64];                                                 \
                                                                               \
		look((store), (now_ms), seen);                                 \
		assert_string_equal(seen, (want));                             \
	} while (0)

static void
remember(struct store *store, size_t i, const char *value, uint32_t for_sec,
    int64_t now_ms)
{
	store_remember(
	    store, STR("seen"), asked[i], str_of(value), for_sec, now_ms);
	assert_int_equal(store_flush(store, 5000), 0);
}

static void
test_what_was_remembered_is_there_until_its_time_is_over(void **state)
{
	LOOKS(*state, T0, "");
	remember(*state, 0, "x y", 60, T0);
	remember(*state, 1, "", 0, T0);
	LOOKS(*state, T0, "a=x y b= ");
	LOOKS(*state, T0 + 59999, "a=x y b= ");
	LOOKS(*state, T0 + 60000, "b= ");
	remember(*state, 1, "new", 10, T0 + 500);
	LOOKS(*state, T0 + 10999, "a=x y b=new ");
	LOOKS(*state, T0 + 11000, "a=x y ");
}

static void
test_what_was_forgotten_is_not_there(void **state)
{
	remember(*state, 0, "", 0, T0);
	remember(*state, 2, "", 0, T0);
	store_forget(*state, STR("seen"), asked[0]);
	store_forget(*state, STR("seen"), asked[1]);
	store_forget(*state, STR("other"), asked[2]);
	assert_int_equal(store_flush(*state, 5000), 0);
	LOOKS(*state, T0, "c= ");
}

static void
test_look_ups_and_charges_are_one_call(void **state)
{
	const struct store_lookup seen = { STR("seen"), asked, 3 };
	const struct store_lookup other = { STR("other"), asked, 1 };
	const struct kit_use use = { "anna", STORE_CHARGE, 5, kit_pace, 1 };
	struct store_call *call = store_call_new(*state);
	struct store_stats before, after;

	remember(*state, 1, "v", 0, T0);
	store_stats_get(*state, &before);
	kit_add(call, &use, 0);
	store_call_look_up(call, &seen);
	store_call_look_up(call, &other);
	assert_int_equal(store_call_wait(call, T0), 0);
	assert_int_equal(store_call_answer(call, 0)->levels[0].used, 5);
	assert_false(store_call_found(call, 0)[0].is_there);
	assert_true(store_call_found(call, 0)[1].is_there);
	assert_false(store_call_found(call, 1)[0].is_there);
	store_stats_get(*state, &after);
	assert_int_equal(after.calls_waited - before.calls_waited, 1);
	pair_give_back(*state, call, T0);
	assert_int_equal(kit_used(*state, T0), 0);
}

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

static void
test_a_copy_answers_while_the_store_is_away(void **state)
{
	const struct store_lookup lookup = { STR("seen"), asked, 3 };
	const struct store_lookup other = { STR("other"), asked, 3 };
	struct arena *arena = arena_new(1024);
	struct store_found found[3];

	remember(*state, 0, "x", 3600, STORE_NOW);
	remember(*state, 2, "", 0, STORE_NOW);
	store_copy_table(*state, STR("seen"));
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), -1);
	store_copies_renew(*state);
	store_set_down(*state, true);
	/* What cannot be renewed stays. */
	store_copies_renew(*state);
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), 0);
	assert_true(found[0].is_there && str_is(found[0].value, "x"));
	assert_false(found[1].is_there);
	assert_true(found[2].is_there && found[2].value.len == 0);
	assert_int_equal(store_copy_look_up(*state, &other, arena, found), -1);
	store_set_down(*state, false);
	store_forget(*state, STR("seen"), asked[0]);
	assert_int_equal(store_flush(*state, 5000), 0);
	store_copies_renew(*state);
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), 0);
	assert_false(found[0].is_there);
	arena_free(arena);
}

static void
test_a_copy_knows_when_an_entry_is_over(void **state)
{
	const struct store_lookup lookup = { STR("seen"), asked, 3 };
	struct arena *arena = arena_new(1024);
	struct store_found found[3];

	remember(*state, 0, "", 1, STORE_NOW);
	store_copy_table(*state, STR("seen"));
	store_copies_renew(*state);
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), 0);
	assert_true(found[0].is_there);
	nap_ms(2050);
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), 0);
	assert_false(found[0].is_there);
	arena_free(arena);
}

/* One entry more than a copy has is too many: then there is none. */
static void
test_of_a_table_that_is_too_large_there_is_no_copy(void **state)
{
	const struct store_lookup lookup = { STR("seen"), asked, 3 };
	struct arena *arena = arena_new(1024);
	struct store_found found[3];
	char name[16];

	for (int i = 0; i <= STORE_COPY_MAX; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		store_remember(
		    *state, STR("seen"), str_of(name), STR(""), 0, STORE_NOW);
		if (i % 5000 == 0)
			assert_int_equal(store_flush(*state, 20000), 0);
	}
	assert_int_equal(store_flush(*state, 20000), 0);
	store_copy_table(*state, STR("seen"));
	store_copies_renew(*state);
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), -1);
	store_forget(*state, STR("seen"), STR("e7"));
	assert_int_equal(store_flush(*state, 5000), 0);
	store_copies_renew(*state);
	assert_int_equal(store_copy_look_up(*state, &lookup, arena, found), 0);
	arena_free(arena);
}

static const struct pair_case cases[] = {
	CASE(test_what_was_remembered_is_there_until_its_time_is_over),
	CASE(test_what_was_forgotten_is_not_there),
	CASE(test_look_ups_and_charges_are_one_call),
	CASE(test_as_many_entries_as_can_be_asked_for),
	CASE(test_a_copy_answers_while_the_store_is_away),
	CASE(test_a_copy_knows_when_an_entry_is_over),
	CASE(test_of_a_table_that_is_too_large_there_is_no_copy),
};

int
main(void)
{
	return pair_run("store tables", cases, COUNT(cases));
}
