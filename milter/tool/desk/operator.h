/*
 * operator: who is at the keyboard, and the event that tells of what they did.
 */
#ifndef SLUICE_TOOL_DESK_OPERATOR_H
#define SLUICE_TOOL_DESK_OPERATOR_H

#include "store/ledger.h"

#define OPERATOR_MAX 160

struct conf;

/* "anna@mx1": the login (that of sudo, if there is one) at this host. */
struct str operator_name(const struct conf *conf, char text[OPERATOR_MAX]);

/* What was done. Texts that are empty are left out. */
struct operator_act {
	const char *did; /* "grant", "revoke", "reset", … */
	struct str limit;
	struct str key;
	struct str rule;
	struct str table;
	struct str entry;
	struct str raise;
	int64_t until_ms; /* 0: there is none */
	struct str reason;
};

/* Writes the event and waits for it; that it cannot be written is said. */
void operator_record(struct store *store, const struct conf *conf,
    const struct operator_act *act);

#endif
