/*
 * answer: a reply in the form in which libmilter wants it.
 *
 * Pure: no state, any thread.
 */
#ifndef SLUICE_DAEMON_ANSWER_H
#define SLUICE_DAEMON_ANSWER_H

#include "engine/session.h"

/* libmilter's MAXREPLYLEN. */
#define ANSWER_TEXT_MAX 980

struct answer {
	char code[4];
	char xcode[12];
	char text[ANSWER_TEXT_MAX + 1];
};

/*
 * For REPLY_REJECT and REPLY_TEMPFAIL. A code or xcode of the wrong class is
 * replaced by the default of its kind: libmilter would drop the text, and
 * send it with a later reply, to somebody else. Every "%" is doubled, control
 * bytes become "?", and what is too long is cut.
 */
void answer_make(const struct reply *reply, struct answer *answer_out);

/*
 * Reads an MTA's own refusal of a recipient from its macros. Postfix: host
 * "5.1.1", text "User unknown"; others: text "550 5.1.1 <x@y>: unknown".
 * *code_out is 0 if nothing was said, 450 or 550 if only the class is known;
 * xcode_out is a part of host or text, perhaps empty.
 */
void answer_parse(struct str host, struct str text, unsigned *code_out,
    struct str *xcode_out);

#endif
