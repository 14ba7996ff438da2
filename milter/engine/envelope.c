/*
 * Who sends, who logged in, who receives: the facts of MAIL and RCPT.
 */
#include "engine/message.h"

#include "base/domain.h"
#include "engine/facts.h"
#include "mime/address.h"

#include <stdlib.h>

/* "anna+news@example.org" is "anna@example.org", too. */
static struct str
plain_address(struct arena *arena, struct str address, struct str local,
    struct str domain)
{
	ptrdiff_t plus = str_find(local, '+');

	if (plus <= 0)
		return address;
	if (domain.len == 0)
		return str_sub(local, 0, (size_t)plus);
	return arena_printf(
	    arena, "%.*s@%.*s", (int)plus, local.p, STR_ARG(domain));
}

/* Without case and completed, so that one user has one name. */
static struct str
sasl_user(struct session *session)
{
	const struct rules_options *options = ruleset_options(session->rules);
	struct str user = session_macro_value(session, STR("{auth_authen}"));
	struct arena *arena = session->message->arena;
	char *lower = arena_cstr(arena, user);

	for (size_t i = 0; i < user.len; i++)
		lower[i] = ascii_lower(lower[i]);
	user.p = lower;
	if (user.len == 0 || options->sasl_domain == NULL ||
	    str_find(user, '@') >= 0)
		return user;
	return arena_printf(
	    arena, "%.*s@%s", STR_ARG(user), options->sasl_domain);
}

static void
set_user(struct session *session)
{
	struct str user = sasl_user(session);
	ptrdiff_t at = str_find_last(user, '@');
	size_t local_len = at < 0 ? user.len : (size_t)at;

	fact_set_text(session, FACT_SASL_USER, user);
	fact_set_text(
	    session, FACT_SASL_USER_LOCAL, str_sub(user, 0, local_len));
	fact_set_text(session, FACT_SASL_USER_DOMAIN,
	    at < 0 ? STR("") : str_from(user, local_len + 1));
	fact_set_text(session, FACT_SASL_METHOD,
	    arena_str(session->message->arena,
		session_macro_value(session, STR("{auth_type}"))));
}

static void
set_params(struct session *session, const struct str *params, size_t n_params)
{
	struct message *message = session->message;

	fact_set_number(session, FACT_MAIL_SIZE, 0);
	for (size_t i = 0; i < n_params; i++) {
		struct str param = arena_str(message->arena,
		    str_sub(params[i], 0, session_caps.value_bytes));

		message->params = arena_grow(message->arena, message->params,
		    message->n_params, sizeof(struct str));
		message->params[message->n_params++] = param;
		if (str_starts_nocase(param, STR("SIZE=")))
			fact_set_number(
			    session, FACT_MAIL_SIZE, strtod(param.p + 5, NULL));
	}
}

/*
 * Mail that did not come by SMTP: Postfix plays a connection from the
 * loopback address without a port, and sends addresses without brackets; a
 * client of SMTP always has a port. Sendmail knows no address at all.
 */
bool
envelope_may_be_local(const struct session *session)
{
	bool has_port = session->slots[FACT_CLIENT_PORT].number > 0;

	return session->is_local || session->ip.family == IP_NONE ||
	       (ip_is_loopback(&session->ip) && !has_port);
}

static bool
is_non_smtp(const struct session *session, struct str path, size_t n_params)
{
	if (session->is_local || session->ip.family == IP_NONE)
		return true;
	return envelope_may_be_local(session) && n_params == 0 &&
	       !str_starts(path, STR("<"));
}

/* RFC 5321 section 4.1.2, Dot-string; what is not ASCII is RFC 6531's. */
static bool
is_dot_string(struct str local)
{
	for (size_t i = 0; i < local.len; i++)
		if (!ascii_is_alnum(local.p[i]) &&
		    (unsigned char)local.p[i] < 0x80 &&
		    str_find(STR("!#$%&'*+-/=?^_`{|}~."), local.p[i]) < 0)
			return false;
	return local.len > 0;
}

/* The inside of quotes, without its backslashes. */
static struct str
unquote(struct arena *arena, struct str quoted)
{
	char *local = arena_alloc(arena, quoted.len + 1);
	size_t n = 0;

	for (size_t i = 1; i < quoted.len; i++) {
		if (quoted.p[i] == '"')
			continue;
		if (quoted.p[i] == '\\' && i + 1 < quoted.len)
			i++;
		local[n++] = quoted.p[i];
	}
	local[n] = '\0';
	return (struct str){ local, n };
}

static struct str
quote(struct arena *arena, struct str local)
{
	struct buf text = { 0 };
	struct str quoted;

	buf_byte(&text, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			buf_byte(&text, '\\');
		buf_byte(&text, local.p[i]);
	}
	buf_byte(&text, '"');
	quoted = arena_str(arena, buf_str(&text));
	buf_done(&text);
	return quoted;
}

/*
 * A path as one spelling of its mailbox: "anna"@example.org and
 * "a\nna"@example.org are anna@example.org, or else quotes would lead around
 * tables and limits. Quotes stay where they are needed; *local_out has none.
 */
static struct str
normal_mailbox(struct arena *arena, struct str path, struct str *local_out,
    struct str *domain_out)
{
	struct str copy =
	    arena_str(arena, str_sub(path, 0, session_caps.value_bytes));
	struct str address = address_of_path(copy, local_out, domain_out);
	struct str local;

	if (!str_starts(address, STR("\"")))
		return address;
	local = address;
	if (domain_out->len > 0)
		local.len -= domain_out->len + 1;
	local = *local_out = unquote(arena, local);
	if (!is_dot_string(local))
		local = quote(arena, local);
	if (domain_out->len == 0)
		return local;
	return arena_printf(
	    arena, "%.*s@%.*s", STR_ARG(local), STR_ARG(*domain_out));
}

struct str
envelope_key(struct arena *arena, struct str path)
{
	struct str local, domain;
	struct str address = normal_mailbox(arena, path, &local, &domain);
	struct str before = address;
	char *lower;

	before.len -= domain.len;
	lower = arena_cstr(arena, before);
	for (size_t i = 0; i < before.len; i++)
		lower[i] = ascii_lower(lower[i]);
	if (domain.len == 0)
		return (struct str){ lower, before.len };
	return arena_printf(
	    arena, "%s%.*s", lower, STR_ARG(domain_normal(arena, domain)));
}

void
envelope_set_sender(struct session *session, struct str path,
    const struct str *params, size_t n_params)
{
	struct arena *arena = session->message->arena;
	struct str local, domain;
	struct str address = normal_mailbox(arena, path, &local, &domain);

	fact_set_truth(
	    session, FACT_NON_SMTP, is_non_smtp(session, path, n_params));
	fact_set_text(session, FACT_MAIL_FROM, address);
	fact_set_text(session, FACT_MAIL_FROM_LOCAL, local);
	fact_set_text(session, FACT_MAIL_FROM_DOMAIN, domain);
	fact_set_text(session, FACT_MAIL_FROM_PLAIN,
	    plain_address(arena, address, local, domain));
	fact_set_truth(session, FACT_BOUNCE, address.len == 0);
	set_params(session, params, n_params);
	session_set_tls(session); /* after STARTTLS some say no EHLO */
	set_user(session);
}

void
envelope_set_recipient(struct session *session, struct str path)
{
	struct arena *arena = session->message->arena;
	struct str local, domain;

	session->rcpt = normal_mailbox(arena, path, &local, &domain);
	fact_set_text(session, FACT_RCPT_TO, session->rcpt);
	fact_set_text(session, FACT_RCPT_TO_LOCAL, local);
	fact_set_text(session, FACT_RCPT_TO_DOMAIN, domain);
	fact_set_number(
	    session, FACT_RCPT_COUNT, (double)session->message->n_rcpts + 1);
}
