/* contrib/sluice.conf says of every option what the table of options says, and
 * loads with and without its comments. Run where the sources are. */
#include "base/buf.h"
#include "conf/conf.h"
#include "conf/files.h"
#include "conf/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SHIPPED "contrib/sluice.conf"

static struct str shipped;

static int
read_shipped(void **state)
{
	struct buf error = { 0 };
	static struct buf text;

	(void)state;
	if (files_io.read(files_io.context, SHIPPED, CONF_FILE_MAX_BYTES, &text,
		&error) == -1)
		print_error("%s: %s\n", SHIPPED, buf_str(&error).p);
	shipped = buf_str(&text);
	return shipped.len > 0 ? 0 : -1;
}

/* Takes a line off *rest_io. */
static struct str
next_line(struct str *rest_io)
{
	ptrdiff_t end = str_find(*rest_io, '\n');
	size_t len = end < 0 ? rest_io->len : (size_t)end;
	struct str line = str_sub(*rest_io, 0, len);

	*rest_io = str_from(*rest_io, len < rest_io->len ? len + 1 : len);
	return line;
}

/* Of "#name = value" the name; else the empty string. */
static struct str
name_of(struct str line)
{
	ptrdiff_t equals = str_find(line, '=');

	if (line.len < 2 || line.p[0] != '#' || line.p[1] == ' ' || equals < 0)
		return STR("");
	return str_trim(str_sub(line, 1, (size_t)equals));
}

/* How many lines are about the option; the words before the last of them (up
 * to an empty line) and its value. */
static size_t
find_lines(const char *name, struct str *words_out, struct str *value_out)
{
	struct str rest = shipped;
	const char *start = shipped.p;
	size_t n = 0;

	while (rest.len > 0) {
		struct str line = next_line(&rest);

		if (line.len == 0)
			start = rest.p;
		if (!str_is(name_of(line), name))
			continue;
		n++;
		*words_out = (struct str){ start, (size_t)(line.p - start) };
		*value_out =
		    str_trim(str_from(line, (size_t)str_find(line, '=') + 1));
	}
	return n;
}

static bool
holds(struct str text, const char *part)
{
	return memmem(text.p, text.len, part, strlen(part)) != NULL;
}

/* One without a value by default says in words what then holds. */
static void
check_option(const struct option *option)
{
	struct str words = { 0 }, value = { 0 };
	size_t n = find_lines(option->name, &words, &value);
	struct buf want = { 0 };

	if (n != 1)
		fail_msg("%s: %zu lines about %s, not one", SHIPPED, n,
		    option->name);
	if (words.len == 0)
		fail_msg("%s: no word about %s", SHIPPED, option->name);
	if (option->fallback != NULL && !str_is(value, option->fallback))
		fail_msg("%s: the default of %s is '%s'", SHIPPED, option->name,
		    option->fallback);
	buf_printf(&want, "default: %s",
	    option->fallback == NULL ? option->shown : "");
	if (holds(words, buf_str(&want).p) != (option->fallback == NULL))
		fail_msg(
		    "%s: '%s' and %s", SHIPPED, buf_str(&want).p, option->name);
	if (holds(words, "Restart.") != option->at_start)
		fail_msg("%s: does %s need a restart?", SHIPPED, option->name);
	buf_done(&want);
}

static void
every_option_is_there_with_its_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_options; i++)
		check_option(&options[i]);
}

static void
nothing_else_is_there(void **state)
{
	struct str rest = shipped;

	(void)state;
	while (rest.len > 0) {
		struct str name = name_of(next_line(&rest));

		if (name.len > 0 && option_find(name) == NULL)
			fail_msg("%s: there is no option '%.*s'", SHIPPED,
			    STR_ARG(name));
	}
}

static void
load_without_a_word(struct str text)
{
	struct buf diagnostics = { 0 };
	struct conf *conf = conf_load_text(SHIPPED, text, &diagnostics);

	if (buf_str(&diagnostics).len > 0)
		fail_msg("%s", buf_str(&diagnostics).p);
	assert_non_null(conf);
	conf_free(conf);
	buf_done(&diagnostics);
}

static void
as_it_is_it_changes_nothing(void **state)
{
	struct str rest = shipped;

	(void)state;
	while (rest.len > 0) {
		struct str line = next_line(&rest);

		assert_true(line.len == 0 || line.p[0] == '#');
	}
	load_without_a_word(shipped);
}

static void
without_its_comment_signs_it_is_right(void **state)
{
	struct buf text = { 0 };
	struct str rest = shipped;

	(void)state;
	while (rest.len > 0) {
		struct str line = next_line(&rest);

		if (name_of(line).len > 0)
			buf_add(&text, str_from(line, 1));
		buf_add_cstr(&text, "\n");
	}
	load_without_a_word(buf_str(&text));
	buf_done(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_there_with_its_default),
		cmocka_unit_test(nothing_else_is_there),
		cmocka_unit_test(as_it_is_it_changes_nothing),
		cmocka_unit_test(without_its_comment_signs_it_is_right),
	};

	return cmocka_run_group_tests(tests, read_shipped, NULL);
}
