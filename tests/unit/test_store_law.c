/*
 * The law of limits, against an exact log of events. Random schedules of
 * charges, attempts, peeks, refunds and time run on both stores at once:
 *
 *  - no window of T ever admits more than max (refunded events left out);
 *  - what fits when everything older than T + T/8 is forgotten, is let in;
 *  - both stores give the same answers to the same questions.
 *
 * SEED=n runs another schedule; the seed is printed when something is wrong.
 */
#include "store_kit.h"

#include "base/calendar.h"

#define STEPS      6000
#define KEYS       6
#define RATES      3
#define EVENTS_MAX STEPS

struct event {
	int64_t at_ms;
	uint64_t amount;
	enum store_op op;
	bool is_given_back;
	struct store_call *calls[2]; /* references, until given back */
};

/* All that was ever charged for one key. */
struct history {
	const char *identity;
	size_t n_rates;
	struct store_rate rates[RATES];
	struct event *events;
	size_t n_events;
};

static struct redis_server server;
static struct store *stores[2];
static uint64_t seed, random_state;

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
		print_error("SEED=%llu: ", (unsigned long long)seed);          \
		fail_msg(__VA_ARGS__);                                         \
	} while (0)

/* What was charged in [from_ms, to_ms] and not given back. */
static uint64_t
sum_events(const struct history *history, int64_t from_ms, int64_t to_ms)
{
	uint64_t sum = 0;

	for (size_t i = history->n_events; i > 0; i--) {
		const struct event *event = &history->events[i - 1];

		if (event->at_ms < from_ms)
			break;
		if (!event->is_given_back && event->at_ms <= to_ms)
			sum += event->amount;
	}
	return sum;
}

static void
check_law(const struct history *history, const struct store_answer *answer,
    uint64_t amount, int64_t now_ms)
{
	bool must_fit = true;

	for (size_t i = 0; i < history->n_rates; i++) {
		const struct store_rate *rate = &history->rates[i];
		int64_t window_ms = (int64_t)rate->window_sec * 1000;
		uint64_t exact =
		    sum_events(history, now_ms - window_ms + 1, now_ms);
		uint64_t strict =
		    sum_events(history, now_ms - window_ms * 9 / 8, now_ms);

		if (answer->fits && exact + amount > rate->max)
			WRONG("%llu in %u s, and another %llu was let in",
			    (unsigned long long)exact, rate->window_sec,
			    (unsigned long long)amount);
		if (answer->levels[i].used > strict + amount)
			WRONG("used is more than ever was");
		must_fit = must_fit && strict + amount <= rate->max;
	}
	if (must_fit && !answer->fits)
		WRONG("%llu fits and was refused", (unsigned long long)amount);
}

static void
check_same(const struct history *history, const struct store_answer *a,
    const struct store_answer *b)
{
	if (a->fits != b->fits || a->failed || b->failed)
		WRONG("the stores do not agree about %s", history->identity);
	for (size_t i = 0; i < history->n_rates; i++) {
		const struct store_level *x = &a->levels[i];
		const struct store_level *y = &b->levels[i];

		if (x->used != y->used || x->slot != y->slot ||
		    x->retry_ms != y->retry_ms)
			WRONG("rate %zu: used %llu/%llu, slot %lld/%lld, "
			      "retry %lld/%lld",
			    i, (unsigned long long)x->used,
			    (unsigned long long)y->used, (long long)x->slot,
			    (long long)y->slot, (long long)x->retry_ms,
			    (long long)y->retry_ms);
	}
}

/* Asks both; calls_out owns a reference to each. */
static struct store_answer
ask_both(const struct history *history, enum store_op op, uint64_t amount,
    int64_t now_ms, struct store_call *calls_out[2])
{
	const struct kit_use use = { history->identity, op, amount,
		history->rates, history->n_rates };

	for (size_t i = 0; i < 2; i++)
		calls_out[i] = kit_call(stores[i], &use, now_ms);
	check_same(history, store_call_answer(calls_out[0], 0),
	    store_call_answer(calls_out[1], 0));
	return *store_call_answer(calls_out[0], 0);
}

static void
put_both(struct store_call *calls[2])
{
	for (size_t i = 0; i < 2; i++) {
		store_call_put(calls[i]);
		calls[i] = NULL;
	}
}

/* retry_ms is exact: one ms before it does not fit, then it does. */
static void
check_retry(const struct history *history, const struct store_answer *answer,
    uint64_t amount, int64_t now_ms)
{
	struct store_call *calls[2];
	int64_t retry_ms = 0;

	for (size_t i = 0; i < history->n_rates; i++) {
		if (answer->levels[i].retry_ms == -1)
			return;
		if (answer->levels[i].retry_ms > retry_ms)
			retry_ms = answer->levels[i].retry_ms;
	}
	if (ask_both(history, STORE_PEEK, amount, now_ms + retry_ms - 1, calls)
		.fits)
		WRONG("room came back before %lld ms", (long long)retry_ms);
	put_both(calls);
	if (!ask_both(history, STORE_PEEK, amount, now_ms + retry_ms, calls)
		 .fits)
		WRONG("no room after %lld ms", (long long)retry_ms);
	put_both(calls);
}

static void
step_count(struct history *history, enum store_op op, int64_t now_ms)
{
	uint64_t amount = random_below(8) == 0 ? random_below(30) : 1;
	struct store_call *calls[2];
	struct store_answer answer =
	    ask_both(history, op, amount, now_ms, calls);
	bool is_charged =
	    op == STORE_ATTEMPT || (op == STORE_CHARGE && answer.fits);

	if (op != STORE_ATTEMPT)
		check_law(history, &answer, amount, now_ms);
	if (op == STORE_PEEK && !answer.fits)
		check_retry(history, &answer, amount, now_ms);
	if (!is_charged) {
		put_both(calls);
		return;
	}
	history->events[history->n_events++] =
	    (struct event){ now_ms, amount, op, false, { calls[0], calls[1] } };
}

/* One of the last events; twice is as good as once. */
static void
step_give_back(struct history *history, int64_t now_ms)
{
	size_t back = random_below(12) + 1;
	struct event *event;

	if (back > history->n_events)
		return;
	event = &history->events[history->n_events - back];
	if (event->calls[0] == NULL)
		return;
	for (size_t i = 0; i < 2; i++) {
		store_call_give_back(event->calls[i], 1, now_ms);
		assert_int_equal(store_flush(stores[i], 5000), 0);
	}
	put_both(event->calls);
	/* Attempts stay: that is their point. */
	event->is_given_back = event->op == STORE_CHARGE;
}

static int64_t
random_pause(void)
{
	switch (random_below(12)) {
	case 0:
		return (int64_t)random_below(3000);
	case 1:
		return (int64_t)random_below(60000);
	case 2:
		return random_below(20) == 0 ? (int64_t)random_below(4000000)
					     : 0;
	default:
		return (int64_t)random_below(30);
	}
}

static struct history
make_history(const char *identity, size_t n_rates)
{
	static const uint32_t windows[] = { 1, 7, 60, 90, 3600 };
	struct history history = { .identity = identity, .n_rates = n_rates };
	/* Each window once, in any order: five is prime. */
	size_t first = random_below(5), step = random_below(4) + 1;

	for (size_t i = 0; i < n_rates; i++)
		history.rates[i] = (struct store_rate){
			random_below(60) + (i + 1) * 5,
			windows[(first + i * step) % 5],
			STORE_ROLLING,
		};
	history.events = test_calloc(EVENTS_MAX, sizeof(struct event));
	return history;
}

static void
free_history(struct history *history)
{
	for (size_t i = 0; i < history->n_events; i++)
		put_both(history->events[i].calls);
	test_free(history->events);
}

/* has_attempts: then charges may be over, and the law of max is no law. */
static void
run_schedule(bool has_attempts, int64_t (*pause)(void))
{
	static const char *const names[KEYS] = { "a", "b", "c", "d", "e", "f" };
	struct history histories[KEYS];
	int64_t now_ms = T0 + (int64_t)random_below(1000000);

	for (size_t i = 0; i < KEYS; i++)
		histories[i] = make_history(names[i], i % RATES + 1);
	for (size_t i = 0; i < STEPS; i++) {
		struct history *history = &histories[random_below(KEYS)];
		uint64_t dice = random_below(20);

		now_ms += pause();
		if (dice < 3)
			step_give_back(history, now_ms);
		else if (dice < 6)
			step_count(history, STORE_PEEK, now_ms);
		else if (dice < 8 && has_attempts)
			step_count(history, STORE_ATTEMPT, now_ms);
		else
			step_count(history, STORE_CHARGE, now_ms);
	}
	for (size_t i = 0; i < KEYS; i++)
		free_history(&histories[i]);
}

static void
test_no_window_ever_admits_more_and_nothing_that_fits_is_refused(void **state)
{
	(void)state;
	run_schedule(false, random_pause);
}

static void
test_attempts_count_like_everything_else(void **state)
{
	(void)state;
	run_schedule(true, random_pause);
}

/* The clock jumps to and fro: no law but that both stores do the same. */
static void
run_wild_clock(struct history *history, int64_t often_ms, int64_t seldom_ms)
{
	int64_t now_ms = T0;

	for (int i = 0; i < STEPS / 2; i++) {
		struct store_call *calls[2];
		int64_t reach = random_below(4) == 0 ? seldom_ms : often_ms;

		now_ms += (int64_t)random_below((uint64_t)reach * 2) - reach;
		ask_both(history, (enum store_op)random_below(3),
		    random_below(10), now_ms, calls);
		for (size_t s = 0; s < 2 && random_below(3) == 0; s++) {
			store_call_give_back(calls[0], 1, now_ms);
			store_call_give_back(calls[1], 1, now_ms);
			assert_int_equal(store_flush(stores[1], 5000), 0);
		}
		put_both(calls);
	}
	free_history(history);
}

static void
test_both_stores_follow_a_wild_clock_alike(void **state)
{
	struct history history = make_history("wild", RATES);

	(void)state;
	run_wild_clock(&history, 20000, 9000000);
}

static void
test_both_stores_follow_a_wild_calendar_alike(void **state)
{
	struct history history = make_history("wild", RATES);

	(void)state;
	history.rates[1] = (struct store_rate){ 40, 0, STORE_DAILY };
	history.rates[2] = (struct store_rate){ 90, 0, STORE_MONTHLY };
	run_wild_clock(&history, 40000000, INT64_C(4000000000));
}

static int
open_both(void **state)
{
	const char *text = getenv("SEED");

	(void)state;
	seed = text != NULL ? strtoull(text, NULL, 10) : 20260101;
	random_state = seed;
	setenv("TZ", "Europe/Berlin", 1);
	calendar_zone_changed();
	print_message("SEED=%llu\n", (unsigned long long)seed);
	server_init(&server);
	server_start(&server);
	stores[0] = kit_open("memory", 0);
	stores[1] = kit_open(server.url, 5000);
	return 0;
}

static int
close_both(void **state)
{
	(void)state;
	store_close(stores[0]);
	store_close(stores[1]);
	server_done(&server);
	return 0;
}

static int
wipe_both(void **state)
{
	struct buf error = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(store_wipe(stores[i], &error), 0);
	buf_done(&error);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    test_no_window_ever_admits_more_and_nothing_that_fits_is_refused,
		    wipe_both),
		cmocka_unit_test_setup(
		    test_attempts_count_like_everything_else, wipe_both),
		cmocka_unit_test_setup(
		    test_both_stores_follow_a_wild_clock_alike, wipe_both),
		cmocka_unit_test_setup(
		    test_both_stores_follow_a_wild_calendar_alike, wipe_both),
	};

	return cmocka_run_group_tests_name(
	    "store law", tests, open_both, close_both);
}
