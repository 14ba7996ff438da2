/*
 * The first Received field that names a client outside is what our own MX wrote
 * (above it are filters and delivery, by loopback or private addresses), in the
 * form of Postfix and Sendmail alike: "from HELO (NAME [ADDRESS])".
 */
#include "tool/corpus/envelope.h"

#include "mime/address.h"
#include "mime/header.h"
#include "mime/mail_text.h"

#include <string.h>

#define FIELDS_MAX       10000 /* that are looked at */
#define TEXT_MAX         1000  /* of one of these texts; cut */
#define PLACEHOLDER      "placeholder"
#define PLACEHOLDER_IP   "192.0.2.1"
#define PLACEHOLDER_HOST "client.example.net"

struct tool_option *
envelope_rows(struct envelope_options *options, struct tool_option *rows)
{
	const struct tool_option single[] = {
		{ "--client", NULL, &options->client },
		{ "--name", NULL, &options->name },
		{ "--helo", NULL, &options->helo },
		{ "--from", NULL, &options->from },
		{ "--user", NULL, &options->user },
		{ "--daemon", NULL, &options->daemon },
	};

	memcpy(rows, single, sizeof(single));
	rows += sizeof(single) / sizeof(single[0]);
	for (size_t i = 0; i < ENVELOPE_RCPTS_MAX; i++)
		*rows++ =
		    (struct tool_option){ "--rcpt", NULL, &options->rcpts[i] };
	return rows;
}

int
envelope_check(const struct tool *tool, struct envelope_options *options)
{
	if (options->client == NULL ||
	    ip_parse(str_of(options->client), &options->client_ip) == 0)
		return 0;
	tool_usage(tool, "'--client' is an IPv4 or IPv6 address, not '%s'",
	    options->client);
	return -1;
}

/* What the fields of the mail tell; empty: nothing. */
struct told {
	struct arena *arena;
	struct ip ip;
	struct str name;
	struct str helo;
	struct envelope_text from;
	struct envelope_text rcpt;
	unsigned from_rank; /* of fields that tell the same; the highest wins */
	unsigned rcpt_rank;
};

/* The address alone, without brackets. */
static struct str
address_in(struct told *told, struct str value)
{
	struct mime_address *list;
	uint64_t damage = 0;
	struct str text;

	if (address_list(told->arena, value, &list, &damage) > 0)
		text = list[0].address;
	else
		text = STR("");
	return str_sub(text, 0, TEXT_MAX);
}

struct teller {
	const char *field;
	unsigned rank;
};

/* MTAs write these on delivery; the last one is the writer's own. */
static const struct teller senders[] = {
	{ "Return-Path", 2 },
	{ "From", 1 },
};

static const struct teller recipients[] = {
	{ "X-Original-To", 4 },
	{ "Envelope-To", 3 },
	{ "Delivered-To", 2 },
	{ "To", 1 },
};

static const struct teller *
find_teller(const struct teller *tellers, size_t n, struct str field)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(field, str_of(tellers[i].field)))
			return &tellers[i];
	return NULL;
}

static void
take_address(struct told *told, const struct teller *teller, struct str value,
    struct envelope_text *text, unsigned *rank)
{
	if (teller == NULL || teller->rank <= *rank)
		return;
	text->text = address_in(told, value);
	/* "Return-Path: <>" is a bounce; other fields without one tell
	 * nothing. */
	if (text->text.len == 0 && str_find(value, '<') < 0)
		return;
	text->origin = teller->field;
	*rank = teller->rank;
}

static bool
is_outside(const struct ip *ip)
{
	static const char *const inside[] = { "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "fc00::/7", "fe80::/10" };
	struct ip_net net;

	if (ip_is_loopback(ip))
		return false;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (ip_net_parse(str_of(inside[i]), &net) == 0 &&
		    ip_net_has(&net, ip))
			return false;
	return true;
}

/* "NAME " before the bracket of "(NAME [ADDRESS])"; or "USER@NAME ". */
static struct str
name_before(struct str text)
{
	ptrdiff_t open = str_find_last(text, '(');
	struct str name = str_trim(str_from(text, (size_t)(open + 1)));
	ptrdiff_t blank = str_find_last(name, ' ');

	if (open < 0)
		return STR("");
	name = str_from(name, (size_t)(blank + 1));
	name = str_from(name, (size_t)(str_find_last(name, '@') + 1));
	return str_is(name, "unknown") ? STR("") : name;
}

/* "from HELO (NAME [ADDRESS]) by …" */
static void
take_received(struct told *told, struct str value)
{
	struct str text = header_unfold(told->arena, value);
	ptrdiff_t open = str_find(text, '['), close = str_find(text, ']');
	struct str word;

	if (told->ip.family != IP_NONE || !str_starts(text, STR("from ")) ||
	    open < 0 || close < open ||
	    ip_parse(str_sub(text, (size_t)open + 1, (size_t)close),
		&told->ip) == -1)
		return;
	if (!is_outside(&told->ip)) {
		told->ip.family = IP_NONE;
		return;
	}
	word = str_trim(str_from(text, 5));
	if (str_find(word, ' ') > 0)
		word = str_sub(word, 0, (size_t)str_find(word, ' '));
	told->helo = str_sub(word, 0, TEXT_MAX);
	told->name =
	    str_sub(name_before(str_sub(text, 0, (size_t)open)), 0, TEXT_MAX);
}

static void
read_mail(struct told *told, struct str text)
{
	struct mail_text mail;
	struct str name, value;

	mail_text_init(&mail, text);
	for (size_t n = 0;
	     n < FIELDS_MAX && mail_text_field(&mail, &name, &value); n++) {
		if (str_eq_nocase(name, STR("Received"))) {
			take_received(told, value);
			continue;
		}
		take_address(told, find_teller(senders, 2, name), value,
		    &told->from, &told->from_rank);
		take_address(told, find_teller(recipients, 4, name), value,
		    &told->rcpt, &told->rcpt_rank);
	}
	mail_text_done(&mail);
}

static struct envelope_text
choose(const char *option, const char *option_name, struct envelope_text told,
    const char *placeholder)
{
	if (option != NULL)
		return (struct envelope_text){ str_of(option), option_name };
	if (told.origin != NULL)
		return told;
	return (struct envelope_text){ str_of(placeholder), PLACEHOLDER };
}

static void
choose_client(const struct envelope_options *options, const struct told *told,
    struct envelope *envelope)
{
	struct session_client *client = &envelope->client;

	client->port = 40000;
	if (options->client != NULL) {
		client->ip = options->client_ip;
		envelope->client_origin = "--client";
	} else if (told->ip.family != IP_NONE) {
		client->ip = told->ip;
		client->name = told->name;
		envelope->client_origin = "Received";
	} else {
		ip_parse(STR(PLACEHOLDER_IP), &client->ip);
		client->name = STR(PLACEHOLDER_HOST);
		envelope->client_origin = PLACEHOLDER;
	}
	if (options->name != NULL)
		client->name = str_of(options->name);
}

/* "<anna@example.org>" is what some people write. */
static struct str
without_brackets(struct str text)
{
	if (str_starts(text, STR("<")) && text.p[text.len - 1] == '>')
		return str_sub(text, 1, text.len - 1);
	return text;
}

static void
choose_rcpts(const struct envelope_options *options, const struct told *told,
    struct envelope *envelope)
{
	size_t n = 0;

	while (n < ENVELOPE_RCPTS_MAX && options->rcpts[n] != NULL) {
		envelope->rcpts[n] = (struct envelope_text){
			without_brackets(str_of(options->rcpts[n])), "--rcpt"
		};
		n++;
	}
	if (n == 0)
		envelope->rcpts[n++] =
		    choose(NULL, "", told->rcpt, "recipient@example.org");
	envelope->n_rcpts = n;
}

void
envelope_of_mail(const struct envelope_options *options, struct str mail,
    struct arena *arena, struct envelope *envelope_out)
{
	struct told told = { .arena = arena };
	struct envelope *envelope = envelope_out;
	struct envelope_text none = { 0 }, helo = { 0 };

	*envelope = (struct envelope){ 0 };
	read_mail(&told, mail);
	choose_client(options, &told, envelope);
	/* A client that was made up needs no other's greeting. */
	if (options->client == NULL && told.helo.len > 0)
		helo = (struct envelope_text){ told.helo, "Received" };
	envelope->helo = choose(options->helo, "--helo", helo,
	    envelope->client.name.len > 0 ? envelope->client.name.p
					  : PLACEHOLDER_HOST);
	envelope->from =
	    choose(options->from, "--from", told.from, "sender@example.net");
	envelope->from.text = without_brackets(envelope->from.text);
	choose_rcpts(options, &told, envelope);
	envelope->user = choose(options->user, "--user", none, "");
	envelope->daemon = choose(options->daemon, "--daemon", none, "mx");
}
