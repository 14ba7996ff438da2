/*
 * wire: packets of the milter protocol and what a filter negotiated.
 *
 * A packet is a length (4 bytes, network order, counts what follows), a
 * command and its data. The constants come from libmilter's mfdef.h, the
 * behaviour from what Postfix 3.7 sends, byte for byte where a filter can
 * tell the difference.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

enum {
	WIRE_PACKET_MAX = 2 * MILTER_CHUNK_SIZE, /* Postfix takes no larger */
	WIRE_MACROS_MAX = 32,                    /* of one stage */
	WIRE_STAGES = SMFIM_EOH + 1,
};

/* Macros that have a value here; a filter may ask for others in vain. */
enum macro {
	MACRO_J,
	MACRO_CLIENT,
	MACRO_V,
	MACRO_I,
	MACRO_DAEMON_NAME,
	MACRO_DAEMON_ADDR,
	MACRO_DAEMON_PORT,
	MACRO_CLIENT_ADDR,
	MACRO_CLIENT_NAME,
	MACRO_CLIENT_PORT,
	MACRO_CLIENT_PTR,
	MACRO_CLIENT_RESOLVE,
	MACRO_CLIENT_CONNECTIONS,
	MACRO_AUTH_TYPE,
	MACRO_AUTH_AUTHEN,
	MACRO_MAIL_ADDR,
	MACRO_MAIL_HOST,
	MACRO_MAIL_MAILER,
	MACRO_RCPT_ADDR,
	MACRO_RCPT_HOST,
	MACRO_RCPT_MAILER,
	MACRO_N,
};

struct macro_list {
	size_t n;
	unsigned char macros[WIRE_MACROS_MAX]; /* enum macro */
};

/* What the filter answered to our offer. */
struct terms {
	uint32_t actions;                     /* SMFIF_* */
	uint32_t steps;                       /* SMFIP_* */
	struct macro_list lists[WIRE_STAGES]; /* by SMFIM_* */
};

/* Packets to be sent, in one piece. */
struct packets {
	char *bytes;
	size_t size;
	size_t capacity;
	size_t start; /* of the packet that is being written */
};

/* One packet that came. Points into the buffer it was found in. */
struct packet {
	char kind; /* SMFIR_* */
	const char *data;
	size_t size;
};

enum wire_found {
	WIRE_NOT_YET,
	WIRE_PACKET,
	WIRE_BROKEN,
};

const char *macro_name(enum macro macro);

void packets_done(struct packets *packets);
void packets_begin(struct packets *packets, char command);
void packets_add(struct packets *packets, const void *bytes, size_t size);
/* With its NUL. */
void packets_text(struct packets *packets, const char *text);
void packets_u16(struct packets *packets, unsigned value);
void packets_u32(struct packets *packets, uint32_t value);
void packets_end(struct packets *packets);
/* A packet that is nothing but its command. */
void packets_bare(struct packets *packets, char command);
/* The offer that opens a connection. */
void packets_offer(struct packets *packets);

/* Looks for one packet at bytes; used_out: how long it is. */
enum wire_found wire_find(const char *bytes, size_t size,
    struct packet *packet_out, size_t *used_out);

/* NULL, or what is wrong with the answer. */
const char *terms_read(const struct packet *answer, struct terms *terms_out);

#endif
