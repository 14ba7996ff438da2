/*
 * raise: other rates for one key: by a grant, or by a limit's override table.
 *
 * Text: "x5" (all numbers times that, at most three decimals: "x1.5"),
 * "unlimited", or a full list of rates in place of the limit's own:
 * "40/1m, 400/1h, 2000 daily" ("2000/daily" is the same).
 */
#ifndef SLUICE_STORE_RAISE_H
#define SLUICE_STORE_RAISE_H

#include "base/buf.h"
#include "store/store.h"

#define RAISE_FACTOR_MAX 1000000

enum raise_kind { RAISE_FACTOR, RAISE_UNLIMITED, RAISE_RATES };

struct store_raise {
	enum raise_kind kind;
	uint32_t factor_milli; /* 1500 is x1.5; below 1000 lowers */
	struct store_rate rates[STORE_RATES_MAX];
	size_t n_rates;
};

/* 0, or -1 and what was expected instead. */
int raise_parse(
    struct str text, struct store_raise *raise_out, struct buf *error);
/* The text in normal form: without blanks, daily as "2000/daily". */
void raise_text(const struct store_raise *raise, struct buf *out);
/*
 * The rates in place of own; returns how many. A product is rounded down and
 * never gets over 2^53 - 1. RAISE_UNLIMITED leaves them as they are.
 */
size_t raise_apply(const struct store_raise *raise,
    const struct store_rate *own, size_t n_own,
    struct store_rate rates_out[STORE_RATES_MAX]);
/* "20/1m, 1500 daily": as rule files say it. */
void rates_text(const struct store_rate *rates, size_t n, struct buf *out);
/* "1h", "daily", "monthly": as in names of fields. Static or in text. */
struct str rate_window_text(const struct store_rate *rate, char text[32]);

#endif
