/*
 * The trap is the last column: a line that reaches it wraps on some terminals,
 * and what is then drawn over it is the wrong line. So it ends one before, and
 * the width is asked for each time.
 */
#include "tool/show/progress.h"

#include "base/clock.h"
#include "tool/show/screen.h"
#include "tool/show/when.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY_US    200000
#define SETTLED_US  1000000 /* a rate before that is a guess */
#define BAR_MIN     10
#define BAR_MAX     40
#define TO_LINE_END "\033[K"

bool
progress_is_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term != NULL && term[0] != '\0' &&
	       strcmp(term, "dumb") != 0;
}

void
progress_open(struct progress *progress, uint64_t total)
{
	*progress = (struct progress){ .is_shown = progress_is_wanted(),
		.began_us = clock_steady_us(),
		.total = total };
}

static void
write_all(struct str text)
{
	ssize_t unused = write(STDERR_FILENO, text.p, text.len);

	(void)unused;
}

void
progress_step(struct progress *progress)
{
	int64_t now_us;
	struct buf out = { 0 };

	if (!progress->is_shown)
		return;
	now_us = clock_steady_us();
	if (now_us - progress->drawn_us < EVERY_US)
		return;
	progress->drawn_us = now_us;
	buf_byte(&out, '\r');
	progress_line(progress, now_us, screen_width(STDERR_FILENO) - 1, &out);
	buf_add_cstr(&out, TO_LINE_END);
	write_all(buf_str(&out));
	buf_done(&out);
}

void
progress_close(struct progress *progress)
{
	if (progress->is_shown && progress->drawn_us > 0)
		write_all(STR("\r" TO_LINE_END));
	progress->is_shown = false;
}

/* 0 to 1. */
static double
part_done(const struct progress *progress)
{
	if (progress->bytes >= progress->total)
		return 1; /* files may grow meanwhile */
	return (double)progress->bytes / (double)progress->total;
}

static void
add_numbers(const struct progress *progress, int64_t passed_us, struct buf *out)
{
	double seconds = (double)passed_us / 1000000;
	double left_ms, done;
	char span[WHEN_MAX];

	buf_printf(out, "%llu mails", (unsigned long long)progress->n_mails);
	if (passed_us < SETTLED_US)
		return;
	buf_printf(out, "  %.0f/s", (double)progress->n_mails / seconds);
	if (progress->total == 0 || progress->bytes == 0)
		return;
	done = part_done(progress);
	left_ms = seconds * 1000 * (1 - done) / done;
	buf_printf(
	    out, "  %.*s left", STR_ARG(when_span((int64_t)left_ms, span)));
}

static void
add_bar(double done, size_t width, struct buf *out)
{
	size_t n_full = (size_t)(done * (double)width);

	buf_byte(out, '[');
	for (size_t i = 0; i < width; i++)
		buf_byte(out, i < n_full ? '#' : '.');
	buf_add_cstr(out, "]  ");
}

void
progress_line(const struct progress *progress, int64_t now_us, unsigned width,
    struct buf *out)
{
	struct buf numbers = { 0 };
	struct buf line = { 0 };
	size_t room;

	add_numbers(progress, now_us - progress->began_us, &numbers);
	if (progress->total > 0) {
		buf_printf(&line, "%3.0f%%  ", part_done(progress) * 100);
		room = line.len + numbers.len + 4;
		room = width > room ? width - room : 0;
		if (room >= BAR_MIN)
			add_bar(part_done(progress),
			    room < BAR_MAX ? room : BAR_MAX, &line);
	}
	buf_add(&line, buf_str(&numbers));
	buf_add(out, str_sub(buf_str(&line), 0, width));
	buf_done(&line);
	buf_done(&numbers);
}
