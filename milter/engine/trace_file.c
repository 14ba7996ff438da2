/*
 * `file "mail.eml"`: a whole mail, its header fields and its body, as an MTA
 * would hand them on.
 *
 * A file whose first line ends in CR LF is passed as it is, byte for byte; in
 * any other each LF becomes CR LF, since that is how mail travels. The trap is
 * a header that ends without an empty line: the first line that is no field
 * begins the body, which is what MTAs make of it, too.
 */
#include "engine/trace_run.h"

struct mail {
	struct str rest;
	bool is_crlf;
};

/* Takes one line off, without its end. */
static struct str
take_line(struct mail *mail)
{
	ptrdiff_t end = str_find(mail->rest, '\n');
	size_t len = end == -1 ? mail->rest.len : (size_t)end;
	struct str line = str_sub(mail->rest, 0, len);

	mail->rest = str_from(mail->rest, end == -1 ? len : len + 1);
	if (mail->is_crlf && line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool
is_folded(struct str line)
{
	return line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* RFC 5322 section 2.2: printable, no blank, then a colon. */
static size_t
name_length(struct str line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.p[i] == ':')
			return i;
		if (line.p[i] <= ' ' || line.p[i] == 0x7f)
			return 0;
	}
	return 0;
}

/* One field with the lines that continue it, which stay folded. */
static bool
send_field(struct trace_run *run, struct mail *mail, struct buf *value)
{
	struct str line = take_line(mail);
	size_t name_len = name_length(line);

	buf_clear(value);
	buf_add(value, str_trim(str_from(line, name_len + 1)));
	while (is_folded(mail->rest)) {
		buf_byte(value, '\n');
		buf_add(value, take_line(mail));
	}
	return trace_send_header(
	    run, str_sub(line, 0, name_len), buf_str(value));
}

/* True: the body follows. */
static bool
send_fields(struct trace_run *run, struct mail *mail)
{
	struct buf value = { 0 };
	bool is_going_on = true;

	while (is_going_on && name_length(mail->rest) > 0)
		is_going_on = send_field(run, mail, &value);
	buf_done(&value);
	if (str_starts(mail->rest, STR("\n")) ||
	    str_starts(mail->rest, STR("\r\n")))
		take_line(mail);
	return is_going_on;
}

static void
send_rest(struct trace_run *run, struct mail *mail)
{
	struct buf body = { 0 };

	if (mail->is_crlf) {
		trace_send_body(run, mail->rest);
		return;
	}
	for (size_t i = 0; i < mail->rest.len; i++) {
		if (mail->rest.p[i] == '\n')
			buf_byte(&body, '\r');
		buf_byte(&body, mail->rest.p[i]);
	}
	trace_send_body(run, buf_str(&body));
	buf_done(&body);
}

static void
send_mail(struct trace_run *run, struct str text)
{
	ptrdiff_t end = str_find(text, '\n');
	struct mail mail = { .rest = text,
		.is_crlf = end > 0 && text.p[end - 1] == '\r' };

	if (send_fields(run, &mail))
		send_rest(run, &mail);
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
