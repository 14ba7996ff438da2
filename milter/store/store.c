/*
 * What all stores have in common: opening by URL, being told to be down, and
 * counting. The arithmetic and every wait are the backend's.
 *
 * The trap is time: the caller's may be anything, but slots are numbered from
 * the epoch on, so what is before it counts as the epoch.
 */
#include "store/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/backend.h"
#include "store/charge.h"
#include "store/copies.h"
#include "store/denied.h"
#include "store/memory_merge.h"
#include "store/url.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_KEYS_MAX 1000000

int64_t
store_time_in_range(int64_t now_ms)
{
	if (now_ms == STORE_NOW)
		return now_ms;
	if (now_ms > (int64_t)CHARGE_MAX)
		return (int64_t)CHARGE_MAX;
	return now_ms > 0 ? now_ms : 0;
}

static void
free_store(struct store *store)
{
	copies_free(store->copies);
	denied_free(store->denied);
	free((char *)(uintptr_t)store->prefix.p);
	free(store->name);
	free(store);
}

struct store *
store_open(const struct store_options *options, struct buf *error)
{
	struct arena *arena = arena_new(1024);
	struct store_url url;
	struct store *store = NULL;

	if (store_url_parse(arena, str_of(options->url), &url, error) == -1)
		goto out;
	if (options->password != NULL)
		url.password = options->password;
	if (url.user != NULL && url.password == NULL) {
		/* Not even the name: a ':' is easily forgotten before one. */
		buf_add_cstr(error,
		    "what stands before \"@\" is a user without a password");
		goto out;
	}
	store = xcalloc(1, sizeof(*store));
	store->name = xstrdup(store_url_name(arena, &url).p);
	store->prefix = str_of(
	    xstrdup(options->prefix != NULL ? options->prefix : "sluice"));
	store->denied = denied_new();
	store->copies = copies_new();
	if (url.kind == STORE_KIND_MEMORY) {
		store->backend = &memory_backend;
		store->self = memory_open(MEMORY_KEYS_MAX);
	} else {
		store->backend = &redis_backend;
		store->self = redis_open(&url, store, options, error);
	}
	if (store->self == NULL) {
		free_store(store);
		store = NULL;
	}
out:
	arena_free(arena);
	return store;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store->backend->close(store->self);
	free_store(store);
}

const char *
store_name(const struct store *store)
{
	return store->name;
}

bool
store_is_up(struct store *store)
{
	return !atomic_load(&store->is_down) &&
	       store->backend->is_up(store->self);
}

void
store_set_down(struct store *store, bool is_down)
{
	atomic_store(&store->is_down, is_down);
}

int
store_call_wait(struct store_call *call, int64_t now_ms)
{
	struct store *store = call->store;
	int64_t since_us;
	int rc = -1;

	assert(atomic_load(&call->state) == CALL_OPEN);
	if (call->n_uses + call->n_lookups == 0)
		return 0;
	since_us = clock_steady_us();
	atomic_fetch_add(&store->n_waited, 1);
	atomic_store(&call->state, CALL_FAILED);
	call->answers = xcalloc(call->n_uses + 1, sizeof(*call->answers));
	if (!atomic_load(&store->is_down))
		rc = store->backend->wait(
		    store->self, call, store_time_in_range(now_ms));
	latency_note(rc == 0 ? &store->answered : &store->failed,
	    clock_steady_us() - since_us);
	if (rc == -1)
		atomic_fetch_add(&store->n_failures, 1);
	else if (now_ms == STORE_NOW && store->denied != NULL)
		for (size_t i = 0; i < call->n_uses; i++)
			denied_note(
			    store->denied, &call->uses[i], &call->answers[i]);
	return rc;
}

bool
store_was_denied(struct store *store, const struct store_use *use,
    struct store_answer *answer_out)
{
	return store->denied != NULL &&
	       denied_find(store->denied, use, answer_out);
}

void
store_copy_table(struct store *store, struct str table)
{
	copies_want(store->copies, table);
}

void
store_copies_renew(struct store *store)
{
	copies_renew(store->copies, store);
}

int
store_copy_look_up(struct store *store, const struct store_lookup *lookup,
    struct arena *arena, struct store_found *found_out)
{
	return copies_look_up(store->copies, lookup, arena, found_out);
}

void
store_call_send(struct store_call *call, int64_t now_ms)
{
	struct store *store = call->store;

	assert(atomic_load(&call->state) == CALL_OPEN);
	if (call->n_uses + call->n_lookups == 0)
		return;
	atomic_fetch_add(&store->n_sent, 1);
	if (atomic_load(&store->is_down)) {
		atomic_store(&call->state, CALL_FAILED);
		atomic_fetch_add(&store->n_failures, 1);
		return;
	}
	atomic_store(&call->state, CALL_UNDER_WAY);
	store->backend->send(store->self, call, store_time_in_range(now_ms));
}

/* Marks what is to be given back; false if there is nothing. */
static bool
mark_refunds(struct store_call *call, unsigned tag)
{
	bool is_under_way = atomic_load(&call->state) == CALL_UNDER_WAY;
	bool is_any = false;

	for (size_t i = 0; i < call->n_uses; i++) {
		struct call_use *use = &call->uses[i];
		int none = REFUND_NONE;

		if (use->tag != tag || use->op != STORE_CHARGE)
			continue;
		/* Under way: what came of it is known when its turn comes. */
		if (!is_under_way && !call_use_is_refundable(call, use))
			continue;
		if (atomic_compare_exchange_strong(
			&use->refund, &none, REFUND_WANTED))
			is_any = true;
	}
	return is_any;
}

/* A slot that is still there is the one that was charged: no time is needed. */
void
store_call_give_back(struct store_call *call, unsigned tag, int64_t now_ms)
{
	struct store *store = call->store;

	(void)now_ms;
	if (!mark_refunds(call, tag))
		return;
	atomic_fetch_add(&store->n_sent, 1);
	if (atomic_load(&store->is_down))
		atomic_fetch_add(&store->n_failures, 1);
	else
		store->backend->give_back(store->self, call);
}

uint64_t
store_mark(struct store *store)
{
	return store->backend->mark != NULL ? store->backend->mark(store->self)
					    : 0;
}

void
store_call_follow(struct store_call *call, uint64_t mark)
{
	call->after = mark;
}

int
store_flush(struct store *store, uint32_t timeout_ms)
{
	return store->backend->flush(store->self, timeout_ms);
}

void
store_remember(struct store *store, struct str table, struct str entry,
    struct str value, uint32_t for_sec, int64_t now_ms)
{
	if (entry.len == 0 || entry.len > STORE_ENTRY_BYTES_MAX ||
	    value.len > STORE_ENTRY_BYTES_MAX)
		return;
	atomic_fetch_add(&store->n_sent, 1);
	if (atomic_load(&store->is_down))
		atomic_fetch_add(&store->n_failures, 1);
	else
		store->backend->remember(store, table, entry, value, for_sec,
		    store_time_in_range(now_ms));
}

void
store_forget(struct store *store, struct str table, struct str entry)
{
	atomic_fetch_add(&store->n_sent, 1);
	if (atomic_load(&store->is_down))
		atomic_fetch_add(&store->n_failures, 1);
	else
		store->backend->forget(store, table, entry);
}

int
store_merge(struct store *store, struct store *local)
{
	struct buf error = { 0 };
	int rc;

	assert(local->backend == &memory_backend && local != store);
	if (!store_is_up(store))
		return -1;
	rc = memory_hand_over(local->self, store, &error);
	/* That a node is away is in the log, and needs no reason here. */
	if (rc == -1 && error.len > 0)
		log_info("what was counted here while store %s was away is not "
			 "yet added to it: %.*s",
		    store->name, STR_ARG(buf_str(&error)));
	buf_done(&error);
	return rc;
}

size_t
store_n_merged(struct store *local)
{
	assert(local->backend == &memory_backend);
	return memory_n_merged(local->self);
}

int
store_wipe(struct store *store, struct buf *error)
{
	if (atomic_load(&store->is_down)) {
		buf_printf(error, "store %s is away", store->name);
		return -1;
	}
	return store->backend->wipe(store->self, error);
}

void
store_stats_get(struct store *store, struct store_stats *stats_out)
{
	stats_out->calls_waited = atomic_load(&store->n_waited);
	stats_out->calls_sent = atomic_load(&store->n_sent);
	stats_out->failures_sent = store->backend->n_failures(store->self);
	stats_out->failures =
	    atomic_load(&store->n_failures) + stats_out->failures_sent;
	latency_get(&store->answered, &stats_out->answered);
	latency_get(&store->failed, &stats_out->failed);
}

size_t
store_nodes(struct store *store, struct store_node nodes_out[STORE_NODES_MAX])
{
	if (store->backend->nodes == NULL)
		return 0;
	return store->backend->nodes(store->self, nodes_out);
}
