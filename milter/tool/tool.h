/*
 * tool: what the commands of `sluice` share.
 *
 * One command is one file and one row of the table in commands.c. A command
 * says what it found on standard output and what is wrong on standard error,
 * and answers with one of three exit codes. Whatever the text came from, no
 * control byte of it reaches a terminal: everything is written by tool_out,
 * tool_error and their like.
 */
#ifndef SLUICE_TOOL_TOOL_H
#define SLUICE_TOOL_TOOL_H

#include "base/buf.h"
#include "conf/conf.h"
#include "rules/ruleset.h"
#include "store/ledger.h"
#include "store/store.h"

enum tool_exit {
	TOOL_FINE = 0,
	TOOL_FINDING = 1, /* an error, a failed test, nothing found */
	TOOL_USAGE = 2    /* asked wrongly */
};

struct tool;

struct command {
	const char *name;
	const char *arguments; /* "[--json] [LIMIT [KEY]]" */
	const char *help; /* one line; NULL: for programs, and not listed */
	/* argv without the command's name. NULL: not in this version. */
	int (*run)(struct tool *tool, int argc, char **argv);
};

struct tool {
	const char *conf_path;         /* NULL: where it stands by default */
	struct conf *conf;             /* NULL until it is asked for */
	const struct command *command; /* NULL until it was found */
};

/* The table; NULL behind the last. */
const struct command *command_at(size_t i);
const struct command *command_find(struct str name);
/* The nearest name there is, or the empty string. */
struct str command_suggest(struct str wrong);

int check_run(struct tool *tool, int argc, char **argv);
int complete_run(struct tool *tool, int argc, char **argv);
int counters_run(struct tool *tool, int argc, char **argv);
int enforce_run(struct tool *tool, int argc, char **argv);
int explain_run(struct tool *tool, int argc, char **argv);
int facts_run(struct tool *tool, int argc, char **argv);
int grant_run(struct tool *tool, int argc, char **argv);
int grants_run(struct tool *tool, int argc, char **argv);
int help_run(struct tool *tool, int argc, char **argv);
int observe_run(struct tool *tool, int argc, char **argv);
int print_run(struct tool *tool, int argc, char **argv);
int replay_run(struct tool *tool, int argc, char **argv);
int reset_run(struct tool *tool, int argc, char **argv);
int table_run(struct tool *tool, int argc, char **argv);
int test_run(struct tool *tool, int argc, char **argv);
int user_run(struct tool *tool, int argc, char **argv);
int why_run(struct tool *tool, int argc, char **argv);
int tail_run(struct tool *tool, int argc, char **argv);
int stats_run(struct tool *tool, int argc, char **argv);
int hosts_run(struct tool *tool, int argc, char **argv);
int reload_run(struct tool *tool, int argc, char **argv);
int status_run(struct tool *tool, int argc, char **argv);
int top_run(struct tool *tool, int argc, char **argv);
int version_run(struct tool *tool, int argc, char **argv);

/* How one command is used; returns TOOL_FINE. */
int help_command(const struct command *command);

/* The configuration, or NULL: what is wrong was said. Belongs to tool. */
const struct conf *tool_conf(struct tool *tool);

/*
 * Rules from files or, if there are none, from those of the configuration; a
 * reference, or NULL: what is wrong was said, warnings in either case.
 */
struct ruleset *tool_load_rules(struct tool *tool, int n_files, char **files);

/* The store of the configuration, to look at what sluiced counts there; NULL:
 * what is wrong was said. */
struct store *tool_open_store(struct tool *tool);

/*
 * Options of a command: --NAME or --NAME VALUE, anywhere among its arguments.
 * Moves what is left to the front of argv and returns how many there are, or
 * -1 (a usage error, which was said). Ends with a row whose name is NULL. One
 * that may be given several times has as many rows, one behind the other, whose
 * values are NULL before.
 */
struct tool_option {
	const char *name;       /* "--json" */
	bool *is_given_out;     /* one of the two … */
	const char **value_out; /* … is not NULL */
};

int tool_options(struct tool *tool, int argc, char **argv,
    const struct tool_option *options);
/* The same for a command without options that takes most arguments. */
int tool_arguments(struct tool *tool, int argc, char **argv, int least,
    int most, const struct tool_option *options);

/* What steers a terminal or cannot be seen (glyph.h) is written out. */
void tool_out(struct str text); /* standard output */
void tool_err(struct str text); /* standard error */
/* "sluice: …", a newline behind it. */
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, then how the command (or, before there is one, the program) is
 * used; returns TOOL_USAGE. */
int tool_usage(const struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
