/*
 * The text is cut at its blanks. Words of printable ASCII stay as they are;
 * everything between two of them becomes one run of encoded words, blanks
 * included, because a reader drops the white space between encoded words and
 * keeps it elsewhere. A line break is only ever put before a blank that
 * stands between two things that are not blank, so no line is empty or blank
 * (RFC 5322 section 3.2.2), and nothing can be read as the end of the headers.
 *
 * The trap: plain text that looks like an encoded word must be encoded, too,
 * or the reader decodes what the writer never encoded.
 */
#include "mime/header.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "mime/charset.h"

#define LINE_MAX_PLAIN   78  /* RFC 5322 section 2.1.1 */
#define LINE_MAX_ENCODED 76  /* RFC 2047 section 2 */
#define WORD_MAX_PLAIN   400 /* longer ones are encoded, to be cut */
#define BLANKS_MAX_PLAIN 4
#define Q_HEAD           STR("=?utf-8?q?")
#define B_HEAD           STR("=?utf-8?b?")
#define WORD_EXTRA       12 /* the head and "?=" */
/* The rest of a line that is too short for a word worth having. */
#define ROOM_MIN         24

struct folder {
	struct buf out;
	size_t column;
	bool is_fresh; /* nothing stands on this line yet */
};

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Valid UTF-8 without control bytes, and without blanks at the ends. */
static struct str
clean_text(struct buf *clean, struct str text)
{
	charset_read(clean, text);
	for (size_t i = 0; i < clean->len; i++)
		if (is_control(clean->p[i]))
			clean->p[i] = ' ';
	return str_trim(buf_str(clean));
}

static size_t
find_word_end(struct str text, size_t at)
{
	while (at < text.len && text.p[at] != ' ')
		at++;
	return at;
}

static size_t
find_blanks_end(struct str text, size_t at)
{
	while (at < text.len && text.p[at] == ' ')
		at++;
	return at;
}

static bool
is_plain(struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		if ((unsigned char)word.p[i] >= 0x80)
			return false;
		if (word.p[i] == '=' && i + 1 < word.len &&
		    word.p[i + 1] == '?')
			return false;
	}
	return word.len > 0 && word.len <= WORD_MAX_PLAIN;
}

static bool
is_plain_at(struct str text, size_t at)
{
	return is_plain(str_sub(text, at, find_word_end(text, at)));
}

/*
 * Where what must be encoded from at on ends: at the end of the text, or at
 * the last blank before a plain word.
 */
static size_t
find_run_end(struct str text, size_t at)
{
	size_t end, next;

	for (;;) {
		end = find_word_end(text, at);
		next = find_blanks_end(text, end);
		if (next == text.len)
			return text.len;
		if (is_plain_at(text, next))
			return next - 1;
		at = next;
	}
}

/* The n blanks owed before something of that length, on a new line if this one
 * would become longer than max. */
static void
add_gap(struct folder *folder, size_t n, size_t len, size_t max)
{
	if (n > 0 && folder->column + n + len > max && !folder->is_fresh) {
		buf_byte(&folder->out, '\n');
		folder->column = 0;
	}
	folder->column += n;
	while (n-- > 0)
		buf_byte(&folder->out, ' ');
}

static void
add_text(struct folder *folder, struct str text)
{
	buf_add(&folder->out, text);
	folder->column += text.len;
	folder->is_fresh = false;
}

static bool
is_q_safe(char c)
{
	/* What RFC 2047 section 5 (3) allows in a phrase is safe anywhere. */
	return ascii_is_alnum(c) || str_find(STR("!*+-/"), c) >= 0;
}

static size_t
q_len(struct str bytes)
{
	size_t len = 0;

	for (size_t i = 0; i < bytes.len; i++)
		len += is_q_safe(bytes.p[i]) || bytes.p[i] == ' ' ? 1 : 3;
	return len;
}

static size_t
b_len(size_t n_bytes)
{
	return (n_bytes + 2) / 3 * 4;
}

static void
add_q(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.p[i];

		if (c == ' ')
			buf_byte(out, '_');
		else if (is_q_safe(c))
			buf_byte(out, c);
		else
			buf_printf(out, "=%02X", (unsigned char)c);
	}
}

static void
add_b(struct buf *out, struct str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < bytes.len; at += 3) {
		size_t n = bytes.len - at < 3 ? bytes.len - at : 3;
		unsigned bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 |
			       (i < n ? (unsigned char)bytes.p[at + i] : 0);
		for (size_t i = 0; i < 4; i++)
			buf_byte(out,
			    i > n ? '=' : digits[bits >> (18 - 6 * i) & 63]);
	}
}

/* The most whole characters that fit in room once encoded; at least one. */
static struct str
take_chars(struct str run, size_t room, bool is_base64)
{
	size_t end = 0, len_as_q = 0;

	while (end < run.len) {
		size_t n = utf8_sequence(str_from(run, end));

		len_as_q += q_len(str_sub(run, end, end + n));
		if (end > 0 && (is_base64 ? b_len(end + n) : len_as_q) > room)
			break;
		end += n;
	}
	return str_sub(run, 0, end);
}

static void
add_encoded_word(struct buf *out, struct str bytes, bool is_base64)
{
	buf_add(out, is_base64 ? B_HEAD : Q_HEAD);
	if (is_base64)
		add_b(out, bytes);
	else
		add_q(out, bytes);
	buf_add_cstr(out, "?=");
}

/* run: not empty. */
static void
add_run(struct folder *folder, struct str run, size_t n_blanks)
{
	/* Readable with bare eyes, unless that takes a third more. */
	bool is_base64 = 4 * b_len(run.len) < 3 * q_len(run);
	struct buf word = { 0 };
	struct str piece;
	size_t used, room;

	while (run.len > 0) {
		used = folder->column + n_blanks + WORD_EXTRA;
		room = used < LINE_MAX_ENCODED ? LINE_MAX_ENCODED - used : 0;
		if (room < ROOM_MIN && !folder->is_fresh)
			room = LINE_MAX_ENCODED - 1 - WORD_EXTRA;
		piece = take_chars(run, room, is_base64);
		run = str_from(run, piece.len);
		buf_clear(&word);
		add_encoded_word(&word, piece, is_base64);
		add_gap(folder, n_blanks, word.len, LINE_MAX_ENCODED);
		add_text(folder, buf_str(&word));
		n_blanks = 1;
	}
	buf_done(&word);
}

/* How many of the blanks at "at" stay as they are. */
static size_t
count_plain_blanks(struct str text, size_t at)
{
	size_t end = find_blanks_end(text, at);

	return end - at <= BLANKS_MAX_PLAIN && is_plain_at(text, end) ? end - at
								      : 1;
}

static void
encode_text(struct folder *folder, struct str text)
{
	size_t at = 0, end, n_blanks = 0;

	while (at < text.len) {
		if (is_plain_at(text, at)) {
			end = find_word_end(text, at);
			add_gap(folder, n_blanks, end - at, LINE_MAX_PLAIN);
			add_text(folder, str_sub(text, at, end));
			n_blanks = count_plain_blanks(text, end);
		} else {
			end = find_run_end(text, at);
			add_run(folder, str_sub(text, at, end), n_blanks);
			n_blanks = 1;
		}
		at = end + n_blanks;
	}
}

struct str
header_encode(struct arena *arena, struct str text, size_t name_len)
{
	struct folder folder = { .is_fresh = true };
	struct buf clean = { 0 };
	struct str value;

	folder.column = name_len + 2; /* ": " */
	encode_text(&folder, clean_text(&clean, text));
	value = arena_str(arena, buf_str(&folder.out));
	buf_done(&folder.out);
	buf_done(&clean);
	return value;
}
