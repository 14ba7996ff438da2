/*
 * A cursor over text. The trap is the end of the header: mail without an empty
 * line between header and body is common in the wild, and MTAs let the body
 * begin with the first line that cannot be a field.
 */
#include "mime/mail_text.h"

#include <assert.h>
#include <string.h>

void
mail_text_init(struct mail_text *mail, struct str text)
{
	ptrdiff_t end = str_find(text, '\n');

	*mail = (struct mail_text){ .rest = text };
	if (end > 0)
		mail->is_wire = text.p[end - 1] == '\r';
	if (end >= 0 && str_starts(text, STR("From ")))
		mail->rest = str_from(text, (size_t)end + 1);
}

void
mail_text_done(struct mail_text *mail)
{
	buf_done(&mail->value);
}

/* The line at the start of text without its end, and what is behind it. */
static struct str
first_line(struct str text, struct str *rest_out)
{
	struct str line = str_take(&text, '\n');

	*rest_out = text;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "Subject: …": its name, and what is behind the colon. */
static bool
split_field(struct str line, struct str *name_out, struct str *value_out)
{
	ptrdiff_t colon = str_find(line, ':');
	size_t len = colon < 0 ? 0 : (size_t)colon;

	while (len > 0 && is_blank(line.p[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		if (line.p[i] <= ' ' || line.p[i] > '~')
			return false;
	if (len == 0)
		return false;
	*name_out = str_sub(line, 0, len);
	*value_out = str_from(line, (size_t)colon + 1);
	if (value_out->len > 0 && is_blank(value_out->p[0]))
		*value_out = str_from(*value_out, 1);
	return true;
}

/* Lines that begin with a blank go on with the field before them. */
static void
add_continuations(struct mail_text *mail)
{
	while (mail->rest.len > 0 && is_blank(mail->rest.p[0])) {
		struct str line = first_line(mail->rest, &mail->rest);

		buf_byte(&mail->value, '\n');
		buf_add(&mail->value, line);
	}
}

bool
mail_text_field(
    struct mail_text *mail, struct str *name_out, struct str *value_out)
{
	struct str line, rest, value;

	if (mail->is_in_body)
		return false;
	line = first_line(mail->rest, &rest);
	if (line.len == 0 || !split_field(line, name_out, &value)) {
		mail->is_in_body = true;
		if (line.len == 0)
			mail->rest = rest;
		return false;
	}
	mail->rest = rest;
	buf_clear(&mail->value);
	buf_add(&mail->value, value);
	add_continuations(mail);
	*value_out = buf_str(&mail->value);
	return true;
}

/* As much of what is before the next LF as there is room for. */
static size_t
take_line(struct mail_text *mail, char *out, size_t room)
{
	const char *end = memchr(mail->rest.p, '\n', mail->rest.len);
	size_t n = end == NULL ? mail->rest.len : (size_t)(end - mail->rest.p);

	if (n > room)
		n = room;
	if (n == 0)
		return 0;
	memcpy(out, mail->rest.p, n);
	mail->is_line_open = true;
	mail->is_cr = out[n - 1] == '\r';
	mail->rest = str_from(mail->rest, n);
	return n;
}

/* The end of a line, if there is room for it. */
static size_t
end_line(struct mail_text *mail, char *out, size_t room)
{
	size_t n = mail->is_wire || mail->is_cr ? 1 : 2;

	if (n > room)
		return 0;
	memcpy(out, n == 1 ? "\n" : "\r\n", n);
	mail->is_line_open = mail->is_cr = false;
	mail->rest = str_from(mail->rest, 1);
	return n;
}

size_t
mail_text_body(struct mail_text *mail, char *out, size_t size)
{
	size_t n = 0;

	assert(size >= 2);
	mail->is_in_body = true;
	while (n < size && mail->rest.len > 0) {
		size_t got = mail->rest.p[0] == '\n'
				 ? end_line(mail, out + n, size - n)
				 : take_line(mail, out + n, size - n);

		if (got == 0)
			return n; /* one byte of room, two are needed */
		n += got;
	}
	if (mail->rest.len > 0 || !mail->is_line_open || size - n < 2)
		return n;
	memcpy(out + n, "\r\n", 2);
	mail->is_line_open = false;
	return n + 2;
}
