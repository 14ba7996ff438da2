/*
 * desk: what commands that look and steer have before them - the rules, the
 * store, the time - opened together and put away together.
 */
#ifndef SLUICE_TOOL_DESK_DESK_H
#define SLUICE_TOOL_DESK_DESK_H

#include "tool/desk/clause.h"
#include "tool/desk/effect.h"
#include "tool/desk/identity.h"
#include "tool/desk/operator.h"
#include "tool/tool.h"

struct desk {
	struct tool *tool;
	const struct conf *conf;
	struct ruleset *rules; /* NULL: they cannot be loaded, which was said */
	struct store *store;
	struct arena *arena;
	int64_t now_ms; /* when the command began */
};

enum desk_rules { DESK_RULES_NEEDED, DESK_RULES_IF_FINE, DESK_NO_RULES };

/* 0, or -1: what is wrong was said, and there is nothing to put away. */
int desk_open(struct desk *desk, struct tool *tool, enum desk_rules wanted);
void desk_close(struct desk *desk);

/*
 * Limit and key as an operator names them. 0, or -1: what is wrong was said.
 */
int desk_limit(
    struct desk *desk, const char *name, const struct limit **limit_out);
int desk_key(struct desk *desk, const struct limit *limit, const char *text,
    struct identity *identity_out);

/* "the store cannot be asked: …"; empties error; returns TOOL_FINDING. */
int desk_no_store(struct desk *desk, struct buf *error);
/* By whom, and the event that tells of it. */
struct str desk_by(struct desk *desk);
void desk_record(struct desk *desk, const struct operator_act *act);
/* So long from now: whole seconds, as the store keeps it. */
int64_t desk_until_ms(const struct desk *desk, uint32_t for_sec);
/* Words behind a command's own: 0, or -1: what is wrong was said. */
int desk_clause(
    struct desk *desk, int n, char **words, struct clause *clause_out);

#endif
