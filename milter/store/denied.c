/*
 * A cache of one place for each hash: two clients that meet there only cost
 * each other a call now and then. Names are compared whole, never by hash.
 *
 * The trap is what may change within two seconds: a grant, a reset, a raised
 * number, room that comes back. The last is known when the denial is noted, so
 * it ends no later than that; the others act when it ends.
 */
#include "store/denied.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DENIED_SHARDS 16
#define DENIED_PLACES 256 /* of a shard; 4,096 in all, of about 600 bytes */

struct denial {
	int64_t at_us; /* steady clock */
	int64_t until_us;
	uint64_t amount;
	uint32_t lock_sec;
	struct str name; /* LIMIT:{IDENTITY}, then the unit */
	size_t n_rates;
	struct store_rate rates[STORE_RATES_MAX];
	struct store_answer answer;
	char text[];
};

struct shard {
	pthread_mutex_t lock;
	struct denial *places[DENIED_PLACES];
};

struct denied {
	struct shard shards[DENIED_SHARDS];
};

struct denied *
denied_new(void)
{
	struct denied *denied = xcalloc(1, sizeof(*denied));

	for (size_t i = 0; i < DENIED_SHARDS; i++)
		pthread_mutex_init(&denied->shards[i].lock, NULL);
	return denied;
}

void
denied_free(struct denied *denied)
{
	if (denied == NULL)
		return;
	for (size_t i = 0; i < DENIED_SHARDS; i++) {
		for (size_t at = 0; at < DENIED_PLACES; at++)
			free(denied->shards[i].places[at]);
		pthread_mutex_destroy(&denied->shards[i].lock);
	}
	free(denied);
}

/* LIMIT:{IDENTITY} is compared in its parts, so that it need not be made. */
struct name {
	struct str parts[5];
};

static uint64_t
hash_name(const struct name *name)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < 5; i++)
		hash = (hash ^ str_hash(name->parts[i])) *
		       UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static bool
is_name(struct str text, const struct name *name)
{
	for (size_t i = 0; i < 5; i++) {
		if (!str_starts(text, name->parts[i]))
			return false;
		text = str_from(text, name->parts[i].len);
	}
	return text.len == 0;
}

static struct shard *
shard_of(struct denied *denied, uint64_t hash, size_t *place_out)
{
	*place_out = hash / DENIED_SHARDS % DENIED_PLACES;
	return &denied->shards[hash % DENIED_SHARDS];
}

/* How long the same would be answered, if nobody changes anything. */
static int64_t
lasts_ms(const struct store_answer *answer)
{
	int64_t wait_ms = answer->locked_ms;

	for (size_t i = 0; i < answer->n_levels; i++) {
		if (answer->levels[i].retry_ms == -1)
			return STORE_DENIED_MS;
		if (answer->levels[i].retry_ms > wait_ms)
			wait_ms = answer->levels[i].retry_ms;
	}
	return wait_ms < STORE_DENIED_MS ? wait_ms : STORE_DENIED_MS;
}

static struct denial *
make_denial(const struct call_use *use, const struct store_answer *answer)
{
	struct str name = str_from(use->key, use->name_at);
	size_t len = name.len + use->unit.len;
	struct denial *denial = xmalloc(sizeof(*denial) + len);

	denial->at_us = clock_steady_us();
	denial->until_us = denial->at_us + lasts_ms(answer) * 1000;
	denial->amount = use->amount;
	denial->lock_sec = use->lock_sec;
	denial->n_rates = use->n_rates;
	memcpy(denial->rates, use->rates, use->n_rates * sizeof(*use->rates));
	denial->answer = *answer;
	denial->answer.has_locked = false;
	memcpy(denial->text, name.p, name.len);
	memcpy(denial->text + name.len, use->unit.p, use->unit.len);
	denial->name = (struct str){ denial->text, len };
	return denial;
}

void
denied_note(struct denied *denied, const struct call_use *use,
    const struct store_answer *answer)
{
	struct str name = str_from(use->key, use->name_at);
	size_t brace = (size_t)str_find(name, '{');
	const struct name parts = { { str_sub(name, 0, brace - 1), STR(":{"),
	    str_sub(name, brace + 1, name.len - 1), STR("}"), use->unit } };
	struct denial *denial, *old;
	struct shard *shard;
	size_t place;

	if (answer->fits || answer->failed || use->op == STORE_ATTEMPT ||
	    use->is_distinct || use->amount == 0)
		return;
	denial = make_denial(use, answer);
	shard = shard_of(denied, hash_name(&parts), &place);
	pthread_mutex_lock(&shard->lock);
	old = shard->places[place];
	shard->places[place] = denial;
	pthread_mutex_unlock(&shard->lock);
	free(old);
}

static bool
is_same_limit(const struct denial *denial, const struct store_use *use)
{
	if (denial->amount > use->amount || denial->n_rates != use->n_rates ||
	    denial->lock_sec != use->lock_sec)
		return false;
	for (size_t i = 0; i < use->n_rates; i++)
		if (denial->rates[i].max != use->rates[i].max ||
		    denial->rates[i].window_sec != use->rates[i].window_sec ||
		    denial->rates[i].period != use->rates[i].period)
			return false;
	return true;
}

/* The answer of then, as of now, for an amount that may be larger. */
static void
move_on(struct store_answer *answer, uint64_t amount, int64_t elapsed_ms)
{
	answer->locked_ms -= elapsed_ms;
	if (answer->locked_ms < 0)
		answer->locked_ms = 0;
	for (size_t i = 0; i < answer->n_levels; i++) {
		struct store_level *level = &answer->levels[i];

		if (amount > level->max)
			level->retry_ms = -1;
		else if (level->retry_ms > elapsed_ms)
			level->retry_ms -= elapsed_ms;
		else if (level->retry_ms > 0)
			level->retry_ms = 0;
	}
}

bool
denied_find(struct denied *denied, const struct store_use *use,
    struct store_answer *answer_out)
{
	const struct name parts = { { use->limit, STR(":{"), use->identity,
	    STR("}"), use->unit } };
	const struct denial *denial;
	int64_t now_us, elapsed_ms = 0;
	struct shard *shard;
	bool is_found;
	size_t place;

	if (use->op == STORE_ATTEMPT || use->members != NULL ||
	    use->is_unlimited)
		return false;
	now_us = clock_steady_us();
	shard = shard_of(denied, hash_name(&parts), &place);
	pthread_mutex_lock(&shard->lock);
	denial = shard->places[place];
	is_found = denial != NULL && now_us < denial->until_us &&
		   is_name(denial->name, &parts) && is_same_limit(denial, use);
	if (is_found) {
		elapsed_ms = (now_us - denial->at_us) / 1000;
		*answer_out = denial->answer;
	}
	pthread_mutex_unlock(&shard->lock);
	if (is_found)
		move_on(answer_out, use->amount, elapsed_ms);
	return is_found;
}
