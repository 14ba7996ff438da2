/*
 * A peek never locks here (lock_sec is 0), so looking changes nothing; neither
 * does it look for a lock then, which the ledger tells.
 */
#include "tool/desk/account.h"

#include "base/clock.h"
#include "store/raise.h"

#include <assert.h>

/* What the override table says of the key; of a network its first address. */
static bool
find_override(struct arena *arena, const struct limit *limit,
    const struct identity *identity, struct str *value_out)
{
	struct ip_net net;

	if (limit->override == NULL)
		return false;
	if (limit->keys[0].fact->type != FACT_TYPE_IP)
		return table_value_text(
		    limit->override, identity->first, true, arena, value_out);
	return ip_net_parse(identity->first, &net) == 0 &&
	       table_value_ip(limit->override, &net.ip, arena, value_out);
}

/* A value that is no raise is as good as none, as it is for the daemon, whose
 * log tells of it. */
void
account_init(struct account *account, struct arena *arena,
    const struct limit *limit, const struct identity *identity)
{
	struct buf error = { 0 };
	struct store_raise raise;
	struct str value;

	*account = (struct account){ .limit = limit, .key = identity->key };
	account->n_rates = limit->n_rates;
	for (size_t i = 0; i < limit->n_rates; i++)
		account->rates[i] = limit->rates[i];
	if (find_override(arena, limit, identity, &value) &&
	    raise_parse(value, &raise, &error) == 0) {
		account->is_overridden = true;
		account->is_unlimited = raise.kind == RAISE_UNLIMITED;
		account->n_rates = raise_apply(
		    &raise, limit->rates, limit->n_rates, account->rates);
	}
	buf_done(&error);
}

struct account *
accounts_of_key(struct arena *arena, const struct ruleset *rules,
    struct str text, const char *sasl_domain, size_t *n_out)
{
	const struct program *program = ruleset_program(rules);
	struct account *accounts =
	    arena_calloc(arena, (program->n_limits + 1) * sizeof(*accounts));
	size_t n = 0;

	for (size_t i = 0; i < program->n_limits; i++) {
		struct identity identity =
		    identity_for(arena, program->limits[i], text, sasl_domain);

		if (identity.fit == IDENTITY_NO)
			continue;
		account_init(
		    &accounts[n], arena, program->limits[i], &identity);
		accounts[n++].is_guess = identity.fit == IDENTITY_MAYBE;
	}
	*n_out = n;
	return accounts;
}

static int
peek(struct store *store, struct account *accounts, size_t n)
{
	struct store_call *call = store_call_new(store);
	int rc;

	for (size_t i = 0; i < n; i++) {
		const struct account *account = &accounts[i];
		struct store_use use = {
			.limit = account->limit->name,
			.unit = str_of(unit_name(account->limit->unit)),
			.identity = account->key,
			.rates = account->rates,
			.n_rates = account->n_rates,
			.op = STORE_PEEK,
			.amount = 1,
			.is_unlimited = account->is_unlimited,
		};

		/* Something that was never seen: is there room for it? */
		if (account->limit->unit == UNIT_DISTINCT) {
			use.members = &account->key;
			use.n_members = 1;
		}
		store_call_add(call, &use);
	}
	rc = store_call_wait(call, STORE_NOW);
	for (size_t i = 0; rc == 0 && i < n; i++)
		accounts[i].answer = *store_call_answer(call, i);
	store_call_put(call);
	return rc;
}

struct copying {
	struct arena *arena;
	struct account *accounts;
};

static struct store_hold
copy_hold(struct arena *arena, const struct store_hold *hold)
{
	return (struct store_hold){
		.until_ms = hold->until_ms,
		.reason = arena_str(arena, hold->reason),
		.by = arena_str(arena, hold->by),
	};
}

static bool
take_standing(void *context, size_t i, const struct store_account *read)
{
	struct copying *copying = context;
	struct account *account = &copying->accounts[i];

	for (size_t k = 0; k < read->n_counters; k++)
		if (read->counters[k].used > 0 ||
		    account->limit->unit != UNIT_DISTINCT)
			account->has_counted = true;
	account->standing = read->standing;
	account->standing.lock =
	    copy_hold(copying->arena, &read->standing.lock);
	account->standing.grant =
	    copy_hold(copying->arena, &read->standing.grant);
	return true;
}

/* Lock and grant with their reasons, and whether anything was counted. */
static int
read_standings(struct store *store, struct arena *arena,
    struct account *accounts, size_t n, struct buf *error)
{
	struct copying copying = { arena, accounts };
	struct store_asked *asked = arena_calloc(arena, n * sizeof(*asked));
	const struct store_asking asking = { asked, n, STORE_NOW };

	for (size_t i = 0; i < n; i++)
		asked[i] = (struct store_asked){
			.limit = accounts[i].limit->name,
			.identity = accounts[i].key,
			.is_distinct = accounts[i].limit->unit == UNIT_DISTINCT,
			.rates = accounts[i].rates,
			.n_rates = accounts[i].n_rates,
		};
	return store_accounts(store, &asking, take_standing, &copying, error);
}

/* As if the peek had seen it. */
static void
use_lock(struct account *account)
{
	int64_t left_ms = account->standing.lock.until_ms - clock_wall_ms();

	if (left_ms <= 0)
		return;
	account->answer.locked_ms = left_ms;
	account->answer.fits = false;
}

int
accounts_read(struct store *store, struct arena *arena,
    struct account *accounts, size_t n, struct buf *error)
{
	assert(n <= STORE_USES_MAX);
	if (n == 0)
		return 0;
	/* The ledger says what is wrong with the store, so it is asked first. */
	if (read_standings(store, arena, accounts, n, error) == -1)
		return -1;
	if (peek(store, accounts, n) == 0) {
		for (size_t i = 0; i < n; i++)
			use_lock(&accounts[i]);
		return 0;
	}
	buf_printf(error, "store %s gave no answer in time", store_name(store));
	return -1;
}

bool
account_is_over(const struct account *account)
{
	const struct store_answer *answer = &account->answer;

	if (answer->locked_ms > 0)
		return true;
	if (answer->is_unlimited)
		return false;
	for (size_t i = 0; i < answer->n_levels; i++)
		if (answer->levels[i].used >= answer->levels[i].max)
			return true;
	return false;
}

int64_t
account_free_at_ms(const struct account *account, int64_t now_ms)
{
	const struct store_answer *answer = &account->answer;
	int64_t wait_ms = answer->locked_ms;

	if (!account_is_over(account))
		return 0;
	/* Once it is unlocked the values that are known pass. */
	if (account->limit->unit == UNIT_DISTINCT && wait_ms > 0)
		return now_ms + wait_ms;
	for (size_t i = 0; i < answer->n_levels; i++) {
		int64_t retry_ms = answer->levels[i].retry_ms;

		if (retry_ms < 0)
			return -1;
		if (retry_ms > wait_ms)
			wait_ms = retry_ms;
	}
	return now_ms + wait_ms;
}
