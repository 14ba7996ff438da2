/*
 * ledger_scale: how long what operators ask takes in a large store, without
 * the start of a tool. Made and filled by ledger_scale.sh.
 *
 *   ledger_scale URL LIMITS IDENTITIES
 *
 * Each line: what was asked, how many answers, ms (median of 11 runs).
 */
#include "store/ledger.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS       11
#define TOP_KEYS   3000 /* of all limits, as in milter/tool/top.c */
#define LIMITS_MAX 100
#define ASKED_MAX  (LIMITS_MAX * STORE_HOT_MAX)

struct scale {
	struct store *store;
	struct arena *arena;
	struct str limits[LIMITS_MAX];
	size_t n_limits;
	struct str identity;
	struct store_asked *asked;
	size_t n_asked;
	struct str limit; /* that is being listed */
	size_t n_of_limit;
	size_t most; /* keys of one limit */
	size_t n_answers;
};

static void
fail(struct buf *error)
{
	fprintf(stderr, "ledger_scale: %.*s\n", STR_ARG(buf_str(error)));
	exit(1);
}

static bool
count_account(void *context, size_t i, const struct store_account *account)
{
	struct scale *scale = context;

	(void)i;
	scale->n_answers +=
	    account->n_counters + (account->standing.grant.until_ms > 0);
	return true;
}

static bool
count_grant(void *context, const struct store_grant *grant)
{
	struct scale *scale = context;

	(void)grant;
	scale->n_answers++;
	return true;
}

static bool
keep_hot(void *context, struct str identity)
{
	struct scale *scale = context;

	scale->asked[scale->n_asked++] =
	    (struct store_asked){ .limit = scale->limit,
		    .identity = arena_str(scale->arena, identity) };
	return ++scale->n_of_limit < scale->most;
}

static void
ask_accounts(struct scale *scale)
{
	const struct store_asking asking = { scale->asked, scale->n_asked,
		STORE_NOW };
	struct buf error = { 0 };

	if (store_accounts(
		scale->store, &asking, count_account, scale, &error) == -1)
		fail(&error);
}

static void
ask_one(struct scale *scale)
{
	scale->n_asked = 1;
	scale->asked[0] = (struct store_asked){ .limit = scale->limits[0],
		.identity = scale->identity };
	ask_accounts(scale);
}

static void
ask_user(struct scale *scale)
{
	scale->n_asked = scale->n_limits;
	for (size_t i = 0; i < scale->n_limits; i++)
		scale->asked[i] =
		    (struct store_asked){ .limit = scale->limits[i],
			    .identity = scale->identity };
	ask_accounts(scale);
}

static void
ask_hot(struct scale *scale, size_t most)
{
	struct buf error = { 0 };

	scale->most = most;
	scale->n_asked = 0;
	for (size_t i = 0; i < scale->n_limits; i++) {
		scale->limit = scale->limits[i];
		scale->n_of_limit = 0;
		if (store_hot(scale->store, scale->limit, keep_hot, scale,
			&error) == -1)
			fail(&error);
	}
	ask_accounts(scale);
}

/* As `sluice top` does. */
static void
ask_top(struct scale *scale)
{
	ask_hot(scale, TOP_KEYS / scale->n_limits);
}

static void
ask_all_hot(struct scale *scale)
{
	ask_hot(scale, STORE_HOT_MAX);
}

static void
ask_grants(struct scale *scale)
{
	struct buf error = { 0 };

	if (store_grants(scale->store, STORE_NOW, count_grant, scale, &error) ==
	    -1)
		fail(&error);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
measure(struct scale *scale, const char *what, void (*ask)(struct scale *scale))
{
	int64_t times_us[RUNS];

	for (int i = 0; i < RUNS; i++) {
		int64_t begin_us = clock_steady_us();

		scale->arena = arena_new(4096);
		scale->n_answers = 0;
		ask(scale);
		arena_free(scale->arena);
		times_us[i] = clock_steady_us() - begin_us;
	}
	qsort(times_us, RUNS, sizeof(times_us[0]), compare);
	printf("%-9s %7zu answers  %6.1f ms\n", what, scale->n_answers,
	    (double)times_us[RUNS / 2] / 1000);
}

int
main(int argc, char **argv)
{
	struct arena *names = arena_new(4096);
	struct scale scale = { .identity = STR("user77@example.org") };
	const struct store_options options = { .url = argc > 2 ? argv[1] : "",
		.timeout_ms = 5000 };
	struct buf error = { 0 };

	if ((scale.store = store_open(&options, &error)) == NULL)
		fail(&error);
	scale.n_limits = (size_t)atoi(argv[2]);
	if (scale.n_limits == 0 || scale.n_limits > LIMITS_MAX)
		return 2;
	for (size_t i = 0; i < scale.n_limits; i++)
		scale.limits[i] = arena_printf(names, "limit-%zu", i);
	scale.asked = calloc(ASKED_MAX, sizeof(*scale.asked));
	if (scale.asked == NULL)
		return 1;
	measure(&scale, "counters", ask_one);
	measure(&scale, "user", ask_user);
	measure(&scale, "top", ask_top);
	measure(&scale, "all hot", ask_all_hot);
	measure(&scale, "grants", ask_grants);
	free(scale.asked);
	store_close(scale.store);
	arena_free(names);
	return 0;
}
