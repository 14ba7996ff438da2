/*
 * redis_ledger: what stands in Redis for people (ledger.h), for the files that
 * carry it out: redis/ledger.c (what they share), redis/admin.c,
 * redis/accounts.c, redis/grants.c, redis/events.c, redis/hits.c,
 * redis/hosts.c, redis/tables.c.
 *
 * What nobody waits for goes through redis_behind_command; everything else has
 * a session of its own. What must happen at once is a script; its keys are in
 * one slot. The functions are those of struct backend_ledger.
 */
#ifndef SLUICE_STORE_REDIS_LEDGER_H
#define SLUICE_STORE_REDIS_LEDGER_H

#include "store/redis/redis.h"

/* One operation: begin, then any number of questions, then end. */
struct ledger {
	struct redis *redis;
	struct redis_session *session;
	struct arena *arena;
	struct buf *error;
};

void ledger_begin(
    struct ledger *ledger, struct store *store, struct buf *error);
int ledger_end(struct ledger *ledger, int rc); /* returns rc */

/* "PREFIX:grants"; "PREFIX:table:NAME"; "PREFIX:KIND:LIMIT:{IDENTITY}". */
struct str ledger_key(
    struct arena *arena, const struct redis *redis, const char *name);
struct str ledger_key_of(struct arena *arena, const struct redis *redis,
    const char *kind, struct str name);
struct str ledger_identity_key(struct arena *arena, const struct redis *redis,
    const char *kind, struct str limit, struct str identity);
/* The opposite of the last: 0, or -1 if it is no such name. */
int ledger_key_split(const struct redis *redis, struct str key,
    struct str *kind_out, struct str *limit_out, struct str *identity_out);

/*
 * The reply to a command whose key is that one; NULL with a message, also if
 * it is of another type (REDIS_REPLY_…). Nil is never wrong.
 */
struct redisReply *ledger_ask(struct ledger *ledger, int type, struct str key,
    const struct str *args, size_t n_args);
#define LEDGER_ASK(ledger, type, key, ...)                                     \
	ledger_ask((ledger), (type), (key),                                    \
	    (const struct str[]){ __VA_ARGS__ },                               \
	    sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))
/* One command with nothing but the key, for each of n keys; all or none. */
int ledger_ask_keys(struct ledger *ledger, const char *command,
    const struct str *keys, size_t n, struct redisReply **replies_out);
/* A command that nobody waits for. */
#define LEDGER_SEND(redis, key, ...)                                           \
	redis_behind_command((redis), (key),                                   \
	    (const struct str[]){ __VA_ARGS__ },                               \
	    sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

/*
 * The strings of n keys, in arena; empty for those that are not there or no
 * string. So many keys that follow each other have the same hash tag. 0 or -1.
 */
int ledger_texts(struct ledger *ledger, const struct str *keys, size_t n,
    size_t n_together, struct str *texts_out);
/* Of a string; anything else is the empty string. */
struct str ledger_text(const struct redisReply *reply);
struct str ledger_number(struct arena *arena, int64_t number);
/* Of text that is a whole number of at most 18 digits; else -1. */
int64_t ledger_read_number(struct str text);
/* now_ms, or what Redis says where that is STORE_NOW. 0 or -1. */
int ledger_now(struct ledger *ledger, int64_t now_ms, int64_t *now_ms_out);
/* A text that cannot be read is left out, with a line in the log. */
void ledger_tell_broken(struct redis *redis, struct str key, struct str text,
    const char *what_it_is_not);

/*
 * Without waiting: member is in a sorted set as of now_ms, which forgets what
 * was not noted for keep_ms and all but the n_max that were noted last.
 */
struct ledger_notes {
	int64_t keep_ms;
	int64_t n_max;
};
void ledger_note(struct redis *redis, struct str key, struct str member,
    const struct ledger_notes *notes, int64_t now_ms);

/* redis/admin.c */
int redis_counters(struct store *store, const struct store_query *query,
    bool (*each)(void *context, const struct store_counter *counter),
    void *context, struct buf *error);
int redis_reset(struct store *store, struct str limit, struct str identity,
    size_t *n_out, struct buf *error);

/*
 * redis/accounts.c. A counter from one field of a hash and its value; false:
 * it is not one of ours. limit and identity are left alone.
 */
bool ledger_counter(struct str field, struct str value, int64_t now_ms,
    struct store_counter *counter);
int redis_accounts(struct store *store, const struct store_asking *asking,
    bool (*each)(void *context, size_t i, const struct store_account *account),
    void *context, struct buf *error);

/* redis/grants.c */
int redis_grant_set(
    struct store *store, const struct store_grant *grant, struct buf *error);
int redis_grant_drop(struct store *store, struct str limit, struct str identity,
    bool *was_there_out, struct buf *error);
int redis_grants(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_grant *grant), void *context,
    struct buf *error);

/* redis/tables.c */
void redis_remember(struct store *store, struct str table, struct str entry,
    struct str value, uint32_t for_sec, int64_t now_ms);
void redis_forget(struct store *store, struct str table, struct str entry);
int redis_table_add(struct store *store, struct str table,
    const struct store_entry *entry, struct buf *error);
int redis_table_remove(struct store *store, struct str table, struct str entry,
    bool *was_there_out, struct buf *error);
int redis_table_list(struct store *store, struct str table, int64_t now_ms,
    bool (*each)(void *context, const struct store_entry *entry), void *context,
    struct buf *error);

/* redis/merge.c */
int redis_merge(
    struct store *store, struct merge_part *parts, size_t n, struct buf *error);

/* redis/hits.c */
void redis_hot_send(
    struct store *store, struct str limit, struct str identity, int64_t now_ms);
int redis_hot(struct store *store, struct str limit,
    bool (*each)(void *context, struct str identity), void *context,
    struct buf *error);
int redis_hot_drop(struct store *store, struct str limit,
    const struct str *identities, size_t n, struct buf *error);
void redis_hits_send(struct store *store, const struct store_hit *hits,
    size_t n_hits, int64_t now_ms);
int redis_hits(struct store *store, struct str rule,
    bool (*each)(void *context, const struct store_hit *hit), void *context,
    struct buf *error);

/* redis/events.c */
void redis_event_send(struct store *store, const struct store_event *event);
int redis_events_back(struct store *store,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error);
int redis_events_after(struct store *store, char id[STORE_EVENT_ID_MAX],
    uint32_t wait_ms,
    bool (*each)(void *context, const struct store_event *event), void *context,
    struct buf *error);

/* redis/hosts.c */
void redis_host_send(struct store *store, struct str name,
    const struct store_field *fields, size_t n_fields, int64_t now_ms);
int redis_hosts(struct store *store,
    bool (*each)(void *context, struct str name, int64_t seen_ms,
	const struct store_field *fields, size_t n_fields),
    void *context, struct buf *error);
int redis_switch_set(
    struct store *store, const struct store_switch *one, struct buf *error);
int redis_switch_drop(struct store *store, struct str rule, bool *was_there_out,
    struct buf *error);
int redis_switches(struct store *store, int64_t now_ms,
    bool (*each)(void *context, const struct store_switch *one), void *context,
    struct buf *error);

#endif
