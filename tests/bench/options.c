/*
 * One row for each number; getopt's strings and the help come from it.
 */
#include "options.h"
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct number {
	const char *name; /* its first letter, or letter, is the short form */
	char letter;
	size_t where;
	unsigned min;
	unsigned max;
	unsigned preset;
	const char *help;
} numbers[] = {
	{ "connections", 'c', offsetof(struct options, n_connections), 1, 10000,
	    20, "connections at a time" },
	{ "messages", 'm', offsetof(struct options, n_messages), 0, 1000000, 1,
	    "messages on one connection" },
	{ "sessions", 'n', offsetof(struct options, n_sessions), 0, 100000000,
	    0, "stop after so many connections (0: after --time)" },
	{ "time", 't', offsetof(struct options, seconds), 1, 3600, 5,
	    "seconds to measure" },
	{ "warm-up", 'w', offsetof(struct options, warm_up_sec), 0, 3600, 0,
	    "seconds before that" },
	{ "limit", 'T', offsetof(struct options, limit_sec), 1, 86400, 600,
	    "fail when the whole run takes longer (seconds)" },
	{ "body", 'b', offsetof(struct options, body_bytes), 0, 100000000, 2000,
	    "bytes of the body" },
	{ "headers", 'H', offsetof(struct options, n_headers), 0, 1000, 8,
	    "header fields of a message" },
	{ "recipients", 'r', offsetof(struct options, n_rcpts), 1, 10000, 1,
	    "recipients of a message" },
	{ "keys", 'k', offsetof(struct options, n_keys), 1, 1000000, 1000,
	    "different clients, logins and senders" },
	{ "idle", 'i', offsetof(struct options, n_idle), 0, 100000, 0,
	    "open so many connections, send -m messages (preset: 0) on\n"
	    "                    each, say \"idle\", hold them until stdin "
	    "closes" },
};

enum { N_NUMBERS = sizeof(numbers) / sizeof(*numbers) };

static void
print_help(FILE *out)
{
	fprintf(out,
	    "usage: load [OPTIONS] SOCKET\n"
	    "Speaks the milter protocol as Postfix does to the filter on "
	    "SOCKET (unix:PATH or\n"
	    "inet:PORT@HOST) and measures it. Exit code 1: the filter broke "
	    "the protocol.\n\n"
	    "  -d, --daemon NAME  value of {daemon_name} (mx)\n"
	    "  -a, --auth         with a login\n"
	    "  -f, --file MAIL    its body and Content-Type instead of "
	    "--body\n");
	for (size_t i = 0; i < N_NUMBERS; i++)
		fprintf(out, "  -%c, --%-12s %s (%u)\n", numbers[i].letter,
		    numbers[i].name, numbers[i].help, numbers[i].preset);
}

static int
read_number(const struct number *number, const char *text, unsigned *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' ||
	    value < number->min || value > number->max) {
		fprintf(stderr, "load: --%s takes a number from %u to %u\n",
		    number->name, number->min, number->max);
		return -1;
	}
	*out = (unsigned)value;
	return 0;
}

static unsigned *
find_field(struct options *options, const struct number *number)
{
	return (unsigned *)(void *)((char *)options + number->where);
}

static enum options_outcome
take_option(struct options *options, int letter, bool *has_messages)
{
	if (letter == 'h') {
		print_help(stdout);
		return OPTIONS_HELP;
	}
	if (letter == 'd')
		options->daemon_name = optarg;
	if (letter == 'a')
		options->is_authenticated = true;
	if (letter == 'f')
		options->mail = optarg;
	if (letter == 'd' || letter == 'a' || letter == 'f')
		return OPTIONS_FINE;
	for (size_t i = 0; i < N_NUMBERS; i++) {
		if (numbers[i].letter != letter)
			continue;
		*has_messages = *has_messages || letter == 'm';
		return read_number(&numbers[i], optarg,
			   find_field(options, &numbers[i])) == -1
			   ? OPTIONS_WRONG
			   : OPTIONS_FINE;
	}
	print_help(stderr);
	return OPTIONS_WRONG;
}

/* What getopt_long wants to know. */
static void
make_tables(struct option *longs, char *shorts)
{
	static const struct option others[] = {
		{ "daemon", required_argument, NULL, 'd' },
		{ "auth", no_argument, NULL, 'a' },
		{ "file", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};

	for (size_t i = 0; i < N_NUMBERS; i++) {
		*longs++ = (struct option){ numbers[i].name, required_argument,
			NULL, numbers[i].letter };
		*shorts++ = numbers[i].letter;
		*shorts++ = ':';
	}
	memcpy(longs, others, sizeof(others));
	strcpy(shorts, "d:f:ah");
}

enum options_outcome
options_read(int argc, char **argv, struct options *options_out)
{
	struct option longs[N_NUMBERS + 5];
	char shorts[2 * N_NUMBERS + 8];
	bool has_messages = false;
	int letter;

	*options_out = (struct options){ .daemon_name = "mx" };
	for (size_t i = 0; i < N_NUMBERS; i++)
		*find_field(options_out, &numbers[i]) = numbers[i].preset;
	make_tables(longs, shorts);
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		enum options_outcome outcome =
		    take_option(options_out, letter, &has_messages);

		if (outcome != OPTIONS_FINE)
			return outcome;
	}
	if (optind != argc - 1) {
		print_help(stderr);
		return OPTIONS_WRONG;
	}
	options_out->socket = argv[optind];
	if (options_out->n_idle > 0 && !has_messages)
		options_out->n_messages = 0;
	return OPTIONS_FINE;
}
