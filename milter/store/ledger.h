/*
 * ledger: what stands in the store for people, beside the counts: who is near
 * a limit, grants and locks, events, hits of rules, hosts, switches of rules
 * and the tables that are edited while running.
 *
 * What the daemon writes is never waited for (…_send), and is lost when the
 * store is away. What operators ask waits for as long as 5 s and answers 0, or
 * -1 with a message for people in error; such a call is for tools and
 * background threads only. Nothing here uses SCAN or KEYS but store_counters
 * without an identity.
 *
 * A memory store counts, locks and keeps tables and grants; it keeps no
 * events, hits, hot keys, hosts or switches: those calls do and find nothing.
 *
 * Structs that are given to each() live for that call; it returns false to
 * stop. Times are ms since the epoch unless a name says otherwise. What people
 * broke by hand (a grant, lock or switch that cannot be read) is left out, with
 * a line in the log that names its key; a key of another type is an error, or
 * where many are listed such a line.
 */
#ifndef SLUICE_STORE_LEDGER_H
#define SLUICE_STORE_LEDGER_H

#include "store/raise.h"
#include "store/store.h"

/* --- counters ---------------------------------------------------------- */

struct store_counter {
	struct str limit;
	struct str identity;
	struct str unit;
	uint32_t window_sec; /* 0: see period */
	enum store_period period;
	uint64_t used;      /* now */
	uint64_t max;       /* as of the last charge; of a distinct limit 0:
			       the rules know it */
	int64_t free_at_ms; /* wall clock: when room for 1 more comes back;
			       0: is there; -1: never (max is 0) */
};

struct store_query {
	struct str limit;    /* empty: all */
	struct str identity; /* empty: all */
	int64_t now_ms;      /* or STORE_NOW */
};

/*
 * Each counter; a distinct limit has one, unit "distinct" and window_sec 0,
 * over all that its set holds (free_at_ms is 0: only its rates could tell).
 */
int store_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error);

/* Deletes counters, values and lock of limit and identity (both needed), not
 * the grant; *n_out: keys. */
int store_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error);

/* Lock and grant of one limit and identity. */
struct store_hold {
	int64_t until_ms; /* 0: there is none */
	struct str reason;
	struct str by;
};

struct store_standing {
	struct store_hold lock;
	struct store_hold grant;
	struct store_raise raise; /* of the grant */
};

/*
 * How identity stands with each of the limits, all asked at once: each() is
 * called n times, in order; counters as store_counters gives them. Used by
 * `user` and `counters LIMIT KEY`. For a distinct limit give its rates.
 */
struct store_asked {
	struct str limit;
	struct str identity;
	bool is_distinct;
	const struct store_rate *rates; /* of a distinct limit */
	size_t n_rates;
};

struct store_account {
	const struct store_counter *counters;
	size_t n_counters;
	struct store_standing standing;
};

struct store_asking {
	const struct store_asked *asked;
	size_t n_asked;
	int64_t now_ms; /* or STORE_NOW */
};

int store_accounts(struct store *store, const struct store_asking *asking,
    bool (*each)(void *context, size_t i, const struct store_account *account),
    void *context, struct buf *error);

/* --- grants ------------------------------------------------------------ */

/*
 * PREFIX:grant:LIMIT:{IDENTITY}, a string `x5 until=SECONDS reason="…" by=WHO`
 * (or `unlimited …`, or `40/1m,400/1h …`); PREFIX:grants, a sorted set of
 * "LIMIT:{IDENTITY}" by until, lists them.
 */
struct store_grant {
	struct str limit;
	struct str identity;
	struct store_raise raise;
	struct store_hold hold;
	int64_t now_ms; /* of one that is set: what is now; 0: the store's own
			   clock knows */
};

/*
 * In place of one that is there. A grant also ends the key's lock. In Redis its
 * end must be in the future, in ten years at most.
 */
int store_grant_set(
    struct store *store, const struct store_grant *grant, struct buf *error);
int store_grant_drop(struct store *store, struct str limit, struct str identity,
    bool *was_there_out, struct buf *error);
/* All that are in force, those that end first first. */
int store_grants(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_grant *grant), void *context,
    struct buf *error);

/* --- hot keys ---------------------------------------------------------- */

/*
 * PREFIX:hot:LIMIT, a sorted set of identities by the time (ms) they were
 * written last; at most STORE_HOT_MAX, the newest, none older than 35 days.
 */
#define STORE_HOT_MAX 1000

void store_hot_send(
    struct store *store, struct str limit, struct str identity, int64_t now_ms);
/* Newest first. */
int store_hot(struct store *store, struct str limit,
    bool (*each)(void *context, struct str identity), void *context,
    struct buf *error);
/* Those that are hot no more. */
int store_hot_drop(struct store *store, struct str limit,
    const struct str *identities, size_t n, struct buf *error);

/* --- events ------------------------------------------------------------ */

/*
 * PREFIX:events, a stream, at most STORE_EVENTS_MAX and none older than 7 days
 * (trimmed as Redis likes, `~`). An event is names and values; which ones is
 * what sluice-redis(7) lists. The name is ours, the value anything.
 */
#define STORE_EVENTS_MAX       100000
#define STORE_EVENT_FIELDS_MAX 48
#define STORE_EVENT_ID_MAX     48
#define STORE_EVENT_VALUE_MAX  1000 /* bytes; what is longer is cut */

struct store_field {
	struct str name;
	struct str value;
};

struct store_event {
	const char *id; /* "1795737600123-0", by the store; in: not used */
	int64_t at_ms;  /* from the id; in: not used */
	const struct store_field *fields;
	size_t n_fields;
};

/* The value of a field, or the empty string. */
struct str store_event_value(const struct store_event *event, const char *name);
void store_event_send(struct store *store, const struct store_event *event);
/* Newest first, from the newest on, until each() has enough. */
int store_events_back(struct store *store,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error);
/*
 * Those after id ("$": those from now on; "0": all), oldest first, waiting at
 * most wait_ms for the first. Then id is the last that was seen, to go on from;
 * after a failure it is what it was.
 */
int store_events_after(struct store *store, char id[STORE_EVENT_ID_MAX],
    uint32_t wait_ms,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error);

/* --- hits of rules ------------------------------------------------------ */

/*
 * PREFIX:rule:NAME, a hash: field "2026-11-23.reject" (or
 * "2026-11-23.would-reject" where it was observed) counts; 90 days are kept.
 * PREFIX:rules, a sorted set of names by last hit, lists them.
 */
struct store_hit {
	struct str rule;
	struct str day;    /* "2026-11-23", in the daemon's time zone */
	struct str action; /* "reject" */
	bool is_observed;
	uint64_t n;
};

void store_hits_send(struct store *store, const struct store_hit *hits,
    size_t n_hits, int64_t now_ms);
/* Of one rule, or of all where rule is empty; days in no order. */
int store_hits(struct store *store, struct str rule,
    bool (*each)(void *context, const struct store_hit *hit), void *context,
    struct buf *error);

/* --- hosts and switches ------------------------------------------------- */

/*
 * PREFIX:host:NAME, a hash of fields (sluice-redis(7)), gone after 1 day;
 * PREFIX:hosts, a sorted set of names by the time they last wrote, lists them.
 */
void store_host_send(struct store *store, struct str name,
    const struct store_field *fields, size_t n_fields, int64_t now_ms);
int store_hosts(struct store *store,
    bool (*each)(void *context, struct str name, int64_t seen_ms,
	const struct store_field *fields, size_t n_fields),
    void *context, struct buf *error);

/*
 * PREFIX:observe, a hash: field RULE, value `until=SECONDS reason="…" by=WHO`:
 * the rule is observed on all hosts until then.
 */
struct store_switch {
	struct str rule;
	struct store_hold hold;
};

int store_switch_set(
    struct store *store, const struct store_switch *one, struct buf *error);
int store_switch_drop(struct store *store, struct str rule, bool *was_there_out,
    struct buf *error);
/* Those in force. */
int store_switches(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_switch *one), void *context,
    struct buf *error);

/* --- tables ------------------------------------------------------------- */

struct store_entry {
	struct str entry;
	struct str value;
	int64_t until_ms; /* 0: for ever */
};

/*
 * Waited for; a set that was made by hand becomes a hash, if it has no more
 * than STORE_COPY_MAX members. An entry has 1 to STORE_ENTRY_BYTES_MAX bytes,
 * and its value no more; in Redis until_ms must be in the future.
 */
int store_table_add(struct store *store, struct str table,
    const struct store_entry *entry, struct buf *error);
int store_table_remove(struct store *store, struct str table, struct str entry,
    bool *was_there_out, struct buf *error);
/* In no order; what has expired is left out. */
int store_table_list(struct store *store, struct str table, int64_t now_ms,
    bool (*each)(void *context, const struct store_entry *entry), void *context,
    struct buf *error);

#endif
