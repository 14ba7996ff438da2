/*
 * What comes after a step is in next_step; what a reply means, and where it
 * is allowed, is a table.
 */
#include "speech.h"
#include <assert.h>
#include <ctype.h>
#include <string.h>

const char *
dialogue_step(const struct dialogue *d)
{
	return speech_of(d->step)->name;
}

void
dialogue_begin(struct dialogue *d, int64_t connect_ns)
{
	struct plan *plan = d->plan;
	struct packets out = d->out;

	*d = (struct dialogue){ .plan = plan, .out = out };
	d->out.size = 0;
	d->key = (unsigned)(plan->n_started++ % plan->n_keys);
	d->connect_ns = connect_ns;
	d->state = DIALOGUE_WAITS;
	d->step = STEP_OFFER;
	d->skipped = STEP_N;
	speech_client(d);
	packets_offer(&d->out);
	plan->tally->n_packets++;
}

void
dialogue_quit(struct dialogue *d)
{
	packets_bare(&d->out, SMFIC_ABORT);
	packets_bare(&d->out, SMFIC_QUIT);
	d->plan->tally->n_packets += 2;
	d->state = DIALOGUE_QUIT;
}

static void
next_message(struct dialogue *d)
{
	struct plan *plan = d->plan;

	if (!plan->is_stopping && d->n_messages < plan->n_messages) {
		d->message_ns = tally_now();
		d->n_rcpts = 0;
		d->n_rcpts_taken = 0;
		d->n_headers = 0;
		d->n_body_bytes = 0;
		d->step = STEP_MAIL;
		speech_message(d);
	} else if (!plan->is_stopping && plan->is_held) {
		d->state = DIALOGUE_HELD;
	} else {
		dialogue_quit(d);
	}
}

/* Postfix has the filter forget every message that had a sender, also one
 * that reached its end. */
static void
end_message(struct dialogue *d, bool is_refused)
{
	struct tally *tally = d->plan->tally;

	d->n_messages++;
	if (is_refused)
		tally->n_messages_refused++;
	else
		tally->n_messages++;
	tally_time(&tally->messages, d->message_ns, tally_now());
	if (!is_refused || d->step != STEP_MAIL) {
		packets_bare(&d->out, SMFIC_ABORT);
		tally->n_packets++;
	}
	next_message(d);
}

static void
end_helo(struct dialogue *d)
{
	struct tally *tally = d->plan->tally;

	tally->n_connections++;
	tally_time(&tally->connects, d->connect_ns, tally_now());
	next_message(d);
}

static void
next_rcpt(struct dialogue *d)
{
	if (d->n_rcpts < d->plan->n_rcpts) {
		d->n_rcpts++;
		d->is_rcpt_refused = false;
		d->step = STEP_RCPT;
		speech_rcpt(d);
	} else if (d->n_rcpts_taken > 0) {
		d->step = STEP_DATA;
	} else {
		end_message(d, true); /* to nobody */
	}
}

static void
end_rcpt(struct dialogue *d)
{
	if (d->is_rcpt_refused)
		d->plan->tally->n_rcpts_refused++;
	else
		d->n_rcpts_taken++;
	next_rcpt(d);
}

/* What the filter declined of the content goes without its macros, too. */
static void
next_content(struct dialogue *d)
{
	uint32_t steps = d->terms.steps;

	if (d->step <= STEP_HEADER && d->n_headers < d->plan->n_headers &&
	    (steps & SMFIP_NOHDRS) == 0) {
		d->n_headers++;
		d->step = STEP_HEADER;
	} else if (d->step <= STEP_HEADER && (steps & SMFIP_NOEOH) == 0) {
		d->step = STEP_EOH;
	} else if (d->n_body_bytes < d->plan->n_body_bytes &&
		   (steps & SMFIP_NOBODY) == 0 && d->skipped != STEP_BODY) {
		d->step = STEP_BODY;
	} else {
		d->step = STEP_END;
	}
}

/* After a step that was answered, or needs no answer. */
static void
next_step(struct dialogue *d)
{
	switch (d->step) {
	case STEP_OFFER:
		d->step = STEP_CONNECT;
		return;
	case STEP_CONNECT:
		d->step = STEP_HELO;
		return;
	case STEP_HELO:
		end_helo(d);
		return;
	case STEP_MAIL:
		next_rcpt(d);
		return;
	case STEP_RCPT:
		end_rcpt(d);
		return;
	case STEP_DATA:
	case STEP_HEADER:
	case STEP_EOH:
	case STEP_BODY:
		next_content(d);
		return;
	case STEP_END:
		end_message(d, false);
		return;
	case STEP_N:
		break;
	}
	assert(false && "a step");
}

/* Says the step that d stands at. False: no reply will come. */
static bool
say_step(struct dialogue *d)
{
	const struct speech *speech = speech_of(d->step);

	if (d->step == d->skipped)
		return false;
	d->skipped = STEP_N;
	speech_macros(d, speech);
	if ((d->terms.steps & speech->declined) != 0)
		return false;
	speech_command(d, speech);
	return (d->terms.steps & speech->silent) == 0;
}

/* Up to the next step that has a reply, or to the end. */
static void
say_on(struct dialogue *d)
{
	while (d->state == DIALOGUE_WAITS && !say_step(d)) {
		if (d->step == STEP_DATA)
			d->n_first = d->out.size;
		next_step(d);
	}
}

enum effect {
	EFFECT_CONTINUE,
	EFFECT_WAIT, /* another reply follows */
	EFFECT_ACCEPT,
	EFFECT_DISCARD,
	EFFECT_REFUSE,
	EFFECT_SKIP,
};

static const struct meaning {
	char kind;
	enum effect effect;
	bool has_data;
	/* EFFECT_WAIT: only at the end of a message, if negotiated. */
	uint32_t action;
} meanings[] = {
	{ SMFIR_CONTINUE, EFFECT_CONTINUE, false, 0 },
	{ SMFIR_ACCEPT, EFFECT_ACCEPT, false, 0 },
	{ SMFIR_DISCARD, EFFECT_DISCARD, false, 0 },
	{ SMFIR_REJECT, EFFECT_REFUSE, false, 0 },
	{ SMFIR_TEMPFAIL, EFFECT_REFUSE, false, 0 },
	{ SMFIR_SHUTDOWN, EFFECT_REFUSE, false, 0 },
	{ SMFIR_REPLYCODE, EFFECT_REFUSE, true, 0 },
	{ SMFIR_SKIP, EFFECT_SKIP, false, 0 },
	{ SMFIR_PROGRESS, EFFECT_WAIT, false, 0 },
	{ SMFIR_ADDHEADER, EFFECT_WAIT, true, SMFIF_ADDHDRS },
	{ SMFIR_INSHEADER, EFFECT_WAIT, true, SMFIF_ADDHDRS },
	{ SMFIR_CHGHEADER, EFFECT_WAIT, true, SMFIF_CHGHDRS },
	{ SMFIR_REPLBODY, EFFECT_WAIT, true, SMFIF_CHGBODY },
	{ SMFIR_ADDRCPT, EFFECT_WAIT, true, SMFIF_ADDRCPT },
	{ SMFIR_ADDRCPT_PAR, EFFECT_WAIT, true, SMFIF_ADDRCPT_PAR },
	{ SMFIR_DELRCPT, EFFECT_WAIT, true, SMFIF_DELRCPT },
	{ SMFIR_CHGFROM, EFFECT_WAIT, true, SMFIF_CHGFROM },
	{ SMFIR_QUARANTINE, EFFECT_WAIT, true, SMFIF_QUARANTINE },
};

static const struct meaning *
find_meaning(char kind)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].kind == kind)
			return &meanings[i];
	return NULL;
}

/* "550 5.7.1 text" with its NUL, or several such lines. */
static bool
is_reply_text(const char *text, size_t size)
{
	return size >= 5 && (text[0] == '4' || text[0] == '5') &&
	       isdigit((unsigned char)text[1]) &&
	       isdigit((unsigned char)text[2]) &&
	       (text[3] == ' ' || text[3] == '-') && text[size - 1] == '\0' &&
	       memchr(text, '\0', size - 1) == NULL;
}

static const char *
find_fault(const struct dialogue *d, const struct packet *reply,
    const struct meaning *meaning)
{
	if (d->state != DIALOGUE_WAITS)
		return "a reply that nothing asked for";
	if (meaning == NULL)
		return "an unknown reply";
	if (meaning->has_data != (reply->size > 0))
		return "a reply with the wrong amount of data";
	if (reply->kind == SMFIR_REPLYCODE &&
	    !is_reply_text(reply->data, reply->size))
		return "a malformed reply text";
	if (meaning->action != 0 && d->step != STEP_END)
		return "a change before the end of the message";
	if ((d->terms.actions & meaning->action) != meaning->action)
		return "a change that was not negotiated";
	if (meaning->effect == EFFECT_DISCARD && d->step <= STEP_HELO)
		return "a discarded connection";
	if (meaning->effect == EFFECT_SKIP &&
	    (d->step == STEP_END || (d->terms.steps & SMFIP_SKIP) == 0))
		return "a skip that was not negotiated";
	return NULL;
}

static void
take_accept(struct dialogue *d)
{
	if (d->step > STEP_HELO) {
		end_message(d, false);
		return;
	}
	d->plan->tally->n_connections_accepted++;
	d->state = DIALOGUE_CUT;
}

static void
take_refusal(struct dialogue *d)
{
	if (d->step == STEP_RCPT) {
		d->is_rcpt_refused = true;
		next_step(d);
	} else if (d->step > STEP_HELO) {
		end_message(d, true);
	} else {
		d->plan->tally->n_connections_refused++;
		d->state = DIALOGUE_CUT;
	}
}

static void
take_effect(struct dialogue *d, enum effect effect)
{
	switch (effect) {
	case EFFECT_WAIT:
		return; /* and say nothing */
	case EFFECT_SKIP:
		d->skipped = d->step;
		next_step(d);
		break;
	case EFFECT_CONTINUE:
		next_step(d);
		break;
	case EFFECT_DISCARD:
		d->plan->tally->n_discarded++;
		take_accept(d);
		break;
	case EFFECT_ACCEPT:
		take_accept(d);
		break;
	case EFFECT_REFUSE:
		take_refusal(d);
		break;
	}
	say_on(d);
}

static int
take_offer(struct dialogue *d, const struct packet *reply)
{
	if ((d->error = terms_read(reply, &d->terms)) != NULL)
		return -1;
	next_step(d);
	say_on(d);
	return 0;
}

int
dialogue_take(struct dialogue *d, const struct packet *reply)
{
	const struct meaning *meaning = find_meaning(reply->kind);
	struct tally *tally = d->plan->tally;

	if (d->state == DIALOGUE_WAITS && d->step == STEP_OFFER)
		return take_offer(d, reply);
	if ((d->error = find_fault(d, reply, meaning)) != NULL)
		return -1;
	tally->n_replies[(unsigned char)reply->kind]++;
	if (meaning->effect != EFFECT_WAIT)
		tally->n_waits++;
	take_effect(d, meaning->effect);
	return 0;
}
