/*
 * Text of strangers, in every form in which it leaves the programs: nothing of
 * it steers a terminal, ends a line, turns the order of what stands around it,
 * or is there without being seen. What is forbidden stands here once more, so
 * that a hole in the table of glyph.c is found.
 */
#include "session_kit.h"

#include "base/glyph.h"
#include "base/utf8.h"
#include "engine/report.h"
#include "mime/header.h"
#include "rules/diag.h"
#include "rules/key.h"
#include "store/text.h"
#include "tool/desk/event.h"
#include "tool/show/grid.h"
#include "tool/show/json.h"
#include "tool/show/screen.h"
#include "tool/show/shown.h"

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
/* In tables that are static. */
#define BYTES(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static bool
is_forbidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	       c == 0x061c || (c >= 0x200b && c <= 0x200f) || c == 0x2028 ||
	       c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

/* Where the first byte stands that must not be there, or -1. */
static ptrdiff_t
find_forbidden(struct str text)
{
	size_t at = 0, len;

	if (utf8_bad(text) >= 0)
		return utf8_bad(text);
	for (; at < text.len; at += len)
		if (is_forbidden(utf8_read(text.p + at, &len)))
			return (ptrdiff_t)at;
	return -1;
}

static void
a_character_is_seen_or_written_out(void **state)
{
	static const struct {
		struct str text;
		const char *want, *json;
	} cases[] = {
		{ BYTES("a"), "a", "a" },
		{ BYTES("\xc3\xbc"), "\xc3\xbc", "\xc3\xbc" },
		{ BYTES("\n"), "\\x0a", "\\u000a" },
		{ BYTES("\0"), "\\x00", "\\u0000" },
		{ BYTES("\x1b"), "\\x1b", "\\u001b" },
		{ BYTES("\x7f"), "\\x7f", "\\u007f" },
		{ BYTES("\xff"), "\\xff", "\xef\xbf\xbd" },
		{ BYTES("\x9b"), "\\x9b", "\xef\xbf\xbd" },
		{ BYTES("\xc2\x9b"), "\\u{9b}", "\\u009b" },
		{ BYTES("\u202e"), "\\u{202e}", "\\u202e" },
		{ BYTES("\u2066"), "\\u{2066}", "\\u2066" },
		{ BYTES("\u200b"), "\\u{200b}", "\\u200b" },
		{ BYTES("\ufeff"), "\\u{feff}", "\\ufeff" },
		{ BYTES("\U000e0041"), "\\u{e0041}", "\\udb40\\udc41" },
		{ BYTES("\U0001f600"), "\U0001f600", "\U0001f600" },
		{ BYTES("\""), "\"", "\\\"" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct glyph glyph = glyph_at(cases[i].text);

		assert_int_equal(glyph.len, cases[i].text.len);
		buf_clear(&out);
		glyph_add(&out, cases[i].text, glyph);
		assert_string_equal(buf_str(&out).p, cases[i].want);
		buf_clear(&out);
		glyph_add_json(&out, cases[i].text, glyph);
		assert_string_equal(buf_str(&out).p, cases[i].json);
	}
	buf_done(&out);
}

static void
every_forbidden_character_is_written_out(void **state)
{
	struct buf out = { 0 };
	char bytes[4];

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		struct str text = { bytes, 0 };

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		text.len = utf8_write(c, bytes);
		if (glyph_at(text).is_seen && is_forbidden(c))
			fail_msg("U+%04X is taken for seen", (unsigned)c);
		buf_clear(&out);
		glyph_add(&out, text, glyph_at(text));
		if (find_forbidden(buf_str(&out)) >= 0)
			fail_msg("U+%04X came through", (unsigned)c);
	}
	buf_done(&out);
}

/* One way out each; context is an arena. */
struct way {
	const char *name;
	void (*put)(struct arena *arena, struct str text, struct buf *out);
	const char *ours; /* control bytes that are of the form, not of text */
};

static void
put_log(struct arena *arena, struct str text, struct buf *out)
{
	(void)arena;
	log_escape(out, text, text.len);
}

static void
put_log_json(struct arena *arena, struct str text, struct buf *out)
{
	(void)arena;
	log_escape_json(out, text, text.len);
}

static void
put_reply(struct arena *arena, struct str text, struct buf *out)
{
	struct session *session = kit_connect("", true);

	(void)arena;
	session_helo(session, STR("h"));
	kit_mail(session, "<a@example.org>", "SMTPUTF8");
	/* Texts of ours end with a NUL; so does what is filled in there. */
	buf_add(out, report_own_text(session, text.p));
	session_free(session);
}

static void
put_reason(struct arena *arena, struct str text, struct buf *out)
{
	const struct rule rule = { .name = STR("rule") };

	buf_add(out, report_reason(arena, &rule, text));
}

static void
put_header(struct arena *arena, struct str text, struct buf *out)
{
	buf_add(out, header_encode(arena, text, 6));
}

static void
put_key(struct arena *arena, struct str text, struct buf *out)
{
	buf_add(out, key_encode(arena, text));
}

static void
put_hold(struct arena *arena, struct str text, struct buf *out)
{
	const struct store_hold hold = { 1000, text, text };

	(void)arena;
	hold_put(out, &hold);
}

static void
put_diag(struct arena *arena, struct str text, struct buf *out)
{
	struct source source = { .path = text.p, .text = text };
	struct diags *diags = diags_new();

	(void)arena;
	diag_add(diags, DIAG_ERROR, (struct pos){ &source, 0, 1 }, "'%.*s'",
	    STR_ARG(text));
	diags_render(diags, out);
	diags_free(diags);
}

static void
put_cell(struct arena *arena, struct str text, struct buf *out)
{
	static const struct grid_column columns[] = { { "K", false } };
	struct grid grid;

	grid_init(&grid, arena, columns, 1);
	grid_add(&grid, &text);
	grid_print(&grid, out);
}

static void
put_shown(struct arena *arena, struct str text, struct buf *out)
{
	(void)arena;
	shown_quoted(out, text, 1000);
}

static void
put_mark(struct arena *arena, struct str text, struct buf *out)
{
	(void)arena;
	shown_mark(out, text, 0, text.len, 0, 80);
}

static void
put_json(struct arena *arena, struct str text, struct buf *out)
{
	(void)arena;
	json_open(out, NULL, '{');
	json_field(out, text, text);
	json_close(out, '}');
}

static void
put_frame(struct arena *arena, struct str text, struct buf *out)
{
	struct buf frame = { 0 };

	(void)arena;
	screen_frame(text, 24, 80, &frame);
	/* Its own sequences are known; any other would remain. */
	for (struct str rest = buf_str(&frame); rest.len > 0;) {
		size_t skip = str_starts(rest, STR("\033[H")) ||
				      str_starts(rest, STR("\033[K")) ||
				      str_starts(rest, STR("\033[J"))
				  ? 3
				  : 0;

		if (skip == 0)
			buf_byte(out, rest.p[0]);
		rest = str_from(rest, skip > 0 ? skip : 1);
	}
	buf_done(&frame);
}

static void
put_event(struct arena *arena, struct str text, struct buf *out)
{
	struct store_field fields[] = { { STR("event"), STR("verdict") },
		{ STR("action"), text }, { STR("from"), text },
		{ STR("rcpt"), text }, { STR("reason"), text } };
	const struct store_event event = { .id = "1-0",
		.at_ms = KIT_NOW_MS,
		.fields = fields,
		.n_fields = N_OF(fields) };

	(void)arena;
	event_line(&event, KIT_NOW_MS, out);
}

static void
put_event_json(struct arena *arena, struct str text, struct buf *out)
{
	struct store_field fields[] = { { text, text }, { STR("code"), text },
		{ STR("fact.subject"), text } };
	const struct store_event event = { .id = "1-0",
		.at_ms = KIT_NOW_MS,
		.fields = fields,
		.n_fields = N_OF(fields) };

	(void)arena;
	event_json(&event, out);
}

static const struct way ways[] = {
	{ "a value in the log", put_log, "" },
	{ "a value in the log, JSON", put_log_json, "" },
	{ "a reply", put_reply, "" },
	{ "a reason for quarantine", put_reason, "" },
	{ "a header", put_header, "\n" }, /* folded */
	{ "a key in Redis", put_key, "" },
	{ "a lock or grant in Redis", put_hold, "" },
	{ "a diagnostic", put_diag, "\n\t" },
	{ "a cell of a listing", put_cell, "\n" },
	{ "a text of `explain`", put_shown, "" },
	{ "a match in `explain`", put_mark, "\n" },
	{ "a field in JSON", put_json, "" },
	{ "a line of `top`", put_frame, "\r\n" },
	{ "a line of `tail`", put_event, "" },
	{ "a line of `tail --json`", put_event_json, "" },
};

static const struct str hostile[] = {
	BYTES("\x1b[2J\x1b]0;title\x07"),
	BYTES("a\r\n250 ok\r\nrule=fake"),
	BYTES("a\x08\x08\x08 b\x7f"),
	BYTES("\xc2\x9b"
	      "31mred\xc2\x9d"),
	BYTES("\x9b"
	      "31m\x90\x9d"),
	BYTES("invoice\u202efdp.exe"),
	BYTES("\u2066a\u2069\u2067b\u2068\u061c"),
	BYTES("\u200e\u200f\u202a\u202b\u202c\u202d"),
	BYTES("pay\u200bpal\u200c\u200d\u2060\ufeff\u00ad"),
	BYTES("two\u2028lines\u2029\xc2\x85"),
	BYTES("\U000e0041\U000e007f"),
	BYTES("\xff\xfe\xc3\x28\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf"),
	BYTES("\xe2\x80"),
	BYTES("\" until=9999999999 x=\"\\"),
	BYTES("%s%n%d 100% ${rcpt.to}"),
	BYTES("\t\v\f\x01\x1f"),
};

static void
nothing_hostile_leaves_by_any_way(void **state)
{
	struct arena *arena = arena_new(4096);
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(ways) * N_OF(hostile); i++) {
		const struct way *way = &ways[i / N_OF(hostile)];
		struct str text = hostile[i % N_OF(hostile)];
		ptrdiff_t at;

		buf_clear(&out);
		way->put(arena, text, &out);
		for (size_t j = 0; j < out.len; j++)
			if (strchr(way->ours, out.p[j]) != NULL)
				out.p[j] = ' ';
		at = find_forbidden(buf_str(&out));
		if (at >= 0)
			fail_msg("%s: byte %02x of hostile text %zu, at %td: "
				 "%s",
			    way->name, (unsigned char)out.p[at],
			    i % N_OF(hostile), at, out.p);
	}
	buf_done(&out);
	arena_free(arena);
}

/* What stands in Redis is read back as it was said. */
static void
a_reason_is_read_back_exactly(void **state)
{
	struct arena *arena = arena_new(4096);
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(hostile); i++) {
		struct store_hold hold = { 1000, hostile[i], STR("me") }, back;

		buf_clear(&out);
		hold_put(&out, &hold);
		assert_int_equal(hold_parse(buf_str(&out), arena, &back), 0);
		assert_int_equal(back.until_ms, 1000);
		assert_true(str_eq(back.reason, hostile[i]));
	}
	buf_done(&out);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_character_is_seen_or_written_out),
		cmocka_unit_test(every_forbidden_character_is_written_out),
		cmocka_unit_test_setup_teardown(
		    nothing_hostile_leaves_by_any_way, kit_engine_begin,
		    kit_engine_end),
		cmocka_unit_test(a_reason_is_read_back_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
