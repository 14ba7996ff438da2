/* Signals reach the main thread, whatever libmilter's thread waits for. */
#include "daemon/signals.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define N_ROUNDS   100
#define EXIT_TAKEN 3
#define PAUSE_NS   2000000L

/* What libmilter does: whatever it gets ends the daemon. */
static void *
wait_like_libmilter(void *unused)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigwait(&set, &number) == 0)
		_exit(EXIT_TAKEN);
	return unused;
}

/* Ends by the first request to stop; says on fd when it is ready. */
static void
be_a_daemon(int fd)
{
	pthread_t thread;

	alarm(20);
	if (signals_init() == -1 ||
	    pthread_create(&thread, NULL, wait_like_libmilter, NULL) != 0)
		_exit(1);
	signals_unblock();
	if (write(fd, "", 1) != 1)
		_exit(1);
	while (signals_wait(-1) != SIGNAL_STOP)
		;
	_exit(0);
}

static void
no_signal_is_taken_from_the_main_thread(void **state)
{
	const struct timespec pause = { 0, PAUSE_NS };
	int fds[2], status;
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		be_a_daemon(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	/* Two at once: the second one looks for another thread. */
	for (int i = 0; i < N_ROUNDS; i++) {
		kill(child, SIGSTOP);
		kill(child, SIGUSR1);
		kill(child, SIGHUP);
		kill(child, SIGCONT);
		nanosleep(&pause, NULL);
	}
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(fds[0]);
	close(fds[1]);
}

static void
events_come_in_the_order_in_which_they_were_posted(void **state)
{
	(void)state;
	assert_int_equal(signals_init(), 0);
	signals_post(SIGNAL_RELOAD);
	signals_post(SIGNAL_GAVE_UP);
	signals_post(SIGNAL_STOP);
	assert_int_equal(signals_wait(-1), SIGNAL_RELOAD);
	assert_int_equal(signals_wait(-1), SIGNAL_GAVE_UP);
	assert_int_equal(signals_wait(-1), SIGNAL_STOP);
	assert_int_equal(signals_wait(10), SIGNAL_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_signal_is_taken_from_the_main_thread),
		cmocka_unit_test(
		    events_come_in_the_order_in_which_they_were_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
