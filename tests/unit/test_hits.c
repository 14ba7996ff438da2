/* Hits of rules are counted by rule, day, action and observed, and are all
 * there when they are flushed. */
#include "daemon/keeper/hits.h"

#include "base/calendar.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOON_MS INT64_C(1795435200000) /* 2026-11-23 12:00 UTC */
#define HOUR_MS INT64_C(3600000)

struct flushed {
	struct buf text; /* "rule day action n|…" */
	size_t n_hits;
	uint64_t n;
	size_t n_batches;
};

static void
keep_hits(void *context, const struct store_hit *hits, size_t n)
{
	struct flushed *flushed = context;

	assert_true(n > 0 && n <= HITS_BATCH);
	flushed->n_batches++;
	flushed->n_hits += n;
	for (size_t i = 0; i < n; i++) {
		buf_printf(&flushed->text, "%.*s %.*s %s%.*s %llu|",
		    STR_ARG(hits[i].rule), STR_ARG(hits[i].day),
		    hits[i].is_observed ? "would-" : "",
		    STR_ARG(hits[i].action), (unsigned long long)hits[i].n);
		flushed->n += hits[i].n;
	}
}

static struct flushed
flush(struct hits *hits)
{
	struct flushed flushed = { 0 };

	buf_add_cstr(&flushed.text, "|");
	hits_flush(hits, keep_hits, &flushed);
	return flushed;
}

static void
hits_are_counted_apart(void **state)
{
	struct hits *hits = hits_new();
	struct flushed flushed;

	(void)state;
	for (int i = 0; i < 3; i++)
		hits_add(hits, STR("spam"), "reject", false, NOON_MS);
	hits_add(hits, STR("spam"), "reject", true, NOON_MS);
	hits_add(hits, STR("spam"), "tempfail", false, NOON_MS);
	hits_add(hits, STR("pace"), "reject", false, NOON_MS);
	hits_add(hits, STR("pace"), "reject", false, NOON_MS + 24 * HOUR_MS);
	flushed = flush(hits);
	assert_int_equal(flushed.n_hits, 5);
	assert_non_null(strstr(flushed.text.p, "|spam 2026-11-23 reject 3|"));
	assert_non_null(
	    strstr(flushed.text.p, "|spam 2026-11-23 would-reject 1|"));
	assert_non_null(strstr(flushed.text.p, "|spam 2026-11-23 tempfail 1|"));
	assert_non_null(strstr(flushed.text.p, "|pace 2026-11-23 reject 1|"));
	assert_non_null(strstr(flushed.text.p, "|pace 2026-11-24 reject 1|"));
	buf_done(&flushed.text);
	flushed = flush(hits);
	assert_int_equal(flushed.n_batches, 0);
	buf_done(&flushed.text);
	hits_free(hits);
}

static void
a_day_begins_at_the_process_midnight(void **state)
{
	struct hits *hits = hits_new();
	struct flushed flushed;

	(void)state;
	setenv("TZ", "Pacific/Auckland", 1);
	tzset();
	calendar_zone_changed();
	hits_add(hits, STR("r"), "reject", false, NOON_MS);
	hits_add(hits, STR("r"), "reject", false, NOON_MS - 2 * HOUR_MS);
	flushed = flush(hits);
	assert_non_null(strstr(flushed.text.p, "|r 2026-11-24 reject 1|"));
	assert_non_null(strstr(flushed.text.p, "|r 2026-11-23 reject 1|"));
	buf_done(&flushed.text);
	hits_free(hits);
	setenv("TZ", "UTC", 1);
	tzset();
	calendar_zone_changed();
}

static void
many_rules_are_written_in_batches_and_memory_is_bounded(void **state)
{
	struct hits *hits = hits_new();
	struct flushed flushed;
	char rule[32];

	(void)state;
	for (int i = 0; i < HITS_MAX + 1000; i++) {
		snprintf(rule, sizeof(rule), "rule-%d", i);
		hits_add(hits, str_of(rule), "reject", false, NOON_MS);
		hits_add(hits, str_of(rule), "reject", false, NOON_MS);
	}
	flushed = flush(hits);
	assert_int_equal(flushed.n_hits, HITS_MAX);
	assert_int_equal(flushed.n, 2 * HITS_MAX);
	assert_int_equal(flushed.n_batches, HITS_MAX / HITS_BATCH);
	buf_done(&flushed.text);
	hits_free(hits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_are_counted_apart),
		cmocka_unit_test(a_day_begins_at_the_process_midnight),
		cmocka_unit_test(
		    many_rules_are_written_in_batches_and_memory_is_bounded),
	};

	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	setenv("TZ", "UTC", 1);
	tzset();
	calendar_zone_changed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
