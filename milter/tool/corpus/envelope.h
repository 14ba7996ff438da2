/*
 * envelope: what a mail that lies in a file may have come with - client, HELO,
 * sender, recipients - from options or, where there is none, from what the mail
 * itself tells, or else a placeholder.
 */
#ifndef SLUICE_TOOL_CORPUS_ENVELOPE_H
#define SLUICE_TOOL_CORPUS_ENVELOPE_H

#include "base/arena.h"
#include "engine/session.h"
#include "tool/tool.h"

#define ENVELOPE_RCPTS_MAX 16
/* Rows of options: those below, each recipient, and the end. */
#define ENVELOPE_OPTIONS   (6 + ENVELOPE_RCPTS_MAX)

/* As they were written; NULL: not given. */
struct envelope_options {
	const char *client, *name, *helo, *from, *user, *daemon;
	const char *rcpts[ENVELOPE_RCPTS_MAX];
	struct ip client_ip;
};

/* Adds ENVELOPE_OPTIONS rows; returns where the next one goes. */
struct tool_option *envelope_rows(
    struct envelope_options *options, struct tool_option *rows);
/* 0, or -1: a usage error, which was said. */
int envelope_check(const struct tool *tool, struct envelope_options *options);

/* A text, and what it is from: "--helo", "Received", "placeholder". */
struct envelope_text {
	struct str text;
	const char *origin;
};

struct envelope {
	struct session_client client;
	const char *client_origin;
	struct envelope_text helo;
	struct envelope_text from; /* without brackets; may be empty */
	struct envelope_text rcpts[ENVELOPE_RCPTS_MAX];
	size_t n_rcpts;              /* at least 1 */
	struct envelope_text daemon; /* empty: none */
	struct envelope_text user;   /* empty: none */
};

/* All of it lives in the arena. */
void envelope_of_mail(const struct envelope_options *options, struct str mail,
    struct arena *arena, struct envelope *envelope_out);

#endif
