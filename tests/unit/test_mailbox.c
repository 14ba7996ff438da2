/*
 * What may become a recipient or the sender of a message.
 */
#include "rules/mailbox.h"
#include "rules_kit.h"

static void
test_plain_addresses_are_fine(void **state)
{
	static const char *const fine[] = { "anna@example.org",
		"anna+list=x.y@mail.example.org", "a@b", "o'neil@example.org",
		"anna@[192.0.2.7]", "anna@[IPv6:2001:db8::7]",
		"anna@xn--mller-kva.example" };

	(void)state;
	for (size_t i = 0; i < N_OF(fine); i++)
		if (mailbox_flaw(str_of(fine[i])) != NULL)
			fail_msg(
			    "%s: %s", fine[i], mailbox_flaw(str_of(fine[i])));
}

static void
test_what_could_be_more_than_an_address_is_none(void **state)
{
	static const char *const wrong[] = { "", "anna", "@example.org",
		"anna@", "<anna@example.org>", "a@b, c@d", "a@b c@d", "a b@c",
		"a@b\r\nRCPT TO:c@d", "a@b\t", "\"a\"@b", "a\\@b", "a;b@c",
		"@x:a@b", "a@b@c", "m\xc3\xbcller@example.org", "a@b\x7f.org" };
	static const char nul[] = "a@b\0c";

	(void)state;
	for (size_t i = 0; i < N_OF(wrong); i++)
		if (mailbox_flaw(str_of(wrong[i])) == NULL)
			fail_msg("\"%s\" passes", wrong[i]);
	assert_non_null(mailbox_flaw((struct str){ nul, sizeof(nul) - 1 }));
}

static void
test_length_is_that_of_smtp(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[64] = '@';
	assert_null(mailbox_flaw((struct str){ text, 65 + 255 }));
	assert_non_null(mailbox_flaw((struct str){ text, 65 + 256 }));
	text[64] = 'a';
	text[65] = '@';
	assert_non_null(mailbox_flaw((struct str){ text, 80 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_addresses_are_fine),
		cmocka_unit_test(
		    test_what_could_be_more_than_an_address_is_none),
		cmocka_unit_test(test_length_is_that_of_smtp),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
