/*
 * set: the entries of one table, ready for look-ups. Never changes once it is
 * finished; counted by references, so that a long search needs no lock.
 */
#ifndef SLUICE_RULES_SET_H
#define SLUICE_RULES_SET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "rules/table.h"

struct set;

/* What is behind the entries. */
struct set_form {
	bool has_values; /* of a string table: else blanks belong to entries */
	bool has_raises; /* each has a value, which raise_parse reads */
	bool is_one_by_one; /* regular expressions: without libhs */
};

/*
 * Entries are added, then set_finish is called once, then look-ups. Of entries
 * that are the same the first counts.
 */
struct set *set_new(enum table_type type, struct set_form form);
struct set *set_get(struct set *set);
void set_put(struct set *set); /* NULL is fine */
/*
 * An entry, perhaps with its value. 0, or -1 if it is none of the type: a
 * reason in error ("is no …"), and where in the entry, if that can be told
 * (else 0).
 */
int set_add(
    struct set *set, struct str text, struct buf *error, size_t *offset_out);
void set_finish(struct set *set);
/* Numbers what is added from now on (regular expressions only). */
void set_number(struct set *set, size_t number);
size_t set_size(const struct set *set);

/* value_out may be NULL. */
bool set_find_text(const struct set *set, struct str text, bool ignore_case,
    struct str *value_out);
bool set_find_ip(
    const struct set *set, const struct ip *ip, struct str *value_out);
/* Regular expressions: see table_match. */
void set_patterns(const struct set *set,
    void (*each)(void *context, const struct table_pattern *entry),
    void *context);
enum pattern_result set_match(const struct set *set, struct str text,
    struct pattern_budget *budget, struct str *value_out);

#endif
