/*
 * load: what sluice.conf says, made real. Both programs start with it.
 */
#ifndef SLUICE_CONF_LOAD_H
#define SLUICE_CONF_LOAD_H

#include "conf/conf.h"
#include "inspect/inspect.h"
#include "rules/ruleset.h"
#include "store/store.h"

/* Strings belong to conf. now_ms is the present. */
void conf_rules_options(
    const struct conf *conf, struct rules_options *options_out);

/* From now on the process has the time zone of conf, for time.hour, expires and
 * what people are told. Before there are threads. */
void conf_use_timezone(const struct conf *conf);

/* The name of this host in events and records: as configured, or the system's.
 * Static, or conf's. */
const char *conf_host(const struct conf *conf);
/* For people: the time zone as configured, or what the system calls its own. */
const char *conf_zone(const struct conf *conf);

/* A ruleset with one reference, or NULL; diagnostics has errors and warnings
 * in either case. */
struct ruleset *conf_load_rules(
    const struct conf *conf, struct buf *diagnostics);

/* What looks into attachments; nothing is started before it is asked. */
struct inspector *conf_inspector(const struct conf *conf);
/* The same for tests of rules: with so much time that none fails because the
 * machine is busy. */
struct inspector *conf_test_inspector(const struct conf *conf);
/* And for many mails at once, with a helper for each thread. */
struct inspector *conf_corpus_inspector(
    const struct conf *conf, unsigned n_threads);

/* Reads the password file; never waits for the store. NULL and diagnostics if
 * something is wrong. */
struct store *conf_open_store(const struct conf *conf, struct buf *diagnostics);

#endif
