/* Tokens: what they are, where they are, and what none of them is. */
#include "rules/lexer.h"
#include "rules_kit.h"

/* One letter a token: Word, Label, String, Regex, Number, Punct, Bad. */
static void
describe(struct str text, struct buf *out, struct buf *said)
{
	static const char letters[] = "EWLSRNPB";
	struct source source = { "a.rules", text };
	struct diags *diags = diags_new();
	struct lexer lexer;

	lexer_init(&lexer, &source, diags);
	while (lexer.token.kind != TOKEN_END) {
		const struct token *token = &lexer.token;

		buf_printf(
		    out, "%s%c", out->len > 0 ? " " : "", letters[token->kind]);
		if (token->kind != TOKEN_BAD)
			buf_printf(out, "[%.*s]", STR_ARG(token->text));
		buf_add(out, token->flags);
		assert_true(token->pos.at + token->pos.len <= text.len);
		assert_true(token->pos.len > 0);
		lexer_next(&lexer);
	}
	assert_int_equal(lexer.token.pos.at, text.len);
	diags_render(diags, said);
	diags_free(diags);
}

static void
test_text_becomes_tokens(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ " \t\r\n\v\f", "" },
		{ "# a comment", "" },
		{ "# a\nb# c\n#\nd", "W[b] W[d]" },
		{ "accept", "W[accept]" },
		{ "mail.from user-pace a_b",
		    "W[mail.from] W[user-pace] W[a_b]" },
		{ "name:reject", "L[name] W[reject]" },
		{ "1st: 20:", "L[1st] L[20]" },
		{ "name :", "W[name] B" },
		{ "20/1m, 200/1h", "N[20] P[/] N[1m] P[,] N[200] P[/] N[1h]" },
		{ "-2.5 +1 10M 4.7.1 2027-03-01",
		    "N[-2.5] N[+1] N[10M] N[4.7.1] N[2027-03-01]" },
		{ "- 1", "B N[1]" },
		{ "==!=<=>==~!~<>=", "P[==] P[!=] P[<=] P[>=] P[=~] P[!~] "
				     "P[<] P[>=]" },
		{ "{}()[],/%", "P[{] P[}] P[(] P[)] P[[] P[]] P[,] P[/] P[%]" },
		{ "\"\"", "S[]" },
		{ "\"a b\"\"c\"", "S[a b] S[c]" },
		{ "\"\\\"\\\\\"x", "S[\\\"\\\\] W[x]" },
		{ "\"# no comment\"", "S[# no comment]" },
		{ "\"$$\" \"a$$\"", "S[$$] S[a$$]" },
		{ "\"${mail.from}\"", "S[${mail.from}]" },
		{ "\"${header[\"X\"]}\"", "S[${header[\"X\"]}]" },
		{ "\"${macro[\"{x}\"]}\"", "S[${macro[\"{x}\"]}]" },
		{ "\"${header[\"X\\\"\"]}\"", "S[${header[\"X\\\"\"]}]" },
		{ "\"$${\"x", "S[$${] W[x]" },
		{ "\"$$$${\"x", "S[$$$${] W[x]" },
		{ "=~ /a/", "P[=~] R[a]" },
		{ "=~/a\\/b/imsx", "P[=~] R[a\\/b]imsx" },
		{ "!~ # why\n /\"#{/", "P[!~] R[\"#{]" },
		{ "=~ //", "P[=~] R[]" },
		{ "=~ /a/ /b/", "P[=~] R[a] P[/] W[b] P[/]" },
		{ "== /a/", "P[==] P[/] W[a] P[/]" },
		{ "=~ m{a/b}i m{c}", "P[=~] R[a/b]i W[m] P[{] W[c] P[}]" },
		{ "!~m{a{2}\\}\\{}", "P[!~] R[a{2}\\}\\{]" },
		{ "=~ m{}", "P[=~] R[]" },
		{ "=~ m {a}", "P[=~] W[m] P[{] W[a] P[}]" },
		{ "=~ m/a/", "P[=~] W[m] P[/] W[a] P[/]" },
		{ "near a at 90% 5 %", "W[near] W[a] W[at] N[90] P[%] N[5] "
				       "P[%]" },
		{ "=~ \"a\" /b/", "P[=~] S[a] P[/] W[b] P[/]" },
		{ "a && b", "W[a] B W[b]" },
		{ "ü", "B" },
		{ "a;b", "W[a] B W[b]" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct buf got = { 0 }, said = { 0 };

		describe(str_of(cases[i].text), &got, &said);
		if (!str_is(buf_str(&got), cases[i].want))
			fail_msg("\"%s\": %s", cases[i].text,
			    got.len > 0 ? got.p : "nothing");
		buf_done(&got);
		buf_done(&said);
	}
}

static void
test_what_is_not_closed_ends_with_its_line(void **state)
{
	static const struct {
		const char *text, *want, *said;
	} cases[] = {
		{ "\"a\nb", "B W[b]", "this text is not closed" },
		{ "\"a", "B", "this text is not closed" },
		{ "\"a\\", "B", "this text is not closed" },
		{ "\"a\\\"\nb", "B W[b]", "this text is not closed" },
		{ "\"${a\nb", "B W[b]", "this ${ is not closed" },
		{ "\"${a[\"}\"\nb", "B W[b]", "this ${ is not closed" },
		{ "\"${a[\"\\\nb", "B W[b]", "this ${ is not closed" },
		{ "=~ /a\nb", "P[=~] B W[b]", "expression is not closed" },
		{ "=~ /a\\/\nb", "P[=~] B W[b]", "expression is not closed" },
		{ "=~ /", "P[=~] B", "expression is not closed" },
		{ "=~ m{a{2}\nb", "P[=~] B W[b]", "a } for each {" },
		{ "=~ m{a\\}\nb", "P[=~] B W[b]", "a } for each {" },
		{ "=~ m{", "P[=~] B", "expression is not closed" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct buf got = { 0 }, said = { 0 };

		describe(str_of(cases[i].text), &got, &said);
		if (!str_is(buf_str(&got), cases[i].want) ||
		    strstr(said.p, cases[i].said) == NULL ||
		    strstr(said.p, "\n1 error\n") == NULL)
			fail_msg("\"%s\": %s: %s", cases[i].text,
			    got.len > 0 ? got.p : "nothing", said.p);
		buf_done(&got);
		buf_done(&said);
	}
}

static void
test_positions_are_of_the_token(void **state)
{
	static const char text[] = "ab  \"cd\"\n=~ /e/i #x\nname: -1";
	static const struct {
		uint32_t at, len;
	} want[] = { { 0, 2 }, { 4, 4 }, { 9, 2 }, { 12, 4 }, { 20, 4 },
		{ 26, 2 } };
	struct source source = { "a", str_of(text) };
	struct diags *diags = diags_new();
	struct lexer lexer;

	(void)state;
	lexer_init(&lexer, &source, diags);
	for (size_t i = 0; i < N_OF(want); i++) {
		assert_int_equal(lexer.token.pos.at, want[i].at);
		assert_int_equal(lexer.token.pos.len, want[i].len);
		lexer_next(&lexer);
	}
	assert_int_equal(lexer.token.kind, TOKEN_END);
	diags_free(diags);
}

static void
test_a_quiet_lexer_says_nothing_but_notes_what_is_torn(void **state)
{
	struct source source = { "a", STR("a & \"b") };
	struct diags *diags = diags_new();
	struct lexer lexer;

	(void)state;
	lexer_init(&lexer, &source, diags);
	lexer.is_quiet = true;
	while (lexer.token.kind != TOKEN_END)
		lexer_next(&lexer);
	assert_int_equal(diags_n_errors(diags), 0);
	assert_true(lexer.is_torn);
	diags_free(diags);
}

static void
test_tokens_are_described_in_few_words(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "the end of the file" },
		{ "foo", "'foo'" },
		{ "foo:", "'foo:'" },
		{ "\"a b\"", "\"a b\"" },
		{ "1h", "'1h'" },
		{ ">=", "'>='" },
		{ "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
		    "'abcdefghijklmnopqrstuvwxyzabcdefghijklmn…'" },
		{ "\"äöüäöüäöüäöüäöüäöüäöüäöü\"", "\"äöüäöüäöüäöüäöüäöüäö…\"" },
		{ "\"aäöüäöüäöüäöüäöüäöüäöüäöü\"",
		    "\"aäöüäöüäöüäöüäöüäöüä…\"" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct source source = { "a", str_of(cases[i].text) };
		struct diags *diags = diags_new();
		struct lexer lexer;
		char text[80];

		lexer_init(&lexer, &source, diags);
		assert_string_equal(
		    token_describe(&lexer.token, text), cases[i].want);
		diags_free(diags);
	}
}

static void
test_any_bytes_come_to_an_end(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		static const char bytes[] = "abm1\"/\\${}[]()=~!<>#:\n .-%";
		char text[32];
		struct buf got = { 0 }, said = { 0 };

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] =
			    bytes[(size_t)rand_r(&seed) % (sizeof(bytes) - 1)];
		describe((struct str){ text, sizeof(text) }, &got, &said);
		buf_done(&got);
		buf_done(&said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_becomes_tokens),
		cmocka_unit_test(test_what_is_not_closed_ends_with_its_line),
		cmocka_unit_test(test_positions_are_of_the_token),
		cmocka_unit_test(
		    test_a_quiet_lexer_says_nothing_but_notes_what_is_torn),
		cmocka_unit_test(test_tokens_are_described_in_few_words),
		cmocka_unit_test(test_any_bytes_come_to_an_end),
	};

	return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
