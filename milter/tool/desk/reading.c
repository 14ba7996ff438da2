/*
 * The trap is the maximum: a listing knows only that of the last charge, an
 * account that of the rules and grants as they are now. So a key may show 20/20
 * in a listing and 20/100 by itself, just after it was granted more.
 */
#include "tool/desk/reading.h"

#include "base/quantity.h"
#include "store/raise.h"
#include "tool/desk/names.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

const struct grid_column reading_columns[READING_COLUMNS] = {
	{ "LIMIT", false },
	{ "KEY", false },
	{ "COUNTS", false },
	{ "USED", true },
	{ "PERCENT", true },
	{ "FREE AGAIN", false },
};

struct reading
reading_of_counter(const struct store_counter *counter)
{
	return (struct reading){
		.limit = counter->limit,
		.key = counter->identity,
		.unit = counter->unit,
		.window_sec = counter->window_sec,
		.period = counter->period,
		.used = counter->used,
		.max = counter->max,
		.free_at_ms = counter->free_at_ms,
	};
}

struct reading
reading_of_level(const struct account *account, size_t i, int64_t now_ms)
{
	const struct store_level *level = &account->answer.levels[i];
	struct reading reading = {
		.limit = account->limit->name,
		.key = account->key,
		.unit = str_of(unit_name(account->limit->unit)),
		.window_sec = level->window_sec,
		.period = level->period,
		.used = level->used,
		.max = level->max,
		.is_unlimited = account->answer.is_unlimited,
	};

	if (!reading.is_unlimited && level->used >= level->max)
		reading.free_at_ms =
		    level->retry_ms < 0 ? -1 : now_ms + level->retry_ms;
	return reading;
}

unsigned long long
reading_percent(const struct reading *reading)
{
	if (reading->max == 0)
		return 100;
	return (unsigned long long)((double)reading->used * 100 /
				    (double)reading->max);
}

bool
reading_is_over(const struct reading *reading)
{
	return !reading->is_unlimited && reading->used >= reading->max;
}

bool
reading_is_near(const struct reading *reading)
{
	return !reading->is_unlimited &&
	       reading_percent(reading) >= NEAR_PERCENT;
}

/* "1h", "daily": as in names of fields. */
static struct str
window_text(const struct reading *reading, char text[32])
{
	const struct store_rate rate = { .window_sec = reading->window_sec,
		.period = reading->period };

	return rate_window_text(&rate, text);
}

/* "never" is a maximum of 0: no time brings room. */
void
reading_cells(const struct reading *reading, struct arena *arena,
    int64_t now_ms, struct str *cells)
{
	char window[32], when[WHEN_MAX];

	cells[0] = reading->limit;
	cells[1] = reading->key;
	cells[2] = arena_printf(arena, "%.*s/%.*s", STR_ARG(reading->unit),
	    STR_ARG(window_text(reading, window)));
	if (reading->is_unlimited) {
		cells[3] = arena_printf(
		    arena, "%llu/unlimited", (unsigned long long)reading->used);
		cells[4] = STR("-");
	} else {
		cells[3] = arena_printf(arena, "%llu/%llu",
		    (unsigned long long)reading->used,
		    (unsigned long long)reading->max);
		cells[4] =
		    arena_printf(arena, "%llu%%", reading_percent(reading));
	}
	if (reading->free_at_ms > 0)
		cells[5] = arena_str(
		    arena, when_both(reading->free_at_ms, now_ms, when));
	else
		cells[5] = str_of(reading->free_at_ms < 0 ? "never" : "now");
}

void
reading_json(const struct reading *reading, struct buf *out)
{
	char window[32];

	json_text(out, "limit", reading->limit);
	json_text(out, "key", reading->key);
	json_text(out, "unit", reading->unit);
	json_text(out, "window", window_text(reading, window));
	if (reading->period == STORE_ROLLING)
		json_number(out, "window_sec", reading->window_sec);
	else
		json_null(out, "window_sec");
	json_number(out, "used", reading->used);
	if (reading->is_unlimited) {
		json_null(out, "max");
		json_null(out, "percent");
	} else {
		json_number(out, "max", reading->max);
		json_number(out, "percent", reading_percent(reading));
	}
	if (reading->free_at_ms < 0)
		json_text(out, "free_at", STR("never"));
	else
		json_time(out, "free_at", reading->free_at_ms);
}

static void
add_hold(const char *what, const struct store_hold *hold, int64_t now_ms,
    struct buf *out)
{
	char until[WHEN_MAX];

	buf_printf(out, "%s until %s", what,
	    when_both(hold->until_ms, now_ms, until).p);
	if (hold->reason.len > 0) {
		buf_add_cstr(out, ": ");
		text_line(out, hold->reason, GRID_CELL_MAX);
	}
	if (hold->by.len > 0) {
		buf_add_cstr(out, " (by ");
		text_line(out, hold->by, GRID_CELL_MAX);
		buf_byte(out, ')');
	}
	buf_byte(out, '\n');
}

/* x5 alone says nothing to whoever does not know the limit by heart. */
static void
add_grant(const struct account *account, int64_t now_ms, struct buf *out)
{
	struct store_rate rates[STORE_RATES_MAX];
	struct buf text = { 0 };
	size_t n;

	buf_add_cstr(&text, "granted ");
	raise_text(&account->standing.raise, &text);
	if (account->standing.raise.kind == RAISE_FACTOR) {
		n = raise_apply(&account->standing.raise, account->rates,
		    account->n_rates, rates);
		buf_add_cstr(&text, " (");
		rates_text(rates, n, &text);
		buf_byte(&text, ')');
	}
	add_hold(buf_str(&text).p, &account->standing.grant, now_ms, out);
	buf_done(&text);
}

void
standing_lines(const struct account *account, int64_t now_ms, struct buf *out)
{
	const struct store_standing *standing = &account->standing;

	if (standing->lock.until_ms > now_ms) {
		buf_printf(out, "%.*s: ", STR_ARG(account->limit->name));
		add_hold("locked", &standing->lock, now_ms, out);
	}
	if (standing->grant.until_ms > now_ms) {
		buf_printf(out, "%.*s: ", STR_ARG(account->limit->name));
		add_grant(account, now_ms, out);
	}
}

static void
hold_json(const char *name, const struct store_hold *hold,
    const struct store_raise *raise, struct buf *out)
{
	struct buf text = { 0 };

	if (hold->until_ms == 0) {
		json_null(out, name);
		return;
	}
	json_open(out, name, '{');
	if (raise != NULL) {
		raise_text(raise, &text);
		json_text(out, "raise", buf_str(&text));
		buf_done(&text);
	}
	json_time(out, "until", hold->until_ms);
	json_text(out, "reason", hold->reason);
	json_text(out, "by", hold->by);
	json_close(out, '}');
}

void
standing_json(const struct account *account, struct buf *out)
{
	const struct store_standing *standing = &account->standing;

	hold_json("locked", &standing->lock, NULL, out);
	hold_json("grant", &standing->grant, &standing->raise, out);
}
