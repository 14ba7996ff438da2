/*
 * One function for each thing that the parser reads. The trap is what two ways
 * of writing share: numbers and scores are printed as they were written, not as
 * the double that was made of them, and defaults only where they were written;
 * else what is printed would not load to the same.
 */
#include "rules/print.h"

#include "base/quantity.h"
#include "rules/entry.h"
#include "store/raise.h"

#define ENTRIES_ON_A_LINE 6

static void
print_escaped(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '"' || c == '\\')
			buf_byte(out, '\\');
		if (c == '$')
			buf_byte(out, '$');
		buf_byte(out, c);
	}
}

static void
print_string(struct str text, struct buf *out)
{
	buf_byte(out, '"');
	print_escaped(text, out);
	buf_byte(out, '"');
}

static void
print_ref_as(struct str name, const struct fact_ref *ref, struct buf *out)
{
	buf_add(out, name);
	if ((ref->fact->flags & FACT_ARGUMENT) != 0) {
		buf_byte(out, '[');
		print_string(ref->argument, out);
		buf_byte(out, ']');
	}
	if (ref->has_bits)
		buf_printf(out, "(%u, %u)", (unsigned)ref->bits_v4,
		    (unsigned)ref->bits_v6);
}

void
print_ref(const struct fact_ref *ref, struct buf *out)
{
	print_ref_as(str_of(ref->fact->name), ref, out);
}

/* As it stands in a rule file: where it may be short, it is. */
static void
print_written(const struct fact_ref *ref, struct buf *out)
{
	print_ref_as(
	    ref->of_one ? fact_short_name(ref->fact) : str_of(ref->fact->name),
	    ref, out);
}

static void
print_value(struct str table, const struct fact_ref *ref, struct buf *out)
{
	buf_printf(out, "value(%.*s, ", STR_ARG(table));
	print_written(ref, out);
	buf_byte(out, ')');
}

void
print_text(const struct text *text, struct buf *out)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < text->n; i++) {
		const struct text_part *part = &text->parts[i];

		switch (part->kind) {
		case PART_LITERAL:
			print_escaped(part->literal, out);
			break;
		case PART_GROUP:
			buf_printf(out, "${%u}", part->group);
			break;
		case PART_FACT:
			buf_add_cstr(out, "${");
			print_written(&part->ref, out);
			buf_byte(out, '}');
			break;
		case PART_VALUE:
			buf_add_cstr(out, "${");
			print_value(part->table_name, &part->ref, out);
			buf_byte(out, '}');
			break;
		}
	}
	buf_byte(out, '"');
}

static void
print_operand(const struct operand *operand, struct buf *out)
{
	switch (operand->kind) {
	case OPERAND_TEXT:
		print_text(&operand->text, out);
		break;
	case OPERAND_NUMBER:
		buf_add(out, operand->written);
		break;
	case OPERAND_FACT:
		print_written(&operand->ref, out);
		break;
	}
}

/* What is compared, matched or looked for. */
static void
print_left(const struct condition *cond, struct buf *out)
{
	buf_add_cstr(out, cond->is_every ? "every " : "");
	if (cond->has_text)
		print_text(&cond->text, out);
	else if (cond->is_value)
		print_value(cond->value_table_name, &cond->ref, out);
	else
		print_written(&cond->ref, out);
}

static void
print_in(const struct condition *cond, struct buf *out)
{
	print_left(cond, out);
	buf_add_cstr(out, " in ");
	if (cond->in == IN_TABLE) {
		buf_add(out, cond->name);
		return;
	}
	if (cond->is_bare_network) {
		print_operand(&cond->list[0], out);
		return;
	}
	buf_byte(out, '{');
	for (size_t i = 0; i < cond->n_list; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		print_operand(&cond->list[i], out);
	}
	buf_byte(out, '}');
}

/* A list of terms inside of another condition wants parentheses. */
static void
print_term(const struct condition *cond, struct buf *out)
{
	bool is_list = cond->kind == COND_OR || cond->kind == COND_AND;

	if (is_list)
		buf_byte(out, '(');
	print_condition(cond, out);
	if (is_list)
		buf_byte(out, ')');
}

static void
print_terms(const struct condition *cond, const char *word, struct buf *out)
{
	for (size_t i = 0; i < cond->n_terms; i++) {
		buf_add_cstr(out, i > 0 ? word : "");
		print_term(cond->terms[i], out);
	}
}

static const char *const comparisons[] = {
	[CMP_EQ] = "==",
	[CMP_NE] = "!=",
	[CMP_LT] = "<",
	[CMP_LE] = "<=",
	[CMP_GT] = ">",
	[CMP_GE] = ">=",
};

static void
print_asking(const struct condition *cond, struct buf *out)
{
	buf_printf(
	    out, "%s %.*s", asking_word(cond->kind), STR_ARG(cond->name));
	if (cond->kind == COND_USED)
		buf_printf(out, " %s ", comparisons[cond->cmp]);
	else if (cond->has_percent)
		buf_add_cstr(out, " at ");
	if (cond->has_percent)
		buf_printf(out, "%.*s%%", STR_ARG(cond->right.written));
}

void
print_condition(const struct condition *cond, struct buf *out)
{
	switch (cond->kind) {
	case COND_OR:
		print_terms(cond, " or ", out);
		break;
	case COND_AND:
		print_terms(cond, " and ", out);
		break;
	case COND_NOT:
		buf_add_cstr(out, "not ");
		print_term(cond->terms[0], out);
		break;
	case COND_FACT:
		print_left(cond, out);
		break;
	case COND_COMPARE:
		print_left(cond, out);
		buf_printf(out, " %s ", comparisons[cond->cmp]);
		print_operand(&cond->right, out);
		break;
	case COND_MATCH:
		print_left(cond, out);
		buf_add_cstr(out, cond->is_negated ? " !~ " : " =~ ");
		regex_text_print(cond->regex, cond->regex_flags, out);
		break;
	case COND_WITH:
		buf_add_cstr(out, "attachment with (");
		print_condition(cond->terms[0], out);
		buf_byte(out, ')');
		break;
	case COND_IN:
		print_in(cond, out);
		break;
	case COND_OVER:
	case COND_NEAR:
	case COND_USED:
		print_asking(cond, out);
		break;
	}
}

/* Its value is a text of its own. */
static void
print_regex_entry(struct str entry, struct buf *out)
{
	struct regex_text parts;
	struct str regex, value;

	entry_split(TABLE_REGEX, true, entry, &regex, &value);
	if (regex_text_read(regex, &parts) == 0)
		regex_text_print(parts.pattern, parts.flags, out);
	if (value.len == 0)
		return;
	buf_byte(out, ' ');
	print_string(value, out);
}

static void
print_entries(const struct table *table, struct buf *out)
{
	bool is_long = table->n_entries > ENTRIES_ON_A_LINE;

	buf_add_cstr(out, is_long ? "{" : "{ ");
	for (size_t i = 0; i < table->n_entries; i++) {
		if (is_long)
			buf_add_cstr(out, "\n    ");
		else if (i > 0)
			buf_byte(out, ' ');
		if (table->type == TABLE_REGEX)
			print_regex_entry(table->entries[i], out);
		else
			print_string(table->entries[i], out);
		if (is_long || i + 1 < table->n_entries)
			buf_byte(out, ',');
	}
	buf_add_cstr(out, is_long ? "\n}" : table->n_entries > 0 ? " }" : "}");
}

static void
print_table(const struct table *table, struct buf *out)
{
	char amount[QUANTITY_TEXT_MAX];

	buf_printf(out, "table %.*s %s ", STR_ARG(table->name),
	    table_type_name(table->type));
	if (table->is_redis) {
		buf_add_cstr(out, "redis");
	} else if (table->is_file) {
		buf_add_cstr(out, "file ");
		print_string(table->path, out);
	} else {
		print_entries(table, out);
	}
	if (table->at_least > 0) {
		amount_text(table->at_least, amount);
		buf_printf(out, " at-least %s", amount);
	}
	if (table->has_on_outage)
		buf_printf(
		    out, " on-outage %s", table_outage_name(table->on_outage));
	buf_byte(out, '\n');
}

void
print_unit(const struct limit *limit, struct buf *out)
{
	buf_add_cstr(out, unit_name(limit->unit));
	if (limit->unit != UNIT_DISTINCT)
		return;
	buf_byte(out, ' ');
	print_ref(&limit->distinct, out);
}

static void
print_limit(const struct limit *limit, struct buf *out)
{
	char duration[QUANTITY_TEXT_MAX];

	buf_printf(out, "limit %.*s ", STR_ARG(limit->name));
	rates_text(limit->rates, limit->n_rates, out);
	buf_byte(out, ' ');
	print_unit(limit, out);
	buf_add_cstr(out, " by ");
	for (size_t i = 0; i < limit->n_keys; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		print_ref(&limit->keys[i], out);
	}
	if (limit->counts_attempts)
		buf_add_cstr(out, " counts attempts");
	if (limit->locks_sec > 0) {
		duration_text(limit->locks_sec, duration);
		buf_printf(out, " locks %s", duration);
	}
	if (limit->override_name.len > 0)
		buf_printf(
		    out, " override %.*s", STR_ARG(limit->override_name));
	if (limit->has_on_outage)
		buf_printf(
		    out, " on-outage %s", on_outage_name(limit->on_outage));
	if (limit->cond != NULL) {
		buf_add_cstr(out, "\n    if ");
		print_condition(limit->cond, out);
	}
	buf_byte(out, '\n');
}

static void
print_remember(const struct action *action, struct buf *out)
{
	char duration[QUANTITY_TEXT_MAX];

	if (action->is_text)
		print_text(&action->text, out);
	else
		print_ref(&action->fact, out);
	buf_printf(out, " in %.*s", STR_ARG(action->table_name));
	if (action->kind == ACTION_REMEMBER)
		buf_printf(out, " for %.*s",
		    STR_ARG(duration_text(action->for_sec, duration)));
}

static void
print_action(const struct action *action, struct buf *out)
{
	buf_add_cstr(out, action_type(action->kind)->name);
	switch (action->kind) {
	case ACTION_ACCEPT:
	case ACTION_DISCARD:
		break;
	case ACTION_REJECT:
	case ACTION_TEMPFAIL:
		buf_printf(
		    out, " %u %.*s ", action->code, STR_ARG(action->xcode));
		print_text(&action->text, out);
		break;
	case ACTION_ADD_HEADER:
	case ACTION_SET_HEADER:
		buf_byte(out, ' ');
		print_string(action->name, out);
		buf_byte(out, ' ');
		print_text(&action->text, out);
		break;
	case ACTION_REMOVE_HEADER:
		buf_byte(out, ' ');
		print_string(action->name, out);
		break;
	case ACTION_SCORE:
		buf_byte(out, ' ');
		buf_add(out, action->written);
		break;
	case ACTION_ADD_RECIPIENT:
	case ACTION_REMOVE_RECIPIENT:
	case ACTION_REDIRECT:
	case ACTION_SET_SENDER:
	case ACTION_QUARANTINE:
	case ACTION_TAG:
	case ACTION_LOG:
		buf_byte(out, ' ');
		print_text(&action->text, out);
		break;
	case ACTION_REMEMBER:
	case ACTION_FORGET:
		buf_byte(out, ' ');
		print_remember(action, out);
		break;
	}
}

static void
print_rule(const struct rule *rule, struct buf *out)
{
	buf_printf(out, "    %.*s: %s", STR_ARG(rule->name),
	    rule->is_observed ? "observe " : "");
	for (size_t i = 0; i < rule->n_actions; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		print_action(&rule->actions[i], out);
	}
	if (rule->cond != NULL) {
		buf_add_cstr(out, "\n        if ");
		print_condition(rule->cond, out);
	}
	if (rule->expires.len > 0)
		buf_printf(
		    out, "\n        expires %.*s", STR_ARG(rule->expires));
	buf_byte(out, '\n');
}

static void
print_block(const struct block *block, struct buf *out)
{
	buf_printf(out, "on %s", stage_name(block->stage));
	if (block->cond != NULL) {
		buf_add_cstr(out, " if ");
		print_condition(block->cond, out);
	}
	buf_add_cstr(out, " {\n");
	for (size_t i = 0; i < block->n_rules; i++)
		print_rule(block->rules[i], out);
	buf_add_cstr(out, "}\n");
}

void
print_program(const struct program *program, struct buf *out)
{
	for (size_t i = 0; i < program->n_statements; i++) {
		const struct statement *one = &program->statements[i];
		bool is_new_kind =
		    i > 0 && (one->kind != program->statements[i - 1].kind ||
				 one->kind == STATEMENT_BLOCK);

		if (is_new_kind)
			buf_byte(out, '\n');
		switch (one->kind) {
		case STATEMENT_TABLE:
			print_table(one->table, out);
			break;
		case STATEMENT_LIMIT:
			print_limit(one->limit, out);
			break;
		case STATEMENT_BLOCK:
			print_block(one->block, out);
			break;
		}
	}
}
