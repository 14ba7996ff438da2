/* Events as lines, as JSON, filtered, and first crossings; frames of a screen.
 */
#include "rules_kit.h"
#include "tool/desk/event.h"
#include "tool/desk/filter.h"
#include "tool/desk/quiet.h"
#include "tool/show/screen.h"

#include <time.h>

#define NOW_MS (KIT_NOW_MS + INT64_C(15) * 3600 * 1000) /* 15:00 UTC */

/* "name=value|name=value" */
static struct store_event *
event_of(struct arena *arena, const char *text)
{
	struct store_field fields[STORE_EVENT_FIELDS_MAX];
	struct store_event event = {
		.id = "1-0", .at_ms = NOW_MS, .fields = fields
	};
	char *copy = arena_cstr(arena, str_of(text)), *word;

	while ((word = strsep(&copy, "|")) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		fields[event.n_fields++] =
		    (struct store_field){ str_of(word), str_of(value) };
	}
	return event_copy(arena, &event);
}

static void
test_an_event_is_a_line(void **state)
{
	static const struct {
		const char *event, *want;
	} cases[] = {
		{ "event=verdict|host=mx1|ref=4f2a-3|stage=rcpt|action=tempfail"
		  "|code=450|rule=pace|limit=user-pace|key=anna|used=20|max=20"
		  "|window=1m|user=anna|repeats=3|refs=4f2a-3 4f2a-4",
		    "15:00:00 mx1 tempfail 450 at rcpt rule=pace "
		    "limit=user-pace key=anna used=20/20 in 1m user=anna "
		    "ref=4f2a-3 (3 times)" },
		{ "event=verdict|host=mx1|stage=mail|action=reject|code=550"
		  "|observed=yes|rule=odd|from=a\033[2Jb",
		    "15:00:00 mx1 would reject 550 at mail rule=odd "
		    "from=a\\x1b[2Jb (only observed)" },
		/* No value looks like two. */
		{ "event=verdict|stage=mail|from=\"a b\" rule=odd",
		    "15:00:00  at mail from=\"\\\"a b\\\" rule=odd\"" },
		{ "event=crossing|host=mx1|crossing=locked|limit=nets|key=anna"
		  "|used=6|max=6|window=1d",
		    "15:00:00 mx1 anna is locked by nets used=6/6 in 1d" },
		{ "event=crossing|crossing=near|limit=nets|key=anna",
		    "15:00:00 anna is near nets" },
		{ "event=operator|host=mx1|did=observe|rule=pace"
		  "|until=1767283200|reason=a b|by=root@mx1",
		    "15:00:00 mx1 root@mx1: observe pace until 16:00:00: a "
		    "b" },
		{ "event=strange", "15:00:00 strange" },
	};
	struct arena *arena = arena_new(4096);
	struct buf line = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		buf_clear(&line);
		event_line(event_of(arena, cases[i].event), NOW_MS, &line);
		if (!str_is(buf_str(&line), cases[i].want))
			fail_msg(
			    "got \"%s\"\nwant \"%s\"", line.p, cases[i].want);
	}
	buf_done(&line);
	arena_free(arena);
}

static void
test_only_numbers_are_numbers_in_json(void **state)
{
	struct arena *arena = arena_new(4096);
	struct buf json = { 0 };

	(void)state;
	event_json(
	    event_of(arena,
		"used=20|max=020|code=45x|retry=never|before=0|queue=12"
		"|repeats=99999999999999999999|fact.sasl.user=a\"b|observed=yes"
		"|fact.x=1"),
	    &json);
	assert_string_equal(json.p,
	    "{\"id\":\"1-0\",\"time\":\"2026-01-01T15:00:00Z\",\"used\":20,"
	    "\"max\":\"020\",\"code\":\"45x\",\"retry\":\"never\","
	    "\"before\":0,\"queue\":\"12\","
	    "\"repeats\":\"99999999999999999999\",\"observed\":true,"
	    "\"facts\":{\"sasl.user\":\"a\\\"b\",\"x\":\"1\"}}");
	buf_done(&json);
	arena_free(arena);
}

static void
test_a_repeat_has_its_reference(void **state)
{
	struct arena *arena = arena_new(4096);
	const struct store_event *event =
	    event_of(arena, "ref=4f2a-3|refs=4f2b-1 4f2c-12 4f2d-1");

	(void)state;
	assert_true(event_has_ref(event, STR("4F2A-3")));
	assert_true(event_has_ref(event, STR("4f2b-1")));
	assert_true(event_has_ref(event, STR("4F2C-12")));
	assert_true(event_has_ref(event, STR("4f2d-1")));
	assert_false(event_has_ref(event, STR("4f2c-1")));
	assert_false(event_has_ref(event, STR("4f2c")));
	assert_false(event_has_ref(event, STR("")));
	assert_false(event_has_ref(event, STR("4f2b-1 4f2c-12")));
	arena_free(arena);
}

static void
test_filters_are_and_but_of_one_name_or(void **state)
{
	static const char event_text[] =
	    "event=verdict|rule=pace|client=192.0.2.7|user=anna@example.org"
	    "|ref=4f2a-3|refs=4f2a-3 4f2b-1|fact.helo.name=x";
	static const struct {
		const char *words;
		bool is_taken;
	} cases[] = {
		{ "rule=pace", true },
		{ "rule=PACE", true },
		{ "rule=other", false },
		{ "rule=other|rule=pace", true },
		{ "rule=pace|event=crossing", false },
		{ "user=anna", true },
		{ "user=Anna@Example.org", true },
		{ "user=bob", false },
		{ "client=192.0.2.0/24", true },
		{ "client=198.51.100.0/24", false },
		{ "observed=no", true },
		{ "observed=yes", false },
		{ "ref=4F2B-1", true },
		{ "fact.helo.name=x", true },
		{ "limit=any", false },
	};
	struct arena *arena = arena_new(4096);
	const struct store_event *event = event_of(arena, event_text);
	struct filters filters;
	struct buf error = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *rest = arena_cstr(arena, str_of(cases[i].words));
		char *words[8];
		int n = 0;

		for (char *word; (word = strsep(&rest, "|")) != NULL;)
			words[n++] = word;
		assert_int_equal(filters_parse(arena, n, words, "example.org",
				     &filters, &error),
		    0);
		if (filters_take(&filters, event) != cases[i].is_taken)
			fail_msg("%s", cases[i].words);
	}
	buf_done(&error);
	arena_free(arena);
}

static void
test_wrong_filters_say_what_is_wrong(void **state)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "pace", "expected KEY=VALUE" },
		{ "=pace", "expected KEY=VALUE" },
		{ "ruel=pace", "did you mean 'rule'" },
		{ "rule=", "needs a value" },
		{ "observed=perhaps", "yes or no" },
		{ "fact.=x", "no event has" },
	};
	struct arena *arena = arena_new(1024);
	struct filters filters;
	struct buf error = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *word = arena_cstr(arena, str_of(cases[i].word));

		buf_clear(&error);
		assert_int_equal(
		    filters_parse(arena, 1, &word, NULL, &filters, &error), -1);
		if (strstr(error.p, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].word, error.p);
	}
	buf_done(&error);
	arena_free(arena);
}

static bool
is_first(struct quiet *quiet, int64_t at_sec, const char *kind, const char *key,
    const char *window)
{
	struct arena *arena = arena_new(1024);
	struct store_event *event = event_of(arena,
	    arena_printf(arena, "crossing=%s|limit=pace|key=%s|window=%s", kind,
		key, window)
		.p);
	bool first;

	event->at_ms = NOW_MS + at_sec * 1000;
	first = quiet_is_first(quiet, event);
	arena_free(arena);
	return first;
}

static void
test_a_crossing_is_first_after_its_window_was_quiet(void **state)
{
	struct quiet *quiet = quiet_new();

	(void)state;
	assert_true(is_first(quiet, 0, "near", "anna", "1m"));
	assert_true(is_first(quiet, 0, "over", "anna", "1m"));
	assert_true(is_first(quiet, 0, "near", "bob", "1m"));
	assert_false(is_first(quiet, 60, "near", "anna", "1m"));
	/* That it was heard again begins the quiet anew. */
	assert_false(is_first(quiet, 119, "near", "anna", "1m"));
	assert_true(is_first(quiet, 180, "near", "anna", "1m"));
	assert_true(is_first(quiet, 0, "over", "carol", "what?"));
	assert_false(is_first(quiet, 3600, "over", "carol", "what?"));
	assert_true(is_first(quiet, 7201, "over", "carol", "what?"));
	assert_true(is_first(quiet, 0, "over", "dora", "daily"));
	assert_false(is_first(quiet, 86400, "over", "dora", "daily"));
	quiet_free(quiet);
}

static void
test_very_many_crossings_are_all_told(void **state)
{
	struct quiet *quiet = quiet_new();
	char key[32];

	(void)state;
	for (int i = 0; i < 3 * QUIET_MAX; i++) {
		snprintf(key, sizeof(key), "user%d", i);
		assert_true(is_first(quiet, i / 1000, "over", key, "1d"));
	}
	assert_false(is_first(quiet, 60, "over", key, "1d"));
	quiet_free(quiet);
}

static void
test_a_frame_fits_its_screen(void **state)
{
	struct buf out = { 0 };

	(void)state;
	screen_frame(STR("abcd\nä\033b\n\nlast\nmore\n"), 4, 3, &out);
	assert_string_equal(out.p,
	    "\033[Habc\033[K\r\nä\\x\033[K\r\n\033[K\r\nlas\033[K\033[J");
	buf_clear(&out);
	screen_frame(STR("a\n"), 4, 3, &out);
	assert_string_equal(out.p, "\033[Ha\033[K\033[J");
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_event_is_a_line),
		cmocka_unit_test(test_only_numbers_are_numbers_in_json),
		cmocka_unit_test(test_a_repeat_has_its_reference),
		cmocka_unit_test(test_filters_are_and_but_of_one_name_or),
		cmocka_unit_test(test_wrong_filters_say_what_is_wrong),
		cmocka_unit_test(
		    test_a_crossing_is_first_after_its_window_was_quiet),
		cmocka_unit_test(test_very_many_crossings_are_all_told),
		cmocka_unit_test(test_a_frame_fits_its_screen),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
