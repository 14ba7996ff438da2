/* What is negotiated follows from what the rules need, and from no more than
 * the MTA offers. */
#include "daemon/steps.h"

#include <libmilter/mfapi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Both MTAs of today offer this. */
static const struct steps all = { 0x1ff, 0x1fffff };

#define NOTHING                                                                \
	(SMFIP_NOUNKNOWN | SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOHDRS |        \
	    SMFIP_NOEOH | SMFIP_NOBODY)

static const struct {
	const char *what;
	struct needs needs;
	unsigned long actions;
	unsigned long protocol;
} cases[] = {
	{ "no rules: only connect, MAIL, RCPT and the end", { .helo = false },
	    SMFIF_SETSYMLIST, NOTHING },
	{ "rules at stages that always answer",
	    { .answers = { [STAGE_CONNECT] = true,
		  [STAGE_MAIL] = true,
		  [STAGE_RCPT] = true,
		  [STAGE_MESSAGE] = true } },
	    SMFIF_SETSYMLIST, NOTHING },
	{ "HELO is only read", { .helo = true }, SMFIF_SETSYMLIST,
	    (NOTHING & ~SMFIP_NOHELO) | SMFIP_NR_HELO },
	{ "HELO is answered",
	    { .helo = true, .answers = { [STAGE_HELO] = true } },
	    SMFIF_SETSYMLIST, NOTHING & ~SMFIP_NOHELO },
	{ "DATA is answered", { .answers = { [STAGE_DATA] = true } },
	    SMFIF_SETSYMLIST, NOTHING & ~SMFIP_NODATA },
	{ "header fields are read at the end", { .headers = true },
	    SMFIF_SETSYMLIST, (NOTHING & ~SMFIP_NOHDRS) | SMFIP_NR_HDR },
	{ "header fields are answered",
	    { .headers = true, .answers = { [STAGE_HEADERS] = true } },
	    SMFIF_SETSYMLIST,
	    (NOTHING & ~(SMFIP_NOHDRS | SMFIP_NOEOH)) | SMFIP_NR_HDR },
	{ "a body may be skipped", { .body = true }, SMFIF_SETSYMLIST,
	    (NOTHING & ~SMFIP_NOBODY) | SMFIP_SKIP },
	{ "a whole body need not be answered",
	    { .body = true, .whole_body = true }, SMFIF_SETSYMLIST,
	    (NOTHING & ~SMFIP_NOBODY) | SMFIP_NR_BODY },
	{ "parts may begin anywhere in a body", { .mime = true },
	    SMFIF_SETSYMLIST, (NOTHING & ~SMFIP_NOBODY) | SMFIP_NR_BODY },
	{ "recipients are changed", { .recipients = true },
	    SMFIF_SETSYMLIST | SMFIF_ADDRCPT | SMFIF_DELRCPT, NOTHING },
	{ "the sender is changed", { .sender = true },
	    SMFIF_SETSYMLIST | SMFIF_CHGFROM, NOTHING },
	{ "refused recipients", { .refused_rcpt = true }, SMFIF_SETSYMLIST,
	    NOTHING | SMFIP_RCPT_REJ },
	{ "fields are added", { .add_headers = true },
	    SMFIF_SETSYMLIST | SMFIF_ADDHDRS, NOTHING },
	{ "fields are set", { .add_headers = true, .change_headers = true },
	    SMFIF_SETSYMLIST | SMFIF_ADDHDRS | SMFIF_CHGHDRS, NOTHING },
	{ "quarantine", { .quarantine = true },
	    SMFIF_SETSYMLIST | SMFIF_QUARANTINE, NOTHING },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void
only_what_is_needed_is_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct steps steps = steps_choose(&cases[i].needs, all);

		if (steps.actions != cases[i].actions ||
		    steps.protocol != cases[i].protocol)
			fail_msg("%s: actions 0x%lx, steps 0x%lx",
			    cases[i].what, steps.actions, steps.protocol);
	}
}

static void
mail_and_rcpt_and_connect_always_wait_for_their_reply(void **state)
{
	const unsigned long never = SMFIP_NOCONNECT | SMFIP_NOMAIL |
				    SMFIP_NORCPT | SMFIP_NR_CONN |
				    SMFIP_NR_MAIL | SMFIP_NR_RCPT;

	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct steps steps = steps_choose(&cases[i].needs, all);

		assert_int_equal(steps.protocol & never, 0);
	}
}

static void
skipping_and_not_replying_exclude_each_other(void **state)
{
	const unsigned long both = SMFIP_SKIP | SMFIP_NR_BODY;

	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct steps steps = steps_choose(&cases[i].needs, all);

		assert_int_not_equal(steps.protocol & both, both);
	}
}

/* One bit of the offer missing at a time, and all of them. */
static void
never_more_is_asked_for_than_was_offered(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct steps none =
		    steps_choose(&cases[i].needs, (struct steps){ 0, 0 });

		assert_int_equal(none.actions, 0);
		assert_int_equal(none.protocol, 0);
		for (int bit = 0; bit < 21; bit++) {
			struct steps offer = { all.actions & ~(1ul << bit),
				all.protocol & ~(1ul << bit) };
			struct steps got = steps_choose(&cases[i].needs, offer);

			assert_int_equal(got.actions & ~offer.actions, 0);
			assert_int_equal(got.protocol & ~offer.protocol, 0);
		}
	}
}

static void
without_skip_a_body_is_not_answered(void **state)
{
	struct needs needs = { .body = true };
	struct steps offer = { all.actions, all.protocol - SMFIP_SKIP };

	(void)state;
	assert_int_equal(
	    steps_choose(&needs, offer).protocol & (SMFIP_SKIP | SMFIP_NR_BODY),
	    SMFIP_NR_BODY);
}

/* How many things are missing; the first begins with those words. */
static void
check_missing(const struct needs *needs, struct steps offered, size_t n_want,
    const char *first)
{
	const char *got_first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < STEPS_LACKS; i++) {
		const char *what = steps_missing(needs, offered, i);

		if (what != NULL && n++ == 0)
			got_first = what;
	}
	assert_int_equal(n, n_want);
	if (n > 0)
		assert_memory_equal(got_first, first, strlen(first));
}

static void
what_an_mta_lacks_is_named_if_rules_need_it(void **state)
{
	struct needs add = { .add_headers = true };
	struct needs set = { .add_headers = true, .change_headers = true };
	struct needs quarantine = { .quarantine = true };
	struct needs refused = { .refused_rcpt = true };
	struct needs none = { .helo = false };
	struct needs recipients = { .recipients = true };
	struct needs sender = { .sender = true };
	struct needs most = { .add_headers = true,
		.change_headers = true,
		.quarantine = true,
		.recipients = true,
		.sender = true,
		.refused_rcpt = true };
	struct steps half = all;
	struct steps adds = { SMFIF_ADDHDRS | SMFIF_SETSYMLIST, 0x7f };

	(void)state;
	check_missing(&most, all, 0, "");
	check_missing(&none, adds, 0, "");
	check_missing(&add, adds, 0, "");
	check_missing(&set, adds, 1, "changing header fields");
	check_missing(&quarantine, adds, 1, "quarantine");
	check_missing(&refused, adds, 1, "recipients that it refuses");
	check_missing(&recipients, adds, 1, "changes of recipients");
	check_missing(&sender, adds, 1, "a change of the sender");
	check_missing(
	    &most, (struct steps){ 0, 0 }, STEPS_LACKS, "adding header fields");
	/* Who could only remove would lose mail. */
	half.actions = all.actions & ~(unsigned long)SMFIF_ADDRCPT;
	assert_int_equal(
	    steps_choose(&recipients, half).actions, SMFIF_SETSYMLIST);
	check_missing(&recipients, half, 1, "changes of recipients");
}

static void
macros_are_asked_for_at_their_stage(void **state)
{
	struct arena *arena = arena_new(256);
	struct needs needs = { .n_macros = 4, .refused_rcpt = true };
	struct macro_lists lists;

	(void)state;
	needs.macros[0].name = "{tls_version}";
	needs.macros[0].stage = STAGE_HELO; /* and at MAIL */
	needs.macros[1].name = "{mine}";
	needs.macros[1].stage = STAGE_CONNECT;
	needs.macros[2].name = "i"; /* from MAIL on */
	needs.macros[2].stage = STAGE_DATA;
	needs.macros[3].name = "{any}";
	needs.macros[3].at_all_stages = true;
	macro_lists_init(&lists, arena, &needs);
	assert_string_equal(lists.at[SMFIM_CONNECT].text, "{mine} {any}");
	assert_string_equal(lists.at[SMFIM_HELO].text, "{tls_version} {any}");
	assert_string_equal(
	    lists.at[SMFIM_ENVFROM].text, "{tls_version} i {any}");
	assert_string_equal(lists.at[SMFIM_ENVRCPT].text,
	    "{rcpt_addr} {rcpt_mailer} {rcpt_host} i {any}");
	assert_string_equal(lists.at[SMFIM_DATA].text, "i {any}");
	assert_string_equal(lists.at[SMFIM_EOH].text, "i {any}");
	assert_string_equal(lists.at[SMFIM_EOM].text, "i {any}");
	assert_int_equal(lists.at[SMFIM_ENVRCPT].n_read, 2);
	for (int i = 0; i < STEPS_MACRO_LISTS; i++) {
		char joined[400] = "";

		for (size_t k = 0; k < lists.at[i].n; k++) {
			if (k > 0)
				strcat(joined, " ");
			strcat(joined, lists.at[i].names[k]);
		}
		assert_string_equal(joined, lists.at[i].text);
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_needed_is_asked_for),
		cmocka_unit_test(
		    mail_and_rcpt_and_connect_always_wait_for_their_reply),
		cmocka_unit_test(skipping_and_not_replying_exclude_each_other),
		cmocka_unit_test(never_more_is_asked_for_than_was_offered),
		cmocka_unit_test(without_skip_a_body_is_not_answered),
		cmocka_unit_test(what_an_mta_lacks_is_named_if_rules_need_it),
		cmocka_unit_test(macros_are_asked_for_at_their_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
