/*
 * One URL of four shapes. Each mistake says what was found and what would be
 * right, but a message never repeats what may be a password: whatever stands
 * before an '@'.
 */
#include "store/url.h"

#include <string.h>

#define REDIS_PORT   6379
#define REDIS_DB_MAX 65535

#define EXAMPLES                                                               \
	"\"redis://127.0.0.1:6379/0\", "                                       \
	"\"redis+unix:///run/redis/redis.sock\" "                              \
	"or \"memory\""

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX. NULL where that is damaged or would make a NUL byte. */
static const char *
decode(struct arena *arena, struct str text)
{
	char *decoded = arena_alloc(arena, text.len + 1), *p = decoded;

	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.p[i] != '%') {
			*p++ = text.p[i];
			continue;
		}
		if (text.len - i < 3)
			return NULL;
		high = hex_digit(text.p[i + 1]);
		low = hex_digit(text.p[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		*p++ = (char)(high * 16 + low);
		i += 2;
	}
	*p = '\0';
	return decoded;
}

static int
parse_number(struct str text, unsigned max, unsigned *n_out)
{
	unsigned n = 0;

	if (text.len == 0 || text.len > 5)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		n = n * 10 + (unsigned)(text.p[i] - '0');
	}
	if (n > max)
		return -1;
	*n_out = n;
	return 0;
}

static int
parse_db(struct str text, struct store_url *url, struct buf *error)
{
	if (parse_number(text, REDIS_DB_MAX, &url->db) == 0)
		return 0;
	buf_printf(error,
	    "\"%.*s\" is no number of a database; expected 0 to %d, as in "
	    "\"redis://127.0.0.1:6379/0\"",
	    STR_ARG(text), REDIS_DB_MAX);
	return -1;
}

/* Takes "USER:PASSWORD@", ":PASSWORD@" or "USER@" off the head of *rest. */
static int
take_login(struct arena *arena, struct str *rest, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t end = str_find_last(*rest, '@'), colon;
	struct str login;

	if (end < 0)
		return 0;
	login = str_sub(*rest, 0, (size_t)end);
	*rest = str_from(*rest, (size_t)end + 1);
	colon = str_find(login, ':');
	if (colon >= 0)
		url->password =
		    decode(arena, str_from(login, (size_t)colon + 1));
	if (colon < 0)
		colon = (ptrdiff_t)login.len;
	url->user = decode(arena, str_sub(login, 0, (size_t)colon));
	if (url->user == NULL ||
	    ((size_t)colon < login.len && url->password == NULL)) {
		buf_add_cstr(error,
		    "the login before \"@\" has a \"%\" that is not "
		    "followed by two hex digits; a real \"%\" is written "
		    "\"%25\"");
		return -1;
	}
	if (url->user[0] == '\0')
		url->user = NULL;
	return 0;
}

/* "HOST", "HOST:PORT", "[IPV6]:PORT". */
static int
parse_host(struct arena *arena, struct str text, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t colon = str_find_last(text, ':');
	ptrdiff_t bracket = str_find_last(text, ']');
	struct str host = text, port = { NULL, 0 };

	if (colon > bracket) {
		host = str_sub(text, 0, (size_t)colon);
		port = str_from(text, (size_t)colon + 1);
		if (parse_number(port, 65535, &url->port) == -1 ||
		    url->port == 0) {
			buf_printf(error,
			    "\"%.*s\" is no port; expected 1 to 65535, as "
			    "in \"redis://127.0.0.1:6379/0\"",
			    STR_ARG(port));
			return -1;
		}
	}
	if (bracket >= 0 && str_starts(host, STR("[")))
		host = str_sub(host, 1, (size_t)bracket);
	if (host.len == 0 || (bracket < 0 && str_find(host, ':') >= 0)) {
		buf_printf(error,
		    "\"%.*s\" is no host; expected a name, an address or an "
		    "IPv6 address in brackets, as in "
		    "\"redis://[2001:db8::1]:6379/0\"",
		    STR_ARG(text));
		return -1;
	}
	url->host = arena_cstr(arena, host);
	return 0;
}

static int
parse_tcp(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t slash;

	url->kind = STORE_KIND_TCP;
	url->port = REDIS_PORT;
	if (take_login(arena, &rest, url, error) == -1)
		return -1;
	if ((slash = str_find(rest, '/')) >= 0) {
		struct str db = str_from(rest, (size_t)slash + 1);

		if (db.len > 0 && parse_db(db, url, error) == -1)
			return -1;
		rest = str_sub(rest, 0, (size_t)slash);
	}
	return parse_host(arena, rest, url, error);
}

static int
parse_unix(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t question;

	url->kind = STORE_KIND_UNIX;
	if (take_login(arena, &rest, url, error) == -1)
		return -1;
	if ((question = str_find(rest, '?')) >= 0) {
		struct str query = str_from(rest, (size_t)question + 1);

		if (!str_starts(query, STR("db="))) {
			buf_printf(error,
			    "\"?%.*s\" is not known; expected \"?db=0\"",
			    STR_ARG(query));
			return -1;
		}
		if (parse_db(str_from(query, 3), url, error) == -1)
			return -1;
		rest = str_sub(rest, 0, (size_t)question);
	}
	if (!str_starts(rest, STR("/"))) {
		buf_printf(error,
		    "\"%.*s\" is no full path; expected one that begins with "
		    "\"/\", as in \"redis+unix:///run/redis/redis.sock\"",
		    STR_ARG(rest));
		return -1;
	}
	if ((url->host = decode(arena, rest)) == NULL) {
		buf_printf(error, "\"%.*s\" has a damaged %%XX", STR_ARG(rest));
		return -1;
	}
	if (strlen(url->host) > 107) { /* sun_path of unix(7) */
		buf_printf(error,
		    "the path is %zu bytes long; a socket has at most 107",
		    strlen(url->host));
		return -1;
	}
	return 0;
}

static bool
is_of_later_version(struct str scheme)
{
	static const char *const later[] = { "rediss", "redis+sentinel",
		"redis+cluster" };

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (str_is(scheme, later[i]))
			return true;
	return false;
}

int
store_url_parse(struct arena *arena, struct str text, struct store_url *url_out,
    struct buf *error)
{
	struct store_url url = { .kind = STORE_KIND_MEMORY };
	ptrdiff_t colon = str_find(text, ':');
	struct str scheme = str_sub(text, 0, colon < 0 ? 0 : (size_t)colon);
	struct str rest = str_from(text, scheme.len);
	int rc = -1;

	if (str_is(text, "memory")) {
		rc = 0;
	} else if (is_of_later_version(scheme)) {
		buf_printf(error,
		    "\"%.*s:\" is not available in this version; "
		    "expected " EXAMPLES,
		    STR_ARG(scheme));
	} else if (!str_starts(rest, STR("://"))) {
		buf_printf(error, "\"%.*s\" is no store; expected " EXAMPLES,
		    STR_ARG(str_find(text, '@') < 0 ? text : scheme));
	} else if (str_is(scheme, "redis")) {
		rc = parse_tcp(arena, str_from(rest, 3), &url, error);
	} else if (str_is(scheme, "redis+unix")) {
		rc = parse_unix(arena, str_from(rest, 3), &url, error);
	} else {
		buf_printf(error,
		    "\"%.*s:\" is no kind of store; expected " EXAMPLES,
		    STR_ARG(scheme));
	}
	if (rc == 0)
		*url_out = url;
	return rc;
}

struct str
store_url_name(struct arena *arena, const struct store_url *url)
{
	switch (url->kind) {
	case STORE_KIND_MEMORY:
		break;
	case STORE_KIND_UNIX:
		return arena_printf(arena, "redis %s/%u", url->host, url->db);
	case STORE_KIND_TCP:
		return arena_printf(arena,
		    strchr(url->host, ':') == NULL ? "redis %s:%u/%u"
						   : "redis [%s]:%u/%u",
		    url->host, url->port, url->db);
	}
	return STR("memory");
}
