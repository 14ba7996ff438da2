#include "engine/charge.h"

#include "base/clock.h"
#include "engine/eval.h"
#include "engine/facts.h"
#include "rules/key.h"

#include <string.h>

#define CHARGED_KEYS_MAX 1000 /* of a connection; a HELO may bring one */

enum { TAG_MESSAGE, TAG_CONNECTION };

static const struct limit_level level_fits = { .over = TRI_FALSE };
static const struct limit_level level_unknown = { .over = TRI_UNKNOWN };

/* The null sender is somebody; an empty user, name or domain is nobody. */
static bool
may_be_empty(enum fact_id id)
{
	return id == FACT_MAIL_FROM || id == FACT_MAIL_FROM_PLAIN;
}

/* One part of a key in normal form; empty: this limit does not apply. */
static struct str
key_part(struct session *session, const struct fact_ref *ref)
{
	struct arena *arena = session_arena(session);
	struct fact_value value;
	struct buf text = { 0 };
	struct str part;

	fact_read(session, ref, &value);
	if (value.n == 0)
		return may_be_empty(ref->fact->id) ? STR("<>") : STR("");
	switch (ref->fact->type) {
	case FACT_TYPE_IP:
		return key_ip(arena, value.ip, ref->bits_v4, ref->bits_v6);
	case FACT_TYPE_HOST:
		return key_domain(arena, value.texts[0]);
	case FACT_TYPE_ADDRESS:
	case FACT_TYPE_NOCASE:
		return key_address(arena, value.texts[0]);
	case FACT_TYPE_STRING:
		return value.texts[0];
	case FACT_TYPE_BOOL:
	case FACT_TYPE_NUMBER:
		break;
	}
	fact_append(session, ref, &text);
	part = arena_str(arena, buf_str(&text));
	buf_done(&text);
	return part;
}

/* The identity that the limit counts by; empty: it does not apply. */
static struct str
make_key(struct session *session, const struct limit *limit)
{
	struct str parts[KEYS_MAX];

	for (size_t i = 0; i < limit->n_keys; i++) {
		parts[i] = key_part(session, &limit->keys[i]);
		if (parts[i].len == 0)
			return STR("");
	}
	return key_join(session_arena(session), parts, limit->n_keys);
}

static uint64_t
charge_amount(const struct session *session, const struct limit *limit)
{
	if (limit->unit != UNIT_RECIPIENTS || session->stage <= STAGE_RCPT)
		return 1;
	return session->message == NULL ? 0 : session->message->n_rcpts;
}

/*
 * Stages that come again within what a limit counts: a message is counted once
 * for each key, however many recipients have it; a connection once, however
 * often it says HELO or MAIL.
 */
static bool
is_charged_once(const struct limit *limit)
{
	return (limit->unit == UNIT_MESSAGES && limit->stage == STAGE_RCPT) ||
	       (limit->unit == UNIT_CONNECTIONS &&
		   limit->stage > STAGE_CONNECT);
}

static const struct charged_key *
find_charged(
    const struct session *session, const struct limit *limit, struct str key)
{
	const struct message *message = session->message;
	const struct charged_key *list = session->charged;
	size_t n = session->n_charged;

	if (limit->unit == UNIT_MESSAGES) {
		list = message == NULL ? NULL : message->charged;
		n = message == NULL ? 0 : message->n_charged;
	}
	for (size_t i = 0; i < n; i++)
		if (list[i].limit == limit && str_eq(list[i].key, key))
			return &list[i];
	return NULL;
}

static void
remember_charged(struct session *session, const struct charge_use *use,
    const struct limit_level *level)
{
	struct charged_key one = { .limit = use->limit, .level = *level };
	struct message *message = session->message;

	if (use->limit->unit == UNIT_MESSAGES) {
		one.key = use->use.identity;
		message->charged = arena_grow(message->arena, message->charged,
		    message->n_charged, sizeof(one));
		message->charged[message->n_charged++] = one;
		return;
	}
	if (session->n_charged == CHARGED_KEYS_MAX)
		return; /* such a client is counted again each time */
	one.key = arena_str(session->arena, use->use.identity);
	session->charged = arena_grow(
	    session->arena, session->charged, session->n_charged, sizeof(one));
	session->charged[session->n_charged++] = one;
}

static void
prepare_use(struct session *session, struct charge *charge,
    const struct limit *limit, bool is_peek)
{
	struct limit_state *state = &session->limits[limit->index];
	struct evidence evidence = { 0 };
	const struct charged_key *charged;
	struct charge_use *use = &charge->uses[charge->n_uses];
	struct str key;

	state->now = level_fits;
	/* The latest HELO and sender count, not those before them. */
	if (limit->unit == UNIT_CONNECTIONS)
		state->was = level_fits;
	if (eval_condition(session, limit->cond, &evidence) != TRI_TRUE)
		return;
	if ((key = make_key(session, limit)).len == 0)
		return;
	if ((charged = find_charged(session, limit, key)) != NULL) {
		state->now = charged->level;
		if (limit->unit == UNIT_CONNECTIONS)
			state->was = charged->level;
		return;
	}
	*use = (struct charge_use){ .limit = limit,
		.is_once = !is_peek && is_charged_once(limit) };
	use->use = (struct store_use){ .limit = limit->name,
		.unit = str_of(unit_name(limit->unit)),
		.identity = key,
		.rates = limit->rates,
		.n_rates = limit->n_rates,
		.op = is_peek                  ? STORE_PEEK
		      : limit->counts_attempts ? STORE_ATTEMPT
					       : STORE_CHARGE,
		.amount = is_peek ? 1 : charge_amount(session, limit),
		.tag = limit->unit == UNIT_CONNECTIONS ? TAG_CONNECTION
						       : TAG_MESSAGE };
	charge->n_uses += use->use.amount > 0;
}

void
charge_prepare(struct session *session, const struct stage_plan *plan,
    struct charge *charge_out)
{
	size_t room = plan->n_charged + plan->n_peeked;

	*charge_out = (struct charge){ 0 };
	if (room == 0)
		return;
	charge_out->uses = arena_alloc(
	    session_arena(session), room * sizeof(*charge_out->uses));
	for (size_t i = 0; i < plan->n_charged; i++)
		prepare_use(session, charge_out, plan->charged[i], false);
	for (size_t i = 0; i < plan->n_peeked; i++)
		prepare_use(session, charge_out, plan->peeked[i], true);
}

/* Of several rates the one that keeps the client waiting longest. */
static struct limit_level
read_level(const struct limit *limit, const struct store_answer *answer)
{
	const struct store_level *worst = &answer->levels[0];
	size_t at = 0;

	for (size_t i = 1; i < limit->n_rates; i++) {
		const struct store_level *level = &answer->levels[i];
		bool is_never = level->retry_ms == -1;

		if (worst->retry_ms != -1 &&
		    (is_never || level->retry_ms > worst->retry_ms)) {
			worst = level;
			at = i;
		}
	}
	return (struct limit_level){
		.over = answer->fits ? TRI_FALSE : TRI_TRUE,
		.used = worst->used,
		.max = limit->rates[at].max,
		.window_sec = limit->rates[at].window_sec,
		.retry_ms = worst->retry_ms,
	};
}

static bool
is_worse(const struct limit_level *a, const struct limit_level *b)
{
	static const int order[] = {
		[TRI_FALSE] = 0,
		[TRI_UNKNOWN] = 1,
		[TRI_TRUE] = 2,
	};

	return order[a->over] >= order[b->over];
}

static void
note_level(struct session *session, const struct charge_use *use,
    struct limit_level level)
{
	struct limit_state *state = &session->limits[use->limit->index];

	state->now = level;
	if (use->use.op != STORE_PEEK && is_worse(&level, &state->was))
		state->was = level;
	if (use->is_once)
		remember_charged(session, use, &level);
}

static int64_t
call_time(const struct session *session)
{
	return session->has_virtual_time ? session->now_ms : STORE_NOW;
}

/* A call on `store` with the uses for which wants() is true; NULL: none. */
static struct store_call *
make_call(struct store *store, const struct charge *charge,
    bool (*wants)(const struct charge_use *use))
{
	struct store_call *call = NULL;

	for (size_t i = 0; i < charge->n_uses; i++) {
		if (!wants(&charge->uses[i]))
			continue;
		if (call == NULL)
			call = store_call_new(store);
		store_call_add(call, &charge->uses[i].use);
	}
	return call;
}

static bool
wants_all(const struct charge_use *use)
{
	(void)use;
	return true;
}

static bool
wants_charges(const struct charge_use *use)
{
	return use->use.op != STORE_PEEK;
}

static bool
wants_local(const struct charge_use *use)
{
	return use->limit->on_outage == OUTAGE_COUNT_LOCALLY;
}

static bool
wants_local_charges(const struct charge_use *use)
{
	return wants_local(use) && wants_charges(use);
}

static void
read_answers(struct session *session, const struct charge *charge,
    const struct store_call *call, bool (*wants)(const struct charge_use *use))
{
	size_t number = 0;

	for (size_t i = 0; i < charge->n_uses; i++) {
		const struct charge_use *use = &charge->uses[i];
		const struct store_answer *answer;

		if (!wants(use))
			continue;
		answer = store_call_answer(call, number++);
		note_level(session, use,
		    answer->failed ? level_unknown
				   : read_level(use->limit, answer));
	}
}

/* The store gave no answer. */
static void
wait_locally(struct session *session, struct charge *charge)
{
	struct store_call *call =
	    make_call(session->engine->local, charge, wants_local);

	for (size_t i = 0; i < charge->n_uses; i++)
		if (!wants_local(&charge->uses[i]))
			note_level(session, &charge->uses[i], level_unknown);
	if (call == NULL)
		return;
	charge->calls[charge->n_calls++] = call;
	if (store_call_wait(call, call_time(session)) == 0)
		read_answers(session, charge, call, wants_local);
}

void
charge_wait(struct session *session, struct charge *charge)
{
	int64_t began_us = clock_steady_us();
	struct store_call *call =
	    make_call(session->engine->store, charge, wants_all);
	int rc;

	if (call == NULL)
		return;
	rc = store_call_wait(call, call_time(session));
	session->store_ms += (double)(clock_steady_us() - began_us) / 1000;
	if (rc == 0) {
		charge->calls[charge->n_calls++] = call;
		read_answers(session, charge, call, wants_all);
	} else {
		store_call_put(call);
		wait_locally(session, charge);
	}
}

void
charge_send(struct session *session, struct charge *charge)
{
	struct engine *engine = session->engine;
	bool is_up = store_is_up(engine->store);
	struct store_call *call =
	    is_up ? make_call(engine->store, charge, wants_charges)
		  : make_call(engine->local, charge, wants_local_charges);

	if (call == NULL)
		return;
	for (size_t i = 0; i < charge->n_uses; i++)
		if (charge->uses[i].is_once)
			remember_charged(
			    session, &charge->uses[i], &level_fits);
	charge->calls[charge->n_calls++] = call;
	store_call_send(call, call_time(session));
}

void
charge_keep(struct session *session, struct charge *charge)
{
	struct message *message = session->message;

	for (size_t i = 0; i < charge->n_calls; i++) {
		if (message == NULL) {
			store_call_put(charge->calls[i]);
			continue;
		}
		message->calls = arena_grow(message->arena, message->calls,
		    message->n_calls, sizeof(struct store_call *));
		message->calls[message->n_calls++] = charge->calls[i];
	}
	charge->n_calls = 0;
}

void
charge_refund(struct session *session, struct charge *charge)
{
	unsigned tag =
	    session->stage < STAGE_MAIL ? TAG_CONNECTION : TAG_MESSAGE;

	for (size_t i = 0; i < charge->n_calls; i++) {
		store_call_give_back(charge->calls[i], tag, call_time(session));
		store_call_put(charge->calls[i]);
	}
	charge->n_calls = 0;
}

void
charge_refund_message(struct session *session)
{
	struct message *message = session->message;

	for (size_t i = 0; i < message->n_calls; i++) {
		store_call_give_back(
		    message->calls[i], TAG_MESSAGE, call_time(session));
		store_call_put(message->calls[i]);
	}
	message->n_calls = 0;
}

void
charge_keep_message(struct session *session)
{
	struct message *message = session->message;

	for (size_t i = 0; i < message->n_calls; i++)
		store_call_put(message->calls[i]);
	message->n_calls = 0;
}
