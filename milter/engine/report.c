/*
 * Texts are made safe here, at the last moment, and nowhere before: facts that
 * are filled into a refusal come from a stranger, who must not be able to end
 * the line of a reply or steer the terminal of whoever reads the log.
 */
#include "engine/report.h"

#include "base/glyph.h"
#include "base/log.h"
#include "engine/detail.h"
#include "engine/facts.h"
#include "mime/mime.h"
#include "store/raise.h"

#include <stdio.h>

#define DETAIL_BYTES         ((size_t)1000)
#define RATE_WINDOW_TEXT_MAX 32

/* Read aloud on the telephone: no 0 and o, no 1, i and l. */
static const char letters[] = "23456789abcdefghjkmnpqrstuvwxyz";

#define BOOT_LETTERS 3

/* Writes at least so many letters; returns behind the last. */
static char *
put_letters(char *out, uint32_t number, unsigned least)
{
	uint32_t base = (uint32_t)sizeof(letters) - 1;
	char text[16];
	unsigned n = 0;

	while (number > 0 || n < least) {
		text[n++] = letters[number % base];
		number /= base;
	}
	while (n > 0)
		*out++ = text[--n];
	return out;
}

struct str
session_ref(const struct session *session)
{
	/* The text is only a cache of what the session says anyway. */
	char *text = ((struct session *)(uintptr_t)session)->ref_text;
	uint32_t base = (uint32_t)sizeof(letters) - 1;
	char *end;

	end = put_letters(text,
	    session->engine->ref_boot % (base * base * base), BOOT_LETTERS);
	end = put_letters(end, session->ref_number, 1);
	*end = '\0';
	if (session->message != NULL)
		snprintf(end, (size_t)(text + REF_BYTES - end), "-%u",
		    session->message->number);
	return str_of(text);
}

bool
session_wants_utf8(const struct session *session)
{
	const struct message *message = session->message;

	for (size_t i = 0; message != NULL && i < message->n_params; i++)
		if (str_eq_nocase(message->params[i], STR("SMTPUTF8")))
			return true;
	return false;
}

/* Control bytes would end the reply's line, others are not SMTP's. */
static void
append_printable(struct buf *out, struct str text, size_t max, bool utf8)
{
	while (text.len > 0) {
		struct glyph glyph = glyph_at(text);

		if (out->len + glyph.len > max)
			return;
		if (glyph.is_seen && (utf8 || glyph.code < 0x80))
			buf_add(out, str_sub(text, 0, glyph.len));
		else
			buf_byte(out, '?');
		text = str_from(text, glyph.len);
	}
}

static struct str
finish_reply(struct session *session, struct str text, bool has_ref)
{
	struct buf *out = &session->reply_text;
	struct str ref = session_ref(session);
	size_t max = session_caps.reply_bytes - (has_ref ? 0 : ref.len + 8);

	buf_clear(out);
	append_printable(out, text, max, session_wants_utf8(session));
	if (!has_ref)
		buf_printf(out, " (ref %.*s)", STR_ARG(ref));
	return buf_str(out);
}

struct str
report_reply_text(struct session *session, const struct text *text,
    bool has_ref, const struct evidence *evidence)
{
	struct buf filled = { 0 };
	struct str reply;

	eval_text(session, text, evidence, &filled);
	reply = finish_reply(session, buf_str(&filled), has_ref);
	buf_done(&filled);
	return reply;
}

struct str
report_own_text(struct session *session, const char *text)
{
	return finish_reply(session, str_of(text), false);
}

struct str
report_reason(struct arena *arena, const struct rule *rule, struct str text)
{
	struct buf out = { 0 };
	struct str reason;

	append_printable(&out, text, session_caps.reply_bytes, true);
	reason = arena_str(arena, str_trim(buf_str(&out)));
	buf_done(&out);
	return reason.len > 0 ? reason : rule->name;
}

static void
add_limit(struct log_event *event, const struct evidence *evidence)
{
	const struct limit_level *level = &evidence->level;
	char text[64];

	log_event_word(event, "limit", evidence->limit->name);
	snprintf(text, sizeof(text), "%llu/%llu",
	    (unsigned long long)level->used,
	    (unsigned long long)level->rate.max);
	log_event_word(event, "used", str_of(text));
	if (level->retry_ms < 0)
		snprintf(text, sizeof(text), "never");
	else
		snprintf(text, sizeof(text), "%llds",
		    (long long)((level->retry_ms + 999) / 1000));
	log_event_word(event, "retry", str_of(text));
}

static void
add_who(struct session *session, struct log_event *event)
{
	const struct str user = session->slots[FACT_SASL_USER].text;
	char text[IP_TEXT_MAX];

	if (session->ip.family != IP_NONE)
		log_event_word(event, "client", ip_text(&session->ip, text));
	if (session->stage == STAGE_HELO)
		log_event_text(
		    event, "helo", session->slots[FACT_HELO_NAME].text);
	if (session->message == NULL)
		return;
	if (user.len > 0)
		log_event_text(event, "user", user);
	log_event_text(event, "from", session->slots[FACT_MAIL_FROM].text);
	if (session->stage == STAGE_RCPT)
		log_event_text(event, "rcpt", session->rcpt);
}

static void
begin(struct session *session, struct log_event *event, const char *name)
{
	struct str queue = session_macro_value(session, STR("i"));

	log_event_begin(event, name);
	log_event_word(event, "ref", session_ref(session));
	if (queue.len > 0 && session->message != NULL)
		log_event_word(event, "queue", queue);
	log_event_word(event, "stage", str_of(stage_name(session->stage)));
}

static void
write_verdict(struct session *session, const struct verdict_report *report,
    const struct rule *rule, const struct evidence *evidence)
{
	struct log_event event;

	begin(session, &event, "verdict");
	log_event_word(&event, "action", str_of(report->action));
	if (report->is_observed)
		log_event_word(&event, "observed", STR("yes"));
	if (report->code > 0)
		log_event_number(&event, "code", (int64_t)report->code);
	if (rule != NULL)
		log_event_word(&event, "rule", rule->name);
	if (evidence != NULL && evidence->limit != NULL)
		add_limit(&event, evidence);
	if (evidence != NULL && evidence->finding.part != NULL)
		log_event_number(
		    &event, "part", evidence->finding.part->number);
	add_who(session, &event);
	if (session->store_ms > 0)
		log_event_decimal(&event, "store_ms", session->store_ms);
	log_event_write(&event, LOG_LEVEL_INFO);
}

/* What only a listener wants costs nothing where nobody listens. */
static void
tell(struct session *session, const struct verdict_report *report,
    const struct rule *rule, const struct evidence *evidence)
{
	struct engine *engine = session->engine;
	struct verdict_report whole = *report;
	struct arena *arena;

	if (engine->on_verdict == NULL)
		return;
	arena = arena_new(DETAIL_BYTES);
	detail_verdict(session, rule, evidence, arena, &whole);
	engine->on_verdict(engine->context, &whole);
	arena_free(arena);
}

void
report_verdict(struct session *session, const struct verdict_report *report,
    const struct rule *rule, const struct evidence *evidence)
{
	if (session->engine->is_logged && log_wants(LOG_LEVEL_INFO))
		write_verdict(session, report, rule, evidence);
	tell(session, report, rule, evidence);
}

static void
write_crossing(struct session *session, const struct crossing_report *report)
{
	static const char *const names[] = { [CROSSING_NEAR] = "near",
		[CROSSING_OVER] = "over",
		[CROSSING_LOCKED] = "locked" };
	const struct verdict_limit *limit = &report->limit;
	char window[RATE_WINDOW_TEXT_MAX];
	struct log_event event;

	log_event_begin(&event, "limit");
	log_event_word(&event, "ref", report->ref);
	log_event_word(&event, "crossing", str_of(names[report->kind]));
	log_event_word(&event, "limit", limit->name);
	log_event_text(&event, "key", limit->identity);
	log_event_number(&event, "used", (int64_t)limit->used);
	log_event_number(&event, "max", (int64_t)limit->max);
	log_event_word(
	    &event, "window", rate_window_text(&limit->rate, window));
	if (report->kind == CROSSING_LOCKED)
		log_event_number(
		    &event, "locked_s", (report->locked_ms + 999) / 1000);
	add_who(session, &event);
	log_event_write(&event, LOG_LEVEL_INFO);
}

void
report_crossing(struct session *session, const struct crossing_report *report)
{
	struct engine *engine = session->engine;

	if (engine->is_logged && log_wants(LOG_LEVEL_INFO))
		write_crossing(session, report);
	if (engine->on_crossing != NULL)
		engine->on_crossing(engine->context, report);
}

void
report_text(struct session *session, const struct rule *rule, struct str text)
{
	struct log_event event;

	if (!session->engine->is_logged || !log_wants(LOG_LEVEL_INFO))
		return;
	begin(session, &event, "note");
	log_event_word(&event, "rule", rule->name);
	log_event_text(&event, "text", text);
	add_who(session, &event);
	log_event_write(&event, LOG_LEVEL_INFO);
}

void
report_no_address(struct session *session, const struct rule *rule,
    const struct action *action, struct str text)
{
	struct log_event event;

	if (!session->engine->is_logged || !log_wants(LOG_LEVEL_INFO))
		return;
	begin(session, &event, "note");
	log_event_word(&event, "rule", rule->name);
	log_event_text(&event, "text",
	    STR("no address that mail can go to: this change is left out"));
	log_event_word(
	    &event, "action", str_of(action_type(action->kind)->name));
	log_event_text(&event, "address", text);
	add_who(session, &event);
	log_event_write(&event, LOG_LEVEL_INFO);
}

/* Where the message went besides, or instead, and by which rules. */
static void
add_deeds(struct session *session, struct log_event *event)
{
	const struct scope *scopes[] = { &session->connect_scope,
		&session->helo_scope, &session->message->scope };
	struct buf text = { 0 };

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < scopes[i]->n_deeds; j++)
			buf_printf(&text, "%s%.*s", text.len > 0 ? " " : "",
			    STR_ARG(scopes[i]->deeds[j]));
	if (text.len > 0)
		log_event_text(event, "did", buf_str(&text));
	buf_done(&text);
}

static void
write_accepted(struct session *session)
{
	const struct message *message = session->message;
	struct log_event event;

	begin(session, &event, "verdict");
	log_event_word(&event, "action", STR("accept"));
	log_event_number(&event, "rcpts", (int64_t)message->n_rcpts);
	if (message->n_refused > 0)
		log_event_number(
		    &event, "refused", (int64_t)message->n_refused);
	if (session_score(session) != 0)
		log_event_decimal(&event, "score", session_score(session));
	add_deeds(session, &event);
	add_who(session, &event);
	if (session->store_ms > 0)
		log_event_decimal(&event, "store_ms", session->store_ms);
	log_event_write(&event, LOG_LEVEL_INFO);
}

void
report_accepted(struct session *session)
{
	struct verdict_report report = { .stage = session->stage,
		.action = "accept" };

	if (session->engine->is_logged && log_wants(LOG_LEVEL_INFO))
		write_accepted(session);
	tell(session, &report, NULL, NULL);
}
