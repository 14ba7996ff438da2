/*
 * The times of `at`: a date, a time of day, or both, in UTC.
 *
 * The trap: strptime takes the 31st of any month and the 60th second, and a
 * test that means such a time is wrong.
 */
#include "engine/trace_story.h"

#include <time.h>

#define DAY_MS INT64_C(86400000)

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

int64_t
trace_time(const struct trace_step *step, int64_t now_ms)
{
	const struct trace_word *words = step->words;
	time_t now = (time_t)(now_ms / 1000);
	struct tm date = { 0 };
	int64_t time_ms;
	bool has_date = str_find(words[0].text, '-') != -1;

	if (!has_date)
		gmtime_r(&now, &date);
	date.tm_sec = 0;
	if (has_date && read_date(words[0].text, &date) == -1)
		return -1;
	if ((!has_date || step->n_words == 2) &&
	    read_clock(words[step->n_words - 1].text, &date) == -1)
		return -1;
	if (!has_date && step->n_words == 2)
		return -1;
	time_ms = (int64_t)timegm(&date) * 1000;
	return !has_date && time_ms < now_ms ? time_ms + DAY_MS : time_ms;
}
