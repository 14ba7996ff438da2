/*
 * One test: a store, a clock and a session of its own, step by step.
 *
 * The trap: charges and refunds are sent without waiting, so every event is
 * followed by a flush; without it a test would pass or fail by the weather.
 */
#include "engine/trace_run.h"

#include "base/log.h"
#include "rules/program.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define STORE_TIMEOUT_MS 2000 /* a busy machine fails no test */
#define FLUSH_MS         10000
#define EVENT_BYTES      1024
#define TEST_BYTES       4096
#define PREFIX_BYTES     12
#define SHOWN_MAX        500
#define VERDICTS_MAX     1000   /* of one event that are remembered */
#define CROSSINGS_MAX    1000   /* the same */
#define TRACE_REF_BOOT   0x7e57 /* the same in each test: references are, too */

static const char *const outcome_names[] = {
	[TRACE_ACCEPT] = "accept",
	[TRACE_REJECT] = "reject",
	[TRACE_TEMPFAIL] = "tempfail",
	[TRACE_DISCARD] = "discard",
};

enum trace_outcome
trace_outcome_of(enum reply_kind kind)
{
	switch (kind) {
	case REPLY_CONTINUE:
	case REPLY_ACCEPT:
	case REPLY_SKIP:
		return TRACE_ACCEPT;
	case REPLY_REJECT:
		return TRACE_REJECT;
	case REPLY_TEMPFAIL:
		return TRACE_TEMPFAIL;
	case REPLY_DISCARD:
		return TRACE_DISCARD;
	}
	return TRACE_ACCEPT;
}

int
trace_fail(struct trace_run *run, const char *expected, const char *came)
{
	buf_clear(&run->expected);
	buf_clear(&run->came);
	buf_add_cstr(&run->expected, expected);
	buf_add_cstr(&run->came, came);
	return -1;
}

static void
add_verdict(struct trace_event *event, const struct trace_verdict *verdict)
{
	if (event->n_verdicts == VERDICTS_MAX)
		return;
	event->verdicts = arena_grow(
	    event->arena, event->verdicts, event->n_verdicts, sizeof(*verdict));
	event->verdicts[event->n_verdicts++] = *verdict;
}

static bool
is_refusal(const struct trace_verdict *verdict)
{
	return strcmp(verdict->action, "reject") == 0 ||
	       strcmp(verdict->action, "tempfail") == 0;
}

/* The engine's callback. Refused recipients are many; local mail is not. */
static void
note_verdict(void *context, const struct verdict_report *report)
{
	struct trace_run *run = context;
	struct arena *arena = run->is_non_smtp ? run->arena : run->event.arena;
	struct trace_verdict verdict = {
		.action = arena_cstr(arena, str_of(report->action)),
		.rule = arena_str(arena, report->rule),
		.is_observed = report->is_observed,
	};

	if (report->limit != NULL) {
		verdict.limit = arena_str(arena, report->limit->name);
		verdict.identity = arena_str(arena, report->limit->identity);
		verdict.used = report->limit->used;
		verdict.max = report->limit->max;
	}
	add_verdict(&run->event, &verdict);
	if (run->is_non_smtp && !verdict.is_observed && is_refusal(&verdict) &&
	    run->deferred.action == NULL)
		run->deferred = verdict;
}

static void
note_crossing(void *context, const struct crossing_report *report)
{
	struct trace_run *run = context;
	struct trace_event *event = &run->event;
	const struct trace_crossing crossing = { .kind = report->kind,
		.limit = arena_str(event->arena, report->limit.name),
		.identity = arena_str(event->arena, report->limit.identity) };

	if (event->n_crossings == CROSSINGS_MAX)
		return;
	event->crossings = arena_grow(event->arena, event->crossings,
	    event->n_crossings, sizeof(crossing));
	event->crossings[event->n_crossings++] = crossing;
}

/* The last word on a rule counts. */
static bool
is_switched(void *context, struct str rule)
{
	const struct trace_run *run = context;
	bool is_observed = false;

	for (size_t i = 0; i < run->n_switches; i++)
		if (str_eq(run->switches[i].rule, rule))
			is_observed = run->now_ms < run->switches[i].until_ms;
	return is_observed;
}

void
trace_take_deferred(struct trace_run *run)
{
	enum trace_outcome outcome = trace_outcome_of(run->event.reply.kind);

	if (run->deferred.action != NULL && run->event.n_verdicts == 0 &&
	    outcome != TRACE_ACCEPT)
		add_verdict(&run->event, &run->deferred);
	run->deferred = (struct trace_verdict){ 0 };
}

static void
begin_event(struct trace_run *run)
{
	arena_free(run->event.arena);
	run->event = (struct trace_event){ .arena = arena_new(EVENT_BYTES) };
}

void
trace_flush(struct trace_run *run)
{
	store_flush(run->store, FLUSH_MS);
	store_flush(run->local, FLUSH_MS);
}

void
trace_drop(struct trace_run *run)
{
	session_free(run->session);
	run->session = NULL;
	run->early = (struct trace_verdict){ 0 };
	run->is_connected = run->is_non_smtp = false;
	run->has_data = run->has_headers = false;
	trace_flush(run);
}

static void
describe_verdicts(const struct trace_run *run, struct buf *out)
{
	const struct trace_event *event = &run->event;

	for (size_t i = 0; i < event->n_verdicts; i++) {
		const struct trace_verdict *verdict = &event->verdicts[i];

		if (verdict->rule.len > 0)
			buf_printf(out, "%s%.*s",
			    verdict->is_observed ? ", observed " : ", rule ",
			    STR_ARG(verdict->rule));
	}
}

void
trace_describe_event(const struct trace_run *run, struct buf *out)
{
	const struct reply *reply = &run->event.reply;
	enum trace_outcome outcome = trace_outcome_of(reply->kind);

	buf_add_cstr(out, outcome_names[outcome]);
	if (outcome == TRACE_REJECT || outcome == TRACE_TEMPFAIL) {
		buf_printf(
		    out, " %u %.*s \"", reply->code, STR_ARG(reply->xcode));
		log_escape(out, reply->text, SHOWN_MAX);
		buf_byte(out, '"');
	}
	describe_verdicts(run, out);
}

static void
describe_expected(const struct trace_expected *expected, struct buf *out)
{
	buf_add_cstr(out, outcome_names[expected->outcome]);
	if (expected->code > 0)
		buf_printf(out, " %u", expected->code);
	if (expected->xcode.len > 0) {
		buf_byte(out, ' ');
		log_escape(out, expected->xcode, SHOWN_MAX);
	}
	if (expected->rule.len > 0) {
		buf_add_cstr(out, ", rule ");
		log_escape(out, expected->rule, SHOWN_MAX);
	}
}

/* Did this rule decide, and did it decide that? */
static bool
was_decided_by(const struct trace_run *run, const struct trace_expected *want)
{
	const struct trace_event *event = &run->event;

	for (size_t i = 0; i < event->n_verdicts; i++) {
		const struct trace_verdict *verdict = &event->verdicts[i];

		if (!verdict->is_observed &&
		    str_eq(verdict->rule, want->rule) &&
		    strcmp(verdict->action, outcome_names[want->outcome]) == 0)
			return true;
	}
	return false;
}

static bool
is_as_expected(const struct trace_run *run, const struct trace_expected *want)
{
	const struct reply *reply = &run->event.reply;

	return trace_outcome_of(reply->kind) == want->outcome &&
	       (want->code == 0 || want->code == reply->code) &&
	       (want->xcode.len == 0 || str_eq(want->xcode, reply->xcode)) &&
	       (want->rule.len == 0 || was_decided_by(run, want));
}

static int
check_event(struct trace_run *run, const struct trace_step *step, unsigned i)
{
	if (is_as_expected(run, &step->expected))
		return 0;
	buf_clear(&run->expected);
	buf_clear(&run->came);
	describe_expected(&step->expected, &run->expected);
	trace_describe_event(run, &run->came);
	trace_describe_standing(run, &run->came);
	if (step->n_times > 1)
		buf_printf(
		    &run->came, " (number %u of %u)", i + 1, step->n_times);
	return -1;
}

/* The parser made sure of it but for what `repeat` brings about. */
static int
open_connection(struct trace_run *run)
{
	if (!run->is_non_smtp)
		return trace_fail(run, "an open connection",
		    "one that has been dropped already");
	trace_connect_non_smtp(run);
	return 0;
}

static int
run_step(struct trace_run *run, const struct trace_step *step)
{
	bool is_event = (step->verb->flags & TRACE_EVENT) != 0;

	for (unsigned i = 0; i < step->n_times; i++) {
		if (is_event)
			begin_event(run);
		if (step->verb->flags & TRACE_NEEDS && !run->is_connected &&
		    open_connection(run) == -1)
			return -1;
		if (step->verb->run(run, step) == -1)
			return -1;
		trace_flush(run);
		if (is_event && check_event(run, step, i) == -1)
			return -1;
	}
	return 0;
}

/* A prefix that nobody else uses: tests may share a Redis with anything. */
static void
make_prefix(char prefix[static 64])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char random[PREFIX_BYTES] = { 0 };
	char *p = stpcpy(prefix, "sluice-test-");

	while (getrandom(random, sizeof(random), 0) == -1 && errno == EINTR)
		;
	for (size_t i = 0; i < sizeof(random); i++)
		*p++ = digits[random[i] % 32];
	*p = '\0';
}

static struct store *
open_memory(void)
{
	struct store_options options = { .url = "memory" };
	struct buf error;
	struct store *store;

	buf_init(&error);
	store = store_open(&options, &error);
	assert(store != NULL);
	buf_done(&error);
	return store;
}

/* The prefix ends with the call: the store keeps a copy. */
static struct store *
open_store(const struct trace_options *options, struct buf *error)
{
	char prefix[64];
	struct store_options store = { .url = options->store_url,
		.prefix = prefix,
		.password = options->store_password,
		.timeout_ms = options->store_timeout_ms > 0
				  ? options->store_timeout_ms
				  : STORE_TIMEOUT_MS };

	if (options->store_url == NULL)
		return open_memory();
	make_prefix(prefix);
	return store_open(&store, error);
}

/*
 * A store that was away without having been told so makes every test pass or
 * fail for the wrong reason: sessions count locally and go on.
 */
static int
check_store(struct trace_run *run, int rc, const struct trace_step **step_out)
{
	struct store_stats stats;

	store_stats_get(run->store, &stats);
	if (stats.failures == 0 || run->was_store_down)
		return rc;
	trace_fail(run, "a store that answers", "");
	buf_printf(&run->came, "%llu calls of %s failed",
	    (unsigned long long)stats.failures, store_name(run->store));
	*step_out = NULL;
	return -1;
}

/* Always; but what failed before keeps the word. */
static int
wipe_store(struct trace_run *run, int rc)
{
	struct buf error;

	if (run->options->store_url == NULL)
		return rc; /* memory leaves nothing behind */
	buf_init(&error);
	store_set_down(run->store, false);
	if (store_wipe(run->store, &error) == -1 && rc == 0)
		rc = trace_fail(
		    run, "a store that can be wiped", buf_str(&error).p);
	buf_done(&error);
	return rc;
}

static int
run_steps(struct trace_run *run, const struct trace_test *test,
    const struct trace_step **step_out)
{
	for (size_t i = 0; i < test->n_steps; i++) {
		if (run_step(run, &test->steps[i]) == -1) {
			*step_out = &test->steps[i];
			return -1;
		}
	}
	return 0;
}

/* What the daemon does for tables that are kept while the store is away. */
static void
copy_tables(struct trace_run *run)
{
	const struct program *program = ruleset_program(run->rules);

	for (size_t i = 0; i < program->n_tables; i++)
		if (program->tables[i]->is_redis &&
		    program->tables[i]->on_outage == TABLE_KEEP)
			store_copy_table(run->store, program->tables[i]->name);
}

static int
run_with_store(struct trace_run *run, const struct trace_test *test,
    const struct trace_step **step_out)
{
	int rc;

	run->local = open_memory();
	engine_init(&run->engine, run->store, run->local, TRACE_REF_BOOT);
	run->engine.inspector = run->options->inspector;
	run->engine.on_verdict = note_verdict;
	run->engine.on_crossing = note_crossing;
	run->engine.is_observed = is_switched;
	run->engine.context = run;
	run->engine.is_logged = false;
	copy_tables(run);
	begin_event(run);
	rc = run_steps(run, test, step_out);
	trace_drop(run);
	rc = check_store(run, rc, step_out);
	rc = wipe_store(run, rc);
	store_close(run->local);
	store_close(run->store);
	arena_free(run->event.arena);
	return rc;
}

int
trace_run_test(const struct trace_options *options,
    const struct trace_place *place, const struct trace_test *test,
    struct buf *expected_out, struct buf *came_out,
    const struct trace_step **step_out)
{
	struct trace_run run = { .options = options,
		.rules = place->rules,
		.now_ms = place->start_ms };
	struct buf error;
	int rc;

	buf_init(&error);
	*step_out = NULL;
	run.arena = arena_new(TEST_BYTES);
	run.store = open_store(options, &error);
	if (run.store != NULL)
		rc = run_with_store(&run, test, step_out);
	else
		rc = trace_fail(&run, "a store", buf_str(&error).p);
	arena_free(run.arena);
	buf_done(&error);
	buf_done(expected_out);
	buf_done(came_out);
	*expected_out = run.expected;
	*came_out = run.came;
	return rc;
}
