/*
 * Which conditions are scanned together.
 */
#include "rules/program.h"
#include "rules_kit.h"

#define TEXT                                                                   \
	"limit l 5/1h messages by client.ip if subject =~ /limited/\n"         \
	"table t string { \"a b\" }\n"                                         \
	"on message if body =~ /block/ {\n"                                    \
	"    a: tag \"1\" if body =~ /one/i and body !~ /two/\n"               \
	"    b: tag \"1\" if every body =~ /one/i or body =~ /one/\n"          \
	"    c: tag \"1\" if header[\"X-A\"] =~ /one/\n"                       \
	"    d: tag \"1\" if header[\"x-a\"] =~ /two/ or header[\"X-B\"] =~ "  \
	"/two/\n"                                                              \
	"    e: tag \"1\" if attachment with (name =~ /of one/ and subject "   \
	"=~ /in/)\n"                                                           \
	"    f: tag \"1\" if attachment.name =~ /of all/\n"                    \
	"    g: tag \"1\" if mail.from =~ /envelope/ or tag =~ /changes/ or "  \
	"value(t, subject) =~ /b/\n"                                           \
	"}\n"

struct place {
	const char *fact;
	const char *rules; /* whose patterns they are, "-": of none */
};

static const struct place wanted[] = {
	{ "subject", "- e " },
	{ "body", "- a a b " },
	{ "header", "c d " },
	{ "header", "d " },
	{ "attachment.name", "f " },
};

static struct ruleset *
load(void)
{
	static struct kit_files files;
	static struct rules_io io;

	io = kit_io(&files);
	return kit_load_fine(&io, TEXT "on message { h: tag \"1\" if over l }");
}

static void
test_patterns_of_one_fact_are_together(void **state)
{
	struct ruleset *rules = load();
	const struct program *program = ruleset_program(rules);

	(void)state;
	assert_int_equal(program->n_scans, N_OF(wanted));
	for (size_t i = 0; i < N_OF(wanted); i++) {
		const struct scan *scan = &program->scans[i];
		char got[40] = "";
		size_t len = 0;

		assert_string_equal(scan->ref.fact->name, wanted[i].fact);
		for (size_t j = 0; j < scan->n; j++) {
			struct str name = scan->rules[j] != NULL
					      ? scan->rules[j]->name
					      : STR("-");

			assert_non_null(scan->patterns[j]);
			len += (size_t)snprintf(got + len, sizeof(got) - len,
			    "%.*s ", STR_ARG(name));
		}
		assert_string_equal(got, wanted[i].rules);
	}
	ruleset_put(rules);
}

static const struct condition *
condition_of(const struct ruleset *rules, const char *rule)
{
	return program_rule(ruleset_program(rules), str_of(rule))->cond;
}

static void
test_the_same_pattern_has_one_place(void **state)
{
	struct ruleset *rules = load();
	const struct condition *a = condition_of(rules, "a");
	const struct condition *b = condition_of(rules, "b");

	(void)state;
	assert_int_equal(a->terms[0]->scan, b->terms[0]->scan);
	assert_int_equal(a->terms[0]->scan_at, b->terms[0]->scan_at);
	/* Other flags, another pattern. */
	assert_int_equal(a->terms[0]->scan, b->terms[1]->scan);
	assert_int_not_equal(a->terms[0]->scan_at, b->terms[1]->scan_at);
	assert_int_equal(a->terms[1]->scan_at, 2);
	ruleset_put(rules);
}

static void
test_what_changes_is_not_scanned(void **state)
{
	struct ruleset *rules = load();
	const struct condition *with = condition_of(rules, "e")->terms[0];
	const struct condition *g = condition_of(rules, "g");

	(void)state;
	assert_int_equal(with->terms[0]->scan, NO_SCAN);
	assert_int_equal(with->terms[1]->scan, 0);
	assert_int_equal(with->terms[1]->scan_at, 1);
	for (size_t i = 0; i < g->n_terms; i++)
		assert_int_equal(g->terms[i]->scan, NO_SCAN);
	ruleset_put(rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_of_one_fact_are_together),
		cmocka_unit_test(test_the_same_pattern_has_one_place),
		cmocka_unit_test(test_what_changes_is_not_scanned),
	};

	return cmocka_run_group_tests_name("plan_scan", tests, NULL, NULL);
}
