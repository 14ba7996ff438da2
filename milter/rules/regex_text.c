/*
 * Only the end is looked for. A backslash hides whatever follows it, from us as
 * from PCRE2, so that no escape needs to be known; a brace inside of [{] is not
 * hidden, and must be \{ there.
 */
#include "rules/regex_text.h"

bool
regex_text_begins(struct str text)
{
	return str_starts(text, STR("/")) || str_starts(text, STR("m{"));
}

/* Position of the delimiter that closes, or -1. */
static ptrdiff_t
find_end(struct str text, size_t from, bool has_braces)
{
	size_t depth = 1;

	for (size_t at = from; at < text.len && text.p[at] != '\n'; at++) {
		char c = text.p[at];

		if (c == '\\' && at + 1 < text.len && text.p[at + 1] != '\n')
			at++;
		else if (c == '{' && has_braces)
			depth++;
		else if (c == (has_braces ? '}' : '/') && --depth == 0)
			return (ptrdiff_t)at;
	}
	return -1;
}

int
regex_text_read(struct str text, struct regex_text *out)
{
	bool has_braces = str_starts(text, STR("m{"));
	size_t from = has_braces ? 2 : 1;
	ptrdiff_t end;
	size_t len;

	if (!regex_text_begins(text) ||
	    (end = find_end(text, from, has_braces)) < 0)
		return -1;
	len = (size_t)end + 1;
	while (len < text.len && ascii_is_alnum(text.p[len]))
		len++;
	*out = (struct regex_text){ .pattern = str_sub(text, from, (size_t)end),
		.flags = str_sub(text, (size_t)end + 1, len),
		.at = from,
		.len = len };
	return 0;
}

/* Nothing but m{…} can have one that stands alone. */
static bool
has_bare_slash(struct str pattern)
{
	for (size_t i = 0; i < pattern.len; i++) {
		if (pattern.p[i] == '/')
			return true;
		i += pattern.p[i] == '\\';
	}
	return false;
}

void
regex_text_print(struct str pattern, struct str flags, struct buf *out)
{
	bool has_braces = has_bare_slash(pattern);

	buf_add_cstr(out, has_braces ? "m{" : "/");
	buf_add(out, pattern);
	buf_add_cstr(out, has_braces ? "}" : "/");
	buf_add(out, flags);
}
