/*
 * options: the command line of the load generator.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *socket;
	const char *daemon_name;
	const char *mail; /* a mail file; NULL: made up */
	unsigned n_connections;
	unsigned n_messages;
	unsigned n_sessions; /* 0: for seconds */
	unsigned seconds;
	unsigned warm_up_sec;
	unsigned limit_sec;
	unsigned body_bytes;
	unsigned n_headers;
	unsigned n_rcpts;
	unsigned n_keys;
	unsigned n_idle; /* 0: no idle run */
	bool is_authenticated;
};

enum options_outcome {
	OPTIONS_FINE,
	OPTIONS_HELP, /* was asked for, and printed */
	OPTIONS_WRONG,
};

enum options_outcome options_read(
    int argc, char **argv, struct options *options_out);

#endif
