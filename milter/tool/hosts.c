/*
 * hosts: which daemons share this store, with what, and who differs. What most
 * of them have is what is meant; a host that differs counts otherwise, or
 * reads the clock otherwise, and that is a finding.
 */
#include "tool/desk/desk.h"

#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

#include <stdlib.h>

#define SILENT_MS INT64_C(60000) /* a host writes more often than that */

/* What should be the same everywhere. */
static const char *const alike[] = { "version", "rules", "timezone", "store",
	"mode" };

#define N_ALIKE (sizeof(alike) / sizeof(alike[0]))

static const struct grid_column columns[] = {
	{ "HOST", false },
	{ "VERSION", false },
	{ "RULES", false },
	{ "TIME ZONE", false },
	{ "STORE", false },
	{ "MODE", false },
	{ "SINCE", false },
	{ "LAST SEEN", false },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct host {
	struct str name;
	int64_t seen_ms;
	struct store_event record; /* its fields */
	bool differs[N_ALIKE];
};

struct hosts {
	struct desk *desk;
	struct host *items;
	size_t n;
};

/* What the store gives lives for this call only. */
static bool
keep_host(void *context, struct str name, int64_t seen_ms,
    const struct store_field *fields, size_t n_fields)
{
	struct hosts *hosts = context;
	struct arena *arena = hosts->desk->arena;
	struct store_field *copies =
	    arena_alloc(arena, (n_fields + 1) * sizeof(*copies));
	struct host *host;

	for (size_t i = 0; i < n_fields; i++)
		copies[i] =
		    (struct store_field){ arena_str(arena, fields[i].name),
			    arena_str(arena, fields[i].value) };
	hosts->items =
	    arena_grow(arena, hosts->items, hosts->n, sizeof(*hosts->items));
	host = &hosts->items[hosts->n++];
	*host = (struct host){ .name = arena_str(arena, name),
		.seen_ms = seen_ms,
		.record = { .fields = copies, .n_fields = n_fields } };
	return true;
}

static bool
is_silent(const struct hosts *hosts, const struct host *host)
{
	return hosts->desk->now_ms - host->seen_ms > SILENT_MS;
}

static struct str
value_of(const struct host *host, const char *name)
{
	return store_event_value(&host->record, name);
}

/* Silent hosts have no vote: they may be of before an update. */
static size_t
n_with(const struct hosts *hosts, const char *name, struct str value)
{
	size_t n = 0;

	for (size_t i = 0; i < hosts->n; i++)
		n += !is_silent(hosts, &hosts->items[i]) &&
		     str_eq(value_of(&hosts->items[i], name), value);
	return n;
}

/* What most of those that speak have; of equals the first by name. */
static struct str
usual(const struct hosts *hosts, const char *name)
{
	struct str best = STR("");
	size_t n_best = 0;

	for (size_t i = 0; i < hosts->n; i++) {
		struct str value = value_of(&hosts->items[i], name);
		size_t n = n_with(hosts, name, value);

		if (n > n_best) {
			best = value;
			n_best = n;
		}
	}
	return best;
}

/* How many differ in something. Silent ones are as good as gone. */
static size_t
mark_different(struct hosts *hosts)
{
	size_t n = 0;

	for (size_t i = 0; i < hosts->n; i++) {
		struct host *host = &hosts->items[i];
		bool is_any = false;

		for (size_t k = 0; k < N_ALIKE && !is_silent(hosts, host);
		     k++) {
			host->differs[k] = !str_eq(
			    value_of(host, alike[k]), usual(hosts, alike[k]));
			is_any |= host->differs[k];
		}
		n += is_any;
	}
	return n;
}

/* 0: it did not say. */
static int64_t
started_ms(const struct host *host)
{
	struct str text = value_of(host, "started");

	return text.len > 0 ? strtoll(text.p, NULL, 10) * 1000 : 0;
}

static void
add_row(const struct hosts *hosts, const struct host *host, struct grid *grid)
{
	struct arena *arena = hosts->desk->arena;
	int64_t now_ms = hosts->desk->now_ms, since_ms = started_ms(host);
	char since[WHEN_MAX] = "", span[WHEN_MAX];
	struct str cells[N_COLUMNS];
	size_t n = 0;

	cells[n++] = host->name;
	for (size_t k = 0; k < N_ALIKE; k++)
		cells[n++] = arena_printf(arena, "%.*s%s",
		    STR_ARG(value_of(host, alike[k])),
		    host->differs[k] ? " *" : "");
	if (since_ms > 0)
		when_text(since_ms, now_ms, since);
	cells[n++] = str_of(since);
	cells[n++] = arena_printf(arena, "%s ago%s",
	    when_span(now_ms - host->seen_ms, span).p,
	    is_silent(hosts, host) ? ": silent" : "");
	grid_add(grid, cells);
}

static void
print_hosts(const struct hosts *hosts, size_t n_different, struct buf *out)
{
	struct grid grid;

	grid_init(&grid, hosts->desk->arena, columns, N_COLUMNS);
	for (size_t i = 0; i < hosts->n; i++)
		add_row(hosts, &hosts->items[i], &grid);
	grid_print(&grid, out);
	if (n_different > 0)
		buf_add_cstr(out, "* differs from most hosts\n");
}

static void
print_json(const struct hosts *hosts, struct buf *out)
{
	json_open(out, NULL, '[');
	for (size_t i = 0; i < hosts->n; i++) {
		const struct host *host = &hosts->items[i];

		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "host", host->name);
		for (size_t k = 0; k < N_ALIKE; k++)
			json_text(out, alike[k], value_of(host, alike[k]));
		json_time(out, "since", started_ms(host));
		json_time(out, "seen", host->seen_ms);
		json_bool(out, "silent", is_silent(hosts, host));
		json_open(out, "differs", '[');
		for (size_t k = 0; k < N_ALIKE; k++)
			if (host->differs[k])
				json_text(out, NULL, str_of(alike[k]));
		json_close(out, ']');
		json_close(out, '}');
	}
	buf_add_cstr(out, hosts->n > 0 ? "\n]\n" : "]\n");
}

static int
compare_hosts(const void *left, const void *right)
{
	const struct host *a = left, *b = right;

	return str_cmp(a->name, b->name);
}

static int
show(struct hosts *hosts, bool as_json)
{
	struct desk *desk = hosts->desk;
	struct buf error = { 0 }, out = { 0 };
	size_t n_different;

	if (store_hosts(desk->store, keep_host, hosts, &error) == -1)
		return desk_no_store(desk, &error);
	if (hosts->n > 0)
		qsort(hosts->items, hosts->n, sizeof(*hosts->items),
		    compare_hosts);
	n_different = mark_different(hosts);
	if (as_json)
		print_json(hosts, &out);
	else if (hosts->n > 0)
		print_hosts(hosts, n_different, &out);
	else
		tool_error("no sluiced has written to this store in a day");
	tool_out(buf_str(&out));
	buf_done(&out);
	/* No host at all is a finding, too: nobody counts into this store. */
	return n_different > 0 || hosts->n == 0 ? TOOL_FINDING : TOOL_FINE;
}

int
hosts_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct hosts hosts = { .n = 0 };
	struct desk desk;
	int rc;

	if (tool_arguments(tool, argc, argv, 0, 0, options) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_NO_RULES) == -1)
		return TOOL_FINDING;
	hosts.desk = &desk;
	rc = show(&hosts, as_json);
	desk_close(&desk);
	return rc;
}
