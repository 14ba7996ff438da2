/*
 * metrics: what happened since the start, as numbers in the text format of
 * Prometheus (version 0.0.4), for the `metrics` port.
 *
 * Counting is what callbacks do, so it does not wait: atomics, or a table of a
 * fixed number of places (counts.h); names of rules and limits that find no
 * place are counted as "(other)". Everything else is asked when somebody
 * scrapes. No label comes from mail.
 */
#ifndef SLUICE_DAEMON_METRICS_METRICS_H
#define SLUICE_DAEMON_METRICS_METRICS_H

#include "daemon/inquiry.h"
#include "engine/session.h"

#define METRICS_RULES_MAX  1000 /* of rules and actions */
#define METRICS_LIMITS_MAX 1000

/* Once, before there are sessions. */
void metrics_init(struct engine *engine);

/* These rules come into force: what may be counted of them begins with 0, so
 * that the first time counts as an increase. Any thread. */
void metrics_rules(const struct ruleset *rules);

/* Any thread, by those who hook into the engine (keeper.c). */
void metrics_stage(enum stage stage, enum reply_kind kind);
void metrics_verdict(const struct verdict_report *report);
void metrics_crossing(const struct crossing_report *report);
void metrics_hit(struct str rule, const char *action);
void metrics_spent(struct str rule, const char *action);
void metrics_cpu(struct str rule, uint64_t us);
/* A message came to its end; see session_damage. */
void metrics_damage(uint64_t damage);
/* A (re)load ended. hash: of the rules now in force; NULL if it failed. */
void metrics_reload(bool is_good, const char *hash, int64_t now_ms);

/* All of it, as text. */
void metrics_print(struct buf *out);
/* GET /metrics by HTTP/1.0 or 1.1; for inquiry_listen. */
extern const struct inquiry_kind metrics_kind;

#endif
