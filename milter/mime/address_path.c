/*
 * An MTA has already refused what is no path, so this only takes off what is
 * not the mailbox. The trap is an "@" inside a quoted local part: the last one
 * divides, unless the text ends in the quote.
 */
#include "mime/address.h"

static struct str
skip_route(struct str path)
{
	ptrdiff_t colon;

	if (path.len == 0 || path.p[0] != '@')
		return path;
	colon = str_find(path, ':');
	return colon < 0 ? path : str_from(path, (size_t)colon + 1);
}

static struct str
strip_quotes(struct str local)
{
	bool is_quoted = local.len >= 2 && local.p[0] == '"' &&
			 local.p[local.len - 1] == '"';

	if (!is_quoted || str_find(local, '\\') >= 0)
		return local;
	return str_sub(local, 1, local.len - 1);
}

struct str
address_of_path(struct str path, struct str *local_out, struct str *domain_out)
{
	ptrdiff_t at;

	path = str_trim(path);
	if (path.len > 0 && path.p[0] == '<')
		path = str_trim(str_from(path, 1));
	if (path.len > 0 && path.p[path.len - 1] == '>')
		path = str_trim(str_sub(path, 0, path.len - 1));
	path = skip_route(path);
	at = str_find_last(path, '@');
	if (path.len > 0 && path.p[path.len - 1] == '"')
		at = -1;
	*local_out = at < 0 ? path : str_sub(path, 0, (size_t)at);
	*domain_out =
	    at < 0 ? str_from(path, path.len) : str_from(path, (size_t)at + 1);
	*local_out = strip_quotes(*local_out);
	return path;
}
