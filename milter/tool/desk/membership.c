/*
 * Whether a rule refuses by a table is told only where the table alone does
 * it: `if sasl.user in suspects or …`, not where something else has to hold,
 * too.
 */
#include "tool/desk/membership.h"

#include "base/clock.h"
#include "tool/show/grid.h"

struct search {
	struct arena *arena;
	const struct ruleset *rules;
	const struct switches *switches;
	struct str name;
	struct ip ip; /* of an address of a host */
	bool is_ip;
	struct memberships found;
};

/* Is being in the table enough? A text made of several facts is not asked for
 * by the name alone. */
static bool
decides(const struct condition *cond, const struct table *table)
{
	if (cond == NULL)
		return false;
	if (cond->kind == COND_IN)
		return cond->in == IN_TABLE && cond->table == table &&
		       !cond->has_text;
	if (cond->kind != COND_OR)
		return false;
	for (size_t i = 0; i < cond->n_terms; i++)
		if (decides(cond->terms[i], table))
			return true;
	return false;
}

/* As things are now: a rule that has expired, or that somebody switched to be
 * observed, refuses nobody. */
static const struct rule *
find_refuser(const struct search *search, const struct table *table)
{
	const struct program *program = ruleset_program(search->rules);

	for (size_t i = 0; i < program->n_rules; i++) {
		const struct rule *rule = program->rules[i];

		if (rule_refuses(rule) && decides(rule->cond, table) &&
		    rule->expires_ms > clock_wall_ms() &&
		    !rule_is_observed(search->rules, rule) &&
		    switches_find(search->switches, rule->name) == NULL)
			return rule;
	}
	return NULL;
}

static void
add(struct search *search, const struct table *table, struct str value)
{
	struct memberships *found = &search->found;

	found->items = arena_grow(
	    search->arena, found->items, found->n, sizeof(*found->items));
	found->items[found->n++] = (struct membership){
		.table = table,
		.value = arena_str(search->arena, value),
		.refuser = find_refuser(search, table),
	};
}

static bool
is_of_type(const struct search *search, const struct table *table)
{
	bool is_address = str_find(search->name, '@') >= 0;

	switch (table->type) {
	case TABLE_STRING:
		return true;
	case TABLE_ADDRESS:
		return is_address;
	case TABLE_DOMAIN:
		return !is_address && !search->is_ip;
	case TABLE_CIDR:
		return search->is_ip;
	case TABLE_REGEX:
		return false; /* which fact its patterns are for, rules know */
	}
	return false;
}

/* Inline and file tables are part of the rules that were loaded. */
static void
look_here(struct search *search, const struct table *table)
{
	struct str value = { 0 };

	if (table->type == TABLE_CIDR
		? table_value_ip(table, &search->ip, search->arena, &value)
		: table_value_text(
		      table, search->name, true, search->arena, &value))
		add(search, table, value);
}

static size_t
candidates(const struct search *search, const struct table *table,
    struct str **entries_out)
{
	if (table->type == TABLE_CIDR)
		return table_candidates_ip(
		    &search->ip, search->arena, entries_out);
	return table_candidates_text(
	    table->type, search->name, true, search->arena, entries_out);
}

/* The best match comes first. */
static void
take_found(struct search *search, const struct table *table,
    const struct store_found *found, size_t n)
{
	for (size_t i = 0; found != NULL && i < n; i++) {
		if (!found[i].is_there)
			continue;
		add(search, table, found[i].value);
		return;
	}
}

/* All of them in one call, as a stage of a mail asks. */
static int
look_in_store(struct search *search, struct store *store,
    const struct table *const *tables, size_t n_tables)
{
	struct store_call *call = store_call_new(store);
	size_t *n_entries =
	    arena_calloc(search->arena, (n_tables + 1) * sizeof(size_t));
	int rc;

	for (size_t i = 0; i < n_tables; i++) {
		struct store_lookup lookup = { .table = tables[i]->name };
		struct str *entries;

		n_entries[i] = candidates(search, tables[i], &entries);
		lookup.entries = entries;
		lookup.n_entries = n_entries[i];
		store_call_look_up(call, &lookup);
	}
	rc = n_tables > 0 ? store_call_wait(call, STORE_NOW) : 0;
	for (size_t i = 0; rc == 0 && i < n_tables; i++)
		take_found(
		    search, tables[i], store_call_found(call, i), n_entries[i]);
	store_call_put(call);
	return rc;
}

int
memberships_read(struct store *store, struct arena *arena,
    const struct ruleset *rules, const struct switches *switches,
    struct str name, struct memberships *memberships_out)
{
	const struct program *program = ruleset_program(rules);
	struct search search = { arena, rules, switches, name, { 0 }, false,
		{ NULL, 0 } };
	const struct table **stored = arena_calloc(
	    arena, (program->n_tables + 1) * sizeof(struct table *));
	size_t n_stored = 0;

	search.is_ip = ip_parse(name, &search.ip) == 0;
	for (size_t i = 0; i < program->n_tables; i++) {
		const struct table *table = program->tables[i];

		if (!is_of_type(&search, table))
			continue;
		if (table->is_redis)
			stored[n_stored++] = table;
		else
			look_here(&search, table);
	}
	if (look_in_store(&search, store, stored, n_stored) == -1)
		return -1;
	*memberships_out = search.found;
	return 0;
}

static void
add_name(const struct membership *one, struct buf *out)
{
	buf_printf(out, "table %.*s", STR_ARG(one->table->name));
	if (one->value.len == 0)
		return;
	buf_add_cstr(out, " (");
	text_line(out, one->value, GRID_CELL_MAX);
	buf_byte(out, ')');
}

bool
memberships_print_refused(const struct memberships *memberships,
    struct str name, struct arena *arena, struct buf *out)
{
	bool is_any = false;

	for (size_t i = 0; i < memberships->n; i++) {
		const struct membership *one = &memberships->items[i];

		if (one->refuser == NULL)
			continue;
		is_any = true;
		buf_printf(out, "%.*s is refused, being in ", STR_ARG(name));
		add_name(one, out);
		buf_printf(out, ", by rule %.*s (%.*s).\n",
		    STR_ARG(one->refuser->name),
		    STR_ARG(names_place(arena, one->refuser->pos)));
	}
	return is_any;
}

void
memberships_print_others(const struct memberships *memberships, struct buf *out)
{
	const char *before = "It is in ";
	size_t n = 0;

	for (size_t i = 0; i < memberships->n; i++) {
		if (memberships->items[i].refuser != NULL)
			continue;
		buf_add_cstr(out, before);
		add_name(&memberships->items[i], out);
		before = ", ";
		n++;
	}
	if (n > 0)
		buf_byte(out, '\n');
}
