/*
 * Charges, peeks, attempts and refunds: the same arithmetic as charge.lua, in
 * the same order: hold, rates, lock, charge.
 */
#include "store/memory_merge.h"

#include "base/clock.h"

#include <string.h>

/* One use while it is counted; the lock of its shard is held. */
struct counting {
	struct memory *memory;
	struct memory_shard *shard;
	uint64_t hash;
	struct str name;
	struct memory_entry *entry; /* NULL: not there yet */
	struct call_use *use;
	int64_t now_ms;
	struct store_rate rates[STORE_RATES_MAX];
	size_t n_rates;
	struct store_answer answer;
	/* The first rate that it does not fit (-1: it fits all), and how much
	 * of that would be used. */
	int worst;
	uint64_t all;
	struct charge_count counts[STORE_RATES_MAX];
};

/* Everything that is written needs an entry. */
static struct memory_entry *
need_entry(struct counting *counting)
{
	if (counting->entry == NULL)
		counting->entry = memory_insert(
		    counting->shard, counting->hash, counting->name);
	return counting->entry;
}

/* A grant in force takes the place of the rates; then what is said of each. */
static void
choose_rates(struct counting *counting)
{
	const struct call_use *use = counting->use;
	const struct memory_entry *entry = counting->entry;
	struct store_answer *answer = &counting->answer;

	answer->is_unlimited = use->is_unlimited;
	if (entry != NULL && entry->grant != NULL &&
	    entry->grant->until_ms > counting->now_ms) {
		answer->is_granted = true;
		if (entry->grant->raise.kind == RAISE_UNLIMITED)
			answer->is_unlimited = true;
		counting->n_rates = raise_apply(&entry->grant->raise,
		    use->rates, use->n_rates, counting->rates);
	} else {
		counting->n_rates = use->n_rates;
		memcpy(counting->rates, use->rates,
		    use->n_rates * sizeof(use->rates[0]));
	}
	answer->n_levels = counting->n_rates;
	for (size_t i = 0; i < counting->n_rates; i++) {
		struct store_level *level = &answer->levels[i];

		level->max = counting->rates[i].max;
		level->window_sec = counting->rates[i].window_sec;
		level->period = counting->rates[i].period;
		level->slot = STORE_NO_SLOT;
	}
}

/* Fills levels as if nothing were charged, and counts. */
static void
weigh_counts(struct counting *counting)
{
	const struct call_use *use = counting->use;

	for (size_t i = 0; i < counting->n_rates; i++) {
		const struct store_rate *rate = &counting->rates[i];
		struct charge_count *count = &counting->counts[i];
		struct store_level *level = &counting->answer.levels[i];
		const struct memory_window *window =
		    memory_find_window(counting->entry, use->unit, rate);

		if (window != NULL) {
			*count = window->count;
			charge_count_advance(count, rate, counting->now_ms);
		} else {
			charge_count_begin(count, rate, counting->now_ms);
		}
		level->used = charge_count_used(count, rate);
		level->retry_ms = charge_count_retry_ms(
		    count, rate, use->amount, counting->now_ms);
		if (level->retry_ms != 0 && counting->worst < 0) {
			counting->worst = (int)i;
			counting->all = level->used + use->amount;
		}
	}
}

static void
weigh(struct counting *counting)
{
	struct distinct nothing = { .n = 0 };
	const struct distinct_rates by = { counting->rates, counting->n_rates,
		counting->now_ms };
	struct distinct *values =
	    counting->entry != NULL ? &counting->entry->values : &nothing;

	counting->worst = -1;
	if (counting->use->is_distinct)
		counting->worst = distinct_weigh(values, counting->use, &by,
		    counting->answer.levels, &counting->all);
	else
		weigh_counts(counting);
}

static void
set_lock(struct counting *counting)
{
	struct memory_entry *entry = need_entry(counting);
	int64_t now_ms = counting->now_ms;

	/* In whole seconds, rounded up, as in Redis. */
	entry->lock = (struct memory_lock){
		.until_ms =
		    ((now_ms + 999) / 1000 + counting->use->lock_sec) * 1000,
		.all = counting->all < CHARGE_MAX ? counting->all : CHARGE_MAX,
		.unit = memory_unit(counting->memory, counting->use->unit),
		.rate = counting->rates[counting->worst],
	};
	counting->shard->stamp++; /* a merge looks for what is new */
	memory_keep_alive(entry, entry->lock.until_ms - now_ms);
	counting->answer.has_locked = true;
	counting->answer.locked_ms = entry->lock.until_ms - now_ms;
}

/* Whether it fits after all, and the lock that follows if it does not. */
static void
judge(struct counting *counting)
{
	struct store_answer *answer = &counting->answer;
	const struct memory_entry *entry = counting->entry;

	answer->fits = counting->worst < 0;
	if (answer->is_unlimited) {
		answer->fits = true;
		return;
	}
	if (counting->use->lock_sec == 0)
		return;
	if (entry != NULL && entry->lock.until_ms > counting->now_ms) {
		answer->locked_ms = entry->lock.until_ms - counting->now_ms;
		answer->fits = false;
	} else if (!answer->fits) {
		set_lock(counting);
	}
}

static void
charge_counts(struct counting *counting)
{
	struct memory_entry *entry = need_entry(counting);
	const struct call_use *use = counting->use;
	int64_t now_ms = counting->now_ms;

	for (size_t i = 0; i < counting->n_rates; i++) {
		const struct store_rate *rate = &counting->rates[i];
		struct charge_count *count = &counting->counts[i];
		struct store_level *level = &counting->answer.levels[i];
		struct memory_window *window = memory_need_window(
		    counting->memory, entry, use->unit, rate);

		charge_count_add(count, rate, use->amount);
		window->count = *count;
		window->rate.max = rate->max;
		level->used = charge_count_used(count, rate);
		level->slot = charge_count_slot(count, rate);
		if (level->retry_ms > 0)
			level->retry_ms = charge_count_retry_ms(
			    count, rate, use->amount, now_ms);
		memory_keep_alive(
		    entry, charge_count_lives_ms(count, rate, now_ms));
	}
}

static void
charge_values(struct counting *counting, bool *is_new)
{
	struct memory_entry *entry = need_entry(counting);
	const struct distinct_rates by = { counting->rates, counting->n_rates,
		counting->now_ms };
	int64_t until_ms = distinct_add(&entry->values, counting->use, &by,
	    counting->answer.levels, is_new);

	for (size_t i = 0; i < counting->n_rates; i++)
		counting->answer.levels[i].slot = counting->now_ms;
	memory_keep_alive(entry, until_ms - counting->now_ms);
}

static void
count(struct counting *counting, bool *is_new)
{
	struct call_use *use = counting->use;
	struct store_answer *answer = &counting->answer;

	counting->entry =
	    memory_find(counting->shard, counting->hash, counting->name);
	choose_rates(counting);
	weigh(counting);
	judge(counting);
	if (use->op == STORE_ATTEMPT ||
	    (use->op == STORE_CHARGE && answer->fits)) {
		if (use->is_distinct)
			charge_values(counting, is_new);
		else
			charge_counts(counting);
		use->generation = ++counting->shard->stamp;
		memory_touch(counting->shard, counting->entry);
	}
	for (size_t i = 0; answer->is_unlimited && i < counting->n_rates; i++)
		answer->levels[i].retry_ms = 0;
}

static void
count_use(struct memory *memory, struct store_call *call, struct call_use *use,
    int64_t now_ms)
{
	bool is_new[STORE_MEMBERS_MAX];
	struct counting counting = {
		.memory = memory,
		.name = str_from(use->key, use->name_at),
		.use = use,
		.now_ms = now_ms,
	};

	counting.shard = memory_shard_of(memory, counting.name, &counting.hash);
	pthread_mutex_lock(&counting.shard->lock);
	count(&counting, is_new);
	pthread_mutex_unlock(&counting.shard->lock);
	call_settle(
	    call, use, &counting.answer, use->is_distinct ? is_new : NULL);
}

int
memory_wait(void *self, struct store_call *call, int64_t now_ms)
{
	if (now_ms == STORE_NOW)
		now_ms = clock_wall_ms();
	for (size_t i = 0; i < call->n_uses; i++)
		count_use(self, call, &call->uses[i], now_ms);
	for (size_t i = 0; i < call->n_lookups; i++)
		memory_look_up(self, call, &call->lookups[i], now_ms);
	atomic_store(&call->state, CALL_ANSWERED);
	return 0;
}

/* --- giving back ----------------------------------------------------------- */

static void
take_from(struct memory_entry *entry, const struct call_use *use)
{
	for (size_t i = 0; use->is_distinct && i < use->n_members; i++)
		distinct_take(&entry->values, use->members[i], use->slots[0]);
	for (size_t i = 0; !use->is_distinct && i < use->n_charged; i++) {
		const struct store_rate *rate = &use->charged[i];
		struct memory_window *window =
		    memory_find_window(entry, use->unit, rate);

		if (window != NULL)
			charge_count_take(
			    &window->count, rate, use->slots[i], use->amount);
	}
}

void
memory_give_back_use(
    struct memory *memory, struct store_call *call, struct call_use *use)
{
	struct str name = str_from(use->key, use->name_at);
	uint64_t hash;
	struct memory_shard *shard = memory_shard_of(memory, name, &hash);
	enum { HERE, THERE, ON_ITS_WAY, NOWHERE } place = HERE;
	struct memory_entry *entry;
	uint64_t there = 0;

	pthread_mutex_lock(&shard->lock);
	entry = memory_find(shard, hash, name);
	if (entry == NULL || use->generation <= shard->wiped) {
		place = NOWHERE;
	} else if (use->generation <= entry->moved) {
		place = use->generation > entry->lost ? THERE : NOWHERE;
		there = entry->there;
	} else if (use->generation <= entry->moving) {
		memory_refund_later(memory, call, use);
		place = ON_ITS_WAY;
	} else {
		take_from(entry, use);
	}
	pthread_mutex_unlock(&shard->lock);
	if (place == THERE)
		memory_refund_there(memory, use, there);
}

void
memory_give_back(void *self, struct store_call *call)
{
	for (size_t i = 0; i < call->n_uses; i++) {
		struct call_use *use = &call->uses[i];
		int wanted = REFUND_WANTED;

		if (atomic_compare_exchange_strong(
			&use->refund, &wanted, REFUND_DONE))
			memory_give_back_use(self, call, use);
	}
}
