/*
 * clause: the words behind what a command is about: `for 4h reason "…"`. Pure.
 */
#ifndef SLUICE_TOOL_DESK_CLAUSE_H
#define SLUICE_TOOL_DESK_CLAUSE_H

#include "base/arena.h"
#include "base/buf.h"

struct clause {
	struct str subject; /* the words before `for` and `reason`, by blanks */
	bool has_for;
	uint32_t for_sec;
	bool has_reason;
	struct str reason; /* one line */
};

/*
 * Reads words. `for` is the first word of that name, and what follows it a
 * duration; `reason` is behind it, and takes all that is left. 0, or -1 and
 * what is wrong.
 */
int clause_parse(struct arena *arena, int n, char *const *words,
    struct clause *clause_out, struct buf *error);

#endif
