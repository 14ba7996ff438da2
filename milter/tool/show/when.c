/*
 * The zone is that of the process, which conf_use_timezone has made that of the
 * rules: "daily" and what people are told must agree about midnight.
 */
#include "tool/show/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE INT64_C(60)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define NEAR   (2 * MINUTE) /* up to here seconds are told */

static int64_t
round_up(int64_t number, int64_t unit)
{
	return (number + unit - 1) / unit * unit;
}

static struct tm
local_time(int64_t sec)
{
	time_t seconds = (time_t)sec;
	struct tm date = { 0 };

	localtime_r(&seconds, &date);
	return date;
}

static bool
is_same_day(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

struct str
when_date(int64_t at_ms, char text[WHEN_MAX])
{
	struct tm at = local_time(at_ms / 1000);

	return (struct str){ text,
		strftime(text, WHEN_MAX, "%Y-%m-%d %H:%M:%S", &at) };
}

struct str
when_text(int64_t at_ms, int64_t now_ms, char text[WHEN_MAX])
{
	struct tm at = local_time(at_ms / 1000);
	struct tm now = local_time(now_ms / 1000);

	if (!is_same_day(&at, &now))
		return when_date(at_ms, text);
	return (struct str){ text, strftime(text, WHEN_MAX, "%H:%M:%S", &at) };
}

/* The two largest units of a span, rounded to what is told; words: how they
 * are called. */
static struct str
print_span(int64_t span_ms, const char *const words[4], char text[WHEN_MAX])
{
	int64_t sec = span_ms > 0 ? (span_ms + 999) / 1000 : 0;
	int len;

	if (sec >= NEAR)
		sec = (sec + MINUTE / 2) / MINUTE * MINUTE;
	if (sec >= DAY)
		sec = (sec + HOUR / 2) / HOUR * HOUR;
	if (sec >= DAY && sec % DAY == 0)
		len = snprintf(
		    text, WHEN_MAX, "%lld%s", (long long)(sec / DAY), words[3]);
	else if (sec >= DAY)
		len = snprintf(text, WHEN_MAX, "%lld%s %lld%s",
		    (long long)(sec / DAY), words[3],
		    (long long)(sec % DAY / HOUR), words[2]);
	else if (sec >= HOUR && sec % HOUR / MINUTE == 0)
		len = snprintf(text, WHEN_MAX, "%lld%s",
		    (long long)(sec / HOUR), words[2]);
	else if (sec >= HOUR)
		len = snprintf(text, WHEN_MAX, "%lld%s %lld%s",
		    (long long)(sec / HOUR), words[2],
		    (long long)(sec % HOUR / MINUTE), words[1]);
	else if (sec >= NEAR)
		len = snprintf(text, WHEN_MAX, "%lld%s",
		    (long long)(sec / MINUTE), words[1]);
	else
		len = snprintf(
		    text, WHEN_MAX, "%lld%s", (long long)sec, words[0]);
	return (struct str){ text, (size_t)len };
}

struct str
when_span(int64_t span_ms, char text[WHEN_MAX])
{
	static const char *const words[4] = { "s", "m", "h", "d" };

	return print_span(span_ms, words, text);
}

struct str
when_both(int64_t at_ms, int64_t now_ms, char text[WHEN_MAX])
{
	char at[WHEN_MAX], span[WHEN_MAX];
	bool is_past = at_ms < now_ms;

	/* What is promised is not told a part of a second too early. */
	when_text(is_past ? at_ms : round_up(at_ms, 1000), now_ms, at);
	when_span(is_past ? now_ms - at_ms : at_ms - now_ms, span);
	/* Both together fit by far; the bounds tell the compiler. */
	snprintf(text, WHEN_MAX, "%.40s (%s%.40s%s)", at, is_past ? "" : "in ",
	    span, is_past ? " ago" : "");
	return str_of(text);
}

struct str
when_spoken(int64_t at_ms, int64_t now_ms, char text[WHEN_MAX])
{
	static const char *const words[4] = { " s", " min", " h", " d" };
	char at[WHEN_MAX], span[WHEN_MAX];
	int64_t sec = at_ms / 1000 + (at_ms % 1000 > 0);
	bool is_near = sec - now_ms / 1000 < NEAR;
	struct tm now = local_time(now_ms / 1000);
	struct tm then;

	if (!is_near)
		sec = round_up(sec, MINUTE);
	then = local_time(sec);
	if (is_near)
		strftime(at, WHEN_MAX, "%H:%M:%S", &then);
	else if (is_same_day(&then, &now))
		strftime(at, WHEN_MAX, "%H:%M", &then);
	else
		strftime(at, WHEN_MAX, "%a %Y-%m-%d %H:%M", &then);
	print_span(at_ms - now_ms, words, span);
	snprintf(text, WHEN_MAX, "%.40s (in %.40s)", at, span);
	return str_of(text);
}

struct str
when_utc(int64_t at_ms, char text[WHEN_MAX])
{
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm date = { 0 };

	gmtime_r(&seconds, &date);
	return (struct str){ text,
		strftime(text, WHEN_MAX, "%Y-%m-%dT%H:%M:%SZ", &date) };
}
