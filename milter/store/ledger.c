/*
 * What operators and the daemon's own reports ask, handed on to the store that
 * keeps it. Which operations a store has is its table; what it does not keep,
 * it neither takes nor finds.
 */
#include "store/ledger.h"

#include "store/backend.h"

/* Is it away? Then with the message. */
static bool
is_away(struct store *store, struct buf *error)
{
	if (!atomic_load(&store->is_down))
		return false;
	buf_printf(error, "store %s is away", store->name);
	return true;
}

static bool
takes_writes(struct store *store)
{
	return !atomic_load(&store->is_down);
}

int
store_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error)
{
	struct store_query mine = *query;

	if (is_away(store, error))
		return -1;
	mine.now_ms = store_time_in_range(mine.now_ms);
	return store->backend->ledger->counters(
	    store, &mine, each, context, error);
}

int
store_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error)
{
	if (limit.len == 0 || identity.len == 0) {
		buf_add_cstr(error, "a reset needs a limit and a key");
		return -1;
	}
	if (is_away(store, error))
		return -1;
	return store->backend->ledger->reset(
	    store, limit, identity, n_out, error);
}

int
store_accounts(struct store *store, const struct store_asking *asking,
    bool (*each)(void *context, size_t i, const struct store_account *account),
    void *context, struct buf *error)
{
	struct store_asking mine = *asking;

	if (is_away(store, error))
		return -1;
	mine.now_ms = store_time_in_range(mine.now_ms);
	return store->backend->ledger->accounts(
	    store, &mine, each, context, error);
}

int
store_grant_set(
    struct store *store, const struct store_grant *grant, struct buf *error)
{
	if (is_away(store, error))
		return -1;
	return store->backend->ledger->grant_set(store, grant, error);
}

int
store_grant_drop(struct store *store, struct str limit, struct str identity,
    bool *was_there_out, struct buf *error)
{
	if (is_away(store, error))
		return -1;
	return store->backend->ledger->grant_drop(
	    store, limit, identity, was_there_out, error);
}

int
store_grants(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_grant *grant), void *context,
    struct buf *error)
{
	if (is_away(store, error))
		return -1;
	return store->backend->ledger->grants(
	    store, store_time_in_range(now_ms), each, context, error);
}

int
store_table_add(struct store *store, struct str table,
    const struct store_entry *entry, struct buf *error)
{
	if (is_away(store, error))
		return -1;
	if (entry->entry.len == 0 || entry->entry.len > STORE_ENTRY_BYTES_MAX ||
	    entry->value.len > STORE_ENTRY_BYTES_MAX) {
		buf_printf(error,
		    "an entry has 1 to %d bytes, and its value no more",
		    STORE_ENTRY_BYTES_MAX);
		return -1;
	}
	return store->backend->ledger->table_add(store, table, entry, error);
}

int
store_table_remove(struct store *store, struct str table, struct str entry,
    bool *was_there_out, struct buf *error)
{
	if (is_away(store, error))
		return -1;
	return store->backend->ledger->table_remove(
	    store, table, entry, was_there_out, error);
}

int
store_table_list(struct store *store, struct str table, int64_t now_ms,
    bool (*each)(void *context, const struct store_entry *entry), void *context,
    struct buf *error)
{
	if (is_away(store, error))
		return -1;
	return store->backend->ledger->table_list(
	    store, table, store_time_in_range(now_ms), each, context, error);
}

void
store_hot_send(
    struct store *store, struct str limit, struct str identity, int64_t now_ms)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (ledger->hot_send != NULL && takes_writes(store))
		ledger->hot_send(
		    store, limit, identity, store_time_in_range(now_ms));
}

int
store_hot(struct store *store, struct str limit,
    bool (*each)(void *context, struct str identity), void *context,
    struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->hot == NULL
		   ? 0
		   : ledger->hot(store, limit, each, context, error);
}

int
store_hot_drop(struct store *store, struct str limit,
    const struct str *identities, size_t n, struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->hot_drop == NULL || n == 0
		   ? 0
		   : ledger->hot_drop(store, limit, identities, n, error);
}

struct str
store_event_value(const struct store_event *event, const char *name)
{
	for (size_t i = 0; i < event->n_fields; i++)
		if (str_is(event->fields[i].name, name))
			return event->fields[i].value;
	return STR("");
}

void
store_event_send(struct store *store, const struct store_event *event)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (ledger->event_send != NULL && takes_writes(store))
		ledger->event_send(store, event);
}

int
store_events_back(struct store *store,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->events_back == NULL
		   ? 0
		   : ledger->events_back(store, each, context, error);
}

int
store_events_after(struct store *store, char id[STORE_EVENT_ID_MAX],
    uint32_t wait_ms,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->events_after == NULL
		   ? 0
		   : ledger->events_after(
			 store, id, wait_ms, each, context, error);
}

void
store_hits_send(struct store *store, const struct store_hit *hits,
    size_t n_hits, int64_t now_ms)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (ledger->hits_send != NULL && n_hits > 0 && takes_writes(store))
		ledger->hits_send(
		    store, hits, n_hits, store_time_in_range(now_ms));
}

int
store_hits(struct store *store, struct str rule,
    bool (*each)(void *context, const struct store_hit *hit), void *context,
    struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->hits == NULL
		   ? 0
		   : ledger->hits(store, rule, each, context, error);
}

void
store_host_send(struct store *store, struct str name,
    const struct store_field *fields, size_t n_fields, int64_t now_ms)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (ledger->host_send != NULL && takes_writes(store))
		ledger->host_send(
		    store, name, fields, n_fields, store_time_in_range(now_ms));
}

int
store_hosts(struct store *store,
    bool (*each)(void *context, struct str name, int64_t seen_ms,
	const struct store_field *fields, size_t n_fields),
    void *context, struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->hosts == NULL
		   ? 0
		   : ledger->hosts(store, each, context, error);
}

int
store_switch_set(
    struct store *store, const struct store_switch *one, struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	if (ledger->switch_set != NULL)
		return ledger->switch_set(store, one, error);
	buf_printf(error, "store %s keeps no switches", store->name);
	return -1;
}

int
store_switch_drop(struct store *store, struct str rule, bool *was_there_out,
    struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	*was_there_out = false;
	return ledger->switch_drop == NULL
		   ? 0
		   : ledger->switch_drop(store, rule, was_there_out, error);
}

int
store_switches(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_switch *one), void *context,
    struct buf *error)
{
	const struct backend_ledger *ledger = store->backend->ledger;

	if (is_away(store, error))
		return -1;
	return ledger->switches == NULL
		   ? 0
		   : ledger->switches(store, store_time_in_range(now_ms), each,
			 context, error);
}
