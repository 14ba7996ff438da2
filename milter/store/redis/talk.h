/*
 * redis_talk: one question to one host, on a connection that lasts as long:
 * to a Sentinel, or to any node of a Cluster. For the thread behind, and apart
 * from all pools and their breakers.
 */
#ifndef SLUICE_STORE_REDIS_TALK_H
#define SLUICE_STORE_REDIS_TALK_H

#include "store/redis/conn.h"

#define TALK_WORDS_MAX 4

struct redisReply;

struct redis_talk {
	struct redis_target target; /* whom to ask, and its login; borrowed */
	struct str words[TALK_WORDS_MAX];
	size_t n_words;
};

/*
 * The reply (freeReplyObject), or NULL and *failure; an error reply is a
 * failure. Takes at most the time-out of the target, and as long as DNS does if
 * the host is a name.
 */
struct redisReply *redis_talk_ask(
    const struct redis_talk *talk, struct redis_failure *failure);

#endif
