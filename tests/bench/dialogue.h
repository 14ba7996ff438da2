/*
 * dialogue: the MTA's side of one connection to a filter.
 *
 * Knows no sockets: packets to send pile up in out, replies are handed in one
 * by one. Does what Postfix 3.7 does: macros go before their command, also
 * where the filter does not want the command itself; a step whose reply the
 * filter spares us is not waited for but sent along with the next, except
 * that DATA ends a write (another process goes on then); ABORT goes out with
 * the next MAIL, and once more before QUIT. Anything a filter must not do is
 * an error.
 */
#ifndef BENCH_DIALOGUE_H
#define BENCH_DIALOGUE_H

#include "tally.h"
#include "wire.h"

enum { DIALOGUE_NAME_MAX = 80 }; /* an address or a host */

/* What all dialogues of a run have in common. */
struct plan {
	unsigned n_messages; /* of one connection */
	unsigned n_rcpts;    /* of one message */
	unsigned n_headers;
	unsigned n_keys; /* different clients, logins, senders */
	size_t n_body_bytes;
	const char *body;
	const char *content_type; /* NULL: plain text */
	const char *daemon_name;
	bool is_authenticated;
	bool is_held; /* silent after the last message, until is_stopping */
	/* Changed during the run. */
	bool is_stopping; /* no further message */
	uint64_t n_started;
	struct tally *tally;
};

enum step {
	STEP_OFFER,
	STEP_CONNECT,
	STEP_HELO,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_HEADER,
	STEP_EOH,
	STEP_BODY,
	STEP_END,
	STEP_N,
};

enum dialogue_state {
	DIALOGUE_WAITS, /* for the reply to step */
	DIALOGUE_HELD,
	DIALOGUE_QUIT, /* the farewell is in out */
	DIALOGUE_CUT,  /* nothing more to say: to be closed at once */
};

struct dialogue {
	struct plan *plan;
	enum dialogue_state state;
	enum step step;
	struct terms terms;
	struct packets out;
	size_t n_first;    /* of out: bytes that go in a write of their own */
	const char *error; /* NULL: none */

	int64_t connect_ns;
	int64_t message_ns;
	enum step skipped;   /* until another step comes; STEP_N: none */
	unsigned n_messages; /* over */
	unsigned n_rcpts;    /* begun, of this message; so the others */
	unsigned n_rcpts_taken;
	unsigned n_headers;
	size_t n_body_bytes;
	bool is_rcpt_refused;

	/* Arguments of commands, values of macros. Empty: not known yet. */
	unsigned key;
	char client_addr[DIALOGUE_NAME_MAX];
	char client_name[DIALOGUE_NAME_MAX];
	char client_port[DIALOGUE_NAME_MAX];
	char client[2 * DIALOGUE_NAME_MAX + 8]; /* macro _ */
	char user[DIALOGUE_NAME_MAX];
	char sender[DIALOGUE_NAME_MAX];
	char rcpt[DIALOGUE_NAME_MAX];
	char queue_id[DIALOGUE_NAME_MAX];
};

/* Begins anew with the offer; the memory of out is kept. connect_ns: when the
 * socket was asked for. */
void dialogue_begin(struct dialogue *dialogue, int64_t connect_ns);
/* -1: the filter broke the protocol, see error. */
int dialogue_take(struct dialogue *dialogue, const struct packet *reply);
/* Says farewell, when held. */
void dialogue_quit(struct dialogue *dialogue);
/* The step's name in messages. */
const char *dialogue_step(const struct dialogue *dialogue);

#endif
