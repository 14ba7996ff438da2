/*
 * The fork comes before everything else: threads and the locks of files would
 * not survive it. Messages go to the terminal until all is well, then the
 * starter is told through a pipe; if the child ends first, the pipe closes by
 * itself and the starter takes over the child's status.
 */
#include "daemon/background.h"

#include "base/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PID_TEXT_MAX 32

static int starter_fd = -1;

static _Noreturn void
wait_for_child(pid_t child, int fd)
{
	int status = 0;
	ssize_t n;
	char byte;

	do {
		n = read(fd, &byte, 1);
	} while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(0);
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0
		  ? WEXITSTATUS(status)
		  : 1);
}

int
background_start(void)
{
	int fds[2];
	pid_t child;

	/* A descriptor of the starter's would be held for as long as we run. */
	closefrom(STDERR_FILENO + 1);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	child = fork();
	if (child == -1)
		return -1;
	if (child > 0) {
		close(fds[1]);
		wait_for_child(child, fds[0]);
	}
	close(fds[0]);
	starter_fd = fds[1];
	return setsid() == -1 ? -1 : 0;
}

void
background_ready(bool keep_stderr)
{
	int fd;

	if (starter_fd == -1)
		return;
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd != -1) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		if (!keep_stderr)
			dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	while (write(starter_fd, "", 1) == -1 && errno == EINTR)
		;
	close(starter_fd);
	starter_fd = -1;
}

int
pid_file_write(const char *path, struct buf *error)
{
	char text[PID_TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0644);
	bool is_good = fd != -1 && write(fd, text, (size_t)len) == len;

	if (!is_good)
		buf_printf(error, "cannot write pid_file %s: %s", path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
	return is_good ? 0 : -1;
}

void
pid_file_remove(const char *path)
{
	char text[PID_TEXT_MAX];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (strtol(text, NULL, 10) == (long)getpid())
		unlink(path);
}
