/*
 * A target is taken apart as the URL standard of browsers does it: blanks and
 * line ends go first, then scheme, slashes of either kind, user, host, port;
 * what is left is the path. Each piece only looks forward, so the cost is
 * linear.
 */
#include "mime/url.h"

#include "base/buf.h"
#include "base/domain.h"
#include "base/ip.h"
#include "mime/url_host.h"

struct scheme {
	const char *name;
	const char *port; /* that need not be said */
};

/* These have a host, with any number of slashes before it. */
static const struct scheme schemes[] = {
	{ "http", "80" },
	{ "https", "443" },
	{ "ftp", "21" },
	{ "ws", "80" },
	{ "wss", "443" },
};

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Without blanks, line ends and other controls: a copy only if there are any.
 */
static struct str
without_blanks(struct arena *arena, struct str s)
{
	size_t n = 0, first = 0;
	char *copy;

	while (first < s.len && (unsigned char)s.p[first] > ' ')
		first++;
	if (first == s.len)
		return s;
	copy = arena_alloc(arena, s.len);
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] > ' ')
			copy[n++] = s.p[i];
	return (struct str){ copy, n };
}

/* "HTTPS:" -> 5; 0: no scheme. */
static size_t
scheme_len(struct str s)
{
	size_t len = 0;

	while (len < s.len && (ascii_is_alnum(s.p[len]) || s.p[len] == '+' ||
				  s.p[len] == '-' || s.p[len] == '.'))
		len++;
	if (len == 0 || len == s.len || s.p[len] != ':' ||
	    (s.p[0] >= '0' && s.p[0] <= '9'))
		return 0;
	return len;
}

static const struct scheme *
find_scheme(struct str name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (str_eq_nocase(str_of(schemes[i].name), name))
			return &schemes[i];
	return NULL;
}

static size_t
skip_slashes(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_slash(s.p[n]))
		n++;
	return n;
}

/* Up to the path, the query or the fragment. */
static size_t
authority_len(struct str s)
{
	size_t len = 0;

	while (len < s.len && !is_slash(s.p[len]) && s.p[len] != '?' &&
	       s.p[len] != '#')
		len++;
	return len;
}

/* Takes ":8080" off, if there is one. */
static struct str
take_port(struct str *authority)
{
	ptrdiff_t colon = str_find_last(*authority, ':');
	struct str port = { "", 0 };

	if (colon < 0 || str_find_last(*authority, ']') > colon)
		return port;
	port = str_from(*authority, (size_t)colon + 1);
	for (size_t i = 0; i < port.len; i++)
		if (port.p[i] < '0' || port.p[i] > '9')
			return (struct str){ "", 0 };
	*authority = str_sub(*authority, 0, (size_t)colon);
	while (port.len > 1 && port.p[0] == '0')
		port = str_from(port, 1);
	return port;
}

static bool
is_unreserved(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

/* Path, query and fragment: what need not be coded is not. */
static void
add_rest(struct buf *url, struct str rest)
{
	bool is_path = true;

	buf_reserve(url, rest.len + 1);
	if (rest.len == 0 || !is_slash(rest.p[0]))
		buf_byte(url, '/');
	for (size_t i = 0; i < rest.len; i++) {
		char c = rest.p[i], decoded;

		if (c == '?' || c == '#')
			is_path = false;
		if (c == '\\' && is_path)
			c = '/';
		if (c == '%' && url_percent(str_from(rest, i), &decoded) &&
		    is_unreserved(decoded)) {
			c = decoded;
			i += 2;
		}
		url->p[url->len++] = c;
	}
	url->p[url->len] = '\0';
}

static void
add_lower(struct buf *url, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_byte(url, ascii_lower(s.p[i]));
}

/* mailto:, data:, cid:, …: only the scheme has one spelling. */
static int
normal_opaque(
    struct arena *arena, struct str target, size_t len, struct str *url_out)
{
	struct buf url = { 0 };

	add_lower(&url, str_sub(target, 0, len));
	buf_add(&url, str_from(target, len));
	*url_out = arena_str(arena, buf_str(&url));
	buf_done(&url);
	return 0;
}

/* Of "file://host/x" and the like, which are asked for at a click: the host.
 * Empty: none, as in "file:///x". */
static struct str
host_of_share(struct arena *arena, struct str scheme, struct str rest)
{
	static const char *const shares[] = { "file", "smb", "sftp", "ftps",
		"webcal", "webcals", "feed", "intent" };
	size_t slashes = skip_slashes(rest);
	struct str host = { "", 0 };

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		if (slashes < 2 || slashes == 3 ||
		    !str_eq_nocase(scheme, str_of(shares[i])))
			continue;
		rest = str_from(rest, slashes);
		host = str_sub(rest, 0, authority_len(rest));
		host = str_from(host, (size_t)(str_find_last(host, '@') + 1));
		take_port(&host);
		return url_host(arena, host);
	}
	return host;
}

/* rest: behind scheme and slashes. */
static int
normal_web(struct arena *arena, const struct scheme *scheme, struct str rest,
    struct str *url_out, struct str *host_out)
{
	struct str authority = str_sub(rest, 0, authority_len(rest));
	struct str port, host;
	struct buf url = { 0 };
	ptrdiff_t user;

	rest = str_from(rest, authority.len);
	if ((user = str_find_last(authority, '@')) >= 0)
		authority = str_from(authority, (size_t)user + 1);
	port = take_port(&authority);
	host = url_host(arena, authority);
	if (host.len == 0)
		return -1;
	buf_add_cstr(&url, scheme->name);
	buf_add_cstr(&url, "://");
	if (str_find(host, ':') >= 0) {
		buf_byte(&url, '[');
		buf_add(&url, host);
		buf_byte(&url, ']');
	} else {
		buf_add(&url, host);
	}
	if (port.len > 0 && !str_is(port, scheme->port)) {
		buf_byte(&url, ':');
		buf_add(&url, port);
	}
	add_rest(&url, rest);
	*url_out = arena_str(arena, buf_str(&url));
	*host_out = host;
	buf_done(&url);
	return 0;
}

int
url_normal(struct arena *arena, struct str target, struct str *url_out,
    struct str *host_out)
{
	const struct scheme *scheme = &schemes[0];
	size_t len, slashes;

	target = without_blanks(arena, target);
	slashes = skip_slashes(target);
	if (slashes >= 2)
		return normal_web(arena, scheme, str_from(target, slashes),
		    url_out, host_out);
	if (str_starts_nocase(target, STR("www.")))
		return normal_web(arena, scheme, target, url_out, host_out);
	if ((len = scheme_len(target)) == 0)
		return -1;
	scheme = find_scheme(str_sub(target, 0, len));
	if (scheme == NULL) {
		*host_out = host_of_share(
		    arena, str_sub(target, 0, len), str_from(target, len + 1));
		return normal_opaque(arena, target, len, url_out);
	}
	target = str_from(target, len + 1);
	return normal_web(arena, scheme, str_from(target, skip_slashes(target)),
	    url_out, host_out);
}
