/*
 * calendar: days and months in the time zone of the process, from midnight to
 * midnight, whatever daylight saving makes of them (23, 24 or 25 hours; a zone
 * that skips midnight begins its day when it can). Any thread.
 */
#ifndef SLUICE_BASE_CALENDAR_H
#define SLUICE_BASE_CALENDAR_H

#include <stdint.h>

#define CALENDAR_TEXT_MAX 16

enum calendar_unit { CALENDAR_DAY, CALENDAR_MONTH };

struct calendar_span {
	int64_t begins_ms; /* since the epoch */
	int64_t ends_ms;   /* the first ms behind it */
	int64_t label;     /* 20261123, 202611 */
};

/* Before the epoch counts as the epoch; after 9998 as the end of it. */
struct calendar_span calendar_at(enum calendar_unit unit, int64_t now_ms);
/* TZ is another: to be called before other threads ask. */
void calendar_zone_changed(void);
/* "2026-11-23", "2026-11". */
void calendar_text(
    enum calendar_unit unit, int64_t label, char text[CALENDAR_TEXT_MAX]);

#endif
