/*
 * Nothing is listed here: each kind is asked of the table that the parser uses,
 * so that a word cannot be in the one and not in the other.
 */
#include "rules/words.h"

#include "mime/damage.h"
#include "rules/facts.h"
#include "rules/parser.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *
stage_word(size_t i)
{
	return i < STAGE_N ? stage_name((enum stage)i) : NULL;
}

static const char *
action_word(size_t i)
{
	return i <= ACTION_FORGET ? action_type((enum action_kind)i)->name
				  : NULL;
}

static const char *
unit_word(size_t i)
{
	return i < UNIT_N ? unit_name((enum limit_unit)i) : NULL;
}

static const char *
limit_outage_word(size_t i)
{
	return i <= OUTAGE_TEMPFAIL ? on_outage_name((enum on_outage)i) : NULL;
}

static const char *
table_type_word(size_t i)
{
	return i < TABLE_TYPE_N ? table_type_name((enum table_type)i) : NULL;
}

static const char *
table_outage_word(size_t i)
{
	return i <= TABLE_TEMPFAIL ? table_outage_name((enum table_outage)i)
				   : NULL;
}

static const char *
fact_word(size_t i)
{
	return i < FACT_N ? fact_by_id((enum fact_id)i)->name : NULL;
}

static const char *
damage_of(size_t i)
{
	return i < DAMAGE_N ? damage_word((enum damage)i) : NULL;
}

/* word(i): NULL behind the last. */
static const struct {
	const char *kind;
	const char *(*word)(size_t i);
} kinds[] = {
	{ "statement", statement_word },
	{ "reserved", reserved_word },
	{ "stage", stage_word },
	{ "action", action_word },
	{ "unit", unit_word },
	{ "limit-option", limit_option_word },
	{ "limit-outage", limit_outage_word },
	{ "table-type", table_type_word },
	{ "table-outage", table_outage_word },
	{ "fact", fact_word },
	{ "damage", damage_of },
};

void
language_words(void (*each)(void *context, const char *kind, const char *word),
    void *context)
{
	for (size_t i = 0; i < LENGTH(kinds); i++)
		for (size_t j = 0; kinds[i].word(j) != NULL; j++)
			each(context, kinds[i].kind, kinds[i].word(j));
}
