/*
 * text: how holds and entries of tables are written in the store, so that all
 * who read and write them agree; charge.lua reads the same.
 */
#ifndef SLUICE_STORE_TEXT_H
#define SLUICE_STORE_TEXT_H

#include "store/ledger.h"

#define HOLD_REASON_MAX 200 /* bytes of a reason; what is longer is cut */
#define HOLD_BY_MAX     100

/*
 * A lock or a switch is `until=SECONDS reason="…" by=WHO`; a grant has the
 * text of its raise and a blank before that. Reason and by may be any bytes:
 * within quotes stand \" and \\, and \xNN for each byte of what is not UTF-8
 * or cannot be seen (glyph.h); WHO is bare where it is one plain word. So all
 * is read back exactly.
 *
 * What people wrote by hand is read leniently: behind until the words may come
 * in any order, be missing, and have others between them.
 */
void hold_put(struct buf *out, const struct store_hold *hold);
/* 0 (reason and by in arena), or -1 if it is not that. */
int hold_parse(
    struct str text, struct arena *arena, struct store_hold *hold_out);
/* The same for a grant; limit and identity of *grant_out are left alone. */
void grant_put(struct buf *out, const struct store_grant *grant);
int grant_parse(
    struct str text, struct arena *arena, struct store_grant *grant_out);

/*
 * The value of an entry in a table is "UNTIL VALUE": seconds since the epoch
 * (0: for ever), one blank, and the rest. What is not that was written by hand
 * and is a value for ever. Parsing never fails; value_out lies in text.
 */
void table_value_parse(
    struct str text, int64_t *until_ms_out, struct str *value_out);

#endif
