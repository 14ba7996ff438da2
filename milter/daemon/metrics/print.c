/*
 * One row a family: its name, type, help and what prints its samples. What is
 * kept elsewhere is asked for once, before the first row, so that numbers that
 * belong together fit.
 *
 * sluiced(8) has the same table; a test compares them.
 */
#include "daemon/metrics/own.h"

#include "daemon/keeper/keeper.h"
#include "daemon/metrics/exposition.h"
#include "daemon/metrics/usage.h"
#include "daemon/sessions.h"
#include "rules/prefilter.h"

#include <stdio.h>

struct family {
	const char *name;
	const char *type;
	const char *help;
	/* One of these; the first two are of one sample without labels. */
	const uint64_t *number;
	const double *decimal;
	void (*print)(const struct family *family, struct buf *out);
};

/* What the rows print; of the thread that answers questions. */
static struct snapshot {
	const struct metrics_counted *counted;
	struct store_stats store;
	struct store_stats local;
	struct store_node nodes[STORE_NODES_MAX];
	size_t n_nodes;
	struct sessions_counts sessions;
	struct inspect_counts inspect;
	struct keeper_lost lost;
	struct usage usage;
	uint64_t is_up;
	uint64_t n_local;
	uint64_t n_merged;
	uint64_t was_good;
	double good_time;
	double started;
} now;

static void
take_snapshot(void)
{
	const struct engine *engine = metrics_counted()->engine;

	now.counted = metrics_counted();
	store_stats_get(engine->store, &now.store);
	store_stats_get(engine->local, &now.local);
	now.n_nodes = store_nodes(engine->store, now.nodes);
	sessions_count(&now.sessions);
	if (engine->inspector != NULL)
		inspector_counts(engine->inspector, &now.inspect);
	keeper_n_lost(&now.lost);
	usage_get(&now.usage);
	now.is_up = store_is_up(engine->store);
	now.n_local = now.local.calls_waited + now.local.calls_sent;
	now.n_merged = store_n_merged(engine->local);
	now.was_good = now.counted->was_good;
	now.good_time = (double)now.counted->good_ms / 1000;
	now.started = (double)now.counted->started_ms / 1000;
}

/* With one label. */
static void
put_of(const struct family *family, struct buf *out, const char *label,
    const char *value, uint64_t number)
{
	struct sample sample = sample_begin(out, family->name);

	sample_label(&sample, label, str_of(value));
	sample_end(&sample, number);
}

/* --- the program ---------------------------------------------------------- */

static void
print_build(const struct family *family, struct buf *out)
{
	struct sample sample = sample_begin(out, family->name);

	sample_label(&sample, "version", STR(SLUICE_VERSION));
	sample_label(&sample, "inspect", str_of(inspect_versions()));
	sample_label(&sample, "libhs", str_of(prefilter_version()));
	sample_end(&sample, 1);
}

/* --- loading rules -------------------------------------------------------- */

static void
print_hash(const struct family *family, struct buf *out)
{
	char hash[METRICS_HASH_MAX];

	metrics_hash(hash);
	put_of(family, out, "hash", hash, 1);
}

static void
print_loads(const struct family *family, struct buf *out)
{
	put_of(family, out, "result", "good", now.counted->n_loads[true]);
	put_of(family, out, "result", "failed", now.counted->n_loads[false]);
}

/* --- connections and mail ------------------------------------------------- */

static void
print_stages(const struct family *family, struct buf *out)
{
	static const char *const replies[METRICS_KINDS] = {
		[REPLY_CONTINUE] = "continue",
		[REPLY_ACCEPT] = "accept",
		[REPLY_REJECT] = "reject",
		[REPLY_TEMPFAIL] = "tempfail",
		[REPLY_DISCARD] = "discard",
	};

	for (int i = 0; i < STAGE_N; i++)
		for (int k = 0; k < METRICS_KINDS; k++) {
			struct sample sample = sample_begin(out, family->name);

			sample_label(&sample, "stage",
			    str_of(stage_name((enum stage)i)));
			sample_label(&sample, "reply", str_of(replies[k]));
			sample_end(&sample, now.counted->stages[i][k]);
		}
}

static void
print_damage(const struct family *family, struct buf *out)
{
	for (int i = 0; i < DAMAGE_N; i++)
		put_of(family, out, "word", damage_word((enum damage)i),
		    now.counted->damage[i]);
}

/* --- rules and limits ----------------------------------------------------- */

/* How a family names what is counted by name. */
struct named {
	const struct family *family;
	struct buf *out;
	const char *name;
	const char *word;     /* NULL: none */
	const char *observed; /* NULL: none */
	double unit;          /* 0: a whole number, as it is */
};

static void
put_named(void *context, struct count_of of, uint64_t n)
{
	const struct named *named = context;
	struct sample sample = sample_begin(named->out, named->family->name);

	sample_label(&sample, named->name, of.name);
	if (named->word != NULL)
		sample_label(&sample, named->word,
		    str_of(*of.word != '\0' ? of.word : COUNTS_OTHER));
	if (named->observed != NULL)
		sample_label(&sample, named->observed,
		    of.is_observed ? STR("yes") : STR("no"));
	if (named->unit > 0)
		sample_end_decimal(&sample, (double)n * named->unit);
	else
		sample_end(&sample, n);
}

static void
print_verdicts(const struct family *family, struct buf *out)
{
	struct named named = { family, out, "rule", "action", "observed", 0 };

	counts_each(now.counted->verdicts, put_named, &named);
}

static void
print_hits(const struct family *family, struct buf *out)
{
	struct named named = { family, out, "rule", "action", NULL, 0 };

	counts_each(now.counted->hits, put_named, &named);
}

static void
print_spent(const struct family *family, struct buf *out)
{
	struct named named = { family, out, "rule", "reason", NULL, 0 };

	counts_each(now.counted->spent, put_named, &named);
}

static void
print_rule_cpu(const struct family *family, struct buf *out)
{
	struct named named = { family, out, "rule", NULL, NULL, 1e-6 };

	counts_each(now.counted->cpu_us, put_named, &named);
}

static void
print_crossings(const struct family *family, struct buf *out)
{
	struct named named = { family, out, "limit", "crossing", NULL, 0 };

	counts_each(now.counted->crossings, put_named, &named);
}

/* --- the store ------------------------------------------------------------ */

static struct sample
begin_call(const struct family *family, struct buf *out, const char *what,
    const char *result)
{
	char name[80];
	struct sample sample;

	snprintf(name, sizeof(name), "%s_%s", family->name, what);
	sample = sample_begin(out, name);
	sample_label(&sample, "result", str_of(result));
	return sample;
}

static void
print_latency(const struct family *family, struct buf *out, const char *result,
    const struct latency_counts *counts)
{
	struct sample sample;
	uint64_t n = 0;
	char bound[24];

	for (int i = 0; i <= LATENCY_BOUNDS; i++) {
		n += counts->n[i];
		snprintf(bound, sizeof(bound), "+Inf");
		if (i < LATENCY_BOUNDS)
			snprintf(bound, sizeof(bound), "%g",
			    (double)latency_bounds_us[i] / 1e6);
		sample = begin_call(family, out, "bucket", result);
		sample_label(&sample, "le", str_of(bound));
		sample_end(&sample, n);
	}
	sample = begin_call(family, out, "sum", result);
	sample_end_decimal(&sample, (double)counts->sum_us / 1e6);
	sample = begin_call(family, out, "count", result);
	sample_end(&sample, n);
}

static void
print_calls(const struct family *family, struct buf *out)
{
	print_latency(family, out, "answered", &now.store.answered);
	print_latency(family, out, "failed", &now.store.failed);
}

static void
print_nodes_up(const struct family *family, struct buf *out)
{
	for (size_t i = 0; i < now.n_nodes; i++)
		put_of(
		    family, out, "node", now.nodes[i].name, now.nodes[i].is_up);
}

static void
print_nodes_opened(const struct family *family, struct buf *out)
{
	for (size_t i = 0; i < now.n_nodes; i++)
		put_of(family, out, "node", now.nodes[i].name,
		    now.nodes[i].n_opened);
}

static void
print_nodes_errors(const struct family *family, struct buf *out)
{
	static const char *const reasons[STORE_FAILURE_N] = {
		[STORE_FAILURE_CONNECT] = "connect",
		[STORE_FAILURE_TIMEOUT] = "timeout",
		[STORE_FAILURE_LOST] = "lost",
		[STORE_FAILURE_GARBAGE] = "garbage",
		[STORE_FAILURE_REFUSED] = "refused",
	};

	for (size_t i = 0; i < now.n_nodes; i++)
		for (int k = 0; k < STORE_FAILURE_N; k++) {
			struct sample sample = sample_begin(out, family->name);

			sample_label(
			    &sample, "node", str_of(now.nodes[i].name));
			sample_label(&sample, "reason", str_of(reasons[k]));
			sample_end(&sample, now.nodes[i].n_failures[k]);
		}
}

static void
print_lost(const struct family *family, struct buf *out)
{
	put_of(family, out, "what", "events", now.lost.n_events);
	put_of(family, out, "what", "hits", now.lost.n_hits);
}

/* --- all of them ---------------------------------------------------------- */

static const struct family families[] = {
	{ "sluice_build_info", "gauge",
	    "Which Sluice this is, and what it was built with.",
	    .print = print_build },
	{ "sluice_rules_info", "gauge", "Hash of the rules in force.",
	    .print = print_hash },
	{ "sluice_loads_total", "counter",
	    "Times that configuration and rules were loaded, the start "
	    "included, by result.",
	    .print = print_loads },
	{ "sluice_load_last_good", "gauge",
	    "1 if the last load was good, 0 if it failed and older rules stay.",
	    .number = &now.was_good },
	{ "sluice_load_last_good_timestamp_seconds", "gauge",
	    "When the rules in force were loaded.", .decimal = &now.good_time },
	{ "sluice_connections_open", "gauge",
	    "Connections of SMTP clients that are open.",
	    .number = &now.sessions.n_connected },
	{ "sluice_connections_max", "gauge", "The option max_connections.",
	    .number = &now.sessions.max },
	{ "sluice_connections_total", "counter", "Connections of SMTP clients.",
	    .number = &now.sessions.n_ever },
	{ "sluice_connections_refused_total", "counter",
	    "Connections refused because max_connections were open.",
	    .number = &now.sessions.n_refused },
	{ "sluice_messages_open", "gauge",
	    "Messages under way; a connection that is being answered counts as "
	    "one.",
	    .number = &now.sessions.n_messages },
	{ "sluice_stages_total", "counter",
	    "Commands that were decided, by stage and reply.",
	    .print = print_stages },
	{ "sluice_verdicts_total", "counter",
	    "Verdicts by rule and action; accepted messages have the rule "
	    "(none).",
	    .print = print_verdicts },
	{ "sluice_rule_hits_total", "counter",
	    "Times that a rule fired that decided nothing, by its first "
	    "action.",
	    .print = print_hits },
	{ "sluice_rule_unanswered_total", "counter",
	    "Messages of which a rule could not say whether it fires, by "
	    "reason.",
	    .print = print_spent },
	{ "sluice_rule_cpu_seconds_total", "counter",
	    "CPU time of patterns by rule; (all) is the scan for all of them.",
	    .print = print_rule_cpu },
	{ "sluice_limit_crossings_total", "counter",
	    "Keys that came near their limit, went over it (told once a minute "
	    "for each key), or were locked.",
	    .print = print_crossings },
	{ "sluice_mime_damage_total", "counter",
	    "Messages that ended with this word in mime.damage, as far as "
	    "rules made us look.",
	    .print = print_damage },
	{ "sluice_store_up", "gauge",
	    "1 if the store is up, 0 while limits follow their on-outage.",
	    .number = &now.is_up },
	{ "sluice_store_call_seconds", "histogram",
	    "Time that mail waited for a call of the store, by result.",
	    .print = print_calls },
	{ "sluice_store_sends_total", "counter",
	    "Charges, refunds and entries sent to the store without waiting.",
	    .number = &now.store.calls_sent },
	{ "sluice_store_sends_failed_total", "counter",
	    "What was sent without waiting and failed, events and hits "
	    "included.",
	    .number = &now.store.failures_sent },
	{ "sluice_store_node_up", "gauge",
	    "1 while the circuit breaker of a node is closed, 0 while it is "
	    "open.",
	    .print = print_nodes_up },
	{ "sluice_store_node_breaker_opened_total", "counter",
	    "Times that the circuit breaker of a node opened.",
	    .print = print_nodes_opened },
	{ "sluice_store_node_errors_total", "counter",
	    "Failures of connections and questions by node, probes included.",
	    .print = print_nodes_errors },
	{ "sluice_local_calls_total", "counter",
	    "Calls counted by this process while the store was away.",
	    .number = &now.n_local },
	{ "sluice_local_merged_total", "counter",
	    "Counters of this process that were added to the store later.",
	    .number = &now.n_merged },
	{ "sluice_lost_total", "counter",
	    "Events and hits of rules that were not written for want of room.",
	    .print = print_lost },
	{ "sluice_inspect_questions_total", "counter",
	    "Attachments that helpers were asked about.",
	    .number = &now.inspect.n_questions },
	{ "sluice_inspect_helpers_started_total", "counter",
	    "Helper processes that were started.",
	    .number = &now.inspect.n_started },
	{ "sluice_inspect_helpers_died_total", "counter",
	    "Helper processes that died over a question.",
	    .number = &now.inspect.n_died },
	{ "sluice_inspect_helpers_late_total", "counter",
	    "Helper processes that were killed for being late.",
	    .number = &now.inspect.n_late },
	{ "process_start_time_seconds", "gauge",
	    "When this process was started.", .decimal = &now.started },
	{ "process_cpu_seconds_total", "counter",
	    "CPU time of this process without its helpers.",
	    .decimal = &now.usage.cpu_sec },
	{ "process_resident_memory_bytes", "gauge", "Memory that is resident.",
	    .number = &now.usage.resident_bytes },
	{ "process_virtual_memory_bytes", "gauge", "Memory that is mapped.",
	    .number = &now.usage.virtual_bytes },
	{ "process_threads", "gauge", "Threads.",
	    .number = &now.usage.n_threads },
	{ "process_open_fds", "gauge", "Descriptors in use.",
	    .number = &now.usage.n_fds },
	{ "process_max_fds", "gauge", "Descriptors that may be in use.",
	    .number = &now.usage.fds_max },
};

static void
print_family(const struct family *family, struct buf *out)
{
	struct sample sample;

	exposition_family(out, family->name, family->type, family->help);
	if (family->print != NULL) {
		family->print(family, out);
		return;
	}
	sample = sample_begin(out, family->name);
	if (family->number != NULL)
		sample_end(&sample, *family->number);
	else
		sample_end_decimal(&sample, *family->decimal);
}

void
metrics_print(struct buf *out)
{
	take_snapshot();
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		print_family(&families[i], out);
}
