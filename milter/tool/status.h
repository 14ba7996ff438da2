/*
 * status: what a running sluiced answered on its control socket (see
 * daemon/control.h). Private to status*.c and reload.c.
 */
#ifndef SLUICE_TOOL_STATUS_H
#define SLUICE_TOOL_STATUS_H

#include "tool/tool.h"

#include "base/arena.h"

#define STATUS_ROOM_MS 20000 /* for an answer; it comes at once as a rule */

struct status_line {
	struct str name;
	struct str value;
};

/* The lines of an answer, in their order. */
struct status_reply {
	struct arena *arena;
	struct status_line *lines;
	size_t n;
};

/*
 * Asks one question ("status") and reads the whole answer. 0, or -1: nobody
 * answered, or it said that it will not; what is wrong and what to look at was
 * said. status_done in either case.
 */
int status_ask(
    struct tool *tool, const char *question, struct status_reply *reply);
void status_done(struct status_reply *reply);

/* The first line of that name; empty if there is none. */
struct str status_text(const struct status_reply *reply, const char *name);
uint64_t status_number(const struct status_reply *reply, const char *name);
/* The next line of that name behind *at, which begins as 0; NULL: no more. */
const struct status_line *status_next(
    const struct status_reply *reply, const char *name, size_t *at);

/* The number before the first blank of *rest, which moves on behind it. */
uint64_t status_take_number(struct str *rest);

/* The rules as they are in files now, beside those that run. */
enum status_disk {
	DISK_SAME,
	DISK_DIFFERS,
	DISK_WRONG,  /* a start would fail */
	DISK_UNKNOWN /* this user may not read them */
};

struct status {
	struct status_reply reply;
	enum status_disk disk;
	struct str disk_why; /* the first thing that is wrong */
	int64_t now_ms;
};

/* What somebody should look at; each is a sentence of one line. Returns how
 * many there are. */
#define STATUS_FINDINGS_MAX 8
size_t status_findings(
    const struct status *status, struct str findings[STATUS_FINDINGS_MAX]);

/* "12 rules", "1 rule" */
void status_count(struct buf *out, uint64_t n, const char *noun);
/* "12 rules, 1 limit, 3 tables" */
void status_count_rules(const struct status_reply *reply, struct buf *out);
void status_print(const struct status *status, struct buf *out);
void status_json(const struct status *status, struct buf *out);

#endif
