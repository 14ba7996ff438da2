/*
 * What == and `in` mean for one value. Hosts, domains and addresses have more
 * than one spelling; no value equals the empty text.
 */
#include "engine/compare.h"

#include "base/domain.h"
#include "engine/lookup.h"
#include "engine/spent.h"

#include <stdlib.h>
#include <string.h>

#define SPELLING_BYTES ((size_t)512)

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
	if (!fact_ignores_case(fact))
		return str_eq(a, b);
	if (str_eq_nocase(a, b))
		return true;
	if (fact->type == FACT_TYPE_HOST)
		return same_domain(a, b);
	return fact->type == FACT_TYPE_ADDRESS && same_address(a, b);
}

bool
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

/* A text that is a number from its first to its last byte. */
static bool
number_of_text(struct str text, double *number_out)
{
	char copy[64], *end = NULL;

	if (text.len == 0 || text.len >= sizeof(copy) ||
	    !((text.p[0] >= '0' && text.p[0] <= '9') ||
		str_find(STR("+-."), text.p[0]) >= 0))
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	*number_out = strtod(copy, &end);
	return *end == '\0' && end != copy;
}

/* != is told by the caller: here it is ==. */
static enum comparison
positive(enum comparison cmp)
{
	return cmp == CMP_NE ? CMP_EQ : cmp;
}

static bool
number_holds(struct session *session, const struct condition *cond,
    const struct fact_value *one)
{
	const struct operand *right = &cond->right;
	struct fact_value other;
	double number = one->number;

	if (one->texts != NULL && !number_of_text(one->texts[0], &number))
		return false;
	if (right->kind != OPERAND_FACT)
		return compare_numbers(
		    positive(cond->cmp), number, right->number);
	fact_read(session, &right->ref, &other);
	if (other.n == 0)
		return false;
	for (size_t i = 0; other.numbers != NULL && i < other.n; i++)
		if (compare_numbers(
			positive(cond->cmp), number, other.numbers[i]))
			return true;
	return other.numbers == NULL &&
	       compare_numbers(positive(cond->cmp), number, other.number);
}

static bool
ip_equals(struct session *session, const struct operand *right,
    const struct fact_value *one)
{
	struct fact_value other;

	if (one->n == 0)
		return false;
	if (right->kind != OPERAND_FACT)
		return ip_net_has(&right->net, one->ip);
	fact_read(session, &right->ref, &other);
	return other.n > 0 && ip_eq(one->ip, other.ip);
}

/* No value equals "". */
static bool
text_equals(
    const struct fact *fact, const struct fact_value *one, struct str text)
{
	return one->n == 0 ? text.len == 0
			   : same_text(fact, one->texts[0], text);
}

/* The right side may read a table that cannot be asked. */
static enum tri
text_equals_text(struct session *session, const struct side *one,
    const struct text *right, struct evidence *evidence)
{
	struct buf text = { 0 };
	struct str literal;
	enum tri equals = TRI_UNKNOWN;

	if (text_is_literal(right, &literal))
		return tri_of(text_equals(one->fact, &one->value, literal));
	if (eval_whole_text(session, right, evidence, &text))
		equals =
		    tri_of(text_equals(one->fact, &one->value, buf_str(&text)));
	buf_done(&text);
	return equals;
}

static enum tri
text_equals_operand(struct session *session, const struct side *one,
    const struct operand *right, struct evidence *evidence)
{
	const struct fact_value *value = &one->value;
	struct fact_value other;
	double number;

	switch (right->kind) {
	case OPERAND_TEXT:
		return text_equals_text(session, one, &right->text, evidence);
	case OPERAND_NUMBER:
		return tri_of(value->n > 0 &&
			      number_of_text(value->texts[0], &number) &&
			      number == right->number);
	case OPERAND_FACT:
		break;
	}
	fact_read(session, &right->ref, &other);
	/* Two facts without a value are equal. */
	if (other.n == 0 && !other.is_partial)
		return tri_of(value->n == 0);
	for (size_t i = 0; i < other.n; i++)
		if (text_equals(one->fact, value, other.texts[i]))
			return TRI_TRUE;
	return other.is_partial ? TRI_UNKNOWN : TRI_FALSE;
}

/*
 * Numbers are compared if either side says so: checks have made sure that the
 * left side is a number then, or a text that may be one.
 */
enum tri
compare_value(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence)
{
	const struct operand *right = &cond->right;
	bool is_number = right->kind == OPERAND_NUMBER ||
			 (right->kind == OPERAND_FACT &&
			     right->ref.fact->type == FACT_TYPE_NUMBER);

	if (is_number)
		return tri_of(one->value.n > 0 &&
			      number_holds(session, cond, &one->value));
	if (one->fact->type == FACT_TYPE_IP)
		return tri_of(ip_equals(session, right, &one->value));
	return text_equals_operand(session, one, right, evidence);
}

/* A regex table spends the message's budget, and so may not know. */
static enum tri
is_in_table(struct session *session, const struct table *table, struct str text,
    bool ignore_case)
{
	if (table->type == TABLE_REGEX)
		return tri_of_pattern(session,
		    table_match(table, text, &session->budget, NULL, NULL));
	return tri_of(table_has_text(table, text, ignore_case));
}

static bool
ip_is_in(const struct condition *cond, const struct fact_value *one)
{
	if (one->n == 0)
		return false;
	if (cond->in == IN_TABLE)
		return table_has_ip(cond->table, one->ip);
	for (size_t i = 0; i < cond->n_list; i++)
		if (ip_net_has(&cond->list[i].net, one->ip))
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

/* An element that is not known does not matter behind one that is equal. */
static enum tri
text_is_in(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence)
{
	enum tri some = TRI_FALSE;

	for (size_t i = 0; i < cond->n_list && some != TRI_TRUE; i++)
		some = tri_or(some, text_equals_operand(session, one,
					&cond->list[i], evidence));
	return some;
}

enum tri
compare_in(struct session *session, const struct condition *cond,
    const struct side *one, struct evidence *evidence)
{
	const struct fact_value *value = &one->value;

	if (one->fact->type == FACT_TYPE_IP)
		return tri_of(ip_is_in(cond, value));
	if (one->fact->type == FACT_TYPE_NUMBER)
		return tri_of(
		    value->n > 0 && number_is_in(cond, value->number));
	if (cond->in == IN_LIST)
		return text_is_in(session, cond, one, evidence);
	if (value->n == 0)
		return TRI_FALSE;
	return is_in_table(session, cond->table, value->texts[0],
	    fact_ignores_case(one->fact));
}

static enum tri
text_is_in_list(struct session *session, const struct condition *cond,
    struct str text, struct evidence *evidence)
{
	bool ignore_case = text_ignores_case(&cond->text);
	struct buf item = { 0 };
	enum tri is_in = TRI_FALSE;

	for (size_t i = 0; i < cond->n_list && is_in != TRI_TRUE; i++) {
		bool is_whole;

		buf_clear(&item);
		is_whole = eval_whole_text(
		    session, &cond->list[i].text, evidence, &item);
		is_in = tri_or(is_in,
		    !is_whole     ? TRI_UNKNOWN
		    : ignore_case ? tri_of(str_eq_nocase(text, buf_str(&item)))
				  : tri_of(str_eq(text, buf_str(&item))));
	}
	buf_done(&item);
	return is_in;
}

/* "${sasl.user} ${mail.from}" in owners: without case if no part has any. */
enum tri
compare_text_in(struct session *session, const struct condition *cond,
    struct evidence *evidence)
{
	struct buf text = { 0 };
	enum tri is_in = TRI_UNKNOWN;

	if (cond->in == IN_TABLE && cond->table->is_redis)
		return lookup_value(session, cond->lookup, 0, NULL, evidence);
	if (!eval_whole_text(session, &cond->text, evidence, &text))
		is_in = TRI_UNKNOWN;
	else if (cond->in == IN_TABLE)
		is_in = is_in_table(session, cond->table, buf_str(&text),
		    text_ignores_case(&cond->text));
	else
		is_in =
		    text_is_in_list(session, cond, buf_str(&text), evidence);
	buf_done(&text);
	return is_in;
}
