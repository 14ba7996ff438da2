/*
 * The program is started through a descriptor in /proc/self/fd by posix_spawn:
 * that is safe among threads, copies no memory, and finds the program as it was
 * when this process began, even in the middle of an upgrade.
 *
 * The trap is the number of a descriptor: the socket becomes number 3 of the
 * child before the program is looked up, so the program must not be there.
 */
#include "inspect/process.h"

#include "base/clock.h"
#include "base/xalloc.h"
#include "inspect/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_FD_LEAST 16

int
process_program(void)
{
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int high;

	if (fd == -1)
		return -1;
	high = fcntl(fd, F_DUPFD_CLOEXEC, PROGRAM_FD_LEAST);
	close(fd);
	return high;
}

/* Signals as a new process has them, whatever this one does with them; and a
 * group of its own: Ctrl-C is for this process, which ends its helpers. */
static void
set_signals(posix_spawnattr_t *attributes)
{
	sigset_t set;

	sigemptyset(&set);
	posix_spawnattr_setsigmask(attributes, &set);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(attributes, &set);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
						 POSIX_SPAWN_SETSIGDEF |
						 POSIX_SPAWN_SETPGROUP);
}

/* 0, or what errno would be. */
static int
spawn(int program_fd, int socket_fd, pid_t *pid_out)
{
	static char name[] = HELPER_NAME;
	char *const arguments[] = { name, NULL };
	char *const environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", program_fd);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, socket_fd, HELPER_FD);
	posix_spawnattr_init(&attributes);
	set_signals(&attributes);
	rc = posix_spawn(
	    pid_out, path, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

struct process *
process_start(int program_fd, struct buf *why)
{
	struct process *process;
	int fds[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1) {
		buf_printf(why, "no socket: %s", strerror(errno));
		return NULL;
	}
	rc = spawn(program_fd, fds[1], &pid);
	close(fds[1]);
	if (rc != 0) {
		close(fds[0]);
		buf_printf(why, "no process: %s", strerror(rc));
		return NULL;
	}
	process = xcalloc(1, sizeof(*process));
	process->pid = pid;
	process->fd = fds[0];
	process->started_us = clock_steady_us();
	return process;
}

bool
process_is_gone(const struct process *process)
{
	char byte;
	ssize_t n = recv(process->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	/* Who talks without being asked is not to be trusted either. */
	return n == 0 || (n > 0 && process->is_ready);
}

int
process_end(struct process *process)
{
	int status = -1;

	kill(process->pid, SIGKILL);
	close(process->fd);
	while (waitpid(process->pid, &status, 0) == -1) {
		if (errno == EINTR)
			continue;
		status = -1; /* SIGCHLD is ignored: nobody knows */
		break;
	}
	free(process);
	return status;
}

void
process_describe_end(int status, struct buf *out)
{
	if (status == -1)
		buf_add_cstr(out, "an unknown end");
	else if (WIFSIGNALED(status))
		buf_printf(out, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		buf_printf(out, "status %d", WEXITSTATUS(status));
}
