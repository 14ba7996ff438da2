/*
 * process: one helper, seen from the program that started it.
 *
 * A process belongs to one thread at a time.
 */
#ifndef SLUICE_INSPECT_PROCESS_H
#define SLUICE_INSPECT_PROCESS_H

#include "base/buf.h"

#include <sys/types.h>

struct process {
	pid_t pid;
	int fd;
	int64_t started_us;
	bool is_ready; /* it said so */
};

/* A descriptor of the program that runs, by which it can be started again even
 * when its file was replaced or removed; -1 and errno. */
int process_program(void);

/* Does not wait until it is ready. NULL and why. */
struct process *process_start(int program_fd, struct buf *why);

/* Has it gone, or said anything unasked, since it answered last? */
bool process_is_gone(const struct process *process);

/* Kills it if it lives, and frees; how it ended as waitpid tells it, -1 if that
 * is not known. */
int process_end(struct process *process);

/* "signal 31 (Bad system call)", "status 1". */
void process_describe_end(int status, struct buf *out);

#endif
