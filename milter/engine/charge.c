/*
 * One call carries all that a stage charges, peeks and looks up. While the
 * store is away this process counts for those limits that say so.
 *
 * The trap is memory: a message may have thousands of recipients, and each
 * call that is kept for a refund costs some, so one of which nothing can be
 * given back is dropped at once.
 */
#include "engine/charge.h"

#include "base/clock.h"
#include "engine/crossing.h"
#include "engine/level.h"
#include "engine/lookup.h"
#include "engine/use.h"

#define CHARGED_KEYS_MAX 1000 /* of a connection; a HELO may bring one */

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

/* With the level it got: rules that ask again get the same answer. */
static void
remember_charged(struct session *session, const struct charge_use *use,
    const struct limit_level *level)
{
	struct charged_key one = { .limit = use->limit, .level = *level };
	struct message *message = session->message;

	if (use->limit->unit == UNIT_MESSAGES) {
		one.key = arena_str(message->arena, use->use.identity);
		one.level.identity = one.key;
		message->charged = arena_grow(message->arena, message->charged,
		    message->n_charged, sizeof(one));
		message->charged[message->n_charged++] = one;
		return;
	}
	if (session->n_charged == CHARGED_KEYS_MAX)
		return; /* such a client is counted again each time */
	one.key = arena_str(session->arena, use->use.identity);
	one.level.identity = one.key;
	session->charged = arena_grow(
	    session->arena, session->charged, session->n_charged, sizeof(one));
	session->charged[session->n_charged++] = one;
}

static void
prepare_use(struct session *session, struct charge *charge,
    const struct limit *limit, bool is_peek)
{
	struct charge_use *use = &charge->uses[charge->n_uses];
	const struct charged_key *charged;
	struct limit_level too_many;

	*use = (struct charge_use){ .limit = limit,
		.is_once = !is_peek && is_charged_once(limit) };
	level_clear(session, limit);
	switch (use_make(session, limit, is_peek, &use->use)) {
	case USE_NONE:
		return;
	case USE_TOO_MANY:
		too_many = level_too_many(limit);
		level_note(session, limit, &too_many, !is_peek);
		return;
	case USE_ASK:
		break;
	}
	charged = find_charged(session, limit, use->use.identity);
	if (charged == NULL)
		charge->n_uses++;
	else
		level_note(session, limit, &charged->level,
		    limit->unit == UNIT_CONNECTIONS);
}

void
charge_prepare(struct session *session, const struct stage_plan *plan,
    struct charge *charge_out)
{
	size_t room = plan->n_charged + plan->n_peeked;

	*charge_out = (struct charge){ 0 };
	if (room == 0)
		return;
	charge_out->uses =
	    arena_alloc(session->scratch, room * sizeof(*charge_out->uses));
	for (size_t i = 0; i < plan->n_charged; i++)
		prepare_use(session, charge_out, plan->charged[i], false);
	for (size_t i = 0; i < plan->n_peeked; i++)
		prepare_use(session, charge_out, plan->peeked[i], true);
}

void
charge_note(struct session *session, const struct charge_use *use,
    const struct limit_level *level)
{
	level_note(session, use->limit, level, use->use.op != STORE_PEEK);
	if (use->is_once)
		remember_charged(session, use, level);
}

static int64_t
call_time(const struct session *session)
{
	return session->has_virtual_time ? session->now_ms : STORE_NOW;
}

typedef bool use_filter(const struct charge_use *use);

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

/* What the process counts by itself; other limits are unknown meanwhile. */
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

/* Connections are given back by their own stage only, attempts never. */
static bool
is_refundable(const struct charge_use *use)
{
	return use->use.op == STORE_CHARGE && use->use.tag == TAG_MESSAGE;
}

/* A call on `store` with the uses for which wants() is true; NULL: none. */
static struct store_call *
make_call(struct store *store, const struct charge *charge, use_filter *wants)
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

/* Answers are numbered as the uses that were wanted. */
static void
read_answers(struct session *session, struct charge *charge,
    const struct store_call *call, use_filter *wants)
{
	size_t number = 0;

	for (size_t i = 0; i < charge->n_uses; i++) {
		struct charge_use *use = &charge->uses[i];
		const struct store_answer *answer;
		struct limit_level level;

		if (!wants(use))
			continue;
		answer = store_call_answer(call, number++);
		use->is_owed = is_refundable(use) && answer->fits;
		level = level_read(&use->use, answer);
		charge_note(session, use, &level);
		crossing_note(session, use->limit, &use->use, answer, &level);
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
			charge_note(session, &charge->uses[i], &level_unknown);
	lookup_fall_back(session);
	if (call == NULL)
		return;
	charge->calls[charge->n_calls++] = call;
	if (store_call_wait(call, call_time(session)) == 0)
		read_answers(session, charge, call, wants_local);
}

/*
 * What this session gives back or sends without waiting, its own next question
 * is to find done: a client that resets a message and begins another (Postfix
 * tells of both at the same moment) would else be over its limit by the first.
 */
static void
note_sent(struct session *session)
{
	session->mark = store_mark(session->engine->store);
}

/* The call as it was answered; NULL: the store is away. */
static struct store_call *
ask_store(struct session *session, const struct charge *charge)
{
	struct store *store = session->engine->store;
	struct store_call *call;

	/* Known to be away, it is not even asked. */
	if (!store_is_up(store))
		return NULL;
	call = make_call(store, charge, wants_all);
	if (call == NULL)
		call = store_call_new(store);
	/* What was asked for is copied: the call may outlive the stage. */
	lookup_add(session, call);
	store_call_follow(call, session->mark);
	session->mark = 0;
	if (store_call_wait(call, call_time(session)) == 0)
		return call;
	store_call_put(call);
	return NULL;
}

void
charge_wait(struct session *session, struct charge *charge)
{
	int64_t began_us = clock_steady_us();
	struct store_call *call;

	if (charge->n_uses == 0 && lookup_n_asked(session) == 0)
		return;
	call = ask_store(session, charge);
	session->store_ms += (double)(clock_steady_us() - began_us) / 1000;
	if (call == NULL) {
		wait_locally(session, charge);
		return;
	}
	charge->calls[charge->n_calls++] = call;
	read_answers(session, charge, call, wants_all);
	lookup_read(session, call);
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
	for (size_t i = 0; i < charge->n_uses; i++) {
		struct charge_use *use = &charge->uses[i];

		use->is_owed = is_refundable(use);
		if (use->is_once)
			remember_charged(session, use, &level_fits);
	}
	charge->calls[charge->n_calls++] = call;
	store_call_send(call, call_time(session));
	note_sent(session);
}

void
charge_keep_none(struct charge *charge)
{
	for (size_t i = 0; i < charge->n_calls; i++)
		store_call_put(charge->calls[i]);
	charge->n_calls = 0;
}

static bool
is_owed(const struct charge *charge)
{
	for (size_t i = 0; i < charge->n_uses; i++)
		if (charge->uses[i].is_owed)
			return true;
	return false;
}

/* With the calls of the message; recipients one after the other are mostly
 * charged alike, so that one call can stand for all of them. */
static void
keep_call(struct message *message, struct store_call *call)
{
	store_call_shrink(call);
	if (message->n_calls > 0 &&
	    store_call_absorb(message->calls[message->n_calls - 1], call))
		return;
	message->calls = arena_grow(message->arena, message->calls,
	    message->n_calls, sizeof(struct store_call *));
	message->calls[message->n_calls++] = call;
}

void
charge_keep(struct session *session, struct charge *charge)
{
	struct message *message = session->message;

	if (message != NULL && is_owed(charge)) {
		for (size_t i = 0; i < charge->n_calls; i++)
			keep_call(message, charge->calls[i]);
		charge->n_calls = 0;
	}
	charge_keep_none(charge);
}

void
charge_refund(struct session *session, struct charge *charge)
{
	unsigned tag =
	    session->stage < STAGE_MAIL ? TAG_CONNECTION : TAG_MESSAGE;

	for (size_t i = 0; i < charge->n_calls; i++)
		store_call_give_back(charge->calls[i], tag, call_time(session));
	if (charge->n_calls > 0)
		note_sent(session);
	charge_keep_none(charge);
}

void
charge_refund_message(struct session *session)
{
	struct message *message = session->message;

	for (size_t i = 0; i < message->n_calls; i++)
		store_call_give_back(
		    message->calls[i], TAG_MESSAGE, call_time(session));
	if (message->n_calls > 0)
		note_sent(session);
	charge_keep_message(session);
}

void
charge_keep_message(struct session *session)
{
	struct message *message = session->message;

	for (size_t i = 0; i < message->n_calls; i++)
		store_call_put(message->calls[i]);
	message->n_calls = 0;
}

/* Charges those of the limits whose facts are known here, and forgets it. */
static void
charge_happened(
    struct session *session, struct limit *const *limits, size_t n_limits)
{
	struct charge charge = { 0 };

	if (n_limits == 0)
		return;
	charge.uses =
	    arena_alloc(session->scratch, n_limits * sizeof(*charge.uses));
	for (size_t i = 0; i < n_limits; i++) {
		struct charge_use *use = &charge.uses[charge.n_uses];

		*use = (struct charge_use){ .limit = limits[i] };
		if (limits[i]->known <= session->stage &&
		    use_make(session, limits[i], false, &use->use) == USE_ASK)
			charge.n_uses++;
	}
	charge_send(session, &charge);
	charge_keep_none(&charge);
}

/* A connection is rejected once, however often its client says HELO. */
void
charge_rejected(struct session *session)
{
	const struct program *program = session->program;

	if (session->stage < STAGE_MAIL && session->has_counted_reject)
		return;
	if (session->stage < STAGE_MAIL)
		session->has_counted_reject = true;
	charge_happened(session, program->on_rejects, program->n_on_rejects);
}

void
charge_unknown_recipient(struct session *session)
{
	const struct program *program = session->program;

	session->scratch = arena_new(SCRATCH_BYTES);
	charge_happened(session, program->on_unknown, program->n_on_unknown);
	arena_free(session->scratch);
	session->scratch = NULL;
}
