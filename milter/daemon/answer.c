/*
 * The trap is libmilter's memory: a text whose class does not fit the status
 * that is returned is not forgotten, but goes out with the next refusal of
 * the connection. So class and status are made to fit here, in one place.
 *
 * A "%" must be doubled: Sendmail drops a text with a single one, Postfix
 * drops the sign.
 */
#include "daemon/answer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Length of "X.Y.Z" at the start of s (RFC 3463: 1.1-3.1-3), else 0. */
static size_t
xcode_length(struct str s)
{
	size_t at = 0;

	for (int part = 0; part < 3; part++) {
		size_t n = 0;

		if (part > 0 && (at == s.len || s.p[at++] != '.'))
			return 0;
		while (at < s.len && ascii_is_digit(s.p[at]) && n < 4) {
			at++;
			n++;
		}
		if (n == 0 || n > (part == 0 ? 1u : 3u))
			return 0;
	}
	return at;
}

static void
set_codes(const struct reply *reply, char class, struct answer *answer)
{
	struct str xcode = reply->xcode;
	unsigned code = reply->code;

	if (code / 100 != (unsigned)(class - '0'))
		code = class == '5' ? 550 : 450;
	snprintf(answer->code, sizeof(answer->code), "%03u", code % 1000);
	if (xcode.len == 0 || xcode.len >= sizeof(answer->xcode) ||
	    xcode.p[0] != class || xcode_length(xcode) != xcode.len)
		xcode = class == '5' ? STR("5.7.1") : STR("4.7.1");
	memcpy(answer->xcode, xcode.p, xcode.len);
	answer->xcode[xcode.len] = '\0';
}

/* Other bytes than ASCII are there only if the client said SMTPUTF8: the
 * session sees to that. */
static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

void
answer_make(const struct reply *reply, struct answer *answer_out)
{
	struct str text = reply->text;
	size_t len = 0;

	assert(reply->kind == REPLY_REJECT || reply->kind == REPLY_TEMPFAIL);
	set_codes(reply, reply->kind == REPLY_REJECT ? '5' : '4', answer_out);
	if (text.len == 0)
		text = STR("Refused");
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (len + (c == '%' ? 2 : 1) > ANSWER_TEXT_MAX)
			break;
		if (c == '%')
			answer_out->text[len++] = '%';
		answer_out->text[len++] = is_control(c) ? '?' : c;
	}
	answer_out->text[len] = '\0';
}

/* "550", followed by a blank, a dash or nothing; else 0. */
static unsigned
leading_code(struct str text)
{
	if (text.len < 3 || !ascii_is_digit(text.p[0]) ||
	    !ascii_is_digit(text.p[1]) || !ascii_is_digit(text.p[2]))
		return 0;
	if (text.len > 3 && text.p[3] != ' ' && text.p[3] != '-')
		return 0;
	return (unsigned)(text.p[0] - '0') * 100 +
	       (unsigned)(text.p[1] - '0') * 10 + (unsigned)(text.p[2] - '0');
}

void
answer_parse(
    struct str host, struct str text, unsigned *code_out, struct str *xcode_out)
{
	unsigned code = leading_code(text);
	struct str rest =
	    code != 0 && text.len > 4 ? str_from(text, 4) : STR("");
	struct str xcode = str_sub(rest, 0, xcode_length(rest));

	if (xcode.len == 0 && xcode_length(host) == host.len)
		xcode = host;
	if (code == 0 && xcode.len > 0)
		code = xcode.p[0] == '4' ? 450 : 550;
	*code_out = code;
	*xcode_out = xcode;
}
