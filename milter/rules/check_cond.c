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

/* An argument that no mail can ever have. */
static void
check_argument(struct checker *checker, const struct fact_ref *ref)
{
	struct str name = ref->argument;
	bool is_header =
	    ref->fact->id == FACT_HEADER || ref->fact->id == FACT_HEADER_RAW;
	bool is_macro = name.len == 1 ||
			(name.len > 2 && name.p[0] == '{' &&
			    str_find(name, '}') == (ptrdiff_t)name.len - 1);

	if (is_header && !field_name_is_valid(name))
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "no header field has this name (printable ASCII without "
		    "blanks and colons, at most 76)");
	if (ref->fact->id == FACT_MACRO &&
	    (!is_macro || str_find(name, ' ') >= 0))
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "no macro has this name: expected one letter (\"i\") or a "
		    "name in braces (\"{auth_type}\")");
}

/* Where the MTA has refused there is no question for rules any more. */
static void
check_mta_status(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref)
{
	if (place->limit == NULL)
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "no rules run for recipients that the MTA refuses: '%s' "
		    "belongs into the `if` of an unknown-recipients limit",
		    ref->fact->name);
	else if (place->limit->unit != UNIT_UNKNOWN_RECIPIENTS)
		diag_add(checker->diags, DIAG_ERROR, ref->pos,
		    "a limit of %s does not count recipients that the MTA "
		    "refuses: '%s' belongs into the `if` of an "
		    "unknown-recipients limit",
		    unit_name(place->limit->unit), ref->fact->name);
}

void
check_ref(struct checker *checker, const struct check_place *place,
    const struct fact_ref *ref)
{
	if (ref->fact->id == FACT_RCPT_MTA_STATUS) {
		check_mta_status(checker, place, ref);
		return;
	}
	check_argument(checker, ref);
	check_lacks_note(checker, place, ref);
	if (ref->fact->id == FACT_MIME_DAMAGE && !place->knows_words &&
	    (place->raise != NULL || place->stage >= STAGE_MESSAGE))
		needs_add_damage(checker->needs, DAMAGE_N);
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

void
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
check_value_part(struct checker *checker, const struct check_place *place,
    struct text_part *part)
{
	check_condition_ref(checker, place, &part->ref);
	part->table = check_value(
	    checker, place, part->table_name, part->table_pos, &part->ref);
}

/* The text of an operand: it cannot tell what its own condition found. */
static void
check_operand_text(
    struct checker *checker, const struct check_place *place, struct text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		struct text_part *part = &text->parts[i];

		if (part->kind == PART_GROUP ||
		    (part->kind == PART_FACT &&
			(part->ref.fact->flags & FACT_TEXT_ONLY) != 0))
			diag_add(checker->diags, DIAG_ERROR, part->ref.pos,
			    "what a condition found can stand in the texts of "
			    "actions, not in a condition");
		else if (part->kind == PART_FACT)
			check_condition_ref(checker, place, &part->ref);
		else if (part->kind == PART_VALUE)
			check_value_part(checker, place, part);
	}
}

static void
wrong_right_side(struct checker *checker, const struct fact *left,
    struct pos pos, const char *expected)
{
	diag_add(checker->diags, DIAG_ERROR, pos,
	    "'%s' is %s: expected %s here", left->name,
	    fact_type_phrase(left->type), expected);
}

/* An address (or network) as a literal text; filled into operand->net. */
static void
check_network(
    struct checker *checker, struct operand *operand, bool is_address_only)
{
	char text[IP_TEXT_MAX];
	struct str literal;
	int rc;

	if (operand->kind != OPERAND_TEXT ||
	    !text_is_literal(&operand->text, &literal)) {
		diag_add(checker->diags, DIAG_ERROR, operand->pos,
		    is_address_only
			? "expected an address in quotes: \"192.0.2.7\", "
			  "\"2001:db8::7\""
			: "expected an address or network in quotes: "
			  "\"192.0.2.0/24\", \"2001:db8::/32\"");
		return;
	}
	rc = ip_net_parse(literal, &operand->net);
	if (rc == -2)
		diag_add(checker->diags, DIAG_ERROR, operand->pos,
		    "this network has bits behind its prefix: did you mean "
		    "\"%s\"?",
		    ip_net_text(&operand->net, text).p);
	else if (rc == -1)
		diag_add(checker->diags, DIAG_ERROR, operand->pos,
		    is_address_only
			? "this is no address: expected \"192.0.2.7\" or "
			  "\"2001:db8::7\""
			: "this is no address or network: expected "
			  "\"192.0.2.0/24\" or \"2001:db8::/32\"");
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
		    "'%s' is %s: only == and != compare it",
		    cond->ref.fact->name,
		    fact_type_phrase(cond->ref.fact->type));
	if (!fits)
		wrong_right_side(
		    checker, cond->ref.fact, right->pos, "a text in quotes");
}

/* A value is a text, or a number where it is compared with one. */
static void
check_value_operand(struct checker *checker, const struct condition *cond,
    const struct operand *right)
{
	bool is_number = right->kind == OPERAND_NUMBER;
	bool is_text = right->kind == OPERAND_TEXT;

	if (right->kind == OPERAND_FACT) {
		is_number = right->ref.fact->type == FACT_TYPE_NUMBER;
		is_text = fact_is_text(right->ref.fact);
	}
	if (!is_number && !is_text)
		diag_add(checker->diags, DIAG_ERROR, right->pos,
		    "'%s' is %s: a value is compared with texts and numbers",
		    right->ref.fact->name,
		    fact_type_phrase(right->ref.fact->type));
	else if (!is_number && cond->kind == COND_COMPARE &&
		 cond->cmp != CMP_EQ && cond->cmp != CMP_NE)
		diag_add(checker->diags, DIAG_ERROR, right->pos,
		    "only numbers are smaller or greater: expected a number "
		    "here");
}

static void
check_ip_operand(
    struct checker *checker, struct condition *cond, struct operand *right)
{
	if (cond->cmp != CMP_EQ && cond->cmp != CMP_NE)
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is an IP address: only ==, != and `in` compare it",
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
		check_operand_text(checker, place, &cond->right.text);
	if (cond->is_value) {
		check_value_operand(checker, cond, &cond->right);
		return;
	}
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

/* Where the pattern is, behind "/" or "m{". */
static uint32_t
regex_begins(struct pos pos)
{
	return pos.source->text.p[pos.at] == '/' ? 1 : 2;
}

static void
check_match(struct checker *checker, struct condition *cond)
{
	const struct fact *fact = cond->ref.fact;
	struct buf error = { 0 };
	struct pos pos = cond->regex_pos;
	size_t offset;

	if (!cond->is_value && !fact_is_text(fact)) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is %s: a regular expression wants text", fact->name,
		    fact_type_phrase(fact->type));
		return;
	}
	/* A value in Redis may be any bytes. */
	cond->pattern = pattern_new(cond->regex, cond->regex_flags,
	    (fact->flags & FACT_UTF8) != 0 && !cond->is_value, &error, &offset);
	if (cond->pattern == NULL) {
		pos.at += regex_begins(pos) + (uint32_t)offset;
		pos.len = 1;
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "this regular expression is wrong: %s", error.p);
	}
	buf_done(&error);
}

static void
check_in_list(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	enum fact_type type = cond->has_text || cond->is_value
				  ? FACT_TYPE_STRING
				  : cond->ref.fact->type;

	if (cond->is_bare_network && type != FACT_TYPE_IP) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "only an address can be in a network; a list is written "
		    "{\"…\", \"…\"}");
		return;
	}
	if (type == FACT_TYPE_BOOL) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "'%s' is yes or no: expected `%s` or `not %s`",
		    cond->ref.fact->name, cond->ref.fact->name,
		    cond->ref.fact->name);
		return;
	}
	for (size_t i = 0; i < cond->n_list; i++) {
		struct operand *item = &cond->list[i];

		if (item->kind == OPERAND_TEXT)
			check_operand_text(checker, place, &item->text);
		if (type == FACT_TYPE_IP)
			check_network(checker, item, false);
		else if (type == FACT_TYPE_NUMBER)
			check_number_operand(checker, cond, item);
		else if (cond->is_value)
			check_value_operand(checker, cond, item);
		else if (item->kind != OPERAND_TEXT)
			diag_add(checker->diags, DIAG_ERROR, item->pos,
			    "expected a text in quotes");
	}
}

/* `every` of what is always one only: right, but not what it looks like. */
static void
check_every(struct checker *checker, const struct check_place *place,
    const struct condition *cond)
{
	enum stage stage = place->raise != NULL ? STAGE_MESSAGE : place->stage;

	if (!cond->is_every)
		return;
	if (cond->kind == COND_COMPARE && cond->cmp != CMP_EQ &&
	    cond->cmp != CMP_NE)
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "`every` goes with in, ==, !=, =~ and !~");
	else if (!fact_is_many(cond->ref.fact, stage))
		diag_add(checker->diags, DIAG_WARNING, cond->pos,
		    "'%s' has one value at stage %s: `every` changes nothing",
		    cond->ref.fact->name, stage_name(stage));
	else if (cond->ref.of_one &&
		 cond->ref.fact->id != FACT_ATTACHMENT_NAME &&
		 cond->ref.fact->id != FACT_ARCHIVE_NAME)
		diag_add(checker->diags, DIAG_WARNING, cond->pos,
		    "'%s' of one attachment is one value: `every` changes "
		    "nothing",
		    cond->ref.fact->name);
}

/* FACT or value(TABLE, FACT). */
static void
check_left(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	struct check_place left = *place;

	left.knows_words = words_are_all(cond);
	check_condition_ref(checker, &left, &cond->ref);
	check_every(checker, place, cond);
	if (cond->is_value)
		cond->value_table = check_value(checker, place,
		    cond->value_table_name, cond->value_table_pos, &cond->ref);
	else
		check_words(checker, place, cond);
}

static void
check_in(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	if (cond->has_text)
		check_operand_text(checker, place, &cond->text);
	else
		check_left(checker, place, cond);
	if (cond->in == IN_TABLE)
		check_in_table(checker, place, cond);
	else
		check_in_list(checker, place, cond);
}

void
check_condition(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	switch (cond->kind) {
	case COND_OR:
	case COND_AND:
	case COND_NOT:
		for (size_t i = 0; i < cond->n_terms; i++)
			check_condition(checker, place, cond->terms[i]);
		break;
	case COND_WITH:
		check_with(checker, place, cond);
		break;
	case COND_FACT:
		check_left(checker, place, cond);
		break;
	case COND_COMPARE:
		check_left(checker, place, cond);
		check_compare(checker, place, cond);
		break;
	case COND_MATCH:
		check_left(checker, place, cond);
		check_match(checker, cond);
		break;
	case COND_IN:
		check_in(checker, place, cond);
		break;
	case COND_OVER:
	case COND_NEAR:
	case COND_USED:
		check_asked(checker, place, cond);
		break;
	}
}

/* Does it ask about a limit? */
static bool
says_over(const struct condition *cond)
{
	if (cond == NULL)
		return false;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (says_over(cond->terms[i]))
			return true;
	return condition_asks(cond);
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
    struct text_part *part, const struct condition *const conds[2])
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
	if (part->kind == PART_VALUE)
		check_value_part(checker, place, part);
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
		    "${%s} needs `over LIMIT`, `near LIMIT` or `used LIMIT` "
		    "in the rule's condition",
		    fact->name);
}

void
check_text(struct checker *checker, const struct check_place *place,
    struct text *text, const struct condition *cond,
    const struct condition *block_cond)
{
	const struct condition *const conds[2] = { cond, block_cond };

	for (size_t i = 0; i < text->n; i++)
		check_part(checker, place, &text->parts[i], conds);
}
