/*
 * Locks, grants, switches and entries of tables as text: what people read by
 * redis-cli and edit by hand.
 */
#include "base/utf8.h"
#include "store/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	int64_t until_ms;
	const char *reason;
	const char *by;
	const char *text;
} written[] = {
	{ 1795737600000, "holidays", "anna",
	    "until=1795737600 reason=\"holidays\" by=anna" },
	{ 1795737600001, "over", "root@mx1.example.org",
	    "until=1795737601 reason=\"over\" by=root@mx1.example.org" },
	{ 1000, "he said \"no\" \\o/", "anna b\"c",
	    "until=1 reason=\"he said \\\"no\\\" \\\\o/\" "
	    "by=\"anna b\\\"c\"" },
	{ 1000, "a\nb\tc\x7f", "",
	    "until=1 reason=\"a\\x0ab\\x09c\\x7f\" by=\"\"" },
	{ 1000,
	    "Gr\xc3\xbc\xc3\x9f"
	    "e \xff",
	    "x=y",
	    "until=1 reason=\"Gr\xc3\xbc\xc3\x9f"
	    "e \\xff\" by=\"x=y\"" },
	{ 1000, "\" until=9999999999 x=\"", "eve",
	    "until=1 reason=\"\\\" until=9999999999 x=\\\"\" by=eve" },
};

static void
test_holds_are_written_like_this_and_read_back(void **state)
{
	struct arena *arena = arena_new(512);
	struct store_hold hold;
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(written); i++) {
		const struct store_hold want = { written[i].until_ms,
			str_of(written[i].reason), str_of(written[i].by) };

		buf_clear(&text);
		hold_put(&text, &want);
		assert_string_equal(text.p, written[i].text);
		assert_int_equal(hold_parse(buf_str(&text), arena, &hold), 0);
		assert_int_equal(
		    hold.until_ms, (want.until_ms + 999) / 1000 * 1000);
		assert_true(str_eq(hold.reason, want.reason));
		assert_true(str_eq(hold.by, want.by));
	}
	buf_done(&text);
	arena_free(arena);
}

static void
test_every_byte_is_read_back(void **state)
{
	struct arena *arena = arena_new(512);
	struct buf text = { 0 };
	struct store_hold hold;

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char bytes[] = { 'a', (char)c, 'b', (char)c };
		const struct store_hold want = { 1000, { bytes, 4 },
			{ bytes, 4 } };

		buf_clear(&text);
		hold_put(&text, &want);
		assert_int_equal(hold_parse(buf_str(&text), arena, &hold), 0);
		assert_true(str_eq(hold.reason, want.reason));
		assert_true(str_eq(hold.by, want.by));
	}
	buf_done(&text);
	arena_free(arena);
}

static void
test_a_long_reason_is_cut_between_characters(void **state)
{
	struct arena *arena = arena_new(512);
	struct buf reason = { 0 }, text = { 0 };
	struct store_hold hold = { .until_ms = 1000 };

	(void)state;
	buf_byte(&reason, 'x');
	for (int i = 0; i < HOLD_REASON_MAX; i++)
		buf_add_cstr(&reason, "\xc3\xbc");
	hold.reason = buf_str(&reason);
	hold_put(&text, &hold);
	assert_int_equal(hold_parse(buf_str(&text), arena, &hold), 0);
	assert_int_equal(hold.reason.len, HOLD_REASON_MAX - 1);
	assert_int_equal(utf8_bad(hold.reason), -1);
	buf_done(&reason);
	buf_done(&text);
	arena_free(arena);
}

static const struct {
	const char *text;
	int64_t until_ms; /* -1: it is broken */
	const char *reason;
	const char *by;
} by_hand[] = {
	{ "until=1795737600", 1795737600000, "", "" },
	{ "until=5 by=anna", 5000, "", "anna" },
	{ "until=5 by=anna  reason=\"why\"", 5000, "why", "anna" },
	{ "until=5 reason=why see=#12 by=anna", 5000, "why", "anna" },
	{ "until=5 and then reason=\"cut off", 5000, "cut off", "" },
	{ "until=5 reason=\"\\q\\x4", 5000, "qx4", "" },
	{ "until=0 reason=\"\"", 0, "", "" },
	{ "until=9 until=7", 9000, "", "" },
	{ "", -1, "", "" },
	{ "tomorrow", -1, "", "" },
	{ "until=", -1, "", "" },
	{ "until=soon", -1, "", "" },
	{ "until=5x", -1, "", "" },
	{ "until=99999999999999999999", -1, "", "" },
	{ "reason=\"until=5\"", -1, "", "" },
};

static void
test_what_people_wrote_is_read_leniently(void **state)
{
	struct arena *arena = arena_new(512);
	struct store_hold hold;

	(void)state;
	for (size_t i = 0; i < COUNT(by_hand); i++) {
		int rc = hold_parse(str_of(by_hand[i].text), arena, &hold);

		assert_int_equal(rc, by_hand[i].until_ms < 0 ? -1 : 0);
		if (rc == -1)
			continue;
		assert_int_equal(hold.until_ms, by_hand[i].until_ms);
		assert_string_equal(hold.reason.p, by_hand[i].reason);
		assert_string_equal(hold.by.p, by_hand[i].by);
	}
	arena_free(arena);
}

static void
test_a_grant_has_its_raise_in_front(void **state)
{
	struct arena *arena = arena_new(512);
	struct store_grant grant = { .raise = { .kind = RAISE_FACTOR,
					 .factor_milli = 5000 },
		.hold = { 1000, STR("fair"), STR("bob") } };
	struct store_grant back = { .limit = STR("kept") };
	struct buf text = { 0 };

	(void)state;
	grant_put(&text, &grant);
	assert_string_equal(text.p, "x5 until=1 reason=\"fair\" by=bob");
	assert_int_equal(grant_parse(buf_str(&text), arena, &back), 0);
	assert_int_equal(back.raise.factor_milli, 5000);
	assert_string_equal(back.hold.by.p, "bob");
	assert_string_equal(back.limit.p, "kept");
	assert_int_equal(
	    grant_parse(STR("40/1m,400/1h until=7"), arena, &back), 0);
	assert_int_equal(back.raise.n_rates, 2);
	assert_int_equal(back.hold.until_ms, 7000);
	buf_done(&text);
	arena_free(arena);
}

/* A listing must not tell of a grant that charge.lua does not see. */
static void
test_a_broken_grant_is_none(void **state)
{
	static const char *const texts[] = { "", "x5", "x5until=7", "until=7",
		"x0 until=7", "much until=7", "x5 reason=\"a\" until=7",
		"40/1m, 400/1h until=7" };
	struct arena *arena = arena_new(512);
	struct store_grant grant;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(
		    grant_parse(str_of(texts[i]), arena, &grant), -1);
	arena_free(arena);
}

static const struct {
	const char *text;
	int64_t until_ms;
	const char *value;
} values[] = {
	{ "0 ", 0, "" },
	{ "0 gold", 0, "gold" },
	{ "1795737600 a b", 1795737600000, "a b" },
	{ "", 0, "" },
	{ "gold", 0, "gold" },
	{ "20", 0, "20" },
	{ " x", 0, " x" },
};

static void
test_values_of_tables_are_always_read(void **state)
{
	struct str value;
	int64_t until_ms;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		table_value_parse(str_of(values[i].text), &until_ms, &value);
		assert_int_equal(until_ms, values[i].until_ms);
		assert_true(str_is(value, values[i].value));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_holds_are_written_like_this_and_read_back),
		cmocka_unit_test(test_every_byte_is_read_back),
		cmocka_unit_test(test_a_long_reason_is_cut_between_characters),
		cmocka_unit_test(test_what_people_wrote_is_read_leniently),
		cmocka_unit_test(test_a_grant_has_its_raise_in_front),
		cmocka_unit_test(test_a_broken_grant_is_none),
		cmocka_unit_test(test_values_of_tables_are_always_read),
	};

	return cmocka_run_group_tests_name("store text", tests, NULL, NULL);
}
