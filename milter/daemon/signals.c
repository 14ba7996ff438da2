/*
 * libmilter has a thread of its own that waits for HUP, TERM and INT by
 * sigwait and ends the daemon on any of them. A signal goes to it whenever the
 * main thread cannot take it; so the main thread, which Linux prefers for
 * signals sent to the process, must never block these signals once libmilter
 * runs, nor wait for them by sigwait itself. Its handlers only write a byte
 * into a pipe. Every other thread has them blocked.
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
	{ SIGINT, SIGNAL_STOP },
};

#define N_HANDLED (sizeof(handled) / sizeof(handled[0]))

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

enum signal_event
signals_wait(void)
{
	struct pollfd ready = { .fd = pipe_fds[0], .events = POLLIN };
	char byte;

	for (;;) {
		if (read(pipe_fds[0], &byte, 1) == 1)
			return (enum signal_event)byte;
		poll(&ready, 1, -1);
	}
}
