/*
 * Conditions and texts: each test has an idea of what may stand on its left
 * and on its right.
 */
#include "rules/check.h"
#include "rules/parser.h"
#include "rules/suggest.h"

static void
complain_of_stage(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref)
{
	const struct fact *fact = ref->fact;

	diag_add(checker->diags, DIAG_ERROR, ref->pos,
	    "'%s' is not known yet at stage %s", fact->name,
	    stage_name(place->stage));
	diag_add(checker->diags, DIAG_NOTE, ref->pos,
	    "'%s' is known from stage %s on", fact->name,
	    stage_name(fact->stage));
}

void
check_ref(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref)
{
	if (needs_add(checker->needs, ref) == -1)
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "more than %d macros are used", NEEDS_MACROS_MAX);
	if (place->raise != NULL) {
		if (ref->fact->stage > *place->raise)
			*place->raise = ref->fact->stage;
	} else if (ref->fact->stage > place->stage) {
		complain_of_stage(checker, place, ref);
	}
}

static void
check_condition_ref(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref)
{
	check_ref(checker, place, ref);
	if ((ref->fact->flags & FACT_TEXT_ONLY) != 0)
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "'%s' stands only in texts: \"${%s}\"", ref->fact->name,
		    ref->fact->name);
	if (ref->has_bits)
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "prefixes belong to keys of limits: expected `%s in "
		    "\"192.0.2.0/24\"`",
		    ref->fact->name);
}

static void
wrong_right_side(struct checker *checker, const struct fact *left,
    struct pos pos, const char *expected)
{
	diag_add(checker->diags, DIAG_ERROR, pos,
	    "'%s' is a %s: expected %s on the right", left->name,
	    fact_type_name(left->type), expected);
}

/* An address (or network) as a literal text; filled into operand->net. */
static void
check_network(
    struct checker *checker, struct operand *operand, bool is_address_only)
{
	struct str literal;
	int rc = -1;

	if (operand->kind == OPERAND_TEXT &&
	    text_is_literal(&operand->text, &literal))
		rc = ip_net_parse(literal, &operand->net);
	if (rc == -2)
		diag_add(checker->diags, DIAG_ERROR, operand->pos,
		    "this network has bits behind its prefix: expected 0 "
		    "there");
	else if (rc == -1)
		diag_add(checker->diags, DIAG_ERROR, operand->pos,
		    "expected an address or network in quotes: "
		    "\"192.0.2.0/24\", \"2001:db8::/32\"");
	else if (is_address_only &&
		 operand->net.bits != ip_bits(&operand->net.ip))
		diag_add(checker->diags, DIAG_ERROR, operand->pos,
		    "a network is compared by `in`, not by == or !=");
}

static void
check_number_operand(
    struct checker *checker, struct condition *cond, struct operand *right)
{
	bool fits = right->kind == OPERAND_NUMBER ||
		    (right->kind == OPERAND_FACT &&
			right->ref.fact->type == FACT_TYPE_NUMBER);

	if (!fits)
		wrong_right_side(
		    checker, cond->ref.fact, right->pos, "a number");
}

static void
check_text_operand(
    struct checker *checker, struct condition *cond, struct operand *right)
{
	bool fits =
	    right->kind == OPERAND_TEXT ||
	    (right->kind == OPERAND_FACT && fact_is_text(right->ref.fact));

	if (cond->kind == COND_COMPARE && cond->cmp != CMP_EQ &&
	    cond->cmp != CMP_NE)
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is a %s: only == and != compare it",
		    cond->ref.fact->name, fact_type_name(cond->ref.fact->type));
	if (!fits)
		wrong_right_side(
		    checker, cond->ref.fact, right->pos, "a text in quotes");
}

static void
check_ip_operand(
    struct checker *checker, struct condition *cond, struct operand *right)
{
	if (cond->cmp != CMP_EQ && cond->cmp != CMP_NE)
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is an address: only ==, != and `in` compare it",
		    cond->ref.fact->name);
	if (right->kind == OPERAND_FACT &&
	    right->ref.fact->type == FACT_TYPE_IP)
		return;
	check_network(checker, right, true);
}

static void
check_compare(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	const struct fact *fact = cond->ref.fact;

	if (cond->right.kind == OPERAND_FACT)
		check_condition_ref(checker, place, &cond->right.ref);
	if (cond->right.kind == OPERAND_TEXT)
		check_text(checker, place, &cond->right.text, NULL, NULL);
	switch (fact->type) {
	case FACT_TYPE_BOOL:
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is yes or no: expected `%s` or `not %s`", fact->name,
		    fact->name, fact->name);
		break;
	case FACT_TYPE_NUMBER:
		check_number_operand(checker, cond, &cond->right);
		break;
	case FACT_TYPE_IP:
		check_ip_operand(checker, cond, &cond->right);
		break;
	case FACT_TYPE_STRING:
	case FACT_TYPE_NOCASE:
	case FACT_TYPE_HOST:
	case FACT_TYPE_ADDRESS:
		check_text_operand(checker, cond, &cond->right);
		break;
	}
}

static void
check_match(struct checker *checker, struct condition *cond)
{
	const struct fact *fact = cond->ref.fact;
	struct buf error = { 0 };
	struct pos pos = cond->regex_pos;
	size_t offset;

	if (!fact_is_text(fact)) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is a %s: a regular expression wants text", fact->name,
		    fact_type_name(fact->type));
		return;
	}
	cond->pattern = pattern_new(cond->regex, cond->regex_flags,
	    (fact->flags & FACT_UTF8) != 0, &error, &offset);
	if (cond->pattern == NULL) {
		pos.at += 1 + (uint32_t)offset;
		pos.len = 1;
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "this regular expression is wrong: %s", error.p);
	}
	buf_done(&error);
}

static struct table *
find_table(struct checker *checker, const struct condition *cond)
{
	struct suggestion near = { .wrong = cond->name };

	for (size_t i = 0; i < checker->program->n_tables; i++) {
		struct table *table = checker->program->tables[i];

		if (str_eq(table->name, cond->name)) {
			table->is_used = true;
			return table;
		}
		suggest(&near, table->name);
	}
	diag_add(checker->diags, DIAG_ERROR, cond->name_pos,
	    near.best.len > 0 ? "there is no table '%.*s': did you mean `%.*s`?"
			      : "there is no table '%.*s'%.*s",
	    STR_ARG(cond->name), STR_ARG(near.best));
	return NULL;
}

static bool
table_fits(enum table_type table, enum fact_type fact)
{
	switch (fact) {
	case FACT_TYPE_BOOL:
	case FACT_TYPE_NUMBER:
		return false;
	case FACT_TYPE_IP:
		return table == TABLE_CIDR;
	case FACT_TYPE_HOST:
		return table == TABLE_DOMAIN || table == TABLE_STRING;
	case FACT_TYPE_ADDRESS:
		return table == TABLE_ADDRESS || table == TABLE_STRING;
	case FACT_TYPE_STRING:
	case FACT_TYPE_NOCASE:
		return table != TABLE_CIDR;
	}
	return false;
}

static void
check_in_table(struct checker *checker, struct condition *cond)
{
	const struct fact *fact = cond->ref.fact;
	enum table_type type;

	if ((cond->table = find_table(checker, cond)) == NULL)
		return;
	type = cond->table->type;
	if (cond->has_text ? type != TABLE_CIDR : table_fits(type, fact->type))
		return;
	diag_add(checker->diags, DIAG_ERROR, cond->pos,
	    "'%s' is a %s: it cannot be looked up in a %s table",
	    cond->has_text ? "this" : fact->name,
	    cond->has_text ? "text" : fact_type_name(fact->type),
	    table_type_name(type));
	if (!cond->has_text && fact->type == FACT_TYPE_ADDRESS &&
	    type == TABLE_DOMAIN)
		diag_add(checker->diags, DIAG_NOTE, cond->ref.pos,
		    "did you mean `%s`?",
		    fact->id == FACT_RCPT_TO        ? "rcpt.to.domain"
		    : fact->id == FACT_SASL_USER    ? "sasl.user.domain"
		    : fact->id == FACT_FROM_ADDRESS ? "from.domain"
						    : "mail.from.domain");
}

static void
check_in_list(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	enum fact_type type =
	    cond->has_text ? FACT_TYPE_STRING : cond->ref.fact->type;

	if (cond->is_bare_network && type != FACT_TYPE_IP) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "only an address can be in a network; a list is written "
		    "{\"…\", \"…\"}");
		return;
	}
	for (size_t i = 0; i < cond->n_list; i++) {
		struct operand *item = &cond->list[i];

		if (item->kind == OPERAND_TEXT)
			check_text(checker, place, &item->text, NULL, NULL);
		if (type == FACT_TYPE_IP)
			check_network(checker, item, false);
		else if (type == FACT_TYPE_NUMBER)
			check_number_operand(checker, cond, item);
		else if (type == FACT_TYPE_BOOL)
			diag_add(checker->diags, DIAG_ERROR, cond->pos,
			    "'%s' is yes or no: it is in no list",
			    cond->ref.fact->name);
		else if (item->kind != OPERAND_TEXT)
			diag_add(checker->diags, DIAG_ERROR, item->pos,
			    "expected a text in quotes");
	}
}

static struct limit *
find_limit(struct checker *checker, const struct condition *cond)
{
	struct suggestion near = { .wrong = cond->name };

	for (size_t i = 0; i < checker->program->n_limits; i++) {
		struct limit *limit = checker->program->limits[i];

		if (str_eq(limit->name, cond->name))
			return limit;
		suggest(&near, limit->name);
	}
	diag_add(checker->diags, DIAG_ERROR, cond->name_pos,
	    near.best.len > 0 ? "there is no limit '%.*s': did you mean `%.*s`?"
			      : "there is no limit '%.*s'%.*s",
	    STR_ARG(cond->name), STR_ARG(near.best));
	return NULL;
}

/* To peek before it is charged, its key must be known already. */
static void
check_peek(struct checker *checker, const struct check_place *place,
    const struct condition *cond)
{
	const struct limit *limit = cond->limit;
	enum stage known = STAGE_CONNECT;
	struct check_place raise = { .raise = &known, .is_limit = true };

	for (size_t i = 0; i < limit->n_keys; i++)
		check_ref(checker, &raise, &limit->keys[i]);
	if (limit->cond != NULL)
		check_condition(checker, &raise, limit->cond);
	if (known <= place->stage)
		return;
	diag_add(checker->diags, DIAG_ERROR, cond->pos,
	    "whether '%.*s' is over is not known yet at stage %s: what it "
	    "counts by is known from stage %s on",
	    STR_ARG(limit->name), stage_name(place->stage), stage_name(known));
}

static void
check_over(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	if (place->is_limit) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "`over` cannot stand in the condition of a limit");
		return;
	}
	if ((cond->limit = find_limit(checker, cond)) == NULL)
		return;
	cond->limit->is_asked = true;
	if (cond->limit->stage > place->stage)
		check_peek(checker, place, cond);
}

void
check_condition(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	if (cond->kind == COND_FACT || cond->kind == COND_COMPARE ||
	    cond->kind == COND_MATCH ||
	    (cond->kind == COND_IN && !cond->has_text))
		check_condition_ref(checker, place, &cond->ref);
	switch (cond->kind) {
	case COND_OR:
	case COND_AND:
	case COND_NOT:
		for (size_t i = 0; i < cond->n_terms; i++)
			check_condition(checker, place, cond->terms[i]);
		break;
	case COND_FACT:
		break;
	case COND_COMPARE:
		check_compare(checker, place, cond);
		break;
	case COND_MATCH:
		if (cond->pattern == NULL) /* a peek looks twice */
			check_match(checker, cond);
		break;
	case COND_IN:
		if (cond->has_text)
			check_text(checker, place, &cond->text, NULL, NULL);
		if (cond->in == IN_TABLE)
			check_in_table(checker, cond);
		else
			check_in_list(checker, place, cond);
		break;
	case COND_OVER:
		check_over(checker, place, cond);
		break;
	}
}

static bool
says_over(const struct condition *cond)
{
	if (cond == NULL)
		return false;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (says_over(cond->terms[i]))
			return true;
	return cond->kind == COND_OVER;
}

/* Groups of the pattern with most of them; -1: no pattern at all. */
static int
most_groups(const struct condition *cond)
{
	int most = -1, one;

	if (cond == NULL)
		return -1;
	for (size_t i = 0; i < cond->n_terms; i++)
		if ((one = most_groups(cond->terms[i])) > most)
			most = one;
	if (cond->kind == COND_MATCH && cond->pattern != NULL)
		most = (int)pattern_n_groups(cond->pattern);
	else if (cond->kind == COND_MATCH)
		most = PATTERN_CAPTURES_MAX; /* wrong anyway, and told */
	return most;
}

static void
check_part(struct checker *checker, const struct check_place *place,
    const struct text_part *part, const struct condition *const conds[2])
{
	int groups = most_groups(conds[0]), more = most_groups(conds[1]);
	const struct fact *fact = part->ref.fact;

	if (more > groups)
		groups = more;
	if (part->kind == PART_GROUP && (int)part->group > groups)
		diag_add(checker->diags, DIAG_ERROR, part->ref.pos,
		    groups < 0 ? "${%u} needs a regular expression in the "
				 "rule's condition"
			       : "${%u}: no regular expression of the rule "
				 "has so many groups",
		    part->group);
	if (part->kind != PART_FACT)
		return;
	check_ref(checker, place, &part->ref);
	if (part->ref.has_bits)
		diag_add(checker->diags, DIAG_ERROR, part->ref.pos,
		    "prefixes belong to keys of limits");
	if (fact->id == FACT_MATCH && groups < 0)
		diag_add(checker->diags, DIAG_ERROR, part->ref.pos,
		    "${match} needs a regular expression in the rule's "
		    "condition");
	if (fact->id >= FACT_LIMIT_NAME && fact->id <= FACT_LIMIT_UNTIL &&
	    !says_over(conds[0]) && !says_over(conds[1]))
		diag_add(checker->diags, DIAG_ERROR, part->ref.pos,
		    "${%s} needs `over LIMIT` in the rule's condition",
		    fact->name);
}

void
check_text(struct checker *checker, const struct check_place *place,
    const struct text *text, const struct condition *cond,
    const struct condition *block_cond)
{
	const struct condition *const conds[2] = { cond, block_cond };

	for (size_t i = 0; i < text->n; i++)
		check_part(checker, place, &text->parts[i], conds);
}
