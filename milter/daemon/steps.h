/*
 * steps: what to ask the MTA for, worked out from what the rules need.
 *
 * Fewer packets are the lever on throughput: a step that nobody looks at is
 * not sent at all, one that is only collected is sent without waiting for our
 * answer. MAIL and RCPT always wait, so that refusing is always possible, and
 * so does connect, where the daemon itself may be full or stopping.
 *
 * Pure: no state, any thread.
 */
#ifndef SLUICE_DAEMON_STEPS_H
#define SLUICE_DAEMON_STEPS_H

#include "base/arena.h"
#include "rules/needs.h"

#define STEPS_MACRO_LISTS 7 /* SMFIM_CONNECT to SMFIM_EOH */
#define STEPS_LACKS       7

/* In words of libmilter: SMFIF_* and SMFIP_*. */
struct steps {
	unsigned long actions;
	unsigned long protocol;
};

/*
 * The same needs and the same offer always give the same answer (libmilter
 * relaxes its state table for all sessions by what one of them negotiated).
 * Never more than was offered.
 */
struct steps steps_choose(const struct needs *needs, struct steps offered);

/*
 * The i-th of STEPS_LACKS things that an MTA may not offer: NULL, or (the needs
 * ask for it and it is missing) what it is and what comes of it, for people.
 */
const char *steps_missing(
    const struct needs *needs, struct steps offered, size_t i);

/* Macros of one step. Strings are not const since libmilter's are not. */
struct macro_list {
	char *text;   /* "i {auth_authen}", as smfi_setsymlist wants it */
	char **names; /* each of them */
	size_t n;
	char **read; /* those that a session looks at */
	size_t n_read;
};

struct macro_lists {
	struct macro_list at[STEPS_MACRO_LISTS]; /* by SMFIM_* */
};

void macro_lists_init(
    struct macro_lists *lists, struct arena *arena, const struct needs *needs);

#endif
