/*
 * Every callback has the same shape: enter the session, pass the macros, tell
 * the event, leave with the reply. The callbacks of one session come on
 * different threads, and any of them may come without a session: before
 * connect, after the daemon ended it, or because it was refused.
 *
 * The traps: a text that was set without returning the matching status is
 * sent later, to somebody else, so finish() alone sets texts. And a step that
 * was negotiated as "no reply" must return SMFIS_NOREPLY whatever the session
 * says, so each callback names its flag.
 */
#include "daemon/milter.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/answer.h"
#include "daemon/changes.h"
#include "daemon/metrics/metrics.h"
#include "daemon/sessions.h"

#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>

#define PARAMS_MAX 64 /* of one MAIL or RCPT; Postfix sends far fewer */

static struct engine *engine; /* set once, before there are threads */

/* The flags of the latest negotiation, for a connection without one. */
static _Atomic unsigned long latest_actions;
static _Atomic unsigned long latest_protocol;
static atomic_uint warned; /* of steps_missing: which were logged */

/*
 * Sets the reply's text, if it has one, and returns its status: never one
 * without the other. no_reply: the SMFIP_NR_ flag of the step.
 */
static sfsistat
finish(SMFICTX *ctx, const struct open_session *open, const struct reply *reply,
    unsigned long no_reply)
{
	struct answer answer;

	if (open != NULL && (open->steps.protocol & no_reply) != 0)
		return SMFIS_NOREPLY;
	switch (reply->kind) {
	case REPLY_CONTINUE:
		return SMFIS_CONTINUE;
	case REPLY_ACCEPT:
		return SMFIS_ACCEPT;
	case REPLY_DISCARD:
		return SMFIS_DISCARD;
	case REPLY_SKIP:
		if (open != NULL && (open->steps.protocol & SMFIP_SKIP) != 0)
			return SMFIS_SKIP;
		return SMFIS_CONTINUE;
	case REPLY_REJECT:
	case REPLY_TEMPFAIL:
		break;
	}
	answer_make(reply, &answer);
	if (smfi_setreply(ctx, answer.code, answer.xcode, answer.text) ==
	    MI_FAILURE)
		log_error("libmilter refused the reply \"%s %s %s\"",
		    answer.code, answer.xcode, answer.text);
	return reply->kind == REPLY_REJECT ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

/* The answer where there is no session. */
static sfsistat
finish_without(SMFICTX *ctx, struct open_session *open, unsigned long no_reply)
{
	static const struct reply away = { .kind = REPLY_TEMPFAIL,
		.code = 451 };

	return finish(
	    ctx, open, open == NULL ? &away : open->refusal, no_reply);
}

static void
pass_macros(SMFICTX *ctx, struct open_session *open, int step)
{
	const struct macro_list *list = &open->policy->macros.at[step];

	/* One that is not told any more (the queue id of the message before)
	 * is passed on as NULL and forgotten. */
	for (size_t i = 0; i < list->n_read; i++)
		session_macro(open->session, list->read[i],
		    smfi_getsymval(ctx, list->read[i]));
}

/*
 * Begins an event of an SMTP step; step: SMFIM_*, or -1 if no macros belong to
 * it. False: nothing was begun, and finish_without has the answer.
 */
static bool
begin(SMFICTX *ctx, struct open_session *open, int step)
{
	if (open == NULL || !sessions_enter(open))
		return false;
	if (step < 0)
		return true; /* a header, a chunk: nothing asks what time it is */
	session_now(open->session, clock_wall_ms(), false);
	pass_macros(ctx, open, step);
	return true;
}

static sfsistat
end(SMFICTX *ctx, struct open_session *open, struct reply reply,
    unsigned long no_reply)
{
	sfsistat status = finish(ctx, open, &reply, no_reply);

	sessions_leave(open);
	return status;
}

/* Once for each thing that an MTA does not offer and rules need. */
static void
warn_missing(const struct needs *needs, struct steps offered)
{
	for (size_t i = 0; i < STEPS_LACKS; i++) {
		const char *what = steps_missing(needs, offered, i);
		unsigned bit = 1u << i;

		if (what != NULL && (atomic_fetch_or(&warned, bit) & bit) == 0)
			log_warning("the MTA does not offer %s", what);
	}
}

static void
ask_for_macros(SMFICTX *ctx, int step, const struct macro_list *list)
{
	if (list->n > 0 && smfi_setsymlist(ctx, step, list->text) == MI_FAILURE)
		log_error("libmilter refused the macros \"%s\"", list->text);
}

/* The nine parameters are libmilter's. */
/* NOLINTBEGIN(readability-function-size) */
static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long protocol,
    unsigned long f2, unsigned long f3, unsigned long *actions_out,
    unsigned long *protocol_out, unsigned long *f2_out, unsigned long *f3_out)
{
	struct policy *policy = policy_current();
	const struct needs *needs = ruleset_needs(policy->rules);
	struct steps offered = { actions, protocol };
	struct steps steps = steps_choose(needs, offered);

	(void)f2;
	(void)f3;
	warn_missing(needs, offered);
	if ((steps.actions & SMFIF_SETSYMLIST) != 0)
		for (int i = SMFIM_CONNECT; i < STEPS_MACRO_LISTS; i++)
			ask_for_macros(ctx, i, &policy->macros.at[i]);
	atomic_store(&latest_actions, steps.actions);
	atomic_store(&latest_protocol, steps.protocol);
	smfi_setpriv(ctx, sessions_open(policy, steps));
	*actions_out = steps.actions;
	*protocol_out = steps.protocol;
	*f2_out = 0;
	*f3_out = 0;
	return SMFIS_CONTINUE;
}
/* NOLINTEND(readability-function-size) */

/* A connection without a negotiation of its own ("quit, new connection
 * follows"): what was negotiated before still holds. */
static struct open_session *
open_unnegotiated(SMFICTX *ctx)
{
	struct steps steps = { atomic_load(&latest_actions),
		atomic_load(&latest_protocol) };
	struct open_session *open = sessions_open(policy_current(), steps);

	smfi_setpriv(ctx, open);
	return open;
}

static void
read_address(const struct sockaddr *address, struct session_client *client)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address != NULL && address->sa_family == AF_INET) {
		client->ip = ip_from_v4(&v4->sin_addr);
		client->port = ntohs(v4->sin_port);
	} else if (address != NULL && address->sa_family == AF_INET6) {
		client->ip = ip_from_v6(&v6->sin6_addr);
		client->port = ntohs(v6->sin6_port);
	} else {
		client->is_local = true;
	}
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, struct sockaddr *address)
{
	struct open_session *open = smfi_getpriv(ctx);
	struct session_client client = { .name = str_of(name) };

	if (open == NULL)
		open = open_unnegotiated(ctx);
	if (!sessions_connect(open, engine) || !begin(ctx, open, SMFIM_CONNECT))
		return finish_without(ctx, open, SMFIP_NR_CONN);
	read_address(address, &client);
	return end(
	    ctx, open, session_connect(open->session, &client), SMFIP_NR_CONN);
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	struct open_session *open = smfi_getpriv(ctx);

	if (!begin(ctx, open, SMFIM_HELO))
		return finish_without(ctx, open, SMFIP_NR_HELO);
	return end(ctx, open, session_helo(open->session, str_of(name)),
	    SMFIP_NR_HELO);
}

/* argv without its first, which is the path. */
static size_t
read_params(char **argv, struct str params[PARAMS_MAX])
{
	size_t n = 0;

	while (argv[0] != NULL && n < PARAMS_MAX && argv[n + 1] != NULL) {
		params[n] = str_of(argv[n + 1]);
		n++;
	}
	return n;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct open_session *open = smfi_getpriv(ctx);
	const struct reply *refusal = sessions_refusal();
	struct str params[PARAMS_MAX];
	struct reply reply;

	if (!begin(ctx, open, SMFIM_ENVFROM))
		return finish_without(ctx, open, SMFIP_NR_MAIL);
	if (refusal != NULL)
		reply = *refusal;
	else
		reply = session_mail(open->session, str_of(argv[0]), params,
		    read_params(argv, params));
	return end(ctx, open, reply, SMFIP_NR_MAIL);
}

/* With SMFIP_RCPT_REJ the MTA also tells of recipients that it refuses. */
static bool
is_refused_by_mta(SMFICTX *ctx, const struct open_session *open)
{
	static char name[] = "{rcpt_mailer}";
	const char *mailer;

	if ((open->steps.protocol & SMFIP_RCPT_REJ) == 0)
		return false;
	mailer = smfi_getsymval(ctx, name);
	return mailer != NULL && strcmp(mailer, "error") == 0;
}

/* Here {rcpt_addr} is the refusal's text and {rcpt_host} its class. */
static void
tell_refused(SMFICTX *ctx, struct open_session *open, struct str path)
{
	static char host[] = "{rcpt_host}";
	static char text[] = "{rcpt_addr}";
	struct str xcode;
	unsigned code;

	answer_parse(str_of(smfi_getsymval(ctx, host)),
	    str_of(smfi_getsymval(ctx, text)), &code, &xcode);
	session_rcpt_refused(open->session, path, code, xcode);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct open_session *open = smfi_getpriv(ctx);
	struct reply reply = { .kind = REPLY_CONTINUE };
	struct str params[PARAMS_MAX];

	if (!begin(ctx, open, SMFIM_ENVRCPT))
		return finish_without(ctx, open, SMFIP_NR_RCPT);
	if (is_refused_by_mta(ctx, open))
		tell_refused(ctx, open, str_of(argv[0]));
	else
		reply = session_rcpt(open->session, str_of(argv[0]), params,
		    read_params(argv, params));
	return end(ctx, open, reply, SMFIP_NR_RCPT);
}

static sfsistat
on_data(SMFICTX *ctx)
{
	struct open_session *open = smfi_getpriv(ctx);

	if (!begin(ctx, open, SMFIM_DATA))
		return finish_without(ctx, open, SMFIP_NR_DATA);
	return end(ctx, open, session_data(open->session), SMFIP_NR_DATA);
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct open_session *open = smfi_getpriv(ctx);
	struct reply reply = { .kind = REPLY_CONTINUE };

	if (!begin(ctx, open, -1))
		return finish_without(ctx, open, SMFIP_NR_HDR);
	session_header(open->session, str_of(name), str_of(value));
	return end(ctx, open, reply, SMFIP_NR_HDR);
}

static sfsistat
on_end_of_headers(SMFICTX *ctx)
{
	struct open_session *open = smfi_getpriv(ctx);

	if (!begin(ctx, open, SMFIM_EOH))
		return finish_without(ctx, open, SMFIP_NR_EOH);
	return end(
	    ctx, open, session_end_of_headers(open->session), SMFIP_NR_EOH);
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *bytes, size_t n_bytes)
{
	struct open_session *open = smfi_getpriv(ctx);
	struct str chunk = { (const char *)bytes, n_bytes };

	if (!begin(ctx, open, -1))
		return finish_without(ctx, open, SMFIP_NR_BODY);
	return end(
	    ctx, open, session_body(open->session, chunk), SMFIP_NR_BODY);
}

static sfsistat
on_end_of_message(SMFICTX *ctx)
{
	struct open_session *open = smfi_getpriv(ctx);
	struct reply reply;
	sfsistat status;

	if (!begin(ctx, open, SMFIM_EOM))
		return finish_without(ctx, open, 0);
	reply = session_end(open->session);
	metrics_damage(session_damage(open->session));
	if (reply.kind == REPLY_CONTINUE || reply.kind == REPLY_ACCEPT)
		changes_send(ctx, open->session, open->steps);
	status = finish(ctx, open, &reply, 0);
	/* An idle connection keeps nothing of a message that is over. */
	session_abort(open->session);
	sessions_leave(open);
	return status;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct open_session *open = smfi_getpriv(ctx);

	if (!begin(ctx, open, -1))
		return SMFIS_CONTINUE;
	session_abort(open->session);
	sessions_leave(open);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct open_session *open = smfi_getpriv(ctx);

	if (open == NULL)
		return SMFIS_CONTINUE;
	smfi_setpriv(ctx, NULL);
	sessions_close(open);
	return SMFIS_CONTINUE;
}

int
milter_register(struct engine *shared)
{
	static char name[] = "sluice";
	struct smfiDesc callbacks = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE |
			      SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_CHGFROM |
			      SMFIF_SETSYMLIST,
		.xxfi_negotiate = on_negotiate,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_data = on_data,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_headers,
		.xxfi_body = on_body,
		.xxfi_eom = on_end_of_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
	};

	engine = shared;
	return smfi_register(callbacks) == MI_SUCCESS ? 0 : -1;
}

int
milter_run(void)
{
	return smfi_main() == MI_SUCCESS ? 0 : -1;
}
