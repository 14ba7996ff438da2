/*
 * What the store holds, for `also …` and for explaining why a test failed:
 * counters, locks, grants, entries of tables; and what was told of them.
 */
#include "engine/trace_run.h"

#include "base/log.h"
#include "base/quantity.h"
#include "rules/key.h"
#include "rules/program.h"
#include "store/ledger.h"

#include <time.h>

#define SHOWN_MAX 200

static struct store *
store_of(const struct trace_run *run)
{
	return run->is_store_down ? run->local : run->store;
}

/* Limit and identity as the store is to be asked for them. */
static struct store_asked
question(const struct trace_run *run, struct str limit, struct str identity)
{
	const struct limit *known =
	    program_limit(ruleset_program(run->rules), limit);
	struct store_asked asked = { .limit = limit, .identity = identity };

	if (known != NULL && known->unit == UNIT_DISTINCT) {
		asked.is_distinct = true;
		asked.rates = known->rates;
		asked.n_rates = known->n_rates;
	}
	return asked;
}

/* Counters of one limit and key, on their way through store_accounts. */
struct counted {
	struct buf *came;
	struct str window; /* empty: any */
	uint64_t wanted;
	unsigned n;
	unsigned n_wanted;
	unsigned n_used; /* above 0 */
};

static void
count_counter(struct counted *counted, const struct store_counter *counter)
{
	const struct store_rate rate = { .window_sec = counter->window_sec,
		.period = counter->period };
	char text[32];
	struct str window = rate_window_text(&rate, text);

	if (counted->window.len > 0 && !str_eq(counted->window, window))
		return;
	buf_printf(counted->came, "%s%.*s used %llu in %.*s",
	    counted->n++ > 0 ? ", " : "", STR_ARG(counter->unit),
	    (unsigned long long)counter->used, STR_ARG(window));
	counted->n_wanted += counter->used == counted->wanted;
	counted->n_used += counter->used > 0;
}

static bool
count_account(void *context, size_t i, const struct store_account *account)
{
	(void)i;
	for (size_t j = 0; j < account->n_counters; j++)
		count_counter(context, &account->counters[j]);
	return true;
}

/* counter LIMIT KEY [WINDOW] used N: in one of its windows, or the one given;
 * "used 0" is meant of all of them. */
bool
trace_holds_counter(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	const struct store_asked asked =
	    question(run, words[0].text, key_encode(run->arena, words[1].text));
	const struct store_asking asking = { &asked, 1, run->now_ms };
	struct counted counted = { .came = came };

	amount_parse(words[n_words - 1].text, &counted.wanted);
	if (n_words == 5)
		counted.window = words[2].text;
	if (store_accounts(
		store_of(run), &asking, count_account, &counted, came) == -1)
		return false;
	if (counted.n == 0)
		buf_add_cstr(came, "nothing has been counted");
	return counted.wanted == 0 ? counted.n_used == 0 : counted.n_wanted > 0;
}

bool
trace_is_counter(const struct trace_word *words, size_t n_words)
{
	uint64_t amount;
	uint32_t seconds;

	return str_is(words[n_words - 2].text, "used") &&
	       amount_parse(words[n_words - 1].text, &amount) == 0 &&
	       (n_words == 4 || str_is(words[2].text, "daily") ||
		   str_is(words[2].text, "monthly") ||
		   duration_parse(words[2].text, &seconds) == 0);
}

/* Of one limit and identity; texts in an arena of the test. */
struct standing {
	const struct trace_run *run;
	struct store_standing found;
};

static bool
keep_standing(void *context, size_t i, const struct store_account *account)
{
	struct standing *standing = context;
	struct arena *arena = standing->run->arena;

	(void)i;
	standing->found = account->standing;
	standing->found.lock.reason =
	    arena_str(arena, account->standing.lock.reason);
	return true;
}

static int
ask_standing(const struct trace_run *run, struct str limit, struct str identity,
    struct store_standing *standing_out, struct buf *error)
{
	const struct store_asked asked = question(run, limit, identity);
	const struct store_asking asking = { &asked, 1, run->now_ms };
	struct standing standing = { .run = run };

	if (store_accounts(
		store_of(run), &asking, keep_standing, &standing, error) == -1)
		return -1;
	*standing_out = standing.found;
	return 0;
}

static void
append_time(struct buf *out, int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm local;
	char text[32];

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	buf_add_cstr(out, text);
}

static void
describe(const struct store_standing *standing, struct buf *out)
{
	if (standing->lock.until_ms > 0) {
		buf_add_cstr(out, ", locked until ");
		append_time(out, standing->lock.until_ms);
		buf_add_cstr(out, " (");
		log_escape(out, standing->lock.reason, SHOWN_MAX);
		buf_byte(out, ')');
	}
	if (standing->grant.until_ms > 0) {
		buf_add_cstr(out, ", granted ");
		raise_text(&standing->raise, out);
		buf_add_cstr(out, " until ");
		append_time(out, standing->grant.until_ms);
	}
}

void
trace_describe_standing(const struct trace_run *run, struct buf *out)
{
	const struct trace_event *event = &run->event;
	struct store_standing standing;
	struct buf error = { 0 };

	for (size_t i = 0; i < event->n_verdicts; i++) {
		const struct trace_verdict *verdict = &event->verdicts[i];

		if (verdict->limit.len == 0)
			continue;
		buf_printf(out, ", limit %.*s of ", STR_ARG(verdict->limit));
		log_escape(out, verdict->identity, SHOWN_MAX);
		buf_printf(out, " at %llu of %llu",
		    (unsigned long long)verdict->used,
		    (unsigned long long)verdict->max);
		if (ask_standing(run, verdict->limit, verdict->identity,
			&standing, &error) == 0)
			describe(&standing, out);
	}
	buf_done(&error);
}

static bool
is_locked(
    struct trace_run *run, const struct trace_word *words, struct buf *came)
{
	struct str identity = key_encode(run->arena, words[1].text);
	struct store_standing standing = { 0 };

	if (ask_standing(run, words[0].text, identity, &standing, came) == -1)
		return false;
	if (standing.lock.until_ms == 0)
		buf_add_cstr(came, "it is not locked");
	else
		buf_add_cstr(came, "the key is there");
	describe(&standing, came);
	return standing.lock.until_ms > run->now_ms;
}

bool
trace_holds_locked(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	return is_locked(run, words, came);
}

bool
trace_holds_not_locked(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	return !is_locked(run, words, came);
}

/* One entry, on its way through store_table_list. */
struct listed {
	struct str wanted;
	struct buf *came;
	bool is_there;
	unsigned n;
};

static bool
note_entry(void *context, const struct store_entry *entry)
{
	struct listed *listed = context;

	buf_add_cstr(listed->came, listed->n++ > 0 ? ", " : "the table has ");
	log_escape(listed->came, entry->entry, SHOWN_MAX);
	if (str_eq(entry->entry, listed->wanted))
		listed->is_there = true;
	return listed->n < 1000;
}

static bool
is_in_table(
    struct trace_run *run, const struct trace_word *words, struct buf *came)
{
	struct listed listed = { .wanted = words[1].text, .came = came };

	if (store_table_list(run->store, words[0].text, run->now_ms, note_entry,
		&listed, came) == -1)
		return false;
	if (listed.n == 0)
		buf_add_cstr(came, "the table is empty");
	return listed.is_there;
}

bool
trace_holds_in_table(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	return is_in_table(run, words, came);
}

bool
trace_holds_not_in_table(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)n_words;
	return !is_in_table(run, words, came);
}

static const char *const crossing_names[] = { [CROSSING_NEAR] = "near",
	[CROSSING_OVER] = "over",
	[CROSSING_LOCKED] = "locked" };

static void
describe_crossings(const struct trace_run *run, struct buf *came)
{
	const struct trace_event *event = &run->event;

	if (event->n_crossings == 0)
		buf_add_cstr(came, "no crossing");
	for (size_t i = 0; i < event->n_crossings; i++) {
		const struct trace_crossing *one = &event->crossings[i];

		buf_printf(came, "%s%s %.*s ", i > 0 ? ", " : "",
		    crossing_names[one->kind], STR_ARG(one->limit));
		log_escape(came, one->identity, SHOWN_MAX);
	}
}

bool
trace_holds_crossing(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	const struct trace_event *event = &run->event;
	struct str identity = key_encode(run->arena, words[2].text);

	(void)n_words;
	describe_crossings(run, came);
	for (size_t i = 0; i < event->n_crossings; i++) {
		const struct trace_crossing *one = &event->crossings[i];

		if (str_is(words[0].text, crossing_names[one->kind]) &&
		    str_eq(one->limit, words[1].text) &&
		    str_eq(one->identity, identity))
			return true;
	}
	return false;
}

bool
trace_holds_no_crossing(struct trace_run *run, const struct trace_word *words,
    size_t n_words, struct buf *came)
{
	(void)words;
	(void)n_words;
	describe_crossings(run, came);
	return run->event.n_crossings == 0;
}

bool
trace_is_crossing(const struct trace_word *words)
{
	for (size_t i = 0;
	     i < sizeof(crossing_names) / sizeof(crossing_names[0]); i++)
		if (str_is(words[0].text, crossing_names[i]))
			return true;
	return false;
}
