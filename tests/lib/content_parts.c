/*
 * content_parts - the leaves of mails as we read them, as JSON.
 *
 *	content_parts < MAILS
 *
 * Standard input holds mails, each behind a line "NAME BYTES". Of each one
 * line comes out: its name, subject and damage, and of each leaf its number, role,
 * type, names, transfer encoding, size and either its text (of HTML the source) or the bytes that
 * were kept, in hexadecimal digits.
 */
#include "base/xalloc.h"
#include "mime/content.h"
#include "mime/header.h"
#include "mime/mail_text.h"
#include "tool/show/json.h"

#include <stdio.h>
#include <stdlib.h>

#define MAIL_MAX    ((size_t)32 << 20)
#define SCAN_LIMIT  ((size_t)1 << 20)
#define CHUNK_BYTES 65535

static void
add_subject(struct buf *out, struct mime *mime, struct str value)
{
	uint64_t damage = 0;

	json_text(
	    out, "subject", header_decode(mime_arena(mime), value, &damage));
}

/* Its subject is added to out. */
static struct mime *
take_apart(struct str text, struct buf *out)
{
	static char chunk[CHUNK_BYTES];
	const struct mime_limits limits = mime_limits_of(SCAN_LIMIT);
	struct mime *mime = mime_new(&limits);
	struct mail_text mail;
	struct str name;
	struct str value;
	size_t n;

	mail_text_init(&mail, text);
	while (mail_text_field(&mail, &name, &value))
		if (str_eq_nocase(name, STR("Subject")))
			add_subject(out, mime, value);
		else
			mime_header(mime, name, value);
	while ((n = mail_text_body(&mail, chunk, sizeof(chunk))) > 0)
		mime_body(mime, (struct str){ chunk, n });
	mime_end(mime);
	mail_text_done(&mail);
	return mime;
}

static void
add_bytes(struct buf *out, struct str bytes)
{
	struct buf digits = { 0 };

	for (size_t i = 0; i < bytes.len; i++)
		buf_printf(&digits, "%02x", (unsigned char)bytes.p[i]);
	json_text(out, "bytes", buf_str(&digits));
	buf_done(&digits);
}

static void
add_text(struct buf *out, const struct mime_part *part,
    const struct content_text *texts, size_t n)
{
	struct str text = { "", 0 };

	for (size_t i = 0; i < n; i++)
		if (texts[i].part == part)
			text = texts[i].text;
	json_text(out, "text", text);
}

static void
add_leaf(struct buf *out, const struct mime_part *part, struct content *content)
{
	static const char *const roles[] = { "part", "preamble", "epilogue",
		"uuencode", "again" };
	const struct content_text *texts;
	size_t n;

	json_open(out, NULL, '{');
	json_number(out, "number", part->number);
	json_text(out, "role", str_of(roles[part->role]));
	json_text(out, "type", part->type);
	json_text(
	    out, "encoding", str_of(transfer_encoding_name(part->encoding)));
	json_number(out, "size", part->size);
	json_open(out, "names", '[');
	for (size_t i = 0; i < part->n_names; i++)
		json_text(out, NULL, part->names[i]);
	json_close(out, ']');
	if (part->kind == MIME_OTHER) {
		add_bytes(out, part->content);
	} else if (part->kind == MIME_HTML) {
		n = content_html(content, &texts);
		add_text(out, part, texts, n);
	} else {
		n = content_body(content, &texts);
		add_text(out, part, texts, n);
	}
	json_close(out, '}');
}

static void
print_mail(const char *name, struct str text)
{
	struct mime *mime;
	struct content *content;
	struct buf out = { 0 };
	uint64_t damage;

	json_open(&out, NULL, '{');
	json_text(&out, "name", str_of(name));
	mime = take_apart(text, &out);
	content = content_new(mime);
	json_open(&out, "leaves", '[');
	for (const struct mime_part *part = mime_root(mime); part != NULL;
	     part = part->following)
		if (part->kind != MIME_MULTIPART && part->kind != MIME_MESSAGE)
			add_leaf(&out, part, content);
	json_close(&out, ']');
	damage = mime_damage(mime) | content_damage(content);
	json_open(&out, "damage", '[');
	for (enum damage i = 0; i < DAMAGE_N; i++)
		if (damage & DAMAGE_BIT(i))
			json_text(&out, NULL, str_of(damage_word(i)));
	json_close(&out, ']');
	json_close(&out, '}');
	puts(buf_str(&out).p);
	buf_done(&out);
	mime_free(mime);
}

int
main(void)
{
	char *text = xmalloc(MAIL_MAX);
	char name[256];
	size_t n;

	while (scanf("%255s %zu", name, &n) == 2 && getchar() == '\n') {
		if (n > MAIL_MAX || fread(text, 1, n, stdin) != n)
			return 1;
		print_mail(name, (struct str){ text, n });
	}
	free(text);
	return 0;
}
