/*
 * The script and its arguments: what charge.lua is asked, and how its answer
 * is read. Knows nothing of connections.
 */
#include "store/redis.h"

#include "base/log.h"
#include "base/quantity.h"
#include "store/charge.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <string.h>

/* ISO C promises only strings of 4095 bytes; all our compilers take more. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#include "charge_lua.h"
#pragma GCC diagnostic pop

#define SCRIPT_NO_SLOT  (-1)
#define FIELD_BYTES_MAX 128 /* "unknown-recipients.1w" */

static const char *const op_names[] = {
	[STORE_PEEK] = "peek",
	[STORE_CHARGE] = "charge",
	[STORE_ATTEMPT] = "attempt",
};

static void
put_field(struct buf *out, struct str unit, uint32_t window_sec)
{
	char name[FIELD_BYTES_MAX], text[QUANTITY_TEXT_MAX];
	struct str window = duration_text(window_sec, text);
	size_t len = unit.len;

	assert(len + 1 + window.len <= sizeof(name));
	memcpy(name, unit.p, len);
	name[len++] = '.';
	memcpy(name + len, window.p, window.len);
	redis_put_arg(out, (struct str){ name, len + window.len });
}

static void
put_item(struct buf *out, const struct redis_item *item)
{
	const struct call_use *use = item->use;

	redis_put_arg(out,
	    item->is_give_back ? STR("give-back") : str_of(op_names[use->op]));
	redis_put_number(out, (int64_t)use->amount);
	redis_put_number(out, (int64_t)use->n_rates);
	for (size_t i = 0; i < use->n_rates; i++) {
		put_field(out, use->unit, use->rates[i].window_sec);
		redis_put_number(out, item->is_give_back
					  ? use->answer.levels[i].slot
					  : (int64_t)use->rates[i].max);
		redis_put_number(out, use->rates[i].window_sec);
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

/* The arguments are described at the head of charge.lua. */
void
redis_script_put(
    struct buf *out, bool is_body, const struct redis_question *question)
{
	size_t n_items = question->n_items;
	size_t n_args = 4 + n_items;

	for (size_t i = 0; i < n_items; i++)
		n_args += 3 + 3 * question->items[i].use->n_rates;
	redis_put_begin(out, n_args);
	redis_put_arg(out, is_body ? STR("EVAL") : STR("EVALSHA"));
	redis_put_arg(out, is_body ? STR(charge_lua) : STR(charge_lua_sha1));
	redis_put_number(out, (int64_t)n_items);
	for (size_t i = 0; i < n_items; i++)
		redis_put_arg(out, question->items[i].use->key);
	if (question->now_ms == STORE_NOW)
		redis_put_arg(out, STR(""));
	else
		redis_put_number(out, question->now_ms);
	for (size_t i = 0; i < n_items; i++)
		put_item(out, &question->items[i]);
}

/* The integers of a reply, one after the other. */
struct numbers {
	const redisReply *reply;
	size_t at;
	bool is_wrong; /* too few, or something else than integers */
};

static int64_t
take_number(struct numbers *numbers)
{
	const redisReply *reply = numbers->reply;

	if (numbers->at >= reply->elements ||
	    reply->element[numbers->at]->type != REDIS_REPLY_INTEGER) {
		numbers->is_wrong = true;
		return 0;
	}
	return reply->element[numbers->at++]->integer;
}

static void
tell_foreign_key(struct redis *redis, struct str key)
{
	struct buf text = { 0 };

	if (redis_seldom_is_due(&redis->foreign_keys)) {
		log_escape(&text, key, 256);
		log_warning("store %s: key \"%.*s\" is of another type than "
			    "ours; its limit is not known until it is deleted",
		    redis->target.name, STR_ARG(buf_str(&text)));
	}
	buf_done(&text);
}

static void
take_answer(
    struct redis *redis, struct numbers *numbers, const struct redis_item *item)
{
	struct store_answer *answer = &item->use->answer;
	int64_t fits = take_number(numbers);

	if (fits < 0)
		tell_foreign_key(redis, item->use->key);
	if (item->is_give_back)
		return;
	*answer = (struct store_answer){ .fits = fits > 0, .failed = fits < 0 };
	for (size_t i = 0; fits >= 0 && i < item->use->n_rates; i++) {
		struct store_level *level = &answer->levels[i];

		level->used = (uint64_t)take_number(numbers);
		level->slot = take_number(numbers);
		level->retry_ms = take_number(numbers);
		if (level->slot == SCRIPT_NO_SLOT)
			level->slot = STORE_NO_SLOT;
	}
}

int
redis_script_take(struct redis *redis, const redisReply *reply,
    const struct redis_question *question)
{
	struct numbers numbers = { .reply = reply };

	if (reply->type != REDIS_REPLY_ARRAY)
		return -1;
	for (size_t i = 0; i < question->n_items && !numbers.is_wrong; i++)
		take_answer(redis, &numbers, &question->items[i]);
	return numbers.is_wrong || numbers.at != reply->elements ? -1 : 0;
}
