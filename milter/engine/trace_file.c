/*
 * `file "mail.eml"`: a whole mail, its header fields and its body, as an MTA
 * would hand them on (mime/mail_text.h).
 */
#include "engine/trace_run.h"

#include "mime/mail_text.h"

#define PIECE_BYTES ((size_t)16 * 1024)

/* False: DATA was refused. */
static bool
send_fields(struct trace_run *run, struct mail_text *mail)
{
	struct str name, value;

	while (mail_text_field(mail, &name, &value))
		if (!trace_send_header(run, name, value))
			return false;
	return true;
}

static void
send_mail(struct trace_run *run, struct str text)
{
	struct mail_text mail;
	struct buf body = { 0 };
	char piece[PIECE_BYTES];
	size_t n;

	mail_text_init(&mail, text);
	if (send_fields(run, &mail)) {
		while ((n = mail_text_body(&mail, piece, sizeof(piece))) > 0)
			buf_add(&body, (struct str){ piece, n });
		trace_send_body(run, buf_str(&body));
	}
	buf_done(&body);
	mail_text_done(&mail);
}

int
trace_run_file_verb(struct trace_run *run, const struct trace_step *step)
{
	const struct rules_io *io = run->options->io;
	const char *path = trace_join_folder(
	    run->event.arena, step->pos.source->path, step->words[0].text);
	struct buf text = { 0 }, error = { 0 };
	int rc = 0;

	if (io->read(io->context, path, TRACE_BODY_MAX, &text, &error) == 0)
		send_mail(run, buf_str(&text));
	else
		rc = trace_fail(
		    run, "a mail that can be read", buf_str(&error).p);
	buf_done(&text);
	buf_done(&error);
	return rc;
}
