/*
 * libmilter has a thread of its own that waits for HUP, TERM and INT by
 * sigwait and ends the daemon on any of them. To keep these signals for us,
 * only the main thread has them unblocked, with handlers that write a byte
 * into a pipe; Linux prefers the main thread for signals sent to the process.
 *
 * The trap: it does so only while the main thread has no signal pending
 * already. HUP right behind USR1, or while the process is stopped, went to
 * libmilter's thread and ended the daemon. Hence sigwait is defined here, too:
 * libmilter calls this one, which never returns.
 */
#include "daemon/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static int pipe_fds[2] = { -1, -1 };

static const struct {
	int number;
	enum signal_event event;
} handled[] = {
	{ SIGHUP, SIGNAL_RELOAD },
	{ SIGUSR1, SIGNAL_RELOAD },
	{ SIGTERM, SIGNAL_STOP },
	{ SIGINT, SIGNAL_QUIT },
};

#define N_HANDLED (sizeof(handled) / sizeof(handled[0]))

/*
 * In place of the C library's, for the whole program. Nothing of ours or of
 * the libraries that we use but libmilter waits for signals this way.
 */
int
sigwait(const sigset_t *restrict set, int *restrict number)
{
	(void)set;
	(void)number;
	for (;;)
		pause();
}

/* A full pipe loses nothing: it holds thousands of the same requests. */
void
signals_post(enum signal_event event)
{
	const char byte = (char)event;
	int saved = errno;

	if (write(pipe_fds[1], &byte, 1) == -1)
		errno = saved;
	errno = saved;
}

static void
handle(int number)
{
	for (size_t i = 0; i < N_HANDLED; i++)
		if (handled[i].number == number)
			signals_post(handled[i].event);
}

static void
handled_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_HANDLED; i++)
		sigaddset(set, handled[i].number);
}

int
signals_init(void)
{
	struct sigaction action = { .sa_handler = handle,
		.sa_flags = SA_RESTART };
	sigset_t set;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	handled_set(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	handled_set(&action.sa_mask);
	for (size_t i = 0; i < N_HANDLED; i++)
		if (sigaction(handled[i].number, &action, NULL) == -1)
			return -1;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

void
signals_unblock(void)
{
	sigset_t set;

	handled_set(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* A signal that interrupts poll has written its byte, too. */
enum signal_event
signals_wait(int wait_ms)
{
	struct pollfd ready = { .fd = pipe_fds[0], .events = POLLIN };
	char byte;
	int n = 1;

	for (;;) {
		if (read(pipe_fds[0], &byte, 1) == 1)
			return (enum signal_event)byte;
		if (n == 0)
			return SIGNAL_NONE;
		n = poll(&ready, 1, wait_ms);
	}
}
