/*
 * Two look-ups of one table are one question with more entries. The trap is
 * their number: a message may have thousands of recipients, each with several
 * entries that would match, so what does not fit into a question is not known.
 */
#include "engine/lookup.h"

#include "engine/facts.h"

#include <string.h>

/* A value's candidates among those of its table, the best first. */
struct lookup_range {
	size_t first;
	size_t n;
	bool is_asked;
};

struct lookup {
	struct lookup_asked *asked;
	struct lookup_range *ranges; /* one for each value */
	size_t n_ranges;
};

/* One table, once in the call. */
struct lookup_asked {
	const struct table *table;
	struct str *entries;
	size_t n_entries;
	const struct store_found *found; /* NULL: not known */
};

struct lookups {
	struct lookup *items;
	size_t n;
	struct lookup_asked *asked; /* room for n */
	size_t n_asked;
};

static struct lookup_asked *
asked_of(struct lookups *lookups, const struct table *table)
{
	for (size_t i = 0; i < lookups->n_asked; i++)
		if (str_eq(lookups->asked[i].table->name, table->name))
			return &lookups->asked[i];
	lookups->asked[lookups->n_asked] =
	    (struct lookup_asked){ .table = table };
	return &lookups->asked[lookups->n_asked++];
}

/* All entries of a value, or none: half of them would give a wrong answer. */
static void
add_value(struct session *session, struct lookup *lookup,
    const struct str *entries, size_t n)
{
	struct lookup_asked *asked = lookup->asked;
	struct lookup_range range = { .first = asked->n_entries };

	if (asked->n_entries + n <= STORE_ENTRIES_MAX) {
		range.n = n;
		range.is_asked = true;
	}
	for (size_t i = 0; i < range.n; i++) {
		asked->entries = arena_grow(session->scratch, asked->entries,
		    asked->n_entries, sizeof(struct str));
		asked->entries[asked->n_entries++] = entries[i];
	}
	lookup->ranges = arena_grow(
	    session->scratch, lookup->ranges, lookup->n_ranges, sizeof(range));
	lookup->ranges[lookup->n_ranges++] = range;
}

static void
add_text_value(struct session *session, struct lookup *lookup, struct str text,
    bool ignore_case)
{
	struct str *entries;
	size_t n = table_candidates_text(lookup->asked->table->type, text,
	    ignore_case, session->scratch, &entries);

	add_value(session, lookup, entries, n);
}

static void
add_fact(
    struct session *session, struct lookup *lookup, const struct fact_ref *ref)
{
	bool ignore_case = fact_ignores_case(ref->fact);
	struct fact_value value;
	struct str *entries;
	size_t n;

	fact_read(session, ref, &value);
	if (value.n > 0 && value.ip != NULL) {
		n = table_candidates_ip(value.ip, session->scratch, &entries);
		add_value(session, lookup, entries, n);
		return;
	}
	for (size_t i = 0; value.texts != NULL && i < value.n; i++)
		add_text_value(session, lookup, value.texts[i], ignore_case);
}

static void
prepare_one(struct session *session, struct lookup *lookup,
    const struct stage_lookup *plan)
{
	struct buf text = { 0 };

	if (!plan->is_text) {
		add_fact(session, lookup, plan->ref);
		return;
	}
	eval_text(session, plan->text, NULL, &text);
	add_text_value(
	    session, lookup, buf_str(&text), text_ignores_case(plan->text));
	buf_done(&text);
}

/* Made anew for each stage: what a fact is may have changed. */
void
lookup_prepare(struct session *session, const struct stage_plan *plan)
{
	struct lookups *lookups;
	size_t n = plan->n_lookups;

	session->lookups = NULL;
	if (n == 0)
		return;
	lookups = arena_calloc(session->scratch, sizeof(*lookups));
	lookups->items =
	    arena_calloc(session->scratch, n * sizeof(*lookups->items));
	lookups->asked =
	    arena_calloc(session->scratch, n * sizeof(*lookups->asked));
	for (size_t i = 0; i < n; i++) {
		struct lookup *lookup = &lookups->items[lookups->n++];

		lookup->asked = asked_of(lookups, plan->lookups[i].table);
		prepare_one(session, lookup, &plan->lookups[i]);
	}
	session->lookups = lookups;
}

size_t
lookup_n_asked(const struct session *session)
{
	const struct lookups *lookups = session->lookups;
	size_t n = 0;

	for (size_t i = 0; lookups != NULL && i < lookups->n_asked; i++)
		n += lookups->asked[i].n_entries > 0;
	return n;
}

static struct store_lookup
question(const struct lookup_asked *asked)
{
	return (struct store_lookup){ .table = asked->table->name,
		.entries = asked->entries,
		.n_entries = asked->n_entries };
}

void
lookup_add(struct session *session, struct store_call *call)
{
	const struct lookups *lookups = session->lookups;

	for (size_t i = 0; lookups != NULL && i < lookups->n_asked; i++) {
		struct store_lookup one = question(&lookups->asked[i]);

		if (one.n_entries > 0)
			store_call_look_up(call, &one);
	}
}

void
lookup_read(struct session *session, const struct store_call *call)
{
	struct lookups *lookups = session->lookups;
	size_t number = 0;

	for (size_t i = 0; lookups != NULL && i < lookups->n_asked; i++)
		if (lookups->asked[i].n_entries > 0)
			lookups->asked[i].found =
			    store_call_found(call, number++);
}

/* What this process copied while the store was there. */
static void
ask_copy(struct session *session, struct lookup_asked *asked)
{
	struct store_lookup one = question(asked);
	struct store_found *found =
	    arena_alloc(session->scratch, asked->n_entries * sizeof(*found));

	if (store_copy_look_up(
		session->engine->store, &one, session->scratch, found) == 0)
		asked->found = found;
}

void
lookup_fall_back(struct session *session)
{
	struct lookups *lookups = session->lookups;

	for (size_t i = 0; lookups != NULL && i < lookups->n_asked; i++) {
		struct lookup_asked *asked = &lookups->asked[i];

		if (asked->n_entries > 0 &&
		    asked->table->on_outage == TABLE_KEEP)
			ask_copy(session, asked);
	}
}

size_t
lookup_n_values(const struct session *session, size_t i)
{
	const struct lookups *lookups = session->lookups;

	return lookups == NULL || i >= lookups->n ? 0
						  : lookups->items[i].n_ranges;
}

enum tri
lookup_value(const struct session *session, size_t i, size_t value,
    struct str *value_out, struct evidence *evidence)
{
	const struct lookups *lookups = session->lookups;
	const struct lookup_asked *asked;
	const struct lookup_range *range;

	if (lookups == NULL || i >= lookups->n ||
	    value >= lookups->items[i].n_ranges)
		return TRI_UNKNOWN;
	asked = lookups->items[i].asked;
	range = &lookups->items[i].ranges[value];
	/* A value without any candidate is in no table, asked or not. */
	if (!range->is_asked || (range->n > 0 && asked->found == NULL)) {
		if (asked->table->on_outage == TABLE_TEMPFAIL)
			evidence->is_tempfail = true;
		return TRI_UNKNOWN;
	}
	for (size_t j = range->first; j < range->first + range->n; j++) {
		if (!asked->found[j].is_there)
			continue;
		if (value_out != NULL)
			*value_out = asked->found[j].value;
		return TRI_TRUE;
	}
	return TRI_FALSE;
}
