/*
 * The trap is the port without a host: to libmilter that is "any address",
 * and a milter that the whole network can reach tells everybody who is
 * limited, and why.
 */
#include "conf/endpoint.h"

#include "base/quantity.h"

#include <assert.h>

#define HOST_MAX 255

const char *
path_join(struct arena *arena, const char *folder, struct str path)
{
	if (path.len > 0 && path.p[0] == '/')
		return arena_cstr(arena, path);
	if (str_is(str_of(folder), "."))
		return arena_cstr(arena, path);
	return arena_printf(arena, "%s/%.*s", folder, STR_ARG(path)).p;
}

static int
parse_port(struct str text, uint16_t *port_out)
{
	uint64_t port;

	if (number_parse(text, UINT16_MAX, &port) == -1 || port == 0)
		return -1;
	*port_out = (uint16_t)port;
	return 0;
}

/* "[2001:db8::1]" without its brackets, which libmilter does not know. */
static struct str
without_brackets(struct str host)
{
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		return str_sub(host, 1, host.len - 1);
	return host;
}

static bool
is_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!ascii_is_alnum(host.p[i]) &&
		    str_find(STR(".:-_%"), host.p[i]) < 0)
			return false;
	return host.len > 0 && host.len <= HOST_MAX;
}

static int
parse_inet(struct arena *arena, struct str rest, struct endpoint *endpoint,
    struct buf *error)
{
	const char *kind = endpoint->kind == ENDPOINT_INET ? "inet" : "inet6";
	ptrdiff_t at = str_find(rest, '@');
	struct str port = at < 0 ? rest : str_sub(rest, 0, (size_t)at);
	struct str host;

	if (parse_port(port, &endpoint->port) == -1) {
		buf_printf(error, "'%.*s' is no port: expected 1 to 65535",
		    STR_ARG(port));
		return -1;
	}
	if (at < 0) {
		buf_printf(error,
		    "a port without a host would listen on every address: "
		    "write %s:%u@%s",
		    kind, endpoint->port,
		    endpoint->kind == ENDPOINT_INET ? "127.0.0.1" : "::1");
		return -1;
	}
	host = without_brackets(str_from(rest, (size_t)at + 1));
	if (!is_host(host)) {
		buf_printf(
		    error, "'%.*s' is no host name or address", STR_ARG(host));
		return -1;
	}
	endpoint->host = arena_cstr(arena, host);
	endpoint->path = NULL;
	endpoint->text = arena_printf(
	    arena, "%s:%u@%s", kind, endpoint->port, endpoint->host)
			     .p;
	return 0;
}

static int
parse_unix(struct arena *arena, struct str path, const char *folder,
    struct endpoint *endpoint, struct buf *error)
{
	if (path.len == 0 || path.p[path.len - 1] == '/') {
		buf_add_cstr(error, "unix: needs the path of a socket");
		return -1;
	}
	endpoint->host = NULL;
	endpoint->port = 0;
	endpoint->path = path_join(arena, folder, path);
	if (str_of(endpoint->path).len > ENDPOINT_PATH_MAX) {
		buf_printf(error,
		    "the path of a socket may have at most %d bytes, "
		    "this one has %zu",
		    ENDPOINT_PATH_MAX, str_of(endpoint->path).len);
		return -1;
	}
	endpoint->text = arena_printf(arena, "unix:%s", endpoint->path).p;
	return 0;
}

int
endpoint_parse(struct arena *arena, struct str text, const char *folder,
    struct endpoint *endpoint_out, struct buf *error)
{
	struct endpoint endpoint = { .kind = ENDPOINT_INET };
	int rc;

	if (str_starts(text, STR("inet:"))) {
		rc = parse_inet(arena, str_from(text, 5), &endpoint, error);
	} else if (str_starts(text, STR("inet6:"))) {
		endpoint.kind = ENDPOINT_INET6;
		rc = parse_inet(arena, str_from(text, 6), &endpoint, error);
	} else if (str_starts(text, STR("unix:"))) {
		endpoint.kind = ENDPOINT_UNIX;
		rc = parse_unix(
		    arena, str_from(text, 5), folder, &endpoint, error);
	} else {
		buf_printf(error,
		    "'%.*s' is no place to listen on: expected "
		    "inet:PORT@HOST, inet6:PORT@HOST or unix:PATH",
		    STR_ARG(text));
		return -1;
	}
	if (rc == 0)
		*endpoint_out = endpoint;
	return rc;
}
