/*
 * quantity: numbers, amounts and durations as people write them.
 *
 * Amounts: digits and at most one of k, M, G (thousand, million, milliard).
 * Durations: digits and one of s, m, h, d, w; or ms, where wanted.
 */
#ifndef SLUICE_BASE_QUANTITY_H
#define SLUICE_BASE_QUANTITY_H

#include "base/str.h"

#define QUANTITY_TEXT_MAX 32

/* Digits alone, no more of them than max (> 0) has, and at most that. 0, or -1
 * when the text is something else. */
int number_parse(struct str text, uint64_t max, uint64_t *number_out);
/* 0, or -1 when the text is no amount or does not fit. */
int amount_parse(struct str text, uint64_t *amount_out);
/* Whole seconds ("90s", "1h"); at least 1 s, at most 10 years. */
int duration_parse(struct str text, uint32_t *seconds_out);
/* Milliseconds ("100ms", "2s"). */
int duration_parse_ms(struct str text, uint32_t *ms_out);

/* The shortest exact text: 60 s is "1m", 90 s "90s", 604800 s "1w". */
struct str duration_text(uint32_t seconds, char text[QUANTITY_TEXT_MAX]);
/* The shortest exact text: 20000 is "20k", 1500 "1500". */
struct str amount_text(uint64_t amount, char text[QUANTITY_TEXT_MAX]);

#endif
