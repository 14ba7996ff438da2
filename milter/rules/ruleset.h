/*
 * ruleset: everything that was loaded from rule files, checked and ready.
 *
 * A ruleset never changes once it is loaded and is shared by threads and
 * counted by references; only the contents of file tables are renewed under it.
 */
#ifndef SLUICE_RULES_RULESET_H
#define SLUICE_RULES_RULESET_H

#include "base/buf.h"
#include "rules/diag.h"
#include "rules/needs.h"

struct ruleset;

#define RULES_FILE_MAX_BYTES ((size_t)1000000)
#define TABLE_FILE_MAX_BYTES ((size_t)256 * 1024 * 1024)

/*
 * How files are read: the rules layer does no I/O of its own. Paths are as in
 * the rule file, already joined to the folder of the file that names them.
 */
struct rules_io {
	void *context;
	/* 0 and the bytes, or -1 and a reason ("No such file or directory",
	 * "larger than 1000000 bytes"). */
	int (*read)(void *context, const char *path, size_t max_bytes,
	    struct buf *out, struct buf *error);
	/* Calls each() for every matching path, sorted. 0, or -1 and a reason. */
	int (*glob)(void *context, const char *pattern,
	    void (*each)(void *each_context, const char *path),
	    void *each_context, struct buf *error);
	/* Something that differs once the file has changed (mtime and size,
	 * say); -1 if there is none. */
	int (*stamp)(void *context, const char *path, uint64_t stamp_out[2]);
};

/* What of sluice.conf has a say in rules. Strings are copied. */
struct rules_options {
	const char *timezone;    /* NULL: the system's */
	const char *sasl_domain; /* NULL: none */
	const char *on_outage;   /* NULL: "count-locally" */
	bool observe_all;        /* mode = observe */
	uint64_t scan_limit;     /* bytes of a body that are looked at */
	uint32_t scan_budget_ms; /* CPU time for the patterns of one message */
	uint32_t regex_match_limit;
	bool one_by_one;    /* patterns are tried without libhs: what only looks
			    at rules need not wait for it */
	int64_t now_ms;     /* for `expires` */
	bool lacks_archive; /* this build has no libarchive: who needs it is */
	bool lacks_magic;   /* warned; the same of libmagic */
};

void rules_options_init(struct rules_options *options); /* the defaults */

/*
 * Loads every file that matches the patterns (globs). Returns a ruleset with
 * one reference, or NULL if there was an error; diags has what was found in
 * either case. io and its context must outlive the ruleset.
 */
struct ruleset *ruleset_load(const struct rules_io *io,
    const char *const *patterns, size_t n_patterns,
    const struct rules_options *options, struct diags *diags);
/* The same for one file that is in memory already (tests, fuzzing). */
struct ruleset *ruleset_load_text(const struct rules_io *io, const char *path,
    struct str text, const struct rules_options *options, struct diags *diags);
struct ruleset *ruleset_get(struct ruleset *rules);
void ruleset_put(struct ruleset *rules); /* NULL is fine */

const struct needs *ruleset_needs(const struct ruleset *rules);
/* First 12 hex digits of SHA-256 over the normal form: which rules are these? */
const char *ruleset_hash(const struct ruleset *rules);
size_t ruleset_n_rules(const struct ruleset *rules);
size_t ruleset_n_limits(const struct ruleset *rules);
size_t ruleset_n_tables(const struct ruleset *rules);

/*
 * Re-reads file tables whose stamp has changed. What was re-read is logged; a
 * table that cannot be read any more keeps its content, with one warning for
 * each change. Any thread, one at a time.
 */
void ruleset_refresh_tables(struct ruleset *rules);

/* The whole ruleset in normal form: loads to the same. */
void ruleset_print(const struct ruleset *rules, struct buf *out);
/* For people: where each limit is charged, what each accept goes around. */
void ruleset_explain(const struct ruleset *rules, struct buf *out);
/* For people: which refusals and limits each accept goes around, by name. */
void ruleset_explain_bypass(const struct ruleset *rules, struct buf *out);
/* What libhs scans, and which patterns it does not take and why. */
void ruleset_explain_patterns(const struct ruleset *rules, struct buf *out);

#endif
