/* The latest warnings and errors, as they are kept for `sluice status`. */
#include "daemon/life/troubles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct buf seen;

static void
add(void *context, const struct trouble *trouble)
{
	(void)context;
	assert_true(trouble->first_ms <= trouble->last_ms);
	buf_printf(&seen, "%s %d x%llu|",
	    trouble->level == LOG_LEVEL_ERROR ? "error" : "warning",
	    (int)trouble->text.len, (unsigned long long)trouble->n_times);
	buf_add(&seen, trouble->text);
	buf_byte(&seen, '\n');
}

static const char *
all(void)
{
	buf_clear(&seen);
	troubles_each(add, NULL);
	return buf_str(&seen).p;
}

static void
the_log_tells_it_of_warnings_and_errors_only(void **state)
{
	(void)state;
	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	log_set_watcher(troubles_see);
	log_info("nothing to see");
	assert_string_equal(all(), "");
	/* Whatever is written to the log, or in which form. */
	log_warning("%d of %s", 1, "those");
	log_error("a second");
	assert_string_equal(
	    all(), "error 8 x1|a second\nwarning 10 x1|1 of those\n");
}

static void
one_that_comes_again_is_counted_and_comes_first(void **state)
{
	(void)state;
	log_warning("1 of those");
	log_warning("1 of those");
	assert_string_equal(
	    all(), "warning 10 x3|1 of those\nerror 8 x1|a second\n");
	log_error("1 of those"); /* another level, another trouble */
	assert_string_equal(all(),
	    "error 10 x1|1 of those\nwarning 10 x3|1 of those\n"
	    "error 8 x1|a second\n");
}

static void
what_is_told_otherwise_is_left_out(void **state)
{
	char before[200];

	(void)state;
	snprintf(before, sizeof(before), "%s", all());
	troubles_ignore(true);
	log_error("a line of many");
	troubles_ignore(false);
	assert_string_equal(all(), before);
}

static void
only_so_many_are_kept_and_cut_to_size(void **state)
{
	char text[2 * TROUBLE_BYTES_MAX];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 2 * TROUBLES_MAX; i++)
		log_error("number %d", i);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	all();
	for (const char *p = buf_str(&seen).p; (p = strchr(p, '\n')); p++)
		n++;
	assert_int_equal(n, TROUBLES_MAX);
	assert_memory_equal(buf_str(&seen).p, "error 300 x1|xxx", 16);
	assert_non_null(strstr(buf_str(&seen).p, "|number 39\n"));
	assert_null(strstr(buf_str(&seen).p, "|number 20\n"));
	buf_done(&seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_tells_it_of_warnings_and_errors_only),
		cmocka_unit_test(
		    one_that_comes_again_is_counted_and_comes_first),
		cmocka_unit_test(what_is_told_otherwise_is_left_out),
		cmocka_unit_test(only_so_many_are_kept_and_cut_to_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
