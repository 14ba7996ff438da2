/*
 * limit NAME RATES UNIT by KEYS [options] [if CONDITION]
 */
#include "base/quantity.h"
#include "rules/parser.h"

#define RATE_MAX (UINT64_C(1) << 53) /* what a double counts exactly */

/* Is the present token `daily` or `monthly`? */
static bool
at_period(const struct parser *parser, struct store_rate *rate)
{
	rate->period = lexer_is_word(&parser->lexer, "daily") ? STORE_DAILY
		       : lexer_is_word(&parser->lexer, "monthly")
			   ? STORE_MONTHLY
			   : STORE_ROLLING;
	return rate->period != STORE_ROLLING;
}

/* `20/daily` is no window, but what is meant is clear. */
static int
complain_of_window(struct parser *parser, struct store_rate *rate)
{
	struct token *token = &parser->lexer.token;

	parser_expected(
	    parser, "a window from 1s to 10 years (30s, 5m, 1h, 1d, 1w)");
	if (at_period(parser, rate))
		diag_add(parser->diags, DIAG_NOTE, token->pos,
		    "days and months stand behind a blank: `%llu %.*s`",
		    (unsigned long long)rate->max, STR_ARG(token->text));
	return -1;
}

static int
parse_window(struct parser *parser, struct store_rate *rate)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (at_period(parser, rate)) {
		lexer_next(&parser->lexer);
		return 0;
	}
	if (!lexer_is(&parser->lexer, "/")) {
		parser_expected(parser,
		    "'/' and a window (20/1m, 200/1h), `daily` or `monthly`");
		suggest(&near, STR("daily"));
		suggest(&near, STR("monthly"));
		parser_suggest(parser, &near);
		return -1;
	}
	lexer_next(&parser->lexer);
	if (token->kind != TOKEN_NUMBER ||
	    duration_parse(token->text, &rate->window_sec) == -1)
		return complain_of_window(parser, rate);
	lexer_next(&parser->lexer);
	return 0;
}

static bool
has_window(const struct limit *limit, const struct store_rate *rate)
{
	for (size_t i = 0; i < limit->n_rates; i++)
		if (limit->rates[i].window_sec == rate->window_sec &&
		    limit->rates[i].period == rate->period)
			return true;
	return false;
}

static int
parse_rate(struct parser *parser, struct limit *limit)
{
	struct token *token = &parser->lexer.token;
	struct store_rate rate = { .period = STORE_ROLLING };
	struct pos pos = token->pos;

	if (token->kind != TOKEN_NUMBER ||
	    amount_parse(token->text, &rate.max) == -1 || rate.max >= RATE_MAX)
		return parser_expected(
		    parser, "a rate in whole numbers (20/1m, 1500 daily)");
	if (limit->n_rates == STORE_RATES_MAX) {
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "a limit has at most %d rates", STORE_RATES_MAX);
		return -1;
	}
	lexer_next(&parser->lexer);
	if (parse_window(parser, &rate) == -1)
		return -1;
	if (has_window(limit, &rate)) {
		diag_add(parser->diags, DIAG_ERROR, pos,
		    "this limit has two rates with the same window");
		return -1;
	}
	limit->rates[limit->n_rates++] = rate;
	return 0;
}

static int
parse_rates(struct parser *parser, struct limit *limit)
{
	for (;;) {
		if (parse_rate(parser, limit) == -1)
			return -1;
		if (!lexer_is(&parser->lexer, ","))
			return 0;
		lexer_next(&parser->lexer);
	}
}

static void
expected_unit(struct parser *parser)
{
	struct buf what = { 0 };

	buf_add_cstr(&what, "what is counted (");
	for (int i = 0; i < UNIT_N; i++) {
		if (i > 0)
			buf_add_cstr(&what, i == UNIT_N - 1 ? " or " : ", ");
		buf_add_cstr(&what, unit_name((enum limit_unit)i));
		if (i == UNIT_DISTINCT)
			buf_add_cstr(&what, " FACT");
	}
	buf_byte(&what, ')');
	parser_expected(parser, what.p);
	buf_done(&what);
}

static int
parse_unit(struct parser *parser, struct limit *limit)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	for (int i = 0; i < UNIT_N; i++) {
		struct str name = str_of(unit_name((enum limit_unit)i));

		suggest(&near, name);
		if (token->kind != TOKEN_WORD || !str_eq(token->text, name))
			continue;
		limit->unit = (enum limit_unit)i;
		lexer_next(&parser->lexer);
		return limit->unit == UNIT_DISTINCT
			   ? parse_fact(parser, &limit->distinct)
			   : 0;
	}
	expected_unit(parser);
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_keys(struct parser *parser, struct limit *limit)
{
	if (!lexer_is_word(&parser->lexer, "by"))
		return parser_expected(
		    parser, "`by` and the facts whose values are counted");
	do {
		lexer_next(&parser->lexer);
		if (limit->n_keys == KEYS_MAX) {
			diag_add(parser->diags, DIAG_ERROR,
			    parser->lexer.token.pos,
			    "a limit counts by at most %d facts", KEYS_MAX);
			return -1;
		}
		if (parse_fact(parser, &limit->keys[limit->n_keys]) == -1)
			return -1;
		limit->n_keys++;
	} while (lexer_is(&parser->lexer, ","));
	return 0;
}

static int
parse_counts(struct parser *parser, struct limit *limit)
{
	if (!lexer_is_word(&parser->lexer, "attempts"))
		return parser_expected(parser, "`attempts`");
	limit->counts_attempts = true;
	limit->attempts_pos = parser->lexer.token.pos;
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_on_outage(struct parser *parser, struct limit *limit)
{
	struct token *token = &parser->lexer.token;
	struct suggestion near = { .wrong = token->text };

	if (token->kind != TOKEN_WORD ||
	    on_outage_parse(token->text, &limit->on_outage) == -1) {
		parser_expected(parser, "count-locally, pass or tempfail");
		for (int i = 0; i <= OUTAGE_TEMPFAIL; i++)
			suggest(
			    &near, str_of(on_outage_name((enum on_outage)i)));
		parser_suggest(parser, &near);
		return -1;
	}
	limit->has_on_outage = true;
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_locks(struct parser *parser, struct limit *limit)
{
	struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_NUMBER ||
	    duration_parse(token->text, &limit->locks_sec) == -1)
		return parser_expected(
		    parser, "how long, from 1s to 10 years (30m, 4h, 1d)");
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_override(struct parser *parser, struct limit *limit)
{
	struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_WORD)
		return parser_expected(parser, "a table's name");
	limit->override_name = arena_str(parser->arena, token->text);
	limit->override_pos = token->pos;
	lexer_next(&parser->lexer);
	return 0;
}

static int
parse_if(struct parser *parser, struct limit *limit)
{
	return parse_condition(parser, &limit->cond);
}

static const struct {
	const char *word;
	int (*parse)(struct parser *parser, struct limit *limit);
} options[] = {
	{ "counts", parse_counts },
	{ "locks", parse_locks },
	{ "override", parse_override },
	{ "on-outage", parse_on_outage },
	{ "if", parse_if },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

const char *
limit_option_word(size_t i)
{
	return i < N_OPTIONS ? options[i].word : NULL;
}

static int
parse_option(struct parser *parser, struct limit *limit, unsigned *seen)
{
	struct token token = parser->lexer.token;
	struct suggestion near = { .wrong = token.text };

	for (unsigned i = 0; i < N_OPTIONS; i++) {
		if (!lexer_is_word(&parser->lexer, options[i].word))
			continue;
		if ((*seen & 1u << i) != 0) {
			diag_add(parser->diags, DIAG_ERROR, token.pos,
			    "'%s' is said twice", options[i].word);
			return -1;
		}
		*seen |= 1u << i;
		lexer_next(&parser->lexer);
		return options[i].parse(parser, limit);
	}
	parser_expected(parser,
	    "',' and another fact, an option (counts attempts, locks, "
	    "override, "
	    "on-outage), a condition (if …) or the next statement");
	for (unsigned i = 0; i < N_OPTIONS; i++)
		suggest(&near, str_of(options[i].word));
	parser_suggest(parser, &near);
	return -1;
}

static int
parse_body(struct parser *parser, struct limit *limit)
{
	unsigned seen = 0;

	if (parse_rates(parser, limit) == -1 ||
	    parse_unit(parser, limit) == -1 || parse_keys(parser, limit) == -1)
		return -1;
	while (parser->lexer.token.kind != TOKEN_END &&
	       !parser_at_statement(parser))
		if (parse_option(parser, limit, &seen) == -1)
			return -1;
	return 0;
}

int
parse_limit(struct parser *parser)
{
	struct limit *limit = arena_calloc(parser->arena, sizeof(*limit));
	struct program *program = parser->program;

	if (parser_name(parser, TOKEN_WORD, "a name for the limit",
		&limit->name, &limit->pos) == -1)
		return -1;
	if (parse_body(parser, limit) == -1)
		return parser_broken(parser, limit->name);
	if (program->n_limits == LIMITS_MAX) {
		diag_add(parser->diags, DIAG_ERROR, limit->pos,
		    "there are more than %d limits", LIMITS_MAX);
		return parser_broken(parser, limit->name);
	}
	limit->index = program->n_limits;
	program->limits = arena_grow(parser->arena, program->limits,
	    program->n_limits, sizeof(struct limit *));
	program->limits[program->n_limits++] = limit;
	return 0;
}
