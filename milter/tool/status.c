/*
 * status: how the sluiced of this host is. It answers for itself; whether the
 * rules on disk are still those that run is looked at from here, since a daemon
 * that serves mail need not read files for whoever is curious.
 */
#include "tool/status.h"

#include "base/clock.h"
#include "conf/load.h"

#include <string.h>

#define DENIED "Permission denied"

static bool
is_same(const struct status_reply *reply, const struct conf *conf,
    const struct ruleset *rules)
{
	const char *mode =
	    conf->mode == CONF_MODE_OBSERVE ? "observe" : "enforce";

	return str_is(status_text(reply, "hash"), ruleset_hash(rules)) &&
	       str_is(status_text(reply, "mode"), mode);
}

static void
look_at_disk(struct status *status, const struct conf *conf)
{
	struct buf diagnostics = { 0 };
	struct ruleset *rules = conf_load_rules(conf, &diagnostics);

	if (rules != NULL) {
		status->disk = is_same(&status->reply, conf, rules)
				   ? DISK_SAME
				   : DISK_DIFFERS;
	} else {
		status->disk_why = arena_str(status->reply.arena,
		    diags_first_error(buf_str(&diagnostics)));
		status->disk = strstr(status->disk_why.p, DENIED) != NULL
				   ? DISK_UNKNOWN
				   : DISK_WRONG;
	}
	ruleset_put(rules);
	buf_done(&diagnostics);
}

static bool
is_text(const struct status_reply *reply, const char *name, const char *text)
{
	return str_is(status_text(reply, name), text);
}

size_t
status_findings(
    const struct status *status, struct str findings[STATUS_FINDINGS_MAX])
{
	const struct status_reply *reply = &status->reply;
	size_t n = 0;

	if (is_text(reply, "store_state", "away"))
		findings[n++] = STR("the store is away");
	if (is_text(reply, "reload", "refused"))
		findings[n++] = STR("the last reload was refused; the rules "
				    "before it go on");
	if (status->disk == DISK_WRONG)
		findings[n++] = STR("the rules on disk are wrong: a restart "
				    "would fail ('sluice check')");
	if (status_number(reply, "connections") >=
	    status_number(reply, "max_connections"))
		findings[n++] = STR("all max_connections are in use: more get "
				    "451");
	return n;
}

int
status_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct status status = { .now_ms = clock_wall_ms() };
	struct str findings[STATUS_FINDINGS_MAX];
	struct buf out = { 0 };
	int rc = TOOL_FINDING;

	if (tool_arguments(tool, argc, argv, 0, 0, options) == -1)
		return TOOL_USAGE;
	if (status_ask(tool, "status", &status.reply) == -1)
		goto out;
	conf_use_timezone(tool_conf(tool));
	look_at_disk(&status, tool_conf(tool));
	if (as_json)
		status_json(&status, &out);
	else
		status_print(&status, &out);
	tool_out(buf_str(&out));
	if (status_findings(&status, findings) == 0)
		rc = TOOL_FINE;
out:
	buf_done(&out);
	status_done(&status.reply);
	return rc;
}
