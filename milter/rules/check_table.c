/*
 * Tables where they are used: what may be looked up, and where. On the way it
 * is noted what a table must be able to tell: values, rates, case.
 */
#include "rules/check.h"
#include "rules/suggest.h"

bool
name_is_broken(const struct program *program, struct str name)
{
	for (size_t i = 0; i < program->n_broken; i++)
		if (str_eq(program->broken[i], name))
			return true;
	return false;
}

static struct table *
find_table(struct checker *checker, struct str name, struct pos pos)
{
	struct suggestion near = { .wrong = name };
	const struct program *program = checker->program;

	for (size_t i = 0; i < program->n_tables; i++) {
		if (!str_eq(program->tables[i]->name, name))
			continue;
		program->tables[i]->is_used = true;
		return program->tables[i];
	}
	if (name_is_broken(program, name))
		return NULL;
	for (size_t i = 0; i < program->n_tables; i++)
		suggest(&near, program->tables[i]->name);
	diag_add(checker->diags, DIAG_ERROR, pos,
	    near.best.len > 0 ? "there is no table '%.*s': did you mean `%.*s`?"
			      : "there is no table '%.*s'%.*s",
	    STR_ARG(name), STR_ARG(near.best));
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
		return table == TABLE_DOMAIN || table == TABLE_STRING ||
		       table == TABLE_REGEX;
	case FACT_TYPE_ADDRESS:
		return table == TABLE_ADDRESS || table == TABLE_STRING ||
		       table == TABLE_REGEX;
	case FACT_TYPE_STRING:
	case FACT_TYPE_NOCASE:
		return table != TABLE_CIDR;
	}
	return false;
}

/*
 * In Redis entries are found by their bytes, so those of one table are either
 * all in lower case or all as they come.
 */
static void
note_case(struct checker *checker, struct table *table, bool ignores_case,
    struct pos pos)
{
	if (!table->is_redis || table->type != TABLE_STRING)
		return;
	if (table->case_pos.source == NULL) {
		table->ignores_case = ignores_case;
		table->case_pos = pos;
		return;
	}
	if (table->ignores_case == ignores_case)
		return;
	diag_add(checker->diags, DIAG_ERROR, pos,
	    "this is compared %s case, but table '%.*s', which is in Redis, is "
	    "compared %s it elsewhere",
	    ignores_case ? "without" : "with", STR_ARG(table->name),
	    ignores_case ? "with" : "without");
	diag_add(checker->diags, DIAG_NOTE, table->case_pos, "namely here");
}

/* The condition of a limit is asked before the call, and one attachment is
 * looked at behind it. */
static void
check_may_wait(struct checker *checker, const struct check_place *place,
    const struct table *table, struct pos pos)
{
	if (place->limit != NULL && table->is_redis)
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "table '%.*s' is in Redis: the condition of a limit "
		    "cannot ask it",
		    STR_ARG(table->name));
	else if (place->is_with && table->is_redis)
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "table '%.*s' is in Redis, which is asked once for the "
		    "stage and not for each attachment: it stands outside of "
		    "the parentheses of `attachment with`",
		    STR_ARG(table->name));
}

static const char *
domain_of(enum fact_id id)
{
	return id == FACT_RCPT_TO        ? "rcpt.to.domain"
	       : id == FACT_SASL_USER    ? "sasl.user.domain"
	       : id == FACT_FROM_ADDRESS ? "from.domain"
					 : "mail.from.domain";
}

/* A fact that is looked up in, or goes into, the table. */
static void
check_fact_fits(struct checker *checker, struct table *table,
    const struct fact *fact, struct pos pos, const char *format_tail)
{
	if (fact->id == FACT_URL && table->type == TABLE_DOMAIN) {
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "'url' is a whole address, which is in no domain table: "
		    "did you mean `url.host`?");
		return;
	}
	if (table_fits(table->type, fact->type)) {
		note_case(checker, table, fact_ignores_case(fact), pos);
		return;
	}
	diag_add(checker->diags, DIAG_ERROR, pos,
	    "'%s' is %s: it cannot %s %s table", fact->name,
	    fact_type_phrase(fact->type), format_tail,
	    table_type_name(table->type));
	if (fact->type == FACT_TYPE_ADDRESS && table->type == TABLE_DOMAIN)
		diag_add(checker->diags, DIAG_NOTE, pos, "did you mean `%s`?",
		    domain_of(fact->id));
}

static void
check_text_fits(struct checker *checker, struct table *table,
    const struct text *text, struct pos pos, const char *format_tail)
{
	if (table->type == TABLE_CIDR)
		diag_add(checker->diags, DIAG_ERROR, pos,
		    "a text cannot %s cidr table", format_tail);
	else
		note_case(checker, table, text_ignores_case(text), pos);
}

/* What Redis tells cannot be part of what it is asked in the same call. */
static void
check_asked_text(struct checker *checker, const struct condition *cond)
{
	for (size_t i = 0; i < cond->text.n; i++) {
		const struct text_part *part = &cond->text.parts[i];

		if (part->kind == PART_VALUE && part->table != NULL &&
		    part->table->is_redis)
			diag_add(checker->diags, DIAG_ERROR, part->table_pos,
			    "a value from Redis cannot be looked up in Redis: "
			    "both are asked at once");
	}
}

void
check_in_table(struct checker *checker, const struct check_place *place,
    struct condition *cond)
{
	cond->table = find_table(checker, cond->name, cond->name_pos);
	if (cond->table == NULL)
		return;
	check_may_wait(checker, place, cond->table, cond->name_pos);
	if (cond->is_value) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "a value is looked for in a {\"list\"}; in a table it is "
		    "\"${value(…)}\" in %.*s",
		    STR_ARG(cond->name));
	} else if (cond->has_text) {
		check_text_fits(checker, cond->table, &cond->text, cond->pos,
		    "be looked up in a");
		if (cond->table->is_redis)
			check_asked_text(checker, cond);
	} else {
		check_fact_fits(checker, cond->table, cond->ref.fact, cond->pos,
		    "be looked up in a");
	}
}

struct table *
check_value(struct checker *checker, const struct check_place *place,
    struct str name, struct pos pos, const struct fact_ref *ref)
{
	struct table *table = find_table(checker, name, pos);

	if (table == NULL)
		return NULL;
	table->has_values = true;
	check_may_wait(checker, place, table, pos);
	check_fact_fits(
	    checker, table, ref->fact, ref->pos, "be looked up in a");
	return table;
}

void
check_override(struct checker *checker, struct limit *limit)
{
	struct table *table =
	    find_table(checker, limit->override_name, limit->override_pos);

	if (table == NULL)
		return;
	limit->override = table;
	table->has_values = table->has_raises = true;
	if (table->is_redis)
		diag_add(checker->diags, DIAG_ERROR, limit->override_pos,
		    "table '%.*s' is in Redis: what overrides a limit is read "
		    "before Redis is asked (`sluice grant` raises a key while "
		    "running)",
		    STR_ARG(table->name));
	if (table->type == TABLE_REGEX)
		diag_add(checker->diags, DIAG_ERROR, limit->override_pos,
		    "a regex table cannot override a limit: whose rates are "
		    "others is looked up for each mail, and must not cost its "
		    "scan budget");
	check_fact_fits(checker, table, limit->keys[0].fact, limit->keys[0].pos,
	    "be looked up in a");
}

void
check_remembered(struct checker *checker, const struct check_place *place,
    struct action *action)
{
	struct table *table =
	    find_table(checker, action->table_name, action->table_pos);

	if (!action->is_text) {
		struct fact_ref bare = action->fact;

		/* A network may be an entry, too. */
		bare.has_bits = false;
		check_condition_ref(checker, place, &bare);
	}
	if (table == NULL)
		return;
	action->table = table;
	if (!table->is_redis)
		diag_add(checker->diags, DIAG_ERROR, action->table_pos,
		    "rules change tables in Redis only: table '%.*s' is %s",
		    STR_ARG(table->name),
		    table->is_file ? "a file" : "written in the rules");
	else if (action->is_text)
		check_text_fits(checker, table, &action->text, action->text.pos,
		    "be an entry of a");
	else
		check_fact_fits(checker, table, action->fact.fact,
		    action->fact.pos, "be an entry of a");
}
