/* One daemon for each socket, and no socket of somebody else's is removed. */
#include "daemon/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static struct arena *arena;
static struct buf error;

static int
set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_listen.XXXXXX");
	arena = arena_new(256);
	buf_init(&error);
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *
in_folder(const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name).p;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(in_folder("s"));
	unlink(in_folder("s.lock"));
	arena_free(arena);
	buf_done(&error);
	return rmdir(folder);
}

static struct endpoint
endpoint(const char *text)
{
	struct endpoint at;

	assert_int_equal(
	    endpoint_parse(arena, str_of(text), folder, &at, &error), 0);
	return at;
}

/* A socket that listens, or did until its descriptor is closed. */
static int
listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd != -1);
	strcpy(address.sun_path, path);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
a_second_daemon_is_told_who_the_first_one_is(void **state)
{
	struct endpoint at = endpoint("unix:s");
	struct listener first, second;
	char want[200];

	(void)state;
	assert_int_equal(listen_claim(&first, &at, &error), 0);
	assert_int_equal(listen_claim(&second, &at, &error), -1);
	snprintf(want, sizeof(want),
	    "another sluiced (pid %ld) listens on unix:%s/s", (long)getpid(),
	    folder);
	assert_string_equal(error.p, want);
	listen_leave(&second);
	assert_true(exists(in_folder("s.lock")));
	listen_leave(&first);
	assert_false(exists(in_folder("s.lock")));
	assert_int_equal(listen_claim(&second, &at, &error), 0);
	listen_leave(&second);
}

static void
a_socket_that_nobody_answers_on_is_replaced(void **state)
{
	struct endpoint at = endpoint("unix:s");
	struct listener listener;

	(void)state;
	close(listen_on(in_folder("s")));
	assert_true(exists(in_folder("s")));
	assert_int_equal(listen_claim(&listener, &at, &error), 0);
	assert_false(exists(in_folder("s")));
	listen_leave(&listener);
}

static void
a_socket_with_somebody_behind_it_is_left_alone(void **state)
{
	struct endpoint at = endpoint("unix:s");
	struct listener listener;
	int fd = listen_on(in_folder("s"));

	(void)state;
	assert_int_equal(listen_claim(&listener, &at, &error), -1);
	assert_non_null(strstr(error.p, "another program listens on unix:"));
	assert_true(exists(in_folder("s")));
	close(fd);
}

static void
a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct endpoint at = endpoint("unix:s");
	struct listener listener;
	FILE *file = fopen(in_folder("s"), "w");

	(void)state;
	assert_non_null(file);
	fclose(file);
	assert_int_equal(listen_claim(&listener, &at, &error), -1);
	assert_non_null(strstr(error.p, "which is no socket"));
	assert_true(exists(in_folder("s")));
}

static void
a_missing_folder_is_named(void **state)
{
	struct endpoint at = endpoint("unix:no/s");
	struct listener listener;

	(void)state;
	assert_int_equal(listen_claim(&listener, &at, &error), -1);
	assert_non_null(
	    strstr(error.p, "/no/s: the folder of this socket is missing"));
}

static void
at_the_end_only_the_own_socket_is_removed(void **state)
{
	struct endpoint at = endpoint("unix:s");
	struct listener listener;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(listen_claim(&listener, &at, &error), 0);
	fd = listen_on(in_folder("s"));
	assert_int_equal(lstat(in_folder("s"), &st), 0);
	listener.device = st.st_dev;
	listener.inode = st.st_ino + 1; /* ours was another one */
	listen_leave(&listener);
	assert_true(exists(in_folder("s")));

	close(fd);
	assert_int_equal(listen_claim(&listener, &at, &error), 0);
	close(listen_on(in_folder("s")));
	assert_int_equal(lstat(in_folder("s"), &st), 0);
	listener.device = st.st_dev;
	listener.inode = st.st_ino;
	listen_leave(&listener);
	assert_false(exists(in_folder("s")));
}

static void
the_socket_is_known_after_the_configuration_is_gone(void **state)
{
	struct arena *short_lived = arena_new(256);
	struct endpoint at;
	struct listener listener;

	(void)state;
	assert_int_equal(
	    endpoint_parse(short_lived, STR("unix:s"), folder, &at, &error), 0);
	assert_int_equal(listen_claim(&listener, &at, &error), 0);
	arena_free(short_lived);
	listen_leave(&listener);
	assert_false(exists(in_folder("s.lock")));
}

static void
a_port_in_use_is_said_to_be(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct listener listener;
	struct endpoint at;
	char text[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(
	    text, sizeof(text), "inet:%u@127.0.0.1", ntohs(address.sin_port));
	at = endpoint(text);
	assert_int_equal(listen_claim(&listener, &at, &error), -1);
	assert_non_null(strstr(error.p, "another program uses this port"));
	close(fd);
	assert_int_equal(listen_claim(&listener, &at, &error), 0);
	listen_leave(&listener);
}

static void
an_address_of_another_machine_is_an_error(void **state)
{
	struct endpoint at = endpoint("inet:8893@192.0.2.1");
	struct listener listener;

	(void)state;
	assert_int_equal(listen_claim(&listener, &at, &error), -1);
	assert_non_null(strstr(error.p, "Cannot assign requested address"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_daemon_is_told_who_the_first_one_is),
		TEST(a_socket_that_nobody_answers_on_is_replaced),
		TEST(a_socket_with_somebody_behind_it_is_left_alone),
		TEST(a_file_that_is_no_socket_is_left_alone),
		TEST(a_missing_folder_is_named),
		TEST(at_the_end_only_the_own_socket_is_removed),
		TEST(the_socket_is_known_after_the_configuration_is_gone),
		TEST(a_port_in_use_is_said_to_be),
		TEST(an_address_of_another_machine_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
