/*
 * A call is one block of memory for the usual one or two uses: the hot path
 * makes ten thousand of them a second. The trap is its end: the background
 * thread may drop the last reference after the store itself was closed, so
 * nothing here looks at call->store once a call is answered.
 */
#include "store/call.h"

#include "store/backend.h"
#include "store/charge.h"

#include <assert.h>
#include <string.h>

#define CALL_FIRST_BYTES 1664 /* head, room for four uses, texts of two */

struct store_call *
store_call_new(struct store *store)
{
	struct arena *arena = arena_new(CALL_FIRST_BYTES);
	struct store_call *call = arena_calloc(arena, sizeof(*call));

	call->store = store;
	call->arena = arena;
	atomic_init(&call->n_refs, 1);
	atomic_init(&call->state, CALL_OPEN);
	return call;
}

void
call_get(struct store_call *call)
{
	atomic_fetch_add(&call->n_refs, 1);
}

void
store_call_put(struct store_call *call)
{
	if (call != NULL && atomic_fetch_sub(&call->n_refs, 1) == 1)
		arena_free(call->arena);
}

size_t
store_call_n_uses(const struct store_call *call)
{
	return call->n_uses;
}

const struct store_answer *
store_call_answer(const struct store_call *call, size_t i)
{
	assert(i < call->n_uses);
	return &call->uses[i].answer;
}

static bool
has_twin(const struct store_call *call, const struct call_use *use)
{
	for (size_t i = 0; i < call->n_uses; i++) {
		const struct call_use *other = &call->uses[i];

		if (other->hash == use->hash && str_eq(other->key, use->key) &&
		    str_eq(other->unit, use->unit))
			return true;
	}
	return false;
}

static const struct store_rate *
copy_rates(struct arena *arena, const struct store_use *use)
{
	struct store_rate *rates;

	assert(use->n_rates > 0 && use->n_rates <= STORE_RATES_MAX);
	rates = arena_alloc(arena, use->n_rates * sizeof(*rates));
	memcpy(rates, use->rates, use->n_rates * sizeof(*rates));
	for (size_t i = 0; i < use->n_rates; i++) {
		assert(rates[i].max <= CHARGE_MAX && rates[i].window_sec > 0);
		/* One field would be charged once and given back twice. */
		for (size_t j = 0; j < i; j++)
			assert(rates[j].window_sec != rates[i].window_sec);
	}
	return rates;
}

void
store_call_add(struct store_call *call, const struct store_use *use)
{
	struct call_use mine = {
		.unit = arena_str(call->arena, use->unit),
		.op = use->op,
		.tag = use->tag,
		.amount = use->amount < CHARGE_MAX ? use->amount : CHARGE_MAX,
		.rates = copy_rates(call->arena, use),
		.n_rates = use->n_rates,
	};

	assert(call->n_uses < STORE_USES_MAX);
	assert(atomic_load(&call->state) == CALL_OPEN);
	mine.key = call_key(
	    call->arena, call->store->prefix, use->limit, use->identity);
	mine.hash = str_hash(mine.key) ^ str_hash(mine.unit);
	assert(!has_twin(call, &mine));
	call->uses = arena_grow(
	    call->arena, call->uses, call->n_uses, sizeof(*call->uses));
	call->uses[call->n_uses++] = mine;
}

void
store_call_look_up(struct store_call *call, const struct store_lookup *lookup)
{
	struct arena *arena = call->arena;
	struct call_lookup mine = { .n_entries = lookup->n_entries };

	assert(call->n_lookups < CALL_LOOKUPS_MAX);
	assert(lookup->n_entries <= STORE_ENTRIES_MAX);
	assert(atomic_load(&call->state) == CALL_OPEN);
	mine.key = call_table_key(arena, call->store->prefix, lookup->table);
	for (size_t i = 0; i < call->n_lookups; i++)
		assert(!str_eq(call->lookups[i].key, mine.key));
	mine.entries =
	    arena_alloc(arena, lookup->n_entries * sizeof(*mine.entries));
	for (size_t i = 0; i < lookup->n_entries; i++)
		mine.entries[i] = arena_str(arena, lookup->entries[i]);
	mine.found =
	    arena_calloc(arena, lookup->n_entries * sizeof(*mine.found));
	call->lookups = arena_grow(
	    arena, call->lookups, call->n_lookups, sizeof(*call->lookups));
	call->lookups[call->n_lookups++] = mine;
}

const struct store_found *
store_call_found(const struct store_call *call, size_t i)
{
	assert(i < call->n_lookups);
	return call->lookups[i].failed ? NULL : call->lookups[i].found;
}

bool
call_use_is_charged(const struct call_use *use)
{
	return use->op == STORE_CHARGE && use->answer.fits;
}

bool
call_use_is_refundable(
    const struct store_call *call, const struct call_use *use)
{
	return atomic_load(&call->state) == CALL_ANSWERED &&
	       call_use_is_charged(use);
}

/* Parts side by side, with a NUL behind. */
static struct str
join(struct arena *arena, const struct str *parts, size_t n_parts)
{
	size_t len = 0;
	char *text;

	for (size_t i = 0; i < n_parts; i++)
		len += parts[i].len;
	text = arena_alloc(arena, len + 1);
	len = 0;
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i].len > 0)
			memcpy(text + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	text[len] = '\0';
	return (struct str){ text, len };
}

struct str
call_key_of(struct arena *arena, struct str prefix, const char *kind,
    struct str limit, struct str identity)
{
	const struct str parts[] = { prefix, STR(":"), str_of(kind), STR(":"),
		limit, STR(":{"), identity, STR("}") };

	return join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

struct str
call_key(struct arena *arena, struct str prefix, struct str limit,
    struct str identity)
{
	return call_key_of(arena, prefix, "limit", limit, identity);
}

struct str
call_table_key(struct arena *arena, struct str prefix, struct str table)
{
	const struct str parts[] = { prefix, STR(":table:"), table };

	return join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

int
call_key_split(struct str prefix, struct str key, struct str *limit_out,
    struct str *identity_out)
{
	ptrdiff_t brace;

	if (!str_starts(key, prefix))
		return -1;
	key = str_from(key, prefix.len);
	if (!str_starts(key, STR(":limit:")))
		return -1;
	key = str_from(key, STR(":limit:").len);
	brace = str_find(key, '{');
	if (brace < 2 || key.p[brace - 1] != ':' || key.p[key.len - 1] != '}')
		return -1;
	*limit_out = str_sub(key, 0, (size_t)brace - 1);
	*identity_out = str_sub(key, (size_t)brace + 1, key.len - 1);
	return 0;
}

void
call_counter_fill(struct store_counter *counter,
    const struct charge_slots *slots, int64_t now_ms)
{
	struct charge_slots now = *slots;
	int64_t wait_ms;

	charge_advance(&now, charge_slot(now_ms, counter->window_sec));
	counter->used = charge_used(&now);
	wait_ms =
	    charge_retry_ms(&now, 1, counter->max, counter->window_sec, now_ms);
	counter->free_at_ms = wait_ms > 0 ? now_ms + wait_ms : wait_ms;
}
