/*
 * What a helper process may not do, and that it ends if it tries.
 */
#include "inspect_kit.h"
#include "base/sanitized.h"

static void
test_what_is_forbidden_kills(void **state)
{
	static const char *const forbidden[] = { "open", "socket", "exec",
		"fork", "kill", "exec-memory" };

	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		expect_death(forbidden[i], "Bad system call");
}

static void
test_no_descriptor_is_left_but_the_socket(void **state)
{
	struct inspect_item item;
	int null = open("/dev/null", O_WRONLY);
	int fd = fcntl(null, F_DUPFD, 20); /* without O_CLOEXEC */

	(void)state;
	assert_true(fd >= 20);
#if !IS_SANITIZED
	item = asked("write-elsewhere");
	expect_good(&item);
#else
	item = asked("a.zip"); /* they keep standard error */
	expect_good(&item);
#endif
	close(null);
	close(fd);
}

static void
test_memory_is_bounded(void **state)
{
	(void)state;
#if !IS_SANITIZED
	expect_death("eat-memory", "ended by signal");
#endif
	assert_true(has_any());
}

static void
test_it_is_a_helper_only_with_its_socket(void **state)
{
	char name[] = HELPER_NAME, other[] = "sluice", argument[] = "x";
	char *named[] = { name, NULL }, *with[] = { name, argument, NULL };
	char *others[] = { other, NULL };
	int pair[2], kept = dup(HELPER_FD);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(dup2(pair[0], HELPER_FD), HELPER_FD);
	assert_true(inspect_is_helper(1, named));
	assert_false(inspect_is_helper(2, with));
	assert_false(inspect_is_helper(1, others));
	close(HELPER_FD);
	if (kept != -1)
		dup2(kept, HELPER_FD);
	if (kept != -1)
		close(kept);
	if (pair[0] != HELPER_FD)
		close(pair[0]);
	close(pair[1]);
	assert_false(inspect_is_helper(1, named));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ONE(test_what_is_forbidden_kills),
		ONE(test_no_descriptor_is_left_but_the_socket),
		ONE(test_memory_is_bounded),
		ONE(test_it_is_a_helper_only_with_its_socket),
	};
	const struct CMUnitTest without[] = {
		ONE(test_it_is_a_helper_only_with_its_socket),
	};
	int status = serve_if_helper(argc, argv);

	if (status != -1)
		return status;
	return has_any() ? cmocka_run_group_tests(tests, NULL, NULL)
			 : cmocka_run_group_tests(without, NULL, NULL);
}
