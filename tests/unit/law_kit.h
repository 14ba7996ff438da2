/*
 * law_kit: what tests need that hold both stores to a plain log: chance with a
 * seed, a clock that goes forward, and days as the C library tells them.
 *
 * SEED=n runs another schedule, START=ms begins it at another time; both are
 * printed.
 */
#ifndef SLUICE_TESTS_LAW_KIT_H
#define SLUICE_TESTS_LAW_KIT_H

#include "store_pair.h"

#include <inttypes.h>

#define NEVER INT64_MIN

static uint64_t seed, random_state;
static int64_t start_ms;

static inline uint64_t
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

/* --- time, as the C library tells it ------------------------------------------- */

/* First ms of the day or month that is `more` after that of at_ms. */
static inline int64_t
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

static inline int64_t
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

static int
law_run(const char *name, const struct pair_case *cases, size_t n)
{
	const char *text = getenv("SEED");

	seed = text != NULL ? strtoull(text, NULL, 10) : 20260101;
	text = getenv("START");
	start_ms =
	    text != NULL ? strtoll(text, NULL, 10) : (int64_t)time(NULL) * 1000;
	print_message("SEED=%" PRIu64 " START=%" PRId64 "\n", seed, start_ms);
	return pair_run(name, cases, n);
}

#endif
