/*
 * Tables that are edited while running: a hash of entries, or a set that
 * somebody made by hand, which becomes a hash when it is written to.
 *
 * Entries that are over take room until somebody looks: each writing draws a
 * few at random and drops those, as Redis itself does with keys. So a table
 * never holds much more of them than of others.
 */
#include "store/redis/ledger.h"

#include "store/text.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

/*
 * ARGV: entry, value, how many seconds it lasts or '', until when it lasts, now
 * in ms or '', how many entries there may be, how many a set may have that is
 * converted. An error that begins with FULL means what it says.
 */
static const char put_script[] =
    "local key = KEYS[1]\n"
    "local now = tonumber(ARGV[5])\n"
    "if not now then\n"
    "  local time = redis.call('TIME')\n"
    "  now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "end\n"
    "if redis.call('TYPE', key).ok == 'set' then\n"
    "  if redis.call('SCARD', key) > tonumber(ARGV[7]) then\n"
    "    return redis.error_reply('FULL a set of more than ' .. ARGV[7] ..\n"
    "      ' members cannot be made a hash')\n"
    "  end\n"
    "  local members = redis.call('SMEMBERS', key)\n"
    "  redis.call('DEL', key)\n"
    "  for _, member in ipairs(members) do\n"
    "    redis.call('HSET', key, member, '0 ')\n"
    "  end\n"
    "end\n"
    "local some = redis.call('HRANDFIELD', key, 10, 'WITHVALUES')\n"
    "for i = 1, #some, 2 do\n"
    "  local ends = tonumber(string.match(some[i + 1], '^(%d+) ') or 0)\n"
    "  if ends > 0 and ends * 1000 <= now then\n"
    "    redis.call('HDEL', key, some[i])\n"
    "  end\n"
    "end\n"
    "if redis.call('HLEN', key) >= tonumber(ARGV[6]) and\n"
    "  redis.call('HEXISTS', key, ARGV[1]) == 0 then\n"
    "  return redis.error_reply('FULL there are ' .. ARGV[6] .. ' entries')\n"
    "end\n"
    "local ends = ARGV[4]\n"
    "if ARGV[3] ~= '' then\n"
    "  ends = string.format('%.0f', math.ceil(now / 1000 + ARGV[3]))\n"
    "end\n"
    "redis.call('HSET', key, ARGV[1], ends .. ' ' .. ARGV[2])\n"
    "return 1\n";

static const char remove_script[] =
    "local is_set = redis.call('TYPE', KEYS[1]).ok == 'set'\n"
    "return redis.call(is_set and 'SREM' or 'HDEL', KEYS[1], ARGV[1])\n";

#define PUT_ARGS 11

/* What put_script is asked; for_sec or until_ms, the other is 0. */
static void
make_put(struct arena *arena, const struct store_entry *entry, uint32_t for_sec,
    int64_t now_ms, struct str args[PUT_ARGS])
{
	args[0] = STR("EVAL");
	args[1] = STR(put_script);
	args[2] = STR("1");
	/* args[3] is the key */
	args[4] = entry->entry;
	args[5] = entry->value;
	args[6] = for_sec > 0 ? ledger_number(arena, for_sec) : STR("");
	args[7] = ledger_number(arena, (entry->until_ms + 999) / 1000);
	args[8] = now_ms != STORE_NOW ? ledger_number(arena, now_ms) : STR("");
	args[9] = ledger_number(arena, STORE_TABLE_MAX);
	args[10] = ledger_number(arena, STORE_COPY_MAX);
}

/* --- without waiting ------------------------------------------------------ */

void
redis_remember(struct store *store, struct str table, struct str entry,
    struct str value, uint32_t for_sec, int64_t now_ms)
{
	const struct store_entry what = { entry, value, 0 };
	struct arena *arena = arena_new(1024);
	struct str args[PUT_ARGS];

	make_put(arena, &what, for_sec, now_ms, args);
	args[3] = ledger_key_of(arena, store->self, "table", table);
	redis_behind_command(store->self, args[3], args, PUT_ARGS);
	arena_free(arena);
}

void
redis_forget(struct store *store, struct str table, struct str entry)
{
	struct arena *arena = arena_new(512);
	struct str key = ledger_key_of(arena, store->self, "table", table);

	LEDGER_SEND((struct redis *)store->self, key, STR("EVAL"),
	    STR(remove_script), STR("1"), key, entry);
	arena_free(arena);
}

/* --- adding and removing -------------------------------------------------- */

/* 0, or -1 with the message. */
static int
check_entry(struct ledger *ledger, const struct store_entry *entry)
{
	int64_t now_ms;

	if (entry->until_ms == 0)
		return 0;
	if (ledger_now(ledger, STORE_NOW, &now_ms) == -1)
		return -1;
	if (entry->until_ms > now_ms)
		return 0;
	buf_add_cstr(ledger->error, "the end of the entry is in the past");
	return -1;
}

int
redis_table_add(struct store *store, struct str table,
    const struct store_entry *entry, struct buf *error)
{
	struct str args[PUT_ARGS];
	struct ledger ledger;
	redisReply *reply = NULL;

	ledger_begin(&ledger, store, error);
	if (check_entry(&ledger, entry) == 0) {
		make_put(ledger.arena, entry, 0, STORE_NOW, args);
		args[3] =
		    ledger_key_of(ledger.arena, ledger.redis, "table", table);
		reply = ledger_ask(
		    &ledger, REDIS_REPLY_INTEGER, args[3], args, PUT_ARGS);
	}
	freeReplyObject(reply);
	return ledger_end(&ledger, reply != NULL ? 0 : -1);
}

int
redis_table_remove(struct store *store, struct str table, struct str entry,
    bool *was_there_out, struct buf *error)
{
	struct ledger ledger;
	redisReply *reply;
	struct str key;

	ledger_begin(&ledger, store, error);
	key = ledger_key_of(ledger.arena, ledger.redis, "table", table);
	reply = LEDGER_ASK(&ledger, REDIS_REPLY_INTEGER, key, STR("EVAL"),
	    STR(remove_script), STR("1"), key, entry);
	if (reply != NULL)
		*was_there_out = reply->integer > 0;
	freeReplyObject(reply);
	return ledger_end(&ledger, reply != NULL ? 0 : -1);
}

/* --- listing -------------------------------------------------------------- */

/* All entries, before they are sorted. */
struct entries {
	struct ledger ledger;
	struct str key;
	int64_t now_ms;
	struct store_entry *items;
	size_t n;
};

static void
keep_entry(struct entries *entries, struct str entry, struct str text)
{
	struct arena *arena = entries->ledger.arena;
	struct store_entry *item;
	struct str value;
	int64_t until_ms;

	table_value_parse(text, &until_ms, &value);
	if (until_ms > 0 && until_ms <= entries->now_ms)
		return;
	entries->items = arena_grow(
	    arena, entries->items, entries->n, sizeof(*entries->items));
	item = &entries->items[entries->n++];
	*item = (struct store_entry){ arena_str(arena, entry),
		arena_str(arena, value), until_ms };
}

/* One step of HSCAN (pairs) or SSCAN; 0 and the next cursor. */
static int
scan_step(struct entries *entries, bool is_hash, struct str *cursor)
{
	struct ledger *ledger = &entries->ledger;
	redisReply *reply = LEDGER_ASK(ledger, REDIS_REPLY_ARRAY, entries->key,
	    is_hash ? STR("HSCAN") : STR("SSCAN"), entries->key, *cursor,
	    STR("COUNT"), STR("1000"));
	const redisReply *list;
	size_t step = is_hash ? 2 : 1;

	if (reply == NULL)
		return -1;
	if (reply->elements != 2 ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY) {
		redis_session_tell(
		    ledger->session, entries->key, reply, ledger->error);
		freeReplyObject(reply);
		return -1;
	}
	list = reply->element[1];
	for (size_t i = 0; i + step <= list->elements; i += step)
		keep_entry(entries, ledger_text(list->element[i]),
		    is_hash ? ledger_text(list->element[i + 1]) : STR("0 "));
	*cursor = arena_str(ledger->arena, ledger_text(reply->element[0]));
	freeReplyObject(reply);
	return 0;
}

static int
read_entries(struct entries *entries)
{
	struct ledger *ledger = &entries->ledger;
	redisReply *type = LEDGER_ASK(ledger, REDIS_REPLY_STATUS, entries->key,
	    STR("TYPE"), entries->key);
	struct str cursor = STR("0");
	bool is_none, is_set;

	if (type == NULL)
		return -1;
	is_none = str_is((struct str){ type->str, type->len }, "none");
	is_set = str_is((struct str){ type->str, type->len }, "set");
	freeReplyObject(type);
	if (is_none)
		return 0;
	/* What is neither is told by the error of HSCAN. */
	do {
		if (scan_step(entries, !is_set, &cursor) == -1)
			return -1;
	} while (!str_is(cursor, "0"));
	return 0;
}

static int
compare_entries(const void *a, const void *b)
{
	return str_cmp(((const struct store_entry *)a)->entry,
	    ((const struct store_entry *)b)->entry);
}

/* HSCAN may name an entry twice: sorted, that is easy to see. */
static void
show_entries(const struct entries *entries,
    bool (*each)(void *context, const struct store_entry *entry), void *context)
{
	if (entries->n > 0)
		qsort(entries->items, entries->n, sizeof(*entries->items),
		    compare_entries);
	for (size_t i = 0; i < entries->n; i++)
		if ((i == 0 || !str_eq(entries->items[i - 1].entry,
				   entries->items[i].entry)) &&
		    !each(context, &entries->items[i]))
			break;
}

int
redis_table_list(struct store *store, struct str table, int64_t now_ms,
    bool (*each)(void *context, const struct store_entry *entry), void *context,
    struct buf *error)
{
	struct entries entries = { .n = 0 };
	int rc = -1;

	ledger_begin(&entries.ledger, store, error);
	entries.key = ledger_key_of(
	    entries.ledger.arena, entries.ledger.redis, "table", table);
	if (ledger_now(&entries.ledger, now_ms, &entries.now_ms) == 0)
		rc = read_entries(&entries);
	if (rc == 0)
		show_entries(&entries, each, context);
	return ledger_end(&entries.ledger, rc);
}
