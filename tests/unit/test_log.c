/*
 * The log: no byte from outside ends a line, begins a key or steers a
 * terminal, in text as in JSON.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

static void
check_str(const char *what, struct str got, const char *want)
{
	if (!str_is(got, want))
		fail_msg(
		    "%s gave \"%.*s\", not \"%s\"", what, STR_ARG(got), want);
}

static void
hostile_bytes_are_escaped_in_text(void **state)
{
	const struct {
		struct str in;
		const char *text, *json;
	} cases[] = {
		{ STR("a b"), "a b", "a b" },
		{ STR("a\nb"), "a\\x0ab", "a\\u000ab" },
		{ STR("a\r\0\t"), "a\\x0d\\x00\\x09",
		    "a\\u000d\\u0000\\u0009" },
		{ STR("\"\\"), "\\\"\\\\", "\\\"\\\\" },
		{ STR("\x1b[1m\x7f"), "\\x1b[1m\\x7f", "\\u001b[1m\\u007f" },
		{ STR("ü€"), "ü€", "ü€" },
		{ STR("\xfc"), "\\xfc", "\xef\xbf\xbd" },
		{ STR("\xc3"), "\\xc3", "\xef\xbf\xbd" },
		{ STR("\xed\xa0\x80"), "\\xed\\xa0\\x80",
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		/* C1: a terminal takes U+009B for the start of a sequence. */
		{ STR("\xc2\x9b"), "\\u{9b}", "\\u009b" },
		/* What is read backwards, or by nobody. */
		{ STR("a\u202eb"), "a\\u{202e}b", "a\\u202eb" },
		{ STR("\u00a0"), "\\u{a0}", "\\u00a0" },
		{ STR("0123456789"), "01234567...", "01234567..." },
		{ STR("0123456ü9"), "0123456ü...", "0123456ü..." },
		{ STR("01234567"), "01234567", "01234567" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		buf_clear(&out);
		log_escape(&out, cases[i].in, 8);
		check_str(cases[i].in.p, buf_str(&out), cases[i].text);
		buf_clear(&out);
		log_escape_json(&out, cases[i].in, 8);
		check_str(cases[i].in.p, buf_str(&out), cases[i].json);
	}
	buf_done(&out);
}

/* Standard error goes into a pipe while the log is written. */
struct capture {
	int read_end;
	int saved;
};

static void
capture_begin(struct capture *capture)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	capture->read_end = ends[0];
	capture->saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
}

static void
capture_end(struct capture *capture, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	assert_int_equal(dup2(capture->saved, STDERR_FILENO), STDERR_FILENO);
	close(capture->saved);
	while ((n = read(capture->read_end, bytes, sizeof(bytes))) > 0)
		buf_add(out, (struct str){ bytes, (size_t)n });
	close(capture->read_end);
}

static void
write_hostile_event(void)
{
	struct log_event event;

	log_event_begin(&event, "verdict");
	log_event_word(&event, "stage", STR("rcpt"));
	log_event_word(&event, "queue", STR("a b\n\"c"));
	log_event_word(&event, "empty", STR(""));
	log_event_text(&event, "from", STR("\" action=\"x\r\n\xff"));
	log_event_number(&event, "n", INT64_MIN);
	log_event_decimal(&event, "ms", 0.44);
	log_event_write(&event, LOG_LEVEL_INFO);
}

static void
an_event_is_one_line_of_text(void **state)
{
	struct capture capture;
	struct buf out = { 0 }, want = { 0 };

	(void)state;
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	capture_begin(&capture);
	write_hostile_event();
	capture_end(&capture, &out);
	buf_printf(&want,
	    "test[%d]: verdict stage=rcpt queue=\"a b\\x0a\\\"c\" empty=\"\" "
	    "from=\"\\\" action=\\\"x\\x0d\\x0a\\xff\" "
	    "n=-9223372036854775808 ms=0.4\n",
	    (int)getpid());
	check_str("the event", buf_str(&out), want.p);
	buf_done(&out);
	buf_done(&want);
}

static void
an_event_is_one_line_of_json(void **state)
{
	struct capture capture;
	struct buf out = { 0 };

	(void)state;
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	capture_begin(&capture);
	write_hostile_event();
	log_warning("a \"%s\"\n", "\xff");
	capture_end(&capture, &out);
	check_str("the event", buf_str(&out),
	    "{\"event\":\"verdict\",\"stage\":\"rcpt\","
	    "\"queue\":\"a b\\u000a\\\"c\",\"empty\":\"\","
	    "\"from\":\"\\\" action=\\\"x\\u000d\\u000a\xef\xbf\xbd\","
	    "\"n\":-9223372036854775808,\"ms\":0.4}\n"
	    "{\"event\":\"message\",\"level\":\"warning\","
	    "\"text\":\"a \\\"\xef\xbf\xbd\\\"\\u000a\"}\n");
	buf_done(&out);
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

static void
a_sentence_is_one_line(void **state)
{
	struct capture capture;
	struct buf out = { 0 }, want = { 0 };

	(void)state;
	capture_begin(&capture);
	log_info("it is \"%s\"", "a\nb\x1b");
	log_error("bad");
	log_debug("nobody sees this");
	capture_end(&capture, &out);
	buf_printf(&want,
	    "test[%d]: it is \"a\\x0ab\\x1b\"\ntest[%d]: error: bad\n",
	    (int)getpid(), (int)getpid());
	check_str("the sentences", buf_str(&out), want.p);
	buf_done(&out);
	buf_done(&want);
}

/* Standard error as systemd gives it to a service: a stream whose number stands
 * in the environment. */
static void
the_journal_is_told_how_important_a_line_is(void **state)
{
	static const struct {
		enum log_format format;
		unsigned other; /* the stream is another one */
		const char *want;
	} cases[] = {
		{ LOG_FORMAT_TEXT, 0, "<6>a\n<4>warning: b\n" },
		{ LOG_FORMAT_JSON, 0,
		    "<6>{\"event\":\"message\",\"level\":\"info\","
		    "\"text\":\"a\"}\n"
		    "<4>{\"event\":\"message\",\"level\":\"warning\","
		    "\"text\":\"b\"}\n" },
		{ LOG_FORMAT_JSON, 1,
		    "{\"event\":\"message\",\"level\":\"info\","
		    "\"text\":\"a\"}\n"
		    "{\"event\":\"message\",\"level\":\"warning\","
		    "\"text\":\"b\"}\n" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct capture capture;
		struct stat st;
		char stream[64];

		buf_clear(&out);
		capture_begin(&capture);
		fstat(STDERR_FILENO, &st);
		snprintf(stream, sizeof(stream), "%ju:%ju",
		    (uintmax_t)st.st_dev,
		    (uintmax_t)st.st_ino + cases[i].other);
		setenv("JOURNAL_STREAM", stream, 1);
		log_setup(
		    "test", LOG_SINK_STDERR, cases[i].format, LOG_LEVEL_INFO);
		log_info("a");
		log_warning("b");
		capture_end(&capture, &out);
		check_str("the journal", buf_str(&out), cases[i].want);
	}
	unsetenv("JOURNAL_STREAM");
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	buf_done(&out);
}

static void
the_level_decides_what_is_written(void **state)
{
	(void)state;
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	assert_true(log_wants(LOG_LEVEL_ERROR));
	assert_false(log_wants(LOG_LEVEL_DEBUG));
	log_set_level(LOG_LEVEL_DEBUG);
	assert_true(log_wants(LOG_LEVEL_DEBUG));
	log_setup("test", LOG_SINK_NONE, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	assert_false(log_wants(LOG_LEVEL_ERROR));
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

/* Standard error is that descriptor until restored by the one returned. */
static int
redirect(int fd)
{
	int saved = dup(STDERR_FILENO);

	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return saved;
}

static void
restore(int saved)
{
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
}

static void
a_full_disk_is_told_of_as_soon_as_it_can_be(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	uint64_t before = log_n_lost();
	struct capture capture;
	struct buf out = { 0 }, want = { 0 };
	int saved;

	(void)state;
	assert_true(full != -1);
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	saved = redirect(full);
	for (int i = 0; i < 3; i++)
		log_info("nobody will read this");
	restore(saved);
	close(full);
	assert_int_equal(log_n_lost() - before, 3);
	capture_begin(&capture);
	log_info("one");
	log_info("two");
	capture_end(&capture, &out);
	buf_printf(&want,
	    "test[%d]: error: 3 lines of this log were lost: %s\n"
	    "test[%d]: one\ntest[%d]: two\n",
	    (int)getpid(), strerror(ENOSPC), (int)getpid(), (int)getpid());
	check_str("the log", buf_str(&out), want.p);
	assert_int_equal(log_n_lost() - before, 3);
	buf_done(&out);
	buf_done(&want);
}

/* A reader that hangs: what it has not read yet fills the pipe. */
static void
a_reader_that_hangs_holds_up_nobody(void **state)
{
	uint64_t before = log_n_lost(), n_lost;
	struct capture capture;
	struct buf out = { 0 };
	char line[1000], want[100];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	capture_begin(&capture);
	for (int i = 0; i < 1000; i++) /* a pipe holds 64 KiB as a rule */
		log_info("%s", line);
	n_lost = log_n_lost() - before;
	assert_in_range(n_lost, 1, 999);
	for (size_t left = 8192; left > 0;) {
		char bytes[8192];
		ssize_t n = read(capture.read_end, bytes, left);

		assert_true(n > 0);
		left -= (size_t)n;
	}
	log_info("it reads again");
	capture_end(&capture, &out);
	snprintf(want, sizeof(want),
	    "\"text\":\"%d lines of this log were lost: nobody reads them\"}\n",
	    (int)n_lost);
	assert_non_null(strstr(out.p, want));
	assert_non_null(strstr(strstr(out.p, want), "it reads again"));
	buf_done(&out);
	log_setup("test", LOG_SINK_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

/* A disk that becomes full in the middle of a line: as much as the file may
 * have is written. */
static void
half_a_line_is_ended_before_the_next_one(void **state)
{
	struct rlimit limit, few;
	char got[400] = "", want[400];
	FILE *file = tmpfile();
	int saved;

	(void)state;
	assert_non_null(file);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	few = limit;
	few.rlim_cur = 20;
	saved = redirect(fileno(file));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	log_info("0123456789abcdef");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_info("there is room again");
	restore(saved);
	rewind(file);
	assert_true(fread(got, 1, sizeof(got) - 1, file) > 20);
	fclose(file);
	snprintf(
	    want, sizeof(want), "test[%d]: 0123456789abcdef", (int)getpid());
	snprintf(want + 20, sizeof(want) - 20,
	    "\ntest[%d]: error: 1 lines of this log were lost: %s\n"
	    "test[%d]: there is room again\n",
	    (int)getpid(), strerror(EFBIG), (int)getpid());
	assert_string_equal(got, want);
}

static void
last_words_need_no_memory(void **state)
{
	struct capture capture;
	struct buf out = { 0 };
	char want[100];

	(void)state;
	capture_begin(&capture);
	log_last_words("this is the end");
	capture_end(&capture, &out);
	snprintf(want, sizeof(want), "test[%d]: error: this is the end\n",
	    (int)getpid());
	check_str("last words", buf_str(&out), want);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_bytes_are_escaped_in_text),
		cmocka_unit_test(an_event_is_one_line_of_text),
		cmocka_unit_test(an_event_is_one_line_of_json),
		cmocka_unit_test(a_sentence_is_one_line),
		cmocka_unit_test(the_journal_is_told_how_important_a_line_is),
		cmocka_unit_test(the_level_decides_what_is_written),
		cmocka_unit_test(a_full_disk_is_told_of_as_soon_as_it_can_be),
		cmocka_unit_test(a_reader_that_hangs_holds_up_nobody),
		cmocka_unit_test(half_a_line_is_ended_before_the_next_one),
		cmocka_unit_test(last_words_need_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
