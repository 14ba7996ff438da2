/*
 * grants: what was granted and is in force, those that end first first.
 */
#include "tool/desk/desk.h"

#include "store/raise.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

static const struct grid_column columns[] = {
	{ "LIMIT", false },
	{ "KEY", false },
	{ "GRANTED", false },
	{ "UNTIL", false },
	{ "BY", false },
	{ "REASON", false },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct listing {
	struct desk *desk;
	struct str limit; /* empty: of all */
	bool as_json;
	struct grid grid;
	struct buf out;
	size_t n;
};

/* "x5 (100/1m, 1000/1h)": a factor says nothing to who does not know the limit
 * by heart. Without rules that load, grants are listed all the same. */
static struct str
raise_phrase(struct listing *listing, const struct store_grant *grant)
{
	const struct ruleset *rules = listing->desk->rules;
	const struct limit *limit =
	    rules != NULL ? program_limit(ruleset_program(rules), grant->limit)
			  : NULL;
	struct store_rate rates[STORE_RATES_MAX];
	struct buf text = { 0 };
	struct str phrase;
	size_t n;

	raise_text(&grant->raise, &text);
	if (limit == NULL && rules != NULL) {
		buf_add_cstr(&text, " (the rules have no such limit)");
	} else if (limit != NULL && grant->raise.kind == RAISE_FACTOR) {
		n = raise_apply(
		    &grant->raise, limit->rates, limit->n_rates, rates);
		buf_add_cstr(&text, " (");
		rates_text(rates, n, &text);
		buf_byte(&text, ')');
	}
	phrase = arena_str(listing->desk->arena, buf_str(&text));
	buf_done(&text);
	return phrase;
}

static void
add_row(struct listing *listing, const struct store_grant *grant)
{
	char until[WHEN_MAX];
	struct str cells[N_COLUMNS] = {
		grant->limit,
		grant->identity,
		raise_phrase(listing, grant),
		when_both(grant->hold.until_ms, listing->desk->now_ms, until),
		grant->hold.by,
		grant->hold.reason,
	};

	grid_add(&listing->grid, cells);
}

static void
add_json(struct listing *listing, const struct store_grant *grant)
{
	struct buf *out = &listing->out, text = { 0 };

	raise_text(&grant->raise, &text);
	json_newline(out);
	json_open(out, NULL, '{');
	json_text(out, "limit", grant->limit);
	json_text(out, "key", grant->identity);
	json_text(out, "raise", buf_str(&text));
	json_time(out, "until", grant->hold.until_ms);
	json_text(out, "reason", grant->hold.reason);
	json_text(out, "by", grant->hold.by);
	json_close(out, '}');
	buf_done(&text);
}

/* They come as they are to be shown: those that end first first. */
static bool
add_grant(void *context, const struct store_grant *grant)
{
	struct listing *listing = context;

	if (listing->limit.len > 0 && !str_eq(listing->limit, grant->limit))
		return true;
	listing->n++;
	if (listing->as_json)
		add_json(listing, grant);
	else
		add_row(listing, grant);
	return true;
}

static int
list(struct listing *listing)
{
	struct desk *desk = listing->desk;
	struct buf error = { 0 };

	if (listing->as_json)
		json_open(&listing->out, NULL, '[');
	if (store_grants(
		desk->store, desk->now_ms, add_grant, listing, &error) == -1)
		return desk_no_store(desk, &error);
	if (listing->as_json)
		buf_add_cstr(&listing->out, listing->n > 0 ? "\n]\n" : "]\n");
	else if (listing->n > 0)
		grid_print(&listing->grid, &listing->out);
	else
		tool_error("nothing is granted");
	tool_out(buf_str(&listing->out));
	return TOOL_FINE;
}

int
grants_run(struct tool *tool, int argc, char **argv)
{
	struct listing listing = { .n = 0 };
	const struct tool_option options[] = {
		{ "--json", &listing.as_json, NULL },
		{ 0 },
	};
	const struct limit *limit;
	struct desk desk;
	int n, rc;

	if ((n = tool_arguments(tool, argc, argv, 0, 1, options)) == -1)
		return TOOL_USAGE;
	if (desk_open(&desk, tool, DESK_RULES_IF_FINE) == -1)
		return TOOL_FINDING;
	listing.desk = &desk;
	listing.limit = str_of(n > 0 ? argv[0] : NULL);
	grid_init(&listing.grid, desk.arena, columns, N_COLUMNS);
	if (n > 0 && desk.rules != NULL &&
	    desk_limit(&desk, argv[0], &limit) == -1)
		rc = TOOL_FINDING;
	else
		rc = list(&listing);
	buf_done(&listing.out);
	desk_close(&desk);
	return rc;
}
