/*
 * grant: other rates for one key of a limit, for a time and with a reason.
 *
 *   grant LIMIT KEY x5|unlimited|RATES for DURATION reason TEXT
 *   grant LIMIT KEY off [reason TEXT]
 */
#include "tool/desk/desk.h"

#include "store/raise.h"
#include "tool/show/when.h"

static void
add_rates_after(
    const struct limit *limit, const struct store_raise *raise, struct buf *out)
{
	struct store_rate rates[STORE_RATES_MAX];
	size_t n;

	if (raise->kind == RAISE_UNLIMITED) {
		buf_add_cstr(out, "unlimited");
		return;
	}
	n = raise_apply(raise, limit->rates, limit->n_rates, rates);
	rates_text(rates, n, out);
}

/* "anna@example.org: user-pace 20/1m -> 100/1m until …" */
static void
say_granted(struct desk *desk, const struct limit *limit,
    const struct store_grant *grant)
{
	struct buf out = { 0 };
	char until[WHEN_MAX];

	buf_printf(&out, "%.*s: %.*s ", STR_ARG(grant->identity),
	    STR_ARG(limit->name));
	rates_text(limit->rates, limit->n_rates, &out);
	buf_add_cstr(&out, " -> ");
	add_rates_after(limit, &grant->raise, &out);
	buf_printf(&out, " until %s\n",
	    when_both(grant->hold.until_ms, desk->now_ms, until).p);
	tool_out(buf_str(&out));
	buf_done(&out);
}

static int
set_grant(struct desk *desk, const struct limit *limit, struct str key,
    const struct clause *clause)
{
	struct store_grant grant = { .limit = limit->name, .identity = key };
	struct operator_act act = { .did = "grant",
		.limit = limit->name,
		.key = key,
		.reason = clause->reason };
	struct buf error = { 0 }, text = { 0 };
	int rc = TOOL_FINE;

	if (raise_parse(clause->subject, &grant.raise, &error) == -1) {
		rc = tool_usage(desk->tool, "'%.*s' is no raise: %s",
		    STR_ARG(clause->subject), buf_str(&error).p);
		buf_done(&error);
		return rc;
	}
	grant.hold.until_ms = desk_until_ms(desk, clause->for_sec);
	grant.hold.reason = clause->reason;
	grant.hold.by = desk_by(desk);
	if (store_grant_set(desk->store, &grant, &error) == -1)
		return desk_no_store(desk, &error);
	say_granted(desk, limit, &grant);
	raise_text(&grant.raise, &text);
	act.raise = buf_str(&text);
	act.until_ms = grant.hold.until_ms;
	desk_record(desk, &act);
	buf_done(&text);
	return rc;
}

/* A grant that is not there is a finding: most likely a slip of the pen. */
static int
end_grant(struct desk *desk, const struct limit *limit, struct str key,
    struct str why)
{
	const struct operator_act act = {
		.did = "revoke", .limit = limit->name, .key = key, .reason = why
	};
	struct buf error = { 0 }, out = { 0 };
	bool was_there = false;

	if (store_grant_drop(
		desk->store, limit->name, key, &was_there, &error) == -1)
		return desk_no_store(desk, &error);
	if (!was_there) {
		tool_error("there is no grant of %.*s for '%.*s'; 'sluice "
			   "grants' lists them",
		    STR_ARG(limit->name), STR_ARG(key));
		return TOOL_FINDING;
	}
	buf_printf(&out, "%.*s: %.*s is ", STR_ARG(key), STR_ARG(limit->name));
	rates_text(limit->rates, limit->n_rates, &out);
	buf_add_cstr(&out, " again\n");
	tool_out(buf_str(&out));
	buf_done(&out);
	desk_record(desk, &act);
	return TOOL_FINE;
}

/* What is missing, or NULL. */
static const char *
find_lack(const struct clause *clause)
{
	if (clause->subject.len == 0)
		return "'grant' needs what is granted: x5, unlimited, rates "
		       "such as 40/1m,400/1h, or off";
	if (str_is(clause->subject, "off"))
		return clause->has_for ? "'off' is at once, not for a time"
				       : NULL;
	if (!clause->has_for)
		return "'grant' needs a time: for 4h";
	if (!clause->has_reason)
		return "'grant' needs a reason, for those who find it later: "
		       "reason \"newsletter\"";
	return NULL;
}

static int
grant_with(struct desk *desk, int n, char **argv)
{
	const struct limit *limit;
	struct identity identity;
	struct clause clause;
	const char *lack;

	if (desk_clause(desk, n - 2, argv + 2, &clause) == -1)
		return TOOL_USAGE;
	if ((lack = find_lack(&clause)) != NULL)
		return tool_usage(desk->tool, "%s", lack);
	if (desk_limit(desk, argv[0], &limit) == -1 ||
	    desk_key(desk, limit, argv[1], &identity) == -1)
		return TOOL_FINDING;
	return str_is(clause.subject, "off")
		   ? end_grant(desk, limit, identity.key, clause.reason)
		   : set_grant(desk, limit, identity.key, &clause);
}

int
grant_run(struct tool *tool, int argc, char **argv)
{
	struct desk desk;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 3, 99, NULL)) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_NEEDED) == -1)
		return TOOL_FINDING;
	rc = grant_with(&desk, n, argv);
	desk_close(&desk);
	return rc;
}
