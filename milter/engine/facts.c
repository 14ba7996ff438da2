/*
 * Most facts are slots that events fill in. Lists, and what is computed on
 * demand, have a reader of their own in one table.
 */
#include "engine/facts.h"

#include "base/xalloc.h"
#include "engine/content_facts.h"
#include "engine/parts.h"
#include "mime/address.h"
#include "mime/header.h"

#include <math.h>
#include <string.h>
#include <time.h>

void
fact_set_text(struct session *session, enum fact_id id, struct str text)
{
	session->slots[id].text = text;
}

void
fact_set_number(struct session *session, enum fact_id id, double number)
{
	session->slots[id].number = number;
}

void
fact_set_truth(struct session *session, enum fact_id id, bool truth)
{
	session->slots[id].truth = truth;
}

static void
value_of_list(struct fact_value *value, const struct str *texts, size_t n)
{
	value->texts = texts;
	value->n = n;
}

static void
value_of_text(struct fact_value *value, struct str text)
{
	value->one = text;
	value->texts = &value->one;
	value->n = text.len > 0;
}

static void
value_of_number(struct fact_value *value, double number)
{
	value->number = number;
	value->n = 1;
}

static void
read_client_ip(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	(void)ref;
	value->ip = &session->ip;
	value->n = session->ip.family != IP_NONE &&
		   !session->slots[FACT_NON_SMTP].truth;
}

/* Of the client's network side nothing is true for a local submission. */
static void
read_client_text(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	if (!session->slots[FACT_NON_SMTP].truth)
		value_of_text(value, session->slots[ref->fact->id].text);
	else
		value_of_text(value, STR(""));
}

static void
read_time(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu",
		"fri", "sat" };
	time_t now = (time_t)(session->now_ms / 1000);
	struct tm tm;

	localtime_r(&now, &tm);
	if (ref->fact->id == FACT_TIME_HOUR)
		value_of_number(value, tm.tm_hour);
	else
		value_of_text(value, str_of(days[tm.tm_wday]));
}

static void
read_param(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	struct message *message = session->message;

	value_of_text(value, STR(""));
	for (size_t i = 0; message != NULL && i < message->n_params; i++) {
		struct str param = message->params[i];
		ptrdiff_t equals = str_find(param, '=');
		size_t len = equals < 0 ? param.len : (size_t)equals;

		if (!str_eq_nocase(str_sub(param, 0, len), ref->argument))
			continue;
		/* "SMTPUTF8" has no value: its name stands for it. */
		value_of_text(
		    value, equals < 0 ? param : str_from(param, len + 1));
		return;
	}
}

static void
read_recipients(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	struct message *message = session->message;

	if (session->stage < STAGE_DATA || message == NULL)
		value_of_text(value, session->slots[ref->fact->id].text);
	else if (ref->fact->id == FACT_RCPT_TO)
		value_of_list(value, message->rcpt_to, message->n_rcpts);
	else if (ref->fact->id == FACT_RCPT_TO_LOCAL)
		value_of_list(value, message->rcpt_local, message->n_rcpts);
	else
		value_of_list(value, message->rcpt_domain, message->n_rcpts);
}

static struct str
decoded_header(struct message *message, struct header *header)
{
	if (header->decoded.p == NULL)
		header->decoded = header_decode(
		    message->arena, header->raw, &message->damage);
	return header->decoded;
}

static void
collect_headers(struct message *message, struct str name, bool is_raw,
    struct fact_value *value)
{
	struct str *list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < message->n_headers; i++) {
		struct header *header = &message->headers[i];

		if (!str_eq_nocase(header->name, name))
			continue;
		list = arena_grow(message->arena, list, n, sizeof(*list));
		list[n++] =
		    is_raw ? header->raw : decoded_header(message, header);
	}
	value_of_list(value, list, n);
}

static void
read_header(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	struct str name =
	    ref->fact->id == FACT_SUBJECT ? STR("Subject") : ref->argument;

	if (session->message != NULL)
		collect_headers(session->message, name,
		    ref->fact->id == FACT_HEADER_RAW, value);
}

static void
read_header_names(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	struct message *message = session->message;

	(void)ref;
	if (message == NULL)
		return;
	if (message->header_names == NULL) {
		message->header_names = arena_alloc(message->arena,
		    (message->n_headers + 1) * sizeof(struct str));
		for (size_t i = 0; i < message->n_headers; i++)
			message->header_names[i] = message->headers[i].name;
	}
	value_of_list(value, message->header_names, message->n_headers);
}

/* Of all From fields: a second one is how some mail deceives. */
static void
parse_from(struct message *message)
{
	struct mime_address *list;
	size_t room = 0;

	message->has_from = true;
	for (size_t i = 0; i < message->n_headers; i++) {
		size_t n;

		if (!str_eq_nocase(message->headers[i].name, STR("From")))
			continue;
		n = address_list(message->arena, message->headers[i].raw, &list,
		    &message->damage);
		for (size_t j = 0; j < n && message->n_from < ADDRESSES_MAX;
		     j++) {
			message->from = arena_grow(message->arena,
			    message->from, message->n_from, sizeof(*list));
			message->from[message->n_from++] = list[j];
		}
	}
	room = (message->n_from + 1) * sizeof(struct str);
	message->from_addresses = arena_alloc(message->arena, room);
	message->from_domains = arena_alloc(message->arena, room);
	message->from_names = arena_alloc(message->arena, room);
	for (size_t i = 0; i < message->n_from; i++) {
		message->from_addresses[i] = message->from[i].address;
		message->from_domains[i] = message->from[i].domain;
		message->from_names[i] = message->from[i].name;
	}
}

static void
read_from(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	struct message *message = session->message;

	if (message == NULL)
		return;
	if (!message->has_from)
		parse_from(message);
	value_of_list(value,
	    ref->fact->id == FACT_FROM_ADDRESS  ? message->from_addresses
	    : ref->fact->id == FACT_FROM_DOMAIN ? message->from_domains
						: message->from_names,
	    message->n_from);
}

static void
read_body(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	(void)ref;
	value_of_text(value, session->message == NULL
				 ? STR("")
				 : buf_str(&session->message->body));
}

static void
read_size(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	(void)ref;
	value_of_number(value,
	    session->message == NULL ? 0 : (double)session->message->size);
}

/* Fields that may stand once (RFC 5322 section 3.6). Of two, programs show
 * different ones. */
static void
note_duplicates(struct message *message)
{
	static const char *const once[] = { "From", "Sender", "Reply-To", "To",
		"Cc", "Bcc", "Message-ID", "In-Reply-To", "References",
		"Subject", "Date" };
	uint32_t seen = 0;

	for (size_t i = 0; i < message->n_headers; i++) {
		for (size_t j = 0; j < sizeof(once) / sizeof(once[0]); j++) {
			if (!str_eq_nocase(
				message->headers[i].name, str_of(once[j])))
				continue;
			if ((seen & 1u << j) != 0)
				message->damage |=
				    DAMAGE_BIT(DAMAGE_DUPLICATE_HEADER);
			seen |= 1u << j;
		}
	}
}

/* What nobody has decoded yet may be damaged, too: all fields are looked at. */
static void
look_over(struct message *message)
{
	if (message->is_looked_over)
		return;
	message->is_looked_over = true;
	for (size_t i = 0; i < message->n_headers; i++)
		decoded_header(message, &message->headers[i]);
	if (!message->has_from)
		parse_from(message);
	note_duplicates(message);
}

static void
read_damage(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	struct message *message = session->message;
	uint64_t damage;
	size_t n = 0;

	(void)ref;
	if (message == NULL)
		return;
	look_over(message);
	damage = message->damage | parts_damage(session);
	for (int i = 0; i < DAMAGE_N; i++)
		if ((damage & DAMAGE_BIT(i)) != 0)
			message->damage_words[n++] =
			    str_of(damage_word((enum damage)i));
	value_of_list(value, message->damage_words, n);
}

double
session_score(const struct session *session)
{
	double score = session->connect_scope.score + session->helo_scope.score;

	return session->message == NULL ? score
					: score + session->message->scope.score;
}

static void
read_score(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	(void)ref;
	value_of_number(value, session_score(session));
}

/* One array, made anew at each reading: rules of rcpt may ask often. */
static void
read_tags(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	const struct scope *scopes[] = { &session->connect_scope,
		&session->helo_scope,
		session->message == NULL ? NULL : &session->message->scope };
	size_t n = 0, room = 0;

	(void)ref;
	for (size_t i = 0; i < 3; i++)
		room += scopes[i] == NULL ? 0 : scopes[i]->n_tags;
	if (room == 0)
		return;
	session->tag_list =
	    xrealloc(session->tag_list, room * sizeof(struct str));
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; scopes[i] != NULL && j < scopes[i]->n_tags;
		     j++)
			session->tag_list[n++] = scopes[i]->tags[j];
	value_of_list(value, session->tag_list, n);
}

static void
read_ref(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	(void)ref;
	value_of_text(value, session_ref(session));
}

struct str
session_macro_value(const struct session *session, struct str name)
{
	for (size_t i = 0; i < session->needs->n_macros; i++)
		if (str_is(name, session->needs->macros[i].name))
			return str_of(session->macros[i].value);
	return STR("");
}

static void
read_macro(struct session *session, const struct fact_ref *ref,
    struct fact_value *value)
{
	value_of_text(value, session_macro_value(session, ref->argument));
}

static void (*const readers[FACT_N])(struct session *session,
    const struct fact_ref *ref, struct fact_value *value) = {
	[FACT_CLIENT_IP] = read_client_ip,
	[FACT_CLIENT_NAME] = read_client_text,
	[FACT_CLIENT_PTR] = read_client_text,
	[FACT_TIME_HOUR] = read_time,
	[FACT_TIME_WEEKDAY] = read_time,
	[FACT_MAIL_PARAM] = read_param,
	[FACT_RCPT_TO] = read_recipients,
	[FACT_RCPT_TO_LOCAL] = read_recipients,
	[FACT_RCPT_TO_DOMAIN] = read_recipients,
	[FACT_HEADER] = read_header,
	[FACT_HEADER_RAW] = read_header,
	[FACT_HEADER_NAMES] = read_header_names,
	[FACT_SUBJECT] = read_header,
	[FACT_FROM_ADDRESS] = read_from,
	[FACT_FROM_DOMAIN] = read_from,
	[FACT_FROM_NAME] = read_from,
	[FACT_BODY] = content_read,
	[FACT_BODY_RAW] = read_body,
	[FACT_BODY_HTML] = content_read,
	[FACT_BODY_FOLDED] = content_read,
	[FACT_URL] = content_read,
	[FACT_URL_HOST] = content_read,
	[FACT_PART_TYPE] = content_read,
	[FACT_ATTACHMENT_NAME] = content_read,
	[FACT_ATTACHMENT_TYPE] = content_read,
	[FACT_ATTACHMENT_MAGIC] = content_read,
	[FACT_ATTACHMENT_SIZE] = content_read,
	[FACT_ATTACHMENT_COUNT] = content_read_count,
	[FACT_ATTACHMENT_ENCRYPTED] = content_read_encrypted,
	[FACT_ARCHIVE_NAME] = content_read,
	[FACT_MESSAGE_SIZE] = read_size,
	[FACT_MIME_DAMAGE] = read_damage,
	[FACT_SCORE] = read_score,
	[FACT_TAG] = read_tags,
	[FACT_REF] = read_ref,
	[FACT_MACRO] = read_macro,
};

static void
read_slot(
    struct session *session, const struct fact *fact, struct fact_value *value)
{
	const union slot *slot = &session->slots[fact->id];

	switch (fact->type) {
	case FACT_TYPE_BOOL:
		value->truth = slot->truth;
		value->n = 1;
		break;
	case FACT_TYPE_NUMBER:
		value_of_number(value, slot->number);
		break;
	case FACT_TYPE_STRING:
	case FACT_TYPE_NOCASE:
	case FACT_TYPE_HOST:
	case FACT_TYPE_ADDRESS:
		value_of_text(value, slot->text);
		break;
	case FACT_TYPE_IP:
		break; /* client.ip has a reader */
	}
}

void
fact_read(struct session *session, const struct fact_ref *ref,
    struct fact_value *value_out)
{
	enum fact_id id = ref->fact->id;

	*value_out = (struct fact_value){ 0 };
	if (readers[id] != NULL)
		readers[id](session, ref, value_out);
	else
		read_slot(session, ref->fact, value_out);
}

static void
append_number(struct buf *out, double number)
{
	if (floor(number) == number && fabs(number) < 1e15)
		buf_printf(out, "%.0f", number);
	else
		buf_printf(out, "%.6g", number);
}

static void
append_numbers(struct buf *out, const struct fact_value *value)
{
	if (value->numbers == NULL)
		append_number(out, value->number);
	for (size_t i = 0; value->numbers != NULL && i < value->n; i++) {
		buf_add_cstr(out, i > 0 ? ", " : "");
		append_number(out, value->numbers[i]);
	}
}

void
fact_append(
    struct session *session, const struct fact_ref *ref, struct buf *out)
{
	char text[IP_TEXT_MAX];
	struct fact_value value;

	fact_read(session, ref, &value);
	if (value.n == 0)
		return;
	switch (ref->fact->type) {
	case FACT_TYPE_BOOL:
		buf_add_cstr(out, value.truth ? "yes" : "no");
		break;
	case FACT_TYPE_NUMBER:
		append_numbers(out, &value);
		break;
	case FACT_TYPE_IP:
		buf_add(out, ip_text(value.ip, text));
		break;
	case FACT_TYPE_STRING:
	case FACT_TYPE_NOCASE:
	case FACT_TYPE_HOST:
	case FACT_TYPE_ADDRESS:
		for (size_t i = 0; i < value.n; i++) {
			buf_add_cstr(out, i > 0 ? ", " : "");
			buf_add(out, value.texts[i]);
		}
		break;
	}
}

bool
session_fact_value(
    struct session *session, enum fact_id id, size_t i, struct buf *out)
{
	const struct fact_ref ref = {
		.fact = fact_by_id(id), .bits_v4 = 32, .bits_v6 = 128
	};
	struct fact_value value;

	fact_read(session, &ref, &value);
	if (i >= value.n)
		return false;
	if (value.texts != NULL)
		buf_add(out, value.texts[i]);
	else if (value.numbers != NULL)
		append_number(out, value.numbers[i]);
	else
		fact_append(session, &ref, out);
	return true;
}
