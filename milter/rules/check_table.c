/*
 * Tables where they are used: what may be looked up, and where.
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
find_table(struct checker *checker, const struct condition *cond)
{
	struct suggestion near = { .wrong = cond->name };
	const struct program *program = checker->program;

	for (size_t i = 0; i < program->n_tables; i++) {
		if (!str_eq(program->tables[i]->name, cond->name))
			continue;
		program->tables[i]->is_used = true;
		return program->tables[i];
	}
	if (name_is_broken(program, cond->name))
		return NULL;
	for (size_t i = 0; i < program->n_tables; i++)
		suggest(&near, program->tables[i]->name);
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

void
check_in_table(struct checker *checker, struct condition *cond)
{
	const struct fact *fact = cond->ref.fact;
	enum table_type type;

	if ((cond->table = find_table(checker, cond)) == NULL)
		return;
	type = cond->table->type;
	if (cond->has_text ? type != TABLE_CIDR : table_fits(type, fact->type))
		return;
	if (cond->has_text) {
		diag_add(checker->diags, DIAG_ERROR, cond->pos,
		    "a text cannot be looked up in a %s table",
		    table_type_name(type));
		return;
	}
	diag_add(checker->diags, DIAG_ERROR, cond->pos,
	    "'%s' is %s: it cannot be looked up in a %s table", fact->name,
	    fact_type_phrase(fact->type), table_type_name(type));
	if (fact->type == FACT_TYPE_ADDRESS && type == TABLE_DOMAIN)
		diag_add(checker->diags, DIAG_NOTE, cond->pos,
		    "did you mean `%s`?",
		    fact->id == FACT_RCPT_TO        ? "rcpt.to.domain"
		    : fact->id == FACT_SASL_USER    ? "sasl.user.domain"
		    : fact->id == FACT_FROM_ADDRESS ? "from.domain"
						    : "mail.from.domain");
}
