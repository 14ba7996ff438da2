/* When the service manager is told that the daemon lives, and when not. */
#include "daemon/life/watch.h"

#include "base/arena.h"
#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SEC INT64_C(1000000)
#define NOW (1000 * SEC)

/* A daemon that has nothing to do, and whose socket answers. */
static struct watch_facts
idle(void)
{
	return (struct watch_facts){ .now_us = NOW,
		.keeper_us = NOW - SEC,
		.n_callbacks = 7,
		.probe = WATCH_ANSWERED };
}

static void
an_idle_daemon_lives_as_long_as_its_socket_answers(void **state)
{
	struct watch_past past = { 0 };
	struct watch_facts facts = idle();

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
	facts.probe = WATCH_SILENT;
	/* Once is no reason for a restart. */
	assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
	assert_int_equal(watch_judge(&past, &facts), WATCH_NO_PROGRESS);
	assert_int_equal(watch_judge(&past, &facts), WATCH_NO_PROGRESS);
	facts.probe = WATCH_ANSWERED;
	assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
}

static void
one_that_is_too_busy_to_answer_lives_as_long_as_mail_goes_on(void **state)
{
	struct watch_past past = { 0 };
	struct watch_facts facts = idle();

	(void)state;
	facts.probe = WATCH_SILENT;
	for (int i = 0; i < 5; i++) {
		facts.n_callbacks++;
		assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
	}
	assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
	assert_int_equal(watch_judge(&past, &facts), WATCH_NO_PROGRESS);
}

static void
one_that_has_no_descriptor_to_ask_itself_is_not_ended_for_it(void **state)
{
	struct watch_past past = { 0 };
	struct watch_facts facts = idle();

	(void)state;
	facts.probe = WATCH_UNKNOWN;
	for (int i = 0; i < 5; i++)
		assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
}

static void
a_callback_that_never_ends_is_a_reason_whatever_else_goes_on(void **state)
{
	struct watch_past past = { 0 };
	struct watch_facts facts = idle();

	(void)state;
	facts.oldest_callback_us = NOW - WATCH_CALLBACK_MS * INT64_C(1000);
	assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
	facts.oldest_callback_us--;
	facts.n_callbacks++;
	assert_int_equal(watch_judge(&past, &facts), WATCH_CALLBACK);
	facts.oldest_callback_us = 0;
	assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
}

static void
a_keeper_that_stands_still_is_a_reason(void **state)
{
	struct watch_past past = { 0 };
	struct watch_facts facts = idle();

	(void)state;
	facts.keeper_us = NOW - WATCH_KEEPER_MS * INT64_C(1000);
	assert_int_equal(watch_judge(&past, &facts), WATCH_FINE);
	facts.keeper_us--;
	assert_int_equal(watch_judge(&past, &facts), WATCH_KEEPER);
}

/* --- the probe ----------------------------------------------------------- */

static char folder[64];
static struct arena *arena;
static struct endpoint at;

static int
listen_there(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, at.path, strlen(at.path) + 1);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* As libmilter does: reads the packet "quit", and closes. */
static void *
serve_one(void *context)
{
	int fd = accept(*(int *)context, NULL, NULL);
	char packet[16] = "";
	ssize_t n = recv(fd, packet, sizeof(packet), 0);

	close(fd);
	return n == 5 && memcmp(packet, "\0\0\0\1Q", 5) == 0 ? context : NULL;
}

static void
a_probe_is_answered_by_who_hears_it_and_by_nobody_else(void **state)
{
	int64_t start_us = clock_steady_us();
	pthread_t thread;
	void *heard;
	int fd;

	(void)state;
	assert_int_equal(watch_probe(&at, 1000), WATCH_SILENT); /* nobody */
	fd = listen_there();
	/* Who only lets it wait in its queue does not answer. */
	assert_int_equal(watch_probe(&at, 50), WATCH_SILENT);
	assert_true(clock_steady_us() - start_us >= 40 * INT64_C(1000));
	close(accept(fd, NULL, NULL));
	assert_int_equal(pthread_create(&thread, NULL, serve_one, &fd), 0);
	assert_int_equal(watch_probe(&at, 60000), WATCH_ANSWERED);
	assert_int_equal(pthread_join(thread, &heard), 0);
	assert_non_null(heard);
	close(fd);
	assert_int_equal(watch_probe(&at, 1000), WATCH_SILENT);
	unlink(at.path);
}

static int
set_up(void **state)
{
	struct buf error = { 0 };

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_watch.XXXXXX");
	arena = arena_new(256);
	if (mkdtemp(folder) == NULL)
		return -1;
	return endpoint_parse(arena, STR("unix:s"), folder, &at, &error);
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_idle_daemon_lives_as_long_as_its_socket_answers),
		cmocka_unit_test(
		    one_that_is_too_busy_to_answer_lives_as_long_as_mail_goes_on),
		cmocka_unit_test(
		    one_that_has_no_descriptor_to_ask_itself_is_not_ended_for_it),
		cmocka_unit_test(
		    a_callback_that_never_ends_is_a_reason_whatever_else_goes_on),
		cmocka_unit_test(a_keeper_that_stands_still_is_a_reason),
		cmocka_unit_test(
		    a_probe_is_answered_by_who_hears_it_and_by_nobody_else),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
