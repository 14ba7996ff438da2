/*
 * speech: the words of each step: its command, arguments and macros.
 */
#ifndef BENCH_SPEECH_H
#define BENCH_SPEECH_H

#include "dialogue.h"

struct speech {
	const char *name;
	char command;      /* SMFIC_* */
	uint32_t declined; /* SMFIP_NO*: the filter does not want it */
	uint32_t silent;   /* SMFIP_NR_*: no reply comes */
	unsigned stage;    /* SMFIM_* of its macros */
	void (*write)(struct dialogue *dialogue);
};

/* From STEP_CONNECT on. */
const struct speech *speech_of(enum step step);

/* Makes up a client, a sender, a recipient, a queue id from their numbers. */
void speech_client(struct dialogue *dialogue);
void speech_message(struct dialogue *dialogue);
void speech_rcpt(struct dialogue *dialogue);

void speech_macros(struct dialogue *dialogue, const struct speech *speech);
void speech_command(struct dialogue *dialogue, const struct speech *speech);

#endif
