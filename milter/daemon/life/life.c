/*
 * Facts under one lock, which is held for a copy and never while a line is
 * written. Verdicts come too often for it, so they are counted by atomics.
 *
 * The trap is time: a wall clock that is set must not make an uptime negative,
 * so spans are taken from the steady one.
 */
#include "daemon/life/life.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "conf/load.h"
#include "daemon/life/notify.h"
#include "rules/program.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX 160

static pthread_mutex_t life_lock = PTHREAD_MUTEX_INITIALIZER;
static struct life_view life; /* n_messages and n_refusals are elsewhere */
static int64_t started_us;
static _Atomic uint64_t n_messages, n_refusals;

void
life_begin(const struct conf *conf, const struct engine *engine)
{
	life = (struct life_view){
		.engine = engine,
		.conf_path = xstrdup(conf->source.path),
		.listen = xstrdup(conf->listen.text),
		.host = xstrdup(conf_host(conf)),
		.started_ms = clock_wall_ms(),
		.is_store_up = true,
		.inspectors = inspect_versions(),
	};
	life.store_since_ms = life.started_ms;
	started_us = clock_steady_us();
}

static void
describe(const struct policy *policy, struct life_rules *rules)
{
	const struct ruleset *set = policy->rules;
	const struct program *program = ruleset_program(set);

	*rules = (struct life_rules){
		.n_rules = ruleset_n_rules(set),
		.n_limits = ruleset_n_limits(set),
		.n_tables = ruleset_n_tables(set),
		.is_observing = ruleset_options(set)->observe_all,
	};
	snprintf(rules->hash, sizeof(rules->hash), "%s", ruleset_hash(set));
	for (size_t i = 0; i < program->n_rules; i++)
		rules->n_observed += program->rules[i]->is_observed;
}

/* The rules in force from now on; returns those of before. */
static struct life_rules
take_rules(const struct policy *policy)
{
	struct life_rules before, now;

	describe(policy, &now);
	pthread_mutex_lock(&life_lock);
	before = life.rules;
	life.rules = now;
	life.rules_since_ms = clock_wall_ms();
	pthread_mutex_unlock(&life_lock);
	return before;
}

/* What `systemctl status` shows. */
static void
tell_manager(void)
{
	struct life_view view;
	char text[STATUS_MAX];

	if (!notify_is_wanted())
		return;
	life_view(&view);
	snprintf(text, sizeof(text), "%zu rules (%s)%s, store %s%s",
	    view.rules.n_rules, view.rules.hash,
	    view.rules.is_observing ? ", all observed" : "",
	    view.is_store_up ? "up" : "away",
	    view.reload.at_ms != 0 && !view.reload.is_good
		? ", last reload refused"
		: "");
	notify_status(text);
}

static const char *
mode_of(const struct life_rules *rules)
{
	return rules->is_observing ? "observe" : "enforce";
}

void
life_started(const struct policy *policy)
{
	struct log_event event;

	take_rules(policy);
	log_event_begin(&event, "start");
	log_event_word(&event, "version", STR(SLUICE_VERSION));
	log_event_text(&event, "listen", str_of(life.listen));
	log_event_text(&event, "store", str_of(store_name(life.engine->store)));
	log_event_number(&event, "rules", (int64_t)life.rules.n_rules);
	log_event_number(&event, "limits", (int64_t)life.rules.n_limits);
	log_event_number(&event, "tables", (int64_t)life.rules.n_tables);
	log_event_word(&event, "hash", str_of(life.rules.hash));
	log_event_word(&event, "mode", str_of(mode_of(&life.rules)));
	log_event_number(&event, "pid", getpid());
	log_event_write(&event, LOG_LEVEL_INFO);
	tell_manager();
}

/* "12", or "12 (11 before)" as two numbers. */
static void
add_count(struct log_event *event, const char *key, size_t now, size_t before)
{
	char key_before[32];

	log_event_number(event, key, (int64_t)now);
	if (now == before)
		return;
	snprintf(key_before, sizeof(key_before), "%s_before", key);
	log_event_number(event, key_before, (int64_t)before);
}

static void
log_good(const struct life_rules *before, const struct life_rules *now,
    uint32_t took_ms)
{
	struct log_event event;

	log_event_begin(&event, "reload");
	log_event_word(&event, "result", STR("good"));
	add_count(&event, "rules", now->n_rules, before->n_rules);
	add_count(&event, "limits", now->n_limits, before->n_limits);
	add_count(&event, "tables", now->n_tables, before->n_tables);
	log_event_word(&event, "hash", str_of(now->hash));
	if (strcmp(now->hash, before->hash) != 0)
		log_event_word(&event, "hash_before", str_of(before->hash));
	log_event_word(&event, "mode", str_of(mode_of(now)));
	log_event_number(&event, "took_ms", took_ms);
	log_event_write(&event, LOG_LEVEL_INFO);
}

static void
log_refused(const struct life_view *view)
{
	struct log_event event;

	log_event_begin(&event, "reload");
	log_event_word(&event, "result", STR("refused"));
	log_event_text(&event, "why", str_of(view->reload.why));
	log_event_text(&event, "now", STR("the running rules are unchanged"));
	log_event_number(&event, "rules", (int64_t)view->rules.n_rules);
	log_event_word(&event, "hash", str_of(view->rules.hash));
	log_event_number(&event, "took_ms", view->reload.took_ms);
	log_event_write(&event, LOG_LEVEL_ERROR);
}

void
life_reloaded(
    const struct policy *policy, struct str diagnostics, uint32_t took_ms)
{
	struct life_reload reload = { .at_ms = clock_wall_ms(),
		.is_good = policy != NULL,
		.took_ms = took_ms };
	struct life_rules before;
	struct life_view view;

	if (policy != NULL)
		before = take_rules(policy);
	else
		snprintf(reload.why, sizeof(reload.why), "%.*s",
		    STR_ARG(diags_first_error(diagnostics)));
	pthread_mutex_lock(&life_lock);
	life.reload = reload;
	pthread_mutex_unlock(&life_lock);
	life_view(&view);
	if (policy != NULL)
		log_good(&before, &view.rules, took_ms);
	else
		log_refused(&view);
	tell_manager();
}

void
life_stopped(const char *reason, size_t n_cut_off, uint32_t took_ms)
{
	struct life_view view;
	struct log_event event;

	life_view(&view);
	log_event_begin(&event, "stop");
	log_event_word(&event, "reason", str_of(reason));
	log_event_number(&event, "uptime_s", view.uptime_ms / 1000);
	log_event_number(&event, "messages", (int64_t)view.n_messages);
	log_event_number(&event, "refusals", (int64_t)view.n_refusals);
	log_event_number(&event, "cut_off", (int64_t)n_cut_off);
	log_event_number(&event, "took_ms", took_ms);
	log_event_write(&event, LOG_LEVEL_INFO);
}

void
life_store(bool is_up, int64_t answer_us)
{
	bool has_changed;

	pthread_mutex_lock(&life_lock);
	has_changed = life.is_store_up != is_up;
	life.is_store_up = is_up;
	if (has_changed)
		life.store_since_ms = clock_wall_ms();
	if (is_up)
		life.store_answer_us = answer_us;
	pthread_mutex_unlock(&life_lock);
	if (has_changed)
		tell_manager();
}

void
life_verdict(const struct verdict_report *report)
{
	if (report->is_observed)
		return;
	if (report->code >= 400)
		atomic_fetch_add(&n_refusals, 1);
	if (report->stage == STAGE_MESSAGE)
		atomic_fetch_add(&n_messages, 1);
}

void
life_view(struct life_view *view_out)
{
	pthread_mutex_lock(&life_lock);
	*view_out = life;
	pthread_mutex_unlock(&life_lock);
	view_out->uptime_ms = (clock_steady_us() - started_us) / 1000;
	view_out->n_messages = atomic_load(&n_messages);
	view_out->n_refusals = atomic_load(&n_refusals);
}
