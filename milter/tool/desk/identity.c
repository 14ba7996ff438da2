/*
 * The trap: what was copied from Redis is encoded, what a person writes is
 * not, and a '%' may be in both. %XX with two hex digits is taken for encoded;
 * an address that means such a thing has to be written in full.
 */
#include "tool/desk/identity.h"

#include "rules/key.h"

/* What one part of a key says, in each of its meanings. */
struct meaning {
	struct str text;    /* as written */
	struct str address; /* completed by sasl_domain, normal */
	struct str local;   /* its part before the @ */
	struct str domain;  /* behind it, or a name with a dot */
	bool has_at;
	bool is_ip;
	struct ip_net net; /* of an IP; one address has all bits */
};

static bool
is_hex(char c)
{
	c = ascii_lower(c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool
is_encoded_at(struct str text, size_t i)
{
	return i + 2 < text.len && text.p[i] == '%' && is_hex(text.p[i + 1]) &&
	       is_hex(text.p[i + 2]);
}

static bool
is_encoded(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_encoded_at(text, i))
			return true;
	return false;
}

/* A long key ends with the hash of all of it, which nobody writes. */
static bool
is_shortened(struct str text)
{
	size_t at = KEY_MAX_BYTES - 1 - 32;

	if (text.len != KEY_MAX_BYTES || text.p[at] != '~')
		return false;
	for (size_t i = at + 1; i < text.len; i++)
		if (!is_hex(text.p[i]))
			return false;
	return true;
}

/* What was meant by a text that may be encoded. */
static struct str
decode(struct arena *arena, struct str text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (is_encoded_at(text, i)) {
			c = (char)(ascii_hex(text.p[i + 1]) * 16 +
				   ascii_hex(text.p[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return (struct str){ out, n };
}

static bool
read_ip(struct str text, struct ip_net *net)
{
	int rc;

	if (ip_parse(text, &net->ip) == 0) {
		net->bits = (uint8_t)ip_bits(&net->ip);
		return true;
	}
	rc = ip_net_parse(text, net);
	return (rc == 0 || rc == -2) && str_find(text, '/') >= 0;
}

static struct meaning
read_meaning(struct arena *arena, struct str text, const char *sasl_domain)
{
	struct meaning meaning = { .text = text };
	ptrdiff_t at = str_find_last(text, '@');

	meaning.has_at = at >= 0;
	meaning.is_ip = read_ip(text, &meaning.net);
	/* "<>" is the null sender, as it stands in keys. */
	if (at >= 0 || sasl_domain == NULL || meaning.is_ip || text.len == 0 ||
	    str_is(text, "<>"))
		meaning.address = key_address(arena, text);
	else
		meaning.address = key_address(arena,
		    arena_printf(arena, "%.*s@%s", STR_ARG(text), sasl_domain));
	at = str_find_last(meaning.address, '@');
	meaning.local =
	    at >= 0 ? str_sub(meaning.address, 0, (size_t)at) : meaning.address;
	if (meaning.has_at)
		meaning.domain = str_from(meaning.address, (size_t)at + 1);
	else if (str_find(text, '.') >= 0 && !meaning.is_ip)
		meaning.domain = key_domain(arena, text);
	return meaning;
}

/* Without what follows a + before the @. */
static struct str
without_plus(struct arena *arena, struct str address)
{
	ptrdiff_t at = str_find_last(address, '@');
	ptrdiff_t plus = str_find(address, '+');

	if (plus <= 0 || plus > at)
		return address;
	return arena_join(arena, str_sub(address, 0, (size_t)plus),
	    str_from(address, (size_t)at));
}

static struct str
ip_part(struct arena *arena, const struct meaning *meaning,
    const struct fact_ref *ref)
{
	bool is_v6 = meaning->net.ip.family == IP_V6;
	unsigned bits = is_v6 ? ref->bits_v6 : ref->bits_v4;

	/* A network that is wider than what the limit counts is many keys. */
	if (!meaning->is_ip || meaning->net.bits < bits)
		return STR("");
	return key_ip(arena, &meaning->net.ip, ref->bits_v4, ref->bits_v6);
}

static bool
is_part_of_address(enum fact_id id)
{
	return id == FACT_SASL_USER_DOMAIN || id == FACT_MAIL_FROM_DOMAIN ||
	       id == FACT_RCPT_TO_DOMAIN || id == FACT_FROM_DOMAIN;
}

/* A client may give any name, even one without a dot. */
static struct str
host_part(struct arena *arena, const struct meaning *meaning, enum fact_id id,
    enum identity_fit *fit)
{
	if (meaning->has_at && !is_part_of_address(id))
		return STR("");
	if (meaning->domain.len == 0 && !is_part_of_address(id)) {
		*fit = IDENTITY_MAYBE;
		return key_domain(arena, meaning->text);
	}
	/* A login without a domain: that of sasl_domain. */
	if (meaning->domain.len == 0 && is_part_of_address(id) &&
	    meaning->local.len < meaning->address.len)
		return str_from(meaning->address, meaning->local.len + 1);
	return meaning->domain;
}

/* The part of a key by this fact, and how surely it is one. */
static struct str
part_by(struct arena *arena, const struct meaning *meaning,
    const struct fact_ref *ref, enum identity_fit *fit)
{
	enum fact_id id = ref->fact->id;

	*fit = IDENTITY_YES;
	switch (ref->fact->type) {
	case FACT_TYPE_IP:
		return ip_part(arena, meaning, ref);
	case FACT_TYPE_ADDRESS:
		if (meaning->is_ip)
			return STR("");
		/* A name with a dot is a host rather than a login. */
		if (!meaning->has_at && meaning->domain.len > 0)
			*fit = IDENTITY_MAYBE;
		return id == FACT_MAIL_FROM_PLAIN
			   ? without_plus(arena, meaning->address)
			   : meaning->address;
	case FACT_TYPE_HOST:
		return host_part(arena, meaning, id, fit);
	case FACT_TYPE_NOCASE:
		if (meaning->is_ip)
			return STR("");
		if (id == FACT_MAIL_PARAM || id == FACT_HEADER_NAMES)
			break;
		return meaning->local;
	case FACT_TYPE_STRING:
	case FACT_TYPE_BOOL:
	case FACT_TYPE_NUMBER:
		break;
	}
	*fit = IDENTITY_MAYBE;
	return ref->fact->type == FACT_TYPE_NOCASE
		   ? key_address(arena, meaning->text)
		   : meaning->text;
}

/* Cuts text at its commas; false: there are not n parts. */
static bool
split(struct str text, struct str *parts, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		ptrdiff_t comma = str_find(text, ',');

		if (comma < 0)
			return false;
		parts[i] = str_trim(str_sub(text, 0, (size_t)comma));
		text = str_from(text, (size_t)comma + 1);
	}
	parts[n - 1] = str_trim(text);
	return true;
}

struct identity
identity_for(struct arena *arena, const struct limit *limit, struct str text,
    const char *sasl_domain)
{
	struct identity identity = { .fit = IDENTITY_NO };
	enum identity_fit fit, least = IDENTITY_YES;
	struct str parts[KEYS_MAX];

	if (is_shortened(text)) /* its parts cannot be told any more */
		return (struct identity){ .key = arena_str(arena, text),
			.first = text,
			.fit = IDENTITY_MAYBE };
	/* Several parts, most likely, for a limit that has only one. */
	if (limit->n_keys == 1 && str_find(text, ',') >= 0)
		least = IDENTITY_MAYBE;
	if (!split(text, parts, limit->n_keys))
		return identity;
	for (size_t i = 0; i < limit->n_keys; i++) {
		struct meaning meaning =
		    read_meaning(arena, decode(arena, parts[i]), sasl_domain);

		parts[i] = part_by(arena, &meaning, &limit->keys[i], &fit);
		if (parts[i].len == 0)
			return identity;
		if (fit < least)
			least = fit;
	}
	identity.fit = least;
	identity.first = parts[0];
	identity.key = key_join(arena, parts, limit->n_keys);
	return identity;
}

struct str
identity_name(struct arena *arena, struct str text, const char *sasl_domain)
{
	struct meaning meaning;
	char ip[IP_TEXT_MAX];

	if (str_find(text, ',') >= 0 || is_encoded(text) || is_shortened(text))
		return key_encode(arena, text);
	meaning = read_meaning(arena, text, sasl_domain);
	if (meaning.is_ip && str_find(text, '/') < 0)
		return arena_str(arena, ip_text(&meaning.net.ip, ip));
	/* A name with a dot is a host as well as a login: nothing is added. */
	if (!meaning.has_at && meaning.domain.len > 0)
		return meaning.domain;
	return meaning.address;
}

bool
identity_is_sender(const struct limit *limit)
{
	for (size_t i = 0; i < limit->n_keys; i++) {
		enum fact_id id = limit->keys[i].fact->id;

		if (id == FACT_RCPT_TO || id == FACT_RCPT_TO_LOCAL ||
		    id == FACT_RCPT_TO_DOMAIN)
			return false;
	}
	return true;
}
