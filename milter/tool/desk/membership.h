/*
 * membership: which tables of the rules one user or address is in, and which
 * rule refuses by that: a limit is not all that can hold a mail back.
 */
#ifndef SLUICE_TOOL_DESK_MEMBERSHIP_H
#define SLUICE_TOOL_DESK_MEMBERSHIP_H

#include "tool/desk/effect.h"

struct membership {
	const struct table *table;
	struct str value;           /* of the entry; may be empty */
	const struct rule *refuser; /* NULL: none refuses by it alone */
};

struct memberships {
	struct membership *items;
	size_t n;
};

/*
 * name: as identity_name gives it. Regex tables are not looked at, nor those of
 * domains for an address. 0, or -1: the store gave no answer in time.
 */
int memberships_read(struct store *store, struct arena *arena,
    const struct ruleset *rules, const struct switches *switches,
    struct str name, struct memberships *memberships_out);

/* "anna@example.org is refused, being in table suspects, by rule locked …";
 * false: there is nothing to say. */
bool memberships_print_refused(const struct memberships *memberships,
    struct str name, struct arena *arena, struct buf *out);
/* "It is in table vip": those by which nothing refuses. */
void memberships_print_others(
    const struct memberships *memberships, struct buf *out);

#endif
