/*
 * tally: what was counted and timed, and its report.
 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* In microseconds. Beyond TIMES_MAX (tally.c) no more are kept. */
struct times {
	uint32_t *us;
	size_t n;
	size_t capacity;
};

/* Zeroed, it is empty. */
struct tally {
	struct times connects; /* from connect() to the answer to HELO */
	struct times messages; /* from MAIL to the last answer */
	uint64_t n_connections;
	uint64_t n_connections_accepted; /* at connect or helo: no more asked */
	uint64_t n_connections_refused;
	uint64_t n_messages; /* that reached their end, or were accepted */
	uint64_t n_messages_refused;
	uint64_t n_rcpts_refused;
	uint64_t n_discarded;
	uint64_t n_waits; /* replies that were waited for */
	uint64_t n_packets;
	uint64_t n_replies[256]; /* by SMFIR_* */
};

/* The monotonic clock. */
int64_t tally_now(void);
void tally_time(struct times *times, int64_t from_ns, int64_t to_ns);
/* One "name value" a line. cpu_sec: that this process used meanwhile. */
void tally_report(
    struct tally *tally, double seconds, double cpu_sec, FILE *out);
void tally_done(struct tally *tally);

#endif
