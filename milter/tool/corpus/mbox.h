/*
 * mbox: the mails of a mailbox file, as it is read.
 *
 * A mail begins with a "From " line that has a time and a year in it and
 * stands at the beginning or behind an empty line. ">From " and ">>From " of a
 * line lose one ">" (mboxo, mboxrd); Content-Length is not looked at. Memory:
 * the mail under way, at most max_bytes of it.
 */
#ifndef SLUICE_TOOL_CORPUS_MBOX_H
#define SLUICE_TOOL_CORPUS_MBOX_H

#include "base/buf.h"

struct mbox_mail {
	struct buf *text; /* without its "From " line; may be taken away */
	uint64_t number;  /* in the file, from 1 */
	bool is_only;     /* there is no other in the file */
	bool is_too_large;
};

struct mbox {
	/* false: no more mails are wanted */
	bool (*each)(void *context, struct mbox_mail *mail);
	void *context;
	size_t max_bytes;
	uint64_t number; /* of the mail under way; 0: none yet */
	struct buf text;
	struct buf line;     /* that is not whole yet */
	bool is_line_long;   /* its beginning is in text already */
	bool was_line_empty; /* the one before it */
	bool is_too_large;
	bool has_ended; /* each said so */
};

void mbox_init(struct mbox *mbox, size_t max_bytes,
    bool (*each)(void *context, struct mbox_mail *mail), void *context);
/* False: no more bytes are wanted. */
bool mbox_push(struct mbox *mbox, struct str bytes);
/* The last mail, unless no more are wanted. */
void mbox_end(struct mbox *mbox);
void mbox_done(struct mbox *mbox);

/* Does a file that begins so have to be read as a mailbox? */
bool mbox_is_one(struct str beginning);

#endif
