/*
 * A diagnostic shows the line that it is about, and goes into a log that more
 * people read than the file. What is wrong with a URL is often just that which
 * makes its password hard to find (a missing '@', a bare '?'), so the mask
 * covers too much rather than too little. Lengths stay, so that the caret
 * stands where it should.
 */
#include "conf/secret.h"

#include "base/sanitized.h"
#include "conf/option.h"

#include <string.h>
#include <sys/prctl.h>

#define WORD STR("pass") /* "password=", "sentinel_password=", misspelt */

/* Where what stands in text begins, or text.len. */
static size_t
find(struct str text, struct str what)
{
	const char *p = memmem(text.p, text.len, what.p, what.len);

	return text.len > 0 && p != NULL ? (size_t)(p - text.p) : text.len;
}

bool
secret_is_in_url(struct str url)
{
	ptrdiff_t at = str_find_last(url, '@');
	ptrdiff_t colon =
	    str_find_last(str_sub(url, 0, at < 0 ? 0 : (size_t)at), ':');

	if (find(url, STR("password=")) < url.len)
		return true;
	return colon >= 0 &&
	       !str_starts(str_from(url, (size_t)colon), STR("://"));
}

/* Is all behind the colon of "HOST:6379/0,HOST:6379?…" a port? */
static bool
is_port(struct str text)
{
	size_t n = 0;

	while (n < text.len && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n > 0 && n <= 5 &&
	       (n == text.len || str_find(STR("/?,\" \t\r"), text.p[n]) >= 0);
}

/* Where a host is followed by what is no port, or text.len. */
static size_t
find_no_port(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == ':' && !is_port(str_from(text, i + 1)))
			return i + 1;
	return text.len;
}

static void
cover(struct str text, size_t from, size_t to)
{
	/* The text is the copy that secret_mask made. */
	char *p = (char *)(uintptr_t)text.p;

	for (size_t i = from; i < to; i++)
		if (p[i] != '\r')
			p[i] = '*';
}

/* text: what stands behind "store =". */
static void
mask_url(struct str text)
{
	struct str rest = text;
	ptrdiff_t at;
	size_t from;

	if ((from = find(text, STR("://"))) < text.len)
		rest = str_from(text, from + 3);
	at = str_find_last(rest, '@');
	if (at >= 0)
		cover(rest, 0, (size_t)at);
	cover(rest, find(rest, WORD), rest.len);
	/* An address in brackets is full of colons, and no secret. */
	if (at < 0 && str_find(rest, '[') < 0)
		cover(rest, find_no_port(rest), rest.len);
}

static bool
is_name_char(char c)
{
	return ascii_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static void
mask_line(struct str line)
{
	const struct option *option;
	struct str name;

	while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = str_from(line, 1);
	name = str_sub(line, 0, 0);
	while (name.len < line.len && is_name_char(line.p[name.len]))
		name.len++;
	option = option_find(name);
	line = str_from(line, name.len);
	if (option == NULL)
		cover(line, 0, line.len);
	else if (str_is(name, "store"))
		mask_url(line);
}

struct str
secret_mask(struct arena *arena, struct str text)
{
	struct str masked = arena_str(arena, text), rest = masked;

	while (rest.len > 0)
		mask_line(str_take(&rest, '\n'));
	return masked;
}

void
secret_forbid_dumps(void)
{
	if (!IS_SANITIZED) /* those trace their own process at its end */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
