/*
 * session: one SMTP connection as rules see it, and the answer at each step.
 *
 * Knows nothing of milter protocols: a front end (daemon/milter.c, the trace
 * runner, a later native one) reports events and carries out replies. Events
 * may come in any order and any number; abort may come at any time. A session
 * is used by one thread at a time, not always the same one. No event waits for
 * longer than the store's time-out; the message's end, besides, for helpers
 * that look into attachments, as long as inspect.h allows.
 *
 * What is charged at a stage stands in its plan (rules/program.h). Given back is
 *   connections             when a rule refuses them at connect
 *   messages, recipients    when refused, aborted or dropped before the message
 *                           was accepted at its end
 *   bytes, distinct         when refused at the end, where they are charged
 * and never rejects, unknown recipients, or what counts attempts.
 */
#ifndef SLUICE_ENGINE_SESSION_H
#define SLUICE_ENGINE_SESSION_H

#include "base/ip.h"
#include "inspect/inspect.h"
#include "rules/facts.h"
#include "rules/ruleset.h"
#include "store/store.h"

struct session;
struct mime;
struct mime_part;
struct rule;

/* A fact that the rule or its block reads, as text of at most 256 bytes; a
 * list is joined by ", ". At most 16. */
struct verdict_fact {
	struct str name;
	struct str value;
};

/* Where the regular expression of `${match}` matched; or, where none decided,
 * the value of a part of the message that was found by == or `in`. */
struct verdict_match {
	struct str fact; /* "body", "header[\"Subject\"]" */
	size_t value;    /* of a fact with several: which of all, from 0 */
	size_t offset;   /* in it, bytes */
	struct str text; /* what matched */
	/* The part that said it; NULL: none (a header field, an address). */
	const struct mime_part *part;
};

/* A limit in a report. */
struct verdict_limit {
	struct str name;
	struct str identity;
	uint64_t used_before; /* this stage was charged */
	uint64_t used;
	uint64_t max;
	struct store_rate rate; /* whose numbers these are */
	int64_t retry_ms;       /* -1: never */
};

/* What a verdict was: for logs, traces, events. Strings live for the call. */
struct verdict_report {
	enum stage stage;
	const char *action; /* "accept", "reject", "tempfail", "discard", … */
	struct str rule;    /* empty: no rule decided (end of the message) */
	const char *path;   /* where the rule stands; NULL: no rule */
	unsigned line;
	bool is_observed;
	unsigned code;
	struct str text;
	struct str ref;
	struct str queue;  /* the rest may be empty */
	struct str client; /* an address as text */
	struct str user;
	struct str from;
	struct str rcpt;                   /* at rcpt */
	const struct verdict_limit *limit; /* NULL: no limit decided */
	const struct verdict_match *match; /* NULL: nothing was found */
	const struct verdict_fact *facts;
	size_t n_facts;
};

/* What a condition is: what could not be asked is unknown. */
enum tri { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN };

/* A rule was looked at. What it did, if anything, is told behind this. */
struct rule_report {
	const struct rule *rule;
	enum tri value;  /* with its block; an expired rule is false */
	uint64_t cpu_ns; /* of this thread, for looking */
	/* TRI_TRUE: as of a verdict. */
	const struct verdict_match *match;
};

/*
 * A key has come near its limit (a charge took its fullest rate to 80 % or
 * above), over it (told at most once a minute by a process), or was locked.
 */
enum crossing_kind { CROSSING_NEAR, CROSSING_OVER, CROSSING_LOCKED };

struct crossing_report {
	enum crossing_kind kind;
	struct verdict_limit limit;
	int64_t locked_ms; /* CROSSING_LOCKED: for so long */
	struct str ref;
};

#define ENGINE_TOLD_SLOTS 4096

enum reply_kind {
	REPLY_CONTINUE,
	REPLY_ACCEPT, /* no more questions about this connection or message */
	REPLY_REJECT,
	REPLY_TEMPFAIL,
	REPLY_DISCARD,
	REPLY_SKIP, /* body: no more of it is wanted */
};

/* What all sessions of a process share. Outlives them; filled in once. */
struct engine {
	struct store *store;
	struct store *local;         /* memory; counts while store is away */
	struct inspector *inspector; /* NULL: attachments are not looked into */
	/* Crossings told lately; see crossing.c. */
	_Atomic uint64_t told[ENGINE_TOLD_SLOTS];
	/* Makes references; see engine_init. */
	uint32_t ref_boot;
	_Atomic uint32_t ref_next;
	/* Called for each verdict, after it was logged if is_logged; may be
	 * NULL. Any thread. */
	void (*on_verdict)(void *context, const struct verdict_report *report);
	/* The same; may be NULL. */
	void (*on_crossing)(
	    void *context, const struct crossing_report *report);
	/* A rule fired that decided nothing: it marked, logged or changed the
	 * message. action: the name of its first. The same; may be NULL. */
	void (*on_hit)(void *context, struct str rule, const char *action);
	/* A stage was decided; kind: none of REPLY_SKIP. The same; may be
	 * NULL. */
	void (*on_stage)(void *context, enum stage stage, enum reply_kind kind);
	/* CPU time that was spent on patterns for this rule; empty: for none
	 * by itself (the scan for all patterns at once, conditions of limits).
	 * Told as the budget learns of it, so one of many short subjects stands
	 * for its neighbours. The same; may be NULL. */
	void (*on_cpu)(void *context, struct str rule, uint64_t us);
	/* Each rule that a stage comes to, in order; may be NULL. For tools:
	 * it costs two looks at the clock a rule. */
	void (*on_rule)(void *context, const struct rule_report *report);
	/* Was this rule told to be observed while running (ledger.h)? Asked
	 * when it fires; may be NULL. */
	bool (*is_observed)(void *context, struct str rule);
	/* A condition of this rule had no answer: action is "regex-limit" or
	 * "scan-budget". At most once a message, rule and action. The same;
	 * may be NULL. */
	void (*on_spent)(void *context, struct str rule, const char *action);
	void *context;
	bool is_logged; /* write verdict lines to the log */
};

/* Text is valid until the next event: printable, "%" not doubled, one line. */
struct reply {
	enum reply_kind kind;
	unsigned code;    /* 550, for reject and tempfail */
	struct str xcode; /* "5.7.1" */
	struct str text;  /* with its reference */
};

/* Changes to the message, in the order they were asked for; names come from
 * rule files, values are encoded and folded, safe to pass on. */
enum change_kind {
	CHANGE_ADD_HEADER,
	CHANGE_SET_HEADER,    /* instead of all of that name, or added */
	CHANGE_REMOVE_HEADER, /* all of that name */
	CHANGE_QUARANTINE,    /* value: the reason */
	/* value: "anna@example.org", checked: no brackets, no blanks, no bytes
	 * that SMTP does not allow */
	CHANGE_ADD_RECIPIENT,
	CHANGE_REMOVE_RECIPIENT, /* as the MTA told it, without brackets */
	CHANGE_SET_SENDER,       /* may be empty */
};

struct change {
	enum change_kind kind;
	struct str name;
	struct str value;
	size_t n_present; /* fields of that name in the message as it came */
};

struct session_client {
	struct ip ip; /* IP_NONE: not known, or no network */
	unsigned port;
	struct str name; /* as the MTA gave it; "[192.0.2.1]" is none */
	bool is_local;   /* the address family was not inet or inet6 */
};

void engine_init(struct engine *engine, struct store *store,
    struct store *local, uint32_t ref_boot);

/* Takes a reference to rules. */
struct session *session_new(struct engine *engine, struct ruleset *rules);
/* What is open is aborted and refunded first. NULL is fine. */
void session_free(struct session *session);

/*
 * The time of the events that follow, ms since the epoch; is_virtual: the
 * store is to use it, too (traces), instead of its own clock.
 */
void session_now(struct session *session, int64_t now_ms, bool is_virtual);

/* A macro of the MTA, before the event to which it belongs. name: with braces
 * if it is longer than one letter. Both are copied. value NULL: the MTA does
 * not tell it any more. */
void session_macro(
    struct session *session, const char *name, const char *value);

struct reply session_connect(
    struct session *session, const struct session_client *client);
struct reply session_helo(struct session *session, struct str name);
/* path: as sent ("<anna@example.org>"); params: "SIZE=1000", … */
struct reply session_mail(struct session *session, struct str path,
    const struct str *params, size_t n_params);
struct reply session_rcpt(struct session *session, struct str path,
    const struct str *params, size_t n_params);
/* A recipient that the MTA itself refuses: no rules run for it. If it is one
 * that does not exist (5.1.x) limits of unknown-recipients are charged. */
void session_rcpt_refused(
    struct session *session, struct str path, unsigned code, struct str xcode);
struct reply session_data(struct session *session);
/* One field; value folded as it came. Never refuses. */
void session_header(struct session *session, struct str name, struct str value);
struct reply session_end_of_headers(struct session *session);
/* REPLY_CONTINUE or REPLY_SKIP (no more bytes can change anything). */
struct reply session_body(struct session *session, struct str chunk);
/* After REPLY_CONTINUE or REPLY_ACCEPT the front end carries out
 * session_changes; they are valid until the next event. */
struct reply session_end(struct session *session);
/* As the language calls it: "add-header". */
const char *change_name(enum change_kind kind);
const struct change *session_changes(
    const struct session *session, size_t *n_out);
/* What the parts of the message are, once session_end was called and until the
 * next event; NULL: nobody needed to know. */
const struct mime *session_mime(const struct session *session);
/* Takes the message apart even if no rule needs it (before session_mail). */
void session_want_content(struct session *session);
/* A fact as text: each value by itself. False: there is no such value. For
 * tools, until the next event. */
bool session_fact_value(
    struct session *session, enum fact_id id, size_t i, struct buf *out);
/* The message is over without an end: RSET, lost client, refused by others. */
void session_abort(struct session *session);

/* Words of mime.damage (damage.h) that are known of the message without
 * looking at more of it than was needed: bits. */
uint64_t session_damage(const struct session *session);

/* For drain: is a message under way? */
bool session_in_message(const struct session *session);
const struct ruleset *session_rules(const struct session *session);
/* "4f2a-3": of the message if one is open, else of the connection. */
struct str session_ref(const struct session *session);
double session_score(const struct session *session);
bool session_has_tag(const struct session *session, struct str tag);

#endif
