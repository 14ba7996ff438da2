/*
 * All facts in one table: what the language, `sluice facts` and the macros that
 * the daemon asks for know of a fact stands in its row. How it gets its value
 * stands in engine/. The synonyms are what people write who come from an MTA or
 * another filter; they are only ever suggested.
 */
#include "rules/facts.h"

#include "base/utf8.h"
#include "rules/suggest.h"

#include <assert.h>

#define ROW(id, name, type, stage, flags, macros, help)                        \
	[FACT_##id] = { FACT_##id, name, FACT_TYPE_##type, STAGE_##stage,      \
		flags, macros, help }

#define HEADER_FACT (FACT_HEADERS | FACT_UTF8 | FACT_FIXED)
#define CONTENT     (FACT_HEADERS | FACT_MIME | FACT_FIXED)

/* clang-format off */
static const struct fact facts[FACT_N] = {
	ROW(CLIENT_IP, "client.ip", IP, CONNECT, FACT_VERIFIED, "",
	    "address of the client"),
	ROW(CLIENT_NAME, "client.name", HOST, CONNECT, FACT_VERIFIED, "{client_resolve}",
	    "name of the client; empty where the MTA could not verify it"),
	ROW(CLIENT_PTR, "client.ptr", HOST, CONNECT, 0, "{client_ptr}",
	    "name by reverse look-up, verified or not"),
	ROW(CLIENT_PORT, "client.port", NUMBER, CONNECT, 0, "{client_port}",
	    "port of the client"),
	ROW(CLIENT_CONNECTIONS, "client.connections", NUMBER, CONNECT, FACT_VERIFIED,
	    "{client_connections}",
	    "connections that the client has open, as the MTA counts them"),
	ROW(DAEMON_NAME, "daemon.name", STRING, CONNECT, 0, "{daemon_name}",
	    "name of the MTA's service: mx, submission"),
	ROW(DAEMON_PORT, "daemon.port", NUMBER, CONNECT, 0, "{daemon_port}",
	    "port of the MTA's service"),
	ROW(NON_SMTP, "non-smtp", BOOL, MAIL, FACT_VERIFIED, "",
	    "submitted locally, not by SMTP"),
	ROW(TIME_HOUR, "time.hour", NUMBER, CONNECT, 0, "",
	    "hour of the day, 0 to 23"),
	ROW(TIME_WEEKDAY, "time.weekday", STRING, CONNECT, 0, "",
	    "mon, tue, wed, thu, fri, sat, sun"),
	ROW(HELO_NAME, "helo.name", HOST, HELO, 0, "",
	    "what the client called itself"),
	ROW(TLS_VERSION, "tls.version", STRING, HELO, 0, "{tls_version}",
	    "protocol (TLSv1.3); empty without TLS"),
	ROW(TLS_CIPHER, "tls.cipher", STRING, HELO, 0, "{cipher}",
	    "cipher suite"),
	ROW(TLS_BITS, "tls.bits", NUMBER, HELO, 0, "{cipher_bits}",
	    "bits of its key"),
	ROW(TLS_SUBJECT, "tls.subject", STRING, HELO, 0, "{cert_subject}",
	    "subject of the client's certificate"),
	ROW(TLS_ISSUER, "tls.issuer", STRING, HELO, 0, "{cert_issuer}",
	    "issuer of the client's certificate"),
	ROW(SASL_USER, "sasl.user", ADDRESS, MAIL, FACT_VERIFIED, "{auth_authen}",
	    "who logged in; lower case, completed by sasl_domain"),
	ROW(SASL_USER_LOCAL, "sasl.user.local", NOCASE, MAIL, FACT_VERIFIED,
	    "{auth_authen}", "its part before the @"),
	ROW(SASL_USER_DOMAIN, "sasl.user.domain", HOST, MAIL, FACT_VERIFIED,
	    "{auth_authen}", "its part behind the @"),
	ROW(SASL_METHOD, "sasl.method", STRING, MAIL, FACT_VERIFIED, "{auth_type}",
	    "how: PLAIN, LOGIN, …"),
	ROW(MAIL_FROM, "mail.from", ADDRESS, MAIL, 0, "",
	    "envelope sender; empty for bounces"),
	ROW(MAIL_FROM_LOCAL, "mail.from.local", NOCASE, MAIL, 0, "",
	    "its part before the @"),
	ROW(MAIL_FROM_DOMAIN, "mail.from.domain", HOST, MAIL, 0, "",
	    "its part behind the @"),
	ROW(MAIL_FROM_PLAIN, "mail.from.plain", ADDRESS, MAIL, 0, "",
	    "without what follows a + in the part before the @"),
	ROW(MAIL_SIZE, "mail.size", NUMBER, MAIL, 0, "",
	    "what SIZE= announced; 0: nothing"),
	ROW(MAIL_PARAM, "mail.param", NOCASE, MAIL, FACT_ARGUMENT, "",
	    "a parameter of MAIL: mail.param[\"BODY\"]"),
	ROW(BOUNCE, "bounce", BOOL, MAIL, 0, "",
	    "the envelope sender is empty"),
	ROW(RCPT_TO, "rcpt.to", ADDRESS, RCPT, FACT_LIST_FROM_DATA, "",
	    "the recipient; from data on all accepted ones"),
	ROW(RCPT_TO_LOCAL, "rcpt.to.local", NOCASE, RCPT, FACT_LIST_FROM_DATA,
	    "", "its part before the @"),
	ROW(RCPT_TO_DOMAIN, "rcpt.to.domain", HOST, RCPT, FACT_LIST_FROM_DATA,
	    "", "its part behind the @"),
	ROW(RCPT_COUNT, "rcpt.count", NUMBER, RCPT, 0, "",
	    "recipients accepted so far, this one included"),
	ROW(RCPT_REFUSED, "rcpt.refused", NUMBER, RCPT, 0, "",
	    "recipients of this message that Sluice refused"),
	ROW(RCPT_MTA_STATUS, "rcpt.mta-status", STRING, RCPT, 0, "",
	    "in the `if` of an unknown-recipients limit: how the MTA refused the recipient (5.1.1)"),
	ROW(QUEUE_ID, "queue.id", STRING, DATA, 0, "i",
	    "the MTA's name for the message"),
	ROW(HEADER, "header", STRING, HEADERS,
	    FACT_MANY | FACT_ARGUMENT | HEADER_FACT, "",
	    "fields of that name, decoded: header[\"Subject\"]"),
	ROW(HEADER_RAW, "header.raw", STRING, HEADERS,
	    FACT_MANY | FACT_ARGUMENT | FACT_HEADERS | FACT_FIXED, "",
	    "the same as they came"),
	ROW(HEADER_NAMES, "header.names", NOCASE, HEADERS,
	    FACT_MANY | FACT_HEADERS, "", "names of all header fields"),
	ROW(SUBJECT, "subject", STRING, HEADERS, FACT_MANY | HEADER_FACT, "",
	    "header[\"Subject\"]"),
	ROW(FROM_ADDRESS, "from.address", ADDRESS, HEADERS,
	    FACT_MANY | HEADER_FACT, "", "addresses in the From field"),
	ROW(FROM_DOMAIN, "from.domain", HOST, HEADERS, FACT_MANY | HEADER_FACT,
	    "", "their domains"),
	ROW(FROM_NAME, "from.name", STRING, HEADERS, FACT_MANY | HEADER_FACT,
	    "", "their display names, decoded"),
	ROW(BODY, "body", STRING, MESSAGE, FACT_MANY | FACT_UTF8 | CONTENT, "",
	    "text of the message, decoded, lines end with LF: of each text part; of HTML what a reader sees, and what is hidden"),
	ROW(BODY_RAW, "body.raw", STRING, MESSAGE,
	    FACT_BODY_BYTES | FACT_FIXED, "",
	    "the body as it came, at most scan_limit bytes"),
	ROW(BODY_HTML, "body.html", STRING, MESSAGE,
	    FACT_MANY | FACT_UTF8 | CONTENT, "",
	    "source of each HTML part, decoded"),
	ROW(BODY_FOLDED, "body.folded", STRING, MESSAGE,
	    FACT_MANY | FACT_UTF8 | CONTENT, "",
	    "body as it looks: invisible characters dropped, look-alikes folded to plain letters"),
	ROW(URL, "url", STRING, MESSAGE, FACT_MANY | FACT_UTF8 | CONTENT, "",
	    "addresses of web pages in text and HTML"),
	ROW(URL_HOST, "url.host", HOST, MESSAGE, FACT_MANY | CONTENT, "",
	    "their hosts"),
	ROW(PART_TYPE, "part.type", NOCASE, MESSAGE, FACT_MANY | CONTENT, "",
	    "Content-Type of each part: text/html"),
	ROW(ATTACHMENT_NAME, "attachment.name", NOCASE, MESSAGE,
	    FACT_MANY | FACT_UTF8 | FACT_ATTACHMENT | CONTENT, "",
	    "file names of attachments, decoded, in every reading"),
	ROW(ATTACHMENT_TYPE, "attachment.type", NOCASE, MESSAGE,
	    FACT_MANY | FACT_ATTACHMENT | CONTENT, "",
	    "Content-Type of each attachment"),
	ROW(ATTACHMENT_MAGIC, "attachment.magic", NOCASE, MESSAGE,
	    FACT_MANY | FACT_ATTACHMENT | FACT_INSPECT | CONTENT, "",
	    "what its first bytes say it is: application/zip"),
	ROW(ATTACHMENT_SIZE, "attachment.size", NUMBER, MESSAGE,
	    FACT_MANY | FACT_ATTACHMENT | CONTENT, "",
	    "its bytes, decoded"),
	ROW(ATTACHMENT_COUNT, "attachment.count", NUMBER, MESSAGE, CONTENT, "",
	    "number of attachments"),
	ROW(ATTACHMENT_ENCRYPTED, "attachment.encrypted", BOOL, MESSAGE,
	    FACT_ATTACHMENT | FACT_INSPECT | CONTENT, "",
	    "some attachment cannot be read without a password"),
	ROW(ARCHIVE_NAME, "archive.name", NOCASE, MESSAGE,
	    FACT_MANY | FACT_UTF8 | FACT_ATTACHMENT | FACT_INSPECT | CONTENT,
	    "", "names in archives: inner.zip/setup.exe"),
	ROW(MESSAGE_SIZE, "message.size", NUMBER, MESSAGE,
	    FACT_BODY_BYTES | FACT_HEADERS, "", "bytes of header and body"),
	ROW(MIME_DAMAGE, "mime.damage", STRING, HEADERS,
	    FACT_MANY | FACT_HEADERS, "",
	    "what was malformed or over a cap: encoded-word, charset, raw-8bit, control, address, address-count, header-size, header-count, duplicate-header, mime-depth, part-count, part-header, boundary, unclosed, parameter, ambiguous, bare-newline, partial-message, file-name, transfer-encoding, base64, quoted-printable, uuencode, part-cut, hidden-text, link-mismatch, url-count, archive, archive-limit, inspection, body-cut, regex-limit, scan-budget; hidden-text is any letter of HTML that no reader sees, the summary that a newsletter hides too"),
	ROW(SCORE, "score", NUMBER, CONNECT, 0, "",
	    "sum of the scores so far"),
	ROW(TAG, "tag", STRING, CONNECT, FACT_MANY, "",
	    "the tags so far: \"lottery\" in tag is written tag == \"lottery\""),
	ROW(REF, "ref", STRING, CONNECT, 0, "",
	    "reference of the connection or message, as in the log"),
	ROW(MACRO, "macro", STRING, CONNECT, FACT_ARGUMENT | FACT_VERIFIED, "",
	    "a macro of the MTA: macro[\"{client_resolve}\"]"),
	ROW(MATCH, "match", STRING, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: what the regular expression matched (${1}: its groups)"),
	ROW(LIMIT_NAME, "limit.name", STRING, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: the limit that is over"),
	ROW(LIMIT_MAX, "limit.max", NUMBER, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: its number"),
	ROW(LIMIT_USED, "limit.used", NUMBER, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: how much of it is used"),
	ROW(LIMIT_WINDOW, "limit.window", STRING, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: its window (1m, 1h)"),
	ROW(LIMIT_RETRY, "limit.retry", STRING, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: how long until there is room (90s)"),
	ROW(LIMIT_UNTIL, "limit.until", STRING, CONNECT, FACT_TEXT_ONLY, "",
	    "in texts: when there is room again (14:05, 2026-01-02 14:05)"),
};
/* clang-format on */

/* Of later versions: named here so that `check` can say so. */
static const char *const reserved[] = { "spf", "dkim", "dmarc", "dnsbl" };

static const char *const type_names[] = {
	[FACT_TYPE_BOOL] = "yes or no",
	[FACT_TYPE_NUMBER] = "number",
	[FACT_TYPE_STRING] = "text",
	[FACT_TYPE_NOCASE] = "text without case",
	[FACT_TYPE_HOST] = "host or domain",
	[FACT_TYPE_ADDRESS] = "mail address",
	[FACT_TYPE_IP] = "IP address",
};

static const char *const type_phrases[] = {
	[FACT_TYPE_BOOL] = "yes or no",
	[FACT_TYPE_NUMBER] = "a number",
	[FACT_TYPE_STRING] = "a text",
	[FACT_TYPE_NOCASE] = "a text",
	[FACT_TYPE_HOST] = "a host or domain",
	[FACT_TYPE_ADDRESS] = "a mail address",
	[FACT_TYPE_IP] = "an IP address",
};

#define N_RESERVED (sizeof(reserved) / sizeof(reserved[0]))

const struct fact *
fact_find(struct str name)
{
	for (size_t i = 0; i < FACT_N; i++)
		if (str_is(name, facts[i].name))
			return &facts[i];
	return NULL;
}

const struct fact *
fact_by_id(enum fact_id id)
{
	assert(id < FACT_N);
	return &facts[id];
}

const char *
fact_type_phrase(enum fact_type type)
{
	return type_phrases[type];
}

bool
fact_is_text(const struct fact *fact)
{
	return fact->type == FACT_TYPE_STRING ||
	       fact->type == FACT_TYPE_NOCASE || fact->type == FACT_TYPE_HOST ||
	       fact->type == FACT_TYPE_ADDRESS;
}

bool
fact_ignores_case(const struct fact *fact)
{
	return fact->type != FACT_TYPE_STRING;
}

bool
fact_is_many(const struct fact *fact, enum stage stage)
{
	return (fact->flags & FACT_MANY) != 0 ||
	       ((fact->flags & FACT_LIST_FROM_DATA) != 0 &&
		   stage >= STAGE_DATA);
}

struct str
fact_short_name(const struct fact *fact)
{
	struct str name = str_of(fact->name), prefix = STR("attachment.");

	assert((fact->flags & FACT_ATTACHMENT) != 0);
	if (str_starts(name, prefix))
		return str_from(name, prefix.len);
	return str_sub(name, 0, (size_t)str_find(name, '.'));
}

const struct fact *
fact_of_attachment(struct str word)
{
	for (size_t i = 0; i < FACT_N; i++)
		if ((facts[i].flags & FACT_ATTACHMENT) != 0 &&
		    str_eq(word, fact_short_name(&facts[i])))
			return &facts[i];
	return NULL;
}

bool
fact_is_reserved(struct str name)
{
	for (size_t i = 0; i < N_RESERVED; i++)
		if (str_is(name, reserved[i]))
			return true;
	return false;
}

/* What facts are called in Postfix, in other filters, and by people. */
static const struct {
	const char *wrong;
	const char *name;
} synonyms[] = {
	{ "client", "client.ip" },
	{ "client_address", "client.ip" },
	{ "client_name", "client.name" },
	{ "helo", "helo.name" },
	{ "helo_name", "helo.name" },
	{ "sasl_username", "sasl.user" },
	{ "user", "sasl.user" },
	{ "sender", "mail.from" },
	{ "recipient", "rcpt.to" },
	{ "rcpt", "rcpt.to" },
	{ "size", "message.size" },
	{ "attachment", "attachment.name" },
	{ "attachments", "attachment.count" },
	{ "attachment_name", "attachment.name" },
	{ "attachment.filename", "attachment.name" },
	{ "filename", "attachment.name" },
	{ "file.name", "attachment.name" },
	{ "file_name", "attachment.name" },
	{ "name", "attachment.name" },
	{ "extension", "attachment.name" },
	{ "attachment.extension", "attachment.name" },
	{ "type", "attachment.type" },
	{ "attachment_type", "attachment.type" },
	{ "magic", "attachment.magic" },
	{ "encrypted", "attachment.encrypted" },
	{ "archive", "archive.name" },
	{ "archive.encrypted", "attachment.encrypted" },
	{ "content_type", "part.type" },
	{ "mime.type", "part.type" },
	{ "mime_type", "part.type" },
	{ "body_text", "body" },
	{ "body.text", "body" },
	{ "text", "body" },
	{ "html", "body.html" },
	{ "rawbody", "body.raw" },
	{ "link", "url" },
	{ "links", "url" },
	{ "uri", "url" },
	{ "urls", "url" },
	{ "url.domain", "url.host" },
	{ "damage", "mime.damage" },
};

/* What may stand where a condition begins, beside facts. */
static const char *const words[] = { "not", "over", "near", "used", "every",
	"value" };

static struct str
synonym(struct str wrong)
{
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (str_eq_nocase(wrong, str_of(synonyms[i].wrong)))
			return str_of(synonyms[i].name);
	return STR("");
}

struct str
fact_suggest_of_attachment(struct str wrong)
{
	struct suggestion suggestion = { .wrong = wrong };
	const struct fact *meant = fact_find(synonym(wrong));

	if (meant != NULL && meant->id == FACT_PART_TYPE)
		meant = fact_by_id(FACT_ATTACHMENT_TYPE);
	if (meant != NULL && (meant->flags & FACT_ATTACHMENT) != 0)
		return fact_short_name(meant);
	for (size_t i = 0; i < FACT_N; i++)
		if ((facts[i].flags & FACT_ATTACHMENT) != 0)
			suggest(&suggestion, fact_short_name(&facts[i]));
	return suggestion.best.len > 0 ? suggestion.best : fact_suggest(wrong);
}

struct str
fact_suggest(struct str wrong)
{
	struct suggestion suggestion = { .wrong = wrong };
	struct str meant = synonym(wrong);

	if (meant.len > 0)
		return meant;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		suggest(&suggestion, str_of(words[i]));
	for (size_t i = 0; i < FACT_N; i++)
		if ((facts[i].flags & FACT_TEXT_ONLY) == 0)
			suggest(&suggestion, str_of(facts[i].name));
	return suggestion.best;
}

static void
print_name(const struct fact *fact, struct buf *out)
{
	buf_add_cstr(out, fact->name);
	if ((fact->flags & FACT_ARGUMENT) != 0)
		buf_add_cstr(out, "[\"…\"]");
}

/* "…" is one column but three bytes, so the padding is ours. */
static void
print_padded(struct buf *out, size_t from, size_t width)
{
	struct str printed = str_from(buf_str(out), from);
	size_t n = utf8_length(printed);

	do
		buf_byte(out, ' ');
	while (++n < width);
}

/* Room for the longest, and a blank. */
#define NAME_WIDTH 21
#define TYPE_WIDTH 25

static void
print_row(const struct fact *fact, struct buf *out)
{
	size_t from = out->len;

	print_name(fact, out);
	print_padded(out, from, NAME_WIDTH);
	from = out->len;
	buf_add_cstr(out, type_names[fact->type]);
	if ((fact->flags & FACT_MANY) != 0)
		buf_add_cstr(out, ", many");
	print_padded(out, from, TYPE_WIDTH);
	buf_printf(out, "%-8s %s\n", stage_name(fact->stage), fact->help);
}

static void
print_json_text(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, text.p[i]);
	}
}

static void
print_row_json(const struct fact *fact, struct buf *out)
{
	buf_printf(out,
	    "{\"name\":\"%s\",\"type\":\"%s\",\"many\":%s,\"argument\":%s,"
	    "\"stage\":\"%s\",\"help\":\"",
	    fact->name, type_names[fact->type],
	    (fact->flags & FACT_MANY) != 0 ? "true" : "false",
	    (fact->flags & FACT_ARGUMENT) != 0 ? "true" : "false",
	    stage_name(fact->stage));
	print_json_text(str_of(fact->help), out);
	buf_add_cstr(out, "\"}");
}

void
facts_print(struct buf *out, bool as_json)
{
	if (as_json) {
		buf_byte(out, '[');
		for (size_t i = 0; i < FACT_N; i++) {
			buf_add_cstr(out, i > 0 ? ",\n " : "");
			print_row_json(&facts[i], out);
		}
		buf_add_cstr(out, "]\n");
		return;
	}
	buf_printf(out, "%-*s%-*s%s\n", NAME_WIDTH, "FACT", TYPE_WIDTH, "TYPE",
	    "FROM");
	for (size_t i = 0; i < FACT_N; i++)
		print_row(&facts[i], out);
}
