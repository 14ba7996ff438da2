/* sluice.conf: every mistake is found, named and pointed at. */
#include "conf/conf.h"
#include "conf/files.h"
#include "conf/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_NAME "etc/sluice.conf"

static struct conf *
load(const char *text, struct buf *diagnostics)
{
	buf_clear(diagnostics);
	return conf_load_text(FILE_NAME, str_of(text), diagnostics);
}

/* For text that must be right. */
static struct conf *
load_good(const char *text)
{
	struct buf diagnostics = { 0 };
	struct conf *conf = load(text, &diagnostics);

	if (conf == NULL)
		print_error("%s", diagnostics.p);
	assert_non_null(conf);
	assert_string_equal(buf_str(&diagnostics).p, "");
	buf_done(&diagnostics);
	return conf;
}

static void
an_empty_file_gives_every_default(void **state)
{
	struct conf *conf = load_good("");

	(void)state;
	assert_string_equal(conf->folder, "etc");
	assert_string_equal(conf->listen.text, "inet:8893@127.0.0.1");
	assert_int_equal(conf->socket_mode, 0660);
	assert_null(conf->socket_group);
	assert_string_equal(conf->store, "redis://127.0.0.1:6379/0");
	assert_int_equal(conf->store_timeout_ms, 100);
	assert_int_equal(conf->store_connections, 4);
	assert_string_equal(conf->store_prefix, "sluice");
	assert_null(conf->store_password_file);
	assert_int_equal(conf->rules.n, 1);
	assert_string_equal(conf->rules.items[0], "etc/rules/*.rules");
	assert_int_equal(conf->mode, CONF_MODE_ENFORCE);
	assert_string_equal(conf->on_outage, "count-locally");
	assert_null(conf->timezone);
	assert_null(conf->sasl_domain);
	assert_int_equal(conf->log, -1);
	assert_int_equal(conf->log_format, LOG_FORMAT_TEXT);
	assert_int_equal(conf->log_level, LOG_LEVEL_INFO);
	assert_false(conf->test_on_load);
	assert_int_equal(conf->scan_limit, 1000000);
	assert_int_equal(conf->scan_budget_ms, 250);
	assert_int_equal(conf->regex_match_limit, 10000);
	assert_int_equal(conf->max_connections, 5000);
	assert_null(conf->pid_file);
	assert_string_equal(conf->control.path, "/run/sluice/control.sock");
	assert_false(conf_says(conf, "control"));
	assert_null(conf->host);
	assert_string_not_equal(conf_host(conf), "");
	assert_string_not_equal(conf_zone(conf), "");
	conf_free(conf);
}

static void
words_are_read_as_people_mean_them(void **state)
{
	struct conf *conf =
	    load_good("# a comment\r\n"
		      "listen=unix:/run/sluice/sluice.sock\r\n"
		      "\t socket_mode = 600   # for root\n"
		      "store = \"redis://:p #s\\\"s\\\\@[::1]:7/3\"\n"
		      "store_timeout = 2s\n"
		      "rules = a/*.rules \"b c/*.rules\" /etc/x.rules # three\n"
		      "mode = observe\nscan_limit = 20k\nlog = none\n"
		      "test_on_load = yes\nsasl_domain = EXAMPLE.org\n"
		      "metrics = off\npid_file = run/pid\nhost = mx-1.example\n"
		      "timezone = Europe/Berlin\ncontrol = off\n");

	(void)state;
	assert_int_equal(conf->listen.kind, ENDPOINT_UNIX);
	assert_string_equal(conf->listen.path, "/run/sluice/sluice.sock");
	assert_int_equal(conf->socket_mode, 0600);
	assert_string_equal(conf->store, "redis://:p #s\"s\\@[::1]:7/3");
	assert_int_equal(conf->store_timeout_ms, 2000);
	assert_int_equal(conf->rules.n, 3);
	assert_string_equal(conf->rules.items[0], "etc/a/*.rules");
	assert_string_equal(conf->rules.items[1], "etc/b c/*.rules");
	assert_string_equal(conf->rules.items[2], "/etc/x.rules");
	assert_int_equal(conf->mode, CONF_MODE_OBSERVE);
	assert_int_equal(conf->scan_limit, 20000);
	assert_int_equal(conf->log, LOG_SINK_NONE);
	assert_true(conf->test_on_load);
	assert_string_equal(conf->sasl_domain, "example.org");
	assert_string_equal(conf->pid_file, "etc/run/pid");
	assert_string_equal(conf_host(conf), "mx-1.example");
	assert_string_equal(conf_zone(conf), "Europe/Berlin");
	assert_null(conf->control.text);
	assert_true(conf_says(conf, "control"));
	conf_free(conf);
}

/* What one wrong line says; each must also be pointed at. */
static const struct wrong {
	const char *text;
	const char *message;
} wrongs[] = {
	{ "lisen = x", ":1:1: error: there is no option 'lisen'; did you mean "
		       "listen?" },
	{ "socket-mode = 660", "did you mean socket_mode?" },
	{ "whatever = 1", "there is no option 'whatever'\n" },
	{ "= 1", ":1:1: error: expected the name of an option" },
	{ "listen", ":1:7: error: expected '=' after 'listen'" },
	{ "listen inet:1@h", ":1:8: error: expected '=' after 'listen'" },
	{ "mode =", ":1:7: error: no value for mode: expected enforce or "
		    "observe" },
	{ "mode = # x", "no value for mode" },
	{ "mode = \"\"", "an empty value: expected enforce or observe" },
	{ "mode = \"observe", ":1:8: error: this quote is not closed" },
	{ "mode = observe enforce", ":1:16: error: one value only" },
	{ "mode = Observe", "'Observe' is not right for mode: expected "
			    "enforce or observe" },
	{ "mode = observe\n\nmode = observe",
	    ":3:1: error: mode was set already, in line 1" },
	{ "listen = inet:8893", "would listen on every address: write "
				"inet:8893@127.0.0.1" },
	{ "listen = inet6:8893", "write inet6:8893@::1" },
	{ "listen = inet:99999@h", "'99999' is no port" },
	{ "listen = inet:x@h", "'x' is no port" },
	{ "listen = inet:1@a/b", "'a/b' is no host name or address" },
	{ "listen = 8893", "'8893' is no place to listen on" },
	{ "listen = unix:", "unix: needs the path of a socket" },
	{ "listen = unix:/"
	  "0123456789012345678901234567890123456789012345678901234567890123"
	  "4567890123456789012345678901234567890123456789",
	    "at most 107 bytes, this one has 111" },
	{ "socket_mode = 888", "expected an octal mode such as 0660" },
	{ "socket_mode = 1777", "expected an octal mode such as 0660" },
	{ "store = redis+sentinel://h", "how the sentinels call the master" },
	{ "store = redis+cluster://h/1", "error: " },
	{ "store = redis://h:x", "host 1 is no port" },
	{ "store = mysql://h", "\"://\" is no kind of store; expected" },
	{ "store_timeout = 100", "'100' is not right for store_timeout: "
				 "expected a duration from 1ms to 3s" },
	{ "store_timeout = 1h", "expected a duration from 1ms to 3s" },
	{ "store_connections = 0", "expected a number from 1 to 64" },
	{ "store_prefix = a:b", "expected 1 to 32 letters" },
	{ "host = mail server", "one value only" },
	{ "host = \"mail server\"", "expected 1 to 64 letters" },
	{ "on_outage = panic", "expected count-locally, pass or tempfail" },
	{ "timezone = Europe/Berlln", "time zone 'Europe/Berlln'" },
	{ "timezone = ../../etc/passwd", "expected a name such as" },
	{ "sasl_domain = a@b", "expected a domain such as example.org" },
	{ "test_on_load = true", "expected yes or no" },
	{ "scan_limit = 5", "expected an amount from 1k to 100M" },
	{ "metrics = inet:9090", "write inet:9090@127.0.0.1" },
	{ "control = inet:9090@127.0.0.1", "expected off or unix:PATH" },
	{ "control = unix:", "needs the path of a socket" },
	{ "metrics = on", "expected inet:PORT@HOST" },
	{ "mode = \xff", FILE_NAME ":1: byte 0xff is neither text nor UTF-8" },
	{ "\nmode = a\x01", FILE_NAME ":2: byte 0x01 is neither" },
};

static void
wrong_lines_are_explained(void **state)
{
	struct buf diagnostics = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct conf *conf = load(wrongs[i].text, &diagnostics);

		assert_null(conf);
		if (strstr(buf_str(&diagnostics).p, wrongs[i].message) == NULL)
			fail_msg("'%s' gave:\n%s", wrongs[i].text,
			    buf_str(&diagnostics).p);
		assert_non_null(strstr(buf_str(&diagnostics).p, "1 error\n"));
	}
	buf_done(&diagnostics);
}

static void
a_mistake_is_shown_with_its_line_and_a_caret(void **state)
{
	struct buf diagnostics = { 0 };

	(void)state;
	assert_null(
	    load("mode = observe\nscan_limit =\t17 # low\n", &diagnostics));
	assert_string_equal(buf_str(&diagnostics).p,
	    "etc/sluice.conf:2:14: error: '17' is not right for scan_limit: "
	    "expected an amount from 1k to 100M\n"
	    "    2 | scan_limit =\t17 # low\n"
	    "      |             \t^~\n"
	    "1 error\n");
	buf_done(&diagnostics);
}

static void
all_mistakes_come_in_one_run_and_end_in_a_count(void **state)
{
	struct buf text = { 0 }, diagnostics = { 0 };

	(void)state;
	for (int i = 0; i < 25; i++)
		buf_printf(&text, "nonsense%d = 1\n", i);
	assert_null(load(text.p, &diagnostics));
	assert_non_null(strstr(diagnostics.p, ":20:1: error"));
	assert_null(strstr(diagnostics.p, ":21:1: error"));
	assert_non_null(strstr(diagnostics.p, "25 errors\n"));
	buf_done(&text);
	buf_done(&diagnostics);
}

static void
a_file_cut_anywhere_does_no_harm(void **state)
{
	const char *text = "listen = inet:1@h\nrules = a \"b\\\" c\" # d\n"
			   "store = \"redis://h\"\nlog_level = debug\n";
	struct buf diagnostics = { 0 };

	(void)state;
	for (size_t len = 0; len <= strlen(text); len++) {
		char *cut = strndup(text, len);

		conf_free(load(cut, &diagnostics));
		free(cut);
	}
	buf_done(&diagnostics);
}

static void
every_option_has_a_default_and_help(void **state)
{
	const char *fallback, *help;
	size_t n = 0;

	(void)state;
	for (; conf_option(n, &fallback, &help) != NULL; n++) {
		assert_non_null(fallback);
		assert_non_null(help);
	}
	assert_true(n >= 20);
}

static unsigned n_restarts;

static void
count_restart(const char *name)
{
	n_restarts++;
	assert_string_equal(name, "store");
}

static void
options_that_need_a_restart_are_named(void **state)
{
	struct conf *a = load_good("store = memory\nmode = observe\n");
	struct conf *b = load_good("mode = enforce\n");

	(void)state;
	n_restarts = 0;
	conf_each_restart(a, b, count_restart);
	assert_int_equal(n_restarts, 1);
	conf_each_restart(a, a, count_restart);
	assert_int_equal(n_restarts, 1);
	conf_free(a);
	conf_free(b);
}

static char folder[64];

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_conf.XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *
in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(in_folder(name), mode), 0);
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "a", "b.rules", "a.rules",
		"password", "sluice.conf", "fifo" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_folder(names[i]));
	return rmdir(folder);
}

static void
a_missing_file_that_was_asked_for_is_an_error(void **state)
{
	struct buf diagnostics = { 0 };

	(void)state;
	assert_null(conf_load("/nonexistent/sluice.conf", &diagnostics));
	assert_string_equal(diagnostics.p,
	    "/nonexistent/sluice.conf: error: No such file or directory\n"
	    "1 error\n");
	buf_done(&diagnostics);
}

/* Whether there is one where the tests run or not. */
static void
a_missing_default_file_has_its_folder_all_the_same(void **state)
{
	struct buf diagnostics = { 0 };
	struct conf *conf = conf_load(NULL, &diagnostics);

	(void)state;
	assert_non_null(conf);
	assert_string_equal(conf->source.path, CONF_DEFAULT_PATH);
	assert_int_equal(conf->rules.items[0][0], '/');
	conf_free(conf);
	buf_done(&diagnostics);
}

static void
a_path_from_here_gives_the_same_folder_as_a_whole_one(void **state)
{
	struct buf diagnostics = { 0 };
	char *here = getcwd(NULL, 0);
	struct conf *conf;

	(void)state;
	assert_non_null(here);
	write_file("sluice.conf", "", 0644);
	assert_int_equal(chdir(in_folder("..")), 0);
	conf =
	    conf_load(in_folder("sluice.conf") + strlen("/tmp/"), &diagnostics);
	assert_int_equal(chdir(here), 0);
	assert_non_null(conf);
	assert_string_equal(conf->folder, folder);
	conf_free(conf);
	buf_done(&diagnostics);
	free(here);
}

static void
a_password_everybody_can_read_is_refused(void **state)
{
	struct buf diagnostics = { 0 };
	struct conf *conf;

	(void)state;
	write_file("password", "secret\n", 0644);
	write_file("sluice.conf",
	    "store = memory\nstore_password_file = password\n", 0644);
	conf = conf_load(in_folder("sluice.conf"), &diagnostics);
	assert_non_null(conf);
	assert_null(conf_open_store(conf, &diagnostics));
	assert_non_null(strstr(diagnostics.p, "sluice.conf:2:23: error: "
					      "store_password_file: "));
	assert_non_null(strstr(diagnostics.p, "can be read by every user"));
	buf_clear(&diagnostics);
	write_file("password", "\n", 0600);
	assert_null(conf_open_store(conf, &diagnostics));
	assert_non_null(strstr(diagnostics.p, "has no password in its first"));
	conf_free(conf);
	buf_done(&diagnostics);
}

static void
a_password_in_a_readable_configuration_is_refused(void **state)
{
	struct buf diagnostics = { 0 };
	struct conf *conf;

	(void)state;
	write_file("sluice.conf", "store = redis://:secret@h\n", 0644);
	assert_null(conf_load(in_folder("sluice.conf"), &diagnostics));
	assert_non_null(strstr(diagnostics.p, "sluice.conf:1:9: error: every "
					      "user of this host can read"));
	assert_non_null(strstr(diagnostics.p, "redis://*******@h"));
	assert_non_null(strstr(diagnostics.p, "use store_password_file"));
	assert_null(strstr(diagnostics.p, "secret"));
	buf_clear(&diagnostics);
	assert_int_equal(chmod(in_folder("sluice.conf"), 0640), 0);
	conf = conf_load(in_folder("sluice.conf"), &diagnostics);
	assert_non_null(conf);
	assert_int_equal(diagnostics.len, 0);
	conf_free(conf);
	buf_done(&diagnostics);
}

/* Whatever is wrong with the line. */
static void
no_diagnostic_shows_a_password(void **state)
{
	static const char *const lines[] = {
		"store = redis://:secret@h:x",
		"store = redis://u:secret@h/x",
		"store = redis://secret@h/x",
		"store = redis://:secret",
		"store = redis://u:secret:6379",
		"store = redis:/:secret@h",
		"store = \"redis://:secret@h",
		"store = redis://:secret@h behind",
		"store = redis://a:b @h:secret@h",
		"store = redis+sentinel://h/m?sentinel_password=secret&x=y",
		"store = redis+sentinel://h/m?sentinel_pass=secret",
		"store = redis://h?password=secret",
		"store redis://:secret@h",
		"store: redis://:secret@h",
		"stroe = redis://:secret@h",
		"redis://:secret@h",
		"password = secret",
		"requirepass secret",
		"= secret",
		"store = redis://h\nstore = redis://:secret@h",
	};
	struct buf diagnostics = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		buf_clear(&diagnostics);
		assert_null(load(lines[i], &diagnostics));
		if (strstr(buf_str(&diagnostics).p, "secret") != NULL ||
		    strstr(diagnostics.p, "error: ") == NULL)
			fail_msg("%s:\n%s", lines[i], diagnostics.p);
	}
	buf_done(&diagnostics);
}

/* What is wrong turns out later, when the store is opened. */
static void
no_later_diagnostic_shows_a_password(void **state)
{
	struct buf diagnostics = { 0 };
	struct conf *conf = load("store = redis://u:secret@h\n"
				 "store_password_file = /nonexistent\n",
	    &diagnostics);

	(void)state;
	assert_non_null(conf);
	assert_null(conf_open_store(conf, &diagnostics));
	conf_complain(conf, "store", "is away", &diagnostics);
	assert_non_null(strstr(diagnostics.p, "store: is away\n"));
	assert_non_null(strstr(diagnostics.p, "redis://********@h\n"));
	assert_null(strstr(diagnostics.p, "secret"));
	conf_free(conf);
	buf_done(&diagnostics);
}

static void
a_user_whose_password_is_in_a_file_is_not_warned_of(void **state)
{
	struct buf diagnostics = { 0 };
	struct conf *conf;

	(void)state;
	write_file("password", "secret\n", 0600);
	write_file("sluice.conf",
	    "store = redis://sluice@h\nstore_password_file = password\n", 0644);
	conf = conf_load(in_folder("sluice.conf"), &diagnostics);
	assert_non_null(conf);
	assert_int_equal(diagnostics.len, 0);
	conf_free(conf);
	buf_done(&diagnostics);
}

static void
add_path(void *context, const char *path)
{
	buf_printf(context, "%s\n", path + strlen(folder) + 1);
}

static void
files_come_sorted_bounded_and_stamped(void **state)
{
	struct buf out = { 0 }, error = { 0 };
	uint64_t first[2], second[2];

	(void)state;
	write_file("b.rules", "12345", 0600);
	write_file("a.rules", "x", 0600);
	assert_int_equal(
	    files_io.glob(NULL, in_folder("*.rules"), add_path, &out, &error),
	    0);
	assert_string_equal(out.p, "a.rules\nb.rules\n");
	buf_clear(&out);
	assert_int_equal(
	    files_io.glob(NULL, in_folder("*.no"), add_path, &out, &error), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(files_read(in_folder("b.rules"), 5, &out, &error), 0);
	assert_string_equal(out.p, "12345");
	assert_int_equal(files_read(in_folder("b.rules"), 4, &out, &error), -1);
	assert_string_equal(error.p, "larger than 4 bytes");
	buf_clear(&error);
	assert_int_equal(files_read(folder, 4, &out, &error), -1);
	assert_string_equal(error.p, "is a folder");
	assert_int_equal(files_io.stamp(NULL, in_folder("b.rules"), first), 0);
	write_file("b.rules", "123456", 0600);
	assert_int_equal(files_io.stamp(NULL, in_folder("b.rules"), second), 0);
	assert_true(first[0] != second[0] || first[1] != second[1]);
	assert_int_equal(files_io.stamp(NULL, in_folder("c"), second), -1);
	buf_done(&out);
	buf_done(&error);
}

static void
a_fifo_does_not_hang_a_load(void **state)
{
	struct buf out = { 0 }, error = { 0 };

	(void)state;
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(files_read(in_folder("fifo"), 4, &out, &error), -1);
	assert_string_equal(error.p, "is no regular file");
	buf_done(&out);
	buf_done(&error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_path_from_here_gives_the_same_folder_as_a_whole_one,
		    make_folder, remove_folder),
		cmocka_unit_test(
		    a_missing_default_file_has_its_folder_all_the_same),
		cmocka_unit_test(an_empty_file_gives_every_default),
		cmocka_unit_test(words_are_read_as_people_mean_them),
		cmocka_unit_test(wrong_lines_are_explained),
		cmocka_unit_test(a_mistake_is_shown_with_its_line_and_a_caret),
		cmocka_unit_test(
		    all_mistakes_come_in_one_run_and_end_in_a_count),
		cmocka_unit_test(a_file_cut_anywhere_does_no_harm),
		cmocka_unit_test(every_option_has_a_default_and_help),
		cmocka_unit_test(no_diagnostic_shows_a_password),
		cmocka_unit_test(no_later_diagnostic_shows_a_password),
		cmocka_unit_test(options_that_need_a_restart_are_named),
		cmocka_unit_test(a_missing_file_that_was_asked_for_is_an_error),
		cmocka_unit_test_setup_teardown(
		    a_password_everybody_can_read_is_refused, make_folder,
		    remove_folder),
		cmocka_unit_test_setup_teardown(
		    a_password_in_a_readable_configuration_is_refused,
		    make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
		    a_user_whose_password_is_in_a_file_is_not_warned_of,
		    make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
		    files_come_sorted_bounded_and_stamped, make_folder,
		    remove_folder),
		cmocka_unit_test_setup_teardown(
		    a_fifo_does_not_hang_a_load, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
