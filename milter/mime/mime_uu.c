/*
 * A file inside of a text begins with a line "begin 644 name". It is looked
 * for in what the text decodes to, so a file in quoted-printable is found, too;
 * its bytes stay in the text. Only whole lines can be told, so the beginning
 * of one that may be such waits for the rest.
 */
#include "mime/mime_own.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define UU_LINE_MAX 512 /* "begin 644 " and a name */

static const struct str begin = { "begin ", 6 };

struct mime_uu *
mime_uu_new(void)
{
	return xcalloc(1, sizeof(struct mime_uu));
}

static bool
is_break(char c)
{
	return c == '\n' || c == '\r';
}

/* Behind the next line end, or len. The LF of a CRLF is an empty line. */
static size_t
next_line(struct str s)
{
	size_t at = 0;

	while (at < s.len && !is_break(s.p[at]))
		at++;
	return at < s.len ? at + 1 : s.len;
}

static void
end_file(struct mime_uu *uu)
{
	mime_sink_end(uu->file);
	uu->file = NULL;
}

static void
describe_file(struct mime *mime, struct mime_part *part, struct str name)
{
	const struct mime_reading reading = { STR("application/octet-stream"),
		STR(""), MIME_OTHER };
	struct mime_meaning meaning = { .arena = arena_new(1024) };
	struct parameter parameter = { .name = STR("name"),
		.raw = str_trim(name) };
	const struct parameter *list[] = { &parameter };

	parameter.decoded = parameter.raw;
	mime_names_add(&meaning, list, 1, &mime->limits);
	mime_part_set(mime, part, &reading, TRANSFER_UUENCODE);
	mime_part_name(mime, part, meaning.names, meaning.n_names);
	part->damage |= meaning.damage;
	part->is_attachment = true;
	arena_free(meaning.arena);
}

static void
begin_file(struct mime_sink *text, struct str line, struct str name)
{
	struct mime_part *part =
	    mime_part_new(text->mime, text->part, MIME_ROLE_UUENCODE);

	if (part == NULL)
		return;
	part->at = text->part->at;
	describe_file(text->mime, part, name);
	text->uu->file = mime_sink_new(text->mime, part);
	mime_sink_take(text->uu->file, line);
}

/* A whole line, with its end, that begins with "begin ". */
static void
look_at_line(struct mime_sink *text, struct str line)
{
	struct str name, bare = line;

	while (bare.len > 0 && is_break(bare.p[bare.len - 1]))
		bare.len--;
	if (bare.len < UU_LINE_MAX && transfer_uu_begins(bare, &name))
		begin_file(text, line, name);
}

/* Lines of a file up to its end. Returns how many bytes those are. */
static size_t
push_file(struct mime_uu *uu, struct str decoded)
{
	size_t at = 0, n;

	while (at < decoded.len && uu->file != NULL) {
		n = next_line(str_from(decoded, at));
		mime_sink_take(uu->file, str_sub(decoded, at, at + n));
		at += n;
		if (uu->file->transfer.has_ended)
			end_file(uu);
	}
	uu->is_mid_line = at > 0 && !is_break(decoded.p[at - 1]);
	return at;
}

/* Could more bytes make this line, which is all there is, a first line? */
static bool
may_begin(struct str line)
{
	size_t n = line.len < begin.len ? line.len : begin.len;

	return line.len < UU_LINE_MAX && memcmp(line.p, begin.p, n) == 0;
}

/* Where the last line begins, if that is so near the end that it may be the
 * beginning of "begin "; else the end. */
static size_t
find_last_line(const struct mime_uu *uu, struct str s)
{
	size_t at = s.len > begin.len ? s.len - begin.len : 0;

	if (at == 0 && !uu->is_mid_line && may_begin(s))
		return 0;
	for (at = at > 0 ? at : 1; at < s.len; at++)
		if (is_break(s.p[at - 1]) && may_begin(str_from(s, at)))
			return at;
	return s.len;
}

/* The next line that begins with "begin "; or what may become one. */
static size_t
find_begin(const struct mime_uu *uu, struct str s)
{
	const char *found = s.p;
	size_t at;

	while ((found = memmem(found, s.len - (size_t)(found - s.p), begin.p,
		    begin.len)) != NULL) {
		at = (size_t)(found - s.p);
		if (at == 0 ? !uu->is_mid_line : is_break(s.p[at - 1]))
			return at;
		found += begin.len;
	}
	return find_last_line(uu, s);
}

static size_t
push_text(struct mime_sink *text, struct str decoded)
{
	struct mime_uu *uu = text->uu;
	size_t at = find_begin(uu, decoded), n;
	struct str line = str_from(decoded, at);

	uu->is_mid_line = !is_break(decoded.p[decoded.len - 1]);
	if (line.len == 0)
		return decoded.len;
	n = next_line(line);
	if (is_break(line.p[n - 1])) {
		uu->is_mid_line = false;
		look_at_line(text, str_sub(line, 0, n));
	} else if (line.len < UU_LINE_MAX) {
		buf_add(&uu->line, line);
	}
	return at + n;
}

/* The rest of a line whose beginning came before. */
static size_t
push_line(struct mime_sink *text, struct str decoded)
{
	struct mime_uu *uu = text->uu;
	size_t n = next_line(decoded);

	buf_add(&uu->line, str_sub(decoded, 0, n));
	if (is_break(decoded.p[n - 1]))
		look_at_line(text, buf_str(&uu->line));
	else if (may_begin(buf_str(&uu->line)))
		return n;
	uu->is_mid_line = !is_break(decoded.p[n - 1]);
	buf_clear(&uu->line);
	return n;
}

void
mime_uu_push(struct mime_sink *text, struct str decoded)
{
	struct mime_uu *uu = text->uu;
	size_t n;

	while (decoded.len > 0) {
		if (uu->file != NULL)
			n = push_file(uu, decoded);
		else if (uu->line.len > 0)
			n = push_line(text, decoded);
		else
			n = push_text(text, decoded);
		decoded = str_from(decoded, n);
	}
}

void
mime_uu_end(struct mime_sink *text)
{
	struct mime_uu *uu = text->uu;

	if (uu->line.len > 0)
		look_at_line(text, buf_str(&uu->line));
	if (uu->file != NULL)
		end_file(uu);
	buf_done(&uu->line);
	free(uu);
	text->uu = NULL;
}
