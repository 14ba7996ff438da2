/*
 * What the parts of a message say: texts in whatever charset, HTML, folded
 * text, addresses.
 */
#include "content_kit.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(html_and_folded_text_are_lists_of_their_own),
		cmocka_unit_test(a_text_that_stays_is_not_copied),
		cmocka_unit_test(bytes_are_given_up_for_their_text),
		cmocka_unit_test(addresses_are_found_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
