/*
 * A day begins in the first second that has its date, which is found by
 * halving: so it does not matter whether its midnight was skipped, comes twice
 * or is where it always is.
 *
 * The trap is the price: localtime_r takes a lock that the whole process
 * shares, and every charge asks. So each thread keeps the span that it was
 * last told; within it nothing needs to be asked.
 */
#include "base/calendar.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define HOUR        3600
#define ZONES_HOURS 26 /* more than any zone is away from UTC */
/* What four digits of a year can tell; far beyond any clock that works. */
#define LAST_MS     INT64_C(253370764800000) /* 9999-01-01 */

struct kept_span {
	struct calendar_span span;
	unsigned zone;
};

static _Thread_local struct kept_span kept[2];
static atomic_uint zone_number;

struct date {
	int year, month, day;
};

/* Midnight of that date, had it been in UTC. Parts may be out of range. */
static int64_t
utc_seconds(struct date date)
{
	struct tm tm = { .tm_year = date.year - 1900,
		.tm_mon = date.month - 1,
		.tm_mday = date.day };

	return (int64_t)timegm(&tm);
}

static struct date
date_at(int64_t at)
{
	time_t when = (time_t)at;
	struct tm tm;

	localtime_r(&when, &tm);
	return (struct date){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday };
}

static int64_t
begin_ms(int year, int month, int day)
{
	int64_t wanted = utc_seconds((struct date){ year, month, day });
	int64_t before = wanted - ZONES_HOURS * HOUR;
	int64_t after = wanted + ZONES_HOURS * HOUR;

	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (utc_seconds(date_at(middle)) < wanted)
			before = middle;
		else
			after = middle;
	}
	return after * 1000;
}

static struct calendar_span
span_of(enum calendar_unit unit, struct date date)
{
	switch (unit) {
	case CALENDAR_DAY:
		return (struct calendar_span){
			begin_ms(date.year, date.month, date.day),
			begin_ms(date.year, date.month, date.day + 1),
			(date.year * 100 + date.month) * 100 + date.day,
		};
	case CALENDAR_MONTH:
		break;
	}
	return (struct calendar_span){
		begin_ms(date.year, date.month, 1),
		begin_ms(date.year, date.month + 1, 1),
		date.year * 100 + date.month,
	};
}

/*
 * Where clocks are put back over midnight a date comes, goes and comes again;
 * what lies between belongs to the day that has begun.
 */
static struct calendar_span
look_up(enum calendar_unit unit, int64_t now_ms)
{
	struct calendar_span span = span_of(unit, date_at(now_ms / 1000));

	if (now_ms >= span.ends_ms)
		return span_of(unit, date_at(span.ends_ms / 1000));
	return span;
}

struct calendar_span
calendar_at(enum calendar_unit unit, int64_t now_ms)
{
	struct kept_span *last = &kept[unit];
	unsigned zone = atomic_load(&zone_number);

	if (now_ms < 0)
		now_ms = 0;
	if (now_ms > LAST_MS)
		now_ms = LAST_MS;
	if (last->zone != zone || now_ms < last->span.begins_ms ||
	    now_ms >= last->span.ends_ms) {
		last->span = look_up(unit, now_ms);
		last->zone = zone;
	}
	return last->span;
}

void
calendar_zone_changed(void)
{
	tzset();
	atomic_fetch_add(&zone_number, 1);
}

void
calendar_text(
    enum calendar_unit unit, int64_t label, char text[CALENDAR_TEXT_MAX])
{
	unsigned number = (unsigned)label;

	switch (unit) {
	case CALENDAR_DAY:
		snprintf(text, CALENDAR_TEXT_MAX, "%04u-%02u-%02u",
		    number / 10000 % 10000, number / 100 % 100, number % 100);
		return;
	case CALENDAR_MONTH:
		snprintf(text, CALENDAR_TEXT_MAX, "%04u-%02u",
		    number / 100 % 10000, number % 100);
		return;
	}
}
