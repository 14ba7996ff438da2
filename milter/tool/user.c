/*
 * user: everything about one user or address, for support staff: first, as a
 * sentence to read out, when the next message will pass; then every limit that
 * counts this key, locks, grants, and the last refusals.
 *
 * The trap is a key that is only a part of others (client.ip, mail.from): to
 * find these would mean to look at every key there is, so they are named.
 */
#include "tool/desk/desk.h"

#include "rules/print.h"
#include "store/raise.h"
#include "tool/desk/event.h"
#include "tool/desk/membership.h"
#include "tool/desk/outlook.h"
#include "tool/desk/reading.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/when.h"

#define REFUSALS_MAX 10
#define EVENTS_BACK  2000 /* that are looked through for them */

struct user {
	struct desk *desk;
	struct str name;
	struct switches switches;
	struct memberships memberships;
	struct account *accounts;
	size_t n;
	const struct limit **compound; /* that cannot be looked up */
	size_t n_compound;
	const struct store_event *refusals[REFUSALS_MAX]; /* newest first */
	size_t n_refusals;
	size_t n_seen; /* events that were looked at */
};

/* A compound limit is one of the user's if all parts of its key were given. */
static bool
has_account(const struct user *user, const struct limit *limit)
{
	for (size_t i = 0; i < user->n; i++)
		if (user->accounts[i].limit == limit)
			return true;
	return false;
}

static void
add_limits(struct user *user, struct str text)
{
	struct desk *desk = user->desk;
	const struct program *program = ruleset_program(desk->rules);

	user->accounts = accounts_of_key(
	    desk->arena, desk->rules, text, desk->conf->sasl_domain, &user->n);
	for (size_t i = 0; i < user->n; i++)
		user->accounts[i].effect = effect_of(
		    desk->rules, user->accounts[i].limit, &user->switches);
	user->compound = arena_calloc(
	    desk->arena, (program->n_limits + 1) * sizeof(struct limit *));
	for (size_t i = 0; i < program->n_limits; i++) {
		const struct limit *limit = program->limits[i];

		if (limit->n_keys > 1 && !has_account(user, limit))
			user->compound[user->n_compound++] = limit;
	}
}

/* What any text could be is only of interest if it was counted. */
static void
drop_guesses(struct user *user)
{
	size_t n = 0;

	for (size_t i = 0; i < user->n; i++)
		if (!user->accounts[i].is_guess ||
		    user->accounts[i].has_counted)
			user->accounts[n++] = user->accounts[i];
	user->n = n;
}

/* By who it was, or by what was counted: a refusal at connect has no login,
 * and one of an IPv6 client only its network as key. */
static bool
is_about(const struct user *user, const struct store_event *event)
{
	struct str key = event_get(event, "key");

	if (str_eq_nocase(event_get(event, "user"), user->name) ||
	    str_eq_nocase(event_get(event, "from"), user->name) ||
	    str_eq_nocase(event_get(event, "rcpt"), user->name) ||
	    str_eq(event_get(event, "client"), user->name))
		return true;
	for (size_t i = 0; key.len > 0 && i < user->n; i++)
		if (str_eq(user->accounts[i].key, key) &&
		    str_eq(user->accounts[i].limit->name,
			event_get(event, "limit")))
			return true;
	return false;
}

/* Crossings and what operators did are no refusals. */
static bool
look_at(void *context, const struct store_event *event)
{
	struct user *user = context;

	if (event_is(event, "event", "verdict") && is_about(user, event))
		user->refusals[user->n_refusals++] =
		    event_copy(user->desk->arena, event);
	return user->n_refusals < REFUSALS_MAX && ++user->n_seen < EVENTS_BACK;
}

/* Four questions, each for all at once: switches, limits, tables, events. */
static int
read_user(struct user *user, struct str text, struct buf *error)
{
	struct desk *desk = user->desk;

	if (switches_read(desk->store, desk->arena, &user->switches, error) ==
	    -1)
		return -1;
	add_limits(user, text);
	if (accounts_read(
		desk->store, desk->arena, user->accounts, user->n, error) == -1)
		return -1;
	drop_guesses(user);
	if (memberships_read(desk->store, desk->arena, desk->rules,
		&user->switches, user->name, &user->memberships) == -1) {
		buf_printf(error, "store %s gave no answer in time",
		    store_name(desk->store));
		return -1;
	}
	return store_events_back(desk->store, look_at, user, error);
}

/* --- for people ----------------------------------------------------------- */

static const char *
effect_phrase(const struct account *account)
{
	switch (account->effect) {
	case EFFECT_NONE:
		return "no rule refuses by it";
	case EFFECT_OBSERVED:
		return "only observed";
	case EFFECT_REFUSES:
		return "";
	}
	return "";
}

static void
print_limits(const struct user *user, struct buf *out)
{
	static const struct grid_column last = { "", false };
	struct grid_column columns[READING_COLUMNS + 1];
	struct str cells[READING_COLUMNS + 1];
	struct grid grid;

	for (size_t i = 0; i < READING_COLUMNS; i++)
		columns[i] = reading_columns[i];
	columns[READING_COLUMNS] = last;
	grid_init(&grid, user->desk->arena, columns, READING_COLUMNS + 1);
	for (size_t i = 0; i < user->n; i++) {
		const struct account *account = &user->accounts[i];

		for (size_t k = 0; k < account->answer.n_levels; k++) {
			struct reading reading =
			    reading_of_level(account, k, user->desk->now_ms);

			reading_cells(&reading, user->desk->arena,
			    user->desk->now_ms, cells);
			/* It is the limit's, not the window's: said once. */
			cells[READING_COLUMNS] =
			    str_of(k == 0 ? effect_phrase(account) : "");
			grid_add(&grid, cells);
		}
	}
	if (grid.n_rows > 0)
		grid_print(&grid, out);
}

static void
print_standings(const struct user *user, struct buf *out)
{
	for (size_t i = 0; i < user->n; i++) {
		const struct account *account = &user->accounts[i];

		standing_lines(account, user->desk->now_ms, out);
		if (account->is_overridden)
			buf_printf(out, "%.*s: its table '%.*s' gives %.*s %s",
			    STR_ARG(account->limit->name),
			    STR_ARG(account->limit->override->name),
			    STR_ARG(account->key),
			    account->is_unlimited ? "no limit\n" : "");
		if (account->is_overridden && !account->is_unlimited) {
			rates_text(account->rates, account->n_rates, out);
			buf_byte(out, '\n');
		}
	}
}

/* Whether a limit's `if` holds depends on the mail: it is only shown. */
static void
print_conditions(const struct user *user, struct buf *out)
{
	for (size_t i = 0; i < user->n; i++) {
		const struct limit *limit = user->accounts[i].limit;

		if (limit->cond == NULL)
			continue;
		buf_printf(out, "%.*s counts only if ", STR_ARG(limit->name));
		print_condition(limit->cond, out);
		buf_byte(out, '\n');
	}
}

static void
print_compound(const struct user *user, struct buf *out)
{
	if (user->n_compound == 0)
		return;
	buf_add_cstr(out, "Not looked at, since their keys have other parts "
			  "besides:");
	for (size_t i = 0; i < user->n_compound; i++) {
		const struct limit *limit = user->compound[i];

		buf_printf(
		    out, "%s%.*s (", i > 0 ? ", " : " ", STR_ARG(limit->name));
		for (size_t k = 0; k < limit->n_keys; k++) {
			buf_add_cstr(out, k > 0 ? "," : "");
			print_ref(&limit->keys[k], out);
		}
		buf_byte(out, ')');
	}
	buf_printf(out, "; 'sluice counters %.*s' searches all keys\n",
	    STR_ARG(user->compound[0]->name));
}

static void
print_refusals(const struct user *user, struct buf *out)
{
	static const struct grid_column columns[] = {
		{ "WHEN", false },
		{ "REFERENCE", false },
		{ "REFUSED", false },
		{ "RULE", false },
		{ "REPLY", false },
	};
	struct arena *arena = user->desk->arena;
	struct grid grid;

	grid_init(&grid, arena, columns, 5);
	for (size_t i = 0; i < user->n_refusals; i++) {
		const struct store_event *event = user->refusals[i];
		struct buf what = { 0 };
		char at[WHEN_MAX];

		event_headline(event, &what);
		if (event_number(event, "repeats") > 1)
			buf_printf(&what, ", %llu times",
			    (unsigned long long)event_number(event, "repeats"));
		grid_add(&grid,
		    (struct str[]){
			when_both(event->at_ms, user->desk->now_ms, at),
			event_get(event, "ref"), buf_str(&what),
			event_get(event, "rule"), event_get(event, "text") });
		buf_done(&what);
	}
	if (grid.n_rows > 0) {
		buf_add_cstr(out, "\nLast refusals ('sluice why REFERENCE' "
				  "tells more):\n");
		grid_print(&grid, out);
	} else {
		buf_add_cstr(out, "\nNo refusal among the last events.\n");
	}
}

/* What is read out on the telephone. */
static void
print_outlook(const struct user *user, struct buf *out)
{
	if (memberships_print_refused(
		&user->memberships, user->name, user->desk->arena, out))
		buf_add_cstr(out, "Otherwise ");
	outlook_print(
	    user->name, user->accounts, user->n, user->desk->now_ms, out);
}

static void
print_switches(const struct user *user, struct buf *out)
{
	for (size_t i = 0; i < user->switches.n; i++) {
		const struct store_switch *one = &user->switches.items[i];

		buf_printf(out, "Rule %.*s is %.*s\n", STR_ARG(one->rule),
		    STR_ARG(switch_text(
			user->desk->arena, one, user->desk->now_ms)));
	}
}

static void
print_user(const struct user *user, struct buf *out)
{
	print_outlook(user, out);
	if (ruleset_options(user->desk->rules)->observe_all)
		buf_add_cstr(out, "The configuration says 'mode = observe': "
				  "nothing is refused at all.\n");
	buf_byte(out, '\n');
	print_limits(user, out);
	print_standings(user, out);
	memberships_print_others(&user->memberships, out);
	print_conditions(user, out);
	print_switches(user, out);
	print_compound(user, out);
	print_refusals(user, out);
}

/* --- for programs --------------------------------------------------------- */

static void
json_limits(const struct user *user, struct buf *out)
{
	static const char *const effects[] = { [EFFECT_NONE] = "none",
		[EFFECT_OBSERVED] = "observed",
		[EFFECT_REFUSES] = "refuses" };

	json_open(out, "limits", '[');
	for (size_t i = 0; i < user->n; i++) {
		const struct account *account = &user->accounts[i];

		json_newline(out);
		json_open(out, NULL, '{');
		json_text(out, "limit", account->limit->name);
		json_text(out, "key", account->key);
		json_text(out, "effect", str_of(effects[account->effect]));
		json_bool(out, "over", account_is_over(account));
		standing_json(account, out);
		json_open(out, "counters", '[');
		for (size_t k = 0; k < account->answer.n_levels; k++) {
			struct reading reading =
			    reading_of_level(account, k, user->desk->now_ms);

			json_open(out, NULL, '{');
			reading_json(&reading, out);
			json_close(out, '}');
		}
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void
json_tables(const struct user *user, struct buf *out)
{
	json_open(out, "tables", '[');
	for (size_t i = 0; i < user->memberships.n; i++) {
		const struct membership *one = &user->memberships.items[i];

		json_open(out, NULL, '{');
		json_text(out, "table", one->table->name);
		json_text(out, "value", one->value);
		if (one->refuser != NULL)
			json_text(out, "refused_by", one->refuser->name);
		else
			json_null(out, "refused_by");
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void
print_json(const struct user *user, struct buf *out)
{
	struct buf outlook = { 0 };

	print_outlook(user, &outlook);
	json_open(out, NULL, '{');
	json_text(out, "user", user->name);
	json_text(out, "outlook", str_trim(buf_str(&outlook)));
	json_limits(user, out);
	json_tables(user, out);
	json_open(out, "not_looked_at", '[');
	for (size_t i = 0; i < user->n_compound; i++)
		json_text(out, NULL, user->compound[i]->name);
	json_close(out, ']');
	json_open(out, "refusals", '[');
	for (size_t i = 0; i < user->n_refusals; i++) {
		json_newline(out);
		event_json(user->refusals[i], out);
	}
	json_close(out, ']');
	json_close(out, '}');
	buf_byte(out, '\n');
	buf_done(&outlook);
}

static int
show_user(struct desk *desk, struct str text, bool as_json)
{
	struct user user = { .desk = desk };
	struct buf error = { 0 }, out = { 0 };

	user.name = identity_name(desk->arena, text, desk->conf->sasl_domain);
	if (read_user(&user, text, &error) == -1)
		return desk_no_store(desk, &error);
	if (as_json)
		print_json(&user, &out);
	else
		print_user(&user, &out);
	tool_out(buf_str(&out));
	buf_done(&out);
	return TOOL_FINE;
}

int
user_run(struct tool *tool, int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {
		{ "--json", &as_json, NULL },
		{ 0 },
	};
	struct desk desk;
	struct str text;
	int rc;

	if (tool_arguments(tool, argc, argv, 1, 1, options) == -1)
		return TOOL_USAGE;
	text = str_trim(str_of(argv[0]));
	if (text.len == 0)
		return tool_usage(tool, "'user' needs a key");
	if (desk_open(&desk, tool, DESK_RULES_NEEDED) == -1)
		return TOOL_FINDING;
	rc = show_user(&desk, text, as_json);
	desk_close(&desk);
	return rc;
}
