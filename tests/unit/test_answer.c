/* A reply always has the class of its status, and no byte that an MTA takes
 * for something else. */
#include "daemon/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	enum reply_kind kind;
	unsigned code;
	const char *xcode;
	const char *text;
	const char *want; /* code, xcode and text */
} makes[] = {
	{ REPLY_REJECT, 550, "5.7.1", "No [4f2a-3]", "550 5.7.1 No [4f2a-3]" },
	{ REPLY_TEMPFAIL, 421, "4.7.0", "Too fast", "421 4.7.0 Too fast" },
	{ REPLY_REJECT, 554, "5.10.123", "x", "554 5.10.123 x" },
	/* a class that does not fit would stay for somebody else's reply */
	{ REPLY_REJECT, 450, "4.7.1", "x", "550 5.7.1 x" },
	{ REPLY_TEMPFAIL, 550, "5.7.1", "x", "450 4.7.1 x" },
	{ REPLY_TEMPFAIL, 451, "5.7.1", "x", "451 4.7.1 x" },
	{ REPLY_TEMPFAIL, 0, "", "", "450 4.7.1 Refused" },
	{ REPLY_REJECT, 55000, "5.7.1", "x", "550 5.7.1 x" },
	{ REPLY_REJECT, 550, "5.7", "x", "550 5.7.1 x" },
	{ REPLY_REJECT, 550, "5.7.1.1", "x", "550 5.7.1 x" },
	{ REPLY_REJECT, 550, "5.7.x", "x", "550 5.7.1 x" },
	{ REPLY_REJECT, 550, "5.1234.1", "x", "550 5.7.1 x" },
	{ REPLY_REJECT, 550, "5.7.1", "100% of %s", "550 5.7.1 100%% of %%s" },
	{ REPLY_REJECT, 550, "5.7.1", "a\r\n250 b\t\x7f\xc3\xa9",
	    "550 5.7.1 a??250 b??\xc3\xa9" },
};

static void
replies_fit_their_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		struct reply reply = { .kind = makes[i].kind,
			.code = makes[i].code,
			.xcode = str_of(makes[i].xcode),
			.text = str_of(makes[i].text) };
		struct answer answer;
		char all[ANSWER_TEXT_MAX + 20];

		answer_make(&reply, &answer);
		strcpy(all, answer.code);
		strcat(all, " ");
		strcat(all, answer.xcode);
		strcat(all, " ");
		strcat(all, answer.text);
		assert_string_equal(all, makes[i].want);
	}
}

static void
long_texts_are_cut_but_never_inside_a_doubled_percent_sign(void **state)
{
	char text[3000];

	(void)state;
	for (size_t len = ANSWER_TEXT_MAX - 3; len < 2100; len++) {
		struct reply reply = { .kind = REPLY_REJECT,
			.code = 550,
			.xcode = STR("5.7.1"),
			.text = { text, len } };
		struct answer answer;
		size_t n_signs = 0, got;

		memset(text, 'a', sizeof(text));
		memset(text + len / 2, '%', len - len / 2);
		answer_make(&reply, &answer);
		got = strlen(answer.text);
		assert_in_range(got, 0, ANSWER_TEXT_MAX);
		while (n_signs < got && answer.text[got - 1 - n_signs] == '%')
			n_signs++;
		assert_int_equal(n_signs % 2, 0);
	}
}

static const struct {
	const char *host;
	const char *text;
	unsigned code;
	const char *xcode;
} parses[] = {
	/* Postfix */
	{ "5.1.1", "Recipient address rejected", 550, "5.1.1" },
	{ "4.2.0", "", 450, "4.2.0" },
	/* others */
	{ "x.test", "550 5.1.1 <u@x>: Recipient address rejected", 550,
	    "5.1.1" },
	{ "x.test", "450-4.2.0 x", 450, "4.2.0" },
	{ "x.test", "550 no such user", 550, "" },
	{ "x.test", "550", 550, "" },
	{ "x.test", "550 ", 550, "" },
	{ "x.test", "550 5.1", 550, "" },
	{ "x.test", "55", 0, "" },
	{ "x.test", "5500 x", 0, "" },
	{ "x.test", "anna@example.org", 0, "" },
	{ "x.test", "", 0, "" },
	{ "", "", 0, "" },
};

static void
refusals_of_an_mta_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parses) / sizeof(parses[0]); i++) {
		struct str xcode;
		unsigned code;

		answer_parse(str_of(parses[i].host), str_of(parses[i].text),
		    &code, &xcode);
		assert_int_equal(code, parses[i].code);
		assert_true(str_is(xcode, parses[i].xcode));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_fit_their_status),
		cmocka_unit_test(
		    long_texts_are_cut_but_never_inside_a_doubled_percent_sign),
		cmocka_unit_test(refusals_of_an_mta_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
