/*
 * The law of limits in all its parts, against a plain log of what happened.
 * Random schedules of charges, attempts, peeks, refunds, locks, grants, days,
 * months, changed rates, outages with merges, and loss of all data run on both
 * kinds of store, and each answer must be the one that the log says. The log
 * knows no slots that move, no scripts and no merges: it adds up.
 *
 * The clock is virtual, it only goes forward here, and lives in Berlin, so days
 * have 23 to 25 hours.
 */
#include "law_kit.h"

#include "store/raise.h"

#define STEPS      6000
#define KEYS       5
#define EVENTS_MAX STEPS
#define LOCK_SEC   90

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
	struct store_call *call; /* a reference, until given back; or NULL */
};

struct grant {
	struct store_raise raise;
	int64_t until_ms; /* NEVER: none */
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

/* A use, and what the log says of it before it is asked. */
struct question {
	size_t key;
	enum place place;
	const struct store_use *use;
	struct store_rate rates[STORE_RATES_MAX]; /* a grant's, perhaps */
	size_t n_rates;
	bool fitted[STORE_RATES_MAX]; /* each rate by itself */
	bool fits;
	bool is_unlimited;
	bool is_locked;
	bool has_locked;
	bool is_charged;
};

static void
choose_rates(const struct world *world, struct question *question)
{
	const struct grant *grant = &world->grants[question->key];
	const struct store_use *use = question->use;

	question->is_unlimited = use->is_unlimited;
	if (question->place == THERE && grant->until_ms > world->now_ms) {
		question->is_unlimited |= grant->raise.kind == RAISE_UNLIMITED;
		question->n_rates = raise_apply(
		    &grant->raise, use->rates, use->n_rates, question->rates);
		return;
	}
	question->n_rates = use->n_rates;
	memcpy(question->rates, use->rates,
	    use->n_rates * sizeof(question->rates[0]));
}

/* Fills in the rest; a lock that begins now is in the world from now on. */
static void
predict(struct world *world, struct question *question)
{
	const struct store_use *use = question->use;
	int64_t *locked_until =
	    &world->locked_until[question->key][question->place];

	choose_rates(world, question);
	question->fits = true;
	for (size_t i = 0; i < question->n_rates; i++) {
		question->fitted[i] = sum(world, question->key, question->place,
					  &question->rates[i], world->now_ms) +
					  use->amount <=
				      question->rates[i].max;
		question->fits = question->fits && question->fitted[i];
	}
	question->is_locked = use->lock_sec > 0 && !question->is_unlimited &&
			      *locked_until > world->now_ms;
	if (question->is_unlimited) {
		question->fits = true;
	} else if (question->is_locked) {
		question->fits = false;
	} else if (!question->fits && use->lock_sec > 0) {
		question->has_locked = true;
		*locked_until = (world->now_ms + 999) / 1000 * 1000 +
				(int64_t)use->lock_sec * 1000;
	}
	question->is_charged = use->op == STORE_ATTEMPT ||
			       (use->op == STORE_CHARGE && question->fits);
}

static void
check_answer(const struct world *world, const struct question *question,
    const struct store_answer *answer)
{
	const char *name = names[question->key];
	int64_t locked_ms =
	    question->is_locked || question->has_locked
		? world->locked_until[question->key][question->place] -
		      world->now_ms
		: 0;

	if (answer->failed || answer->fits != question->fits)
		WRONG(
		    "%s: fits %d, not %d", name, question->fits, answer->fits);
	if (answer->is_unlimited != question->is_unlimited ||
	    answer->n_levels != question->n_rates)
		WRONG("%s: %zu rates, not %zu, or unlimited %d", name,
		    question->n_rates, answer->n_levels, answer->is_unlimited);
	if (answer->has_locked != question->has_locked ||
	    answer->locked_ms != locked_ms)
		WRONG("%s: locked for %" PRId64 ", not %" PRId64, name,
		    locked_ms, answer->locked_ms);
}

/* What is used and how long to wait, as of after the charge. */
static void
check_levels(const struct world *world, const struct question *question,
    const struct store_answer *answer)
{
	for (size_t i = 0; i < question->n_rates; i++) {
		const struct store_level *level = &answer->levels[i];
		const struct store_rate *rate = &question->rates[i];
		uint64_t used = sum(
		    world, question->key, question->place, rate, world->now_ms);
		int64_t wait_ms = 0;

		if (!question->fitted[i] && !question->is_unlimited)
			wait_ms = wait_for(world, question->key,
			    question->place, rate, question->use->amount);
		if (level->max != rate->max ||
		    level->window_sec != rate->window_sec ||
		    level->period != rate->period)
			WRONG(
			    "%s: rate %zu is another", names[question->key], i);
		if (level->used != used || level->retry_ms != wait_ms)
			WRONG("%s: rate %zu (%u s, %d): %" PRIu64
			      " used, not %" PRIu64 "; wait %" PRId64
			      ", not %" PRId64,
			    names[question->key], i, rate->window_sec,
			    rate->period, used, level->used, wait_ms,
			    level->retry_ms);
	}
}

static void
note(struct world *world, const struct question *question,
    struct store_call *call)
{
	struct event *event = &world->events[world->n_events++];

	*event = (struct event){ .at_ms = world->now_ms,
		.amount = question->use->amount,
		.key = question->key,
		.place = question->place,
		.n_rates = question->n_rates,
		.call = call };
	memcpy(event->rates, question->rates, sizeof(event->rates));
}

static void
ask(struct world *world, size_t key, const struct store_use *use)
{
	struct question question = {
		.key = key, .place = world->is_away ? HERE : THERE, .use = use
	};
	const struct store_answer *answer;
	struct store_call *call;

	predict(world, &question);
	call = pair_call(world->stores[question.place], use, world->now_ms);
	answer = store_call_answer(call, 0);
	check_answer(world, &question, answer);
	if (question.is_charged)
		note(world, &question, call);
	check_levels(world, &question, answer);
	if (!question.is_charged) {
		store_call_put(call);
	} else if (use->op == STORE_ATTEMPT) {
		/* Of an attempt nothing goes back, asked for or not. */
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

static const struct pair_case cases[] = {
	CASE(test_every_answer_is_what_the_log_says),
};

int
main(void)
{
	return law_run("store model", cases, COUNT(cases));
}
