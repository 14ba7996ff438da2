/*
 * How somebody stands with limits: counters, lock and grant of each, asked for
 * many at once. Locks and grants come first, because the windows of a distinct
 * limit are those of its grant if there is one.
 *
 * Most of the time goes into commands, not into keys: so all locks and grants
 * are a few MGETs where Redis is no Cluster.
 */
#include "store/redis/ledger.h"

#include "base/calendar.h"
#include "base/quantity.h"
#include "store/charge.h"
#include "store/text.h"

#include <hiredis/hiredis.h>
#include <string.h>

#define ACCOUNTS_PAGE 2000 /* asked at once */
#define PAGE_BYTES    4096

/*
 * ARGV[1]: pairs "FROM MAX"; for each: how many were seen after FROM, and the
 * time of the one that must leave before there is room for another.
 */
static const char distinct_script[] =
    "local answer = {}\n"
    "for from, max in string.gmatch(ARGV[1], '(%S+) (%S+)') do\n"
    "  local used = redis.call('ZCOUNT', KEYS[1], '(' .. from, '+inf')\n"
    "  local first = used >= tonumber(max) and redis.call('ZRANGEBYSCORE',\n"
    "    KEYS[1], '(' .. from, '+inf', 'WITHSCORES', 'LIMIT',\n"
    "    used - max, 1)[2]\n"
    "  answer[#answer + 1] = used\n"
    "  answer[#answer + 1] = first or ''\n"
    "end\n"
    "return answer\n";

/* A page of what was asked, and what became of it. */
struct account {
	const struct store_asked *asked;
	struct str keys[3]; /* counters, lock, grant */
	struct store_account account;
	struct store_counter *counters;
	struct store_rate rates[STORE_RATES_MAX]; /* of a distinct limit */
	size_t n_rates;
};

struct page {
	struct ledger ledger;
	struct account *accounts;
	size_t n;
	int64_t now_ms;
	redisReply **replies; /* counters point into them */
	size_t n_replies;
};

/* --- counters of a hash ------------------------------------------------- */

/* "total/max 2026-11-23": nothing is used if that is a day before. */
static bool
read_period(struct store_counter *counter, struct str value, int64_t now_ms)
{
	enum calendar_unit unit =
	    counter->period == STORE_DAILY ? CALENDAR_DAY : CALENDAR_MONTH;
	struct calendar_span span = calendar_at(unit, now_ms), next;
	ptrdiff_t slash = str_find(value, '/'), blank = str_find(value, ' ');
	char label[CALENDAR_TEXT_MAX];
	struct str there;
	int64_t used, max;

	if (slash < 0 || blank < slash)
		return false;
	used = ledger_read_number(str_sub(value, 0, (size_t)slash));
	max = ledger_read_number(
	    str_sub(value, (size_t)slash + 1, (size_t)blank));
	if (used < 0 || max < 0)
		return false;
	there = str_from(value, (size_t)blank + 1);
	calendar_text(unit, span.label, label);
	if (str_cmp(there, str_of(label)) < 0)
		used = 0;
	/* The next one already: the clock was set back a little. */
	next = calendar_at(unit, span.ends_ms);
	calendar_text(unit, next.label, label);
	if (str_is(there, label))
		span = next;
	counter->used = (uint64_t)used;
	counter->max = (uint64_t)max;
	counter->free_at_ms = used < max ? 0 : max > 0 ? span.ends_ms : -1;
	return true;
}

bool
ledger_counter(struct str field, struct str value, int64_t now_ms,
    struct store_counter *counter)
{
	ptrdiff_t dot = str_find_last(field, '.');
	struct charge_slots slots;
	struct str window;

	if (dot < 0)
		return false;
	counter->unit = str_sub(field, 0, (size_t)dot);
	window = str_from(field, (size_t)dot + 1);
	counter->window_sec = 0;
	counter->period = STORE_ROLLING;
	if (str_is(window, "daily"))
		counter->period = STORE_DAILY;
	if (str_is(window, "monthly"))
		counter->period = STORE_MONTHLY;
	if (counter->period != STORE_ROLLING)
		return read_period(counter, value, now_ms);
	if (duration_parse(window, &counter->window_sec) == -1 ||
	    charge_parse(value, &slots, &counter->max) == -1)
		return false;
	call_counter_fill(counter, &slots, now_ms);
	return true;
}

static void
take_hash(struct page *page, struct account *account, const redisReply *reply)
{
	size_t n = reply->elements / 2;

	account->counters = arena_alloc(
	    page->ledger.arena, (n + 1) * sizeof(*account->counters));
	for (size_t i = 0; i < n; i++) {
		struct store_counter *counter =
		    &account->counters[account->account.n_counters];

		*counter =
		    (struct store_counter){ .limit = account->asked->limit,
			    .identity = account->asked->identity };
		if (ledger_counter(ledger_text(reply->element[2 * i]),
			ledger_text(reply->element[2 * i + 1]), page->now_ms,
			counter))
			account->account.n_counters++;
	}
	account->account.counters = account->counters;
}

/* --- lock and grant ----------------------------------------------------- */

static void
take_lock(struct page *page, struct account *account, struct str text)
{
	struct store_hold *lock = &account->account.standing.lock;
	struct store_hold hold;

	if (text.len == 0)
		return;
	if (hold_parse(text, page->ledger.arena, &hold) == -1)
		ledger_tell_broken(
		    page->ledger.redis, account->keys[1], text, "lock");
	else if (hold.until_ms > page->now_ms)
		*lock = hold;
}

static void
take_grant(struct page *page, struct account *account, struct str text)
{
	struct store_standing *standing = &account->account.standing;
	struct store_grant grant = { .hold = { .until_ms = 0 } };

	if (text.len == 0)
		return;
	if (grant_parse(text, page->ledger.arena, &grant) == -1) {
		ledger_tell_broken(
		    page->ledger.redis, account->keys[2], text, "grant");
	} else if (grant.hold.until_ms > page->now_ms) {
		standing->grant = grant.hold;
		standing->raise = grant.raise;
	}
}

static int
read_standings(struct page *page)
{
	struct arena *arena = page->ledger.arena;
	struct str *keys = arena_alloc(arena, 2 * page->n * sizeof(*keys));
	struct str *texts = arena_alloc(arena, 2 * page->n * sizeof(*texts));

	for (size_t i = 0; i < page->n; i++) {
		keys[2 * i] = page->accounts[i].keys[1];
		keys[2 * i + 1] = page->accounts[i].keys[2];
	}
	if (ledger_texts(&page->ledger, keys, 2 * page->n, 2, texts) == -1)
		return -1;
	for (size_t i = 0; i < page->n; i++) {
		take_lock(page, &page->accounts[i], texts[2 * i]);
		take_grant(page, &page->accounts[i], texts[2 * i + 1]);
	}
	return 0;
}

/* --- distinct limits ---------------------------------------------------- */

/* The time after which a value counts in the window. */
static int64_t
window_from(const struct store_rate *rate, int64_t now_ms)
{
	switch (rate->period) {
	case STORE_DAILY:
		return calendar_at(CALENDAR_DAY, now_ms).begins_ms - 1;
	case STORE_MONTHLY:
		return calendar_at(CALENDAR_MONTH, now_ms).begins_ms - 1;
	case STORE_ROLLING:
		break;
	}
	return now_ms - (int64_t)rate->window_sec * 1000;
}

/* When a value that was seen at seen_ms leaves the window. */
static int64_t
window_until(const struct store_rate *rate, int64_t seen_ms, int64_t now_ms)
{
	switch (rate->period) {
	case STORE_DAILY:
		return calendar_at(CALENDAR_DAY, now_ms).ends_ms;
	case STORE_MONTHLY:
		return calendar_at(CALENDAR_MONTH, now_ms).ends_ms;
	case STORE_ROLLING:
		break;
	}
	return seen_ms + (int64_t)rate->window_sec * 1000;
}

static void
choose_rates(struct account *account)
{
	const struct store_asked *asked = account->asked;

	if (account->account.standing.grant.until_ms > 0) {
		account->n_rates = raise_apply(&account->account.standing.raise,
		    asked->rates, asked->n_rates, account->rates);
		return;
	}
	account->n_rates = asked->n_rates;
	memcpy(account->rates, asked->rates,
	    asked->n_rates * sizeof(*asked->rates));
}

static struct redis_ask
distinct_ask(struct page *page, struct account *account)
{
	struct arena *arena = page->ledger.arena;
	struct str *args = arena_alloc(arena, 5 * sizeof(*args));
	struct buf windows = { 0 };

	choose_rates(account);
	for (size_t i = 0; i < account->n_rates; i++)
		buf_printf(&windows, "%lld %llu ",
		    (long long)window_from(&account->rates[i], page->now_ms),
		    (unsigned long long)account->rates[i].max);
	args[0] = STR("EVAL");
	args[1] = STR(distinct_script);
	args[2] = STR("1");
	args[3] = account->keys[0];
	args[4] = arena_str(arena, buf_str(&windows));
	buf_done(&windows);
	return (struct redis_ask){ account->keys[0], args, 5 };
}

static int
take_distinct(
    struct page *page, struct account *account, const redisReply *reply)
{
	size_t n = account->n_rates;

	if (reply->elements != 2 * n) {
		redis_session_tell(page->ledger.session, account->keys[0],
		    reply, page->ledger.error);
		return -1;
	}
	account->counters =
	    arena_calloc(page->ledger.arena, n * sizeof(*account->counters));
	for (size_t i = 0; i < n; i++) {
		const struct store_rate *rate = &account->rates[i];
		struct store_counter *counter = &account->counters[i];
		int64_t seen_ms =
		    ledger_read_number(ledger_text(reply->element[2 * i + 1]));

		counter->limit = account->asked->limit;
		counter->identity = account->asked->identity;
		counter->unit = STR("distinct");
		counter->window_sec = rate->window_sec;
		counter->period = rate->period;
		counter->used = (uint64_t)reply->element[2 * i]->integer;
		counter->max = rate->max;
		if (rate->max == 0)
			counter->free_at_ms = -1;
		else if (seen_ms >= 0)
			counter->free_at_ms =
			    window_until(rate, seen_ms, page->now_ms);
	}
	account->account.counters = account->counters;
	account->account.n_counters = n;
	return 0;
}

/* --- pages --------------------------------------------------------------- */

static struct redis_ask
hash_ask(struct page *page, const struct account *account)
{
	struct str *args = arena_alloc(page->ledger.arena, 2 * sizeof(*args));

	args[0] = STR("HGETALL");
	args[1] = account->keys[0];
	return (struct redis_ask){ account->keys[0], args, 2 };
}

static int
take_counters(
    struct page *page, struct account *account, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY) {
		redis_session_tell(page->ledger.session, account->keys[0],
		    reply, page->ledger.error);
		return -1;
	}
	if (account->asked->is_distinct)
		return take_distinct(page, account, reply);
	take_hash(page, account, reply);
	return 0;
}

static int
read_counters(struct page *page)
{
	struct arena *arena = page->ledger.arena;
	struct redis_ask *asks = arena_alloc(arena, page->n * sizeof(*asks));

	for (size_t i = 0; i < page->n; i++) {
		struct account *account = &page->accounts[i];

		asks[i] = account->asked->is_distinct
			      ? distinct_ask(page, account)
			      : hash_ask(page, account);
	}
	page->replies = arena_alloc(arena, page->n * sizeof(redisReply *));
	if (redis_session_ask_each(page->ledger.session, asks, page->n,
		page->replies, page->ledger.error) == -1)
		return -1;
	page->n_replies = page->n;
	for (size_t i = 0; i < page->n; i++)
		if (take_counters(page, &page->accounts[i], page->replies[i]) ==
		    -1)
			return -1;
	return 0;
}

static void
name_keys(struct page *page)
{
	struct arena *arena = page->ledger.arena;
	const struct redis *redis = page->ledger.redis;

	for (size_t i = 0; i < page->n; i++) {
		struct account *account = &page->accounts[i];
		struct str limit = account->asked->limit;
		struct str identity = account->asked->identity;

		account->keys[0] = ledger_identity_key(arena, redis,
		    account->asked->is_distinct ? "distinct" : "limit", limit,
		    identity);
		account->keys[1] =
		    ledger_identity_key(arena, redis, "lock", limit, identity);
		account->keys[2] =
		    ledger_identity_key(arena, redis, "grant", limit, identity);
	}
}

static void
begin_page(struct page *page, const struct store_asked *asked, size_t n)
{
	arena_free(page->ledger.arena);
	page->ledger.arena = arena_new(PAGE_BYTES);
	page->accounts =
	    arena_calloc(page->ledger.arena, n * sizeof(*page->accounts));
	page->n = n;
	page->n_replies = 0;
	for (size_t i = 0; i < n; i++)
		page->accounts[i].asked = &asked[i];
}

static void
end_page(struct page *page)
{
	for (size_t i = 0; i < page->n_replies; i++)
		freeReplyObject(page->replies[i]);
	page->n_replies = 0;
}

int
redis_accounts(struct store *store, const struct store_asking *asking,
    bool (*each)(void *context, size_t i, const struct store_account *account),
    void *context, struct buf *error)
{
	struct page page = { .n_replies = 0 };
	bool goes_on = true;
	int rc;

	ledger_begin(&page.ledger, store, error);
	rc = ledger_now(&page.ledger, asking->now_ms, &page.now_ms);
	for (size_t at = 0; rc == 0 && goes_on && at < asking->n_asked;
	     at += ACCOUNTS_PAGE) {
		size_t rest = asking->n_asked - at;

		begin_page(&page, asking->asked + at,
		    rest < ACCOUNTS_PAGE ? rest : ACCOUNTS_PAGE);
		name_keys(&page);
		if (read_standings(&page) == -1 || read_counters(&page) == -1)
			rc = -1;
		for (size_t i = 0; rc == 0 && goes_on && i < page.n; i++)
			goes_on =
			    each(context, at + i, &page.accounts[i].account);
		end_page(&page);
	}
	return ledger_end(&page.ledger, rc);
}
