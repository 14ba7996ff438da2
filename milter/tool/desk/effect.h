/*
 * effect: what the rules do about a limit that is over, and which rules an
 * operator has switched to being observed.
 */
#ifndef SLUICE_TOOL_DESK_EFFECT_H
#define SLUICE_TOOL_DESK_EFFECT_H

#include "store/ledger.h"
#include "tool/desk/account.h"
#include "tool/desk/names.h"

/* Switches in force; texts live in the arena. */
struct switches {
	struct arena *arena;
	struct store_switch *items;
	size_t n;
};

/* 0, or -1 and a reason; then there are none. */
int switches_read(struct store *store, struct arena *arena,
    struct switches *switches_out, struct buf *error);
/* NULL: the rule is as its file says. */
const struct store_switch *switches_find(
    const struct switches *switches, struct str rule);
/* "observed until 15:20 by anna@mx1: reason". */
struct str switch_text(
    struct arena *arena, const struct store_switch *one, int64_t now_ms);

enum account_effect effect_of(const struct ruleset *rules,
    const struct limit *limit, const struct switches *switches);
bool rule_refuses(const struct rule *rule);
/* Does this rule, as it stands in its file, only observe? */
bool rule_is_observed(const struct ruleset *rules, const struct rule *rule);

#endif
