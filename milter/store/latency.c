/*
 * The bounds begin below what a Redis on the same host takes and end near the
 * longest store_timeout. Few enough to be looked at one by one.
 */
#include "store/latency.h"

#include <stdatomic.h>

const uint32_t latency_bounds_us[LATENCY_BOUNDS] = { 100, 250, 500, 1000, 2500,
	5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000 };

void
latency_note(struct latency *latency, int64_t us)
{
	uint64_t took_us = us > 0 ? (uint64_t)us : 0;
	unsigned i = 0;

	while (i < LATENCY_BOUNDS && took_us > latency_bounds_us[i])
		i++;
	atomic_fetch_add_explicit(&latency->n[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &latency->sum_us, took_us, memory_order_relaxed);
}

void
latency_get(const struct latency *latency, struct latency_counts *counts_out)
{
	for (unsigned i = 0; i <= LATENCY_BOUNDS; i++)
		counts_out->n[i] =
		    atomic_load_explicit(&latency->n[i], memory_order_relaxed);
	counts_out->sum_us =
	    atomic_load_explicit(&latency->sum_us, memory_order_relaxed);
}
