/*
 * The times of `at`: a date, a time of day, or both, and the zone they are in.
 *
 * The trap: strptime takes the 31st of any month and the 60th second, and a
 * test that means such a time is wrong.
 */
#include "engine/trace_story.h"

#include "base/calendar.h"
#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static int
read_date(struct str text, struct tm *date)
{
	const char *end = strptime(text.p, "%Y-%m-%d", date);
	struct tm normal = *date;

	if (end == NULL || *end != '\0' || text.len != 10)
		return -1;
	timegm(&normal); /* makes March of the 31st of February */
	return normal.tm_mday == date->tm_mday ? 0 : -1;
}

static int
read_clock(struct str text, struct tm *date)
{
	const char *end;

	end = strptime(text.p, text.len == 5 ? "%H:%M" : "%H:%M:%S", date);
	if (end == NULL || *end != '\0' || (text.len != 5 && text.len != 8))
		return -1;
	return date->tm_sec < 60 ? 0 : -1; /* no leap seconds in stories */
}

/* Daylight saving is whatever it is then. */
static int64_t
local_ms(struct tm date)
{
	date.tm_isdst = -1;
	return (int64_t)mktime(&date) * 1000;
}

int64_t
trace_time(const struct trace_step *step, int64_t now_ms)
{
	const struct trace_word *words = step->words;
	time_t now = (time_t)(now_ms / 1000);
	struct tm date = { 0 };
	int64_t time_ms;
	bool has_date = str_find(words[0].text, '-') != -1;

	if (!has_date)
		localtime_r(&now, &date);
	date.tm_sec = 0;
	if (has_date && read_date(words[0].text, &date) == -1)
		return -1;
	if ((!has_date || step->n_words == 2) &&
	    read_clock(words[step->n_words - 1].text, &date) == -1)
		return -1;
	if (!has_date && step->n_words == 2)
		return -1;
	time_ms = local_ms(date);
	if (has_date || time_ms >= now_ms)
		return time_ms;
	date.tm_mday++; /* the same time tomorrow, be it 23 or 25 hours off */
	return local_ms(date);
}

char *
trace_zone_get(void)
{
	const char *zone = getenv("TZ");

	return zone == NULL ? NULL : xstrdup(zone);
}

void
trace_zone_restore(const char *zone)
{
	if (zone != NULL)
		setenv("TZ", zone, 1);
	else
		unsetenv("TZ");
	tzset();
	calendar_zone_changed();
}

int
trace_zone_set(struct str zone, int64_t *start_ms_out)
{
	struct tm start = { .tm_year = 126, .tm_mday = 1 };
	struct stat status;
	char path[256];

	if (snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s",
		STR_ARG(zone)) >= (int)sizeof(path) ||
	    stat(path, &status) == -1 || !S_ISREG(status.st_mode))
		return -1;
	trace_zone_restore(zone.p);
	*start_ms_out = local_ms(start);
	return 0;
}
