/*
 * account: how one identity stands with one limit, by the rules as they are
 * now. The numbers come from a peek: exactly what the next mail would be told;
 * locks and grants come with their reasons from the ledger.
 */
#ifndef SLUICE_TOOL_DESK_ACCOUNT_H
#define SLUICE_TOOL_DESK_ACCOUNT_H

#include "store/ledger.h"
#include "tool/desk/identity.h"

/* What becomes of mail that is over the limit. */
enum account_effect {
	EFFECT_NONE,     /* no rule asks for it */
	EFFECT_OBSERVED, /* such rules are only observed */
	EFFECT_REFUSES
};

struct account {
	const struct limit *limit;
	struct str key;
	struct store_rate rates[STORE_RATES_MAX]; /* own, or the override's */
	size_t n_rates;
	bool is_overridden;
	bool is_unlimited;          /* by the override */
	enum account_effect effect; /* the caller's to fill in */
	bool is_guess;              /* any text could be such a key */
	/* read: */
	struct store_answer answer;
	struct store_standing standing; /* texts live in the arena */
	bool has_counted;
};

/* Before it is read: with the rates that an override table says. */
void account_init(struct account *account, struct arena *arena,
    const struct limit *limit, const struct identity *identity);
/* One for each limit of the rules of which text could be a key; *n_out of
 * them. */
struct account *accounts_of_key(struct arena *arena,
    const struct ruleset *rules, struct str text, const char *sasl_domain,
    size_t *n_out);
/* Fills in what the store knows. 0, or -1 and a reason. */
int accounts_read(struct store *store, struct arena *arena,
    struct account *accounts, size_t n, struct buf *error);

/* No room for one more, by its windows or a lock. */
bool account_is_over(const struct account *account);
/* Wall clock: when there is; 0: now, -1: never. */
int64_t account_free_at_ms(const struct account *account, int64_t now_ms);

#endif
