/*
 * What is allowed is listed, nothing else is. The trap is an "@" inside of
 * quotes: a quoted local part is read to its own end.
 */
#include "rules/mailbox.h"

#include "base/utf8.h"

static bool
is_beyond_ascii(char c)
{
	return (unsigned char)c >= 0x80;
}

/* RFC 5322 section 3.2.3: atext and the dot between atoms. */
static bool
may_be_local(char c)
{
	return ascii_is_alnum(c) || is_beyond_ascii(c) ||
	       str_find(STR(".!#$%&'*+-/=?^_`{|}~"), c) >= 0;
}

/* Names, and what stands in an address literal: [IPv6:2001:db8::7]. */
static bool
may_be_domain(char c)
{
	return ascii_is_alnum(c) || is_beyond_ascii(c) ||
	       str_find(STR(".-_[]:"), c) >= 0;
}

/* From quote to quote; 0: it does not end, or has a blank or control byte. */
static size_t
quoted_length(struct str address)
{
	for (size_t i = 1; i < address.len; i++) {
		if (address.p[i] == '"')
			return i + 1;
		if (address.p[i] == '\\' && ++i == address.len)
			return 0;
		if ((unsigned char)address.p[i] <= ' ' || address.p[i] == 0x7f)
			return 0;
	}
	return 0;
}

/* Up to the "@", or else to the first byte that cannot stand there. */
static size_t
local_length(struct str address)
{
	size_t n = 0;

	if (str_starts(address, STR("\"")))
		return quoted_length(address);
	while (n < address.len && may_be_local(address.p[n]))
		n++;
	return n;
}

/* Characters are whole, and none is a control (C1). */
static bool
is_clean_utf8(struct str text)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if ((unsigned char)text.p[i] == 0xc2 &&
		    (unsigned char)text.p[i + 1] < 0xa0)
			return false;
	return utf8_bad(text) == -1;
}

static const char *
encoding_flaw(struct str address, bool may_be_utf8)
{
	for (size_t i = 0; i < address.len; i++) {
		if (!is_beyond_ascii(address.p[i]))
			continue;
		if (!may_be_utf8)
			return "it is not ASCII (a domain may be written "
			       "xn--…)";
		return is_clean_utf8(address) ? NULL : "it is no UTF-8";
	}
	return NULL;
}

static const char *
domain_flaw(struct str domain)
{
	for (size_t i = 0; i < domain.len; i++)
		if (!may_be_domain(domain.p[i]) ||
		    (domain.p[0] != '[' &&
			str_find(STR("[]:"), domain.p[i]) >= 0))
			return "behind the '@' it has what cannot stand there";
	if (str_starts(domain, STR("-")) || str_starts(domain, STR(".")))
		return "behind the '@' it has what cannot stand there";
	return NULL;
}

const char *
mailbox_flaw(struct str address, bool may_be_utf8)
{
	const char *flaw = encoding_flaw(address, may_be_utf8);
	size_t local = local_length(address);

	if (str_starts(address, STR("<")) ||
	    (address.len > 0 && address.p[address.len - 1] == '>'))
		return "it stands without brackets";
	if (flaw != NULL)
		return flaw;
	/* Sendmail runs "|program" and writes to "/file"; Postfix refuses what
	 * programs would take for an option. */
	if (address.len > 0 && str_find(STR("|/-"), address.p[0]) >= 0)
		return "it begins like a file, a program or an option";
	if (local == address.len)
		return "it has no '@'";
	if (address.p[local] != '@')
		return "before the '@' it has what cannot stand there";
	if (local == 0 || local + 1 == address.len)
		return "nothing stands before or behind its '@'";
	if (local > MAILBOX_LOCAL_MAX ||
	    address.len - local - 1 > MAILBOX_DOMAIN_MAX)
		return "it is too long (64 bytes, @, 255 bytes)";
	return domain_flaw(str_from(address, local + 1));
}
