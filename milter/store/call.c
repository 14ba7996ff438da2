/*
 * A call is one block of memory for the usual one or two uses: the hot path
 * makes ten thousand of them a second. The trap is its end: the background
 * thread may drop the last reference after the store itself was closed, so
 * nothing here looks at call->store once a call is answered.
 */
#include "store/call.h"

#include "store/backend.h"
#include "store/charge.h"

#include "base/xalloc.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALL_FIRST_BYTES 768 /* head, two uses, and their texts */
#define CALL_FIRST_USES  2

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
	if (call == NULL || atomic_fetch_sub(&call->n_refs, 1) != 1)
		return;
	free(call->answers);
	arena_free(call->arena);
}

void
store_call_shrink(struct store_call *call)
{
	assert(atomic_load(&call->state) != CALL_OPEN);
	/* A call that was sent has none, and may be under way: not written. */
	if (call->answers == NULL)
		return;
	free(call->answers);
	call->answers = NULL;
}

size_t
store_call_n_uses(const struct store_call *call)
{
	return call->n_uses;
}

const struct store_answer *
store_call_answer(const struct store_call *call, size_t i)
{
	assert(i < call->n_uses && call->answers != NULL);
	return &call->answers[i];
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
		assert(rates[i].max <= CHARGE_MAX);
		assert((rates[i].window_sec > 0) ==
		       (rates[i].period == STORE_ROLLING));
		/* One field would be charged once and given back twice. */
		for (size_t j = 0; j < i; j++)
			assert(rates[j].window_sec != rates[i].window_sec ||
			       rates[j].period != rates[i].period);
	}
	return rates;
}

static struct str *
copy_members(struct arena *arena, const struct store_use *use)
{
	struct str *members;

	if (use->members == NULL)
		return NULL;
	assert(use->n_members > 0 || use->op == STORE_PEEK);
	assert(use->n_members <= STORE_MEMBERS_MAX);
	members = arena_alloc(arena, (use->n_members + 1) * sizeof(*members));
	for (size_t i = 0; i < use->n_members; i++)
		members[i] = arena_str(arena, use->members[i]);
	return members;
}

/* Room for one more use: two, eight, then twice as many. */
static struct call_use *
next_use(struct store_call *call)
{
	size_t n = call->n_uses, room = 0;

	assert(n < STORE_USES_MAX);
	if (n == 0)
		room = CALL_FIRST_USES;
	else if (n == CALL_FIRST_USES)
		room = 8;
	else if (n >= 8 && (n & (n - 1)) == 0)
		room = 2 * n;
	if (room > 0) {
		struct call_use *uses =
		    arena_alloc(call->arena, room * sizeof(*uses));

		if (n > 0)
			memcpy(uses, call->uses, n * sizeof(*uses));
		call->uses = uses;
	}
	return &call->uses[call->n_uses++];
}

void
store_call_add(struct store_call *call, const struct store_use *use)
{
	struct arena *arena = call->arena;
	struct str prefix = call->store->prefix;
	bool is_distinct = use->members != NULL;
	const char *kind = is_distinct ? "distinct" : "limit";
	struct call_use mine = {
		.unit = arena_str(arena, use->unit),
		.op = use->op,
		.tag = use->tag,
		.amount = use->amount < CHARGE_MAX ? use->amount : CHARGE_MAX,
		.rates = copy_rates(arena, use),
		.n_rates = (unsigned)use->n_rates,
		.members = copy_members(arena, use),
		.n_members = is_distinct ? (unsigned)use->n_members : 0,
		.lock_sec = use->lock_sec,
		.is_unlimited = use->is_unlimited,
		.is_distinct = is_distinct,
		.prefix_len = (unsigned)prefix.len,
		.name_at = (unsigned)(prefix.len + strlen(kind) + 2),
	};

	assert(atomic_load(&call->state) == CALL_OPEN);
	if (use->op == STORE_CHARGE)
		mine.slots =
		    arena_alloc(arena, use->n_rates * sizeof(*mine.slots));
	mine.key = call_key_of(arena, prefix, kind, use->limit, use->identity);
	mine.hash = (uint32_t)(str_hash(mine.key) ^ str_hash(mine.unit));
	assert(!has_twin(call, &mine));
	*next_use(call) = mine;
}

/* Keeps of the members those that were added: only they are given back. */
static void
keep_new_members(struct call_use *use, const bool *is_new)
{
	unsigned n = 0;

	for (unsigned i = 0; i < use->n_members; i++)
		if (is_new == NULL || is_new[i])
			use->members[n++] = use->members[i];
	use->n_members = n;
}

void
call_settle(struct store_call *call, struct call_use *use,
    const struct store_answer *answer, const bool *is_new)
{
	size_t n = answer->n_levels;

	if (call->answers != NULL)
		call->answers[use - call->uses] = *answer;
	use->is_charged = use->op == STORE_CHARGE && answer->fits;
	if (!use->is_charged)
		return;
	use->charged = use->rates;
	use->n_charged = (unsigned)n;
	if (answer->is_granted) {
		struct store_rate *rates =
		    arena_alloc(call->arena, n * sizeof(*rates));

		for (size_t i = 0; i < n; i++)
			rates[i] = (struct store_rate){
				answer->levels[i].max,
				answer->levels[i].window_sec,
				answer->levels[i].period,
			};
		use->charged = rates;
		use->slots = arena_alloc(call->arena, n * sizeof(*use->slots));
	}
	for (size_t i = 0; i < n; i++)
		use->slots[i] = answer->levels[i].slot;
	keep_new_members(use, is_new);
	if (use->is_distinct && use->n_members == 0)
		use->is_charged = false; /* all were there: nothing to undo */
}

struct store_call *
call_refund_to(
    struct store *target, const struct call_use *use, uint64_t generation)
{
	struct store_call *call = store_call_new(target);
	struct arena *arena = call->arena;
	struct str kind = str_sub(use->key, use->prefix_len, use->name_at);
	struct str name = str_from(use->key, use->name_at);
	size_t n = use->is_distinct ? 1 : use->n_charged;
	struct call_use mine = {
		.key = arena_join(
		    arena, arena_join(arena, target->prefix, kind), name),
		.prefix_len = (unsigned)target->prefix.len,
		.name_at = (unsigned)(target->prefix.len + kind.len),
		.unit = arena_str(arena, use->unit),
		.op = STORE_CHARGE,
		.amount = use->amount,
		.is_distinct = use->is_distinct,
		.is_charged = true,
		.n_charged = use->n_charged,
		.n_members = use->n_members,
		.generation = generation,
	};
	struct store_rate *rates =
	    arena_alloc(arena, use->n_charged * sizeof(*rates));

	memcpy(rates, use->charged, use->n_charged * sizeof(*rates));
	mine.charged = rates;
	mine.slots = arena_alloc(arena, n * sizeof(*mine.slots));
	memcpy(mine.slots, use->slots, n * sizeof(*mine.slots));
	mine.members =
	    arena_alloc(arena, (use->n_members + 1) * sizeof(struct str));
	for (size_t i = 0; i < use->n_members; i++)
		mine.members[i] = arena_str(arena, use->members[i]);
	atomic_init(&mine.refund, REFUND_WANTED);
	*next_use(call) = mine;
	atomic_store(&call->state, CALL_ANSWERED);
	return call;
}

void
store_call_look_up(struct store_call *call, const struct store_lookup *lookup)
{
	struct arena *arena = call->arena;
	struct call_lookup mine = { .n_entries = lookup->n_entries };

	assert(call->n_lookups < STORE_LOOKUPS_MAX);
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
	return use->is_charged;
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
call_table_key(struct arena *arena, struct str prefix, struct str table)
{
	const struct str parts[] = { prefix, STR(":table:"), table };

	return join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

static char host_name[HOST_NAME_MAX + 1];
static pthread_once_t host_name_once = PTHREAD_ONCE_INIT;

static void
find_host_name(void)
{
	if (gethostname(host_name, sizeof(host_name) - 1) == -1 ||
	    host_name[0] == '\0')
		memcpy(host_name, "localhost", sizeof("localhost"));
	for (char *c = host_name; *c != '\0'; c++)
		if (!ascii_is_alnum(*c) && *c != '.' && *c != '-')
			*c = '_';
}

struct str
call_host_name(void)
{
	pthread_once(&host_name_once, find_host_name);
	return str_of(host_name);
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
