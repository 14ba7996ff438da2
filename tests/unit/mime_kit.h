/*
 * What the tests of the splitter share: a mail as one string, its tree as
 * another.
 */
#ifndef SLUICE_TESTS_MIME_KIT_H
#define SLUICE_TESTS_MIME_KIT_H

#include "base/buf.h"
#include "mime/mail_text.h"
#include "mime/mime.h"
#include "mime/mime_own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table)    (sizeof(table) / sizeof((table)[0]))
#define CUT_BODY_MAX   100000 /* longer ones are not cut at each byte */
#define KIT_SCAN_LIMIT 1048576

struct mail_case {
	const char *what;
	struct str mail; /* lines end with LF, which becomes CRLF; or CRLF */
	const char *want;
};

static const char *const kit_roles[] = {
	[MIME_ROLE_PART] = "",
	[MIME_ROLE_PREAMBLE] = " preamble",
	[MIME_ROLE_EPILOGUE] = " epilogue",
	[MIME_ROLE_UUENCODE] = " uuencode",
	[MIME_ROLE_AGAIN] = " again",
};

/* Gives the header's fields, and the body to out. */
static inline void
kit_begin(struct mime *mime, struct str mail, struct buf *body)
{
	struct mail_text text;
	struct str name, value;
	char bytes[4096];
	size_t n;

	mail_text_init(&text, mail);
	while (mail_text_field(&text, &name, &value))
		mime_header(mime, name, value);
	while ((n = mail_text_body(&text, bytes, sizeof(bytes))) > 0)
		buf_add(body, (struct str){ bytes, n });
	mail_text_done(&text);
}

/* As it is given by an MTA, in chunks of that size. */
static inline struct mime *
kit_split(struct str mail, const struct mime_limits *limits, size_t chunk)
{
	struct mime *mime = mime_new(limits);
	struct buf body = { 0 };

	kit_begin(mime, mail, &body);
	for (size_t at = 0; at < body.len; at += chunk)
		mime_body(
		    mime, str_sub(buf_str(&body), at,
			      at + chunk < body.len ? at + chunk : body.len));
	mime_end(mime);
	buf_done(&body);
	return mime;
}

/* Around the splitter's own blocks: one that ends behind first bytes, then
 * blocks of size. */
static inline struct mime *
kit_split_blocks(struct str mail, const struct mime_limits *limits,
    size_t first, size_t size)
{
	struct mime *mime = mime_new(limits);
	struct buf body = { 0 };
	size_t n;

	kit_begin(mime, mail, &body);
	mime_body(mime, STR(""));
	for (size_t at = 0; at < body.len; at += n) {
		n = at == 0 && first > 0 ? first : size;
		if (at + n > body.len)
			n = body.len - at;
		mime_feed(mime, str_sub(buf_str(&body), at, at + n));
	}
	mime_end(mime);
	buf_done(&body);
	return mime;
}

static inline void
kit_add_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\n')
			buf_add_cstr(out, "\\n");
		else if (c == '\r')
			buf_add_cstr(out, "\\r");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_byte(out, s.p[i]);
	}
}

static inline void
kit_add_damage(struct buf *out, uint64_t damage)
{
	const char *before = " !";

	for (unsigned i = 0; i < DAMAGE_N; i++)
		if ((damage & DAMAGE_BIT(i)) != 0) {
			buf_printf(
			    out, "%s%s", before, damage_word((enum damage)i));
			before = ",";
		}
}

/* One line: type, role, charset, encoding, names, content, damage. */
static inline void
kit_add_part(struct buf *out, const struct mime_part *part)
{
	buf_printf(out, "%*s%.*s%s", (int)part->depth, "", STR_ARG(part->type),
	    kit_roles[part->role]);
	if (part->charset.len > 0)
		buf_printf(out, " charset=%.*s", STR_ARG(part->charset));
	if (part->encoding != TRANSFER_IDENTITY)
		buf_printf(out, " %s", transfer_encoding_name(part->encoding));
	if (part->is_attachment)
		buf_add_cstr(out, " +");
	for (size_t i = 0; i < part->n_names; i++) {
		buf_add_cstr(out, i == 0 ? "'" : "|");
		kit_add_escaped(out, part->names[i]);
	}
	buf_add_cstr(out, part->n_names > 0 ? "'" : "");
	if (part->content.len > 0) {
		buf_add_cstr(out, " =");
		kit_add_escaped(out, part->content);
	}
	if (part->is_cut || part->tail.len > 0)
		buf_add_cstr(out, part->is_cut ? "..." : "|");
	kit_add_escaped(out, part->tail);
	kit_add_damage(out, part->damage);
	buf_byte(out, '\n');
}

static inline void
kit_tree(struct buf *out, const struct mime *mime)
{
	const struct mime_part *part = mime_root(mime);

	buf_clear(out);
	for (; part != NULL; part = part->following)
		kit_add_part(out, part);
}

static inline void
kit_same(
    const struct mail_case *c, struct mime *mime, const char *how, size_t size)
{
	struct buf got = { 0 };

	kit_tree(&got, mime);
	if (strcmp(got.p, c->want) != 0)
		fail_msg("%s, %s %zu:\n%swanted:\n%s", c->what, how, size,
		    got.p, c->want);
	buf_done(&got);
	mime_free(mime);
}

/* The tree, however the body is cut. */
static inline void
kit_check(const struct mail_case *c, const struct mime_limits *limits)
{
	kit_same(c, kit_split(c->mail, limits, SIZE_MAX / 2), "whole", 0);
	for (size_t size = 1; size <= 7; size++)
		kit_same(c, kit_split_blocks(c->mail, limits, 0, size),
		    "in blocks of", size);
	kit_same(c, kit_split(c->mail, limits, 3), "in chunks of", 3);
	for (size_t at = 1; at < c->mail.len && c->mail.len < CUT_BODY_MAX;
	     at++)
		kit_same(c, kit_split_blocks(c->mail, limits, at, SIZE_MAX / 2),
		    "cut at", at);
}

static inline void
kit_check_all(const struct mail_case *cases, size_t n)
{
	struct mime_limits limits = mime_limits_of(KIT_SCAN_LIMIT);

	for (size_t i = 0; i < n; i++)
		kit_check(&cases[i], &limits);
}

#endif
