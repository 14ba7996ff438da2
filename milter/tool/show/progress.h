/*
 * progress: one line on a terminal that says how far a long work is, drawn again
 * and again, and gone at the end. Where standard error is no terminal there is
 * none.
 */
#ifndef SLUICE_TOOL_SHOW_PROGRESS_H
#define SLUICE_TOOL_SHOW_PROGRESS_H

#include "base/buf.h"

struct progress {
	bool is_shown;
	int64_t began_us;
	int64_t drawn_us; /* last; 0: never */
	uint64_t total;   /* bytes; 0: not known */
	uint64_t bytes;   /* until now */
	uint64_t n_mails;
};

/* Is there a terminal to show it on? */
bool progress_is_wanted(void);
void progress_open(struct progress *progress, uint64_t total);
/* Draws it, if that is due again. */
void progress_step(struct progress *progress);
/* It is not there any more, and the cursor is at the beginning of its line. */
void progress_close(struct progress *progress);

/* The line as of then, with no more than width characters. Pure. */
void progress_line(const struct progress *progress, int64_t now_us,
    unsigned width, struct buf *out);

#endif
