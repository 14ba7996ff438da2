/*
 * One pass finds the encoded words, one buffer collects the bytes of words
 * that belong together, so that a character split over two of them is whole
 * when the charset is applied (RFC 2047 section 6.2 forbids the split, but it
 * is common).
 *
 * The trap: decoded text may contain what raw text may not. A line break or
 * NUL from an encoded word becomes a blank here, before any rule or log sees
 * it; and nobody may look for encoded words or addresses in the result again.
 */
#include "mime/header.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"

struct decoder {
	struct buf out;
	struct buf bytes;         /* of the words that wait for an end */
	struct encoded_word word; /* the last of them */
	bool is_waiting;
	uint64_t *damage;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_break(char c)
{
	return c == '\r' || c == '\n';
}

static bool
is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* Length of the line break (CRLF, LF or CR) at the start of s, or 0. */
static size_t
break_len(struct str s)
{
	if (str_starts(s, STR("\r\n")))
		return 2;
	return s.len > 0 && is_break(s.p[0]) ? 1 : 0;
}

static bool
is_fold(struct str s)
{
	size_t len = break_len(s);

	return len > 0 && len < s.len && is_blank(s.p[len]);
}

struct str
header_unfold(struct arena *arena, struct str raw)
{
	char *text = arena_alloc(arena, raw.len + 1);
	size_t len = 0, at = 0;

	while (at < raw.len) {
		struct str rest = str_from(raw, at);
		size_t n = break_len(rest);

		if (n == 0)
			text[len++] = raw.p[at] == '\0' ? ' ' : raw.p[at];
		else if (!is_fold(rest))
			text[len++] = ' ';
		at += n > 0 ? n : 1;
	}
	text[len] = '\0';
	return (struct str){ text, len };
}

void
header_note_damage(struct str raw, uint64_t *damage)
{
	if (utf8_bad(raw) >= 0)
		*damage |= DAMAGE_BIT(DAMAGE_RAW_8BIT);
	for (size_t at = 0; at < raw.len; at++) {
		if (!is_control(raw.p[at]))
			continue;
		if (is_fold(str_from(raw, at)))
			at += break_len(str_from(raw, at));
		else
			*damage |= DAMAGE_BIT(DAMAGE_CONTROL);
	}
}

/* What an encoded word brought in from "from" on. */
static void
clean_decoded(struct decoder *decoder, size_t from)
{
	for (size_t i = from; i < decoder->out.len; i++) {
		char *c = &decoder->out.p[i];

		if (!is_control(*c))
			continue;
		*decoder->damage |= DAMAGE_BIT(DAMAGE_CONTROL);
		if (*c == '\0' || is_break(*c))
			*c = ' ';
	}
}

static void
flush_words(struct decoder *decoder)
{
	size_t from = decoder->out.len;

	if (!decoder->is_waiting)
		return;
	if (!charset_decode(
		&decoder->out, decoder->word.charset, buf_str(&decoder->bytes)))
		*decoder->damage |= DAMAGE_BIT(DAMAGE_CHARSET);
	clean_decoded(decoder, from);
	buf_clear(&decoder->bytes);
	decoder->is_waiting = false;
}

/* gap: what stands between the last word (or the start) and this one. */
static void
add_word(
    struct decoder *decoder, struct str gap, const struct encoded_word *word)
{
	bool is_adjacent = decoder->is_waiting && str_trim(gap).len == 0;

	if (!is_adjacent || word->is_base64 != decoder->word.is_base64 ||
	    !str_eq_nocase(word->charset, decoder->word.charset))
		flush_words(decoder);
	if (!is_adjacent)
		charset_read(&decoder->out, gap);
	if (!encoded_word_bytes(word, &decoder->bytes))
		*decoder->damage |= DAMAGE_BIT(DAMAGE_ENCODED_WORD);
	decoder->word = *word;
	decoder->is_waiting = true;
}

static void
decode_text(struct decoder *decoder, struct str text)
{
	struct encoded_word word;
	size_t at = 0, gap_from = 0;
	ptrdiff_t found;

	while ((found = str_find(str_from(text, at), '=')) >= 0) {
		at += (size_t)found;
		switch (encoded_word_at(str_from(text, at), &word)) {
		case ENCODED_WORD_WHOLE:
			add_word(decoder, str_sub(text, gap_from, at), &word);
			at += word.len;
			gap_from = at;
			continue;
		case ENCODED_WORD_BROKEN:
			*decoder->damage |= DAMAGE_BIT(DAMAGE_ENCODED_WORD);
			break;
		case ENCODED_WORD_NONE:
			break;
		}
		at++;
	}
	flush_words(decoder);
	charset_read(&decoder->out, str_from(text, gap_from));
}

struct str
header_decode(struct arena *arena, struct str raw, uint64_t *damage)
{
	struct decoder decoder = { .damage = damage };
	struct str text;

	header_note_damage(raw, damage);
	decode_text(&decoder, header_unfold(arena, raw));
	text = arena_str(arena, buf_str(&decoder.out));
	buf_done(&decoder.out);
	buf_done(&decoder.bytes);
	return text;
}
