/*
 * One parser for what `sluice grant` is told, what stands in Redis and what an
 * override table has, so that all three mean the same. charge.lua reads the
 * normal form, and multiplies as raise_apply does: a change here is a change
 * there.
 */
#include "store/raise.h"

#include "base/quantity.h"
#include "store/charge.h"

#include <string.h>

#define FACTOR_MILLI_MAX ((uint64_t)RAISE_FACTOR_MAX * 1000)

/* "1.5" as 1500; false: no such number, or with more than three decimals. */
static bool
parse_milli(struct str text, uint32_t *milli_out)
{
	ptrdiff_t point = str_find(text, '.');
	size_t whole = point < 0 ? text.len : (size_t)point;
	size_t decimals = point < 0 ? 0 : text.len - whole - 1;
	uint64_t milli = 0;

	if (whole == 0 || whole > 7 || decimals > 3 ||
	    (point >= 0 && decimals == 0))
		return false;
	for (size_t i = 0; i < whole + 4; i++) {
		char c = i < text.len ? text.p[i] : '0';

		if (i == whole)
			continue;
		if (c < '0' || c > '9')
			return false;
		milli = milli * 10 + (uint64_t)(c - '0');
	}
	*milli_out = (uint32_t)milli;
	return milli > 0 && milli <= FACTOR_MILLI_MAX;
}

static int
parse_factor(struct str text, struct store_raise *raise, struct buf *error)
{
	raise->kind = RAISE_FACTOR;
	if (parse_milli(str_from(text, 1), &raise->factor_milli))
		return 0;
	buf_printf(error,
	    "a factor is x0.001 to x%d, with at most three decimals",
	    RAISE_FACTOR_MAX);
	return -1;
}

/* "1h", "daily", "monthly". */
static bool
parse_window(struct str text, struct store_rate *rate)
{
	rate->window_sec = 0;
	if (str_is(text, "daily"))
		rate->period = STORE_DAILY;
	else if (str_is(text, "monthly"))
		rate->period = STORE_MONTHLY;
	else
		rate->period = STORE_ROLLING;
	return rate->period != STORE_ROLLING ||
	       duration_parse(text, &rate->window_sec) == 0;
}

/* "40/1m", "2000/daily" or "2000 daily". */
static bool
parse_rate(struct str text, struct store_rate *rate)
{
	ptrdiff_t cut = str_find(text, '/');

	if (cut < 0)
		cut = str_find(text, ' ');
	return cut >= 0 &&
	       amount_parse(
		   str_trim(str_sub(text, 0, (size_t)cut)), &rate->max) == 0 &&
	       rate->max <= CHARGE_MAX &&
	       parse_window(str_trim(str_from(text, (size_t)cut + 1)), rate);
}

static bool
has_window(const struct store_raise *raise, const struct store_rate *rate)
{
	for (size_t i = 0; i < raise->n_rates; i++)
		if (raise->rates[i].window_sec == rate->window_sec &&
		    raise->rates[i].period == rate->period)
			return true;
	return false;
}

static int
parse_rates(struct str text, struct store_raise *raise, struct buf *error)
{
	raise->kind = RAISE_RATES;
	for (;;) {
		ptrdiff_t comma = str_find(text, ',');
		struct str one =
		    comma < 0 ? text : str_sub(text, 0, (size_t)comma);
		struct store_rate rate;

		if (!parse_rate(str_trim(one), &rate)) {
			buf_add_cstr(error,
			    "expected x5, unlimited or rates such as "
			    "40/1m, 400/1h, 2000 daily");
			return -1;
		}
		if (raise->n_rates == STORE_RATES_MAX) {
			buf_printf(error, "at most %d rates", STORE_RATES_MAX);
			return -1;
		}
		if (has_window(raise, &rate)) {
			buf_add_cstr(error, "two rates have the same window");
			return -1;
		}
		raise->rates[raise->n_rates++] = rate;
		if (comma < 0)
			return 0;
		text = str_from(text, (size_t)comma + 1);
	}
}

int
raise_parse(struct str text, struct store_raise *raise_out, struct buf *error)
{
	struct store_raise raise = { .n_rates = 0 };
	int rc = 0;

	text = str_trim(text);
	if (str_is(text, "unlimited"))
		raise.kind = RAISE_UNLIMITED;
	else if (str_starts(text, STR("x")))
		rc = parse_factor(text, &raise, error);
	else
		rc = parse_rates(text, &raise, error);
	if (rc == 0)
		*raise_out = raise;
	return rc;
}

static void
put_factor(uint32_t milli, struct buf *out)
{
	size_t len;

	buf_printf(out, "x%u", milli / 1000);
	if (milli % 1000 == 0)
		return;
	buf_printf(out, ".%03u", milli % 1000);
	len = out->len;
	while (out->p[len - 1] == '0')
		len--;
	out->len = len;
	out->p[len] = '\0';
}

struct str
rate_window_text(const struct store_rate *rate, char text[32])
{
	switch (rate->period) {
	case STORE_ROLLING:
		break;
	case STORE_DAILY:
		return STR("daily");
	case STORE_MONTHLY:
		return STR("monthly");
	}
	return duration_text(rate->window_sec, text);
}

void
rates_text(const struct store_rate *rates, size_t n, struct buf *out)
{
	char amount[QUANTITY_TEXT_MAX], window[QUANTITY_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s%s%c", i > 0 ? ", " : "",
		    amount_text(rates[i].max, amount).p,
		    rates[i].period == STORE_ROLLING ? '/' : ' ');
		buf_add(out, rate_window_text(&rates[i], window));
	}
}

void
raise_text(const struct store_raise *raise, struct buf *out)
{
	char window[32];

	switch (raise->kind) {
	case RAISE_FACTOR:
		put_factor(raise->factor_milli, out);
		return;
	case RAISE_UNLIMITED:
		buf_add_cstr(out, "unlimited");
		return;
	case RAISE_RATES:
		break;
	}
	for (size_t i = 0; i < raise->n_rates; i++) {
		buf_printf(out, "%s%llu/", i == 0 ? "" : ",",
		    (unsigned long long)raise->rates[i].max);
		buf_add(out, rate_window_text(&raise->rates[i], window));
	}
}

/* max * milli / 1000, rounded down; no product gets over 2^64. */
static uint64_t
multiply(uint64_t max, uint32_t milli)
{
	uint64_t thousands = max / 1000;
	uint64_t product;

	if (thousands > CHARGE_MAX / milli)
		return CHARGE_MAX;
	product = thousands * milli + max % 1000 * milli / 1000;
	return product < CHARGE_MAX ? product : CHARGE_MAX;
}

size_t
raise_apply(const struct store_raise *raise, const struct store_rate *own,
    size_t n_own, struct store_rate rates_out[STORE_RATES_MAX])
{
	size_t n = raise->kind == RAISE_RATES ? raise->n_rates : n_own;

	memcpy(rates_out, raise->kind == RAISE_RATES ? raise->rates : own,
	    n * sizeof(rates_out[0]));
	for (size_t i = 0; raise->kind == RAISE_FACTOR && i < n; i++)
		rates_out[i].max =
		    multiply(rates_out[i].max, raise->factor_milli);
	return n;
}
