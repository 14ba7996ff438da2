/*
 * What was loaded, by name; and what was meant, most likely, by one that is
 * none.
 */
#include "rules/program.h"

#include "rules/ruleset.h"

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

const struct action *
rule_main_action(const struct rule *rule)
{
	for (size_t i = 0; i < rule->n_actions; i++)
		if (action_type(rule->actions[i].kind)->is_terminal)
			return &rule->actions[i];
	return &rule->actions[0];
}
