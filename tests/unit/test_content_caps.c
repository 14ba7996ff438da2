/*
 * What is kept of large texts and of many addresses.
 */
#include "base/utf8.h"
#include "content_kit.h"

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
	assert_int_equal(n, 901);
	assert_true(sum <= (size_t)512 * 1024);
	assert_true(str_is(list[n - 1].url, "http://a.example/899"));
	message_done(&message);
	buf_done(&body);
}

/* Of a base with a very long user the host is what counts. */
static void
a_long_user_hides_no_host(void **state)
{
	const struct content_url *list;
	struct message message;
	struct buf body = { 0 };
	size_t n;

	(void)state;
	buf_add_cstr(&body, "<base href=http://");
	for (int i = 0; i < 2000; i++)
		buf_byte(&body, 'x');
	buf_add_cstr(&body, "@bad.example/><a href=y>z</a>");
	message_read(&message, STR("text/html"), buf_str(&body), NULL);
	n = content_urls(message.content, &list);
	assert_int_equal(n, 2);
	assert_true(str_is(list[0].host, "bad.example"));
	assert_true(str_is(list[1].url, "http://bad.example/y"));
	message_done(&message);
	buf_done(&body);
}

/* The same one each time, so that no other cap is reached. */
static void
a_million_long_addresses_are_not_all_read(void **state)
{
	struct mime_limits limits = mime_limits_of((size_t)32 << 20);
	const struct content_url *list;
	struct message message;
	struct buf body = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++) {
		buf_add_cstr(&body, "http://a.example/");
		for (int k = 0; k < 1000; k++)
			buf_byte(&body, 'x');
		buf_byte(&body, '\n');
	}
	message_read(&message, STR(""), buf_str(&body), &limits);
	assert_int_equal(content_urls(message.content, &list), 1);
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
		cmocka_unit_test(addresses_are_capped),
		cmocka_unit_test(a_long_base_does_not_fill_memory),
		cmocka_unit_test(a_long_user_hides_no_host),
		cmocka_unit_test(a_million_long_addresses_are_not_all_read),
		cmocka_unit_test(texts_are_capped_in_sum),
		cmocka_unit_test(filling_hides_no_ends),
		cmocka_unit_test(a_text_that_grows_is_cut_and_its_end_is_read),
		cmocka_unit_test(the_end_of_a_cut_part_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
