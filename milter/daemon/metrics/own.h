/*
 * own: what is counted (metrics.c), for those who print it.
 */
#ifndef SLUICE_DAEMON_METRICS_OWN_H
#define SLUICE_DAEMON_METRICS_OWN_H

#include "daemon/metrics/counts.h"
#include "daemon/metrics/metrics.h"
#include "mime/damage.h"

#include <stdatomic.h>

#define METRICS_HASH_MAX 65
#define METRICS_KINDS    REPLY_SKIP /* answers of a stage, from 0 on */

struct metrics_counted {
	struct engine *engine;
	int64_t started_ms;
	_Atomic uint64_t stages[STAGE_N][METRICS_KINDS];
	_Atomic uint64_t damage[DAMAGE_N];
	struct counts *verdicts;
	struct counts *hits;
	struct counts *spent;
	struct counts *cpu_us;
	struct counts *crossings;
	_Atomic uint64_t n_loads[2]; /* failed, good */
	atomic_bool was_good;
	_Atomic int64_t good_ms;
};

const struct metrics_counted *metrics_counted(void);
/* Of the rules in force. */
void metrics_hash(char hash_out[METRICS_HASH_MAX]);

#endif
