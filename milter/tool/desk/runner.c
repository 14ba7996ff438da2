/*
 * The text goes through a file in memory, not a pipe: a program that does not
 * read cannot hold us up. Each program leads a process group of its own, so
 * that what it started ends with it when its time is over.
 */
#include "tool/desk/runner.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/port.h"
#include "base/xalloc.h"
#include "tool/tool.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 20000000 /* between two looks at the end */

extern char **environ;

struct job {
	pid_t pid; /* 0: the place is free */
	int64_t until_us;
	bool is_ended; /* by us: its time was over */
	char *what;
};

struct waiting {
	char *input;
	size_t len;
	char *what;
};

struct runner {
	const char *program;
	struct job jobs[RUNNER_AT_ONCE];
	struct waiting waiting[RUNNER_WAITING]; /* a ring */
	size_t first;
	size_t n_waiting;
	uint64_t n_lost; /* since it was said */
};

struct runner *
runner_new(const char *program)
{
	struct runner *runner = xcalloc(1, sizeof(*runner));

	runner->program = program;
	return runner;
}

static char *
copy(struct str text)
{
	char *p = xmalloc(text.len + 1);

	memcpy(p, text.p, text.len);
	p[text.len] = '\0';
	return p;
}

void
runner_add(struct runner *runner, struct str input, struct str what)
{
	struct waiting *last;

	if (runner->n_waiting == RUNNER_WAITING) {
		if (runner->n_lost++ == 0)
			tool_error("%d wait for '%s' already: those that come "
				   "now are left out",
			    RUNNER_WAITING, runner->program);
		return;
	}
	last = &runner->waiting[(runner->first + runner->n_waiting++) %
				RUNNER_WAITING];
	last->input = copy(input);
	last->len = input.len;
	last->what = copy(what);
}

/* A file from which the program reads its input, so that one that reads slowly
 * or not at all holds up nothing here; -1: errno says why. */
static int
make_input(const struct waiting *next)
{
	int fd = memfd_create("event", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < next->len) {
		ssize_t n = write(fd, next->input + done, next->len - done);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* In a process group of its own, which can be ended with all that it started.
 * 0 and a pid, or an errno. */
static int
spawn(const char *program, int input, pid_t *pid_out)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
						  POSIX_SPAWN_SETSIGMASK |
						  POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	/* Not the connections to the store. */
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	rc = posix_spawnp(
	    pid_out, program, &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

static void
start(struct runner *runner, struct job *job, struct waiting *next)
{
	int input = make_input(next);
	int rc = input == -1 ? errno : spawn(runner->program, input, &job->pid);

	if (input != -1)
		close(input);
	free(next->input);
	if (rc != 0) {
		tool_error("'%s' cannot be started for %s: %s", runner->program,
		    next->what, strerror(rc));
		job->pid = 0;
		free(next->what);
		return;
	}
	job->what = next->what;
	job->is_ended = false;
	job->until_us = clock_steady_us() + (int64_t)RUNNER_TIMEOUT_S * 1000000;
}

static void
say_end(const struct runner *runner, const struct job *job, int status)
{
	if (job->is_ended)
		tool_error("'%s' for %s took more than %d s and was ended",
		    runner->program, job->what, RUNNER_TIMEOUT_S);
	else if (WIFSIGNALED(status))
		tool_error("'%s' for %s was ended by signal %d",
		    runner->program, job->what, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		tool_error("'%s' for %s ended with %d", runner->program,
		    job->what, WEXITSTATUS(status));
}

static void
look_after(struct runner *runner, struct job *job)
{
	int status;

	if (waitpid(job->pid, &status, WNOHANG) == job->pid) {
		say_end(runner, job, status);
		free(job->what);
		job->pid = 0;
		return;
	}
	if (clock_steady_us() < job->until_us)
		return;
	job->is_ended = true;
	kill(-job->pid, SIGKILL);
}

void
runner_step(struct runner *runner)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++) {
		struct job *job = &runner->jobs[i];

		if (job->pid != 0)
			look_after(runner, job);
		if (job->pid != 0 || runner->n_waiting == 0)
			continue;
		start(runner, job, &runner->waiting[runner->first]);
		runner->first = (runner->first + 1) % RUNNER_WAITING;
		runner->n_waiting--;
	}
	if (runner->n_lost > 0 && runner->n_waiting == 0) {
		tool_error(
		    "%llu were left out", (unsigned long long)runner->n_lost);
		runner->n_lost = 0;
	}
}

static bool
is_running(const struct runner *runner)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (runner->jobs[i].pid != 0)
			return true;
	return false;
}

bool
runner_is_busy(const struct runner *runner)
{
	return runner->n_waiting > 0 || is_running(runner);
}

static void
drop_waiting(struct runner *runner)
{
	if (runner->n_waiting > 0)
		tool_error("%zu that waited for '%s' are left out",
		    runner->n_waiting, runner->program);
	while (runner->n_waiting > 0) {
		struct waiting *next = &runner->waiting[runner->first];

		free(next->input);
		free(next->what);
		runner->first = (runner->first + 1) % RUNNER_WAITING;
		runner->n_waiting--;
	}
}

void
runner_free(struct runner *runner)
{
	const struct timespec nap = { 0, STEP_NS };
	int64_t until_us = clock_steady_us() + (int64_t)RUNNER_END_S * 1000000;

	if (runner == NULL)
		return;
	drop_waiting(runner);
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (runner->jobs[i].until_us > until_us)
			runner->jobs[i].until_us = until_us;
	while (is_running(runner)) {
		runner_step(runner);
		nanosleep(&nap, NULL);
	}
	free(runner);
}
