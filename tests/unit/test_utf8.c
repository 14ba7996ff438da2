/*
 * Characters one by one, and cuts between them.
 */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
every_character_is_read_as_it_was_written(void **state)
{
	char bytes[4];
	size_t len, n;

	(void)state;
	for (uint32_t code = 1; code < 0x110000; code++) {
		if (code >= 0xd800 && code < 0xe000)
			continue; /* surrogates */
		n = utf8_write(code, bytes);
		assert_int_equal(utf8_sequence((struct str){ bytes, n }), n);
		assert_int_equal(utf8_read(bytes, &len), code);
		assert_int_equal(len, n);
		assert_int_equal(utf8_length((struct str){ bytes, n }), 1);
	}
}

static void
a_cut_goes_back_to_where_a_character_begins(void **state)
{
	struct str text = STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };

	(void)state;
	assert_int_equal(text.len, 11);
	for (size_t at = 0; at <= text.len; at++)
		assert_int_equal(utf8_back(text, at), want[at]);
	assert_int_equal(utf8_length(text), 5);
}

static void
a_cut_in_what_is_no_text_goes_back_a_little_only(void **state)
{
	struct str text = STR("\x80\x80\x80\x80\x80\x80\x80\x80");

	(void)state;
	assert_int_equal(utf8_back(text, 7), 4);
	assert_int_equal(utf8_back(text, 2), 0);
	assert_int_equal(utf8_back(text, 8), 8);
	assert_int_equal(utf8_back(STR(""), 0), 0);
}

static void
a_piece_of_text_is_whole_without_halves_at_its_ends(void **state)
{
	struct str text = STR("\xe2\x82\xac-\xf0\x9f\x98\x80");

	(void)state;
	assert_true(str_eq(utf8_whole(text), text));
	assert_true(str_is(utf8_whole(str_sub(text, 1, 7)), "-"));
	assert_true(str_is(utf8_whole(str_sub(text, 2, 4)), "-"));
	assert_true(str_is(utf8_whole(str_sub(text, 0, 2)), ""));
}

static void
one_byte_over_0x7f_is_found_wherever_it_stands(void **state)
{
	char text[20];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(utf8_is_ascii((struct str){ text, sizeof(text) }));
	assert_true(utf8_is_ascii(STR("")));
	for (size_t at = 0; at < sizeof(text); at++) {
		text[at] = '\x80';
		assert_true(utf8_is_ascii((struct str){ text, at }));
		assert_false(utf8_is_ascii((struct str){ text, at + 1 }));
		assert_false(utf8_is_ascii((struct str){ text, sizeof(text) }));
		text[at] = '\x7f';
	}
}

static void
a_hexadecimal_digit_has_a_value_and_nothing_else_has(void **state)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *at;

	(void)state;
	for (int c = 0; c < 256; c++) {
		at = c == 0 ? NULL : strchr(digits, c);
		assert_int_equal(
		    ascii_hex((char)c), at == NULL ? -1 : (at - digits) % 16);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_read_as_it_was_written),
		cmocka_unit_test(a_cut_goes_back_to_where_a_character_begins),
		cmocka_unit_test(
		    a_cut_in_what_is_no_text_goes_back_a_little_only),
		cmocka_unit_test(
		    a_piece_of_text_is_whole_without_halves_at_its_ends),
		cmocka_unit_test(
		    one_byte_over_0x7f_is_found_wherever_it_stands),
		cmocka_unit_test(
		    a_hexadecimal_digit_has_a_value_and_nothing_else_has),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
