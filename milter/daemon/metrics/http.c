/*
 * As much of HTTP (RFC 9110, RFC 9112) as a scraper needs: one request, one
 * answer, and the connection is closed. Only the request line and whether there
 * is a Host field are looked at; nothing of the request comes back in an
 * answer.
 */
#include "daemon/metrics/metrics.h"

#define REQUEST_MAX  ((size_t)16 * 1024)
#define TEXT_TYPE    "text/plain; charset=utf-8"
/* What the format's version is told by. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum method { METHOD_GET, METHOD_HEAD, METHOD_OTHER };

struct request {
	enum method method;
	struct str path;
	bool needs_host; /* HTTP/1.1 does */
};

struct answer_head {
	const char *status;
	const char *type;
	const char *more; /* a line of its own, or "" */
};

/* Up to the next end of a line, which may be a bare LF (RFC 9112, 2.2). */
static struct str
take_line(struct str *rest)
{
	struct str line = str_take(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* An empty line ends the head; those before it may be left out of account. */
static bool
is_whole(struct str request)
{
	bool has_line = false;

	while (str_find(request, '\n') >= 0) {
		struct str line = take_line(&request);

		if (line.len == 0 && has_line)
			return true;
		has_line = has_line || line.len > 0;
	}
	return false;
}

static enum method
method_of(struct str word)
{
	if (str_is(word, "GET"))
		return METHOD_GET;
	return str_is(word, "HEAD") ? METHOD_HEAD : METHOD_OTHER;
}

/* "http://host:9/metrics?x" -> "/metrics"; empty if it is no path. */
static struct str
path_of(struct str target)
{
	ptrdiff_t at;

	if (str_starts_nocase(target, STR("http://"))) {
		target = str_from(target, 7);
		at = str_find(target, '/');
		target = at < 0 ? STR("/") : str_from(target, (size_t)at);
	}
	target = str_take(&target, '?');
	return str_starts(target, STR("/")) ? target : STR("");
}

/* "GET /metrics HTTP/1.1"; -1: it is no such thing. */
static int
parse_request_line(struct str line, struct request *request_out)
{
	struct str method = str_take(&line, ' ');
	struct str target = str_take(&line, ' ');

	if (method.len == 0 || !str_starts(line, STR("HTTP/1.")) ||
	    line.len != 8 || !ascii_is_digit(line.p[7]))
		return -1;
	for (size_t i = 0; i < method.len; i++)
		if (method.p[i] < 'A' || method.p[i] > 'Z')
			return -1;
	request_out->method = method_of(method);
	request_out->path = path_of(target);
	request_out->needs_host = line.p[7] != '0';
	return request_out->path.len > 0 || request_out->method == METHOD_OTHER
		   ? 0
		   : -1;
}

/* Fields are NAME ":" VALUE; of them there must be a Host (RFC 9112, 3.2). */
static int
parse_fields(struct str rest, bool needs_host)
{
	bool has_host = false;

	for (;;) {
		struct str line = take_line(&rest);

		if (line.len == 0)
			return needs_host && !has_host ? -1 : 0;
		if (str_find(line, ':') < 1)
			return -1;
		has_host = has_host || str_starts_nocase(line, STR("Host:"));
	}
}

static int
parse_request(struct str text, struct request *request_out)
{
	struct str line;

	/* Empty lines before the first are forgiven (RFC 9112, 2.2). */
	do
		line = take_line(&text);
	while (line.len == 0 && text.len > 0);
	if (parse_request_line(line, request_out) == -1)
		return -1;
	return parse_fields(text, request_out->needs_host);
}

static void
put_answer(const struct answer_head *head, struct str body, bool has_body,
    struct buf *out)
{
	buf_printf(out,
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n%s\r\n",
	    head->status, head->type, body.len, head->more);
	if (has_body)
		buf_add(out, body);
}

static void
answer(struct str text, bool is_cut, struct buf *out)
{
	static const struct answer_head good = { "200 OK", METRICS_TYPE, "" };
	static const struct answer_head bad = { "400 Bad Request", TEXT_TYPE,
		"" };
	static const struct answer_head other_method = {
		"405 Method Not Allowed", TEXT_TYPE, "Allow: GET, HEAD\r\n"
	};
	static const struct answer_head not_there = { "404 Not Found",
		TEXT_TYPE, "" };
	struct request request = { 0 };
	struct buf body = { 0 };
	bool is_get;

	if (is_cut || parse_request(text, &request) == -1) {
		put_answer(&bad, STR("This is no HTTP request.\n"), true, out);
		return;
	}
	is_get = request.method != METHOD_HEAD;
	if (request.method == METHOD_OTHER) {
		put_answer(
		    &other_method, STR("Only GET and HEAD.\n"), true, out);
	} else if (!str_is(request.path, "/metrics")) {
		put_answer(
		    &not_there, STR("There is /metrics only.\n"), is_get, out);
	} else {
		metrics_print(&body);
		put_answer(&good, buf_str(&body), is_get, out);
	}
	buf_done(&body);
}

const struct inquiry_kind metrics_kind = { "metrics", REQUEST_MAX, is_whole,
	answer };
