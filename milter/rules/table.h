/*
 * table: a named set to look things up in.
 *
 * A table in Redis has no content here: the engine asks for its candidates in
 * the stage's one call. While Redis is away on-outage decides: `keep` looks
 * into the copy that this process made last (store_copy_look_up), `pass` and
 * `tempfail` are as for a limit.
 *
 * An entry may carry a value behind blanks. In a string table it may if some
 * rule reads values (has_values): else blanks belong to the entry.
 *
 * Inline tables belong to their ruleset. The content of a file is shared by
 * all rulesets that name it with the same type, so that a renewed content is
 * there for all connections at once. Look-ups may come from any thread.
 */
#ifndef SLUICE_RULES_TABLE_H
#define SLUICE_RULES_TABLE_H

#include "base/ip.h"
#include "rules/diag.h"
#include "rules/pattern.h"

struct rules_io;
struct table_content;

enum table_type {
	TABLE_STRING,  /* the whole text */
	TABLE_ADDRESS, /* "user@example.org", "user@", "@example.org" */
	TABLE_DOMAIN,  /* "example.org" itself, ".example.org" below it */
	TABLE_CIDR,    /* "192.0.2.0/24"; the longest prefix wins */
	TABLE_REGEX    /* /…/flags, as behind =~ */
};

#define TABLE_TYPE_N (TABLE_REGEX + 1)

enum table_outage { TABLE_KEEP, TABLE_PASS, TABLE_TEMPFAIL };

struct table {
	struct str name;
	struct pos pos;
	enum table_type type;
	bool has_values; /* [check] something reads values of its entries */
	bool has_raises; /* [check] some limit's override: a value is rates */
	bool is_one_by_one; /* [load] patterns are tried without libhs */
	/* [check] Entries stand in lower case: what is compared with them is
	 * compared without case. Of a string table in Redis all look-ups are
	 * of one kind; case_pos is one of them. */
	bool ignores_case;
	struct pos case_pos;
	/* in Redis */
	bool is_redis;
	bool has_on_outage; /* written */
	enum table_outage on_outage;
	/* inline entries, as written */
	struct str *entries;
	struct pos *entry_pos;
	size_t n_entries;
	/* or a file */
	bool is_file;
	struct str path; /* joined to the folder of the rule file */
	struct pos path_pos;
	uint64_t at_least;             /* fewer entries: the file is broken */
	bool is_used;                  /* [check] */
	struct table_content *content; /* [load] a reference */
};

const char *table_type_name(enum table_type type);
int table_type_parse(struct str name, enum table_type *type_out);
const char *table_outage_name(enum table_outage outage);
int table_outage_parse(struct str name, enum table_outage *outage_out);

/*
 * Fills table->content: from its entries, or from its file by io. 0, or -1
 * with diagnostics (entries by position; lines of a file as path:line).
 */
int table_load(
    struct table *table, const struct rules_io *io, struct diags *diags);
void table_unload(struct table *table);

/*
 * Re-reads the file if its stamp differs from the one that was read last. A
 * file that cannot be used keeps the old content. Logs either.
 */
void table_refresh(struct table *table, const struct rules_io *io);
size_t table_size(const struct table *table); /* entries now; in Redis 0 */

/*
 * text: the whole text, an address or a host, by the table's type. Addresses
 * and domains compare without case; strings do if ignore_case says so. Not for
 * regex tables, nor for those in Redis.
 */
bool table_has_text(
    const struct table *table, struct str text, bool ignore_case);
bool table_has_ip(const struct table *table, const struct ip *ip);
/* The value of the entry that matches best, copied to arena; empty: it has
 * none. False: there is no such entry. */
bool table_value_text(const struct table *table, struct str text,
    bool ignore_case, struct arena *arena, struct str *value_out);
bool table_value_ip(const struct table *table, const struct ip *ip,
    struct arena *arena, struct str *value_out);

/*
 * A regex table: does one of its patterns match? The value of the first that
 * does, copied to arena (both may be NULL). What the budget, or PCRE2's limit,
 * did not allow is no answer, unless a pattern before or behind it matched.
 */
enum pattern_result table_match(const struct table *table, struct str text,
    struct pattern_budget *budget, struct arena *arena, struct str *value_out);

/* Each entry of a regex table that is not in Redis. */
struct table_pattern {
	const struct pattern *pattern; /* as it is for text */
	size_t number;       /* its line in the file, or which of entries */
	const char *refusal; /* see prefilter_refusal */
};

void table_patterns(const struct table *table,
    void (*each)(void *context, const struct table_pattern *entry),
    void *context);

/*
 * Tables in Redis. The entries that would match text (or ip), the best match
 * first, in normal form (lower case and A-labels where the type or ignore_case
 * says so), at most TABLE_CANDIDATES_MAX.
 */
#define TABLE_CANDIDATES_MAX 130 /* an IPv6 address: a prefix of each length */

size_t table_candidates_text(enum table_type type, struct str text,
    bool ignore_case, struct arena *arena, struct str **entries_out);
size_t table_candidates_ip(
    const struct ip *ip, struct arena *arena, struct str **entries_out);
/* An entry as a person or `remember` gives it, in normal form. 0, or -1 if it
 * is none of the type: the reason in error. */
int table_entry_normal(enum table_type type, struct str entry, bool ignore_case,
    struct arena *arena, struct str *entry_out, struct buf *error);

#endif
