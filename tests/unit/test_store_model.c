/*
 * The law of limits in all its parts, against a plain log of what happened.
 * Random schedules of charges, attempts, peeks, refunds, locks, grants, days,
 * months, changed rates, sets of values, outages with merges and loss of all
 * data run on both kinds of store, and each answer must be the one that the log
 * says. The log knows no slots that move, no scripts and no merges: it adds up.
 *
 * SEED=n runs another schedule, START=ms begins it at another time; both are
 * printed. The clock is virtual, it only goes forward here, and lives in
 * Berlin, so days have 23 to 25 hours.
 */
#include "store_pair.h"

#include "store/raise.h"

#include <inttypes.h>

#define STEPS      6000
#define KEYS       5
#define EVENTS_MAX STEPS
#define VALUES     12
#define LOCK_SEC   90
#define NEVER      INT64_MIN

static uint64_t seed, random_state;
static int64_t start_ms;

static uint64_t
random_below(uint64_t n)
{
	/* splitmix64: small, and the same everywhere. */
	uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % n;
}

#define WRONG(...)                                                             \
	do {                                                                   \
		print_error(                                                   \
		    "SEED=%" PRIu64 " START=%" PRId64 ": ", seed, start_ms);   \
		fail_msg(__VA_ARGS__);                                         \
	} while (0)

/* --- the log ----------------------------------------------------------------- */

enum place { THERE, HERE, N_PLACES }; /* the store, and the local one */

/* Something was counted, by these rates. */
struct event {
	int64_t at_ms;
	uint64_t amount;
	size_t key;
	enum place place;
	struct store_rate rates[STORE_RATES_MAX];
	size_t n_rates;
	bool is_gone;            /* given back, or lost */
	bool is_lost;            /* a refund changes nothing any more */
	struct store_call *call; /* a reference, until given back; or NULL */
};

struct grant {
	struct store_raise raise;
	int64_t until_ms; /* NEVER: none */
};

/* A value of a distinct limit, and when it was seen last. */
struct value {
	int64_t seen_ms; /* NEVER: not there */
};

struct world {
	struct store *stores[N_PLACES];
	int64_t now_ms;
	struct event events[EVENTS_MAX];
	size_t n_events;
	int64_t locked_until[KEYS][N_PLACES];
	struct grant grants[KEYS]; /* only the store has them */
	bool is_away;
};

static const char *const names[KEYS] = { "a", "b", "c", "d", "e" };

/* --- time, as the C library tells it ------------------------------------------- */

/* First ms of the day or month that is `more` after that of at_ms. */
static int64_t
midnight(enum store_period period, int64_t at_ms, int more)
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm tm;

	localtime_r(&at, &tm);
	if (period == STORE_MONTHLY) {
		tm.tm_mday = 1;
		tm.tm_mon += more;
	} else {
		tm.tm_mday += more;
	}
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

/* When what was counted at at_ms stops counting. */
static int64_t
leaves_ms(const struct store_rate *rate, int64_t at_ms)
{
	int64_t slot_ms = (int64_t)rate->window_sec * 125;

	if (rate->period != STORE_ROLLING)
		return midnight(rate->period, at_ms, 1);
	return (at_ms / slot_ms + 9) * slot_ms;
}

/* --- what the log says ----------------------------------------------------------- */

static bool
counts(const struct event *event, size_t key, enum place place,
    const struct store_rate *rate, int64_t now_ms)
{
	if (event->is_gone || event->key != key || event->place != place ||
	    leaves_ms(rate, event->at_ms) <= now_ms)
		return false;
	for (size_t i = 0; i < event->n_rates; i++)
		if (event->rates[i].window_sec == rate->window_sec &&
		    event->rates[i].period == rate->period)
			return true;
	return false;
}

static uint64_t
sum(const struct world *world, size_t key, enum place place,
    const struct store_rate *rate, int64_t at_ms)
{
	uint64_t used = 0;

	for (size_t i = 0; i < world->n_events; i++)
		if (counts(&world->events[i], key, place, rate, at_ms))
			used += world->events[i].amount;
	return used;
}

/* The first moment at which it fits: one at which something leaves. */
static int64_t
wait_for(const struct world *world, size_t key, enum place place,
    const struct store_rate *rate, uint64_t amount)
{
	int64_t now_ms = world->now_ms, best = INT64_MAX;

	if (amount > rate->max)
		return -1;
	if (sum(world, key, place, rate, now_ms) + amount <= rate->max)
		return 0;
	for (size_t i = 0; i < world->n_events; i++) {
		const struct event *event = &world->events[i];
		int64_t at_ms;

		if (!counts(event, key, place, rate, now_ms))
			continue;
		at_ms = leaves_ms(rate, event->at_ms);
		if (at_ms < best &&
		    sum(world, key, place, rate, at_ms) + amount <= rate->max)
			best = at_ms;
	}
	return best - now_ms;
}

/* --- asking ------------------------------------------------------------------------ */

static size_t
effective_rates(const struct world *world, size_t key, enum place place,
    const struct store_use *use, struct store_rate *rates, bool *is_unlimited)
{
	const struct grant *grant = &world->grants[key];

	*is_unlimited = use->is_unlimited;
	if (place == THERE && grant->until_ms > world->now_ms) {
		*is_unlimited |= grant->raise.kind == RAISE_UNLIMITED;
		return raise_apply(
		    &grant->raise, use->rates, use->n_rates, rates);
	}
	memcpy(rates, use->rates, use->n_rates * sizeof(*rates));
	return use->n_rates;
}

static void
check_levels(const struct world *world, size_t key, enum place place,
    const struct store_use *use, const struct store_answer *answer,
    const struct store_rate *rates, const bool *fitted)
{
	for (size_t i = 0; i < answer->n_levels; i++) {
		const struct store_level *level = &answer->levels[i];
		uint64_t used =
		    sum(world, key, place, &rates[i], world->now_ms);
		int64_t wait_ms =
		    fitted[i] || answer->is_unlimited
			? 0
			: wait_for(world, key, place, &rates[i], use->amount);

		if (level->max != rates[i].max ||
		    level->window_sec != rates[i].window_sec ||
		    level->period != rates[i].period)
			WRONG("%s: rate %zu is another one", names[key], i);
		if (level->used != used)
			WRONG("%s: rate %zu (%u s, %d): %" PRIu64
			      " are used, not %" PRIu64,
			    names[key], i, rates[i].window_sec, rates[i].period,
			    used, level->used);
		if (level->retry_ms != wait_ms)
			WRONG("%s: rate %zu (%u s, %d): %" PRId64
			      " ms to wait, not %" PRId64,
			    names[key], i, rates[i].window_sec, rates[i].period,
			    wait_ms, level->retry_ms);
	}
}

/* What the answer must be, and what is in the log from now on. */
static void
ask(struct world *world, size_t key, const struct store_use *use)
{
	enum place place = world->is_away ? HERE : THERE;
	struct store_rate rates[STORE_RATES_MAX];
	bool fitted[STORE_RATES_MAX], fits = true, is_unlimited, is_locked;
	size_t n =
	    effective_rates(world, key, place, use, rates, &is_unlimited);
	int64_t *locked_until = &world->locked_until[key][place];
	bool has_locked = false, is_charged;
	struct store_call *call;
	const struct store_answer *answer;

	for (size_t i = 0; i < n; i++) {
		fitted[i] = sum(world, key, place, &rates[i], world->now_ms) +
				use->amount <=
			    rates[i].max;
		fits = fits && fitted[i];
	}
	is_locked = use->lock_sec > 0 && *locked_until > world->now_ms;
	if (is_unlimited) {
		fits = true;
	} else if (is_locked) {
		fits = false;
	} else if (!fits && use->lock_sec > 0) {
		has_locked = true;
		*locked_until = (world->now_ms + 999) / 1000 * 1000 +
				(int64_t)use->lock_sec * 1000;
	}
	is_charged =
	    use->op == STORE_ATTEMPT || (use->op == STORE_CHARGE && fits);
	call = pair_call(world->stores[place], use, world->now_ms);
	answer = store_call_answer(call, 0);
	if (answer->fits != fits || answer->failed ||
	    answer->has_locked != has_locked ||
	    answer->is_unlimited != is_unlimited || answer->n_levels != n)
		WRONG("%s: fits %d, not %d; locks %d, not %d", names[key], fits,
		    answer->fits, has_locked, answer->has_locked);
	if ((answer->locked_ms > 0) !=
	    (has_locked || (is_locked && !is_unlimited)))
		WRONG("%s: locked for %" PRId64, names[key], answer->locked_ms);
	if (answer->locked_ms > 0 &&
	    answer->locked_ms != *locked_until - world->now_ms)
		WRONG("%s: locked for %" PRId64 ", not %" PRId64, names[key],
		    *locked_until - world->now_ms, answer->locked_ms);
	if (is_charged) {
		struct event *event = &world->events[world->n_events++];

		*event = (struct event){ .at_ms = world->now_ms,
			.amount = use->amount,
			.key = key,
			.place = place,
			.n_rates = n,
			.call = call };
		memcpy(event->rates, rates, n * sizeof(*rates));
	}
	check_levels(world, key, place, use, answer, rates, fitted);
	if (!is_charged)
		store_call_put(call);
	else if (use->op == STORE_ATTEMPT) {
		store_call_give_back(call, 0, world->now_ms);
		store_call_put(call);
		world->events[world->n_events - 1].call = NULL;
	}
}

/* --- steps ------------------------------------------------------------------------- */

static const struct store_rate choices[][3] = {
	{ { 9, 7, STORE_ROLLING }, { 25, 60, STORE_ROLLING },
	    { 60, 0, STORE_DAILY } },
	{ { 12, 7, STORE_ROLLING }, { 20, 60, STORE_ROLLING },
	    { 90, 0, STORE_MONTHLY } },
	{ { 40, 0, STORE_DAILY }, { 150, 0, STORE_MONTHLY },
	    { 15, 3600, STORE_ROLLING } },
	{ { 5, 1, STORE_ROLLING }, { 30, 604800, STORE_ROLLING },
	    { 10, 90, STORE_ROLLING } },
};

static void
step_ask(struct world *world)
{
	size_t key = random_below(KEYS);
	uint64_t dice = random_below(20);
	/* The rate list of a limit changes now and then. */
	size_t choice = random_below(10) == 0 ? random_below(4) : key % 4;
	const struct store_use use = {
		.limit = STR("law"),
		.unit = random_below(30) == 0 ? STR("bytes") : STR("messages"),
		.identity = str_of(names[key]),
		.rates = choices[choice],
		.n_rates = random_below(3) + 1,
		.op = dice < 3   ? STORE_PEEK
		      : dice < 5 ? STORE_ATTEMPT
				 : STORE_CHARGE,
		.amount = random_below(8) == 0 ? random_below(25) : 1,
		.lock_sec = key == 1 || key == 3 ? LOCK_SEC : 0,
		.is_unlimited = random_below(40) == 0,
	};

	/* Of another unit nothing is logged: it must not matter. */
	if (str_is(use.unit, "bytes")) {
		struct store_use other = use;

		other.lock_sec = 0;
		store_call_put(
		    pair_call(world->stores[world->is_away ? HERE : THERE],
			&other, world->now_ms));
		return;
	}
	ask(world, key, &use);
}

/* One of the last events; what is asked for while it is away is lost. */
static void
step_give_back(struct world *world)
{
	size_t back = random_below(15) + 1;
	struct event *event;

	if (back > world->n_events)
		return;
	event = &world->events[world->n_events - back];
	if (event->call == NULL)
		return;
	store_call_give_back(event->call, 0, world->now_ms);
	store_call_put(event->call);
	event->call = NULL;
	assert_int_equal(store_flush(world->stores[THERE], 5000), 0);
	if (!(world->is_away && event->place == THERE))
		event->is_gone = true;
}

static void
step_grant(struct world *world)
{
	static const char *const raises[] = { "x3", "x0.5", "unlimited",
		"50/7s, 80 daily", "30/60s, 100 monthly, 70/2h" };
	size_t key = random_below(KEYS);
	struct grant *grant = &world->grants[key];
	struct store_grant one = { .limit = STR("law"),
		.identity = str_of(names[key]),
		.hold = { 0, STR("why not"), STR("law") } };
	struct buf error = { 0 };
	bool was_there;

	if (world->is_away)
		return;
	if (random_below(3) == 0) {
		assert_int_equal(
		    store_grant_drop(world->stores[THERE], one.limit,
			one.identity, &was_there, &error),
		    0);
		grant->until_ms = NEVER;
		return;
	}
	assert_int_equal(
	    raise_parse(str_of(raises[random_below(5)]), &one.raise, &error),
	    0);
	grant->raise = one.raise;
	grant->until_ms =
	    (world->now_ms / 1000 + 1 + (int64_t)random_below(4000)) * 1000;
	one.hold.until_ms = grant->until_ms;
	if (store_grant_set(world->stores[THERE], &one, &error) == -1)
		fail_msg("%s", error.p);
	world->locked_until[key][THERE] = NEVER;
	buf_done(&error);
}

static void
step_reset(struct world *world)
{
	size_t key = random_below(KEYS), n;
	struct buf error = { 0 };

	if (world->is_away)
		return;
	assert_int_equal(store_reset(world->stores[THERE], STR("law"),
			     str_of(names[key]), &n, &error),
	    0);
	world->locked_until[key][THERE] = NEVER;
	for (size_t i = 0; i < world->n_events; i++) {
		struct event *event = &world->events[i];

		if (event->key != key || event->place != THERE)
			continue;
		/* Its refund could take from what is charged anew. */
		store_call_put(event->call);
		event->call = NULL;
		event->is_gone = true;
	}
	buf_done(&error);
}

static void
step_outage(struct world *world)
{
	world->is_away = !world->is_away;
	store_set_down(world->stores[THERE], world->is_away);
	if (world->is_away)
		return;
	assert_int_equal(
	    store_merge(world->stores[THERE], world->stores[HERE]), 0);
	for (size_t i = 0; i < world->n_events; i++)
		world->events[i].place = THERE;
	for (size_t key = 0; key < KEYS; key++) {
		int64_t *until = world->locked_until[key];

		if (until[HERE] > until[THERE])
			until[THERE] = until[HERE];
		until[HERE] = NEVER;
	}
}

/* Redis starts anew, empty; waits until the store has found it again. */
static void
restart(struct store *store)
{
	const struct kit_use peek = { "nobody", STORE_PEEK, 1, choices[0], 1 };
	int rc = -1;

	server_kill(&pair_server);
	server_start(&pair_server);
	for (int i = 0; rc == -1 && i < 1000; i++) {
		struct store_call *call = store_call_new(store);

		nap_ms(10);
		kit_add(call, &peek, 0);
		rc = store_call_wait(call, T0);
		store_call_put(call);
	}
	assert_int_equal(rc, 0);
}

/* All is lost there. Refunds know that. */
static void
step_loss(struct world *world)
{
	struct buf error = { 0 };

	if (world->is_away)
		return;
	if (pair_is_redis(world->stores[THERE]) && random_below(2) == 0)
		restart(world->stores[THERE]);
	else
		assert_int_equal(store_wipe(world->stores[THERE], &error), 0);
	for (size_t i = 0; i < world->n_events; i++)
		if (world->events[i].place == THERE)
			world->events[i].is_gone = true;
	for (size_t key = 0; key < KEYS; key++) {
		world->locked_until[key][THERE] = NEVER;
		world->grants[key].until_ms = NEVER;
	}
	buf_done(&error);
}

static int64_t
random_pause(void)
{
	switch (random_below(40)) {
	case 0:
	case 1:
	case 2:
		return (int64_t)random_below(3000);
	case 3:
	case 4:
		return (int64_t)random_below(60000);
	case 5:
		return (int64_t)random_below(4000000);
	case 6:
		return random_below(4) == 0
			   ? (int64_t)random_below(40 * 3600000)
			   : 0;
	default:
		return (int64_t)random_below(30);
	}
}

static void
run_schedule(struct store *store)
{
	struct world *world = test_calloc(1, sizeof(*world));

	world->stores[THERE] = store;
	world->stores[HERE] = kit_open("memory", 0);
	/* Anywhere in the year to come: grants must end in the future. */
	world->now_ms =
	    start_ms + (int64_t)random_below(300) * INT64_C(86400000);
	for (size_t key = 0; key < KEYS; key++) {
		world->grants[key].until_ms = NEVER;
		for (size_t i = 0; i < N_PLACES; i++)
			world->locked_until[key][i] = NEVER;
	}
	for (uint64_t i = 0; i < STEPS; i++) {
		uint64_t dice = random_below(200);

		world->now_ms += random_pause();
		if (dice < 30)
			step_give_back(world);
		else if (dice < 34)
			step_grant(world);
		else if (dice < 35)
			step_reset(world);
		else if (dice < 38)
			step_outage(world);
		else if (dice < 39 && random_below(4) == 0)
			step_loss(world);
		else
			step_ask(world);
	}
	store_set_down(store, false);
	for (size_t i = 0; i < world->n_events; i++)
		store_call_put(world->events[i].call);
	store_close(world->stores[HERE]);
	test_free(world);
}

static void
test_every_answer_is_what_the_log_says(void **state)
{
	random_state = seed;
	run_schedule(*state);
}

/* --- sets of values ------------------------------------------------------------------ */

/* What was added by a charge that may yet be given back. */
struct added {
	struct store_call *call;
	size_t values[3];
	size_t n;
	int64_t at_ms;
};

struct set {
	struct store *store;
	int64_t now_ms;
	struct value values[VALUES];
	struct added added[STEPS];
	size_t n_added;
};

static int64_t
seen_from(const struct store_rate *rate, int64_t now_ms)
{
	if (rate->period == STORE_ROLLING)
		return now_ms - (int64_t)rate->window_sec * 1000 + 1;
	return midnight(rate->period, now_ms, 0);
}

static uint64_t
count_values(const struct set *set, const struct store_rate *rate,
    const size_t *asked, size_t n_asked, bool is_with_asked, int64_t now_ms)
{
	int64_t from_ms = seen_from(rate, now_ms);
	uint64_t n = 0;

	for (size_t i = 0; i < VALUES; i++) {
		bool is_asked = false;

		for (size_t j = 0; j < n_asked; j++)
			is_asked = is_asked || asked[j] == i;
		if ((is_with_asked && is_asked) ||
		    (set->values[i].seen_ms != NEVER &&
			set->values[i].seen_ms >= from_ms))
			n++;
	}
	return n;
}

static int64_t
wait_for_values(const struct set *set, const struct store_rate *rate,
    const size_t *asked, size_t n_asked)
{
	int64_t best = INT64_MAX;

	if (n_asked > rate->max)
		return -1;
	if (rate->period != STORE_ROLLING)
		return midnight(rate->period, set->now_ms, 1) - set->now_ms;
	for (size_t i = 0; i < VALUES; i++) {
		int64_t at_ms =
		    set->values[i].seen_ms + (int64_t)rate->window_sec * 1000;

		if (set->values[i].seen_ms != NEVER && at_ms > set->now_ms &&
		    at_ms < best &&
		    count_values(set, rate, asked, n_asked, true, at_ms) <=
			rate->max)
			best = at_ms;
	}
	return best - set->now_ms;
}

static void
step_see(struct set *set)
{
	static const struct store_rate all[] = { { 4, 60, STORE_ROLLING },
		{ 7, 0, STORE_DAILY }, { 8, 604800, STORE_ROLLING } };
	static const char *const texts[VALUES] = { "v0", "v1", "v2", "v3", "v4",
		"v5", "v6", "v7", "v8", "v9", "va", "vb" };
	size_t first = random_below(VALUES), n = random_below(3) + 1;
	size_t n_rates = 3, asked[3];
	struct added *added = &set->added[set->n_added];
	struct str members[3];
	struct store_use use = {
		.limit = STR("law"),
		.unit = STR("distinct"),
		.identity = STR("set"),
		.rates = all,
		.n_rates = n_rates,
		.op = random_below(5) == 0 ? STORE_PEEK : STORE_CHARGE,
		.members = members,
		.n_members = n,
	};
	const struct store_answer *answer;
	struct store_call *call;
	bool fits = true;

	for (size_t i = 0; i < n; i++) {
		asked[i] = (first + i * 5) % VALUES;
		members[i] = str_of(texts[asked[i]]);
	}
	for (size_t i = 0; i < n_rates; i++)
		fits = fits && count_values(set, &all[i], asked, n, true,
				   set->now_ms) <= all[i].max;
	call = pair_call(set->store, &use, set->now_ms);
	answer = store_call_answer(call, 0);
	if (answer->fits != fits)
		WRONG("values fit %d, not %d", fits, answer->fits);
	for (size_t i = 0; i < n_rates; i++) {
		bool is_charged = use.op == STORE_CHARGE && fits;
		uint64_t with =
		    count_values(set, &all[i], asked, n, true, set->now_ms);
		uint64_t used = is_charged ? with
					   : count_values(set, &all[i], asked,
						 n, false, set->now_ms);
		int64_t wait_ms = with <= all[i].max
				      ? 0
				      : wait_for_values(set, &all[i], asked, n);

		if (answer->levels[i].used != used ||
		    answer->levels[i].retry_ms != wait_ms)
			WRONG("values of rate %zu: %" PRIu64 ", not %" PRIu64
			      "; wait %" PRId64 ", not %" PRId64,
			    i, used, answer->levels[i].used, wait_ms,
			    answer->levels[i].retry_ms);
	}
	if (use.op == STORE_PEEK || !fits) {
		store_call_put(call);
		return;
	}
	*added = (struct added){ .call = call, .at_ms = set->now_ms };
	for (size_t i = 0; i < n; i++) {
		struct value *value = &set->values[asked[i]];

		if (value->seen_ms == NEVER ||
		    set->now_ms - value->seen_ms >= INT64_C(604800000)) {
			value->seen_ms = set->now_ms;
			added->values[added->n++] = asked[i];
		} else {
			value->seen_ms = value->seen_ms + 1 > set->now_ms
					     ? value->seen_ms + 1
					     : set->now_ms;
		}
	}
	set->n_added++;
}

static void
step_unsee(struct set *set)
{
	size_t back = random_below(10) + 1;
	struct added *added;

	if (back > set->n_added)
		return;
	added = &set->added[set->n_added - back];
	if (added->call == NULL)
		return;
	store_call_give_back(added->call, 0, set->now_ms);
	store_call_put(added->call);
	added->call = NULL;
	assert_int_equal(store_flush(set->store, 5000), 0);
	for (size_t i = 0; i < added->n; i++) {
		struct value *value = &set->values[added->values[i]];

		if (value->seen_ms == added->at_ms)
			value->seen_ms = NEVER;
	}
}

static void
test_every_set_has_what_the_log_says(void **state)
{
	struct set *set = test_calloc(1, sizeof(*set));

	random_state = seed + 2;
	set->store = *state;
	set->now_ms = T0;
	for (size_t i = 0; i < VALUES; i++)
		set->values[i].seen_ms = NEVER;
	for (size_t i = 0; i < STEPS; i++) {
		set->now_ms += random_pause();
		if (random_below(8) == 0)
			step_unsee(set);
		else
			step_see(set);
	}
	for (size_t i = 0; i < set->n_added; i++)
		store_call_put(set->added[i].call);
	test_free(set);
}

static const struct pair_case cases[] = {
	CASE(test_every_answer_is_what_the_log_says),
	CASE(test_every_set_has_what_the_log_says),
};

int
main(void)
{
	const char *text = getenv("SEED");

	seed = text != NULL ? strtoull(text, NULL, 10) : 20260101;
	text = getenv("START");
	start_ms =
	    text != NULL ? strtoll(text, NULL, 10) : (int64_t)time(NULL) * 1000;
	print_message("SEED=%" PRIu64 " START=%" PRId64 "\n", seed, start_ms);
	return pair_run("store model", cases, COUNT(cases));
}
