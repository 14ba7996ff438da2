/*
 * A kind of store is a row of the table at the end; what its URLs have in
 * common (a login, hosts, a query) is taken off piece by piece. Each mistake
 * says what is wrong and what would be right, but no message repeats a part of
 * the URL: where an '@' was forgotten or a '/' not encoded, any part of it may
 * be one of a password.
 */
#include "store/url.h"

#include "base/quantity.h"
#include "store/redis/tls.h"

#include <stddef.h>
#include <string.h>

#define REDIS_PORT    6379
#define SENTINEL_PORT 26379
#define REDIS_DB_MAX  65535

#define EXAMPLES                                                               \
	"\"redis://127.0.0.1:6379/0\", "                                       \
	"\"redis+unix:///run/redis/redis.sock\", "                             \
	"\"redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster\", "        \
	"\"redis+cluster://10.0.0.1:6379,10.0.0.2:6379\", "                    \
	"\"rediss://redis.example.org:6379/0\" "                               \
	"or \"memory\""

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
		high = ascii_hex(text.p[i + 1]);
		low = ascii_hex(text.p[i + 2]);
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
	uint64_t number;

	if (number_parse(text, max, &number) == -1)
		return -1;
	*n_out = (unsigned)number;
	return 0;
}

static int
parse_db(struct str text, struct store_url *url, struct buf *error)
{
	if (parse_number(text, REDIS_DB_MAX, &url->db) == 0)
		return 0;
	buf_printf(error,
	    "what stands for the database is no number of one; expected 0 to "
	    "%d, as in \"redis://127.0.0.1:6379/0\"",
	    REDIS_DB_MAX);
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

/* Not the beginning of something else, such as a query. */
static bool
is_host(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (str_find(STR("?&=# "), text.p[i]) >= 0)
			return false;
	return text.len > 0;
}

/* "HOST", "HOST:PORT", "[IPV6]:PORT"; one more of url's hosts. */
static int
add_host(struct arena *arena, struct str text, unsigned port,
    struct store_url *url, struct buf *error)
{
	ptrdiff_t colon = str_find_last(text, ':');
	ptrdiff_t bracket = str_find_last(text, ']');
	struct str host = text, digits;

	if (colon > bracket) {
		host = str_sub(text, 0, (size_t)colon);
		digits = str_from(text, (size_t)colon + 1);
		if (parse_number(digits, 65535, &port) == -1 || port == 0) {
			buf_printf(error,
			    "what stands for the port of host %zu is no port; "
			    "expected 1 to 65535, as in "
			    "\"redis://127.0.0.1:6379/0\"",
			    url->n_hosts + 1);
			return -1;
		}
	}
	if (bracket >= 0 && str_starts(host, STR("[")))
		host = str_sub(host, 1, (size_t)bracket);
	if (!is_host(host) || (bracket < 0 && str_find(host, ':') >= 0)) {
		buf_printf(error,
		    "what stands for host %zu is no host; expected a name, an "
		    "address or an IPv6 address in brackets, as in "
		    "\"redis://[2001:db8::1]:6379/0\"",
		    url->n_hosts + 1);
		return -1;
	}
	url->hosts[url->n_hosts++] =
	    (struct store_host){ arena_cstr(arena, host), port };
	return 0;
}

/* "HOST:PORT,HOST:PORT": those that are asked, one after the other. */
static int
add_hosts(struct arena *arena, struct str text, unsigned port,
    struct store_url *url, struct buf *error)
{
	ptrdiff_t comma;

	do {
		comma = str_find(text, ',');
		if (url->n_hosts == STORE_HOSTS_MAX) {
			buf_printf(error,
			    "more than %d hosts; a few are enough",
			    STORE_HOSTS_MAX);
			return -1;
		}
		if (add_host(arena,
			comma < 0 ? text : str_sub(text, 0, (size_t)comma),
			port, url, error) == -1)
			return -1;
		text = str_from(text, (size_t)(comma + 1));
	} while (comma >= 0);
	return 0;
}

/* A word of a query: what it sets. */
struct word {
	const char *name;
	size_t offset; /* of a text in struct store_url; 0: the database */
};

/* All that a kind of URL may have behind its '?', and how to say so. */
struct words {
	const char *expected;
	struct word items[4];
};

static const struct words unix_words = {
	"\"?db=0\"",
	{ { "db", 0 } },
};

static const struct words sentinel_words = {
	"\"db=0\", \"sentinel_user=NAME\" or \"sentinel_password=PASSWORD\"",
	{ { "db", 0 },
	    { "sentinel_user", offsetof(struct store_url, sentinel_user) },
	    { "sentinel_password",
		offsetof(struct store_url, sentinel_password) } },
};

static const struct words tls_words = {
	"\"ca=FILE\", \"cert=FILE\" or \"key=FILE\"",
	{ { "ca", offsetof(struct store_url, tls_ca) },
	    { "cert", offsetof(struct store_url, tls_cert) },
	    { "key", offsetof(struct store_url, tls_key) } },
};

/* The row of words that is called so, or NULL. */
static const struct word *
find_word(const struct words *words, struct str name)
{
	for (size_t i = 0; i < 4 && words->items[i].name != NULL; i++)
		if (str_is(name, words->items[i].name))
			return &words->items[i];
	return NULL;
}

static int
set_word(struct arena *arena, const struct words *words, struct str item,
    struct store_url *url, struct buf *error)
{
	ptrdiff_t equals = str_find(item, '=');
	struct str name =
	    str_sub(item, 0, equals < 0 ? item.len : (size_t)equals);
	const struct word *word = find_word(words, name);
	const char *text;
	struct str value;

	if (word == NULL || equals < 0) {
		buf_printf(error,
		    "a word behind the \"?\" is not known, or has no \"=\"; "
		    "expected %s (a real \"&\" is \"%%26\")",
		    words->expected);
		return -1;
	}
	value = str_from(item, (size_t)equals + 1);
	if (word->offset == 0)
		return parse_db(value, url, error);
	if ((text = decode(arena, value)) == NULL || text[0] == '\0') {
		buf_printf(error,
		    "\"?%s=\" has no value, or one with a \"%%\" that is not "
		    "followed by two hex digits; a real \"%%\" is \"%%25\"",
		    word->name);
		return -1;
	}
	memcpy((char *)url + word->offset, &text, sizeof(text));
	return 0;
}

/* Takes "?NAME=VALUE&NAME=VALUE" off the tail of *rest. */
static int
take_query(struct arena *arena, const struct words *words, struct str *rest,
    struct store_url *url, struct buf *error)
{
	ptrdiff_t question = str_find(*rest, '?'), and;
	struct str query;

	if (question < 0)
		return 0;
	query = str_from(*rest, (size_t)question + 1);
	*rest = str_sub(*rest, 0, (size_t)question);
	do {
		and = str_find(query, '&');
		if (set_word(arena, words,
			and < 0 ? query : str_sub(query, 0, (size_t) and), url,
			error) == -1)
			return -1;
		query = str_from(query, (size_t)(and+1));
	} while (and >= 0);
	return 0;
}

static int
parse_tcp(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t slash;

	url->kind = STORE_KIND_TCP;
	if ((slash = str_find(rest, '/')) >= 0) {
		struct str db = str_from(rest, (size_t)slash + 1);

		if (db.len > 0 && parse_db(db, url, error) == -1)
			return -1;
		rest = str_sub(rest, 0, (size_t)slash);
	}
	return add_host(arena, rest, REDIS_PORT, url, error);
}

static int
parse_tls(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	url->is_tls = true;
	if ((url->tls_cert == NULL) != (url->tls_key == NULL)) {
		buf_add_cstr(error,
		    "\"cert=FILE\" and \"key=FILE\" are only of use together");
		return -1;
	}
	return parse_tcp(arena, rest, url, error);
}

static int
parse_unix(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	const char *path;

	url->kind = STORE_KIND_UNIX;
	if (!str_starts(rest, STR("/"))) {
		buf_add_cstr(error,
		    "what stands for the path is no full path; expected one "
		    "that begins with \"/\", as in "
		    "\"redis+unix:///run/redis/redis.sock\"");
		return -1;
	}
	if ((path = decode(arena, rest)) == NULL) {
		buf_add_cstr(error, "the path has a damaged %XX");
		return -1;
	}
	if (strlen(path) > 107) { /* sun_path of unix(7) */
		buf_printf(error,
		    "the path is %zu bytes long; a socket has at most 107",
		    strlen(path));
		return -1;
	}
	url->hosts[url->n_hosts++] = (struct store_host){ path, 0 };
	return 0;
}

static int
parse_sentinel(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t slash;

	url->kind = STORE_KIND_SENTINEL;
	slash = str_find(rest, '/');
	if (slash >= 0)
		url->service = decode(arena, str_from(rest, (size_t)slash + 1));
	if (url->service == NULL || url->service[0] == '\0' ||
	    strchr(url->service, '/') != NULL) {
		buf_add_cstr(error,
		    "it does not say how the sentinels call the master; "
		    "expected as in "
		    "\"redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/"
		    "mymaster?db=0\"");
		return -1;
	}
	if (url->sentinel_user != NULL && url->sentinel_password == NULL) {
		buf_add_cstr(
		    error, "\"sentinel_user=\" needs \"sentinel_password=\"");
		return -1;
	}
	return add_hosts(
	    arena, str_sub(rest, 0, (size_t)slash), SENTINEL_PORT, url, error);
}

static int
parse_cluster(struct arena *arena, struct str rest, struct store_url *url,
    struct buf *error)
{
	ptrdiff_t slash = str_find(rest, '/');
	struct str db = { NULL, 0 };

	url->kind = STORE_KIND_CLUSTER;
	if (slash >= 0) {
		db = str_from(rest, (size_t)slash + 1);
		rest = str_sub(rest, 0, (size_t)slash);
	}
	if (db.len > 0 && !str_is(db, "0")) {
		buf_add_cstr(error,
		    "what stands behind the \"/\" is too much: a Cluster has "
		    "only database 0; expected as in "
		    "\"redis+cluster://10.0.0.1:6379,10.0.0.2:6379\"");
		return -1;
	}
	return add_hosts(arena, rest, REDIS_PORT, url, error);
}

static const struct scheme {
	const char *name;
	const struct words *words; /* NULL: no query */
	int (*parse)(struct arena *arena, struct str rest,
	    struct store_url *url, struct buf *error);
} schemes[] = {
	{ "redis", NULL, parse_tcp },
	{ "rediss", &tls_words, parse_tls },
	{ "redis+unix", &unix_words, parse_unix },
	{ "redis+sentinel", &sentinel_words, parse_sentinel },
	{ "redis+cluster", NULL, parse_cluster },
};

static const struct scheme *
find_scheme(struct str name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (str_is(name, schemes[i].name))
			return &schemes[i];
	return NULL;
}

/* What stands behind "://". */
static int
parse_rest(struct arena *arena, const struct scheme *scheme, struct str rest,
    struct store_url *url, struct buf *error)
{
	ptrdiff_t at = str_find_last(rest, '@');
	ptrdiff_t question = str_find(rest, '?');

	/* A password in the query with a bare '@' would be taken for hosts. */
	if (scheme->words != NULL && question >= 0 && question < at) {
		buf_add_cstr(error,
		    "there is a \"?\" before the last \"@\"; in a password "
		    "they are written \"%3f\" and \"%40\"");
		return -1;
	}
	if (take_login(arena, &rest, url, error) == -1)
		return -1;
	if (scheme->words != NULL &&
	    take_query(arena, scheme->words, &rest, url, error) == -1)
		return -1;
	if (scheme->parse(arena, rest, url, error) == -1)
		return -1;
	return url->is_tls ? redis_tls_check(error) : 0;
}

int
store_url_parse(struct arena *arena, struct str text, struct store_url *url_out,
    struct buf *error)
{
	struct store_url url = { .kind = STORE_KIND_MEMORY };
	ptrdiff_t colon = str_find(text, ':');
	struct str name = str_sub(text, 0, colon < 0 ? 0 : (size_t)colon);
	struct str rest = str_from(text, name.len);
	const struct scheme *scheme = find_scheme(name);
	int rc = -1;

	if (str_is(text, "memory"))
		rc = 0;
	else if (!str_starts(rest, STR("://")))
		buf_add_cstr(error, "this is no store; expected " EXAMPLES);
	else if (scheme == NULL)
		buf_add_cstr(error, "what stands before \"://\" is no kind of "
				    "store; expected " EXAMPLES);
	else
		rc = parse_rest(arena, scheme, str_from(rest, 3), &url, error);
	if (rc == 0)
		*url_out = url;
	return rc;
}

static struct str
host_text(struct arena *arena, const struct store_host *host)
{
	return arena_printf(arena,
	    strchr(host->host, ':') == NULL ? "%s:%u" : "[%s]:%u", host->host,
	    host->port);
}

struct str
store_url_name(struct arena *arena, const struct store_url *url)
{
	const struct store_host *first = &url->hosts[0];

	switch (url->kind) {
	case STORE_KIND_MEMORY:
		break;
	case STORE_KIND_UNIX:
		return arena_printf(arena, "redis %s/%u", first->host, url->db);
	case STORE_KIND_TCP:
		return arena_printf(
		    arena, "redis %s/%u", host_text(arena, first).p, url->db);
	case STORE_KIND_SENTINEL:
		return arena_printf(
		    arena, "redis sentinel %s/%u", url->service, url->db);
	case STORE_KIND_CLUSTER:
		return arena_printf(
		    arena, "redis cluster %s", host_text(arena, first).p);
	}
	return STR("memory");
}
