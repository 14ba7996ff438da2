/*
 * What the parts of a message say: texts in whatever charset, HTML, folded
 * text, addresses; and what is kept of large ones.
 */
#include "base/buf.h"
#include "mime/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))
#define SCAN_LIMIT  ((size_t)64 * 1024)

/* STR is no constant, as a table wants it. */
#define BYTES(literal)                                                         \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

struct message {
	struct mime *mime;
	struct content *content;
};

static void
message_read(struct message *message, struct str type, struct str body,
    const struct mime_limits *limits)
{
	struct mime_limits usual = mime_limits_of(SCAN_LIMIT);

	message->mime = mime_new(limits != NULL ? limits : &usual);
	if (type.len > 0)
		mime_header(message->mime, STR("Content-Type"), type);
	mime_body(message->mime, body);
	mime_end(message->mime);
	message->content = content_new(message->mime);
}

static void
message_done(struct message *message)
{
	mime_free(message->mime);
}

static void
add_texts(struct buf *out, const struct content_text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(texts[i].text.len > 0);
		assert_int_equal(utf8_bad(texts[i].text), -1);
		buf_add(out, texts[i].text);
		buf_byte(out, '|');
	}
}

static void
add_body(struct buf *out, struct content *content)
{
	const struct content_text *texts;
	size_t n = content_body(content, &texts);

	add_texts(out, texts, n);
}

static void
add_html(struct buf *out, struct content *content)
{
	const struct content_text *texts;
	size_t n = content_html(content, &texts);

	add_texts(out, texts, n);
}

static void
add_folded(struct buf *out, struct content *content)
{
	const struct content_text *texts;
	size_t n = content_folded(content, &texts);

	add_texts(out, texts, n);
}

static void
add_urls(struct buf *out, struct content *content)
{
	const struct content_url *urls;
	size_t n = content_urls(content, &urls);

	for (size_t i = 0; i < n; i++) {
		assert_non_null(urls[i].part);
		buf_add(out, urls[i].url);
		buf_byte(out, ' ');
		buf_add(out, urls[i].host);
		buf_byte(out, '|');
	}
}

struct text_case {
	const char *what;
	struct str type;
	struct str body;
	const char *want; /* body, each text with "|" behind it */
	uint64_t damage;
};

#define CHARSET DAMAGE_BIT(DAMAGE_CHARSET)
#define HIDDEN  DAMAGE_BIT(DAMAGE_HIDDEN_TEXT)

static const struct text_case texts[] = {
	{ "no type", BYTES(""), BYTES("caf\xc3\xa9"), "café|", 0 },
	{ "nothing", BYTES(""), BYTES(""), "", 0 },
	{ "no type, no UTF-8", BYTES(""), BYTES("caf\xe9"), "café|", CHARSET },
	{ "ASCII", BYTES("text/plain; charset=us-ascii"), BYTES("cafe"),
	    "cafe|", 0 },
	{ "not ASCII", BYTES("text/plain; charset=us-ascii"),
	    BYTES("caf\xc3\xa9"), "café|", CHARSET },
	{ "UTF-8", BYTES("text/plain; charset=UTF-8"), BYTES("caf\xc3\xa9"),
	    "café|", 0 },
	{ "not UTF-8", BYTES("text/plain; charset=utf-8"), BYTES("caf\xe9"),
	    "café|", CHARSET },
	{ "UTF-8 with a mark", BYTES("text/plain"), BYTES("\xef\xbb\xbfx"),
	    "x|", 0 },
	{ "a mark alone", BYTES("text/plain; charset=utf-8"),
	    BYTES("\xef\xbb\xbf"), "", 0 },
	{ "lines", BYTES("text/plain"), BYTES("a\r\nb\n\r\r\n"), "a\nb\n\r\n|",
	    0 },
	{ "lines of another charset", BYTES("text/plain; charset=koi8-r"),
	    BYTES("\xd4\r\n"), "т\n|", 0 },
	{ "wide lines", BYTES("text/plain; charset=utf-16be"),
	    BYTES("\0\r\0\n\x0d\x0a"), "\nഊ|", 0 },
	{ "koi8-r", BYTES("text/plain; charset=koi8-r"), BYTES("\xd4\xd4"),
	    "тт|", 0 },
	{ "gb2312", BYTES("text/plain; charset=gb2312"), BYTES("\xc4\xe3"),
	    "你|", 0 },
	{ "shift_jis", BYTES("text/plain; charset=Shift_JIS"),
	    BYTES("\x83\x4a"), "カ|", 0 },
	{ "iso-2022-jp", BYTES("text/plain; charset=iso-2022-jp"),
	    BYTES("\x1b$B%+\x1b(B"), "カ|", 0 },
	{ "utf-7", BYTES("text/plain; charset=utf-7"),
	    BYTES("+AGMAaABlAGEAcA- +AHg-"), "cheap x|", 0 },
	{ "utf-16 with a mark", BYTES("text/plain; charset=utf-16"),
	    BYTES("\xff\xfex\0y\0"), "xy|", 0 },
	{ "utf-16 without", BYTES("text/plain; charset=utf-16"),
	    BYTES("\0x\0y"), "xy|", 0 },
	{ "utf-16le", BYTES("text/plain; charset=utf-16le"), BYTES("x\0y\0"),
	    "xy|", 0 },
	{ "a mark of utf-16 alone", BYTES("text/plain"),
	    BYTES("\xff\xfex\0y\0"), "xy|", 0 },
	{ "unknown charset", BYTES("text/plain; charset=x-none"),
	    BYTES("caf\xc3\xa9"), "café|", CHARSET },
	{ "HTML", BYTES("text/html"), BYTES("ch<b>e</b>ap<br>x"), "cheap\nx|",
	    0 },
	{ "HTML with hidden text", BYTES("text/html"),
	    BYTES("ch<i hidden>x</i>eap"), "cheap|x|", HIDDEN },
	{ "HTML with hidden blanks", BYTES("text/html"),
	    BYTES("ch<i hidden>&nbsp;</i>eap"), "cheap|", 0 },
	{ "HTML for Outlook", BYTES("text/html"),
	    BYTES("ch<!--[if mso]>x<![endif]-->eap"), "cheap|x|", 0 },
	{ "nothing but hidden text", BYTES("text/html"), BYTES("<i hidden>x"),
	    "x|", HIDDEN },
	{ "HTML that says its charset", BYTES("text/html"),
	    BYTES("<html><meta charset='windows-1251'>\xe0"), "а|", 0 },
	{ "or at length", BYTES("text/html"),
	    BYTES("<META HTTP-EQUIV=x CONTENT=\"text/html; "
		  "charset=koi8-r\">\xd4"),
	    "т|", 0 },
	{ "a declared one counts", BYTES("text/html; charset=utf-8"),
	    BYTES("<meta charset=koi8-r>\xd1\x82"), "т|", 0 },
	{ "what cannot be", BYTES("text/html"), BYTES("<meta charset=utf-16>x"),
	    "x|", 0 },
	{ "HTML in utf-16", BYTES("text/html"), BYTES("\xff\xfe<\0b\0>\0x\0"),
	    "x|", 0 },
	{ "no text", BYTES("image/png"), BYTES("x"), "", 0 },
	{ "several parts, preamble and epilogue",
	    BYTES("multipart/mixed; boundary=b"),
	    BYTES(
		"pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n"
		"\r\n<p>two</p>\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n"
		"--b--\r\npost"),
	    "pre|one|two|post|", 0 },
	{ "an attachment", BYTES("text/html; name=x.html"), BYTES("<p>x"), "x|",
	    0 },
};

static void
texts_are_decoded(void **state)
{
	struct message message;
	struct buf got = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		uint64_t damage;

		message_read(&message, texts[i].type, texts[i].body, NULL);
		buf_clear(&got);
		add_body(&got, message.content);
		damage = content_damage(message.content);
		if (!str_is(buf_str(&got), texts[i].want) ||
		    damage != texts[i].damage)
			fail_msg("%s: '%.*s', damage %llx", texts[i].what,
			    STR_ARG(buf_str(&got)), (unsigned long long)damage);
		message_done(&message);
	}
	buf_done(&got);
}

static void
html_and_folded_text_are_lists_of_their_own(void **state)
{
	struct message message;
	struct buf got = { 0 };

	(void)state;
	message_read(&message, STR("multipart/alternative; boundary=b"),
	    STR("--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
		"\xd1\x81heap\r\n--b\r\nContent-Type: text/html; "
		"charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		"PABwAD4AeAA=\r\n--b--\r\n"),
	    NULL);
	add_folded(&got, message.content);
	assert_true(str_is(buf_str(&got), "cheap|x|"));
	buf_clear(&got);
	add_html(&got, message.content);
	assert_true(str_is(buf_str(&got), "<p>x|"));
	buf_clear(&got);
	add_body(&got, message.content);
	assert_true(str_is(buf_str(&got), "\xd1\x81heap|x|"));
	assert_int_equal(content_damage(message.content), 0);
	message_done(&message);
	buf_done(&got);
}

static void
a_text_that_stays_is_not_copied(void **state)
{
	const struct content_text *list;
	struct message message;

	(void)state;
	message_read(&message, STR("text/plain; charset=iso-8859-1"),
	    STR("plain text"), NULL);
	assert_int_equal(content_body(message.content, &list), 1);
	assert_ptr_equal(list[0].text.p, mime_root(message.mime)->content.p);
	assert_ptr_equal(list[0].part, mime_root(message.mime));
	assert_int_equal(content_folded(message.content, &list), 1);
	assert_ptr_equal(list[0].text.p, mime_root(message.mime)->content.p);
	message_done(&message);
}

static void
bytes_are_given_up_for_their_text(void **state)
{
	const struct content_text *list;
	struct message message;

	(void)state;
	message_read(&message, STR("text/plain; charset=koi8-r"),
	    STR("\xd4\xd4\xd4"), NULL);
	assert_int_equal(mime_bytes_kept(message.mime), 3);
	assert_int_equal(content_body(message.content, &list), 1);
	assert_int_equal(mime_bytes_kept(message.mime), 6);
	assert_int_equal(mime_root(message.mime)->content.len, 0);
	message_done(&message);

	/* … but an attachment is looked into by others, too. */
	message_read(&message, STR("text/plain; charset=koi8-r; name=x.txt"),
	    STR("\xd4\xd4\xd4"), NULL);
	assert_int_equal(content_body(message.content, &list), 1);
	assert_int_equal(mime_bytes_kept(message.mime), 9);
	assert_int_equal(mime_root(message.mime)->content.len, 3);
	message_done(&message);
}

struct url_case {
	const char *what;
	struct str type;
	struct str body;
	const char *want; /* "url host|" of each */
	bool is_mismatch;
};

#define HTML BYTES("text/html")

static const struct url_case urls[] = {
	{ "text", BYTES("text/plain"),
	    BYTES(
		"see http://A.example/b, www.c.example and http://a.example/b"),
	    "http://a.example/b a.example|http://www.c.example/ "
	    "www.c.example|",
	    false },
	{ "HTML", HTML,
	    BYTES("<a href='HTTP://a.example'>x</a> http://b.example "
		  "<img src=cid:x><a href='#y'>z</a>"),
	    "http://a.example/ a.example|cid:x |http://b.example/ b.example|",
	    false },
	{ "hidden text", HTML, BYTES("<i hidden>http://a.example/"),
	    "http://a.example/ a.example|", false },
	{ "the same host", HTML,
	    BYTES("<a href=http://a.example/x>http://a.example/</a>"),
	    "http://a.example/x a.example|http://a.example/ a.example|",
	    false },
	{ "another host", HTML,
	    BYTES("<a href=http://a.example/>www.bank.example</a>"),
	    "http://a.example/ a.example|http://www.bank.example/ "
	    "www.bank.example|",
	    true },
	{ "a name", HTML, BYTES("<a href=http://a.example/>bank.com</a>"),
	    "http://a.example/ a.example|", true },
	{ "a name in brackets with a path", HTML,
	    BYTES("<a href=http://a.example/> (Bank.com/login). </a>"),
	    "http://a.example/ a.example|", true },
	{ "a name of a country", HTML,
	    BYTES("<a href=http://a.example/><b>bank</b>.de</a>"),
	    "http://a.example/ a.example|", true },
	{ "a name with other letters", HTML,
	    BYTES("<a href=http://bank.com/>b\xd0\xb0nk.com</a>"),
	    "http://bank.com/ bank.com|", true },
	{ "amid words", HTML,
	    BYTES("<a href=http://a.example/>go to https://bank.com now</a>"),
	    "http://a.example/ a.example|https://bank.com/ bank.com|", true },
	{ "a picture's text", HTML,
	    BYTES("<a href=http://a.example/><img alt='www.bank.com'></a>"),
	    "http://a.example/ a.example|http://www.bank.com/ www.bank.com|",
	    true },
	{ "a name below", HTML,
	    BYTES("<a href=http://click.bank.com/>www.bank.com</a>"),
	    "http://click.bank.com/ click.bank.com|http://www.bank.com/ "
	    "www.bank.com|",
	    false },
	{ "a user in front", HTML,
	    BYTES("<a href=http://bank.com@a.example/>bank.com</a>"),
	    "http://a.example/ a.example|", true },
	{ "words", HTML, BYTES("<a href=http://a.example/>read more.</a>"),
	    "http://a.example/ a.example|", false },
	{ "a file", HTML, BYTES("<a href=http://a.example/>invoice.pdf</a>"),
	    "http://a.example/ a.example|", false },
	{ "a script", HTML, BYTES("<a href=http://a.example/>setup.sh</a>"),
	    "http://a.example/ a.example|", false },
	{ "a number", HTML, BYTES("<a href=http://a.example/>1.25</a>"),
	    "http://a.example/ a.example|", false },
	{ "a mail address", HTML,
	    BYTES("<a href=http://a.example/>anna@bank.com</a>"),
	    "http://a.example/ a.example|", false },
	{ "an address for mail", HTML,
	    BYTES("<a href=mailto:anna@a.example>bank.com</a>"),
	    "mailto:anna@a.example |", false },
	{ "an address that is none", HTML, BYTES("<a href=x>bank.com</a>"), "",
	    false },
};

static void
addresses_are_found_once(void **state)
{
	struct message message;
	struct buf got = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(urls); i++) {
		bool is_mismatch;

		message_read(&message, urls[i].type, urls[i].body, NULL);
		buf_clear(&got);
		add_urls(&got, message.content);
		is_mismatch = (content_damage(message.content) &
				  DAMAGE_BIT(DAMAGE_LINK_MISMATCH)) != 0;
		if (!str_is(buf_str(&got), urls[i].want) ||
		    is_mismatch != urls[i].is_mismatch)
			fail_msg("%s: '%.*s'%s", urls[i].what,
			    STR_ARG(buf_str(&got)),
			    is_mismatch ? ", mismatch" : "");
		message_done(&message);
	}
	buf_done(&got);
}

static void
addresses_are_capped(void **state)
{
	struct mime_limits limits = mime_limits_of(SCAN_LIMIT);
	const struct content_url *list;
	struct message message;
	struct buf body = { 0 };

	(void)state;
	limits.urls = 10;
	limits.url_bytes = 20;
	for (int i = 0; i < 10; i++)
		buf_printf(&body, "http://a%d.example/€€€€€€ ", i);
	message_read(&message, STR(""), buf_str(&body), &limits);
	assert_int_equal(content_urls(message.content, &list), 10);
	assert_int_equal(content_damage(message.content), 0);
	for (int i = 0; i < 10; i++) {
		assert_true(list[i].url.len <= 20);
		assert_int_equal(utf8_bad(list[i].url), -1);
		assert_int_equal(list[i].host.len, 10);
	}
	message_done(&message);

	buf_add_cstr(&body, " http://a9.example/€€€€€€ http://b.example ");
	message_read(&message, STR(""), buf_str(&body), &limits);
	assert_int_equal(content_urls(message.content, &list), 10);
	assert_int_equal(
	    content_damage(message.content), DAMAGE_BIT(DAMAGE_URL_COUNT));
	message_done(&message);
	buf_done(&body);
}

static void
a_long_base_does_not_fill_memory(void **state)
{
	const struct content_url *list;
	struct message message;
	struct buf body = { 0 };
	size_t n, sum = 0;

	(void)state;
	buf_add_cstr(&body, "<base href=http://a.example/");
	for (int i = 0; i < 2000; i++)
		buf_byte(&body, 'x');
	buf_add_cstr(&body, "/>");
	for (int i = 0; i < 900; i++)
		buf_printf(&body, "<img src=%d>", i);
	message_read(&message, STR("text/html"), buf_str(&body), NULL);
	n = content_urls(message.content, &list);
	for (size_t i = 0; i < n; i++)
		sum += list[i].url.len;
	assert_true(sum <= (size_t)512 * 1024);
	assert_int_equal(
	    content_damage(message.content), DAMAGE_BIT(DAMAGE_URL_COUNT));
	message_done(&message);
	buf_done(&body);
}

static void
texts_are_capped_in_sum(void **state)
{
	struct mime_limits limits = mime_limits_of(SCAN_LIMIT);
	struct message message;
	struct buf got = { 0 };

	(void)state;
	limits.text_bytes = 8;
	limits.edges_bytes = 0;
	message_read(&message, STR("multipart/mixed; boundary=b"),
	    STR("--b\r\n\r\nabc\xe2\x82\xac\r\n--b\r\nContent-Type: "
		"text/html\r\n\r\n<p>\xe2\x82\xac\r\n--b--\r\n"),
	    &limits);
	add_body(&got, message.content);
	/* "<p>€" is cut to its 6 bytes, of body 2 are left for "€". */
	assert_true(str_is(buf_str(&got), "abc€|"));
	assert_int_equal(
	    content_damage(message.content), DAMAGE_BIT(DAMAGE_PART_CUT));
	buf_clear(&got);
	add_html(&got, message.content);
	assert_true(str_is(buf_str(&got), "<p>€|"));
	message_done(&message);

	limits.text_bytes = 6;
	buf_clear(&got);
	message_read(&message, STR("text/plain; charset=koi8-r"),
	    STR("\xd4\xd4\xd4\xd4"), &limits);
	add_body(&got, message.content);
	assert_true(str_is(buf_str(&got), "ттт|"));
	assert_int_equal(mime_bytes_kept(message.mime), 6);
	message_done(&message);
	buf_done(&got);
}

/* Of a text for which there is no room its ends, of each so much as there is
 * room for ends. */
static void
filling_hides_no_ends(void **state)
{
	struct mime_limits limits = mime_limits_of(SCAN_LIMIT);
	struct message message;
	struct buf got = { 0 };

	(void)state;
	limits.text_bytes = 10;
	limits.edge_bytes = 4;
	limits.edges_bytes = 15;
	message_read(&message, STR("multipart/mixed; boundary=b"),
	    STR("--b\r\n\r\n0123456\r\n--b\r\n\r\nabcdefgh\r\n"
		"--b\r\nContent-Type: text/html\r\n\r\n<p>ijk\r\n"
		"--b\r\n\r\nlmnop\r\n--b\r\n\r\nqrst\r\n--b--\r\n"),
	    &limits);
	add_body(&got, message.content);
	assert_true(str_is(buf_str(&got), "0123456|abcd|efgh|ijk|lmno|p|qr|"));
	assert_int_equal(
	    content_damage(message.content), DAMAGE_BIT(DAMAGE_PART_CUT));
	message_done(&message);
	buf_done(&got);
}

/* Three bytes for each one: a third of the part is as much as is kept. */
static void
a_text_that_grows_is_cut_and_its_end_is_read(void **state)
{
	struct mime_limits limits = mime_limits_of(SCAN_LIMIT);
	const struct content_text *list;
	struct message message;
	struct buf body = { 0 };
	size_t n;

	(void)state;
	limits.edge_bytes = 100;
	for (size_t i = 0; i < SCAN_LIMIT - 200; i++)
		buf_byte(&body, '\xb1'); /* half-width katakana */
	for (int i = 0; i < 150; i++)
		buf_byte(&body, '.');
	message_read(&message, STR("text/plain; charset=shift_jis"),
	    buf_str(&body), &limits);
	n = content_body(message.content, &list);
	assert_true(n >= 2);
	assert_in_range(list[0].text.len, SCAN_LIMIT - 3, SCAN_LIMIT);
	assert_true(str_starts(list[0].text, STR("ｱｱｱ")));
	assert_true(str_ends_nocase(list[n - 1].text, STR("........")));
	assert_true(
	    content_damage(message.content) == DAMAGE_BIT(DAMAGE_PART_CUT));
	assert_true(mime_bytes_kept(message.mime) < SCAN_LIMIT + 8192);
	message_done(&message);
	buf_done(&body);
}

static void
the_end_of_a_cut_part_is_read(void **state)
{
	struct mime_limits limits = mime_limits_of(64);
	const struct content_text *list;
	struct message message;
	struct buf body = { 0 };
	size_t n;

	(void)state;
	limits.edge_bytes = 32;
	limits.edges_bytes = 1024;
	limits.text_bytes = 1024;
	buf_add_cstr(&body, "<p>");
	for (int i = 0; i < 1000; i++)
		buf_add_cstr(&body, "€");
	buf_add_cstr(&body, "<p>ch<b>eap");
	message_read(&message, STR("text/html"), buf_str(&body), &limits);
	n = content_body(message.content, &list);
	assert_int_equal(n, 2);
	assert_int_equal(utf8_bad(list[0].text), -1);
	assert_int_equal(utf8_bad(list[1].text), -1);
	assert_true(str_ends_nocase(list[1].text, STR("€\ncheap")));
	assert_int_equal(content_damage(message.content), 0);
	assert_true(
	    (mime_damage(message.mime) & DAMAGE_BIT(DAMAGE_PART_CUT)) != 0);
	message_done(&message);
	buf_done(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(html_and_folded_text_are_lists_of_their_own),
		cmocka_unit_test(a_text_that_stays_is_not_copied),
		cmocka_unit_test(bytes_are_given_up_for_their_text),
		cmocka_unit_test(addresses_are_found_once),
		cmocka_unit_test(addresses_are_capped),
		cmocka_unit_test(a_long_base_does_not_fill_memory),
		cmocka_unit_test(texts_are_capped_in_sum),
		cmocka_unit_test(filling_hides_no_ends),
		cmocka_unit_test(a_text_that_grows_is_cut_and_its_end_is_read),
		cmocka_unit_test(the_end_of_a_cut_part_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
