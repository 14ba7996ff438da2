/*
 * What may become a recipient or the sender of a message.
 */
#include "rules/mailbox.h"
#include "rules_kit.h"

static void
test_addresses_are_fine(void **state)
{
	static const char *const fine[] = { "anna@example.org",
		"anna+list=x.y@mail.example.org", "a@b", "o'neil@example.org",
		"anna@[192.0.2.7]", "anna@[IPv6:2001:db8::7]",
		"anna@xn--mller-kva.example", "\"anna\"@example.org",
		"\"a\\\"b@c\"@example.org", "=?utf-8?q?x?=@example.org",
		"a..b@example.org", "user%host@relay.example" };

	(void)state;
	for (size_t i = 0; i < N_OF(fine); i++)
		if (mailbox_flaw(str_of(fine[i]), false) != NULL)
			fail_msg("%s: %s", fine[i],
			    mailbox_flaw(str_of(fine[i]), false));
}

static void
test_what_could_be_more_than_an_address_is_none(void **state)
{
	static const char *const wrong[] = { "", "anna", "@example.org",
		"anna@", "<anna@example.org>", "a@b, c@d", "a@b c@d", "a b@c",
		"a@b\r\nRCPT TO:<c@d>", "a@b\t", " a@b", "a@b\n", "a\\@b",
		"a;b@c", "@x:a@b", "a@b@c", "a@b\x7f.org", "Anna <a@b>",
		"a@b,c@d", "list:a@b;", "a(x)@b", "|/bin/sh", "|prog@b",
		"/etc/passwd", "/file@b", ":include:/x@b", "-oQ@b", "a@-b",
		"a@.b", "a@b:c", "a@b/c", "a@b%c", "\"a b\"@c", "\"a\r\n\"@c",
		"\"anna", "\"anna\"", "\"a\"b@c", "\"a\\", "\"\x7f\"@b" };
	static const char nul[] = "a@b\0c";

	(void)state;
	for (size_t i = 0; i < N_OF(wrong); i++)
		for (int utf8 = 0; utf8 < 2; utf8++)
			if (mailbox_flaw(str_of(wrong[i]), utf8) == NULL)
				fail_msg("\"%s\" passes", wrong[i]);
	assert_non_null(
	    mailbox_flaw((struct str){ nul, sizeof(nul) - 1 }, true));
}

static void
test_no_byte_that_smtp_gives_a_meaning_gets_in(void **state)
{
	char local[] = "a?b@example.org", domain[] = "ab@exa?mple.org";
	char quoted[] = "\"a?b\"@example.org";

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool is_blank = c <= ' ' || c == 0x7f;

		local[1] = domain[6] = quoted[2] = (char)c;
		if (is_blank || strchr("<>()[]:;,\\\"", c) != NULL)
			assert_non_null(mailbox_flaw(
			    (struct str){ local, sizeof(local) - 1 }, true));
		if (is_blank || strchr("<>()[]:;,\\\"|/!%", c) != NULL)
			assert_non_null(mailbox_flaw(
			    (struct str){ domain, sizeof(domain) - 1 }, true));
		if (is_blank)
			assert_non_null(mailbox_flaw(
			    (struct str){ quoted, sizeof(quoted) - 1 }, true));
	}
}

static void
test_other_characters_need_smtputf8_and_must_be_utf8(void **state)
{
	(void)state;
	assert_null(mailbox_flaw(STR("m\xc3\xbcller@example.org"), true));
	assert_null(mailbox_flaw(STR("a@m\xc3\xbcller.example"), true));
	assert_non_null(mailbox_flaw(STR("m\xc3\xbcller@example.org"), false));
	assert_non_null(mailbox_flaw(STR("m\xfcller@example.org"), true));
	assert_non_null(mailbox_flaw(STR("a\xc2\x85@example.org"), true));
	assert_non_null(mailbox_flaw(STR("a@b\xc2\x85.example"), true));
}

static void
test_length_is_that_of_smtp(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[64] = '@';
	assert_null(mailbox_flaw((struct str){ text, 65 + 255 }, false));
	assert_non_null(mailbox_flaw((struct str){ text, 65 + 256 }, false));
	text[64] = 'a';
	text[65] = '@';
	assert_non_null(mailbox_flaw((struct str){ text, 80 }, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_fine),
		cmocka_unit_test(
		    test_what_could_be_more_than_an_address_is_none),
		cmocka_unit_test(
		    test_no_byte_that_smtp_gives_a_meaning_gets_in),
		cmocka_unit_test(
		    test_other_characters_need_smtputf8_and_must_be_utf8),
		cmocka_unit_test(test_length_is_that_of_smtp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
