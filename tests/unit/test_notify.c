/* What a service manager hears, on a socket that plays one. */
#include "daemon/life/notify.h"

#include "base/clock.h"

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

static char folder[64], abstract[64];
static int manager = -1;

/* name: "@…" is a name without a file. */
static void
listen_as(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	if (manager != -1)
		close(manager);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(
	    bind(manager, (const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
}

/* What was said, or "" if nothing was. */
static const char *
heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
where_nobody_asked_nothing_is_said(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	notify_init();
	assert_false(notify_is_wanted());
	assert_int_equal(notify_watchdog_us(), 0);
	notify_ready();
	setenv("NOTIFY_SOCKET", "neither a path nor a name", 1);
	notify_init();
	assert_false(notify_is_wanted());
	assert_null(getenv("NOTIFY_SOCKET"));
}

static void
each_step_of_life_is_one_datagram(void **state)
{
	char path[96];
	long long us;

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", folder);
	listen_as(path);
	notify_init();
	assert_true(notify_is_wanted());
	notify_reloading(); /* too early */
	notify_reloaded();
	assert_string_equal(heard(), "");
	notify_ready();
	assert_string_equal(heard(), "READY=1");
	notify_reloading();
	assert_int_equal(
	    sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld", &us), 1);
	assert_in_range(us, 1, (unsigned long long)clock_steady_us());
	notify_reloaded();
	assert_string_equal(heard(), "READY=1");
	notify_stopping();
	assert_string_equal(heard(), "STOPPING=1");
	notify_alive();
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_string_equal(heard(), "");
	unlink(path);
}

static void
a_status_is_one_line_whatever_is_in_it(void **state)
{
	(void)state;
	listen_as(abstract);
	notify_init();
	notify_status("12 rules, store up");
	assert_string_equal(heard(), "STATUS=12 rules, store up");
	notify_status("the end\nREADY=1");
	assert_string_equal(heard(), "STATUS=the end\\x0aREADY=1");
}

static void
helpers_do_not_inherit_the_socket(void **state)
{
	(void)state;
	listen_as(abstract);
	setenv("WATCHDOG_USEC", "30000000", 1);
	notify_init();
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
}

static void
a_watchdog_is_ours_if_it_names_us_or_nobody(void **state)
{
	static const struct {
		const char *us, *pid; /* pid "": ours */
		uint64_t expected;
	} cases[] = {
		{ "30000000", NULL, 30000000 },
		{ "30000000", "", 30000000 },
		{ "30000000", "1", 0 },
		/* two months, and for ever: too much for milliseconds */
		{ "5184000000000", NULL, NOTIFY_WATCHDOG_MAX_US },
		{ "9223372036854775807", NULL, NOTIFY_WATCHDOG_MAX_US },
		{ "soon", NULL, 0 },
		{ "0", NULL, 0 },
		{ NULL, NULL, 0 },
	};
	const char *own = strchr(abstract, '.') + 1;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		listen_as(abstract);
		if (cases[i].us != NULL)
			setenv("WATCHDOG_USEC", cases[i].us, 1);
		if (cases[i].pid != NULL)
			setenv("WATCHDOG_PID",
			    cases[i].pid[0] == '\0' ? own : cases[i].pid, 1);
		notify_init();
		assert_int_equal(notify_watchdog_us(), cases[i].expected);
	}
}

static void
a_manager_that_does_not_listen_is_not_waited_for_long(void **state)
{
	int64_t start_us;

	(void)state;
	listen_as(abstract);
	notify_init();
	/* Its queue is full after some hundred, and then each waits. */
	start_us = clock_steady_us();
	while (clock_steady_us() - start_us < 100 * 1000)
		notify_alive();
	assert_true(clock_steady_us() - start_us < 30 * INT64_C(1000000));
	close(manager);
	manager = -1;
	notify_alive(); /* nor is one that has gone */
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(abstract, sizeof(abstract), "@test_notify.%d", (int)getpid());
	snprintf(folder, sizeof(folder), "/tmp/test_notify.XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_nobody_asked_nothing_is_said),
		cmocka_unit_test(each_step_of_life_is_one_datagram),
		cmocka_unit_test(a_status_is_one_line_whatever_is_in_it),
		cmocka_unit_test(helpers_do_not_inherit_the_socket),
		cmocka_unit_test(a_watchdog_is_ours_if_it_names_us_or_nobody),
		cmocka_unit_test(
		    a_manager_that_does_not_listen_is_not_waited_for_long),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
