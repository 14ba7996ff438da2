/*
 * eval: is a condition true? Pure: no I/O, no clock, nothing waits.
 */
#ifndef SLUICE_ENGINE_EVAL_H
#define SLUICE_ENGINE_EVAL_H

#include "engine/state.h"

/* Where in a fact it was found that a condition is true. */
struct finding {
	const struct fact_ref *ref; /* NULL: nowhere */
	size_t value;               /* which of its values */
	size_t offset;
	struct str text;
	const struct mime_part *part; /* NULL: no part said it */
};

/* What made a condition true, for the texts of its rule. */
struct evidence {
	bool has_match;
	struct pattern_captures captures; /* of the leftmost regex */
	/* Its place; or, where no regex decided, the first value of a part of
	 * the message that was found. */
	struct finding finding;
	const struct limit *limit; /* over, or near or used; of those that are
				      over the one with the longest wait */
	struct limit_level level;
	bool is_by_limit; /* a limit decided, be it that it is not over */
	bool is_tempfail; /* the answer is unknown, and a limit or table with
			     on-outage tempfail is why */
};

/* cond NULL is true. evidence is added to, not begun anew. */
enum tri eval_condition(struct session *session, const struct condition *cond,
    struct evidence *evidence);

/* text with its facts filled in, at most session_caps.text_bytes. */
void eval_text(struct session *session, const struct text *text,
    const struct evidence *evidence, struct buf *out);

/* The same for a condition. False: something in it could not be asked; why
 * says whether that is a reason to wait. */
bool eval_whole_text(struct session *session, const struct text *text,
    struct evidence *why, struct buf *out);

/* limit_eval.c: over, near and used. */
enum tri eval_limit(struct session *session, const struct condition *cond,
    struct evidence *evidence);

enum tri tri_of(bool value);
enum tri tri_or(enum tri a, enum tri b);

#endif
