/*
 * entry: what may stand in a table, and the one spelling in which entries and
 * what is looked up are compared: domains as lower-case A-labels, addresses in
 * lower case. table.h declares what others use of it.
 */
#ifndef SLUICE_RULES_ENTRY_H
#define SLUICE_RULES_ENTRY_H

#include "base/arena.h"
#include "rules/regex_text.h"
#include "rules/table.h"

#define ENTRY_MAX_BYTES 1024
#define ENTRY_TEXT_MAX  4096 /* longer texts are in no table */

/*
 * What stands before the value, and the value, both without blanks around
 * them. In a string table all of it is the entry unless has_values; a regular
 * expression ends with its flags (one that is not closed takes everything).
 */
void entry_split(enum table_type type, bool has_values, struct str text,
    struct str *entry_out, struct str *value_out);

/* 0, or -1 if it is none of the type (not of regex or cidr): "is no …". */
int entry_normal(enum table_type type, struct str entry, struct arena *arena,
    struct str *entry_out, struct buf *error);
int entry_net(struct str entry, struct ip_net *net_out, struct buf *error);

#endif
