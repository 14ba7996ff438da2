/* Keys as people write them, and what to tell them on the telephone. */
#include "rules_kit.h"
#include "tool/desk/identity.h"
#include "tool/desk/outlook.h"

#include <time.h>

static const char limits_text[] =
    "limit ip   5/1h connections by client.ip\n"
    "limit net  5/1h connections by client.ip(24, 56)\n"
    "limit user 20/1m, 200/1h recipients by sasl.user\n"
    "limit home 5/1h messages by sasl.user.domain\n"
    "limit part 5/1h messages by mail.from.local\n"
    "limit helo 5/1h messages by helo.name\n"
    "limit how  5/1h messages by sasl.method\n"
    "limit both 5/1h messages by client.ip, mail.from\n"
    "limit to   5/1h recipients by rcpt.to\n"
    "on rcpt {\n"
    " a: reject \"no\" if over ip or over net or over user or over home or "
    "over part "
    "or over helo or over how or over both or over to\n"
    "}\n";

struct fixture {
	struct kit_files files;
	struct rules_io io;
	struct ruleset *rules;
	struct arena *arena;
};

static int
set_up(void **state)
{
	static struct fixture fixture;

	fixture.io = kit_io(&fixture.files);
	fixture.rules = kit_load_fine(&fixture.io, limits_text);
	fixture.arena = arena_new(4096);
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	ruleset_put(fixture->rules);
	arena_free(fixture->arena);
	return 0;
}

static const struct limit *
limit_of(struct fixture *fixture, const char *name)
{
	const struct program *program = ruleset_program(fixture->rules);

	for (size_t i = 0; i < program->n_limits; i++)
		if (str_is(program->limits[i]->name, name))
			return program->limits[i];
	fail_msg("no limit %s", name);
	return NULL;
}

#define LONG_HEAD                                                              \
	"Abcdefghij%20Abcdefghij%20Abcdefghij%20Abcdefghij%20Abcdefghij%20"
#define LONG_KEY                                                               \
	LONG_HEAD "Abcdefghij%20Abcdefghij%20Abcd~"                            \
		  "00112233445566778899aabbccddeeff"

static void
test_a_key_is_what_its_limit_makes_of_it(void **state)
{
	static const struct {
		const char *limit, *text, *want; /* want NULL: it is none */
	} cases[] = {
		{ "ip", "192.0.2.7", "192.0.2.7" },
		{ "ip", "2001:DB8:1:2:3::4", "2001:db8:1:2::/64" },
		{ "ip", "2001:db8:1:2::/64", "2001:db8:1:2::/64" },
		{ "ip", "2001:db8::/32", NULL },
		{ "ip", "anna", NULL },
		{ "ip", "anna@example.org", NULL },
		{ "net", "192.0.2.7", "192.0.2.0/24" },
		{ "net", "192.0.2.0/24", "192.0.2.0/24" },
		{ "user", "anna", "anna@example.org" },
		{ "user", "Anna@Bücher.Example", "anna@xn--bcher-kva.example" },
		{ "user", "anna b@example.net", "anna%20b@example.net" },
		{ "user", "anna%20b@example.net", "anna%20b@example.net" },
		{ "user", "192.0.2.7", NULL },
		{ "home", "anna", "example.org" },
		{ "home", "anna@Example.NET", "example.net" },
		{ "home", "example.net", "example.net" },
		{ "part", "Anna@example.net", "anna" },
		{ "part", "anna", "anna" },
		{ "helo", "Mail.Example.ORG.", "mail.example.org" },
		{ "helo", "anna@example.org", NULL },
		{ "helo", "LocalHost", "localhost" },
		{ "helo", "[192.0.2.7]", "%5B192.0.2.7%5D" },
		{ "helo", "a%3Bb%7D%7B%07", "a%3Bb%7D%7B%07" },
		{ "user", "<>", "%3C%3E" },
		{ "user", "%3C%3E", "%3C%3E" },
		{ "user", "Anna%20B@example.net", "anna%20b@example.net" },
		{ "user", "50%@example.net", "50%25@example.net" },
		{ "user", "50%25@example.net", "50%25@example.net" },
		{ "how", "An%20ODD%2cone", "An%20ODD%2Cone" },
		{ "both", "192.0.2.7,a%2Cb@c.example",
		    "192.0.2.7,a%2Cb@c.example" },
		{ "how", LONG_KEY, LONG_KEY },
		{ "both", LONG_KEY, LONG_KEY },
		{ "how", "PLAIN", "PLAIN" },
		{ "both", "2001:db8::1, Anna",
		    "2001:db8::/64,anna@example.org" },
		{ "both", "192.0.2.7,a@b.example", "192.0.2.7,a@b.example" },
		{ "both", "192.0.2.7", NULL },
		{ "both", "a@b.example,192.0.2.7", NULL },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct identity identity = identity_for(fixture->arena,
		    limit_of(fixture, cases[i].limit), str_of(cases[i].text),
		    "example.org");

		if (cases[i].want == NULL
			? identity.fit != IDENTITY_NO
			: !str_is(identity.key, cases[i].want))
			fail_msg("%s %s: \"%.*s\"", cases[i].limit,
			    cases[i].text, STR_ARG(identity.key));
	}
}

static void
test_any_text_may_be_a_key_that_is_text(void **state)
{
	struct fixture *fixture = *state;
	struct identity identity;

	identity = identity_for(
	    fixture->arena, limit_of(fixture, "how"), STR("anna"), NULL);
	assert_int_equal(identity.fit, IDENTITY_MAYBE);
	identity = identity_for(
	    fixture->arena, limit_of(fixture, "user"), STR("anna"), NULL);
	assert_int_equal(identity.fit, IDENTITY_YES);
	assert_true(str_is(identity.key, "anna"));
}

static void
test_a_person_is_named_in_full(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "anna", "anna@example.org" },
		{ "Anna@Example.NET", "anna@example.net" },
		{ "2001:DB8:0::1", "2001:db8::1" },
		{ "Mail.example.org", "mail.example.org" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct str name = identity_name(
		    fixture->arena, str_of(cases[i].text), "example.org");

		if (!str_is(name, cases[i].want))
			fail_msg("%s: \"%.*s\"", cases[i].text, STR_ARG(name));
	}
}

/* --- outlook ------------------------------------------------------------ */

#define NOW_MS (KIT_NOW_MS + INT64_C(15) * 3600 * 1000) /* 15:00 UTC */

struct told {
	const char *limit;
	uint64_t used, max;
	int64_t retry_ms, locked_ms;
	enum account_effect effect;
};

static struct account
account_of(struct fixture *fixture, const struct told *told)
{
	const struct limit *limit = limit_of(fixture, told->limit);
	struct account account = { .limit = limit, .effect = told->effect };
	struct store_level *level = &account.answer.levels[0];

	account.answer.n_levels = 1;
	account.answer.fits = told->retry_ms == 0 && told->locked_ms == 0;
	account.answer.locked_ms = told->locked_ms;
	level->used = told->used;
	level->max = told->max;
	level->window_sec = limit->rates[0].window_sec;
	level->retry_ms = told->retry_ms;
	if (told->locked_ms > 0) {
		account.standing.lock.until_ms = NOW_MS + told->locked_ms;
		account.standing.lock.reason = STR("21 of 20 recipients in 1m");
	}
	return account;
}

static void
assert_outlook(struct fixture *fixture, const struct told *told, size_t n,
    const char *want)
{
	struct account accounts[4];
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++)
		accounts[i] = account_of(fixture, &told[i]);
	outlook_print(STR("anna@example.org"), accounts, n, NOW_MS, &out);
	if (!str_is(buf_str(&out), want))
		fail_msg("got \"%s\"\nwant \"%s\"", out.p, want);
	buf_done(&out);
}

static void
test_room_is_told_by_what_is_counted(void **state)
{
	static const struct told told[] = {
		{ "user", 6, 20, 0, 0, EFFECT_REFUSES },
		{ "home", 4, 5, 0, 0, EFFECT_REFUSES },
		{ "part", 1, 5, 0, 0, EFFECT_REFUSES },
	};

	assert_outlook(*state, told, 1,
	    "anna@example.org may now send to 14 more recipients (user: 6 of "
	    "20 recipients in 1m).\n");
	assert_outlook(*state, told, 3,
	    "anna@example.org may now send 1 more message (home: 4 of 5 "
	    "messages in 1h), to 14 more recipients (user: 6 of 20 "
	    "recipients in 1m).\n");
	assert_outlook(*state, told, 0,
	    "anna@example.org is held back by no limit now.\n");
}

static void
test_the_longest_wait_is_told(void **state)
{
	static const struct told told[] = {
		{ "user", 20, 20, 45000, 0, EFFECT_REFUSES },
		{ "home", 5, 5, 1260000, 0, EFFECT_REFUSES },
		{ "part", 0, 5, 0, 0, EFFECT_REFUSES },
	};

	assert_outlook(*state, told, 1,
	    "anna@example.org waits until 15:00:45 (in 45 s): user is over, 20 "
	    "of 20 recipients in 1m.\n");
	assert_outlook(*state, told, 3,
	    "anna@example.org waits until 15:21 (in 21 min): home is over, 5 "
	    "of 5 messages in 1h; over, too: user.\n");
}

static void
test_locks_and_never_are_told(void **state)
{
	static const struct told locked[] = {
		{ "user", 20, 20, 45000, 0, EFFECT_REFUSES },
		{ "home", 2, 5, 0, 7800000, EFFECT_REFUSES },
	};
	static const struct told never[] = {
		{ "home", 2, 5, 0, 7800000, EFFECT_REFUSES },
		{ "user", 0, 0, -1, 0, EFFECT_REFUSES },
	};

	assert_outlook(*state, locked, 2,
	    "anna@example.org is locked by home until 17:10 (in 2 h 10 min): "
	    "21 of 20 recipients in 1m; over, too: user.\n");
	assert_outlook(*state, never, 2,
	    "anna@example.org is never let through by user: its maximum is 0; "
	    "over, too: home.\n");
}

static void
test_only_limits_that_refuse_have_a_say(void **state)
{
	static const struct told told[] = {
		{ "user", 20, 20, 45000, 0, EFFECT_OBSERVED },
		{ "home", 5, 5, 1260000, 0, EFFECT_NONE },
	};

	assert_outlook(*state, told, 2,
	    "anna@example.org is held back by no limit now.\n");
}

static void
test_mail_to_somebody_is_told_apart(void **state)
{
	static const struct told told[] = {
		{ "to", 5, 5, 600000, 0, EFFECT_REFUSES },
		{ "user", 6, 20, 0, 0, EFFECT_REFUSES },
	};

	assert_outlook(*state, told, 2,
	    "anna@example.org may now send to 14 more recipients (user: 6 of "
	    "20 recipients in 1m).\n"
	    "Mail to anna@example.org waits until 15:10 (in 10 min): to is "
	    "over, 5 of 5 recipients in 1h.\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_is_what_its_limit_makes_of_it),
		cmocka_unit_test(test_any_text_may_be_a_key_that_is_text),
		cmocka_unit_test(test_a_person_is_named_in_full),
		cmocka_unit_test(test_room_is_told_by_what_is_counted),
		cmocka_unit_test(test_the_longest_wait_is_told),
		cmocka_unit_test(test_locks_and_never_are_told),
		cmocka_unit_test(test_only_limits_that_refuse_have_a_say),
		cmocka_unit_test(test_mail_to_somebody_is_told_apart),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
