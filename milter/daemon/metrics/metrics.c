/*
 * All that is counted while mail goes on. There is one process, so there is one
 * of these; it is never freed, since callbacks may run until the end.
 */
#include "daemon/metrics/own.h"

#include "base/clock.h"
#include "rules/program.h"

#include <pthread.h>
#include <string.h>

static struct metrics_counted counted;
static pthread_mutex_t hash_lock = PTHREAD_MUTEX_INITIALIZER;
static char hash[METRICS_HASH_MAX];

void
metrics_init(struct engine *engine)
{
	counted.engine = engine;
	counted.started_ms = clock_wall_ms();
	counted.verdicts = counts_new(METRICS_RULES_MAX);
	counted.hits = counts_new(METRICS_RULES_MAX);
	counted.spent = counts_new(METRICS_RULES_MAX);
	counted.cpu_us = counts_new(METRICS_RULES_MAX);
	counted.crossings = counts_new(METRICS_LIMITS_MAX);
}

static void
expect_rule(const struct rule *rule, bool observe_all)
{
	const struct action_type *type =
	    action_type(rule_main_action(rule)->kind);
	struct count_of of = { .name = rule->name, .word = type->name };

	if (type->is_terminal)
		of.is_observed = rule->is_observed || observe_all;
	counts_add(type->is_terminal ? counted.verdicts : counted.hits, of, 0);
}

static void
expect_limit(const struct limit *limit)
{
	struct count_of of = { .name = limit->name, .word = "near" };

	counts_add(counted.crossings, of, 0);
	of.word = "over";
	counts_add(counted.crossings, of, 0);
	of.word = "locked";
	if (limit->locks_sec > 0)
		counts_add(counted.crossings, of, 0);
}

void
metrics_rules(const struct ruleset *rules)
{
	const struct program *program = ruleset_program(rules);
	bool observe_all = ruleset_options(rules)->observe_all;

	for (size_t i = 0; i < program->n_rules; i++)
		expect_rule(program->rules[i], observe_all);
	for (size_t i = 0; i < program->n_limits; i++)
		expect_limit(program->limits[i]);
}

const struct metrics_counted *
metrics_counted(void)
{
	return &counted;
}

static void
count_one(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void
metrics_stage(enum stage stage, enum reply_kind kind)
{
	if (kind < METRICS_KINDS)
		count_one(&counted.stages[stage][kind]);
}

void
metrics_verdict(const struct verdict_report *report)
{
	const struct count_of of = {
		.name = report->rule.len > 0 ? report->rule : STR("(none)"),
		.word = report->action,
		.is_observed = report->is_observed,
	};

	counts_add(counted.verdicts, of, 1);
}

void
metrics_crossing(const struct crossing_report *report)
{
	static const char *const words[] = { [CROSSING_NEAR] = "near",
		[CROSSING_OVER] = "over",
		[CROSSING_LOCKED] = "locked" };
	const struct count_of of = { report->limit.name, words[report->kind],
		false };

	counts_add(counted.crossings, of, 1);
}

void
metrics_hit(struct str rule, const char *action)
{
	counts_add(counted.hits, (struct count_of){ rule, action, false }, 1);
}

void
metrics_spent(struct str rule, const char *action)
{
	counts_add(counted.spent, (struct count_of){ rule, action, false }, 1);
}

void
metrics_cpu(struct str rule, uint64_t us)
{
	const struct count_of of = { .name = rule.len > 0 ? rule : STR("(all)"),
		.word = "" };

	counts_add(counted.cpu_us, of, us);
}

void
metrics_damage(uint64_t damage)
{
	for (unsigned i = 0; i < DAMAGE_N && damage >> i != 0; i++)
		if ((damage & DAMAGE_BIT(i)) != 0)
			count_one(&counted.damage[i]);
}

void
metrics_reload(bool is_good, const char *new_hash, int64_t now_ms)
{
	count_one(&counted.n_loads[is_good]);
	atomic_store(&counted.was_good, is_good);
	if (!is_good)
		return;
	atomic_store(&counted.good_ms, now_ms);
	pthread_mutex_lock(&hash_lock);
	strncpy(hash, new_hash, sizeof(hash) - 1);
	pthread_mutex_unlock(&hash_lock);
}

void
metrics_hash(char hash_out[METRICS_HASH_MAX])
{
	pthread_mutex_lock(&hash_lock);
	memcpy(hash_out, hash, sizeof(hash));
	pthread_mutex_unlock(&hash_lock);
}
