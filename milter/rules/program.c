/*
 * What was loaded, by name; and what was meant, most likely, by one that is
 * none.
 */
#include "rules/program.h"

#include "rules/ruleset.h"
#include "rules/suggest.h"

const struct limit *
program_limit(const struct program *program, struct str name)
{
	for (size_t i = 0; i < program->n_limits; i++)
		if (str_eq(program->limits[i]->name, name))
			return program->limits[i];
	return NULL;
}

const struct rule *
program_rule(const struct program *program, struct str name)
{
	for (size_t i = 0; i < program->n_rules; i++)
		if (str_eq(program->rules[i]->name, name))
			return program->rules[i];
	return NULL;
}

const struct table *
program_table(const struct program *program, struct str name)
{
	for (size_t i = 0; i < program->n_tables; i++)
		if (str_eq(program->tables[i]->name, name))
			return program->tables[i];
	return NULL;
}

bool
ruleset_has_limit(const struct ruleset *rules, struct str name)
{
	return program_limit(ruleset_program(rules), name) != NULL;
}

bool
ruleset_has_rule(const struct ruleset *rules, struct str name)
{
	return program_rule(ruleset_program(rules), name) != NULL;
}

bool
ruleset_has_table(const struct ruleset *rules, struct str name)
{
	return program_table(ruleset_program(rules), name) != NULL;
}

struct str
ruleset_suggest_limit(const struct ruleset *rules, struct str wrong)
{
	const struct program *program = ruleset_program(rules);
	struct suggestion near = { .wrong = wrong };

	for (size_t i = 0; i < program->n_limits; i++)
		suggest(&near, program->limits[i]->name);
	return near.best;
}

struct str
ruleset_suggest_rule(const struct ruleset *rules, struct str wrong)
{
	const struct program *program = ruleset_program(rules);
	struct suggestion near = { .wrong = wrong };

	for (size_t i = 0; i < program->n_rules; i++)
		suggest(&near, program->rules[i]->name);
	return near.best;
}

struct str
ruleset_suggest_table(const struct ruleset *rules, struct str wrong)
{
	const struct program *program = ruleset_program(rules);
	struct suggestion near = { .wrong = wrong };

	for (size_t i = 0; i < program->n_tables; i++)
		suggest(&near, program->tables[i]->name);
	return near.best;
}
