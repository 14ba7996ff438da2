/*
 * charge: the arithmetic of one window: nine slots of T/8 aligned to the epoch,
 * or one number for a day or month.
 *
 * Pure: no clock, no memory, no locks. charge.lua is the same in Redis; a
 * change here is a change there, and tests/unit/test_store_law.c finds what
 * differs. All counts are below 2^53, what a Lua number holds exactly.
 */
#ifndef SLUICE_STORE_CHARGE_H
#define SLUICE_STORE_CHARGE_H

#include "base/calendar.h"
#include "store/store.h"

#define CHARGE_SLOTS 9
#define CHARGE_MAX   ((UINT64_C(1) << 53) - 1)

struct charge_slots {
	int64_t newest;           /* number of n[8] */
	uint64_t n[CHARGE_SLOTS]; /* oldest first */
};

/* Number of the slot in which now_ms (>= 0) is. */
int64_t charge_slot(int64_t now_ms, uint32_t window_sec);

/* Moves on to slot, or keeps what a clock that was set back left behind. */
void charge_advance(struct charge_slots *slots, int64_t slot);

uint64_t charge_used(const struct charge_slots *slots);
bool charge_fits(uint64_t used, uint64_t amount, uint64_t max);
/* Adds to the newest slot; used never gets over CHARGE_MAX. */
void charge_add(struct charge_slots *slots, uint64_t amount);
/* Takes from that slot if it is still there, never below 0. */
void charge_take(struct charge_slots *slots, int64_t slot, uint64_t amount);
/*
 * Milliseconds from now_ms until amount fits if nothing else is charged: 0 if
 * it does, -1 if it never will. The slots must be advanced to now_ms.
 */
int64_t charge_retry_ms(const struct charge_slots *slots, uint64_t amount,
    uint64_t max, uint32_t window_sec, int64_t now_ms);

/* A day or month. */
struct charge_span {
	int64_t label; /* as calendar.h */
	int64_t ends_ms;
	uint64_t used;
};

/* A window of either kind; which one, its rate says. */
struct charge_count {
	union {
		struct charge_slots slots; /* STORE_ROLLING */
		struct charge_span span;
	};
};

/* One that has never been charged. */
void charge_count_begin(
    struct charge_count *count, const struct store_rate *rate, int64_t now_ms);
/* Moves on to now; of a label far ahead the counts become today's. */
void charge_count_advance(
    struct charge_count *count, const struct store_rate *rate, int64_t now_ms);
uint64_t charge_count_used(
    const struct charge_count *count, const struct store_rate *rate);
void charge_count_add(
    struct charge_count *count, const struct store_rate *rate, uint64_t amount);
/* What a token names: number of the slot, or label. */
int64_t charge_count_slot(
    const struct charge_count *count, const struct store_rate *rate);
void charge_count_take(struct charge_count *count,
    const struct store_rate *rate, int64_t slot, uint64_t amount);
/* As charge_retry_ms; and until nothing in it counts any more. */
int64_t charge_count_retry_ms(const struct charge_count *count,
    const struct store_rate *rate, uint64_t amount, int64_t now_ms);
int64_t charge_count_lives_ms(const struct charge_count *count,
    const struct store_rate *rate, int64_t now_ms);
/*
 * Adds what another store has counted, slot by slot: into the later of the two,
 * from which the other's slots may have gone already.
 */
void charge_count_merge(struct charge_count *count,
    const struct charge_count *other, const struct store_rate *rate);
/* Takes all that is in other, never below 0. */
void charge_count_subtract(struct charge_count *count,
    const struct charge_count *other, const struct store_rate *rate);
/* "total/max newest s0 … s8" or "total/max label", max as in rate. */
void charge_count_put(struct buf *out, const struct charge_count *count,
    const struct store_rate *rate);
enum calendar_unit charge_unit(const struct store_rate *rate);

/* Reads "total/max newest s0 … s8". 0, or -1 if it is not that. */
int charge_parse(
    struct str text, struct charge_slots *slots_out, uint64_t *max_out);

#endif
