/*
 * A limit's key and values in their normal form, so that two spellings are one
 * identity here, in Redis and for `sluice counters`.
 *
 * The trap is SIZE=, which the client writes: it may say "nan" or 1e300.
 */
#include "engine/use.h"

#include "base/log.h"
#include "engine/eval.h"
#include "engine/facts.h"
#include "rules/key.h"
#include "store/raise.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((UINT64_C(1) << 53) - 1)

/* The null sender is somebody; an empty user, name or domain is nobody. */
static bool
may_be_empty(enum fact_id id)
{
	return id == FACT_MAIL_FROM || id == FACT_MAIL_FROM_PLAIN;
}

/* One value of a text in normal form. */
static struct str
normal_text(const struct fact *fact, struct str text, struct arena *arena)
{
	switch (fact->type) {
	case FACT_TYPE_HOST:
		return key_domain(arena, text);
	case FACT_TYPE_ADDRESS:
	case FACT_TYPE_NOCASE:
		return key_address(arena, text);
	case FACT_TYPE_STRING:
	case FACT_TYPE_BOOL:
	case FACT_TYPE_NUMBER:
	case FACT_TYPE_IP:
		break;
	}
	return text;
}

/* One part of a key in normal form; empty: this limit does not apply. */
static struct str
key_part(
    struct session *session, const struct fact_ref *ref, struct arena *arena)
{
	struct fact_value value;
	struct buf text = { 0 };
	struct str part;

	fact_read(session, ref, &value);
	if (value.n == 0)
		return may_be_empty(ref->fact->id) ? STR("<>") : STR("");
	if (ref->fact->type == FACT_TYPE_IP)
		return key_ip(arena, value.ip, ref->bits_v4, ref->bits_v6);
	if (value.texts != NULL)
		return normal_text(ref->fact, value.texts[0], arena);
	fact_append(session, ref, &text);
	part = arena_str(arena, buf_str(&text));
	buf_done(&text);
	return part;
}

struct str
use_identity(
    struct session *session, const struct limit *limit, struct arena *arena)
{
	struct str parts[KEYS_MAX];

	for (size_t i = 0; i < limit->n_keys; i++) {
		parts[i] = key_part(session, &limit->keys[i], arena);
		if (parts[i].len == 0)
			return STR("");
	}
	return key_join(arena, parts, limit->n_keys);
}

/* What a distinct limit counts, gathered in session->scratch. */
struct members {
	struct arena *arena;
	struct str *items;
	size_t n;
};

static void
add_member(struct members *members, struct str normal)
{
	members->items = arena_grow(
	    members->arena, members->items, members->n, sizeof(struct str));
	members->items[members->n++] = key_join(members->arena, &normal, 1);
}

static void
add_texts(struct members *members, const struct fact *fact,
    const struct str *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_member(
		    members, normal_text(fact, texts[i], members->arena));
}

/* While recipients come one by one, those before this one count, too. */
static void
add_recipients_before(struct session *session, struct members *members,
    const struct fact_ref *ref)
{
	const struct message *message = session->message;
	const struct str *texts = NULL;

	if (session->stage != STAGE_RCPT || message == NULL)
		return;
	if (ref->fact->id == FACT_RCPT_TO)
		texts = message->rcpt_to;
	else if (ref->fact->id == FACT_RCPT_TO_LOCAL)
		texts = message->rcpt_local;
	else if (ref->fact->id == FACT_RCPT_TO_DOMAIN)
		texts = message->rcpt_domain;
	if (texts != NULL)
		add_texts(members, ref->fact, texts, message->n_rcpts);
}

static int
compare_members(const void *a, const void *b)
{
	const struct str *one = a, *other = b;
	size_t len = one->len < other->len ? one->len : other->len;
	int order = memcmp(one->p, other->p, len);

	if (order != 0)
		return order;
	return one->len < other->len ? -1 : one->len > other->len;
}

/* The store wants no two alike; sorted, a thousand are told apart quickly. */
static void
drop_twins(struct members *members)
{
	size_t n = 0;

	if (members->n == 0)
		return;
	qsort(members->items, members->n, sizeof(struct str), compare_members);
	for (size_t i = 0; i < members->n; i++)
		if (n == 0 || !str_eq(members->items[i], members->items[n - 1]))
			members->items[n++] = members->items[i];
	members->n = n;
}

static enum use_kind
set_members(
    struct session *session, const struct limit *limit, struct store_use *use)
{
	const struct fact_ref *ref = &limit->distinct;
	struct members members = { .arena = session->scratch };
	struct fact_value value;

	fact_read(session, ref, &value);
	add_recipients_before(session, &members, ref);
	if (value.n > 0 && value.texts != NULL)
		add_texts(&members, ref->fact, value.texts, value.n);
	else if (value.n > 0 || may_be_empty(ref->fact->id))
		add_member(&members, key_part(session, ref, members.arena));
	drop_twins(&members);
	if (members.n > STORE_MEMBERS_MAX)
		return USE_TOO_MANY;
	if (members.n == 0) { /* but its key may be locked */
		members.items = arena_alloc(members.arena, sizeof(struct str));
		use->op = STORE_PEEK;
	}
	use->members = members.items;
	use->n_members = members.n;
	return USE_ASK;
}

static uint64_t
announced_bytes(const struct session *session)
{
	double size = session->slots[FACT_MAIL_SIZE].number;

	if (!(size >= 1))
		return 1;
	return size < (double)BYTES_MAX ? (uint64_t)size : BYTES_MAX;
}

/* Recipients that are counted behind rcpt are counted all at once. */
static uint64_t
use_amount(
    const struct session *session, const struct limit *limit, bool is_peek)
{
	const struct message *message = session->message;

	switch (limit->unit) {
	case UNIT_RECIPIENTS:
		if (is_peek || session->stage <= STAGE_RCPT)
			return 1;
		return message == NULL ? 0 : message->n_rcpts;
	case UNIT_BYTES:
		if (is_peek)
			return announced_bytes(session);
		return message == NULL ? 0 : message->size;
	case UNIT_CONNECTIONS:
	case UNIT_MESSAGES:
	case UNIT_DISTINCT:
	case UNIT_REJECTS:
	case UNIT_UNKNOWN_RECIPIENTS:
		break;
	}
	return 1;
}

/* What the override table says of the limit's first key; false: nothing. */
static bool
find_override(
    struct session *session, const struct limit *limit, struct str *text_out)
{
	const struct fact_ref *ref = &limit->keys[0];
	struct fact_value value;

	fact_read(session, ref, &value);
	if (value.n == 0)
		return false;
	if (ref->fact->type == FACT_TYPE_IP)
		return table_value_ip(
		    limit->override, value.ip, session->scratch, text_out);
	return value.texts != NULL &&
	       table_value_text(limit->override, value.texts[0],
		   ref->fact->type != FACT_TYPE_STRING, session->scratch,
		   text_out);
}

/* A file may have become wrong while it is in use: the limit's own rates. */
static void
apply_override(
    struct session *session, const struct limit *limit, struct store_use *use)
{
	struct store_raise raise;
	struct store_rate *rates;
	struct buf error = { 0 };
	struct str text;

	if (limit->override == NULL || !find_override(session, limit, &text))
		return;
	if (raise_parse(text, &raise, &error) == -1) {
		log_warning("limit %.*s: table %.*s: \"%.*s\" is no override: "
			    "%s; the limit's own rates count",
		    STR_ARG(limit->name), STR_ARG(limit->override_name),
		    STR_ARG(str_sub(text, 0, 100)), error.p);
		buf_done(&error);
		return;
	}
	buf_done(&error);
	rates = arena_alloc(session->scratch, STORE_RATES_MAX * sizeof(*rates));
	use->n_rates = raise_apply(&raise, limit->rates, limit->n_rates, rates);
	use->rates = rates;
	use->is_unlimited = raise.kind == RAISE_UNLIMITED;
}

/* Who asks before a recipient is refused cannot know how it will be: then the
 * limit applies unless its condition is false whatever comes. */
static bool
applies(struct session *session, const struct limit *limit, bool is_peek)
{
	bool may_come = is_peek && limit->unit == UNIT_UNKNOWN_RECIPIENTS;
	struct evidence evidence = { 0 };
	enum tri value = eval_condition(session, limit->cond, &evidence);

	return value == TRI_TRUE || (value == TRI_UNKNOWN && may_come);
}

enum use_kind
use_make(struct session *session, const struct limit *limit, bool is_peek,
    struct store_use *use_out)
{
	enum use_kind kind = USE_ASK;

	if (!applies(session, limit, is_peek))
		return USE_NONE;
	*use_out = (struct store_use){ .limit = limit->name,
		.unit = str_of(unit_name(limit->unit)),
		.identity = use_identity(session, limit, session->scratch),
		.rates = limit->rates,
		.n_rates = limit->n_rates,
		.op = is_peek                  ? STORE_PEEK
		      : limit->counts_attempts ? STORE_ATTEMPT
					       : STORE_CHARGE,
		.amount = use_amount(session, limit, is_peek),
		.tag = limit->unit == UNIT_CONNECTIONS ? TAG_CONNECTION
						       : TAG_MESSAGE,
		.lock_sec = limit->locks_sec };
	if (use_out->identity.len == 0 || use_out->amount == 0)
		return USE_NONE;
	if (limit->unit == UNIT_DISTINCT)
		kind = set_members(session, limit, use_out);
	apply_override(session, limit, use_out);
	return kind;
}
