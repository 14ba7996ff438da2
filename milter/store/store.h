/*
 * store: where the counts of limits live. One interface on plain data; Redis
 * and this process's own memory stand behind it with the same arithmetic.
 *
 * A window of T seconds is nine slots of T/8, aligned to the epoch; the sum of
 * all nine is what is used, so no T ever admits more than max, and room comes
 * back T to T + T/8 after it was taken. A day or month is one number, from
 * midnight to midnight in the time zone of the process. A charge fits if for
 * every rate used + amount <= max; a charge that does not fit changes nothing
 * (but locks the key, if the limit locks).
 *
 * Here is what a stage of a mail needs; what operators and the daemon's own
 * reports need is in ledger.h.
 *
 * Any thread may call anything here. Every wait ends by the store's time-out.
 */
#ifndef SLUICE_STORE_STORE_H
#define SLUICE_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/latency.h"

#define STORE_RATES_MAX       8       /* rates of one limit */
#define STORE_USES_MAX        256     /* uses in one call */
#define STORE_LOOKUPS_MAX     64      /* tables that one call looks into */
#define STORE_MEMBERS_MAX     1000    /* of one use */
#define STORE_ENTRIES_MAX     40000   /* of one look-up */
#define STORE_TABLE_MAX       1000000 /* entries of a table in the store */
#define STORE_COPY_MAX        100000  /* entries of a copy */
#define STORE_ENTRY_BYTES_MAX 1000    /* of an entry, and of its value */
#define STORE_DENIED_MS       2000
#define STORE_NODES_MAX       64
#define STORE_NOW             INT64_MIN /* "the store's own clock" */
#define STORE_NO_SLOT         INT64_MIN

struct store;
struct store_call;

enum store_period {
	STORE_ROLLING, /* any window_sec seconds */
	STORE_DAILY,   /* from midnight; window_sec is 0 */
	STORE_MONTHLY  /* from midnight of the first; window_sec is 0 */
};

/* At most max in a window. max < 2^53; window_sec as duration_parse. */
struct store_rate {
	uint64_t max;
	uint32_t window_sec;
	enum store_period period;
};

enum store_op {
	STORE_PEEK,    /* would amount fit? changes nothing */
	STORE_CHARGE,  /* charge amount if it fits */
	STORE_ATTEMPT, /* charge amount, whether it fits or not */
};

/*
 * One limit for one identity. The Redis key is PREFIX:limit:LIMIT:{IDENTITY},
 * a hash; its fields are UNIT.WINDOW ("recipients.1h") with the value
 * "total/max newest s0 … s8": sum and max as of the last charge, number of the
 * newest slot (floor(ms since epoch / (T/8))), nine slots, oldest first.
 * UNIT.daily and UNIT.monthly have the value "total/max 2026-11-23" (the day)
 * and "total/max 2026-11" (the month).
 *
 * With members the limit counts different values: the key is a sorted set,
 * PREFIX:distinct:LIMIT:{IDENTITY}, of the values seen within the longest
 * window, by the time (ms) each was last seen; at most as many as the largest
 * max (one more by attempts). Values seen in a window are its used; it fits if
 * those and the new ones among members are no more than max. All members are
 * charged or none; seeing one again only renews its time. amount is not looked
 * at. A window here is exact, not of slots.
 *
 * With lock_sec whatever does not fit, a peek too, locks the key for so long,
 * unless it is locked already: PREFIX:lock:LIMIT:{IDENTITY}, a string
 * `until=SECONDS reason="21 of 20 recipients in 1h" by=HOST`. While it is
 * locked nothing fits and only attempts are charged.
 *
 * If there is a grant for limit and identity (ledger.h) its rates take the
 * place of these. The key is then charged by the windows of the grant.
 */
struct store_use {
	struct str limit;    /* "user-pace" */
	struct str unit;     /* "recipients", "distinct" */
	struct str identity; /* encoded, see rules/key.h; no braces */
	const struct store_rate *rates; /* in any order */
	size_t n_rates;
	enum store_op op;
	uint64_t amount;
	unsigned tag; /* the caller's: what store_call_give_back selects by */
	uint32_t lock_sec;         /* 0: over never locks */
	bool is_unlimited;         /* counted, but never over */
	const struct str *members; /* NULL, or what a distinct limit counts:
				      no two alike, each at most 128 bytes */
	size_t n_members; /* a peek may have none: is it over anyway? */
};

/* What became of one rate: that of the use, or of the grant in its place. */
struct store_level {
	uint64_t used; /* after the call */
	uint64_t max;
	uint32_t window_sec; /* 0: see period */
	enum store_period period;
	int64_t slot;     /* that was charged: number of the slot; 20261123 of a
			 day, 202611 of a month; ms since the epoch of a
			 distinct limit; STORE_NO_SLOT: none */
	int64_t retry_ms; /* until it fits if nothing else is charged; 0: it
			     fits (did fit) now; -1: never (amount > max) */
};

struct store_answer {
	bool fits;         /* for every rate, and not locked */
	bool failed;       /* unknown: the key is of another type (logged by the
			store); then fits is false and levels say nothing */
	bool is_granted;   /* the rates are those of a grant */
	bool is_unlimited; /* by a grant or by the use: fits whatever is used */
	bool has_locked;   /* this very use began the lock */
	int64_t locked_ms; /* how long the lock lasts from now; 0: none */
	size_t n_levels;   /* those of the use, unless is_granted */
	struct store_level levels[STORE_RATES_MAX];
};

/*
 * A look into a table that lives in the store: PREFIX:table:NAME, a hash
 * (fields are entries; values are "UNTIL VALUE": seconds since the epoch, 0
 * for ever, and what value() reads, which may be empty) or, made by hand, a
 * set. Asked for exactly as written: the caller knows what matches by type.
 */
struct store_lookup {
	struct str table;
	const struct str *entries; /* asked for, at most STORE_ENTRIES_MAX */
	size_t n_entries;
};

struct store_found {
	bool is_there;
	struct str value; /* lives as long as the call */
};

/*
 * Opening.
 *
 * store_open parses the URL and never waits: a store that is away is found
 * away by the first call and comes back by itself. Redis gets a thread of its
 * own, so open after the last fork. Returns NULL for a URL that is wrong, with
 * a message for people in error. URLs: "memory",
 * "redis://[USER:PASSWORD@]HOST[:PORT][/DB]", "redis+unix:///PATH[?db=N]",
 * "rediss://" (where hiredis was built with SSL; else the message names
 * stunnel), "redis+sentinel://H:P,H:P/NAME?db=0", "redis+cluster://H:P,H:P"; a
 * password in options is stronger than one in the URL.
 */
struct store_options {
	const char *url;
	const char *prefix;   /* "sluice"; NULL is that */
	const char *password; /* NULL: none, or the one in the URL */
	uint32_t timeout_ms;  /* whole call, waiting for a connection included;
				  0: 100 */
	uint32_t connections; /* 0: 4; one more serves what is not waited for */
};

struct store *store_open(
    const struct store_options *options, struct buf *error);
/*
 * Waits (bounded: 1 s) for what was sent without waiting, then ends it. Calls
 * may be put afterwards, but not used. NULL is fine.
 */
void store_close(struct store *store);
/* "memory", "redis 127.0.0.1:6379/0": for logs and people; no password. */
const char *store_name(const struct store *store);
/* False while the store is known to be away: a call would fail at once. */
bool store_is_up(struct store *store);

/*
 * Calls. A call owns copies of all it was given, so it may outlive its maker;
 * it is counted by references: store_call_new gives one to the caller.
 *
 * Fill with store_call_add, then exactly one of store_call_wait and
 * store_call_send. No two uses of one call may be the same limit, unit and
 * identity, and no two rates of one use the same window (assert).
 */
struct store_call *store_call_new(struct store *store);
void store_call_add(struct store_call *call, const struct store_use *use);
size_t store_call_n_uses(const struct store_call *call);
/* A look-up; numbered from 0 in the order they were added. No table twice. */
void store_call_look_up(
    struct store_call *call, const struct store_lookup *lookup);
/*
 * After a wait that gave 0: one for each entry of look-up number i; NULL: not
 * known (the key is of another type, logged by the store).
 */
const struct store_found *store_call_found(
    const struct store_call *call, size_t i);

/*
 * Sends and waits. now_ms: ms since the epoch, or STORE_NOW. 0, or -1 when the
 * store gave no answer in time (logged by the store once for each change of
 * state): then nothing of it may be relied on, and nothing will be given back.
 */
int store_call_wait(struct store_call *call, int64_t now_ms);
/* The answer to the use that was added as number i; after a wait gave 0. */
const struct store_answer *store_call_answer(
    const struct store_call *call, size_t i);
/*
 * What was sent or given back until now (of the whole process), as a number;
 * 0: all of it has been done.
 */
uint64_t store_mark(struct store *store);
/*
 * Before the wait: the call is to find what was sent and given back until this
 * mark as it is then. It waits for that within its own time, at most half of
 * it: rather late than not at all.
 */
void store_call_follow(struct store_call *call, uint64_t mark);
/* The answers are not read any more: only what a give-back needs is kept. */
void store_call_shrink(struct store_call *call);
/*
 * Lets call give back what other would, too, and puts other: if both were
 * answered and other charged nothing but what call charged, in the same slots.
 * False: nothing has changed. Neither may be in use by another thread.
 */
bool store_call_absorb(struct store_call *call, struct store_call *other);
/* Sends without waiting; a failure is counted and otherwise forgotten. */
void store_call_send(struct store_call *call, int64_t now_ms);

/*
 * Gives back, without waiting, what the uses with this tag were charged: from
 * the slot of each rate, if it is still there, never below 0, creating
 * nothing. STORE_ATTEMPT is never given back; nothing is given back twice; a
 * call that was sent without waiting is given back once its answer is here.
 * now_ms: as for the call.
 */
void store_call_give_back(
    struct store_call *call, unsigned tag, int64_t now_ms);

/* Drops the caller's reference. NULL is fine. */
void store_call_put(struct store_call *call);

/*
 * Waits (at most timeout_ms) until all that was sent or given back without
 * waiting has been carried out or has failed. 0, or -1 in time-out.
 */
int store_flush(struct store *store, uint32_t timeout_ms);

/*
 * Without waiting, in the order of the calls: entry is in the table from now
 * on for for_sec (0: until it is removed), with this value; or it is not. A
 * table is kept at STORE_TABLE_MAX entries: what is beyond is not taken, with
 * a line in the log; nor is an empty or too long entry. now_ms: as for a call.
 */
void store_remember(struct store *store, struct str table, struct str entry,
    struct str value, uint32_t for_sec, int64_t now_ms);
void store_forget(struct store *store, struct str table, struct str entry);

/*
 * Copies of tables, for the time in which the store is away. From
 * store_copy_table on store_copies_renew, called from a background thread every
 * few seconds, keeps a copy of the table (at most STORE_COPY_MAX entries: of a
 * larger one there is none, with a line in the log).
 */
void store_copy_table(struct store *store, struct str table);
void store_copies_renew(struct store *store);
/* Asks the copy: 0 and one found for each entry, values in arena; -1: none. */
int store_copy_look_up(struct store *store, const struct store_lookup *lookup,
    struct arena *arena, struct store_found *found_out);

/*
 * Was this use denied (over or locked) in the last STORE_DENIED_MS, for this
 * amount or a smaller one and by the same rates? Then the answer of then, with
 * the times moved on: asking again would bring the same. Never for
 * STORE_ATTEMPT, for members, or for calls with a time of their own.
 */
bool store_was_denied(struct store *store, const struct store_use *use,
    struct store_answer *answer_out);

/*
 * Adds what a local store has admitted while this one was away, slot by slot,
 * whether it fits or not, and forgets it there: local must be a memory store.
 * Waits as a background thread may. Refunds of what was moved find their way, so
 * this store must not be closed before the last of them. 0, or -1 when this
 * store is away (what was not moved stays). If an answer is lost on the way, at
 * most one batch (100 keys) stays although it was added, and counts twice until
 * its windows have passed: nothing that was admitted is forgotten.
 */
int store_merge(struct store *store, struct store *local);
/* How many keys all merges of a local store have moved until now. */
size_t store_n_merged(struct store *local);

/*
 * For tests and traces: as if the store were away. What is sent or given back
 * meanwhile is lost; nothing is logged.
 */
void store_set_down(struct store *store, bool is_down);

/* Deletes every key below the store's prefix (for tests under a random one). */
int store_wipe(struct store *store, struct buf *error);

/* Statistics since start, for tests and metrics. */
struct store_stats {
	uint64_t calls_waited;  /* store_call_wait, answered or not */
	uint64_t calls_sent;    /* without waiting: charges and refunds */
	uint64_t failures;      /* of both, also those that failed at once */
	uint64_t failures_sent; /* of what nobody waited for, events included */
	struct latency_counts answered; /* store_call_wait that gave 0, … */
	struct latency_counts failed;   /* … and -1 */
};

void store_stats_get(struct store *store, struct store_stats *stats_out);

/* What may go wrong with a node. */
enum store_failure {
	STORE_FAILURE_CONNECT, /* nobody listens there */
	STORE_FAILURE_TIMEOUT,
	STORE_FAILURE_LOST,    /* the connection broke in the middle */
	STORE_FAILURE_GARBAGE, /* that is no Redis */
	STORE_FAILURE_REFUSED, /* an error reply: OOM, LOADING, NOAUTH, … */
	STORE_FAILURE_N
};

/* One server of the store, since the start. Failures are those of connections
 * and questions, probes while it is away included; who was turned away at once
 * because it was known to be away had none. */
struct store_node {
	const char *name;  /* as store_name; lives as long as the store */
	bool is_up;        /* false: the circuit breaker is open */
	uint64_t n_opened; /* times that the breaker opened */
	uint64_t n_failures[STORE_FAILURE_N];
};

/* Returns how many there are; a memory store has none. */
size_t store_nodes(
    struct store *store, struct store_node nodes_out[STORE_NODES_MAX]);

#endif
