/*
 * One pass. Runs of ASCII, and of characters that stay, are found first and
 * copied whole; as long as nothing was folded, nothing is copied at all, since
 * most texts stay what they are.
 */
#include "mime/fold.h"

#include "base/utf8.h"
#include "mime/fold_own.h"

#include <string.h>

#define RIGHT_TO_LEFT                                                          \
	"\xe2\x80\xae" /* U+202E, up to U+202C or the line's end */
#define POP_DIRECTION "\xe2\x80\xac"

#define WORD_ONES  UINT64_C(0x0101010101010101)
#define WORD_HIGHS UINT64_C(0x8080808080808080)

struct folder {
	struct str text;
	size_t at;     /* everything before is read */
	size_t copied; /* and everything before this is in out */
	size_t max;
	struct buf *out;
	size_t out_from;
	bool is_changed;
	bool has_marks; /* the script of the last base has marks of its own */
};

/* Does one of eight bytes say anything: control, DEL, not ASCII? Blanks that
 * are controls say it, too; then the bytes are looked at one by one. */
static bool
is_plain_word(const char *p)
{
	uint64_t word, delete;

	memcpy(&word, p, sizeof(word));
	delete = word ^ (WORD_ONES * 0x7f);
	return ((word | ((word - WORD_ONES * 0x20) & ~word) |
		    ((delete - WORD_ONES) & ~delete)) &
		   WORD_HIGHS) == 0;
}

static bool
is_plain_byte(unsigned char c)
{
	return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

static void
skip_plain(struct folder *folder)
{
	const char *p = folder->text.p;
	size_t at = folder->at, len = folder->text.len;

	while (at < len) {
		if (len - at >= 8 && is_plain_word(p + at))
			at += 8;
		else if (is_plain_byte((unsigned char)p[at]))
			at++;
		else
			break;
	}
	if (at > folder->at)
		folder->has_marks = false;
	folder->at = at;
}

/* Latin, Greek, Cyrillic and what stands between them; a mark behind others
 * may be part of how a word is spelled. */
static bool
is_script_with_marks(uint32_t code)
{
	return code >= 0x590 && !(code >= 0x1c80 && code < 0x2e00) &&
	       !(code >= 0xa640 && code < 0xa800) &&
	       !(code >= 0xab30 && code < 0xab70);
}

/* At most max bytes, and no part of a character. */
static void
put(struct folder *folder, struct str bytes)
{
	size_t used = folder->out->len - folder->out_from;

	if (bytes.len > folder->max - used) {
		bytes = str_sub(bytes, 0, folder->max - used);
		bytes = utf8_whole(bytes);
		folder->max = used + bytes.len;
	}
	buf_add(folder->out, bytes);
}

static void
put_what_stays(struct folder *folder, size_t end)
{
	put(folder, str_sub(folder->text, folder->copied, end));
}

/* The len bytes from where the folder is become those. */
static void
replace(struct folder *folder, size_t len, struct str by)
{
	if (!folder->is_changed) {
		size_t all = folder->text.len;

		buf_reserve(folder->out, all < folder->max ? all : folder->max);
		folder->is_changed = true;
	}
	put_what_stays(folder, folder->at);
	put(folder, by);
	folder->at += len;
	folder->copied = folder->at;
}

static void
fold_one(struct folder *folder)
{
	char bytes[4];
	size_t len;
	uint32_t code = utf8_read(folder->text.p + folder->at, &len);
	struct fold_to to = fold_find(code);

	switch (to.kind) {
	case FOLD_STAYS:
		folder->has_marks = is_script_with_marks(code);
		folder->at += len;
		break;
	case FOLD_DROP:
		replace(folder, len, (struct str){ "", 0 });
		break;
	case FOLD_MARK:
		if (folder->has_marks)
			folder->at += len;
		else
			replace(folder, len, (struct str){ "", 0 });
		break;
	case FOLD_CODE:
		folder->has_marks = is_script_with_marks(to.code);
		len = utf8_write(to.code, bytes);
		replace(folder,
		    utf8_sequence(str_from(folder->text, folder->at)),
		    (struct str){ bytes, len });
		break;
	case FOLD_TEXT:
		folder->has_marks = false;
		replace(folder, len, to.text);
		break;
	}
}

/* Where the line, or what U+202E has turned, ends. */
static size_t
turned_end(struct str text, size_t at)
{
	while (at < text.len && text.p[at] != '\n' &&
	       !str_starts(str_from(text, at), STR(POP_DIRECTION)))
		at++;
	return at;
}

static void
add_turned(struct buf *out, struct str text)
{
	size_t at = text.len;

	while (at > 0) {
		size_t end = at;

		while (--at > 0 && ((unsigned char)text.p[at] & 0xc0) == 0x80)
			;
		buf_add(out, str_sub(text, at, end));
	}
}

/* What is shown from right to left is read so: "elppa" behind U+202E. */
static bool
turn(struct str text, struct buf *out)
{
	const struct str mark = STR(RIGHT_TO_LEFT);
	const char *found;
	bool has_any = false;

	while ((found = memmem(text.p, text.len, mark.p, mark.len)) != NULL) {
		size_t at = (size_t)(found - text.p), from = at + mark.len;
		size_t end = turned_end(text, from);

		buf_add(out, str_sub(text, 0, at));
		add_turned(out, str_sub(text, from, end));
		text = str_from(text, end);
		has_any = true;
	}
	if (has_any)
		buf_add(out, text);
	return has_any;
}

static bool
fold_text(struct str text, size_t max_bytes, struct buf *out)
{
	struct folder folder = {
		.text = text,
		.max = max_bytes,
		.out = out,
		.out_from = out->len,
	};

	for (skip_plain(&folder); folder.at < text.len; skip_plain(&folder))
		fold_one(&folder);
	if (!folder.is_changed)
		return false;
	put_what_stays(&folder, text.len);
	return true;
}

bool
fold(struct str text, size_t max_bytes, struct buf *out)
{
	struct buf turned = { 0 };
	bool has_turned = text.len > 0 && turn(text, &turned);

	if (!has_turned)
		return fold_text(text, max_bytes, out);
	text = buf_str(&turned);
	if (!fold_text(text, max_bytes, out))
		buf_add(out, utf8_whole(str_sub(text, 0, max_bytes)));
	buf_done(&turned);
	return true;
}

bool
fold_is_unseen(uint32_t code)
{
	struct fold_to to = fold_find(code);

	return code <= ' ' || to.kind == FOLD_DROP || to.kind == FOLD_MARK ||
	       (to.kind == FOLD_CODE && to.code == ' ');
}
