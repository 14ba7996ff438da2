/*
 * eval: is a condition true? Pure: no I/O, no clock, nothing waits.
 */
#ifndef SLUICE_ENGINE_EVAL_H
#define SLUICE_ENGINE_EVAL_H

#include "engine/state.h"

/* What made a condition true, for the texts of its rule. */
struct evidence {
	bool has_match;
	struct pattern_captures captures; /* of the leftmost regex */
	const struct limit *limit;        /* over; that with the longest wait */
	struct limit_level level;
	bool is_tempfail; /* the answer is unknown, and a limit with
			     on-outage tempfail is why */
};

/* cond NULL is true. evidence is added to, not begun anew. */
enum tri eval_condition(struct session *session, const struct condition *cond,
    struct evidence *evidence);

/* text with its facts filled in, at most session_caps.text_bytes. */
void eval_text(struct session *session, const struct text *text,
    const struct evidence *evidence, struct buf *out);

#endif
