/*
 * Limits that count different values, against a plain list of when each value
 * was seen last: as test_store_model.c.
 */
#include "law_kit.h"

#define STEPS  6000
#define VALUES 12

/* A value of a distinct limit, and when it was seen last. */
struct value {
	int64_t seen_ms; /* NEVER: not there */
};

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

static const struct store_rate rates[] = { { 4, 60, STORE_ROLLING },
	{ 7, 0, STORE_DAILY }, { 8, 604800, STORE_ROLLING } };

static const char *const texts[VALUES] = { "v0", "v1", "v2", "v3", "v4", "v5",
	"v6", "v7", "v8", "v9", "va", "vb" };

static void
check_levels(const struct set *set, const struct store_answer *answer,
    const size_t *asked, size_t n, bool is_charged)
{
	for (size_t i = 0; i < COUNT(rates); i++) {
		const struct store_rate *rate = &rates[i];
		uint64_t with =
		    count_values(set, rate, asked, n, true, set->now_ms);
		uint64_t used =
		    count_values(set, rate, asked, n, is_charged, set->now_ms);
		int64_t wait_ms = 0;

		if (with > rate->max)
			wait_ms = wait_for_values(set, rate, asked, n);
		if (answer->levels[i].used != used ||
		    answer->levels[i].retry_ms != wait_ms)
			WRONG("values of rate %zu: %" PRIu64 ", not %" PRIu64
			      "; wait %" PRId64 ", not %" PRId64,
			    i, used, answer->levels[i].used, wait_ms,
			    answer->levels[i].retry_ms);
	}
}

/* Seen again, a value is always seen later than it was. */
static void
note(struct set *set, struct store_call *call, const size_t *asked, size_t n)
{
	struct added *added = &set->added[set->n_added++];

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
}

static void
step_see(struct set *set)
{
	size_t first = random_below(VALUES), n = random_below(3) + 1;
	struct str members[3];
	struct store_use use = {
		.limit = STR("law"),
		.unit = STR("distinct"),
		.identity = STR("set"),
		.rates = rates,
		.n_rates = COUNT(rates),
		.op = random_below(5) == 0 ? STORE_PEEK : STORE_CHARGE,
		.members = members,
		.n_members = n,
	};
	const struct store_answer *answer;
	struct store_call *call;
	size_t asked[3];
	bool fits = true;

	for (size_t i = 0; i < n; i++) {
		asked[i] = (first + i * 5) % VALUES;
		members[i] = str_of(texts[asked[i]]);
	}
	for (size_t i = 0; i < COUNT(rates); i++)
		fits = fits && count_values(set, &rates[i], asked, n, true,
				   set->now_ms) <= rates[i].max;
	call = pair_call(set->store, &use, set->now_ms);
	answer = store_call_answer(call, 0);
	if (answer->fits != fits)
		WRONG("values fit %d, not %d", fits, answer->fits);
	check_levels(set, answer, asked, n, use.op == STORE_CHARGE && fits);
	if (use.op == STORE_CHARGE && fits)
		note(set, call, asked, n);
	else
		store_call_put(call);
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
	CASE(test_every_set_has_what_the_log_says),
};

int
main(void)
{
	return law_run("store model of values", cases, COUNT(cases));
}
