/*
 * replay: what came of a corpus, for the report. Private to replay*.c.
 */
#ifndef SLUICE_TOOL_REPLAY_H
#define SLUICE_TOOL_REPLAY_H

#include "tool/corpus/diff.h"

struct replay {
	struct ruleset *rules;
	struct ruleset *against; /* NULL: only the one */
	struct tally tally;      /* of rules */
	struct tally tally_now;  /* of against, as is … */
	struct diff diff;
	uint64_t n_unreadable;
	struct examples unreadable;
	int64_t took_us;
	unsigned n_threads;
	bool is_interrupted;
};

/* What the rules did. */
void replay_print(const struct replay *replay, struct buf *out);
void replay_json(const struct replay *replay, struct buf *out);
/* Only what is different with the other rules. */
void replay_print_diff(const struct replay *replay, struct buf *out);
void replay_json_diff(const struct replay *replay, struct buf *out);

#endif
