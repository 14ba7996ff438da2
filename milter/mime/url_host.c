/*
 * Percent coding first, then what look like dots, IDNA, and numbers last: all
 * of these may hide a number, which is then an IPv4 address.
 */
#include "mime/url_host.h"

#include "base/buf.h"
#include "base/domain.h"
#include "base/ip.h"
#include "base/utf8.h"
#include "mime/fold.h"

#define V4_PARTS_MAX 4

bool
url_percent(struct str s, char *byte_out)
{
	if (s.len < 3 || s.p[0] != '%' || ascii_hex(s.p[1]) < 0 ||
	    ascii_hex(s.p[2]) < 0)
		return false;
	*byte_out = (char)(ascii_hex(s.p[1]) * 16 + ascii_hex(s.p[2]));
	return true;
}

/* Controls and blanks stay coded, and so does all if it were no text. */
static struct str
decode_percents(struct arena *arena, struct str s)
{
	struct buf text = { 0 };
	struct str decoded = s;
	char byte;

	if (str_find(s, '%') < 0)
		return s;
	for (size_t i = 0; i < s.len; i++) {
		if (url_percent(str_from(s, i), &byte) &&
		    (unsigned char)byte > ' ' && byte != 0x7f) {
			buf_byte(&text, byte);
			i += 2;
		} else {
			buf_byte(&text, s.p[i]);
		}
	}
	if (utf8_bad(buf_str(&text)) < 0)
		decoded = arena_str(arena, buf_str(&text));
	buf_done(&text);
	return decoded;
}

/* A part of an IPv4 address: decimal, "0x" hexadecimal, "0" octal. -1: none. */
static int
read_part(struct str s, uint64_t *number_out)
{
	uint64_t number = 0;
	unsigned base = 10;

	if (s.len >= 2 && s.p[0] == '0' && ascii_lower(s.p[1]) == 'x') {
		base = 16;
		s = str_from(s, 2);
	} else if (s.len >= 2 && s.p[0] == '0') {
		base = 8;
		s = str_from(s, 1);
	} else if (s.len == 0) {
		return -1;
	}
	for (size_t i = 0; i < s.len; i++) {
		int digit = ascii_hex(s.p[i]);

		if (digit < 0 || digit >= (int)base)
			return -1;
		if (number <= UINT32_MAX) /* more is too much anyway */
			number = number * base + (unsigned)digit;
	}
	*number_out = number;
	return 0;
}

/* "127.1", "0x7f000001", "017700000001": -1 if it is a name, or too large. */
static int
read_v4(struct str host, struct ip *ip_out)
{
	uint64_t address = 0, part;
	uint8_t bytes[4];
	int n_parts = 0;

	for (;; n_parts++) {
		ptrdiff_t dot = str_find(host, '.');
		size_t len = dot >= 0 ? (size_t)dot : host.len;

		if (n_parts == V4_PARTS_MAX ||
		    read_part(str_sub(host, 0, len), &part) == -1)
			return -1;
		if (dot < 0)
			break;
		if (part > 255)
			return -1;
		address = address << 8 | part;
		host = str_from(host, len + 1);
	}
	/* The last one is all the bytes that are left. */
	if (part >> (8 * (V4_PARTS_MAX - n_parts)) != 0)
		return -1;
	address = address << (8 * (V4_PARTS_MAX - n_parts)) | part;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(address >> (24 - 8 * i));
	*ip_out = ip_from_v4(bytes);
	return 0;
}

static struct str
address_text(struct arena *arena, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	return arena_str(arena, ip_text(ip, text));
}

/* What IDNA refuses is not left as it looks: folded it may be a name. */
static struct str
name_of(struct arena *arena, struct str written)
{
	struct str name = domain_normal(arena, written);
	struct buf folded = { 0 };

	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.p[i] < 0x80)
			continue;
		if (fold(name, URL_HOST_MAX, &folded))
			name = domain_normal(arena, buf_str(&folded));
		break;
	}
	buf_done(&folded);
	return name;
}

/* What was coded may be what no name has: that ends it. */
static struct str
without_strangers(struct str host)
{
	size_t len = 0;

	while (host.len > 0 && host.p[0] == '.')
		host = str_from(host, 1);
	while (len < host.len && (unsigned char)host.p[len] > ' ' &&
	       str_find(STR("/\\?#@:\"<>[]\x7f"), host.p[len]) < 0)
		len++;
	while (len > 0 && host.p[len - 1] == '.')
		len--;
	return str_sub(host, 0, len);
}

struct str
url_host(struct arena *arena, struct str written)
{
	struct str host;
	struct ip ip;

	if (written.len > URL_HOST_MAX)
		written =
		    utf8_whole(str_from(written, written.len - URL_HOST_MAX));
	host = decode_percents(arena, written);
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']' &&
	    ip_parse(str_sub(host, 1, host.len - 1), &ip) == 0)
		return address_text(arena, &ip);
	host = without_strangers(name_of(arena, host));
	if (read_v4(host, &ip) == 0)
		return address_text(arena, &ip);
	return host;
}

/* The last n labels. */
static struct str
last_labels(struct str host, int n)
{
	for (size_t i = host.len; i > 0; i--)
		if (host.p[i - 1] == '.' && --n == 0)
			return str_from(host, i);
	return host;
}

static bool
is_number(struct str host)
{
	struct ip ip;

	return ip_parse(host, &ip) == 0;
}

/* "example.co.uk" is as much a name as "example.com". */
static int
n_labels_of_owner(struct str host)
{
	static const char *const offices[] = { "ac", "co", "com", "edu", "gob",
		"gov", "ne", "net", "nom", "or", "org" };
	struct str two = last_labels(host, 2);
	ptrdiff_t dot = str_find(two, '.');

	if (dot < 0 || two.len - (size_t)dot != 3)
		return 2; /* not the domain of a country */
	for (size_t i = 0; i < sizeof(offices) / sizeof(offices[0]); i++)
		if (str_is(str_sub(two, 0, (size_t)dot), offices[i]))
			return 3;
	return 2;
}

bool
url_host_is_kin(struct str a, struct str b)
{
	int n = n_labels_of_owner(a);

	if (str_eq(a, b))
		return true;
	if (is_number(a) || is_number(b))
		return false;
	return str_eq(last_labels(a, n), last_labels(b, n));
}
