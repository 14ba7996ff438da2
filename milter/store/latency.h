/*
 * latency: how long calls took, in a histogram of fixed bounds. Any thread;
 * noting one neither waits nor allocates. Zero is a good start.
 */
#ifndef SLUICE_STORE_LATENCY_H
#define SLUICE_STORE_LATENCY_H

#include <stdint.h>

#define LATENCY_BOUNDS 14

/* Upper ends of all buckets but the last, which has none. */
extern const uint32_t latency_bounds_us[LATENCY_BOUNDS];

struct latency {
	_Atomic uint64_t n[LATENCY_BOUNDS + 1];
	_Atomic uint64_t sum_us;
};

struct latency_counts {
	uint64_t n[LATENCY_BOUNDS + 1]; /* each bucket by itself */
	uint64_t sum_us;
};

void latency_note(struct latency *latency, int64_t us);
/* Buckets and sum are read one after the other, while others go on noting. */
void latency_get(
    const struct latency *latency, struct latency_counts *counts_out);

#endif
