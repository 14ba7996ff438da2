/*
 * Rules that read what this build cannot know.
 */
#include "rules_kit.h"

static void
expect(const char *text, bool lacks_archive, bool lacks_magic, const char *want)
{
	struct kit_files files = { 0 };
	struct rules_io io = kit_io(&files);
	struct rules_options options;
	struct diags *diags = diags_new();
	struct ruleset *rules;
	struct buf said = { 0 };

	kit_options(&options);
	options.lacks_archive = lacks_archive;
	options.lacks_magic = lacks_magic;
	rules =
	    ruleset_load_text(&io, "a.rules", str_of(text), &options, diags);
	diags_render(diags, &said);
	diags_free(diags);
	ruleset_put(rules);
	assert_string_equal(said.len > 0 ? said.p : "", want);
	buf_done(&said);
}

#define TEXT                                                                   \
	"on message {\n"                                                       \
	"    a: tag \"${archive.name}\" if archive.name =~ /x/\n"              \
	"    b: tag \"b\" if attachment with (magic == \"x\")\n"               \
	"    c: tag \"c\" if archive.name\n"                                   \
	"}\n"

static void
test_what_is_there_is_not_missed(void **state)
{
	(void)state;
	expect(TEXT, false, false, "");
	expect("on message { a: tag \"x\" if body =~ /x/ }", true, true, "");
}

static void
test_all_rules_that_need_a_library_are_named_once(void **state)
{
	(void)state;
	expect(TEXT, true, false,
	    "a.rules:2:33: warning: 'archive.name' is always empty: this build "
	    "has no libarchive (rules a, c)\n"
	    "    2 |     a: tag \"${archive.name}\" if archive.name =~ /x/\n"
	    "      |                                 ^~~~~~~~~~~~\n"
	    "1 warning\n");
	expect(TEXT, false, true,
	    "a.rules:3:36: warning: 'attachment.magic' is always empty: this "
	    "build has no libmagic (rule b)\n"
	    "    3 |     b: tag \"b\" if attachment with (magic == \"x\")\n"
	    "      |                                    ^~~~~\n"
	    "1 warning\n");
}

static void
test_limits_and_blocks_have_a_place_and_no_name(void **state)
{
	(void)state;
	expect("on message if attachment.encrypted { a: tag \"x\" }", true,
	    false,
	    "a.rules:1:15: warning: 'attachment.encrypted' is never true: this "
	    "build has no libarchive\n"
	    "    1 | on message if attachment.encrypted { a: tag \"x\" }\n"
	    "      |               ^~~~~~~~~~~~~~~~~~~~\n"
	    "1 warning\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there_is_not_missed),
		cmocka_unit_test(
		    test_all_rules_that_need_a_library_are_named_once),
		cmocka_unit_test(
		    test_limits_and_blocks_have_a_place_and_no_name),
	};

	return cmocka_run_group_tests_name("check_lacks", tests, NULL, NULL);
}
