/*
 * The script and its arguments: what charge.lua is asked, and how its answer
 * is read. Knows nothing of connections.
 */
#include "store/redis/redis.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "store/charge.h"
#include "store/raise.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <string.h>

/* ISO C promises only strings of 4095 bytes; all our compilers take more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#include "charge_lua.h"
#pragma GCC diagnostic pop

#define SCRIPT_NO_SLOT   (-1)
#define FIELD_BYTES_MAX  128 /* "unknown-recipients.1w" */
#define CALENDAR_BYTES   256
#define SCRIPT_MORE      3 /* LOCK BY UNLIMITED */
#define SCRIPT_FORM_FULL 2 /* from this answer on more is said */
#define SCRIPT_GRANTED   1
#define SCRIPT_UNLIMITED 2
#define SCRIPT_LOCKED    4

static const char *const op_names[] = {
	[STORE_PEEK] = "peek",
	[STORE_CHARGE] = "charge",
	[STORE_ATTEMPT] = "attempt",
};

/* --- the question --------------------------------------------------------- */

static void
put_field(struct buf *out, struct str unit, const struct store_rate *rate)
{
	char name[FIELD_BYTES_MAX], text[QUANTITY_TEXT_MAX];
	struct str window = rate_window_text(rate, text);
	size_t len = unit.len;

	assert(len + 1 + window.len <= sizeof(name));
	memcpy(name, unit.p, len);
	name[len++] = '.';
	memcpy(name + len, window.p, window.len);
	redis_put_arg(out, (struct str){ name, len + window.len });
}

static void
put_window(struct buf *out, const struct store_rate *rate)
{
	char text[QUANTITY_TEXT_MAX];

	if (rate->period == STORE_ROLLING)
		redis_put_number(out, rate->window_sec);
	else
		redis_put_arg(out, rate_window_text(rate, text));
}

/* PREFIX:KIND:LIMIT:{IDENTITY}, beside the key of use. */
static void
put_key_beside(struct buf *out, const struct call_use *use, struct str kind)
{
	struct str prefix = str_sub(use->key, 0, use->prefix_len);
	struct str name = str_from(use->key, use->name_at);

	buf_printf(out, "$%zu\r\n", prefix.len + kind.len + name.len);
	buf_add(out, prefix);
	buf_add(out, kind);
	buf_add(out, name);
	buf_add(out, STR("\r\n"));
}

/* How many words stand behind the rates of what is counted. */
static size_t
n_more(const struct call_use *use)
{
	if (use->lock_sec == 0 && !use->is_unlimited && !use->is_distinct)
		return 0;
	return SCRIPT_MORE + use->n_members;
}

static size_t
n_words(const struct redis_item *item)
{
	const struct call_use *use = item->use;

	if (use == NULL)
		return 4 + item->lookup->n_entries;
	if (!item->is_give_back)
		return 4 + 3 * (size_t)use->n_rates + n_more(use);
	return 4 +
	       (use->is_distinct ? use->n_members : 3 * (size_t)use->n_charged);
}

/* Keys behind those of the items: grant, and lock where there is more. */
static size_t
n_holds(const struct redis_item *item)
{
	if (item->use == NULL || item->is_give_back)
		return 0;
	return n_more(item->use) > 0 ? 2 : 1;
}

static void
put_words(struct buf *out, const struct str *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		redis_put_arg(out, words[i]);
}

static void
put_head(struct buf *out, const char *op, int64_t amount, size_t n, size_t more)
{
	redis_put_arg(out, str_of(op));
	redis_put_number(out, amount);
	redis_put_number(out, (int64_t)n);
	redis_put_number(out, (int64_t)more);
}

static void
put_count(struct buf *out, const struct call_use *use)
{
	size_t more = n_more(use);

	put_head(
	    out, op_names[use->op], (int64_t)use->amount, use->n_rates, more);
	for (size_t i = 0; i < use->n_rates; i++) {
		put_field(out, use->unit, &use->rates[i]);
		redis_put_number(out, (int64_t)use->rates[i].max);
		put_window(out, &use->rates[i]);
	}
	if (more == 0)
		return;
	redis_put_number(out, use->lock_sec);
	redis_put_arg(out, call_host_name());
	redis_put_number(out, use->is_unlimited);
	put_words(out, use->members, use->n_members);
}

static void
put_give_back(struct buf *out, const struct call_use *use)
{
	if (use->is_distinct) {
		put_head(out, "forget", use->slots[0], 0, use->n_members);
		put_words(out, use->members, use->n_members);
		return;
	}
	put_head(out, "give-back", (int64_t)use->amount, use->n_charged, 0);
	for (size_t i = 0; i < use->n_charged; i++) {
		put_field(out, use->unit, &use->charged[i]);
		redis_put_number(out, use->slots[i]);
		put_window(out, &use->charged[i]);
	}
}

static void
put_item(struct buf *out, const struct redis_item *item)
{
	if (item->use == NULL) {
		put_head(out, "look-up", 0, 0, item->lookup->n_entries);
		put_words(out, item->lookup->entries, item->lookup->n_entries);
	} else if (item->is_give_back) {
		put_give_back(out, item->use);
	} else {
		put_count(out, item->use);
	}
}

struct str
redis_item_key(const struct redis_item *item)
{
	return item->use != NULL ? item->use->key : item->lookup->key;
}

size_t
redis_items_of(struct store_call *call, struct redis_item items[CALL_ITEMS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < call->n_uses; i++)
		items[n++] =
		    (struct redis_item){ .call = call, .use = &call->uses[i] };
	for (size_t i = 0; i < call->n_lookups; i++)
		items[n++] = (struct redis_item){ .call = call,
			.lookup = &call->lookups[i] };
	return n;
}

static void
add_span(struct buf *out, enum calendar_unit unit, int64_t at_ms)
{
	struct calendar_span span = calendar_at(unit, at_ms);
	char label[CALENDAR_TEXT_MAX];

	calendar_text(unit, span.label, label);
	buf_printf(out, " %s %lld", label, (long long)span.begins_ms / 1000);
}

static void
add_spans(struct buf *out, enum calendar_unit unit, int64_t now_ms)
{
	struct calendar_span span = calendar_at(unit, now_ms);
	int64_t ends_ms = calendar_at(unit, span.ends_ms).ends_ms;

	add_span(out, unit, span.begins_ms - 1);
	add_span(out, unit, now_ms);
	add_span(out, unit, span.ends_ms);
	buf_printf(out, " %lld", (long long)ends_ms / 1000);
}

/* A day's text, for the thread that made it. */
struct calendar_words {
	struct calendar_span day;
	size_t len;
	char text[CALENDAR_BYTES];
};

static _Thread_local struct calendar_words last_words;

/*
 * Days and months go with every question that counts, because a grant that
 * only Redis knows may bring them in. The script reads them when it needs
 * them; until then they are some bytes more, and made once a day.
 */
static void
put_calendar(struct buf *out, int64_t now_ms)
{
	struct calendar_words *words = &last_words;
	struct calendar_span day;
	struct buf text = { 0 };

	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	day = calendar_at(CALENDAR_DAY, now_ms);
	if (memcmp(&day, &words->day, sizeof(day)) != 0) {
		buf_add_cstr(&text, "daily");
		add_spans(&text, CALENDAR_DAY, now_ms);
		buf_add_cstr(&text, " monthly");
		add_spans(&text, CALENDAR_MONTH, now_ms);
		assert(text.len <= sizeof(words->text));
		memcpy(words->text, text.p, text.len);
		words->len = text.len;
		words->day = day;
		buf_done(&text);
	}
	redis_put_arg(out, (struct str){ words->text, words->len });
}

/* The arguments are described at the head of charge.lua. */
void
redis_script_put(
    struct buf *out, bool is_body, const struct redis_question *question)
{
	const struct redis_item *items = question->items;
	size_t n_items = question->n_items, n_keys = n_items, n_args = 0;

	for (size_t i = 0; i < n_items; i++) {
		n_keys += n_holds(&items[i]);
		n_args += n_words(&items[i]);
	}
	redis_put_begin(out, 3 + n_keys + 3 + n_args);
	redis_put_arg(out, is_body ? STR("EVAL") : STR("EVALSHA"));
	redis_put_arg(out, is_body ? STR(charge_lua) : STR(charge_lua_sha1));
	redis_put_number(out, (int64_t)n_keys);
	for (size_t i = 0; i < n_items; i++)
		redis_put_arg(out, redis_item_key(&items[i]));
	for (size_t i = 0; i < n_items; i++) {
		if (n_holds(&items[i]) > 0)
			put_key_beside(out, items[i].use, STR(":grant:"));
		if (n_holds(&items[i]) > 1)
			put_key_beside(out, items[i].use, STR(":lock:"));
	}
	if (question->now_ms == STORE_NOW)
		redis_put_arg(out, STR(""));
	else
		redis_put_number(out, question->now_ms);
	if (n_keys > n_items)
		put_calendar(out, question->now_ms);
	else
		redis_put_arg(out, STR(""));
	redis_put_number(out, (int64_t)n_items);
	for (size_t i = 0; i < n_items; i++)
		put_item(out, &items[i]);
}

/* --- the reply ------------------------------------------------------------ */

/* The elements of a reply, one after the other. */
struct answers {
	const redisReply *reply;
	size_t at;
	bool is_wrong; /* too few, or of another type than expected */
};

static const redisReply *
take_element(struct answers *answers)
{
	if (answers->at < answers->reply->elements)
		return answers->reply->element[answers->at++];
	answers->is_wrong = true;
	return NULL;
}

static int64_t
take_number(struct answers *answers)
{
	const redisReply *element = take_element(answers);

	if (element != NULL && element->type == REDIS_REPLY_INTEGER)
		return element->integer;
	answers->is_wrong = true;
	return 0;
}

static void
tell_foreign_key(struct redis *redis, struct str key, const char *what)
{
	struct buf text = { 0 };

	if (redis_seldom_is_due(&redis->foreign_keys)) {
		log_escape(&text, key, 256);
		log_warning("store %s: key \"%.*s\" is of another type than "
			    "ours; its %s is not known until it is deleted",
		    redis->target.name, STR_ARG(buf_str(&text)), what);
	}
	buf_done(&text);
}

static void
take_levels(struct answers *answers, const struct call_use *use, bool is_full,
    struct store_answer *answer)
{
	for (size_t i = 0; i < answer->n_levels; i++) {
		struct store_level *level = &answer->levels[i];

		level->used = (uint64_t)take_number(answers);
		level->slot = take_number(answers);
		level->retry_ms = take_number(answers);
		if (level->slot == SCRIPT_NO_SLOT)
			level->slot = STORE_NO_SLOT;
		if (is_full) {
			level->max = (uint64_t)take_number(answers);
			level->window_sec = (uint32_t)take_number(answers);
			level->period = (enum store_period)take_number(answers);
		} else {
			level->max = use->rates[i].max;
			level->window_sec = use->rates[i].window_sec;
			level->period = use->rates[i].period;
		}
	}
}

/* Flags, lock and number of levels. */
static void
take_hold(struct answers *answers, struct store_answer *answer)
{
	int64_t flags = take_number(answers), n_levels;

	answer->is_granted = (flags & SCRIPT_GRANTED) != 0;
	answer->is_unlimited = (flags & SCRIPT_UNLIMITED) != 0;
	answer->has_locked = (flags & SCRIPT_LOCKED) != 0;
	answer->locked_ms = take_number(answers);
	n_levels = take_number(answers);
	if (n_levels < 0 || n_levels > STORE_RATES_MAX)
		answers->is_wrong = true;
	else
		answer->n_levels = (size_t)n_levels;
}

static void
take_use(
    struct redis *redis, struct answers *answers, const struct redis_item *item)
{
	struct call_use *use = item->use;
	struct store_answer answer = { .n_levels = use->n_rates };
	bool is_new[STORE_MEMBERS_MAX];
	int64_t form = take_number(answers);

	answer.fits = form > 0 && form % 2 == 1;
	answer.failed = form < 0;
	if (answer.failed) {
		tell_foreign_key(redis, use->key, "limit");
		answer.n_levels = 0;
	}
	if (form >= SCRIPT_FORM_FULL)
		take_hold(answers, &answer);
	if (answers->is_wrong)
		return;
	take_levels(answers, use, form >= SCRIPT_FORM_FULL, &answer);
	for (size_t i = 0; !answer.failed && i < use->n_members; i++)
		is_new[i] = take_number(answers) == 1;
	if (!answers->is_wrong)
		call_settle(
		    item->call, use, &answer, use->is_distinct ? is_new : NULL);
}

static void
take_lookup(
    struct redis *redis, struct answers *answers, const struct redis_item *item)
{
	struct call_lookup *lookup = item->lookup;

	lookup->failed = take_number(answers) < 0;
	if (lookup->failed)
		tell_foreign_key(redis, lookup->key, "table");
	for (size_t i = 0; !lookup->failed && i < lookup->n_entries; i++) {
		const redisReply *element = take_element(answers);
		struct store_found *found = &lookup->found[i];

		if (element == NULL)
			return;
		found->is_there = element->type == REDIS_REPLY_STRING;
		if (found->is_there)
			found->value = arena_str(item->call->arena,
			    (struct str){ element->str, element->len });
		else if (element->type != REDIS_REPLY_NIL)
			answers->is_wrong = true;
	}
}

static void
take_item(
    struct redis *redis, struct answers *answers, const struct redis_item *item)
{
	if (item->use == NULL)
		take_lookup(redis, answers, item);
	else if (!item->is_give_back)
		take_use(redis, answers, item);
	else if (take_number(answers) < 0)
		tell_foreign_key(redis, item->use->key, "limit");
}

int
redis_script_take(struct redis *redis, const redisReply *reply,
    const struct redis_question *question)
{
	struct answers answers = { .reply = reply };

	if (reply->type != REDIS_REPLY_ARRAY)
		return -1;
	for (size_t i = 0; i < question->n_items && !answers.is_wrong; i++)
		take_item(redis, &answers, &question->items[i]);
	return answers.is_wrong || answers.at != reply->elements ? -1 : 0;
}
