/*
 * mime_dump: the tree of a mail, as stable text or JSON.
 *
 *	mime_dump [--json] [--cut N | --cut-all] [--scan-limit N]
 *	    FILE...
 *
 * --cut gives the body in chunks of N bytes. --cut-all gives it in chunks of 1,
 * 2, 3 and 7 bytes, and in two at each byte, and ends with 1 if any tree is
 * another. It also goes around the splitter's own blocks, so that these fall
 * at each byte, too.
 */
#include "base/xalloc.h"
#include "mime/mail_text.h"
#include "mime/mime.h"
#include "mime/mime_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES 65536

static const char *const kinds[] = {
	[MIME_MULTIPART] = "multipart",
	[MIME_MESSAGE] = "message",
	[MIME_TEXT] = "text",
	[MIME_HTML] = "html",
	[MIME_OTHER] = "other",
};

static const char *const roles[] = {
	[MIME_ROLE_PART] = "part",
	[MIME_ROLE_PREAMBLE] = "preamble",
	[MIME_ROLE_EPILOGUE] = "epilogue",
	[MIME_ROLE_UUENCODE] = "uuencode",
	[MIME_ROLE_AGAIN] = "again",
};

struct mail {
	const char *path;
	struct buf file;
	struct mime_limits limits;
	struct buf body;
};

static void
read_file(const char *path, struct buf *out)
{
	char bytes[READ_BYTES];
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	size_t n;

	if (in == NULL) {
		perror(path);
		exit(2);
	}
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		buf_add(out, (struct str){ bytes, n });
	fclose(in);
}

static void
read_body(struct mail *mail)
{
	struct mail_text text;
	struct str name, value;
	char bytes[READ_BYTES];
	size_t n;

	mail_text_init(&text, buf_str(&mail->file));
	while (mail_text_field(&text, &name, &value))
		continue;
	while ((n = mail_text_body(&text, bytes, sizeof(bytes))) > 0)
		buf_add(&mail->body, (struct str){ bytes, n });
	mail_text_done(&text);
}

static struct mime *
begin(const struct mail *mail)
{
	struct mime *mime = mime_new(&mail->limits);
	struct mail_text text;
	struct str name, value;

	mail_text_init(&text, buf_str(&mail->file));
	while (mail_text_field(&text, &name, &value))
		mime_header(mime, name, value);
	mail_text_done(&text);
	return mime;
}

/* In chunks of that size; 0: in one. */
static struct mime *
split(const struct mail *mail, size_t size)
{
	struct mime *mime = begin(mail);
	struct str body = buf_str(&mail->body);

	while (body.len > 0) {
		size_t n = size == 0 || size > body.len ? body.len : size;

		mime_body(mime, str_sub(body, 0, n));
		body = str_from(body, n);
	}
	mime_end(mime);
	return mime;
}

/* In chunks that are not put together to blocks. first: of the first one. */
static struct mime *
split_at(const struct mail *mail, size_t first, size_t size)
{
	struct mime *mime = begin(mail);
	struct str body = buf_str(&mail->body);

	mime_body(mime, STR(""));
	while (body.len > 0) {
		size_t n = first < body.len ? first : body.len;

		if (n > 0)
			mime_feed(mime, str_sub(body, 0, n));
		body = str_from(body, n);
		first = size;
	}
	mime_end(mime);
	return mime;
}

static void
print_escaped(struct buf *out, struct str s)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_byte(out, s.p[i]);
	}
	buf_byte(out, '"');
}

static void
print_base64(struct buf *out, struct str s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
				     "opqrstuvwxyz0123456789+/";

	buf_byte(out, '"');
	for (size_t i = 0; i < s.len; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		unsigned bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits =
			    bits << 8 | (k < n ? (unsigned char)s.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_byte(out,
			    k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
	}
	buf_byte(out, '"');
}

static void
print_words(struct buf *out, uint64_t damage, const char *between)
{
	const char *before = "";

	for (unsigned i = 0; i < DAMAGE_N; i++) {
		if ((damage & DAMAGE_BIT(i)) == 0)
			continue;
		buf_printf(out, "%s%s", before, damage_word((enum damage)i));
		before = between;
	}
}

static void
print_part(struct buf *out, const struct mime_part *part)
{
	buf_printf(out, "%*s%u %s %s %.*s", (int)part->depth * 2, "",
	    part->number, roles[part->role], kinds[part->kind],
	    STR_ARG(part->type));
	if (part->charset.len > 0) {
		buf_add_cstr(out, " charset=");
		print_escaped(out, part->charset);
	}
	buf_printf(out, " %s at=%llu size=%llu",
	    transfer_encoding_name(part->encoding),
	    (unsigned long long)part->at, (unsigned long long)part->size);
	if (part->content.len > 0)
		buf_printf(out, " content=%zu:%016llx", part->content.len,
		    (unsigned long long)str_hash(part->content));
	if (part->tail.len > 0)
		buf_printf(out, " tail=%zu:%016llx", part->tail.len,
		    (unsigned long long)str_hash(part->tail));
	buf_printf(out, "%s%s", part->is_cut ? " cut" : "",
	    part->is_attachment ? " attachment" : "");
	for (size_t i = 0; i < part->n_names; i++) {
		buf_byte(out, ' ');
		print_escaped(out, part->names[i]);
	}
	if (part->damage != 0) {
		buf_add_cstr(out, " damage=");
		print_words(out, part->damage, ",");
	}
	buf_byte(out, '\n');
}

static void
print_part_json(struct buf *out, const struct mime_part *part)
{
	buf_printf(out, "{\"number\":%u,\"parent\":%u,\"depth\":%u,",
	    part->number, part->parent == NULL ? 0 : part->parent->number,
	    part->depth);
	buf_printf(out,
	    "\"kind\":\"%s\",\"role\":\"%s\",\"type\":", kinds[part->kind],
	    roles[part->role]);
	print_escaped(out, part->type);
	buf_add_cstr(out, ",\"charset\":");
	print_escaped(out, part->charset);
	buf_printf(out, ",\"encoding\":\"%s\",\"attachment\":%s,\"names\":[",
	    transfer_encoding_name(part->encoding),
	    part->is_attachment ? "true" : "false");
	for (size_t i = 0; i < part->n_names; i++) {
		buf_add_cstr(out, i > 0 ? "," : "");
		print_escaped(out, part->names[i]);
	}
	buf_printf(out, "],\"at\":%llu,\"size\":%llu,\"cut\":%s,",
	    (unsigned long long)part->at, (unsigned long long)part->size,
	    part->is_cut ? "true" : "false");
	buf_add_cstr(out, "\"content\":");
	print_base64(out, part->content);
	buf_add_cstr(out, ",\"tail\":");
	print_base64(out, part->tail);
	buf_add_cstr(out, ",\"damage\":[");
	if (part->damage != 0) {
		buf_byte(out, '"');
		print_words(out, part->damage, "\",\"");
		buf_byte(out, '"');
	}
	buf_add_cstr(out, "]}");
}

static void
print_tree(struct buf *out, const struct mime *mime, bool is_json)
{
	const struct mime_part *part = mime_root(mime);

	if (!is_json) {
		for (; part != NULL; part = part->following)
			print_part(out, part);
		return;
	}
	for (; part != NULL; part = part->following) {
		buf_add_cstr(out, part->number > 1 ? ",\n " : "[");
		print_part_json(out, part);
	}
	buf_add_cstr(out, "]\n");
}

static bool
is_same(const struct mail *mail, struct mime *mime, struct str want,
    const char *how, size_t size)
{
	struct buf got = { 0 };
	bool same;

	print_tree(&got, mime, false);
	same = str_eq(buf_str(&got), want);
	if (!same)
		printf("%s: another tree with %s %zu:\n%swhole:\n%s",
		    mail->path, how, size, got.p, want.p);
	buf_done(&got);
	mime_free(mime);
	return same;
}

static bool
check_cuts(const struct mail *mail)
{
	static const size_t sizes[] = { 1, 2, 3, 7 };
	struct mime *mime = split(mail, 0);
	struct buf want = { 0 };
	bool same = true;

	print_tree(&want, mime, false);
	mime_free(mime);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && same; i++)
		same = is_same(mail, split(mail, sizes[i]), buf_str(&want),
			   "chunks of", sizes[i]) &&
		       is_same(mail, split_at(mail, sizes[i], sizes[i]),
			   buf_str(&want), "blocks of", sizes[i]);
	for (size_t i = 0; i <= mail->body.len && same; i++)
		same = is_same(mail, split_at(mail, i, mail->body.len),
		    buf_str(&want), "a cut at", i);
	buf_done(&want);
	return same;
}

struct settings {
	bool is_json;
	bool cuts_all;
	size_t cut;
	size_t scan_limit;
};

static bool
dump(const char *path, const struct settings *settings)
{
	struct mail mail = { .path = path,
		.limits = mime_limits_of(settings->scan_limit) };
	struct buf out = { 0 };
	struct mime *mime;
	bool same = true;

	read_file(path, &mail.file);
	read_body(&mail);
	if (settings->cuts_all) {
		same = check_cuts(&mail);
	} else {
		mime = split(&mail, settings->cut);
		print_tree(&out, mime, settings->is_json);
		fwrite(out.p, 1, out.len, stdout);
		mime_free(mime);
	}
	buf_done(&out);
	buf_done(&mail.body);
	buf_done(&mail.file);
	return same;
}

int
main(int argc, char **argv)
{
	struct settings settings = { .scan_limit = 1048576 };
	int status = 0, i;

	for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			settings.is_json = true;
		else if (strcmp(argv[i], "--cut-all") == 0)
			settings.cuts_all = true;
		else if (strcmp(argv[i], "--cut") == 0 && i + 1 < argc)
			settings.cut = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--scan-limit") == 0 && i + 1 < argc)
			settings.scan_limit = strtoul(argv[++i], NULL, 10);
		else
			break;
	}
	if (i == argc || strncmp(argv[i], "--", 2) == 0) {
		fputs("usage: mime_dump [--json] [--cut N | --cut-all] "
		      "[--scan-limit N] FILE...\n",
		    stderr);
		return 2;
	}
	for (; i < argc; i++)
		if (!dump(argv[i], &settings))
			status = 1;
	return status;
}
