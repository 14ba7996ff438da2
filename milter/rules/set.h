/*
 * set: the entries of one table, ready for look-ups. Never changes.
 */
#ifndef SLUICE_RULES_SET_H
#define SLUICE_RULES_SET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "rules/table.h"

struct set;

/* Entries are added, then set_finish is called once, then look-ups. */
struct set *set_new(enum table_type type);
void set_free(struct set *set); /* NULL is fine */
/* 0, or -1 if this is no entry of the type: the reason in error. */
int set_add(struct set *set, struct str entry, struct buf *error);
void set_finish(struct set *set);
size_t set_size(const struct set *set);

bool set_has_text(const struct set *set, struct str text, bool ignore_case);
bool set_has_ip(const struct set *set, const struct ip *ip);

#endif
