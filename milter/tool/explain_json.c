/*
 * explain for programs: the same as the pages for people, nothing shortened.
 */
#include "tool/explain.h"

#include "mime/mime.h"
#include "tool/desk/names.h"
#include "tool/show/json.h"

static void
add_said(const char *name, const struct envelope_text *said, struct buf *out)
{
	json_open(out, name, '{');
	json_text(out, "value", said->text);
	json_text(out, "from", str_of(said->origin));
	json_close(out, '}');
}

static void
add_envelope(const struct envelope *envelope, struct buf *out)
{
	char text[IP_TEXT_MAX];

	json_open(out, "envelope", '{');
	json_open(out, "client", '{');
	json_text(out, "ip", ip_text(&envelope->client.ip, text));
	json_text(out, "name", envelope->client.name);
	json_text(out, "from", str_of(envelope->client_origin));
	json_close(out, '}');
	add_said("helo", &envelope->helo, out);
	add_said("sender", &envelope->from, out);
	json_open(out, "recipients", '[');
	for (size_t i = 0; i < envelope->n_rcpts; i++)
		add_said(NULL, &envelope->rcpts[i], out);
	json_close(out, ']');
	add_said("user", &envelope->user, out);
	add_said("daemon", &envelope->daemon, out);
	json_close(out, '}');
}

static void
add_damage(uint64_t damage, struct buf *out)
{
	json_open(out, "damage", '[');
	for (int i = 0; i < DAMAGE_N; i++)
		if ((damage & DAMAGE_BIT(i)) != 0)
			json_text(
			    out, NULL, str_of(damage_word((enum damage)i)));
	json_close(out, ']');
}

static void
add_part(const struct mime_part *part, struct buf *out)
{
	json_newline(out);
	json_open(out, NULL, '{');
	json_number(out, "part", part->number);
	json_number(out, "depth", part->depth);
	if (part->parent != NULL)
		json_number(out, "parent", part->parent->number);
	json_text(out, "type", part->type);
	json_text(out, "charset", part->charset);
	json_text(
	    out, "encoding", str_of(transfer_encoding_name(part->encoding)));
	json_bool(out, "attachment", part->is_attachment);
	json_open(out, "names", '[');
	for (size_t i = 0; i < part->n_names; i++)
		json_text(out, NULL, part->names[i]);
	json_close(out, ']');
	json_number(out, "bytes", part->size);
	json_bool(out, "cut", part->is_cut);
	if (explain_role(part) != NULL)
		json_text(out, "why", str_of(explain_role(part)));
	add_damage(part->damage, out);
	json_close(out, '}');
}

static void
add_parts(const struct explain *explain, struct buf *out)
{
	const struct mime *mime = session_mime(explain->content);

	json_open(out, "parts", '[');
	for (const struct mime_part *part = mime == NULL ? NULL
							 : mime_root(mime);
	     part != NULL; part = part->following)
		add_part(part, out);
	json_close(out, ']');
}

static void
add_facts(const struct explain *explain, struct buf *out)
{
	struct session *judged = rehearsal_session(explain->judged);
	struct buf value = { 0 };

	json_open(out, "facts", '{');
	for (int i = 0; i < FACT_N; i++) {
		const struct fact *fact = fact_by_id((enum fact_id)i);
		bool is_of_rules =
		    fact->id == FACT_SCORE || fact->id == FACT_TAG;
		struct session *session =
		    is_of_rules ? judged : explain->content;

		if (!explain_is_content(fact))
			continue;
		json_open(out, fact->name, '[');
		for (size_t j = 0;
		     session_fact_value(session, fact->id, j, &value); j++) {
			json_text(out, NULL, buf_str(&value));
			buf_clear(&value);
		}
		json_close(out, ']');
	}
	json_close(out, '}');
	buf_done(&value);
}

static void
add_match(const struct explain_match *match, struct buf *out)
{
	json_open(out, "match", '{');
	json_text(out, "fact", match->fact);
	json_number(out, "value", match->value + 1);
	json_number(out, "byte", match->offset);
	if (match->line > 0) {
		json_number(out, "line", match->line);
		json_number(out, "column", match->column);
	}
	if (match->part > 0)
		json_number(out, "part", match->part);
	json_text(out, "text", match->text);
	json_close(out, '}');
}

static void
add_rule(const struct explain *explain, const struct explain_rule *told,
    struct buf *out)
{
	const struct rule *rule = told->rule;
	const struct explain_rule *cause = explain_cause(explain, rule);

	json_newline(out);
	json_open(out, NULL, '{');
	json_text(out, "rule", rule->name);
	json_text(out, "stage", str_of(stage_name(rule->block->stage)));
	json_text(out, "place", names_place(explain->arena, rule->pos));
	json_text(out, "action", explain_action(explain->arena, rule));
	json_text(out, "state", str_of(explain_state_name(told->state)));
	if (told->state == EXPLAIN_NOT_REACHED && cause != NULL)
		json_text(out, "because_of", cause->rule->name);
	if (told->has_match)
		add_match(&told->match, out);
	json_open(out, "read", '{');
	for (size_t i = 0; i < told->n_facts; i++)
		json_field(out, told->facts[i].name, told->facts[i].value);
	json_close(out, '}');
	json_close(out, '}');
}

static void
add_rules(const struct explain *explain, struct buf *out)
{
	json_open(out, "rules", '[');
	for (int stage = 0; stage < STAGE_N; stage++) {
		const struct stage_plan *plan =
		    &explain->program->stages[stage];

		for (size_t i = 0; i < plan->n_rules; i++)
			add_rule(explain,
			    &explain->rules[plan->rules[i]->index], out);
	}
	json_close(out, ']');
}

static void
add_verdict(const struct explain *explain, struct buf *out)
{
	const struct rehearsal_verdict *verdict = &explain->verdict;

	json_open(out, "verdict", '{');
	json_text(out, "verdict", str_of(rehearsal_end_name(verdict->end)));
	if (verdict->rule == NULL)
		json_null(out, "rule");
	else
		json_text(out, "rule", verdict->rule->name);
	json_text(out, "stage", str_of(stage_name(verdict->stage)));
	if (verdict->reply.code > 0) {
		json_number(out, "code", verdict->reply.code);
		json_text(out, "xcode", verdict->reply.xcode);
		json_text(out, "text", verdict->reply.text);
	}
	json_close(out, '}');
}

void
explain_json(const struct explain *explain, struct buf *out)
{
	json_open(out, NULL, '{');
	json_text(out, "mail", str_of(explain->path));
	json_number(out, "bytes", explain->mail.len);
	add_envelope(&explain->envelope, out);
	add_parts(explain, out);
	add_facts(explain, out);
	add_rules(explain, out);
	add_verdict(explain, out);
	json_close(out, '}');
	buf_byte(out, '\n');
}
