/*
 * key: identities as they stand in Redis.
 *
 * Every byte outside [A-Za-z0-9.@_+=:/-] becomes %XX; parts of a compound key
 * are joined by ','. An identity over 128 bytes keeps its first 95, followed
 * by '~' and 32 hex digits: the first half of SHA-256 over the whole.
 */
#ifndef SLUICE_RULES_KEY_H
#define SLUICE_RULES_KEY_H

#include "base/arena.h"
#include "base/ip.h"

#define KEY_MAX_BYTES 128

/* Normal forms: what makes two spellings one identity. */
struct str key_address(struct arena *arena, struct str address);
struct str key_domain(struct arena *arena, struct str domain);
struct str key_ip(struct arena *arena, const struct ip *ip, unsigned bits_v4,
    unsigned bits_v6);

/* Encodes normalised parts and joins them. */
struct str key_join(
    struct arena *arena, const struct str *parts, size_t n_parts);

/*
 * An identity as a person writes it: "anna@Example.org", "192.0.2.7",
 * "192.0.2.7,bob@example.net", or copied from Redis. Lower case; ',' parts;
 * what is encoded already stays.
 */
struct str key_encode(struct arena *arena, struct str identity);

#endif
