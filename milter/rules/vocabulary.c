/*
 * The small tables of the language: units, actions, words for outages.
 */
#include "rules/program.h"
#include "rules/suggest.h"

/* clang-format off */
static const struct unit_type unit_types[] = {
	[UNIT_CONNECTIONS] =
	    { "connections", STAGE_CONNECT, "once for the connection", NULL },
	[UNIT_MESSAGES] =
	    { "messages", STAGE_MAIL, "once for each message", NULL },
	[UNIT_RECIPIENTS] =
	    { "recipients", STAGE_RCPT, "once for each recipient",
	      "for all recipients at once" },
	[UNIT_BYTES] =
	    { "bytes", STAGE_MESSAGE, "by the size of the message", NULL },
	[UNIT_DISTINCT] =
	    { "distinct", STAGE_MESSAGE, "once for each value", NULL },
	[UNIT_REJECTS] =
	    { "rejects", STAGE_N, NULL, NULL },
	[UNIT_UNKNOWN_RECIPIENTS] =
	    { "unknown-recipients", STAGE_N, NULL, NULL },
};
/* clang-format on */

static const char *const on_outage_names[] = {
	[OUTAGE_COUNT_LOCALLY] = "count-locally",
	[OUTAGE_PASS] = "pass",
	[OUTAGE_TEMPFAIL] = "tempfail",
};

/* clang-format off */
static const struct action_type action_types[] = {
	[ACTION_ACCEPT] =
	    { "accept", true, STAGE_CONNECT, 0, NULL, false },
	[ACTION_REJECT] =
	    { "reject", true, STAGE_CONNECT, 550, "5.7.1", false },
	[ACTION_TEMPFAIL] =
	    { "tempfail", true, STAGE_CONNECT, 450, "4.7.1", false },
	[ACTION_DISCARD] =
	    { "discard", true, STAGE_MAIL, 0, NULL, false },
	[ACTION_QUARANTINE] =
	    { "quarantine", false, STAGE_MAIL, 0, NULL, true },
	[ACTION_ADD_RECIPIENT] =
	    { "add-recipient", false, STAGE_MAIL, 0, NULL, true },
	[ACTION_REMOVE_RECIPIENT] =
	    { "remove-recipient", false, STAGE_RCPT, 0, NULL, true },
	[ACTION_REDIRECT] =
	    { "redirect", false, STAGE_RCPT, 0, NULL, true },
	[ACTION_SET_SENDER] =
	    { "set-sender", false, STAGE_MAIL, 0, NULL, true },
	[ACTION_ADD_HEADER] =
	    { "add-header", false, STAGE_CONNECT, 0, NULL, true },
	[ACTION_SET_HEADER] =
	    { "set-header", false, STAGE_CONNECT, 0, NULL, true },
	[ACTION_REMOVE_HEADER] =
	    { "remove-header", false, STAGE_CONNECT, 0, NULL, true },
	[ACTION_SCORE] =
	    { "score", false, STAGE_CONNECT, 0, NULL, false },
	[ACTION_TAG] =
	    { "tag", false, STAGE_CONNECT, 0, NULL, false },
	[ACTION_LOG] =
	    { "log", false, STAGE_CONNECT, 0, NULL, false },
	[ACTION_REMEMBER] =
	    { "remember", false, STAGE_CONNECT, 0, NULL, false },
	[ACTION_FORGET] =
	    { "forget", false, STAGE_CONNECT, 0, NULL, false },
};
/* clang-format on */

#define N_ACTIONS (sizeof(action_types) / sizeof(action_types[0]))

const struct unit_type *
unit_type(enum limit_unit unit)
{
	return &unit_types[unit];
}

const char *
unit_name(enum limit_unit unit)
{
	return unit_types[unit].name;
}

const char *
on_outage_name(enum on_outage on_outage)
{
	return on_outage_names[on_outage];
}

int
on_outage_parse(struct str name, enum on_outage *on_outage_out)
{
	for (int i = 0; i <= OUTAGE_TEMPFAIL; i++) {
		if (str_is(name, on_outage_names[i])) {
			*on_outage_out = (enum on_outage)i;
			return 0;
		}
	}
	return -1;
}

bool
condition_asks(const struct condition *cond)
{
	return cond->kind == COND_OVER || cond->kind == COND_NEAR ||
	       cond->kind == COND_USED;
}

const char *
asking_word(enum condition_kind kind)
{
	return kind == COND_USED ? "used" : kind == COND_NEAR ? "near" : "over";
}

const struct action_type *
action_type(enum action_kind kind)
{
	return &action_types[kind];
}

bool
action_is_ours(const struct action *action)
{
	struct str head = str_sub(action->name, 0, STR(OWN_HEADERS).len);

	return (action->kind == ACTION_ADD_HEADER ||
		   action->kind == ACTION_SET_HEADER) &&
	       str_eq_nocase(head, STR(OWN_HEADERS));
}

int
action_parse(struct str name, enum action_kind *kind_out)
{
	for (size_t i = 0; i < N_ACTIONS; i++) {
		if (str_is(name, action_types[i].name)) {
			*kind_out = (enum action_kind)i;
			return 0;
		}
	}
	return -1;
}

void
action_suggest(struct suggestion *suggestion)
{
	for (size_t i = 0; i < N_ACTIONS; i++)
		suggest(suggestion, str_of(action_types[i].name));
}
