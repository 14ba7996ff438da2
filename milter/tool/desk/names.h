/*
 * names: what an operator names - a limit, a rule, a table - found in the
 * rules of the configuration. What is not there is said, with the nearest name
 * that is.
 */
#ifndef SLUICE_TOOL_DESK_NAMES_H
#define SLUICE_TOOL_DESK_NAMES_H

#include "rules/program.h"
#include "tool/tool.h"

/* The configuration's rules, without their warnings (`check` tells these); a
 * reference, or NULL: what is wrong was said. */
struct ruleset *names_rules(struct tool *tool);

/* "there is no limit 'x'; did you mean …?" */
void names_no_limit(const struct ruleset *rules, struct str name);
void names_no_rule(const struct ruleset *rules, struct str name);
void names_no_table(const struct ruleset *rules, struct str name);

/* "user-pace is by sasl.user", for a key that is none of the limit. */
void names_no_key(const struct limit *limit, struct str text);

/* "1m", "day", "month", behind "20 of 20 recipients in a …". */
struct str names_window(
    uint32_t window_sec, enum store_period period, char text[32]);
/* Where a rule stands: "rules/site.rules:14". */
struct str names_place(struct arena *arena, struct pos pos);

#endif
