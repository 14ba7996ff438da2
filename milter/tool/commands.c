/*
 * The table of commands. A row without a function is a word that later
 * versions will know: its name is kept, and whoever tries it is told so.
 */
#include "tool/tool.h"

#include "rules/suggest.h"

static const struct command commands[] = {
	{ "check", "[-v] [--slow] [--bypass] [FILE...]",
	    "load the rules, say what is wrong and what limits charge; -v: how "
	    "patterns are scanned, --slow: which are slow (warnings), "
	    "--bypass: "
	    "which refusals and limits each accept goes around",
	    check_run },
	{ "print", "[FILE...]", "print the rules in their normal form",
	    print_run },
	{ "test", "[--store URL] [--tap] [FILE...]",
	    "run the tests beside the rules, or these", test_run },
	{ "facts", "[--json] [--words]",
	    "list what rules can know; --words: all words of the language",
	    facts_run },
	{ "counters", "[--over] [--near] [--json] [LIMIT] [KEY]",
	    "what limits have counted, and when there is room again",
	    counters_run },
	{ "reset", "LIMIT KEY [reason TEXT]",
	    "forget what a limit counted for a key; ends its lock", reset_run },
	{ "grant", "LIMIT KEY x5|unlimited|RATES|off for DURATION reason TEXT",
	    "give one key other rates for a time, or end that", grant_run },
	{ "grants", "[--json] [LIMIT]", "list what is granted", grants_run },
	{ "table", "add|remove|list NAME [ENTRY [VALUE]] [for DURATION]",
	    "edit a table that lives in Redis", table_run },
	{ "observe", "RULE for DURATION reason TEXT",
	    "let a rule refuse nothing for a time, on all hosts", observe_run },
	{ "enforce", "RULE [reason TEXT]", "end that", enforce_run },
	{ "user", "[--json] KEY",
	    "all about one user or address: what passes next, limits, refusals",
	    user_run },
	{ "why", "[--json] REFERENCE|QUEUE-ID",
	    "which rule refused a mail, what it read, what was counted",
	    why_run },
	{ "tail", "[FIELD=VALUE...] [--run PROGRAM] [--json]",
	    "show events as they come; start a program for crossings",
	    tail_run },
	{ "stats", "[RULE...] [--days N] [--json]",
	    "how often rules acted, or would have; which never did",
	    stats_run },
	{ "hosts", "[--json]", "which hosts run what, and who differs",
	    hosts_run },
	{ "top", "[LIMIT...] [--once] [--json]",
	    "the keys near and over their limits, live", top_run },
	{ "explain", "[--full] [--json] MAIL|-",
	    "what a mail consists of, and what each rule says to it",
	    explain_run },
	{ "replay", "[--against FILE.rules...] [--json] DIR|MBOX|MAIL|- ...",
	    "run many mails through the rules: hits, verdicts, time by rule",
	    replay_run },
	{ "status", "[--json]",
	    "how the sluiced of this host is: rules, store, latest errors",
	    status_run },
	{ "reload", "", "load the rules anew and say what came of it",
	    reload_run },
	{ "help", "[COMMAND]", "show this list, or how a command is used",
	    help_run },
	{ "version", "", "print the version", version_run },
	{ .name = "complete",
	    .arguments = "-- [WORD...]",
	    .run = complete_run },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *
command_at(size_t i)
{
	return i < N_COMMANDS ? &commands[i] : NULL;
}

const struct command *
command_find(struct str name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (str_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}

struct str
command_suggest(struct str wrong)
{
	struct suggestion suggestion = { .wrong = wrong };

	for (size_t i = 0; i < N_COMMANDS; i++)
		if (commands[i].run != NULL && commands[i].help != NULL)
			suggest(&suggestion, str_of(commands[i].name));
	return suggestion.best;
}
