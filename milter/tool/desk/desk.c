/*
 * The store is opened before the rules are read: a store in the daemon's own
 * memory can never be seen from here, whatever the rules say, and saying so comes
 * first.
 */
#include "tool/desk/desk.h"

#include "conf/load.h"

#include "base/clock.h"

#define ARENA_BYTES 4096

int
desk_open(struct desk *desk, struct tool *tool, enum desk_rules wanted)
{
	*desk = (struct desk){ .tool = tool };
	if ((desk->store = tool_open_store(tool)) == NULL)
		return -1;
	desk->conf = tool_conf(tool);
	conf_use_timezone(desk->conf); /* times as the rules mean them */
	desk->now_ms = clock_wall_ms();
	if (wanted != DESK_NO_RULES)
		desk->rules = names_rules(tool);
	if (desk->rules == NULL && wanted == DESK_RULES_NEEDED) {
		store_close(desk->store);
		return -1;
	}
	desk->arena = arena_new(ARENA_BYTES);
	return 0;
}

void
desk_close(struct desk *desk)
{
	ruleset_put(desk->rules);
	arena_free(desk->arena);
	store_close(desk->store);
}

int
desk_limit(struct desk *desk, const char *name, const struct limit **limit_out)
{
	const struct limit *limit =
	    program_limit(ruleset_program(desk->rules), str_of(name));

	if (limit == NULL) {
		names_no_limit(desk->rules, str_of(name));
		return -1;
	}
	*limit_out = limit;
	return 0;
}

int
desk_key(struct desk *desk, const struct limit *limit, const char *text,
    struct identity *identity_out)
{
	struct identity identity = identity_for(
	    desk->arena, limit, str_of(text), desk->conf->sasl_domain);

	if (identity.fit == IDENTITY_NO) {
		names_no_key(limit, str_of(text));
		return -1;
	}
	*identity_out = identity;
	return 0;
}

/* One sentence for all commands; the store says what failed, and what to do. */
int
desk_no_store(struct desk *desk, struct buf *error)
{
	(void)desk;
	tool_error("the store cannot be asked: %s", buf_str(error).p);
	buf_done(error);
	return TOOL_FINDING;
}

struct str
desk_by(struct desk *desk)
{
	char by[OPERATOR_MAX];

	return arena_str(desk->arena, operator_name(desk->conf, by));
}

void
desk_record(struct desk *desk, const struct operator_act *act)
{
	operator_record(desk->store, desk->conf, act);
}

int64_t
desk_until_ms(const struct desk *desk, uint32_t for_sec)
{
	return (desk->now_ms / 1000 + for_sec) * 1000;
}

int
desk_clause(struct desk *desk, int n, char **words, struct clause *clause_out)
{
	struct buf error = { 0 };
	int rc = clause_parse(desk->arena, n, words, clause_out, &error);

	if (rc == -1)
		tool_usage(desk->tool, "%s", buf_str(&error).p);
	buf_done(&error);
	return rc;
}
