/*
 * facts: what rules can know. One table: name, type, the stage from which it
 * is known, the macros that tell it, one line of help.
 */
#ifndef SLUICE_RULES_FACTS_H
#define SLUICE_RULES_FACTS_H

#include "base/buf.h"
#include "rules/stage.h"

enum fact_id {
	FACT_CLIENT_IP,
	FACT_CLIENT_NAME,
	FACT_CLIENT_PTR,
	FACT_CLIENT_PORT,
	FACT_CLIENT_CONNECTIONS,
	FACT_DAEMON_NAME,
	FACT_DAEMON_PORT,
	FACT_NON_SMTP,
	FACT_TIME_HOUR,
	FACT_TIME_WEEKDAY,
	FACT_HELO_NAME,
	FACT_TLS_VERSION,
	FACT_TLS_CIPHER,
	FACT_TLS_BITS,
	FACT_TLS_SUBJECT,
	FACT_TLS_ISSUER,
	FACT_SASL_USER,
	FACT_SASL_USER_LOCAL,
	FACT_SASL_USER_DOMAIN,
	FACT_SASL_METHOD,
	FACT_MAIL_FROM,
	FACT_MAIL_FROM_LOCAL,
	FACT_MAIL_FROM_DOMAIN,
	FACT_MAIL_FROM_PLAIN,
	FACT_MAIL_SIZE,
	FACT_MAIL_PARAM,
	FACT_BOUNCE,
	FACT_RCPT_TO,
	FACT_RCPT_TO_LOCAL,
	FACT_RCPT_TO_DOMAIN,
	FACT_RCPT_COUNT,
	FACT_RCPT_REFUSED,
	FACT_RCPT_MTA_STATUS,
	FACT_QUEUE_ID,
	FACT_HEADER,
	FACT_HEADER_RAW,
	FACT_HEADER_NAMES,
	FACT_SUBJECT,
	FACT_FROM_ADDRESS,
	FACT_FROM_DOMAIN,
	FACT_FROM_NAME,
	FACT_BODY,
	FACT_BODY_RAW,
	FACT_BODY_HTML,
	FACT_BODY_FOLDED,
	FACT_URL,
	FACT_URL_HOST,
	FACT_PART_TYPE,
	FACT_ATTACHMENT_NAME,
	FACT_ATTACHMENT_TYPE,
	FACT_ATTACHMENT_MAGIC,
	FACT_ATTACHMENT_SIZE,
	FACT_ATTACHMENT_COUNT,
	FACT_ATTACHMENT_ENCRYPTED,
	FACT_ARCHIVE_NAME,
	FACT_MESSAGE_SIZE,
	FACT_MIME_DAMAGE,
	FACT_SCORE,
	FACT_TAG,
	FACT_REF,
	FACT_MACRO,
	/* Only inside texts: */
	FACT_MATCH,
	FACT_LIMIT_NAME,
	FACT_LIMIT_MAX,
	FACT_LIMIT_USED,
	FACT_LIMIT_WINDOW,
	FACT_LIMIT_RETRY,
	FACT_LIMIT_UNTIL,
	FACT_N
};

enum fact_type {
	FACT_TYPE_BOOL,
	FACT_TYPE_NUMBER,
	FACT_TYPE_STRING,  /* compared byte by byte */
	FACT_TYPE_NOCASE,  /* a string that is compared without case */
	FACT_TYPE_HOST,    /* a host or domain name */
	FACT_TYPE_ADDRESS, /* local@domain */
	FACT_TYPE_IP,
};

enum {
	FACT_MANY = 1 << 0,     /* may have several values (see fact_is_many) */
	FACT_UTF8 = 1 << 1,     /* decoded: always valid UTF-8 */
	FACT_ARGUMENT = 1 << 2, /* name["argument"] */
	FACT_TEXT_ONLY = 1 << 3,      /* only in "${…}" */
	FACT_LIST_FROM_DATA = 1 << 4, /* several values from stage data on */
	FACT_HEADERS = 1 << 5,        /* header fields are needed */
	FACT_BODY_BYTES = 1 << 6,     /* the body as it came is needed */
	FACT_MIME = 1 << 7,           /* the message taken apart */
	FACT_INSPECT = 1 << 8, /* a helper has to look into attachments */
	FACT_FIXED = 1 << 9, /* the same from its stage to the message's end, so
				that many patterns on it are scanned at once */
	FACT_ATTACHMENT = 1 << 10, /* in `attachment with` of one attachment */
	FACT_VERIFIED = 1 << 11,   /* the MTA found it out: a client cannot
				      choose what it is, as it can a sender */
};

struct fact {
	enum fact_id id;
	const char *name;
	enum fact_type type;
	enum stage stage; /* known from here on */
	unsigned flags;
	const char *macros; /* that tell it, separated by blanks */
	const char *help;
};

const struct fact *fact_find(struct str name); /* NULL: there is none */
const struct fact *fact_by_id(enum fact_id id);
const char *fact_type_phrase(enum fact_type type); /* "an IP address" */
bool fact_is_text(const struct fact *fact);        /* string, host or address */
/* Are its values compared without case? */
bool fact_ignores_case(const struct fact *fact);
/* Can it have several values when it is read at this stage? */
bool fact_is_many(const struct fact *fact, enum stage stage);
/* What a word means inside of `attachment with (…)`: "name" is
 * attachment.name, "archive" archive.name; NULL: it is no such word. */
const struct fact *fact_of_attachment(struct str word);
/* That word, of a FACT_ATTACHMENT. */
struct str fact_short_name(const struct fact *fact);
/* Is it a fact of later versions? */
bool fact_is_reserved(struct str name);
/* What was meant, most likely: a fact, or a word that may begin a condition;
 * or the empty string. */
struct str fact_suggest(struct str wrong);
/* The same inside of `attachment with (…)`. */
struct str fact_suggest_of_attachment(struct str wrong);

/* The table for people, or as JSON. */
void facts_print(struct buf *out, bool as_json);

#endif
