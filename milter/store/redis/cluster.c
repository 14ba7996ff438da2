/*
 * Words of the Cluster protocol. Ranges and numbers come from a server that
 * may be anything, so each is checked before it is used as an index.
 */
#include "store/redis/cluster.h"

#include "base/quantity.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#define CRC16_POLYNOMIAL 0x1021

static uint16_t
crc16(struct str text)
{
	unsigned crc = 0;

	for (size_t i = 0; i < text.len; i++) {
		crc ^= (unsigned)(unsigned char)text.p[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000) != 0 ? crc << 1 ^ CRC16_POLYNOMIAL
						  : crc << 1;
		crc &= 0xffff;
	}
	return (uint16_t)crc;
}

/* What stands between the first '{' and the first '}' behind it, if anything.
 */
static struct str
hashed_part(struct str key)
{
	ptrdiff_t open = str_find(key, '{'), close;
	struct str rest;

	if (open < 0)
		return key;
	rest = str_from(key, (size_t)open + 1);
	close = str_find(rest, '}');
	return close > 0 ? str_sub(rest, 0, (size_t)close) : key;
}

unsigned
cluster_slot(struct str key)
{
	return crc16(hashed_part(key)) % CLUSTER_SLOTS;
}

unsigned
cluster_tag(unsigned slot)
{
	char digits[16];
	unsigned n = 0;

	do
		snprintf(digits, sizeof(digits), "%u", n++);
	while (cluster_slot(str_of(digits)) != slot);
	return n - 1;
}

static bool
cluster_address_eq(
    const struct cluster_address *a, const struct cluster_address *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* 0, or -1: not a host that can be asked. Empty, "?" and nil: it is asked's. */
static int
set_host(struct cluster_address *address, struct str host,
    const struct cluster_address *asked)
{
	if (host.len == 0 || str_is(host, "?"))
		host = str_of(asked->host);
	if (host.len >= sizeof(address->host) || str_find(host, '\0') >= 0)
		return -1;
	memset(address->host, 0, sizeof(address->host));
	memcpy(address->host, host.p, host.len);
	return 0;
}

static int
set_port(struct cluster_address *address, long long port)
{
	if (port < 1 || port > 65535)
		return -1;
	address->port = (unsigned)port;
	return 0;
}

/* The index of a node, which is added if it is new; -1: no room. */
static int
add_node(struct cluster_map *map, const struct cluster_address *address)
{
	for (size_t i = 0; i < map->n_nodes; i++)
		if (cluster_address_eq(&map->nodes[i], address))
			return (int)i;
	if (map->n_nodes == CLUSTER_NODES_MAX)
		return -1;
	map->nodes[map->n_nodes] = *address;
	return (int)map->n_nodes++;
}

/* [host, port, id, …] */
static int
read_node(const redisReply *reply, struct cluster_address *address,
    const struct cluster_address *asked)
{
	struct str host = { NULL, 0 };

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
	    reply->element[1]->type != REDIS_REPLY_INTEGER)
		return -1;
	if (reply->element[0]->type == REDIS_REPLY_STRING)
		host = (struct str){ reply->element[0]->str,
			reply->element[0]->len };
	else if (reply->element[0]->type != REDIS_REPLY_NIL)
		return -1;
	return set_port(address, reply->element[1]->integer) == -1
		   ? -1
		   : set_host(address, host, asked);
}

/* [first slot, last slot, master, replica, …] */
static int
read_range(struct cluster_map *map, const redisReply *reply,
    const struct cluster_address *asked)
{
	struct cluster_address master;
	long long from, to;
	int node;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER ||
	    reply->element[1]->type != REDIS_REPLY_INTEGER ||
	    read_node(reply->element[2], &master, asked) == -1)
		return -1;
	from = reply->element[0]->integer;
	to = reply->element[1]->integer;
	if (from < 0 || to >= CLUSTER_SLOTS || from > to ||
	    (node = add_node(map, &master)) == -1)
		return -1;
	for (long long slot = from; slot <= to; slot++)
		map->owners[slot] = (uint16_t)node;
	return 0;
}

int
cluster_map_read(struct cluster_map *map, const redisReply *reply,
    const struct cluster_address *asked)
{
	map->n_nodes = 0;
	for (size_t slot = 0; slot < CLUSTER_SLOTS; slot++)
		map->owners[slot] = CLUSTER_NOBODY;
	/* There are no more ranges than slots, unless somebody plays with us.
	 */
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements > CLUSTER_SLOTS)
		return -1;
	for (size_t i = 0; i < reply->elements; i++)
		if (read_range(map, reply->element[i], asked) == -1)
			return -1;
	return map->n_nodes > 0 ? 0 : -1;
}

static const struct {
	const char *word;
	enum cluster_error error;
} errors[] = {
	{ "MOVED", CLUSTER_ERROR_MOVED },
	{ "ASK", CLUSTER_ERROR_ASK },
	{ "TRYAGAIN", CLUSTER_ERROR_TRYAGAIN },
	{ "CLUSTERDOWN", CLUSTER_ERROR_DOWN },
	{ "CROSSSLOT", CLUSTER_ERROR_CROSSSLOT },
};

/* "3999 127.0.0.1:6381"; an IPv6 address stands without brackets. */
static int
read_redirect(struct str text, const struct cluster_address *asked,
    struct cluster_redirect *redirect_out)
{
	struct cluster_redirect redirect;
	struct str slot = str_take(&text, ' '), place = str_take(&text, ' ');
	ptrdiff_t colon = str_find_last(place, ':');
	uint64_t number, port;

	if (colon < 0 || number_parse(slot, CLUSTER_SLOTS - 1, &number) == -1 ||
	    number_parse(
		str_from(place, (size_t)colon + 1), UINT16_MAX, &port) == -1 ||
	    set_port(&redirect.to, (unsigned)port) == -1 ||
	    set_host(&redirect.to, str_sub(place, 0, (size_t)colon), asked) ==
		-1)
		return -1;
	redirect.slot = (unsigned)number;
	*redirect_out = redirect;
	return 0;
}

enum cluster_error
cluster_error_read(struct str text, const struct cluster_address *asked,
    struct cluster_redirect *redirect_out)
{
	enum cluster_error error = CLUSTER_ERROR_OTHER;
	struct str word = str_take(&text, ' ');

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (str_is(word, errors[i].word))
			error = errors[i].error;
	if ((error == CLUSTER_ERROR_MOVED || error == CLUSTER_ERROR_ASK) &&
	    read_redirect(text, asked, redirect_out) == -1)
		return CLUSTER_ERROR_OTHER;
	return error;
}
