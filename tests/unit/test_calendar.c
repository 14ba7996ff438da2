/* Days and months where clocks change: shorter, longer, and twice. */
#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)

static void
live_in(const char *zone)
{
	setenv("TZ", zone, 1);
	calendar_zone_changed();
}

/* Of a moment in UTC. */
static int64_t
utc_ms(int year, int month, int day, int hour, int minute)
{
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute };

	return (int64_t)timegm(&tm) * 1000;
}

static void
test_days_have_as_many_hours_as_the_zone_says(void **state)
{
	static const struct {
		const char *name, *zone;
		int year, month, day, hour, minute; /* UTC, within that day */
		int64_t label, begins_hour;         /* UTC, of the same date */
		int64_t minutes;
	} cases[] = {
		{ "any day in UTC", "UTC", 2026, 11, 23, 18, 0, 20261123, 0,
		    24 * 60 },
		{ "any day in Berlin", "Europe/Berlin", 2026, 11, 23, 18, 0,
		    20261123, -1, 24 * 60 },
		{ "an hour is skipped", "Europe/Berlin", 2026, 3, 29, 12, 0,
		    20260329, -1, 23 * 60 },
		{ "an hour comes twice", "Europe/Berlin", 2026, 10, 25, 12, 0,
		    20261025, -2, 25 * 60 },
		{ "midnight is skipped", "America/Sao_Paulo", 2018, 11, 4, 12,
		    0, 20181104, 3, 23 * 60 },
		{ "the hour before midnight comes twice", "America/Sao_Paulo",
		    2018, 2, 17, 12, 0, 20180217, 2, 25 * 60 },
		{ "midnight comes twice", "America/Havana", 2023, 11, 5, 12, 0,
		    20231105, 4, 25 * 60 },
		{ "half an hour of daylight saving", "Australia/Lord_Howe",
		    2026, 4, 4, 20, 0, 20260405, -11 + 24, 24 * 60 + 30 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t begins_ms =
		    utc_ms(cases[i].year, cases[i].month, cases[i].day, 0, 0) +
		    cases[i].begins_hour * HOUR_MS;
		struct calendar_span span;

		live_in(cases[i].zone);
		span = calendar_at(CALENDAR_DAY,
		    utc_ms(cases[i].year, cases[i].month, cases[i].day,
			cases[i].hour, cases[i].minute));
		if (span.label != cases[i].label)
			fail_msg("%s: label %lld", cases[i].name,
			    (long long)span.label);
		if (span.begins_ms != begins_ms)
			fail_msg("%s: begins %lld minutes off", cases[i].name,
			    (long long)(span.begins_ms - begins_ms) / 60000);
		if (span.ends_ms - span.begins_ms != cases[i].minutes * 60000)
			fail_msg("%s: has %lld minutes", cases[i].name,
			    (long long)(span.ends_ms - span.begins_ms) / 60000);
	}
}

/* From each span to the next, over years: none overlap, none are missing. */
static void
walk(const char *zone, enum calendar_unit unit, int64_t from_ms, int64_t to_ms)
{
	struct calendar_span span, next;

	live_in(zone);
	span = calendar_at(unit, from_ms);
	while (span.ends_ms < to_ms) {
		next = calendar_at(unit, span.ends_ms);
		if (next.begins_ms != span.ends_ms)
			fail_msg("%s: %lld ends, and %lld begins later", zone,
			    (long long)span.label, (long long)next.label);
		if (next.label <= span.label)
			fail_msg("%s: %lld follows %lld", zone,
			    (long long)next.label, (long long)span.label);
		if (calendar_at(unit, next.begins_ms - 1).label != span.label)
			fail_msg("%s: the last ms of %lld", zone,
			    (long long)span.label);
		if (calendar_at(unit, next.ends_ms - 1).label != next.label)
			fail_msg(
			    "%s: the end of %lld", zone, (long long)next.label);
		span = next;
	}
}

static void
test_spans_follow_one_another_without_gaps(void **state)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin",
		"America/New_York", "America/Sao_Paulo", "America/Havana",
		"America/St_Johns", "Africa/Cairo", "Asia/Tehran",
		"Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
		"Pacific/Kiritimati", "Atlantic/Azores" };

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		walk(zones[i], CALENDAR_DAY, utc_ms(2006, 1, 1, 12, 0),
		    utc_ms(2012, 6, 1, 0, 0));
		walk(zones[i], CALENDAR_DAY, utc_ms(2017, 9, 1, 12, 0),
		    utc_ms(2020, 1, 1, 0, 0));
		walk(zones[i], CALENDAR_MONTH, utc_ms(2000, 1, 1, 12, 0),
		    utc_ms(2030, 1, 1, 0, 0));
	}
}

/* Samoa went from the 29th to the 31st: the 30th never was. */
static void
test_a_day_that_never_was_is_no_day(void **state)
{
	struct calendar_span span;

	(void)state;
	live_in("Pacific/Apia");
	span = calendar_at(CALENDAR_DAY, utc_ms(2011, 12, 30, 9, 59));
	assert_int_equal(span.label, 20111229);
	assert_int_equal(span.ends_ms, utc_ms(2011, 12, 30, 10, 0));
	span = calendar_at(CALENDAR_DAY, span.ends_ms);
	assert_int_equal(span.label, 20111231);
	assert_int_equal(span.ends_ms - span.begins_ms, 24 * HOUR_MS);
}

static void
test_months_have_their_days_and_hours(void **state)
{
	static const struct {
		int month;
		int64_t hours;
	} cases[] = { { 2, 28 * 24 }, { 3, 31 * 24 - 1 }, { 10, 31 * 24 + 1 },
		{ 11, 30 * 24 }, { 12, 31 * 24 } };

	(void)state;
	live_in("Europe/Berlin");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct calendar_span span = calendar_at(
		    CALENDAR_MONTH, utc_ms(2026, cases[i].month, 15, 12, 0));

		assert_int_equal(span.label, 202600 + cases[i].month);
		assert_int_equal(
		    span.ends_ms - span.begins_ms, cases[i].hours * HOUR_MS);
	}
}

static void
test_another_zone_is_noticed(void **state)
{
	int64_t now_ms = utc_ms(2026, 11, 23, 23, 30);

	(void)state;
	live_in("UTC");
	assert_int_equal(calendar_at(CALENDAR_DAY, now_ms).label, 20261123);
	live_in("Europe/Berlin");
	assert_int_equal(calendar_at(CALENDAR_DAY, now_ms).label, 20261124);
}

static void
test_times_that_no_clock_shows_do_no_harm(void **state)
{
	(void)state;
	live_in("Pacific/Kiritimati");
	assert_int_equal(
	    calendar_at(CALENDAR_DAY, INT64_MIN).label, 19691231 + 0);
	assert_true(calendar_at(CALENDAR_MONTH, INT64_MAX).label >= 999812);
}

static void
test_labels_are_written_as_dates(void **state)
{
	char text[CALENDAR_TEXT_MAX];

	(void)state;
	calendar_text(CALENDAR_DAY, 20260307, text);
	assert_string_equal(text, "2026-03-07");
	calendar_text(CALENDAR_MONTH, 202611, text);
	assert_string_equal(text, "2026-11");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days_have_as_many_hours_as_the_zone_says),
		cmocka_unit_test(test_spans_follow_one_another_without_gaps),
		cmocka_unit_test(test_a_day_that_never_was_is_no_day),
		cmocka_unit_test(test_months_have_their_days_and_hours),
		cmocka_unit_test(test_another_zone_is_noticed),
		cmocka_unit_test(test_times_that_no_clock_shows_do_no_harm),
		cmocka_unit_test(test_labels_are_written_as_dates),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
