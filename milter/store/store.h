/*
 * store: where the counts of limits live. One interface on plain data; Redis
 * and this process's own memory stand behind it with the same arithmetic.
 *
 * A window of T seconds is nine slots of T/8, aligned to the epoch; the sum of
 * all nine is what is used, so no T ever admits more than max, and room comes
 * back T to T + T/8 after it was taken. A charge fits if for every rate
 * used + amount <= max; a charge that does not fit changes nothing.
 *
 * Any thread may call anything here. Every wait ends by the store's time-out.
 */
#ifndef SLUICE_STORE_STORE_H
#define SLUICE_STORE_STORE_H

#include "base/buf.h"

#define STORE_RATES_MAX 8         /* rates of one limit */
#define STORE_USES_MAX  256       /* uses in one call */
#define STORE_NOW       INT64_MIN /* "the store's own clock" */
#define STORE_NO_SLOT   INT64_MIN

struct store;
struct store_call;

/* At most max in window_sec seconds. max < 2^53; window_sec as duration_parse. */
struct store_rate {
	uint64_t max;
	uint32_t window_sec;
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
 */
struct store_use {
	struct str limit;    /* "user-pace" */
	struct str unit;     /* "recipients" */
	struct str identity; /* encoded, see rules/key.h; no braces */
	const struct store_rate
	    *rates; /* the largest window need not be last */
	size_t n_rates;
	enum store_op op;
	uint64_t amount;
	unsigned tag; /* the caller's: what store_call_give_back selects by */
};

/* What became of one rate of a use. */
struct store_level {
	uint64_t used; /* sum of the nine slots after the call */
	int64_t slot;  /* number of the slot that was charged; STORE_NO_SLOT */
	int64_t retry_ms; /* until amount fits if nothing else is charged; 0:
			     it fits (did fit) now; -1: never (amount > max) */
};

struct store_answer {
	bool fits;   /* for every rate */
	bool failed; /* unknown: the key is of another type (logged by the
			store); then fits is false and levels say nothing */
	struct store_level levels[STORE_RATES_MAX];
};

/*
 * Opening.
 *
 * store_open parses the URL and never waits: a store that is away is found
 * away by the first call and comes back by itself. Redis gets a thread of its
 * own, so open after the last fork. Returns NULL for a URL that is wrong, with
 * a message for people in error. URLs: "memory",
 * "redis://[USER:PASSWORD@]HOST[:PORT][/DB]", "redis+unix:///PATH[?db=N]"; a
 * password in options is stronger than one in the URL. A scheme of later
 * versions (rediss, redis+sentinel, redis+cluster) is refused with "not
 * available in this version".
 */
struct store_options {
	const char *url;
	const char *prefix;   /* "sluice"; NULL is that */
	const char *password; /* NULL: none, or the one in the URL */
	uint32_t timeout_ms;  /* whole call, waiting for a connection included;
				  0: 100 */
	uint32_t
	    connections; /* 0: 16; one more serves what is not waited for */
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

/*
 * Sends and waits. now_ms: ms since the epoch, or STORE_NOW. 0, or -1 when the
 * store gave no answer in time (logged by the store once for each change of
 * state): then nothing of it may be relied on, and nothing will be given back.
 */
int store_call_wait(struct store_call *call, int64_t now_ms);
/* The answer to the use that was added as number i; after a wait gave 0. */
const struct store_answer *store_call_answer(
    const struct store_call *call, size_t i);
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
 * For operators: each counter that the query is about is given to each(), which
 * returns false to stop. Levels are as of query->now_ms. 0, or -1 when the store is away or answered
 * with an error (message in error). May take long: for tools only.
 */
struct store_counter {
	struct str limit;
	struct str identity;
	struct str unit;
	uint32_t window_sec;
	uint64_t used;      /* now */
	uint64_t max;       /* as of the last charge */
	int64_t free_at_ms; /* wall clock: when room for 1 more comes back;
			       0: is there; -1: never (max is 0) */
};

struct store_query {
	struct str limit;    /* empty: all */
	struct str identity; /* empty: all */
	int64_t now_ms;
};

int store_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error);
/* Deletes the counters of limit and identity (both needed); *n_out: keys. */
int store_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error);
/* Deletes every key below the store's prefix (for tests under a random one). */
int store_wipe(struct store *store, struct buf *error);

/*
 * For tests and traces: as if the store were away. What is sent or given back
 * meanwhile is lost; nothing is logged.
 */
void store_set_down(struct store *store, bool is_down);

/* Statistics since start, for tests and metrics. */
struct store_stats {
	uint64_t calls_waited; /* store_call_wait, answered or not */
	uint64_t calls_sent;   /* without waiting: charges and refunds */
	uint64_t failures;     /* of both, also those that failed at once */
};

void store_stats_get(struct store *store, struct store_stats *stats_out);

#endif
