/*
 * For programs: a table of what stands where, so that it can be read beside
 * life_print.
 */
#include "tool/status.h"

#include "tool/show/json.h"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_TIME };

struct field {
	const char *name; /* in JSON */
	enum kind kind;
	const char *line; /* of the answer */
};

static const struct field process[] = {
	{ "version", KIND_TEXT, "version" },
	{ "host", KIND_TEXT, "host" },
	{ "pid", KIND_NUMBER, "pid" },
	{ "started", KIND_TIME, "started_ms" },
	{ "uptime_ms", KIND_NUMBER, "uptime_ms" },
	{ "conf", KIND_TEXT, "conf" },
	{ "listen", KIND_TEXT, "listen" },
	{ "mode", KIND_TEXT, "mode" },
	{ "messages", KIND_NUMBER, "messages" },
	{ "messages_open", KIND_NUMBER, "messages_open" },
	{ "refusals", KIND_NUMBER, "refusals" },
	{ "log_lines_lost", KIND_NUMBER, "log_lost" },
	{ 0 },
};

static const struct field connections[] = {
	{ "open", KIND_NUMBER, "connections" },
	{ "max", KIND_NUMBER, "max_connections" },
	{ "ever", KIND_NUMBER, "connections_ever" },
	{ "too_many", KIND_NUMBER, "connections_refused" },
	{ 0 },
};

static const struct field rules[] = {
	{ "hash", KIND_TEXT, "hash" },
	{ "rules", KIND_NUMBER, "rules" },
	{ "limits", KIND_NUMBER, "limits" },
	{ "tables", KIND_NUMBER, "tables" },
	{ "loaded", KIND_TIME, "loaded_ms" },
	{ "written_observed", KIND_NUMBER, "rules_observed" },
	{ 0 },
};

static const struct field reload[] = {
	{ "result", KIND_TEXT, "reload" },
	{ "at", KIND_TIME, "reload_ms" },
	{ "took_ms", KIND_NUMBER, "reload_took_ms" },
	{ "why", KIND_TEXT, "reload_why" },
	{ 0 },
};

static const struct field store[] = {
	{ "name", KIND_TEXT, "store" },
	{ "state", KIND_TEXT, "store_state" },
	{ "since", KIND_TIME, "store_since_ms" },
	{ "answer_us", KIND_NUMBER, "store_answer_us" },
	{ "calls", KIND_NUMBER, "store_calls" },
	{ "failures", KIND_NUMBER, "store_failures" },
	{ "local_calls", KIND_NUMBER, "local_calls" },
	{ "local_merged", KIND_NUMBER, "local_merged" },
	{ 0 },
};

static const struct field inspection[] = {
	{ "questions", KIND_NUMBER, "inspections" },
	{ "helpers_started", KIND_NUMBER, "helpers_started" },
	{ "helpers_died", KIND_NUMBER, "helpers_died" },
	{ "helpers_late", KIND_NUMBER, "helpers_late" },
	{ 0 },
};

static const struct field build[] = {
	{ "libraries", KIND_TEXT, "inspectors" },
	{ "libhs", KIND_TEXT, "scanner" },
	{ "redis_over_tls", KIND_TEXT, "tls" },
	{ 0 },
};

static void
add_fields(const struct status_reply *reply, const struct field *fields,
    struct buf *out)
{
	for (; fields->name != NULL; fields++) {
		switch (fields->kind) {
		case KIND_TEXT:
			json_text(out, fields->name,
			    status_text(reply, fields->line));
			break;
		case KIND_NUMBER:
			json_number(out, fields->name,
			    status_number(reply, fields->line));
			break;
		case KIND_TIME:
			json_time(out, fields->name,
			    (int64_t)status_number(reply, fields->line));
			break;
		}
	}
}

static void
add_object(const struct status_reply *reply, const char *name,
    const struct field *fields, struct buf *out)
{
	json_open(out, name, '{');
	add_fields(reply, fields, out);
	json_close(out, '}');
}

static void
add_rules(const struct status *status, struct buf *out)
{
	static const char *const disks[] = { [DISK_SAME] = "same",
		[DISK_DIFFERS] = "differs",
		[DISK_WRONG] = "wrong",
		[DISK_UNKNOWN] = "unknown" };
	const struct status_reply *reply = &status->reply;
	const struct status_line *line;
	size_t at = 0;

	json_open(out, "rules", '{');
	add_fields(reply, rules, out);
	json_text(out, "on_disk", str_of(disks[status->disk]));
	json_text(out, "on_disk_why", status->disk_why);
	json_open(out, "observed_now", '[');
	while ((line = status_next(reply, "observed", &at)) != NULL) {
		struct str rule = line->value;
		int64_t until_ms = (int64_t)status_take_number(&rule);

		json_open(out, NULL, '{');
		json_text(out, "rule", rule);
		json_time(out, "until", until_ms);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
}

static void
add_troubles(const struct status_reply *reply, struct buf *out)
{
	const struct status_line *line;
	size_t at = 0;

	json_open(out, "log", '[');
	while ((line = status_next(reply, "trouble", &at)) != NULL) {
		struct str rest = line->value;

		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "level", str_take(&rest, ' '));
		json_number(out, "times", status_take_number(&rest));
		json_time(out, "first", (int64_t)status_take_number(&rest));
		json_time(out, "last", (int64_t)status_take_number(&rest));
		json_text(out, "text", rest);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void
status_json(const struct status *status, struct buf *out)
{
	const struct status_reply *reply = &status->reply;
	struct str findings[STATUS_FINDINGS_MAX];
	size_t n = status_findings(status, findings);

	json_open(out, NULL, '{');
	json_open(out, "look_at", '[');
	for (size_t i = 0; i < n; i++)
		json_text(out, NULL, findings[i]);
	json_close(out, ']');
	add_fields(reply, process, out);
	add_object(reply, "connections", connections, out);
	add_rules(status, out);
	if (status_text(reply, "reload").len > 0)
		add_object(reply, "reload", reload, out);
	else
		json_null(out, "reload");
	add_object(reply, "store", store, out);
	add_object(reply, "inspection", inspection, out);
	add_object(reply, "build", build, out);
	add_troubles(reply, out);
	json_close(out, '}');
	buf_byte(out, '\n');
}
