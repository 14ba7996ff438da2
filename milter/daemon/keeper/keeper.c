/*
 * Each second a row of small tasks. One of them may wait as long as a question
 * of an operator does (5 s), when the store has just stopped answering; the
 * others can bear that. Nothing here is freed: at the end callbacks may still
 * be running.
 *
 * The trap is the outage that nobody notices: a single call that came too late
 * is counted here, too, while the store never was "away". So what was counted
 * here is looked for each second, not at the moment at which the store returns.
 */
#include "daemon/keeper/keeper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "daemon/keeper/events.h"
#include "daemon/keeper/hits.h"
#include "daemon/keeper/switches.h"
#include "daemon/life/life.h"
#include "daemon/metrics/metrics.h"
#include "daemon/policy.h"
#include "daemon/sessions.h"
#include "daemon/threads.h"
#include "rules/program.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOST_FIELDS_MAX 12

static struct keeper {
	struct engine *engine;
	struct events *events;
	struct hits *hits;
	struct switches *switches;
	const char *host;
	const char *timezone;
	int64_t started_ms;
	_Atomic int64_t round_us;
	atomic_bool is_over;
	atomic_bool has_news; /* for the host's record: do not wait */
} keeper;

static void
write_event(void *unused, const struct store_event *event)
{
	(void)unused;
	store_event_send(keeper.engine->store, event);
}

static void
write_hot(void *unused, struct str limit, struct str identity)
{
	(void)unused;
	store_hot_send(keeper.engine->store, limit, identity, clock_wall_ms());
}

static void
write_hits(void *unused, const struct store_hit *hits, size_t n)
{
	(void)unused;
	store_hits_send(keeper.engine->store, hits, n, clock_wall_ms());
}

static void
on_verdict(void *unused, const struct verdict_report *report)
{
	(void)unused;
	life_verdict(report);
	metrics_verdict(report);
	if (report->rule.len > 0)
		hits_add(keeper.hits, report->rule, report->action,
		    report->is_observed, clock_wall_ms());
	events_verdict(keeper.events, report, clock_steady_us() / 1000);
}

static void
on_hit(void *unused, struct str rule, const char *action)
{
	(void)unused;
	metrics_hit(rule, action);
	hits_add(keeper.hits, rule, action, false, clock_wall_ms());
}

/* Among what the rule did: "regex-limit", "scan-budget". */
static void
on_spent(void *unused, struct str rule, const char *action)
{
	(void)unused;
	metrics_spent(rule, action);
	hits_add(keeper.hits, rule, action, false, clock_wall_ms());
}

static void
on_crossing(void *unused, const struct crossing_report *report)
{
	(void)unused;
	metrics_crossing(report);
	events_crossing(keeper.events, report, clock_steady_us() / 1000);
}

static void
on_stage(void *unused, enum stage stage, enum reply_kind kind)
{
	(void)unused;
	metrics_stage(stage, kind);
}

static void
on_cpu(void *unused, struct str rule, uint64_t us)
{
	(void)unused;
	metrics_cpu(rule, us);
}

static bool
is_observed(void *unused, struct str rule)
{
	(void)unused;
	return switches_has(keeper.switches, rule, clock_wall_ms());
}

static char *
copy_text(struct str text)
{
	char *copy = xmalloc(text.len + 1);

	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	return copy;
}

void
keeper_init(const struct keeper_options *options)
{
	const struct events_sink sink = { .write = write_event,
		.hot = write_hot };
	struct engine *engine = options->engine;

	metrics_init(engine);
	keeper.engine = engine;
	keeper.events = events_new(&sink, options->host);
	keeper.hits = hits_new();
	keeper.switches = switches_new();
	keeper.host = copy_text(options->host);
	keeper.timezone = copy_text(options->timezone);
	keeper.started_ms = clock_wall_ms();
	engine->on_verdict = on_verdict;
	engine->on_crossing = on_crossing;
	engine->on_hit = on_hit;
	engine->on_spent = on_spent;
	engine->on_stage = on_stage;
	engine->on_cpu = on_cpu;
	engine->is_observed = is_observed;
}

/* A table whose outage is to be bridged must be copied before the outage. */
static void
copy_tables(const struct ruleset *rules)
{
	const struct program *program = ruleset_program(rules);

	for (size_t i = 0; i < program->n_tables; i++) {
		const struct table *table = program->tables[i];

		if (table->is_redis && table->is_used &&
		    table->on_outage == TABLE_KEEP)
			store_copy_table(keeper.engine->store, table->name);
	}
}

void
keeper_use(const struct ruleset *rules)
{
	copy_tables(rules);
	metrics_rules(rules);
	atomic_store(&keeper.has_news, true);
}

/* What this process counted while the store was away. */
static void
merge(void)
{
	struct store *local = keeper.engine->local;
	size_t before = store_n_merged(local), n;

	store_merge(keeper.engine->store, local);
	n = store_n_merged(local) - before;
	if (n > 0)
		log_info("store: added what was counted here while it was "
			 "away: %zu counter%s",
		    n, n == 1 ? "" : "s");
}

struct host_record {
	struct store_field fields[HOST_FIELDS_MAX];
	char numbers[3][24];
	size_t n;
};

static void
put(struct host_record *record, const char *name, const char *value)
{
	record->fields[record->n++] =
	    (struct store_field){ str_of(name), str_of(value) };
}

static void
put_number(
    struct host_record *record, size_t at, const char *name, int64_t number)
{
	snprintf(record->numbers[at], sizeof(record->numbers[at]), "%lld",
	    (long long)number);
	put(record, name, record->numbers[at]);
}

/* sluice-redis(7) has the list of fields. */
static void
tell_host(void)
{
	struct policy *policy = policy_current();
	struct host_record record = { .n = 0 };
	bool is_observing = ruleset_options(policy->rules)->observe_all;

	put(&record, "version", SLUICE_VERSION);
	put(&record, "rules", ruleset_hash(policy->rules));
	put(&record, "timezone", keeper.timezone);
	put(&record, "store", store_name(keeper.engine->store));
	put(&record, "mode", is_observing ? "observe" : "enforce");
	put_number(&record, 0, "started", keeper.started_ms / 1000);
	put_number(&record, 1, "connections", (int64_t)sessions_n_connected());
	put_number(&record, 2, "pid", getpid());
	store_host_send(keeper.engine->store, str_of(keeper.host),
	    record.fields, record.n, clock_wall_ms());
	policy_put(policy);
}

static void
renew_copies(void)
{
	store_copies_renew(keeper.engine->store);
}

/* The one question that is asked each second anyhow, so it also tells how the
 * store is when no mail asks it anything. */
static void
poll_switches(void)
{
	int64_t start_us = clock_steady_us();
	int rc = switches_poll(
	    keeper.switches, keeper.engine->store, clock_wall_ms());

	if (rc == 0)
		life_store(true, clock_steady_us() - start_us);
	else if (!store_is_up(keeper.engine->store))
		life_store(false, 0); /* and not that one key cannot be read */
}

static void
flush_hits(void)
{
	hits_flush(keeper.hits, write_hits, NULL);
}

/* While the store is up, in this order. */
static const struct task {
	void (*run)(void);
	unsigned every_sec;
} tasks[] = {
	{ poll_switches, 1 },
	{ merge, 1 },
	{ flush_hits, 3 },
	{ renew_copies, 5 },
	{ tell_host, 10 },
};

enum { N_TASKS = sizeof(tasks) / sizeof(*tasks) };

static void
run_tasks(unsigned second, bool is_back)
{
	struct store *store = keeper.engine->store;
	bool has_news = atomic_exchange(&keeper.has_news, false) || is_back;

	for (size_t i = 0; i < N_TASKS; i++) {
		/* Whatever ran before may have found the store away. */
		if (atomic_load(&keeper.is_over) || !store_is_up(store))
			return;
		if (has_news || second % tasks[i].every_sec == 0)
			tasks[i].run();
	}
}

static void
wait_for_store(void)
{
	switches_expire(keeper.switches, clock_wall_ms());
	life_store(false, 0);
}

static void *
work(void *unused)
{
	const struct timespec pause = { .tv_sec = 1 };
	bool was_up = true;

	for (unsigned second = 0; !atomic_load(&keeper.is_over); second++) {
		bool is_up = store_is_up(keeper.engine->store);

		atomic_store(&keeper.round_us, clock_steady_us());
		if (is_up)
			run_tasks(second, !was_up);
		else
			wait_for_store();
		events_tick(keeper.events, clock_steady_us() / 1000);
		was_up = is_up;
		nanosleep(&pause, NULL);
	}
	return unused;
}

int64_t
keeper_round_us(void)
{
	return atomic_load(&keeper.round_us);
}

struct observed_each {
	void (*each)(void *context, struct str rule, int64_t until_ms);
	void *context;
};

static void
tell_observed(void *context, const struct store_switch *one)
{
	const struct observed_each *to = context;

	to->each(to->context, one->rule, one->hold.until_ms);
}

void
keeper_each_observed(
    void (*each)(void *context, struct str rule, int64_t until_ms),
    void *context)
{
	struct observed_each to = { each, context };

	switches_each(keeper.switches, clock_wall_ms(), tell_observed, &to);
}

void
keeper_n_lost(struct keeper_lost *lost_out)
{
	lost_out->n_events = events_n_lost(keeper.events);
	lost_out->n_hits = hits_n_lost(keeper.hits);
}

int
keeper_start(void)
{
	atomic_store(&keeper.round_us, clock_steady_us());
	return threads_start("keeper", work, NULL);
}

void
keeper_stop(void)
{
	atomic_store(&keeper.is_over, true);
	events_flush(keeper.events);
	flush_hits();
}
