/*
 * ip: addresses and networks.
 *
 * IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) are IPv4 addresses.
 */
#ifndef SLUICE_BASE_IP_H
#define SLUICE_BASE_IP_H

#include "base/str.h"

#define IP_TEXT_MAX 48 /* room for any address, "/128" and the NUL */

enum ip_family { IP_NONE, IP_V4, IP_V6 };

struct ip {
	enum ip_family family;
	uint8_t b[16]; /* network order; the first 4 for IPv4, the rest 0 */
};

struct ip_net {
	struct ip ip; /* host bits are 0 */
	uint8_t bits;
};

/* "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1"; 0, or -1 if it is none. */
int ip_parse(struct str text, struct ip *ip_out);
struct ip ip_from_v4(const void *four_bytes);
struct ip ip_from_v6(const void *sixteen_bytes);
/* Writes the canonical text (RFC 5952) and returns it. IP_NONE gives "". */
struct str ip_text(const struct ip *ip, char text[IP_TEXT_MAX]);
bool ip_eq(const struct ip *a, const struct ip *b);
unsigned ip_bits(const struct ip *ip); /* 32 or 128 */
bool ip_is_loopback(const struct ip *ip);

struct ip ip_masked(const struct ip *ip, unsigned bits);
/*
 * "ADDRESS/BITS" or "ADDRESS"; 0, -1 if it is no network, -2 if bits are set
 * behind the prefix ("10.0.0.1/8": most likely a slip of the pen; net_out is
 * then "10.0.0.0/8").
 */
int ip_net_parse(struct str text, struct ip_net *net_out);
/* Writes "ADDRESS/BITS" and returns it. */
struct str ip_net_text(const struct ip_net *net, char text[IP_TEXT_MAX]);
bool ip_net_has(const struct ip_net *net, const struct ip *ip);

#endif
