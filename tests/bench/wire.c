/*
 * Lists of macros: once a filter has sent a list for a stage it replaces the
 * default of that stage only; an empty list means the default again. That is
 * what Postfix makes of it.
 */
#include "wire.h"
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OFFERED_VERSION = 6,
	OFFERED_ACTIONS = 0x1ff,
	OFFERED_STEPS = 0x1fffff,
};

static const char *const names[MACRO_N] = {
	[MACRO_J] = "j",
	[MACRO_CLIENT] = "_",
	[MACRO_V] = "v",
	[MACRO_I] = "i",
	[MACRO_DAEMON_NAME] = "{daemon_name}",
	[MACRO_DAEMON_ADDR] = "{daemon_addr}",
	[MACRO_DAEMON_PORT] = "{daemon_port}",
	[MACRO_CLIENT_ADDR] = "{client_addr}",
	[MACRO_CLIENT_NAME] = "{client_name}",
	[MACRO_CLIENT_PORT] = "{client_port}",
	[MACRO_CLIENT_PTR] = "{client_ptr}",
	[MACRO_CLIENT_RESOLVE] = "{client_resolve}",
	[MACRO_CLIENT_CONNECTIONS] = "{client_connections}",
	[MACRO_AUTH_TYPE] = "{auth_type}",
	[MACRO_AUTH_AUTHEN] = "{auth_authen}",
	[MACRO_MAIL_ADDR] = "{mail_addr}",
	[MACRO_MAIL_HOST] = "{mail_host}",
	[MACRO_MAIL_MAILER] = "{mail_mailer}",
	[MACRO_RCPT_ADDR] = "{rcpt_addr}",
	[MACRO_RCPT_HOST] = "{rcpt_host}",
	[MACRO_RCPT_MAILER] = "{rcpt_mailer}",
};

/* What Postfix sends to a filter that asks for nothing. */
static const char *const defaults[WIRE_STAGES] = {
	[SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v _",
	[SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} "
		       "{cert_issuer}",
	[SMFIM_ENVFROM] = "i {auth_type} {auth_authen} {auth_author} "
			  "{mail_addr} {mail_host} {mail_mailer}",
	[SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	[SMFIM_DATA] = "i",
	[SMFIM_EOM] = "i",
	[SMFIM_EOH] = "i",
};

const char *
macro_name(enum macro macro)
{
	return names[macro];
}

void
packets_done(struct packets *packets)
{
	free(packets->bytes);
	*packets = (struct packets){ 0 };
}

static void
make_room(struct packets *packets, size_t size)
{
	if (packets->capacity - packets->size >= size)
		return;
	packets->capacity = 2 * (packets->size + size);
	packets->bytes = realloc(packets->bytes, packets->capacity);
	if (packets->bytes == NULL) {
		fprintf(stderr, "load: out of memory\n");
		abort();
	}
}

void
packets_add(struct packets *packets, const void *bytes, size_t size)
{
	make_room(packets, size);
	memcpy(packets->bytes + packets->size, bytes, size);
	packets->size += size;
}

void
packets_text(struct packets *packets, const char *text)
{
	packets_add(packets, text, strlen(text) + 1);
}

void
packets_u16(struct packets *packets, unsigned value)
{
	uint16_t net = htons((uint16_t)value);

	packets_add(packets, &net, sizeof(net));
}

void
packets_u32(struct packets *packets, uint32_t value)
{
	uint32_t net = htonl(value);

	packets_add(packets, &net, sizeof(net));
}

void
packets_begin(struct packets *packets, char command)
{
	packets->start = packets->size;
	packets_u32(packets, 0); /* the length, known in packets_end */
	packets_add(packets, &command, 1);
}

void
packets_end(struct packets *packets)
{
	uint32_t net = htonl((uint32_t)(packets->size - packets->start - 4));

	memcpy(packets->bytes + packets->start, &net, sizeof(net));
}

void
packets_bare(struct packets *packets, char command)
{
	packets_begin(packets, command);
	packets_end(packets);
}

void
packets_offer(struct packets *packets)
{
	packets_begin(packets, SMFIC_OPTNEG);
	packets_u32(packets, OFFERED_VERSION);
	packets_u32(packets, OFFERED_ACTIONS);
	packets_u32(packets, OFFERED_STEPS);
	packets_end(packets);
}

static uint32_t
read_u32(const char *bytes)
{
	uint32_t net;

	memcpy(&net, bytes, sizeof(net));
	return ntohl(net);
}

enum wire_found
wire_find(
    const char *bytes, size_t size, struct packet *packet_out, size_t *used_out)
{
	uint32_t length;

	if (size < 4)
		return WIRE_NOT_YET;
	length = read_u32(bytes);
	if (length == 0 || length > WIRE_PACKET_MAX)
		return WIRE_BROKEN;
	if (size - 4 < length)
		return WIRE_NOT_YET;
	packet_out->kind = bytes[4];
	packet_out->data = bytes + 5;
	packet_out->size = length - 1;
	*used_out = length + 4;
	return WIRE_PACKET;
}

static void
add_macro(struct macro_list *list, const char *name)
{
	for (size_t i = 0; i < MACRO_N && list->n < WIRE_MACROS_MAX; i++)
		if (strcmp(names[i], name) == 0)
			list->macros[list->n++] = (unsigned char)i;
}

static void
read_list(const char *text, struct macro_list *list)
{
	char *copy = strdup(text);
	char *rest = NULL;

	assert(copy != NULL);
	list->n = 0;
	for (char *name = strtok_r(copy, ", \t\r\n", &rest); name != NULL;
	     name = strtok_r(NULL, ", \t\r\n", &rest))
		add_macro(list, name);
	free(copy);
}

/* The lists behind the three numbers: a stage and a text each. */
static const char *
read_lists(const char *data, size_t size, struct terms *terms)
{
	while (size > 0) {
		const char *end =
		    size > 4 ? memchr(data + 4, '\0', size - 4) : NULL;
		uint32_t stage;

		if (end == NULL)
			return "a list of macros without an end";
		stage = read_u32(data);
		if (stage >= WIRE_STAGES)
			return "a list of macros for an unknown stage";
		if (data[4] != '\0')
			read_list(data + 4, &terms->lists[stage]);
		size -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	return NULL;
}

const char *
terms_read(const struct packet *answer, struct terms *terms_out)
{
	uint32_t version;

	if (answer->kind != SMFIC_OPTNEG || answer->size < MILTER_OPTLEN)
		return "no answer to the offer";
	version = read_u32(answer->data);
	if (version < 2 || version > OFFERED_VERSION)
		return "a version that was not offered";
	terms_out->actions = read_u32(answer->data + 4);
	terms_out->steps = read_u32(answer->data + 8);
	if ((terms_out->actions & ~(uint32_t)OFFERED_ACTIONS) != 0)
		return "actions that were not offered";
	if ((terms_out->steps & ~(uint32_t)OFFERED_STEPS) != 0)
		return "steps that were not offered";
	for (size_t i = 0; i < WIRE_STAGES; i++)
		read_list(defaults[i], &terms_out->lists[i]);
	return read_lists(answer->data + MILTER_OPTLEN,
	    answer->size - MILTER_OPTLEN, terms_out);
}
