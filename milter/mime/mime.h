/*
 * mime: a message taken apart (RFC 2045 to 2049, 2231), as it comes in.
 *
 * Push parser: header fields, then the body in any pieces, then the end; the
 * result is the same for every cut. Never fails, never recursive over input;
 * what is malformed or over a cap is noted as damage and read in the way in
 * which it is seen: text that belongs to no part (preamble, epilogue, a part
 * too deep, a file inside a text) is a part of its own kind. Where two programs
 * would read the same bytes differently (two Content-Types, two transfer
 * encodings, …) both readings are there: the second as a part that says so.
 *
 * Memory: bounded by struct mime_limits, owned by struct mime, freed by
 * mime_free. Time: linear in the bytes. One thread at a time.
 */
#ifndef SLUICE_MIME_MIME_H
#define SLUICE_MIME_MIME_H

#include "base/arena.h"
#include "mime/damage.h"
#include "mime/limits.h"
#include "mime/transfer.h"

enum mime_kind {
	MIME_MULTIPART,
	MIME_MESSAGE, /* message/rfc822 and the like: its one child is whole */
	MIME_TEXT,    /* text/plain and every text but HTML */
	MIME_HTML,    /* text/html, application/xhtml+xml, and what is called
			 a page: invoice.html, logo.svg */
	MIME_OTHER,   /* an image, a program, … */
};

/* Why there is such a part. */
enum mime_role {
	MIME_ROLE_PART,     /* as its multipart, or the message, says */
	MIME_ROLE_PREAMBLE, /* text before the first delimiter */
	MIME_ROLE_EPILOGUE, /* text behind the closing delimiter */
	MIME_ROLE_UUENCODE, /* a file that stands inside of a text */
	MIME_ROLE_AGAIN     /* the same bytes, read the other way */
};

struct mime_part {
	unsigned number; /* from 1, in the order in which they begin */
	unsigned depth;  /* 0: the message itself */
	struct mime_part *parent;
	struct mime_part *children;  /* the first; in order */
	struct mime_part *next;      /* of the same parent */
	struct mime_part *following; /* by number: a walk without recursion */
	enum mime_kind kind;
	enum mime_role role;
	struct str type;    /* "text/html": lower case; the default if none */
	struct str charset; /* as written, lower case; may be empty */
	enum transfer_encoding encoding;
	bool is_attachment; /* disposition attachment, or it has a name, or it
			       is a MIME_OTHER leaf */
	/* Every reading of its file name (RFC 2231, 2047, raw, from either
	 * field), valid UTF-8, each once; what programs show comes first. */
	struct str *names;
	size_t n_names;
	uint64_t at; /* offset in the body of its first byte, header included */
	uint64_t size; /* decoded bytes, kept or not; of leaves */
	/* Of leaves: decoded bytes from the first on, in the charset of the
	 * part; and, if not all were kept, the last ones. */
	struct str content;
	struct str tail;
	bool is_cut;     /* there is more between content and tail */
	uint64_t damage; /* of this part alone */
};

struct mime;

struct mime *mime_new(const struct mime_limits *limits);
void mime_free(struct mime *mime); /* NULL is fine */

/* A field of the message's own header; others than Content-* are ignored. value
 * as it came, folded. Not after mime_body. */
void mime_header(struct mime *mime, struct str name, struct str value);
void mime_body(struct mime *mime, struct str chunk);
/* Closes what is open. Then, and only then, the tree may be read. */
void mime_end(struct mime *mime);

/* The message itself; the others by ->following. Valid until mime_free. */
struct mime_part *mime_root(const struct mime *mime);
size_t mime_n_parts(const struct mime *mime);
/* Of all parts together, with that which belongs to none. */
uint64_t mime_damage(const struct mime *mime);
/* For what is made of the parts; ends with mime_free. */
struct arena *mime_arena(struct mime *mime);
const struct mime_limits *mime_limits(const struct mime *mime);
/* Frees content and tail of a part, which are empty then: for who has made
 * something else of them. */
void mime_give_up(struct mime *mime, struct mime_part *part);
/* Takes over the memory of text, which is empty then, until mime_free. */
struct str mime_keep(struct mime *mime, struct buf *text);
/* Makes LF of each CR LF in the content, or the tail, of a leaf. */
void mime_unify_lines(struct mime *mime, struct str *bytes);
/* Bytes that are kept now, for tests and the curious. */
size_t mime_bytes_kept(const struct mime *mime);

#endif
