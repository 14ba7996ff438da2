/*
 * Line by line. The trap is the line that is cut by the end of what was read:
 * it is kept until the rest is there, but no longer than a "From " line can be,
 * since a mail may well be one line of many megabytes.
 */
#include "tool/corpus/mbox.h"

#include <string.h>

#define FROM_LINE_MAX 1000

void
mbox_init(struct mbox *mbox, size_t max_bytes,
    bool (*each)(void *context, struct mbox_mail *mail), void *context)
{
	*mbox = (struct mbox){ .each = each,
		.context = context,
		.max_bytes = max_bytes,
		.was_line_empty = true };
}

void
mbox_done(struct mbox *mbox)
{
	buf_done(&mbox->text);
	buf_done(&mbox->line);
}

bool
mbox_is_one(struct str beginning)
{
	return str_starts(beginning, STR("From "));
}

/* "12:08" and "2011", anywhere: what a sentence seldom has both of. */
static bool
has_time_and_year(struct str line)
{
	bool has_time = false, has_year = false;
	size_t n_digits = 0;

	for (size_t i = 0; i < line.len; i++) {
		bool is_minute = n_digits > 0 && line.p[i] == ':' &&
				 i + 2 < line.len &&
				 ascii_is_digit(line.p[i + 1]) &&
				 ascii_is_digit(line.p[i + 2]);

		has_time |= is_minute;
		n_digits = ascii_is_digit(line.p[i]) ? n_digits + 1 : 0;
		has_year |= n_digits == 4;
	}
	return has_time && has_year;
}

/* The very first line may be any: that is how the file was recognised. */
static bool
begins_mail(const struct mbox *mbox, struct str line)
{
	return mbox->was_line_empty && mbox_is_one(line) &&
	       (mbox->number == 0 || has_time_and_year(line));
}

static bool
is_quoted_from(struct str line)
{
	size_t i = 0;

	while (i < line.len && line.p[i] == '>')
		i++;
	return i > 0 && mbox_is_one(str_from(line, i));
}

static void
add_text(struct mbox *mbox, struct str bytes)
{
	if (mbox->number == 0)
		return;
	if (bytes.len > mbox->max_bytes - mbox->text.len) {
		mbox->is_too_large = true;
		return;
	}
	buf_add(&mbox->text, bytes);
}

/* The empty line before a "From " line belongs to the mailbox. */
static void
drop_last_line(struct mbox *mbox)
{
	struct buf *text = &mbox->text;

	if (!mbox->was_line_empty || text->len == 0 ||
	    text->p[text->len - 1] != '\n')
		return;
	text->len--;
	if (text->len > 0 && text->p[text->len - 1] == '\r')
		text->len--;
	text->p[text->len] = '\0';
}

static void
end_mail(struct mbox *mbox, bool is_last)
{
	struct mbox_mail mail = { .text = &mbox->text,
		.number = mbox->number,
		.is_only = is_last && mbox->number == 1,
		.is_too_large = mbox->is_too_large };

	if (mbox->number == 0 || mbox->has_ended)
		return;
	drop_last_line(mbox);
	if (!mbox->each(mbox->context, &mail))
		mbox->has_ended = true;
	buf_clear(&mbox->text);
	mbox->is_too_large = false;
}

/* With its end, if it has one. */
static void
take_line(struct mbox *mbox, struct str line)
{
	if (begins_mail(mbox, line)) {
		end_mail(mbox, false);
		mbox->number++;
		mbox->was_line_empty = false;
		return;
	}
	add_text(mbox, is_quoted_from(line) ? str_from(line, 1) : line);
	mbox->was_line_empty = str_is(line, "\n") || str_is(line, "\r\n");
}

/* The rest of a line whose beginning was taken without looking further. */
static void
take_rest(struct mbox *mbox, struct str rest)
{
	add_text(mbox, rest);
	mbox->was_line_empty = false;
}

/* It may end with a part of a line. */
static void
keep_part(struct mbox *mbox, struct str part)
{
	if (mbox->is_line_long) {
		take_rest(mbox, part);
		return;
	}
	buf_add(&mbox->line, part);
	if (mbox->line.len <= FROM_LINE_MAX)
		return;
	take_line(mbox, buf_str(&mbox->line));
	buf_clear(&mbox->line);
	mbox->is_line_long = true;
}

static void
end_line(struct mbox *mbox, struct str rest)
{
	if (mbox->is_line_long) {
		take_rest(mbox, rest);
	} else if (mbox->line.len > 0) {
		buf_add(&mbox->line, rest);
		take_line(mbox, buf_str(&mbox->line));
		buf_clear(&mbox->line);
	} else {
		take_line(mbox, rest);
	}
	mbox->is_line_long = false;
}

bool
mbox_push(struct mbox *mbox, struct str bytes)
{
	while (bytes.len > 0 && !mbox->has_ended) {
		ptrdiff_t end = str_find(bytes, '\n');

		if (end < 0) {
			keep_part(mbox, bytes);
			break;
		}
		end_line(mbox, str_sub(bytes, 0, (size_t)end + 1));
		bytes = str_from(bytes, (size_t)end + 1);
	}
	return !mbox->has_ended;
}

void
mbox_end(struct mbox *mbox)
{
	if (mbox->line.len > 0)
		end_line(mbox, STR(""));
	end_mail(mbox, true);
}
