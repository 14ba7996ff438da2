/*
 * Of several limits that are over the one that lasts longest decides, since
 * all have to have room; of those that have room, the one that has least.
 */
#include "tool/desk/outlook.h"

#include "base/quantity.h"
#include "tool/desk/names.h"
#include "tool/show/when.h"

struct outlook {
	struct str name;
	const struct account *accounts;
	size_t n;
	int64_t now_ms;
	bool is_sender; /* which of the accounts are looked at */
};

/* What is only observed, or asked by no rule, holds nobody back. */
static bool
has_a_say(const struct outlook *outlook, const struct account *account)
{
	return account->effect == EFFECT_REFUSES &&
	       identity_is_sender(account->limit) == outlook->is_sender;
}

/* A distinct limit that is full still lets known values pass. */
static bool
blocks(const struct account *account)
{
	if (account->limit->unit == UNIT_DISTINCT)
		return account->answer.locked_ms > 0;
	return account_is_over(account);
}

/* Later than others; "never" is the latest. */
static bool
is_later(int64_t at_ms, int64_t than_ms)
{
	return than_ms >= 0 && (at_ms < 0 || at_ms > than_ms);
}

static const struct account *
find_last_block(const struct outlook *outlook, size_t *n_blocks)
{
	const struct account *last = NULL;
	int64_t last_ms = 0;

	*n_blocks = 0;
	for (size_t i = 0; i < outlook->n; i++) {
		const struct account *account = &outlook->accounts[i];
		int64_t at_ms = account_free_at_ms(account, outlook->now_ms);

		if (!has_a_say(outlook, account) || !blocks(account))
			continue;
		(*n_blocks)++;
		if (last == NULL || is_later(at_ms, last_ms)) {
			last = account;
			last_ms = at_ms;
		}
	}
	return last;
}

/* The window that lasts longest, of those that are full. */
static const struct store_level *
fullest_level(const struct account *account)
{
	const struct store_level *fullest = &account->answer.levels[0];

	for (size_t i = 1; i < account->answer.n_levels; i++) {
		const struct store_level *level = &account->answer.levels[i];

		if (is_later(level->retry_ms, fullest->retry_ms))
			fullest = level;
	}
	return fullest;
}

static void
add_level(const struct account *account, const struct store_level *level,
    struct buf *out)
{
	char used[QUANTITY_TEXT_MAX], max[QUANTITY_TEXT_MAX], window[32];
	const struct limit *limit = account->limit;

	buf_printf(out, "%s of %s ", amount_text(level->used, used).p,
	    amount_text(level->max, max).p);
	if (limit->unit == UNIT_DISTINCT)
		buf_printf(out, "different %s", limit->distinct.fact->name);
	else
		buf_add_cstr(out, unit_name(limit->unit));
	buf_printf(out, " in %s%.*s",
	    level->period == STORE_ROLLING ? "" : "a ",
	    STR_ARG(names_window(level->window_sec, level->period, window)));
}

static void
add_others(
    const struct outlook *outlook, const struct account *last, struct buf *out)
{
	const char *before = "; over, too: ";

	for (size_t i = 0; i < outlook->n; i++) {
		const struct account *account = &outlook->accounts[i];

		if (account == last || !has_a_say(outlook, account) ||
		    !blocks(account))
			continue;
		buf_printf(
		    out, "%s%.*s", before, STR_ARG(account->limit->name));
		before = ", ";
	}
}

static void
add_block(const struct outlook *outlook, const struct account *last,
    size_t n_blocks, struct buf *out)
{
	int64_t at_ms = account_free_at_ms(last, outlook->now_ms);
	const struct str limit = last->limit->name;
	char when[WHEN_MAX];

	if (at_ms > 0)
		when_spoken(at_ms, outlook->now_ms, when);
	/* A lock is the reason only where no window ends later than it. */
	if (at_ms < 0) {
		buf_printf(out,
		    " is never let through by %.*s: its maximum is "
		    "0",
		    STR_ARG(limit));
	} else if (last->answer.locked_ms > 0 &&
		   at_ms <= outlook->now_ms + last->answer.locked_ms) {
		buf_printf(
		    out, " is locked by %.*s until %s", STR_ARG(limit), when);
		if (last->standing.lock.reason.len > 0)
			buf_printf(
			    out, ": %.*s", STR_ARG(last->standing.lock.reason));
	} else {
		buf_printf(out, " waits until %s: %.*s is over, ", when,
		    STR_ARG(limit));
		add_level(last, fullest_level(last), out);
	}
	if (n_blocks > 1)
		add_others(outlook, last, out);
	buf_add_cstr(out, ".\n");
}

static uint64_t
room_of(const struct store_level *level)
{
	return level->used < level->max ? level->max - level->used : 0;
}

/* Least room of all limits of a unit; NULL: none limits it. */
static const struct account *
least_room(const struct outlook *outlook, enum limit_unit unit,
    const struct store_level **level_out)
{
	const struct account *least = NULL;

	for (size_t i = 0; i < outlook->n; i++) {
		const struct account *account = &outlook->accounts[i];
		const struct store_answer *answer = &account->answer;

		if (account->limit->unit != unit ||
		    !has_a_say(outlook, account) || answer->is_unlimited)
			continue;
		for (size_t k = 0; k < answer->n_levels; k++) {
			if (least != NULL &&
			    room_of(&answer->levels[k]) >= room_of(*level_out))
				continue;
			least = account;
			*level_out = &answer->levels[k];
		}
	}
	return least;
}

struct phrase {
	enum limit_unit unit;
	const char *verb;  /* where it is the first */
	const char *joint; /* where it is not */
	const char *one;
	const char *many;
};

/* In the order in which they make a sentence. */
static const struct phrase phrases[] = {
	{ UNIT_MESSAGES, "may now send ", ", ", "more message",
	    "more messages" },
	{ UNIT_RECIPIENTS, "may now send to ", ", to ", "more recipient",
	    "more recipients" },
	{ UNIT_BYTES, "may now send ", ", ", "more byte", "more bytes" },
	{ UNIT_CONNECTIONS, "may now open ", ", over ", "more connection",
	    "more connections" },
};

static bool
add_phrase(const struct outlook *outlook, const struct phrase *phrase,
    bool is_first, struct buf *out)
{
	const struct store_level *level = NULL;
	const struct account *account =
	    least_room(outlook, phrase->unit, &level);
	char room[QUANTITY_TEXT_MAX];

	if (account == NULL)
		return false;
	buf_printf(out,
	    "%s%s %s (%.*s: ", is_first ? phrase->verb : phrase->joint,
	    amount_text(room_of(level), room).p,
	    room_of(level) == 1 ? phrase->one : phrase->many,
	    STR_ARG(account->limit->name));
	add_level(account, level, out);
	buf_byte(out, ')');
	return true;
}

static void
add_room(const struct outlook *outlook, struct buf *out)
{
	bool is_first = true;

	buf_byte(out, ' ');
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (add_phrase(outlook, &phrases[i], is_first, out))
			is_first = false;
	if (is_first)
		buf_add_cstr(out, "is held back by no limit now");
	buf_add_cstr(out, ".\n");
}

void
outlook_print(struct str name, const struct account *accounts, size_t n,
    int64_t now_ms, struct buf *out)
{
	struct outlook outlook = { name, accounts, n, now_ms, true };
	const struct account *last;
	size_t n_blocks;

	buf_add(out, name);
	last = find_last_block(&outlook, &n_blocks);
	if (last != NULL)
		add_block(&outlook, last, n_blocks, out);
	else
		add_room(&outlook, out);
	/* The same person as a recipient: limits that count mail to them. */
	outlook.is_sender = false;
	last = find_last_block(&outlook, &n_blocks);
	if (last == NULL)
		return;
	buf_printf(out, "Mail to %.*s", STR_ARG(name));
	add_block(&outlook, last, n_blocks, out);
}
