/*
 * The mail that is sent: ordinary, and from clients that are what they say,
 * so that no rule has a reason to refuse or to report it. With a login it
 * goes from example.org to the world, without one the other way.
 */
#include "speech.h"
#include <string.h>

/* RFC 2544's networks for benchmarks: 2^17 addresses, nobody's. */
static const unsigned clients_net = 198U << 24 | 18U << 16;
static const unsigned n_clients = 1U << 17;

static const char *
sender_domain(const struct dialogue *d)
{
	return d->plan->is_authenticated ? "example.org" : "example.net";
}

static const char *
rcpt_domain(const struct dialogue *d)
{
	return d->plan->is_authenticated ? "example.net" : "example.org";
}

void
speech_client(struct dialogue *d)
{
	unsigned ip = clients_net + d->key % n_clients;

	snprintf(d->client_addr, sizeof(d->client_addr), "%u.%u.%u.%u",
	    ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	snprintf(d->client_name, sizeof(d->client_name), "client%u.example.org",
	    d->key);
	snprintf(d->client_port, sizeof(d->client_port), "%u",
	    1024 + d->key % 60000);
	snprintf(d->client, sizeof(d->client), "%s [%s]", d->client_name,
	    d->client_addr);
	snprintf(d->user, sizeof(d->user), "user%u@example.org", d->key);
}

void
speech_message(struct dialogue *d)
{
	snprintf(d->sender, sizeof(d->sender), "user%u@%s", d->key,
	    sender_domain(d));
	snprintf(d->queue_id, sizeof(d->queue_id), "%X%04X", 0x50081 + d->key,
	    d->n_messages);
	d->rcpt[0] = '\0';
}

void
speech_rcpt(struct dialogue *d)
{
	snprintf(d->rcpt, sizeof(d->rcpt), "rcpt%u.%u@%s", d->key, d->n_rcpts,
	    rcpt_domain(d));
}

/* NULL: it has no value now. */
static const char *
macro_value(const struct dialogue *d, enum macro macro)
{
	bool has_login = d->plan->is_authenticated;
	/* The file in the queue comes with the first recipient taken. */
	bool has_file = d->n_rcpts_taken > 0;
	const char *values[MACRO_N] = {
		[MACRO_J] = "mta.example.test",
		[MACRO_CLIENT] = d->client,
		[MACRO_V] = "Postfix 3.7.11",
		[MACRO_I] = has_file ? d->queue_id : NULL,
		[MACRO_DAEMON_NAME] = d->plan->daemon_name,
		[MACRO_DAEMON_ADDR] = "127.0.0.1",
		[MACRO_DAEMON_PORT] = "25",
		[MACRO_CLIENT_ADDR] = d->client_addr,
		[MACRO_CLIENT_NAME] = d->client_name,
		[MACRO_CLIENT_PORT] = d->client_port,
		[MACRO_CLIENT_PTR] = d->client_name,
		[MACRO_CLIENT_RESOLVE] = "OK",
		[MACRO_CLIENT_CONNECTIONS] = "0",
		[MACRO_AUTH_TYPE] = has_login ? "PLAIN" : NULL,
		[MACRO_AUTH_AUTHEN] = has_login ? d->user : NULL,
		[MACRO_MAIL_ADDR] = d->sender[0] != '\0' ? d->sender : NULL,
		[MACRO_MAIL_HOST] = sender_domain(d),
		[MACRO_MAIL_MAILER] = "smtp",
		[MACRO_RCPT_ADDR] = d->rcpt[0] != '\0' ? d->rcpt : NULL,
		[MACRO_RCPT_HOST] = rcpt_domain(d),
		[MACRO_RCPT_MAILER] = "smtp",
	};

	return values[macro];
}

/* Sent even with nothing in it: Postfix does. */
void
speech_macros(struct dialogue *d, const struct speech *speech)
{
	const struct macro_list *list = &d->terms.lists[speech->stage];

	packets_begin(&d->out, SMFIC_MACRO);
	packets_add(&d->out, &speech->command, 1);
	for (size_t i = 0; i < list->n; i++) {
		const char *value = macro_value(d, list->macros[i]);

		if (value == NULL)
			continue;
		packets_text(&d->out, macro_name(list->macros[i]));
		packets_text(&d->out, value);
	}
	packets_end(&d->out);
	d->plan->tally->n_packets++;
}

void
speech_command(struct dialogue *d, const struct speech *speech)
{
	packets_begin(&d->out, speech->command);
	speech->write(d);
	packets_end(&d->out);
	d->plan->tally->n_packets++;
}

static void
write_connect(struct dialogue *d)
{
	char family = SMFIA_INET;

	packets_text(&d->out, d->client_name);
	packets_add(&d->out, &family, 1);
	packets_u16(&d->out, 1024 + d->key % 60000);
	packets_text(&d->out, d->client_addr);
}

static void
write_helo(struct dialogue *d)
{
	packets_text(&d->out, d->client_name);
}

static void
write_path(struct dialogue *d, const char *address)
{
	packets_add(&d->out, "<", 1);
	packets_add(&d->out, address, strlen(address));
	packets_text(&d->out, ">");
}

static void
write_mail(struct dialogue *d)
{
	char size[DIALOGUE_NAME_MAX];

	snprintf(size, sizeof(size), "SIZE=%zu", d->plan->n_body_bytes + 400);
	write_path(d, d->sender);
	packets_text(&d->out, size);
}

static void
write_rcpt(struct dialogue *d)
{
	write_path(d, d->rcpt);
}

static void
write_nothing(struct dialogue *d)
{
	(void)d;
}

static void
write_message_id(struct dialogue *d)
{
	packets_text(&d->out, "Message-ID");
	packets_add(&d->out, "<", 1);
	packets_add(&d->out, d->queue_id, strlen(d->queue_id));
	packets_text(&d->out, "@mta.example.test>");
}

/* The first three are the message's own, the others always the same. */
static void
write_header(struct dialogue *d)
{
	static const char *const fixed[][2] = {
		{ "Subject", "Minutes of the meeting on Monday" },
		{ "Date", "Mon, 23 Nov 2026 15:47:05 +0000" },
		{ "MIME-Version", "1.0" },
		{ "Content-Type", "text/plain; charset=utf-8" },
		{ "Content-Transfer-Encoding", "7bit" },
		{ "X-More", "of the same kind" },
	};
	const size_t n_fixed = sizeof(fixed) / sizeof(*fixed);
	size_t i = d->n_headers - 1; /* which of them this is */

	if (i == 0) {
		packets_text(&d->out, "From");
		packets_text(&d->out, d->sender);
	} else if (i == 1) {
		packets_text(&d->out, "To");
		packets_text(&d->out, d->rcpt);
	} else if (i == 2) {
		write_message_id(d);
	} else {
		bool is_type;

		i = i - 3 < n_fixed ? i - 3 : n_fixed - 1;
		is_type = strcmp(fixed[i][0], "Content-Type") == 0 &&
			  d->plan->content_type != NULL;
		packets_text(&d->out, fixed[i][0]);
		packets_text(
		    &d->out, is_type ? d->plan->content_type : fixed[i][1]);
	}
}

static void
write_body(struct dialogue *d)
{
	size_t size = d->plan->n_body_bytes - d->n_body_bytes;

	if (size > MILTER_CHUNK_SIZE)
		size = MILTER_CHUNK_SIZE;
	packets_add(&d->out, d->plan->body + d->n_body_bytes, size);
	d->n_body_bytes += size;
}

static const struct speech speeches[STEP_N] = {
	[STEP_OFFER] = { .name = "negotiation", .command = SMFIC_OPTNEG },
	[STEP_CONNECT] = { "connect", SMFIC_CONNECT, SMFIP_NOCONNECT,
	    SMFIP_NR_CONN, SMFIM_CONNECT, write_connect },
	[STEP_HELO] = { "HELO", SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO,
	    SMFIM_HELO, write_helo },
	[STEP_MAIL] = { "MAIL", SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL,
	    SMFIM_ENVFROM, write_mail },
	[STEP_RCPT] = { "RCPT", SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT,
	    SMFIM_ENVRCPT, write_rcpt },
	[STEP_DATA] = { "DATA", SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA,
	    SMFIM_DATA, write_nothing },
	[STEP_HEADER] = { "header", SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR,
	    SMFIM_EOH, write_header },
	[STEP_EOH] = { "end of headers", SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH,
	    SMFIM_EOH, write_nothing },
	[STEP_BODY] = { "body", SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY,
	    SMFIM_EOM, write_body },
	[STEP_END] = { "end of message", SMFIC_BODYEOB, 0, 0, SMFIM_EOM,
	    write_nothing },
};

const struct speech *
speech_of(enum step step)
{
	return &speeches[step];
}
