/*
 * state: what a session consists of. For the files of this layer only.
 *
 * Memory: connection values in session->arena, what an EHLO may repeat in
 * session->helo_arena, all of a message in message->arena. Nothing in a longer
 * lived one points into a shorter lived one.
 */
#ifndef SLUICE_ENGINE_STATE_H
#define SLUICE_ENGINE_STATE_H

#include "engine/session.h"
#include "mime/damage.h"
#include "rules/program.h"

/* Caps on what mail can make us keep; reaching one is a word of mime.damage,
 * unless said otherwise. */
struct session_caps {
	size_t headers;       /* fields of a message */
	size_t header_bytes;  /* of one field's value */
	size_t headers_bytes; /* of all */
	size_t recipients;    /* more are answered 452 */
	size_t tags; /* of one scope; more are dropped with a log line */
	size_t changes;
	size_t wishes;       /* for recipients, of a message */
	size_t text_bytes;   /* of a text with its facts filled in */
	size_t reply_bytes;  /* of a reply's text */
	size_t value_bytes;  /* of one macro, path or parameter; cut */
	size_t remembered;   /* values of one remember or forget; cut */
	size_t report_bytes; /* of a fact's value in a report; cut */
};

extern const struct session_caps session_caps;

#define SCRATCH_BYTES ((size_t)1000) /* of session->scratch, to begin with */

#define REF_BYTES 40 /* "4f2a-3" at its longest, and a NUL */

/* See recipients.h. */
enum wish_kind { WISH_ADD, WISH_REMOVE, WISH_REMOVE_ALL };

struct wish {
	enum wish_kind kind;
	struct str address; /* as the MTA is told it */
	bool is_redirect;   /* a part of one */
};

#define SCOPE_DEEDS_MAX 8

/* What the rules of a stage, and so tags and scores, are about. */
struct scope {
	struct arena *arena;
	double score;
	struct str *tags;
	size_t n_tags;
	struct change *changes;
	size_t n_changes;
	size_t n_wishes;                   /* of the message's */
	struct str deeds[SCOPE_DEEDS_MAX]; /* for the log: redirect:RULE */
	size_t n_deeds;
	bool is_accepted; /* no more rules */
	bool was_told;    /* that a cap was reached */
};

/* How a limit stands, as of its last charge or peek. */
struct limit_level {
	enum tri over;
	bool is_unlimited;
	/* One of its rates: the one that keeps the client waiting longest, or
	 * else the fullest. */
	struct store_rate rate;
	uint64_t used;
	uint64_t used_before; /* this stage was charged */
	int64_t retry_ms;     /* 0: fits; -1: never; the lock's end if later */
	double percent;       /* of the fullest rate */
	struct str identity;  /* as long as the stage; see limit_state.was */
};

struct limit_state {
	struct limit_level now; /* in this stage (for this recipient) */
	/* Charged before: the worst of them. Its identity is empty if the
	 * limit's key is still the same. */
	struct limit_level was;
	double was_percent; /* the highest of them */
	bool was_unknown;   /* one of them */
};

/* A charge that must not be made twice: same limit, same key. */
struct charged_key {
	const struct limit *limit;
	struct str key;
	struct limit_level level;
};

struct header {
	struct str name;
	struct str raw;
	struct str decoded; /* p == NULL: nobody has asked yet */
};

/* Fields that are not kept but must be found when they are to go. */
struct dropped_header {
	struct str name; /* of a rule */
	size_t n;
};

struct message {
	struct arena *arena;
	struct scope scope;
	unsigned number; /* in the connection, for the reference */
	bool is_over;    /* answered at its end; kept for its changes */
	bool is_in_data;
	bool is_past_headers;
	bool is_in_body;
	struct store_call **calls; /* to be given back, unless it is accepted */
	size_t n_calls;
	struct charged_key *charged;
	size_t n_charged;
	struct str *rcpt_to; /* accepted ones */
	struct str *rcpt_local;
	struct str *rcpt_domain;
	struct str *rcpt_paths; /* as the MTA told them, if needs->recipients */
	size_t n_rcpts;
	/* How many are wished is the scope's to tell; room is for so many. */
	struct wish *wishes;
	size_t wishes_room;
	size_t n_wishes_before; /* the recipient that is asked for */
	size_t n_exempt;        /* of these, accepted by a rule */
	size_t n_refused;
	size_t n_unknown; /* refused by the MTA */
	struct str *params;
	size_t n_params;
	struct header *headers;
	size_t n_headers;
	size_t headers_bytes;
	struct str *header_names;
	struct dropped_header *dropped;
	size_t n_dropped;
	struct mime_address *from;
	struct str *from_addresses, *from_domains, *from_names;
	size_t n_from;
	bool has_from;                       /* parsed */
	bool is_looked_over;                 /* all headers were, for damage */
	struct parts *parts;                 /* parts.h; NULL: none */
	struct content_lists *content_lists; /* content_facts.c; the same */
	struct buf body;
	uint64_t size;
	uint64_t damage;
	struct str damage_words[DAMAGE_N];
	struct scan_found *found; /* see scan.c; NULL: nothing yet */
	struct reply refusal;     /* of a local submission, kept for the end */
	bool has_refusal;
};

/* A fact's stored value; which member follows from the fact's type. */
union slot {
	struct str text;
	double number;
	bool truth;
};

struct macro {
	char *value; /* on the heap; NULL: not told */
};

struct session {
	struct engine *engine;
	struct ruleset *rules;
	const struct program *program;
	const struct needs *needs;
	struct arena *arena;
	struct arena *helo_arena;
	struct message *message; /* NULL: none */
	int64_t now_ms;
	bool has_virtual_time;
	struct ip ip;
	uint32_t ref_number;
	unsigned n_messages;
	bool is_local;        /* the client has no network address */
	struct reply refusal; /* of connect or helo, kept for a message */
	bool has_refusal;
	bool has_counted_reject; /* of this connection */
	union slot slots[FACT_N];
	struct macro *macros; /* as needs->macros */
	struct scope connect_scope;
	struct scope helo_scope;
	struct limit_state *limits; /* by index */
	uint64_t mark; /* of the store, for what this session did not wait for;
			  0: nothing */
	struct charged_key *charged;
	size_t n_charged;
	struct str ref;
	struct pattern_budget budget;
	int64_t told_cpu_us; /* see spent.h: budget.cpu_us as of then */
	uint64_t *spent;     /* see spent.c; NULL: nothing yet */
	bool wants_content;  /* whatever the rules need */
	/* While a stage runs: */
	const struct attachment *attachment; /* `attachment with` asks of it */
	enum stage stage;
	const struct rule *rule; /* that is asked about; NULL: none */
	struct arena *scratch;   /* ends with the stage */
	struct lookups *lookups; /* in tables in the store; NULL: not asked */
	struct str rcpt;         /* the recipient that is asked for */
	double store_ms;         /* waited for the store in this event */
	struct buf reply_text;
	struct str *tag_list; /* on the heap: the fact tag, as read last */
	char ref_text[REF_BYTES];
};

/* The scope of the stage that is running. */
struct scope *session_scope(struct session *session);
/* The arena in which values of the present stage live. */
struct arena *session_arena(struct session *session);

/* Did the client ask for SMTPUTF8 (RFC 6531)? Then texts of ours, too, may be
 * UTF-8. */
bool session_wants_utf8(const struct session *session);

/* facts.c: one line sets a fact. The text is not copied. */
void fact_set_text(struct session *session, enum fact_id id, struct str text);
void fact_set_number(struct session *session, enum fact_id id, double number);
void fact_set_truth(struct session *session, enum fact_id id, bool truth);

#endif
