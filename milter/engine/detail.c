/*
 * Facts are told as they are when the rule has decided, each once, in the order
 * in which the block and then the rule name them.
 */
#include "engine/detail.h"

#include "base/utf8.h"
#include "engine/facts.h"
#include "engine/parts.h"
#include "engine/use.h"
#include "rules/print.h"

#define FACTS_MAX 16 /* of one report */

struct gathering {
	struct session *session;
	struct arena *arena;
	const struct fact_ref *refs[FACTS_MAX];
	size_t n;
};

/* The same fact by another prefix (client.ip(24)) is no other fact, but another
 * header field is. */
static void
gather_ref(struct gathering *gathering, const struct fact_ref *ref)
{
	if (ref->fact == NULL || ref->fact->id >= FACT_MATCH)
		return;
	for (size_t i = 0; i < gathering->n; i++)
		if (gathering->refs[i]->fact == ref->fact &&
		    str_eq(gathering->refs[i]->argument, ref->argument))
			return;
	if (gathering->n < FACTS_MAX)
		gathering->refs[gathering->n++] = ref;
}

static void
gather_text(struct gathering *gathering, const struct text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].kind == PART_FACT ||
		    text->parts[i].kind == PART_VALUE)
			gather_ref(gathering, &text->parts[i].ref);
}

static void
gather_operand(struct gathering *gathering, const struct operand *operand)
{
	if (operand->kind == OPERAND_FACT)
		gather_ref(gathering, &operand->ref);
	else if (operand->kind == OPERAND_TEXT)
		gather_text(gathering, &operand->text);
}

/* A limit was asked for its key, so the key's facts were read. */
static void
gather_limit(struct gathering *gathering, const struct limit *limit)
{
	for (size_t i = 0; i < limit->n_keys; i++)
		gather_ref(gathering, &limit->keys[i]);
}

/* All that could have been read, also behind an `or` that was true before:
 * which terms were looked at would be of no use to people. */
static void
gather(struct gathering *gathering, const struct condition *cond)
{
	if (cond == NULL)
		return;
	for (size_t i = 0; i < cond->n_terms; i++)
		gather(gathering, cond->terms[i]);
	if (cond->limit != NULL)
		gather_limit(gathering, cond->limit);
	if (cond->has_text)
		gather_text(gathering, &cond->text);
	else
		gather_ref(gathering, &cond->ref);
	if (cond->kind == COND_COMPARE)
		gather_operand(gathering, &cond->right);
	for (size_t i = 0; i < cond->n_list; i++)
		gather_operand(gathering, &cond->list[i]);
}

/* Long ones are cut, but never inside of a character. */
static void
append_cut(struct buf *out, struct str text, size_t max)
{
	size_t len = text.len;

	if (out->len >= max)
		return;
	if (len > max - out->len)
		len = utf8_back(text, max - out->len);
	buf_add(out, str_sub(text, 0, len));
}

/* "attachment.name", also where the rule says "name" of one. */
static struct str
ref_name(struct arena *arena, const struct fact_ref *ref)
{
	struct fact_ref whole = *ref;
	struct buf name = { 0 };
	struct str copy;

	whole.of_one = false;
	print_ref(&whole, &name);
	copy = arena_str(arena, buf_str(&name));
	buf_done(&name);
	return copy;
}

/* A list is joined; a value that nobody could read on a screen is cut. */
static struct str
value_text(struct gathering *gathering, const struct fact_ref *ref)
{
	size_t max = session_caps.report_bytes;
	struct fact_value value;
	struct buf text = { 0 };
	struct str copy;

	/* Who only tells does not keep mail waiting. */
	if (parts_would_inspect(gathering->session, ref))
		return STR("");
	fact_read(gathering->session, ref, &value);
	if (value.texts == NULL)
		fact_append(gathering->session, ref, &text);
	for (size_t i = 0; value.texts != NULL && i < value.n; i++) {
		append_cut(&text, i > 0 ? STR(", ") : STR(""), max);
		append_cut(&text, value.texts[i], max);
	}
	copy = arena_str(gathering->arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

static void
set_facts(struct gathering *gathering, const struct rule *rule,
    struct verdict_report *report)
{
	struct verdict_fact *facts;

	gather(gathering, rule->block->cond);
	gather(gathering, rule->cond);
	facts =
	    arena_alloc(gathering->arena, (gathering->n + 1) * sizeof(*facts));
	for (size_t i = 0; i < gathering->n; i++) {
		facts[i].name = ref_name(gathering->arena, gathering->refs[i]);
		facts[i].value = value_text(gathering, gathering->refs[i]);
	}
	report->facts = facts;
	report->n_facts = gathering->n;
}

static void
set_rule(struct gathering *gathering, const struct rule *rule,
    struct verdict_report *report)
{
	unsigned column;

	report->rule = rule->name;
	report->path = rule->pos.source->path;
	pos_line_column(rule->pos, &report->line, &column);
	set_facts(gathering, rule, report);
}

static void
set_limit(struct session *session, const struct evidence *evidence,
    struct arena *arena, struct verdict_report *report)
{
	const struct limit_level *level = &evidence->level;
	struct verdict_limit *limit = arena_alloc(arena, sizeof(*limit));

	*limit = (struct verdict_limit){ .name = evidence->limit->name,
		.identity = level->identity,
		.used_before = level->used_before,
		.used = level->used,
		.max = level->rate.max,
		.rate = level->rate,
		.retry_ms = level->retry_ms };
	/* The key is the same still, or it would have been kept. */
	if (limit->identity.len == 0)
		limit->identity = use_identity(session, evidence->limit, arena);
	report->limit = limit;
}

static void
set_who(
    struct session *session, struct arena *arena, struct verdict_report *report)
{
	char text[IP_TEXT_MAX];

	report->ref = session_ref(session);
	if (session->ip.family != IP_NONE)
		report->client = arena_str(arena, ip_text(&session->ip, text));
	if (session->message == NULL)
		return;
	report->queue = session_macro_value(session, STR("i"));
	report->user = session->slots[FACT_SASL_USER].text;
	report->from = session->slots[FACT_MAIL_FROM].text;
	if (session->stage == STAGE_RCPT)
		report->rcpt = session->rcpt;
}

const struct verdict_match *
detail_match(const struct evidence *evidence, struct arena *arena)
{
	const struct finding *finding = &evidence->finding;
	struct verdict_match *match;

	if (finding->ref == NULL)
		return NULL;
	match = arena_alloc(arena, sizeof(*match));
	*match = (struct verdict_match){ .fact = ref_name(arena, finding->ref),
		.value = finding->value,
		.offset = finding->offset,
		.text = finding->text,
		.part = finding->part };
	return match;
}

void
detail_verdict(struct session *session, const struct rule *rule,
    const struct evidence *evidence, struct arena *arena,
    struct verdict_report *report)
{
	struct gathering gathering = { .session = session, .arena = arena };

	set_who(session, arena, report);
	if (rule != NULL)
		set_rule(&gathering, rule, report);
	if (evidence != NULL)
		report->match = detail_match(evidence, arena);
	if (evidence != NULL && evidence->limit != NULL)
		set_limit(session, evidence, arena, report);
}
