/*
 * What is allowed is listed, nothing else is. The trap is an "@" inside of
 * quotes: the local part is read to its own end, and only then comes the "@".
 */
#include "mime/mailbox.h"

static bool
is_utf8_byte(char c)
{
	return (unsigned char)c >= 0x80;
}

/* atext of RFC 5322 section 3.2.3, and the dot. */
static bool
is_atom_char(char c)
{
	return ascii_is_alnum(c) || is_utf8_byte(c) ||
	       (c != '\0' && str_find(STR("!#$%&'*+-/=?^_`{|}~."), c) >= 0);
}

static size_t
atom_length(struct str text)
{
	size_t n = 0;

	while (n < text.len && is_atom_char(text.p[n]))
		n++;
	/* Sendmail runs "|program" and writes to "/file"; Postfix refuses what
	 * programs would take for an option. */
	if (n > 0 && str_find(STR("|/-"), text.p[0]) >= 0)
		return 0;
	return n;
}

/* From quote to quote; 0: it does not end, or has what no line may have. */
static size_t
quoted_length(struct str text)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.p[i] == '"')
			return i + 1;
		if (text.p[i] == '\\' && ++i == text.len)
			return 0;
		if (text.p[i] <= ' ' && !is_utf8_byte(text.p[i]))
			return 0;
		if (text.p[i] == 0x7f)
			return 0;
	}
	return 0;
}

static bool
is_domain(struct str domain)
{
	for (size_t i = 0; i < domain.len; i++)
		if (!ascii_is_alnum(domain.p[i]) &&
		    !is_utf8_byte(domain.p[i]) &&
		    str_find(STR("-._"), domain.p[i]) < 0)
			return false;
	return domain.len > 0 && str_find(STR("-."), domain.p[0]) < 0;
}

static bool
is_bare_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.p[i]) &&
		    str_find(STR("._+-"), name.p[i]) < 0)
			return false;
	return name.len > 0 && ascii_is_alnum(name.p[0]);
}

/* Over ASCII: none at all, or characters that are not control (C1). */
static bool
is_encoding_fine(struct str text, bool may_be_utf8)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_utf8_byte(text.p[i]))
			continue;
		if (!may_be_utf8)
			return false;
		if ((unsigned char)text.p[i] == 0xc2 && i + 1 < text.len &&
		    (unsigned char)text.p[i + 1] < 0xa0)
			return false;
	}
	return utf8_bad(text) == -1;
}

bool
mailbox_is_safe(struct str text, bool may_be_utf8)
{
	bool is_quoted = str_starts(text, STR("\""));
	size_t n;

	if (text.len == 0 || text.len > MAILBOX_MAX ||
	    !is_encoding_fine(text, may_be_utf8))
		return false;
	n = is_quoted ? quoted_length(text) : atom_length(text);
	if (n == 0)
		return false;
	if (n == text.len)
		return !is_quoted && is_bare_name(text);
	return text.p[n] == '@' && is_domain(str_from(text, n + 1));
}
