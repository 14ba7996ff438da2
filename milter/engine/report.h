/*
 * report: what a verdict looks like - to the MTA, in the log, to listeners.
 */
#ifndef SLUICE_ENGINE_REPORT_H
#define SLUICE_ENGINE_REPORT_H

#include "engine/eval.h"

/* A refusal's text made safe: printable ASCII (UTF-8 where the client asked
 * for it), capped, with its reference behind it unless has_ref. Valid until
 * the next event. */
struct str report_reply_text(struct session *session, const struct text *text,
    bool has_ref, const struct evidence *evidence);
/* The same for a text of ours. */
struct str report_own_text(struct session *session, const char *text);

/* A reason for quarantine: one line, never empty, since an MTA refuses to
 * quarantine without one. */
struct str report_reason(
    struct arena *arena, const struct rule *rule, struct str text);

/* One log line, and engine->on_verdict, for which the rest of the report is
 * filled in. rule and evidence may be NULL. */
void report_verdict(struct session *session,
    const struct verdict_report *report, const struct rule *rule,
    const struct evidence *evidence);
/* The same of a crossing. */
void report_crossing(
    struct session *session, const struct crossing_report *report);
/* The action log "text". */
void report_text(
    struct session *session, const struct rule *rule, struct str text);
/* What an action on recipients or the sender was to put there is no address. */
void report_no_address(struct session *session, const struct rule *rule,
    const struct action *action, struct str text);
/* A message that was accepted at its end. */
void report_accepted(struct session *session);

#endif
