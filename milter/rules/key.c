/*
 * Keys are compared and shown, never decoded, so that what is lost on the way
 * (case, the tail of a long one) is lost for good.
 *
 * The trap is what an operator types: it may be copied from Redis, where it is
 * encoded already. So key_encode leaves '%', ',' and '~' alone, and does not
 * lower the digits of "%3C".
 */
#include "rules/key.h"

#include "base/buf.h"
#include "base/domain.h"

#include <sha256.h>

#define KEY_HEAD_BYTES (KEY_MAX_BYTES - 1 - 32)

struct str
key_domain(struct arena *arena, struct str domain)
{
	return domain_normal(arena, domain);
}

struct str
key_address(struct arena *arena, struct str address)
{
	char *copy = arena_cstr(arena, address);
	ptrdiff_t at = str_find_last(address, '@');
	struct str local = { copy, at < 0 ? address.len : (size_t)at + 1 };

	for (size_t i = 0; i < local.len; i++)
		copy[i] = ascii_lower(copy[i]);
	if (at < 0)
		return local;
	/* local has the @ */
	return arena_join(
	    arena, local, domain_normal(arena, str_from(address, local.len)));
}

struct str
key_ip(struct arena *arena, const struct ip *ip, unsigned bits_v4,
    unsigned bits_v6)
{
	unsigned bits = ip->family == IP_V6 ? bits_v6 : bits_v4;
	struct ip masked = ip_masked(ip, bits);
	char text[IP_TEXT_MAX];

	if (ip->family == IP_NONE)
		return STR("");
	ip_text(&masked, text);
	if (bits == ip_bits(ip))
		return arena_str(arena, str_of(text));
	return arena_printf(arena, "%s/%u", text, bits);
}

static void
encode(struct buf *out, struct str part, const char *also)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.p[i];

		if (ascii_is_alnum(c) || str_find(STR(".@_+=:/-"), c) >= 0 ||
		    str_find(str_of(also), c) >= 0)
			buf_byte(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

/* What is too long keeps a head that people can read. */
static struct str
shorten(struct arena *arena, struct str key)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct buf out = { 0 };
	struct str shortened;
	SHA2_CTX context;

	if (key.len <= KEY_MAX_BYTES)
		return arena_str(arena, key);
	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)key.p, key.len);
	SHA256Final(digest, &context);
	buf_add(&out, str_sub(key, 0, KEY_HEAD_BYTES));
	buf_byte(&out, '~');
	for (size_t i = 0; i < 16; i++)
		buf_printf(&out, "%02x", digest[i]);
	shortened = arena_str(arena, buf_str(&out));
	buf_done(&out);
	return shortened;
}

struct str
key_join(struct arena *arena, const struct str *parts, size_t n_parts)
{
	struct buf out = { 0 };
	struct str key;

	for (size_t i = 0; i < n_parts; i++) {
		if (i > 0)
			buf_byte(&out, ',');
		encode(&out, parts[i], "");
	}
	key = shorten(arena, buf_str(&out));
	buf_done(&out);
	return key;
}

struct str
key_encode(struct arena *arena, struct str identity)
{
	char *lower = arena_cstr(arena, identity);
	struct buf out = { 0 };
	struct str key;

	/* "%3C" stays: only what is written in lower case anyway changes. */
	for (size_t i = 0; i < identity.len; i++)
		if (i < 1 ||
		    (lower[i - 1] != '%' && (i < 2 || lower[i - 2] != '%')))
			lower[i] = ascii_lower(lower[i]);
	encode(&out, (struct str){ lower, identity.len }, ",%~");
	key = shorten(arena, buf_str(&out));
	buf_done(&out);
	return key;
}
