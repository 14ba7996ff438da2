/*
 * Three values: what could not be asked is unknown. A term that is not true
 * leaves no evidence, so that ${match} speaks of what decided.
 */
#include "engine/eval.h"

#include "base/domain.h"
#include "engine/facts.h"

#define SPELLING_BYTES ((size_t)512)

static enum tri
tri_not(enum tri value)
{
	switch (value) {
	case TRI_FALSE:
		return TRI_TRUE;
	case TRI_TRUE:
		return TRI_FALSE;
	case TRI_UNKNOWN:
		return TRI_UNKNOWN;
	}
	return TRI_UNKNOWN;
}

static enum tri
tri_of(bool value)
{
	return value ? TRI_TRUE : TRI_FALSE;
}

static bool
ignores_case(const struct fact *fact)
{
	return fact->type != FACT_TYPE_STRING;
}

/* Only U-labels, and a dot at the end, make another spelling of a name. */
static bool
has_one_spelling(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.p[i] >= 0x80)
			return false;
	return host.len == 0 || host.p[host.len - 1] != '.';
}

/* Both of a host, or both of an address from behind its last @. */
static bool
same_domain(struct str a, struct str b)
{
	struct arena *arena;
	bool is_same;

	if (has_one_spelling(a) && has_one_spelling(b))
		return str_eq_nocase(a, b);
	arena = arena_new(SPELLING_BYTES);
	is_same = str_eq(domain_normal(arena, a), domain_normal(arena, b));
	arena_free(arena);
	return is_same;
}

static bool
same_address(struct str a, struct str b)
{
	ptrdiff_t at_a = str_find_last(a, '@'), at_b = str_find_last(b, '@');

	if (at_a < 0 || at_a != at_b)
		return false;
	return str_eq_nocase(
		   str_sub(a, 0, (size_t)at_a), str_sub(b, 0, (size_t)at_b)) &&
	       same_domain(str_from(a, (size_t)at_a + 1),
		   str_from(b, (size_t)at_b + 1));
}

static bool
same_text(const struct fact *fact, struct str a, struct str b)
{
	if (!ignores_case(fact))
		return str_eq(a, b);
	if (str_eq_nocase(a, b))
		return true;
	if (fact->type == FACT_TYPE_HOST)
		return same_domain(a, b);
	return fact->type == FACT_TYPE_ADDRESS && same_address(a, b);
}

static enum tri
eval_fact(struct session *session, const struct condition *cond)
{
	struct fact_value value;

	fact_read(session, &cond->ref, &value);
	if (cond->ref.fact->type == FACT_TYPE_BOOL)
		return tri_of(value.truth);
	if (cond->ref.fact->type == FACT_TYPE_NUMBER)
		return tri_of(value.n > 0 && value.number != 0);
	for (size_t i = 0; value.texts != NULL && i < value.n; i++)
		if (value.texts[i].len > 0)
			return TRI_TRUE;
	return tri_of(value.ip != NULL && value.n > 0);
}

static bool
compare_numbers(enum comparison cmp, double a, double b)
{
	switch (cmp) {
	case CMP_EQ:
		return a == b;
	case CMP_NE:
		return a != b;
	case CMP_LT:
		return a < b;
	case CMP_LE:
		return a <= b;
	case CMP_GT:
		return a > b;
	case CMP_GE:
		return a >= b;
	}
	return false;
}

static bool
number_equals(struct session *session, const struct condition *cond)
{
	const struct operand *right = &cond->right;
	struct fact_value value, other;
	double number = right->number;

	fact_read(session, &cond->ref, &value);
	if (right->kind == OPERAND_FACT) {
		fact_read(session, &right->ref, &other);
		number = other.number;
	}
	return compare_numbers(cond->cmp, value.number, number);
}

static bool
ip_equals(struct session *session, const struct condition *cond)
{
	const struct operand *right = &cond->right;
	struct fact_value value, other;

	fact_read(session, &cond->ref, &value);
	if (value.n == 0)
		return false;
	if (right->kind != OPERAND_FACT)
		return ip_net_has(&right->net, value.ip);
	fact_read(session, &right->ref, &other);
	return other.n > 0 && ip_eq(value.ip, other.ip);
}

/* Does one of the values equal text? No value equals "". */
static bool
some_text_equals(
    const struct fact *fact, const struct fact_value *value, struct str text)
{
	if (value->n == 0)
		return text.len == 0;
	for (size_t i = 0; i < value->n; i++)
		if (same_text(fact, value->texts[i], text))
			return true;
	return false;
}

static bool
text_equals_operand(struct session *session, const struct fact *fact,
    const struct fact_value *value, const struct operand *right)
{
	struct fact_value other;
	struct buf text = { 0 };
	struct str literal;
	bool equals = false;

	if (right->kind == OPERAND_TEXT &&
	    text_is_literal(&right->text, &literal))
		return some_text_equals(fact, value, literal);
	if (right->kind == OPERAND_TEXT) {
		eval_text(session, &right->text, NULL, &text);
		equals = some_text_equals(fact, value, buf_str(&text));
		buf_done(&text);
		return equals;
	}
	fact_read(session, &right->ref, &other);
	if (other.n == 0)
		return value->n == 0;
	for (size_t i = 0; i < other.n && !equals; i++)
		equals = some_text_equals(fact, value, other.texts[i]);
	return equals;
}

static enum tri
eval_compare(struct session *session, const struct condition *cond)
{
	const struct fact *fact = cond->ref.fact;
	struct fact_value value;
	bool equals = false;

	if (fact->type == FACT_TYPE_NUMBER)
		return tri_of(number_equals(session, cond));
	if (fact->type == FACT_TYPE_IP) {
		equals = ip_equals(session, cond);
	} else {
		fact_read(session, &cond->ref, &value);
		equals =
		    text_equals_operand(session, fact, &value, &cond->right);
	}
	return tri_of(cond->cmp == CMP_EQ ? equals : !equals);
}

static void
note_damage(struct session *session, enum pattern_result result)
{
	if (session->message == NULL)
		return;
	session->message->damage |= result == PATTERN_OVER_BUDGET
					? DAMAGE_BIT(DAMAGE_SCAN_BUDGET)
					: DAMAGE_BIT(DAMAGE_REGEX_LIMIT);
}

static enum tri
eval_match(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	struct pattern_captures captures;
	struct fact_value value;
	enum tri found = TRI_FALSE;

	fact_read(session, &cond->ref, &value);
	if (value.n == 0) { /* no value is matched as the empty text */
		value.one = STR("");
		value.texts = &value.one;
		value.n = 1;
	}
	for (size_t i = 0; i < value.n && found != TRI_TRUE; i++) {
		enum pattern_result result = pattern_match(
		    cond->pattern, value.texts[i], &session->budget, &captures);

		switch (result) {
		case PATTERN_NO:
			break;
		case PATTERN_YES:
			found = TRI_TRUE;
			break;
		case PATTERN_OVER_LIMIT:
		case PATTERN_OVER_BUDGET:
			note_damage(session, result);
			found = TRI_UNKNOWN;
			break;
		}
	}
	if (cond->is_negated)
		return tri_not(found);
	if (found == TRI_TRUE && !evidence->has_match) {
		evidence->has_match = true;
		evidence->captures = captures;
	}
	return found;
}

static bool
ip_is_in(const struct condition *cond, const struct ip *ip)
{
	if (cond->in == IN_TABLE)
		return table_has_ip(cond->table, ip);
	for (size_t i = 0; i < cond->n_list; i++)
		if (ip_net_has(&cond->list[i].net, ip))
			return true;
	return false;
}

static bool
number_is_in(const struct condition *cond, double number)
{
	for (size_t i = 0; i < cond->n_list; i++)
		if (cond->list[i].number == number)
			return true;
	return false;
}

static bool
value_is_in(struct session *session, const struct condition *cond,
    const struct fact_value *value)
{
	const struct fact *fact = cond->ref.fact;

	if (cond->in == IN_TABLE) {
		for (size_t i = 0; i < value->n; i++)
			if (table_has_text(cond->table, value->texts[i],
				ignores_case(fact)))
				return true;
		return false;
	}
	for (size_t i = 0; i < cond->n_list; i++)
		if (text_equals_operand(session, fact, value, &cond->list[i]))
			return true;
	return false;
}

/* "${sasl.user} ${mail.from}" in owners: without case if no part has any. */
static bool
text_is_in(struct session *session, const struct condition *cond)
{
	bool ignore_case = true, is_in = false;
	struct buf text = { 0 }, item = { 0 };

	for (size_t i = 0; i < cond->text.n; i++)
		if (cond->text.parts[i].kind == PART_FACT &&
		    !ignores_case(cond->text.parts[i].ref.fact))
			ignore_case = false;
	eval_text(session, &cond->text, NULL, &text);
	if (cond->in == IN_TABLE)
		is_in =
		    table_has_text(cond->table, buf_str(&text), ignore_case);
	for (size_t i = 0; i < cond->n_list && !is_in; i++) {
		buf_clear(&item);
		eval_text(session, &cond->list[i].text, NULL, &item);
		is_in = ignore_case
			    ? str_eq_nocase(buf_str(&text), buf_str(&item))
			    : str_eq(buf_str(&text), buf_str(&item));
	}
	buf_done(&text);
	buf_done(&item);
	return is_in;
}

static enum tri
eval_in(struct session *session, const struct condition *cond)
{
	struct fact_value value;

	if (cond->has_text)
		return tri_of(text_is_in(session, cond));
	fact_read(session, &cond->ref, &value);
	if (cond->ref.fact->type == FACT_TYPE_IP)
		return tri_of(value.n > 0 && ip_is_in(cond, value.ip));
	if (cond->ref.fact->type == FACT_TYPE_NUMBER)
		return tri_of(number_is_in(cond, value.number));
	return tri_of(value_is_in(session, cond, &value));
}

static bool
waits_longer(const struct limit_level *a, const struct limit_level *b)
{
	if (a->retry_ms == -1 || b->retry_ms == -1)
		return a->retry_ms == -1 && b->retry_ms != -1;
	return a->retry_ms > b->retry_ms;
}

static enum tri
eval_over(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	const struct limit *limit = cond->limit;
	const struct limit_state *state = &session->limits[limit->index];
	const struct limit_level *level =
	    limit->stage < session->stage ? &state->was : &state->now;

	if (level->over == TRI_TRUE &&
	    (evidence->limit == NULL ||
		waits_longer(level, &evidence->level))) {
		evidence->limit = limit;
		evidence->level = *level;
	}
	if (level->over == TRI_UNKNOWN && limit->on_outage == OUTAGE_TEMPFAIL)
		evidence->is_tempfail = true;
	return level->over;
}

static enum tri
eval_and(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	enum tri all = TRI_TRUE;

	for (size_t i = 0; i < cond->n_terms; i++) {
		enum tri one =
		    eval_condition(session, cond->terms[i], evidence);

		if (one == TRI_FALSE)
			return TRI_FALSE;
		if (one == TRI_UNKNOWN)
			all = TRI_UNKNOWN;
	}
	return all;
}

/* With several limits over, the longest wait is told: so all are asked. */
static enum tri
eval_or(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	enum tri some = TRI_FALSE;

	for (size_t i = 0; i < cond->n_terms; i++) {
		const struct condition *term = cond->terms[i];
		enum tri one;

		if (some == TRI_TRUE && term->kind != COND_OVER)
			continue;
		one = eval_condition(session, term, evidence);
		if (one == TRI_TRUE ||
		    (one == TRI_UNKNOWN && some == TRI_FALSE))
			some = one;
	}
	return some;
}

static enum tri
eval_kind(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	struct evidence none = { 0 };
	enum tri value;

	switch (cond->kind) {
	case COND_OR:
		return eval_or(session, cond, evidence);
	case COND_AND:
		return eval_and(session, cond, evidence);
	case COND_NOT:
		value = eval_condition(session, cond->terms[0], &none);
		evidence->is_tempfail |= none.is_tempfail;
		return tri_not(value);
	case COND_FACT:
		return eval_fact(session, cond);
	case COND_COMPARE:
		return eval_compare(session, cond);
	case COND_MATCH:
		return eval_match(session, cond, evidence);
	case COND_IN:
		return eval_in(session, cond);
	case COND_OVER:
		return eval_over(session, cond, evidence);
	}
	return TRI_UNKNOWN;
}

enum tri
eval_condition(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	struct evidence before;
	enum tri value;
	bool is_tempfail;

	if (cond == NULL)
		return TRI_TRUE;
	before = *evidence;
	value = eval_kind(session, cond, evidence);
	/* What is true or false all the same is nobody's reason to wait. */
	is_tempfail =
	    value == TRI_UNKNOWN ? evidence->is_tempfail : before.is_tempfail;
	if (value != TRI_TRUE)
		*evidence = before;
	evidence->is_tempfail = is_tempfail;
	return value;
}
