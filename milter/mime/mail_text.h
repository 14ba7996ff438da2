/*
 * mail_text: a mail as it stands in a file, read the way in which an MTA hands
 * it to a milter.
 *
 * Pure: the caller has the text and keeps it while it is read. Lines may end
 * with LF or with CR LF. Where the first one ends with CR LF the text is taken
 * for what went over the wire, and a bare LF in its body stays one; elsewhere
 * each LF of the body becomes CR LF. One thread at a time.
 */
#ifndef SLUICE_MIME_MAIL_TEXT_H
#define SLUICE_MIME_MAIL_TEXT_H

#include "base/buf.h"

struct mail_text {
	struct str rest;  /* not read yet */
	struct buf value; /* of the field that was read last */
	bool is_wire;     /* its lines end with CR LF */
	bool is_in_body;
	bool is_line_open; /* the body so far ends within a line … */
	bool is_cr;        /* … behind a CR */
};

/* A "From " line of a mailbox before the mail is skipped. */
void mail_text_init(struct mail_text *mail, struct str text);
void mail_text_done(struct mail_text *mail);

/*
 * The next header field: the value without the blank behind the colon, its
 * lines joined by LF, valid until the next call. False: there are no more. The
 * header ends with an empty line, or before a line that cannot be in one.
 */
bool mail_text_field(
    struct mail_text *mail, struct str *name_out, struct str *value_out);

/*
 * Behind the fields: the next bytes of the body, at most size (2 or more), with
 * CR LF behind the last line whether it has an end or not. 0: that was all.
 */
size_t mail_text_body(struct mail_text *mail, char *out, size_t size);

#endif
