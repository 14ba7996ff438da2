/* Short questions by others than MTAs: whoever asks, however badly, neither
 * keeps the next one waiting for long nor costs the processor's time. */
#include "daemon/inquiry.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_ANSWER  ((size_t)3000000)
#define PATIENCE_SEC 60 /* longer than all there is to wait for */

static char folder[64], path[96];
static uint16_t port;
static struct arena *arena;
static struct endpoint at;

/* What was asked comes back: "long" with many bytes behind it. */

static bool
has_line(struct str request)
{
	return str_find(request, '\n') >= 0;
}

static void
echo(struct str request, bool is_cut, struct buf *answer)
{
	buf_printf(answer, "%s%s: %.*s", is_cut ? "cut" : "whole",
	    inquiry_asker() == getuid() ? "" : " by a stranger",
	    STR_ARG(request));
	if (str_starts(request, STR("long")))
		for (size_t i = 0; i < LONG_ANSWER; i++)
			buf_byte(answer, 'x');
}

static const struct inquiry_kind kind = { "test", 64, has_line, echo };

static int
set_up(void **state)
{
	struct buf error = { 0 };

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_inquiry.XXXXXX");
	arena = arena_new(256);
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/s", folder);
	if (endpoint_parse(arena, STR("unix:s"), folder, &at, &error) == -1)
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	inquiry_leave();
	arena_free(arena);
	return rmdir(folder); /* neither socket nor lock was left behind */
}

static int
new_socket(void)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SEC };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_not_equal(fd, -1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
reach(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static int
reached(void)
{
	int fd = new_socket();

	reach(fd);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the end, which is closed then. */
static void
hear(int fd, struct buf *answer)
{
	char bytes[4096];
	ssize_t n;

	buf_clear(answer);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_add(answer, (struct str){ bytes, (size_t)n });
	assert_int_equal(n, 0);
	close(fd);
}

static void
check_answer(int fd, const char *expected)
{
	struct buf answer = { 0 };

	hear(fd, &answer);
	assert_string_equal(buf_str(&answer).p, expected);
	buf_done(&answer);
}

/* One that was free a moment ago. */
static uint16_t
find_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void
open_port(void)
{
	struct buf error = { 0 };
	struct endpoint inet;
	char text[64];

	port = find_port();
	snprintf(text, sizeof(text), "inet:%u@127.0.0.1", port);
	assert_int_equal(
	    endpoint_parse(arena, str_of(text), folder, &inet, &error), 0);
	assert_int_equal(inquiry_listen(&inet, 0, NULL, &kind, &error), 0);
}

static void
a_socket_that_nobody_serves_is_replaced_and_another_is_not(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = new_socket();
	struct buf error = { 0 };
	struct stat st;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(inquiry_listen(&at, 0660, NULL, &kind, &error), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);

	assert_int_equal(inquiry_listen(&at, 0660, NULL, &kind, &error), -1);
	assert_non_null(strstr(buf_str(&error).p, "listens on unix:"));
	open_port();
	assert_int_equal(inquiry_start(), 0);
	buf_done(&error);
}

static void
a_question_in_pieces_is_answered_once_it_is_whole(void **state)
{
	int fd = reached();

	(void)state;
	say(fd, "he");
	say(fd, "llo");
	say(fd, "\n");
	check_answer(fd, "whole: hello\n");
}

static void
a_question_that_ends_too_early_or_never_is_cut(void **state)
{
	char much[4000];
	int fd = reached();

	(void)state;
	say(fd, "half");
	shutdown(fd, SHUT_WR);
	check_answer(fd, "cut: half");

	memset(much, 'y', sizeof(much));
	fd = reached();
	assert_int_equal(send(fd, much, sizeof(much), 0), sizeof(much));
	shutdown(fd, SHUT_WR);
	memcpy(much, "cut: ", 5);
	much[5 + kind.request_max] = '\0';
	check_answer(fd, much); /* all of it came, nothing was taken back */

	fd = reached(); /* and who says nothing hears nothing */
	shutdown(fd, SHUT_WR);
	check_answer(fd, "");
}

static void
a_long_answer_comes_whole_to_who_reads_slowly(void **state)
{
	struct buf answer = { 0 };
	int fd = reached(), other;

	(void)state;
	say(fd, "long\n");
	/* It does not fit into the socket, and others do not wait for that. */
	other = reached();
	say(other, "short\n");
	check_answer(other, "whole: short\n");
	hear(fd, &answer);
	assert_int_equal(answer.len, strlen("whole: long\n") + LONG_ANSWER);
	buf_done(&answer);
}

static void
those_who_say_nothing_make_the_next_wait_only_their_time(void **state)
{
	int silent[INQUIRY_OPEN_MAX], fd;
	int64_t start_us = clock_steady_us();

	(void)state;
	for (size_t i = 0; i < INQUIRY_OPEN_MAX; i++)
		silent[i] = reached();
	fd = reached();
	say(fd, "me too\n");
	check_answer(fd, "whole: me too\n");
	/* It came after the silent ones had lost their places. */
	assert_true(
	    clock_steady_us() - start_us >= INQUIRY_TIMEOUT_MS * INT64_C(1000));
	for (size_t i = 0; i < INQUIRY_OPEN_MAX; i++)
		check_answer(silent[i], "");
}

static void
many_at_once_are_all_answered(void **state)
{
	int fds[3 * INQUIRY_OPEN_MAX];

	(void)state;
	for (size_t i = 0; i < 3 * INQUIRY_OPEN_MAX; i++) {
		fds[i] = reached();
		say(fds[i], "one of many\n");
	}
	for (size_t i = 0; i < 3 * INQUIRY_OPEN_MAX; i++)
		check_answer(fds[i], "whole: one of many\n");
}

/* Of the next descriptor; all below it are in use. */
static rlim_t
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_int_not_equal(fd, -1);
	close(fd);
	return (rlim_t)fd;
}

static int64_t
process_cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * INT64_C(1000000) + used.tv_nsec / 1000;
}

static void
without_descriptors_it_waits_and_does_not_spin(void **state)
{
	const struct timespec pause = { .tv_nsec = 600 * 1000 * 1000L };
	struct rlimit usual, low;
	int fd = new_socket();
	int64_t cpu_us;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	low = usual;
	low.rlim_cur = lowest_free();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(open("/dev/null", O_RDONLY), -1);
	cpu_us = process_cpu_us();
	reach(fd);
	say(fd, "any room?\n");
	nanosleep(&pause, NULL);
	cpu_us = process_cpu_us() - cpu_us;
	assert_int_equal(recv(fd, &low, 1, MSG_DONTWAIT), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	check_answer(fd, "whole: any room?\n");
	/* Of 600 ms a spinning thread uses nearly all. */
	assert_true(cpu_us < 100 * 1000);
}

static int
reached_by_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
a_port_is_served_like_a_path_but_nobody_knows_by_whom(void **state)
{
	int fd = reached_by_port();

	(void)state;
	say(fd, "hello\n");
	check_answer(fd, "whole by a stranger: hello\n");
}

/* Whoever can reach the port does not keep the operator from the path. */
static void
those_who_say_nothing_on_one_socket_keep_nobody_from_another(void **state)
{
	int silent[4 * INQUIRY_OPEN_MAX], fd;
	int64_t start_us = clock_steady_us();

	(void)state;
	for (size_t i = 0; i < 4 * INQUIRY_OPEN_MAX; i++)
		silent[i] = reached_by_port();
	fd = reached();
	say(fd, "me too\n");
	check_answer(fd, "whole: me too\n");
	assert_true(
	    clock_steady_us() - start_us < INQUIRY_TIMEOUT_MS * INT64_C(1000));
	for (size_t i = 0; i < 4 * INQUIRY_OPEN_MAX; i++)
		close(silent[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_socket_that_nobody_serves_is_replaced_and_another_is_not),
		cmocka_unit_test(
		    a_question_in_pieces_is_answered_once_it_is_whole),
		cmocka_unit_test(
		    a_question_that_ends_too_early_or_never_is_cut),
		cmocka_unit_test(a_long_answer_comes_whole_to_who_reads_slowly),
		cmocka_unit_test(
		    those_who_say_nothing_make_the_next_wait_only_their_time),
		cmocka_unit_test(
		    a_port_is_served_like_a_path_but_nobody_knows_by_whom),
		cmocka_unit_test(
		    those_who_say_nothing_on_one_socket_keep_nobody_from_another),
		cmocka_unit_test(many_at_once_are_all_answered),
		cmocka_unit_test(
		    without_descriptors_it_waits_and_does_not_spin),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
