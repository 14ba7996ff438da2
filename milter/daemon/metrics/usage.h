/*
 * usage: what this process has taken of the machine, as Linux tells it in /proc
 * (proc(5)), which is memory and no disk.
 */
#ifndef SLUICE_DAEMON_METRICS_USAGE_H
#define SLUICE_DAEMON_METRICS_USAGE_H

#include <stdint.h>

/* What cannot be told is 0. */
struct usage {
	double cpu_sec; /* of all threads, user and system; not of helpers */
	uint64_t resident_bytes;
	uint64_t virtual_bytes;
	uint64_t n_threads;
	uint64_t n_fds; /* open; where even this cannot be asked for want of
			   one, all there may be */
	uint64_t fds_max;
};

void usage_get(struct usage *usage_out);

#endif
