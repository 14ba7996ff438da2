/*
 * The verbs of tests: one table, and two small functions for each row - one
 * looks at the words while parsing, the other does it.
 *
 * The traps: what a story leaves out is sent where an MTA would have to send
 * it (DATA and the end of the header before the end of the message), and the
 * session begins with the first thing said to it, which may be a macro that
 * belongs to the connect behind it.
 */
#include "engine/trace_run.h"

#include "base/quantity.h"
#include "rules/suggest.h"

/* What libmilter's callers send at once (MILTER_CHUNK_SIZE). */
#define BODY_CHUNK_BYTES ((size_t)65535)

static struct session *
open_session(struct trace_run *run)
{
	if (run->session != NULL)
		return run->session;
	run->session = session_new(&run->engine, run->rules);
	session_now(run->session, run->now_ms, true);
	if (run->daemon.len > 0)
		session_macro(run->session, "{daemon_name}", run->daemon.p);
	return run->session;
}

static void
set_now(struct trace_run *run, int64_t now_ms)
{
	run->now_ms = now_ms;
	if (run->session != NULL)
		session_now(run->session, now_ms, true);
}

/* Keeps the answer of an event; true: the story goes on. */
static bool
take(struct trace_run *run, struct reply reply)
{
	struct trace_event *event = &run->event;

	event->reply = reply;
	event->reply.xcode = arena_str(event->arena, reply.xcode);
	event->reply.text = arena_str(event->arena, reply.text);
	return trace_outcome_of(reply.kind) == TRACE_ACCEPT;
}

static bool
send_data(struct trace_run *run)
{
	if (run->has_data)
		return true;
	run->has_data = true;
	return take(run, session_data(run->session));
}

static bool
send_headers_end(struct trace_run *run)
{
	if (!send_data(run))
		return false;
	if (run->has_headers)
		return true;
	run->has_headers = true;
	return take(run, session_end_of_headers(run->session));
}

static void
report_word(
    struct diags *diags, const struct trace_word *word, const char *expected)
{
	diag_add(diags, DIAG_ERROR, word->pos, "expected %s", expected);
}

/* daemon NAME */
static int
run_daemon(struct trace_run *run, const struct trace_step *step)
{
	run->daemon = step->words[0].text;
	session_macro(open_session(run), "{daemon_name}", run->daemon.p);
	return 0;
}

/* macro NAME VALUE */
static void
check_macro(struct diags *diags, const struct trace_step *step)
{
	struct str name = step->words[0].text;

	if (name.len == 1 ||
	    (name.len > 2 && name.p[0] == '{' && name.p[name.len - 1] == '}'))
		return;
	report_word(diags, &step->words[0],
	    "a macro's name: one letter, or \"{name}\" with its braces");
}

static int
run_macro(struct trace_run *run, const struct trace_step *step)
{
	session_macro(
	    open_session(run), step->words[0].text.p, step->words[1].text.p);
	return 0;
}

/* auth USER [METHOD] */
static int
run_auth(struct trace_run *run, const struct trace_step *step)
{
	struct session *session = open_session(run);

	session_macro(session, "{auth_type}",
	    step->n_words > 1 ? step->words[1].text.p : "PLAIN");
	session_macro(session, "{auth_authen}", step->words[0].text.p);
	return 0;
}

/* connect ADDRESS [NAME] [port=N] [ptr=NAME] [connections=N] */
struct client_words {
	struct session_client client;
	struct str ptr;
	struct str connections;
};

/* Returns the first word that is wrong, or NULL. */
static const struct trace_word *
read_client(const struct trace_step *step, struct client_words *out)
{
	const struct trace_word *words = step->words;
	unsigned number;

	*out = (struct client_words){ .client.port = 40000 };
	if (ip_parse(words[0].text, &out->client.ip) == -1)
		return &words[0];
	for (size_t i = 1; i < step->n_words; i++) {
		ptrdiff_t equals = str_find(words[i].text, '=');
		struct str key, value;

		if (equals == -1 && i == 1) {
			out->client.name = words[i].text;
			continue;
		}
		if (equals == -1)
			return &words[i];
		key = str_sub(words[i].text, 0, (size_t)equals);
		value = str_from(words[i].text, (size_t)equals + 1);
		if (str_is(key, "ptr"))
			out->ptr = value;
		else if (str_is(key, "port") &&
			 trace_number(value, 0, 65535, &number) == 0)
			out->client.port = number;
		else if (str_is(key, "connections") &&
			 trace_number(value, 0, 1000000, &number) == 0)
			out->connections = value;
		else
			return &words[i];
	}
	return NULL;
}

static void
check_connect(struct diags *diags, const struct trace_step *step)
{
	struct client_words words;
	const struct trace_word *wrong = read_client(step, &words);

	if (wrong == &step->words[0])
		report_word(diags, wrong, "an IPv4 or IPv6 address");
	else if (wrong != NULL)
		report_word(diags, wrong,
		    "the client's name, port=N, ptr=NAME or connections=N");
}

static bool
send_connect(struct trace_run *run, struct client_words *words)
{
	struct session *session = open_session(run);
	struct session_client *client = &words->client;
	char text[IP_TEXT_MAX];

	if (words->ptr.len == 0)
		words->ptr = client->name;
	if (words->ptr.len > 0)
		session_macro(session, "{client_ptr}", words->ptr.p);
	if (words->connections.len > 0)
		session_macro(
		    session, "{client_connections}", words->connections.p);
	/* An MTA that could not verify a name gives the address instead. */
	if (client->name.len == 0)
		client->name = arena_printf(
		    run->event.arena, "[%s]", ip_text(&client->ip, text).p);
	run->is_connected = true;
	return take(run, session_connect(session, client));
}

static int
run_connect(struct trace_run *run, const struct trace_step *step)
{
	struct client_words words;

	if (run->is_connected)
		trace_drop(run);
	read_client(step, &words);
	if (run->is_non_smtp)
		words.client.port = 0;
	send_connect(run, &words);
	return 0;
}

/*
 * non-smtp: mail of a program on this host. Postfix's cleanup(8) reports it
 * as a connection of localhost without a port, and writes addresses bare.
 */
static int
run_non_smtp(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	if (run->is_connected)
		trace_drop(run);
	run->is_non_smtp = true;
	return 0;
}

void
trace_connect_non_smtp(struct trace_run *run)
{
	struct client_words words = { .client.name = STR("localhost") };

	ip_parse(STR("127.0.0.1"), &words.client.ip);
	if (send_connect(run, &words))
		take(run, session_helo(run->session, STR("localhost")));
	run->early = run->deferred;
}

/* helo NAME */
static int
run_helo(struct trace_run *run, const struct trace_step *step)
{
	take(run, session_helo(run->session, step->words[0].text));
	return 0;
}

/* <anna@example.org>, as it stands in SMTP. */
static struct str
path_of(struct trace_run *run, struct str address)
{
	bool has_brackets = str_starts(address, STR("<"));

	if (run->is_non_smtp && has_brackets)
		return str_sub(address, 1, address.len - 1);
	if (run->is_non_smtp || has_brackets)
		return address;
	return arena_printf(run->event.arena, "<%s>", address.p);
}

/* mail ADDRESS [PARAMETER…] */
static int
run_mail(struct trace_run *run, const struct trace_step *step)
{
	struct str params[TRACE_WORDS_MAX];
	size_t n = 0;

	for (size_t i = 1; i < step->n_words; i++)
		params[n++] = step->words[i].text;
	run->has_data = run->has_headers = false;
	run->deferred = run->early;
	/* MAIL aborts what is open; that must have been given back first. */
	session_abort(run->session);
	trace_flush(run);
	take(run, session_mail(run->session, path_of(run, step->words[0].text),
		      params, n));
	return 0;
}

/* rcpt ADDRESS [PARAMETER…] [refused-by-mta CODE X.Y.Z] */
static size_t
find_refused(const struct trace_step *step)
{
	size_t i = 1;

	while (
	    i < step->n_words && !str_is(step->words[i].text, "refused-by-mta"))
		i++;
	return i;
}

static void
check_rcpt(struct diags *diags, const struct trace_step *step)
{
	size_t at = find_refused(step);
	unsigned code;

	if (at == step->n_words)
		return;
	if (step->n_words - at != 3 ||
	    trace_number(step->words[at + 1].text, 400, 599, &code) == -1)
		report_word(diags, &step->words[at],
		    "refused-by-mta CODE X.Y.Z (550 5.1.1, say) at the end");
}

static int
run_rcpt(struct trace_run *run, const struct trace_step *step)
{
	struct str params[TRACE_WORDS_MAX];
	struct str path = path_of(run, step->words[0].text);
	size_t end = find_refused(step), n = 0;
	unsigned code = 0;

	for (size_t i = 1; i < end; i++)
		params[n++] = step->words[i].text;
	if (end == step->n_words) {
		take(run, session_rcpt(run->session, path, params, n));
		return 0;
	}
	trace_number(step->words[end + 1].text, 400, 599, &code);
	session_rcpt_refused(
	    run->session, path, code, step->words[end + 2].text);
	return 0;
}

static int
run_data(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	run->has_data = false;
	send_data(run);
	return 0;
}

bool
trace_send_header(struct trace_run *run, struct str name, struct str value)
{
	if (!send_data(run))
		return false;
	session_header(run->session, name, value);
	return true;
}

/* header NAME VALUE */
static int
run_header(struct trace_run *run, const struct trace_step *step)
{
	trace_send_header(run, step->words[0].text, step->words[1].text);
	return 0;
}

/* headers: all of them are here */
static int
run_headers(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	send_headers_end(run);
	return 0;
}

/* body TEXT, body repeat N TEXT */
static void
check_body(struct diags *diags, const struct trace_step *step)
{
	unsigned n;

	if (step->n_words == 1)
		return;
	if (step->n_words != 3 || !str_is(step->words[0].text, "repeat") ||
	    trace_number(step->words[1].text, 1, TRACE_REPEAT_MAX, &n) == -1)
		report_word(diags, &step->words[0],
		    "body \"TEXT\" or body repeat N \"TEXT\"");
	else if (step->words[2].text.len * n > TRACE_BODY_MAX)
		report_word(diags, &step->words[2], "at most 256 MiB of body");
}

void
trace_send_body(struct trace_run *run, struct str body)
{
	if (!send_headers_end(run))
		return;
	while (body.len > 0) {
		size_t n =
		    body.len < BODY_CHUNK_BYTES ? body.len : BODY_CHUNK_BYTES;

		if (!take(
			run, session_body(run->session, str_sub(body, 0, n))) ||
		    run->event.reply.kind == REPLY_SKIP)
			return;
		body = str_from(body, n);
	}
}

static int
run_body(struct trace_run *run, const struct trace_step *step)
{
	struct str piece = step->words[step->n_words - 1].text;
	unsigned n = 1;
	struct buf body;

	if (step->n_words == 3)
		trace_number(step->words[1].text, 1, TRACE_REPEAT_MAX, &n);
	buf_init(&body);
	for (unsigned i = 0; i < n; i++)
		buf_add(&body, piece);
	trace_send_body(run, buf_str(&body));
	buf_done(&body);
	return 0;
}

/* Changes last until the next event only: `also` wants them later. */
static void
keep_changes(struct trace_run *run)
{
	struct trace_event *event = &run->event;
	const struct change *changes;

	changes = session_changes(run->session, &event->n_changes);
	event->changes = arena_alloc(
	    event->arena, event->n_changes * sizeof(*event->changes));
	for (size_t i = 0; i < event->n_changes; i++) {
		event->changes[i] = changes[i];
		event->changes[i].name =
		    arena_str(event->arena, changes[i].name);
		event->changes[i].value =
		    arena_str(event->arena, changes[i].value);
	}
}

static int
run_end(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	if (send_headers_end(run) && take(run, session_end(run->session)))
		keep_changes(run);
	trace_take_deferred(run);
	run->has_data = run->has_headers = false;
	return 0;
}

static int
run_abort(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	session_abort(run->session);
	run->has_data = run->has_headers = false;
	return 0;
}

static int
run_drop(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	trace_drop(run);
	return 0;
}

/* wait DURATION */
static void
check_wait(struct diags *diags, const struct trace_step *step)
{
	uint32_t seconds;

	if (duration_parse(step->words[0].text, &seconds) == -1)
		report_word(
		    diags, &step->words[0], "a duration: 30s, 5m, 1h, 1d, 1w");
}

static int
run_wait(struct trace_run *run, const struct trace_step *step)
{
	uint32_t seconds = 0;

	duration_parse(step->words[0].text, &seconds);
	set_now(run, run->now_ms + INT64_C(1000) * seconds);
	return 0;
}

/* at [YYYY-MM-DD] [HH:MM[:SS]] */
static void
check_at(struct diags *diags, const struct trace_step *step)
{
	if (trace_time(step, TRACE_START_MS) < 0)
		report_word(diags, &step->words[0],
		    "a time: 2026-01-02 09:30:00, 2026-01-02, or 09:30");
}

static int
run_at(struct trace_run *run, const struct trace_step *step)
{
	int64_t time_ms = trace_time(step, run->now_ms);

	if (time_ms < run->now_ms)
		return trace_fail(run, "a time that is still to come",
		    "one that has passed: time does not go back in a test");
	set_now(run, time_ms);
	return 0;
}

/* store down, store up */
static void
check_store(struct diags *diags, const struct trace_step *step)
{
	if (!str_is(step->words[0].text, "down") &&
	    !str_is(step->words[0].text, "up"))
		report_word(diags, &step->words[0], "'down' or 'up'");
}

static int
run_store(struct trace_run *run, const struct trace_step *step)
{
	/* As the daemon does every few seconds. */
	if (!run->is_store_down)
		store_copies_renew(run->store);
	run->is_store_down = str_is(step->words[0].text, "down");
	run->was_store_down |= run->is_store_down;
	store_set_down(run->store, run->is_store_down);
	return 0;
}

/* merge: what was counted here while the store was away */
static int
run_merge(struct trace_run *run, const struct trace_step *step)
{
	(void)step;
	if (store_merge(run->store, run->local) == 0)
		return 0;
	return trace_fail(run, "a store that is back", "it is away");
}

#define EVENT (TRACE_EVENT | TRACE_NEEDS)

static const struct trace_verb verbs[] = {
	{ "daemon", "daemon NAME", 1, 1, 0, NULL, run_daemon },
	{ "connect", "connect ADDRESS [NAME] [port=N] [ptr=NAME]", 1, 5,
	    TRACE_EVENT | TRACE_OPENS, check_connect, run_connect },
	{ "non-smtp", "non-smtp", 0, 0, TRACE_OPENS, NULL, run_non_smtp },
	{ "helo", "helo NAME", 1, 1, EVENT, NULL, run_helo },
	{ "auth", "auth USER [METHOD]", 1, 2, 0, NULL, run_auth },
	{ "macro", "macro \"{NAME}\" \"VALUE\"", 2, 2, 0, check_macro,
	    run_macro },
	{ "mail", "mail ADDRESS [PARAMETER…]", 1, TRACE_WORDS_MAX, EVENT, NULL,
	    run_mail },
	{ "rcpt", "rcpt ADDRESS [PARAMETER…] [refused-by-mta CODE X.Y.Z]", 1,
	    TRACE_WORDS_MAX, EVENT, check_rcpt, run_rcpt },
	{ "data", "data", 0, 0, EVENT, NULL, run_data },
	{ "header", "header \"NAME\" \"VALUE\"", 2, 2, EVENT, NULL,
	    run_header },
	{ "headers", "headers", 0, 0, EVENT, NULL, run_headers },
	{ "body", "body [repeat N] \"TEXT\"", 1, 3, EVENT, check_body,
	    run_body },
	{ "file", "file \"MAIL.eml\"", 1, 1, EVENT, NULL, trace_run_file_verb },
	{ "end", "end", 0, 0, EVENT, NULL, run_end },
	{ "abort", "abort", 0, 0, TRACE_NEEDS, NULL, run_abort },
	{ "drop", "drop", 0, 0, TRACE_NEEDS | TRACE_CLOSES, NULL, run_drop },
	{ "wait", "wait DURATION", 1, 1, 0, check_wait, run_wait },
	{ "at", "at [YYYY-MM-DD] [HH:MM[:SS]]", 1, 2, 0, check_at, run_at },
	{ "store", "store down|up", 1, 1, 0, check_store, run_store },
	{ "merge", "merge", 0, 0, 0, NULL, run_merge },
	{ "grant", "grant LIMIT KEY x5|unlimited|\"RATES\" [for DURATION]", 3,
	    5, 0, trace_check_grant, trace_run_grant },
	{ "reset", "reset LIMIT KEY", 2, 2, 0, NULL, trace_run_reset },
	{ "table-add", "table-add TABLE ENTRY [VALUE] [for DURATION]", 2, 5, 0,
	    trace_check_table_add, trace_run_table_add },
	{ "table-remove", "table-remove TABLE ENTRY", 2, 2, 0, NULL,
	    trace_run_table_remove },
	{ "observe", "observe RULE [for DURATION]", 1, 3, 0,
	    trace_check_observe, trace_run_observe },
	{ "enforce", "enforce RULE", 1, 1, 0, NULL, trace_run_enforce },
	{ "also", "also FACT …", 1, TRACE_WORDS_MAX, TRACE_FOLLOWS | TRACE_ONCE,
	    trace_fact_check, trace_fact_run },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

const char *
trace_verb_word(size_t i)
{
	return i < N_VERBS ? verbs[i].name : NULL;
}

const struct trace_verb *
trace_verb_find(struct str name, struct str *nearest_out)
{
	struct suggestion suggestion = { .wrong = name };

	for (size_t i = 0; i < N_VERBS; i++) {
		if (str_is(name, verbs[i].name))
			return &verbs[i];
		suggest(&suggestion, str_of(verbs[i].name));
	}
	*nearest_out = suggestion.best;
	return NULL;
}
