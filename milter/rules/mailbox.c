#include "rules/mailbox.h"

/* RFC 5322 section 3.2.3: atext and the dot between atoms. */
static bool
may_be_local(char c)
{
	return ascii_is_alnum(c) ||
	       str_find(STR(".!#$%&'*+-/=?^_`{|}~"), c) >= 0;
}

/* Names, and what stands in an address literal: [IPv6:2001:db8::7]. */
static bool
may_be_domain(char c)
{
	return ascii_is_alnum(c) || str_find(STR(".-_[]:"), c) >= 0;
}

const char *
mailbox_flaw(struct str address)
{
	ptrdiff_t at = str_find_last(address, '@');
	size_t local = at < 0 ? address.len : (size_t)at;

	if (str_find(address, '<') >= 0 || str_find(address, '>') >= 0)
		return "it stands without brackets";
	for (size_t i = 0; i < address.len; i++)
		if ((unsigned char)address.p[i] >= 0x80)
			return "it is not ASCII (a domain may be written "
			       "xn--…)";
	for (size_t i = 0; i < local; i++)
		if (!may_be_local(address.p[i]))
			return "before the '@' it has what cannot stand there";
	if (at < 0)
		return "it has no '@'";
	for (size_t i = local + 1; i < address.len; i++)
		if (!may_be_domain(address.p[i]))
			return "behind the '@' it has what cannot stand there";
	if (local == 0 || local + 1 == address.len)
		return "nothing stands before or behind its '@'";
	if (local > MAILBOX_LOCAL_MAX ||
	    address.len - local - 1 > MAILBOX_DOMAIN_MAX)
		return "it is too long (64 bytes, @, 255 bytes)";
	return NULL;
}
