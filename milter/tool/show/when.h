/*
 * when: points and spans of time as text. Pure but for the time zone of the
 * process. A point that is to come is never promised too early: where seconds are
 * left out it is rounded up. Spans are rounded.
 */
#ifndef SLUICE_TOOL_SHOW_WHEN_H
#define SLUICE_TOOL_SHOW_WHEN_H

#include "base/str.h"

#define WHEN_MAX 96

/* Local time: "15:20:31", with the date if that is not today's. */
struct str when_text(int64_t at_ms, int64_t now_ms, char text[WHEN_MAX]);
/* Always with its date: "2026-11-23 15:20:31". */
struct str when_date(int64_t at_ms, char text[WHEN_MAX]);
/* "15:20:31 (in 12m)", "15:20:31 (12m ago)". */
struct str when_both(int64_t at_ms, int64_t now_ms, char text[WHEN_MAX]);
/* To be read aloud: "15:20 (in 12 min)"; by seconds where it is near. */
struct str when_spoken(int64_t at_ms, int64_t now_ms, char text[WHEN_MAX]);
/* "45s", "12m", "2h 5m", "3d 4h". */
struct str when_span(int64_t span_ms, char text[WHEN_MAX]);
/* UTC, for programs: "2026-11-23T14:20:31Z". */
struct str when_utc(int64_t at_ms, char text[WHEN_MAX]);

#endif
