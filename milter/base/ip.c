#include "base/ip.h"

#include "base/quantity.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

struct ip
ip_from_v4(const void *four_bytes)
{
	struct ip ip = { .family = IP_V4 };

	memcpy(ip.b, four_bytes, 4);
	return ip;
}

struct ip
ip_from_v6(const void *sixteen_bytes)
{
	struct ip ip = { .family = IP_V6 };

	memcpy(ip.b, sixteen_bytes, 16);
	if (memcmp(ip.b, mapped_prefix, sizeof(mapped_prefix)) == 0)
		return ip_from_v4(ip.b + 12);
	return ip;
}

int
ip_parse(struct str text, struct ip *ip_out)
{
	char copy[IP_TEXT_MAX];
	uint8_t bytes[16];

	if (str_starts_nocase(text, STR("IPv6:")))
		text = str_from(text, 5);
	if (text.len == 0 || text.len >= sizeof(copy) ||
	    str_find(text, '\0') >= 0)
		return -1;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		*ip_out = ip_from_v4(bytes);
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		*ip_out = ip_from_v6(bytes);
	else
		return -1;
	return 0;
}

struct str
ip_text(const struct ip *ip, char text[IP_TEXT_MAX])
{
	int family = ip->family == IP_V6 ? AF_INET6 : AF_INET;

	if (ip->family == IP_NONE ||
	    inet_ntop(family, ip->b, text, IP_TEXT_MAX) == NULL)
		text[0] = '\0';
	return str_of(text);
}

bool
ip_eq(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

unsigned
ip_bits(const struct ip *ip)
{
	return ip->family == IP_V6 ? 128 : 32;
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const uint8_t v6[16] = { [15] = 1 };

	switch (ip->family) {
	case IP_NONE:
		return false;
	case IP_V4:
		return ip->b[0] == 127;
	case IP_V6:
		return memcmp(ip->b, v6, sizeof(v6)) == 0;
	}
	return false;
}

struct ip
ip_masked(const struct ip *ip, unsigned bits)
{
	struct ip masked = *ip;

	for (unsigned i = 0; i < 16; i++) {
		unsigned first = i * 8;

		if (bits <= first)
			masked.b[i] = 0;
		else if (bits < first + 8)
			masked.b[i] &= (uint8_t)(0xff00u >> (bits - first));
	}
	return masked;
}

int
ip_net_parse(struct str text, struct ip_net *net_out)
{
	ptrdiff_t slash = str_find(text, '/');
	struct str address = text;
	struct ip ip, masked;
	uint64_t bits;

	if (slash >= 0)
		address = str_sub(text, 0, (size_t)slash);
	if (ip_parse(address, &ip) == -1)
		return -1;
	bits = ip_bits(&ip);
	if (slash >= 0 &&
	    number_parse(str_from(text, (size_t)slash + 1), bits, &bits) == -1)
		return -1;
	masked = ip_masked(&ip, (unsigned)bits);
	*net_out = (struct ip_net){ .ip = masked, .bits = (uint8_t)bits };
	return ip_eq(&masked, &ip) ? 0 : -2;
}

struct str
ip_net_text(const struct ip_net *net, char text[IP_TEXT_MAX])
{
	size_t len = ip_text(&net->ip, text).len;

	snprintf(text + len, IP_TEXT_MAX - len, "/%u", (unsigned)net->bits);
	return str_of(text);
}

bool
ip_net_has(const struct ip_net *net, const struct ip *ip)
{
	struct ip masked;

	if (net->ip.family != ip->family)
		return false;
	masked = ip_masked(ip, net->bits);
	return ip_eq(&masked, &net->ip);
}
