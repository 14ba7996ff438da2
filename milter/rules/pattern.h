/*
 * pattern: a regular expression, ready to match. The only user of PCRE2.
 *
 * A pattern is compiled once, is never changed and may be used by any number
 * of threads: what a match needs (match data, JIT stack) is borrowed for the
 * length of one call, so two threads never share it.
 *
 * Subjects over 64 KiB are matched in segments of 64 KiB that overlap by
 * 4 KiB: a match longer than the overlap may be missed, or be cut short, at a
 * border; any other is found as if there were none. "^" and "\A" hold at the
 * start of the subject only, "$" at its end; so does "\z" for matches up to the
 * overlap. Look-behind sees all that is before.
 */
#ifndef SLUICE_RULES_PATTERN_H
#define SLUICE_RULES_PATTERN_H

#include "base/arena.h"
#include "base/buf.h"

#define PATTERN_MAX_BYTES    8192
#define PATTERN_SEGMENT      ((size_t)64 * 1024)
#define PATTERN_OVERLAP      ((size_t)4 * 1024)
#define PATTERN_CAPTURES_MAX 10 /* ${match} and ${1} to ${9} */

struct pattern;

/*
 * flags: letters of "imsx". is_utf8: subjects will be valid UTF-8; else they
 * are bytes. NULL if it cannot be compiled: a reason in error, and the offset
 * to which it points: in the text, or behind it and its "/" in the flags. Freed
 * by pattern_free.
 */
struct pattern *pattern_new(struct str text, struct str flags, bool is_utf8,
    struct buf *error, size_t *offset_out);
void pattern_free(struct pattern *pattern); /* NULL is fine */
unsigned pattern_n_groups(const struct pattern *pattern);
/* As it was made. */
struct str pattern_text(const struct pattern *pattern);
struct str pattern_flags(const struct pattern *pattern);
bool pattern_is_utf8(const struct pattern *pattern);
/* What "." leaves out: LF, unless the library was built in another way. */
bool pattern_newline_is_lf(void);
/* May patterns become machine code here? Some systems forbid a process memory
 * that it both wrote and runs; then matching takes several times as long. */
bool pattern_is_fast(void);

/* What a message may spend; shared by all matches of one message. */
struct pattern_budget {
	uint32_t match_limit; /* of PCRE2, for each start position */
	int64_t cpu_us;       /* left; goes down. Below 0: spent */
	int64_t clock_us;     /* the thread's, as read last; whoever continues
				 on another thread sets it to 0 */
	unsigned n_short;     /* subjects so short that few are timed */
};

/* Points into the subject; what did not take part is empty. */
struct pattern_captures {
	struct str groups[PATTERN_CAPTURES_MAX];
};

enum pattern_result {
	PATTERN_NO,
	PATTERN_YES,
	PATTERN_OVER_LIMIT,  /* match limit or stack: no answer */
	PATTERN_OVER_BUDGET, /* cpu_us was spent: no answer */
};

/* Takes from the budget what the thread used since its clock was read last:
 * all of that is for the message. The first call begins the count. */
void pattern_budget_spend(struct pattern_budget *budget);

/* captures_out may be NULL. */
enum pattern_result pattern_match(const struct pattern *pattern,
    struct str subject, struct pattern_budget *budget,
    struct pattern_captures *captures_out);

#endif
