/*
 * One line a fact, in no order that anybody may rely on. The tool makes text
 * or JSON of it; `socat - UNIX:control.sock` shows it as it is.
 */
#include "daemon/life/life.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/keeper/keeper.h"
#include "daemon/life/troubles.h"
#include "daemon/sessions.h"
#include "rules/prefilter.h"

#include <unistd.h>

#define VALUE_MAX ((size_t)400)

static void
add_text(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "%s ", name);
	log_escape(out, value, VALUE_MAX);
	buf_byte(out, '\n');
}

static void
add_number(struct buf *out, const char *name, uint64_t number)
{
	buf_printf(out, "%s %llu\n", name, (unsigned long long)number);
}

static void
add_process(const struct life_view *view, struct buf *out)
{
	struct sessions_counts sessions;

	sessions_count(&sessions);
	add_text(out, "version", STR(SLUICE_VERSION));
	add_text(out, "host", str_of(view->host));
	add_number(out, "pid", (uint64_t)getpid());
	add_number(out, "started_ms", (uint64_t)view->started_ms);
	add_number(out, "uptime_ms", (uint64_t)view->uptime_ms);
	add_text(out, "conf", str_of(view->conf_path));
	add_text(out, "listen", str_of(view->listen));
	add_number(out, "connections", sessions.n_connected);
	add_number(out, "max_connections", sessions.max);
	add_number(out, "connections_ever", sessions.n_ever);
	add_number(out, "connections_refused", sessions.n_refused);
	add_number(out, "messages_open", sessions.n_messages);
	add_number(out, "messages", view->n_messages);
	add_number(out, "refusals", view->n_refusals);
	add_number(out, "log_lost", log_n_lost());
}

static void
add_observed(void *context, struct str rule, int64_t until_ms)
{
	buf_printf(context, "observed %lld %.*s\n", (long long)until_ms,
	    STR_ARG(rule));
}

static void
add_rules(const struct life_view *view, struct buf *out)
{
	const struct life_rules *rules = &view->rules;
	const struct life_reload *reload = &view->reload;

	add_text(
	    out, "mode", rules->is_observing ? STR("observe") : STR("enforce"));
	add_text(out, "hash", str_of(rules->hash));
	add_number(out, "rules", rules->n_rules);
	add_number(out, "limits", rules->n_limits);
	add_number(out, "tables", rules->n_tables);
	add_number(out, "rules_observed", rules->n_observed);
	add_number(out, "loaded_ms", (uint64_t)view->rules_since_ms);
	keeper_each_observed(add_observed, out);
	if (reload->at_ms == 0)
		return;
	add_text(out, "reload", reload->is_good ? STR("good") : STR("refused"));
	add_number(out, "reload_ms", (uint64_t)reload->at_ms);
	add_number(out, "reload_took_ms", reload->took_ms);
	if (!reload->is_good)
		add_text(out, "reload_why", str_of(reload->why));
}

/* What the keeper saw may be a second old; what mail saw is not. */
static void
add_store(const struct life_view *view, struct buf *out)
{
	struct store *store = view->engine->store, *local = view->engine->local;
	bool is_up = store_is_up(store) && view->is_store_up;
	int64_t since_ms =
	    is_up == view->is_store_up ? view->store_since_ms : clock_wall_ms();
	struct store_stats stats, locally;

	store_stats_get(store, &stats);
	store_stats_get(local, &locally);
	add_text(out, "store", str_of(store_name(store)));
	add_text(out, "store_state", is_up ? STR("up") : STR("away"));
	add_number(out, "store_since_ms", (uint64_t)since_ms);
	add_number(out, "store_answer_us", (uint64_t)view->store_answer_us);
	add_number(out, "store_calls", stats.calls_waited + stats.calls_sent);
	add_number(out, "store_failures", stats.failures);
	add_number(out, "local_calls", locally.calls_waited);
	add_number(out, "local_merged", store_n_merged(local));
}

static void
add_build(const struct life_view *view, struct buf *out)
{
	struct inspect_counts counts = { 0 };

	if (view->engine->inspector != NULL)
		inspector_counts(view->engine->inspector, &counts);
	add_number(out, "inspections", counts.n_questions);
	add_number(out, "helpers_started", counts.n_started);
	add_number(out, "helpers_died", counts.n_died);
	add_number(out, "helpers_late", counts.n_late);
	add_text(out, "inspectors", str_of(view->inspectors));
	add_text(out, "scanner", str_of(prefilter_version()));
#ifdef SLUICE_TLS
	add_text(out, "tls", STR("yes"));
#else
	add_text(out, "tls", STR("no"));
#endif
}

static void
add_trouble(void *context, const struct trouble *trouble)
{
	buf_printf(context, "trouble %s %llu %lld %lld ",
	    trouble->level == LOG_LEVEL_ERROR ? "error" : "warning",
	    (unsigned long long)trouble->n_times, (long long)trouble->first_ms,
	    (long long)trouble->last_ms);
	log_escape(context, trouble->text, TROUBLE_BYTES_MAX);
	buf_byte(context, '\n');
}

void
life_print(struct buf *out)
{
	struct life_view view;

	life_view(&view);
	add_process(&view, out);
	add_rules(&view, out);
	add_store(&view, out);
	add_build(&view, out);
	troubles_each(add_trouble, out);
}
