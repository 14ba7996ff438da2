/*
 * redis: the store in Redis, as its own files see it.
 *
 * redis.c is the backend: it opens, and waits for calls. redis/round.c asks
 * the script, wherever the keys are (redis/node.h). redis/behind.c is the
 * thread that carries out what nobody waits for and probes what is away.
 * Below them are pools (redis/pool.h) and connections (redis/conn.h).
 * redis/session.c carries questions of operators, redis/ledger.h says which.
 */
#ifndef SLUICE_STORE_REDIS_REDIS_H
#define SLUICE_STORE_REDIS_REDIS_H

#include "store/backend.h"
#include "store/redis/node.h"

#include <pthread.h>

struct redisReply;
struct redis_session;

/* What nobody waits for; beyond it is lost. */
#define REDIS_QUEUE_MAX       16384
#define REDIS_JOBS_MAX        64                         /* taken at a time */
#define REDIS_QUEUE_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of commands */

/*
 * What the script is asked: a use, to be counted or to be given back, or a
 * look into a table (whose key is in a slot of its own).
 */
struct redis_item {
	struct store_call *call;
	struct call_use *use; /* NULL: a look-up */
	struct call_lookup *lookup;
	bool is_give_back;
	bool is_answered; /* what came of it; see redis_round */
};

/* A command that nobody waits for, as it is sent; one block of memory. */
struct redis_command {
	struct str key; /* behind bytes */
	struct str bytes;
};

struct redis_job {
	struct redis_command *command; /* or NULL: it is a call */
	struct store_call *call;       /* a reference */
	int64_t now_ms;
	bool is_give_back;
	bool is_partial; /* a give-back of what part of a failed call charged */
};

struct redis {
	struct redis_target target; /* what all nodes have in common */
	struct redis_tls *tls;      /* NULL: none */
	uint32_t connections;       /* to each node */
	int64_t timeout_us;
	const struct redis_layout *layout;
	void *layout_data; /* the layout's own */
	pthread_mutex_t nodes_lock;
	pthread_cond_t nodes_known;
	struct redis_node *nodes[REDIS_NODES_MAX];
	_Atomic size_t n_nodes;
	atomic_bool is_known;   /* the nodes were looked for at least once */
	_Atomic uint64_t epoch; /* see struct redis_target */
	struct redis_seldom foreign_keys; /* lines about wrong types */
	struct redis_seldom full_queue;
	struct redis_seldom broken_texts; /* in place of ours */
	struct redis_seldom refused_commands;
	_Atomic uint64_t n_failures; /* of what nobody waited for */
	_Atomic uint64_t n_events;   /* sent */
	_Atomic(struct redis_session *) spare;

	atomic_bool wants_discovery;
	int64_t discover_at_us; /* the thread behind's */

	pthread_t thread;
	pthread_mutex_t lock; /* all below; never held while waiting */
	pthread_cond_t wake;
	pthread_cond_t changed; /* drained or ended */
	struct redis_job *ring; /* REDIS_QUEUE_MAX of them */
	size_t head;
	size_t n_jobs;
	size_t command_bytes; /* of all commands in the ring */
	uint64_t n_dropped;
	uint64_t
	    n_given; /* jobs that had room, and how many of them are over */
	uint64_t n_over;
	bool is_busy;      /* jobs are being carried out */
	bool is_news;      /* a node went down, or discovery is wanted */
	bool is_stopping;  /* carry out what there is, then end */
	bool is_discarded; /* end now */
	bool has_ended;
	bool is_orphan; /* nobody waits for the end: the thread frees all */
};

/* What one run of the script is about; now_ms may be STORE_NOW. */
struct redis_question {
	const struct redis_item *items;
	size_t n_items;
	int64_t now_ms;
};

/*
 * redis/script.c: one run of the script as a command (by its digest, or with
 * its body), and its reply. Items whose keys are in different slots must not
 * be in one question where Redis is a Cluster. take: 0, or -1 if the reply
 * does not belong to the question.
 */
void redis_script_put(
    struct buf *out, bool is_body, const struct redis_question *question);
int redis_script_take(struct redis *redis, const struct redisReply *reply,
    const struct redis_question *question);
/* The key that decides which node is asked; its {tag} if it has one. */
struct str redis_item_key(const struct redis_item *item);

/* All that call asks, uses first; returns how many. */
size_t redis_items_of(
    struct store_call *call, struct redis_item items[CALL_ITEMS_MAX]);

/*
 * redis/round.c: asks all items, each slot in one run of the script. Runs that
 * go to one node are sent in one write, and those to several nodes before any
 * is awaited. Errors that say where to ask instead are followed; all of it
 * ends by the deadline.
 *
 * 0: all items are answered. -1: at least one is not, and items[i].is_answered
 * tells which are (they were charged). is_behind: asked by the thread behind,
 * on the connections it keeps; then a slot that fails stops no other, and
 * give-backs of data that are gone count as answered. items may come back in
 * another order; those of one key keep theirs.
 */
struct redis_round {
	struct redis *redis;
	struct redis_item *items;
	size_t n_items; /* at most CALL_ITEMS_MAX */
	int64_t now_ms;
	int64_t deadline_us;
	bool is_behind;
};
int redis_round_ask(const struct redis_round *round);
/* Runs the script for nothing: does it run there at all? */
int redis_round_probe(struct redis *redis, struct redis_conn *conn,
    int64_t deadline_us, struct redis_failure *failure);

/*
 * redis/queue.c: the ring. take: at most REDIS_JOBS_MAX from its head, with
 * redis->lock held; whoever took a job frees it.
 */
size_t redis_jobs_take(struct redis *redis, struct redis_job *jobs);
void redis_job_free(const struct redis_job *job);
/* False when the time (steady clock) is over. */
bool redis_wait_until(
    pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_us);

/*
 * redis/care.c: the nodes, for the thread behind. care and begin say when they
 * want to be called again (steady clock).
 */
int64_t redis_care_begin(struct redis *redis);
int64_t redis_care(struct redis *redis);
void redis_care_end(struct redis *redis);

/* redis/command.c: carries out jobs that are commands, for the thread behind. */
void redis_commands_ask(
    struct redis *redis, const struct redis_job *jobs, size_t n_jobs);

void redis_behind_start(struct redis *redis);
/* True when the thread has ended in time; else it frees redis itself. */
bool redis_behind_stop(struct redis *redis, int64_t deadline_us);
void redis_behind_add(struct redis *redis, struct store_call *call,
    int64_t now_ms, bool is_give_back);
int redis_behind_flush(struct redis *redis, int64_t deadline_us);
/* All jobs until now; and: until these are over, or the time is. */
uint64_t redis_behind_mark(struct redis *redis);
void redis_behind_await(
    struct redis *redis, uint64_t mark, int64_t deadline_us);
void redis_behind_on_down(void *node);
/* The thread behind calls the layout's discover soon. */
void redis_behind_discover(struct redis *redis);
/* Gives back what was charged by a call that failed as a whole. */
void redis_behind_undo(struct redis *redis, struct store_call *call);
void redis_free(struct redis *redis);

/*
 * One command that nobody waits for, in the order of the calls; key decides
 * which node of a Cluster gets it. An error is counted and logged seldom.
 */
void redis_behind_command(
    struct redis *redis, struct str key, const struct str *args, size_t n_args);

/*
 * For operators and background threads: commands on connections of its own to
 * the node that has the key; each batch is answered within 5 s. The session
 * keeps connections, and opens lost ones anew; one thread. The last that was
 * given back is lent again, so that who asks each second does not connect each
 * second.
 *
 * ask: the reply (freeReplyObject), or NULL and the message in error; an error
 * reply is an error. ask_all: n commands, sent at once; replies_out in order
 * (all, or none and -1). ask_each: the same, but an error reply is a reply like
 * others.
 */
struct redis_session *redis_session_borrow(struct redis *redis);
void redis_session_give_back(struct redis_session *session);
/* Closes what is kept for the next who borrows. */
void redis_session_done(struct redis *redis);
struct redisReply *redis_session_ask(struct redis_session *session,
    struct str key, const struct str *args, size_t n_args, struct buf *error);
struct redis_ask {
	struct str key;
	const struct str *args;
	size_t n_args;
};
int redis_session_ask_all(struct redis_session *session,
    const struct redis_ask *asks, size_t n, struct redisReply **replies_out,
    struct buf *error);
int redis_session_ask_each(struct redis_session *session,
    const struct redis_ask *asks, size_t n, struct redisReply **replies_out,
    struct buf *error);
/* An answer may take so much longer (XREAD … BLOCK); 0: 5 s again. */
void redis_session_patience(struct redis_session *session, uint32_t ms);
/* Every node once: for SCAN. node 0 … n-1; n is 1 but in a Cluster. */
size_t redis_session_n_nodes(struct redis_session *session);
struct redisReply *redis_session_ask_node(struct redis_session *session,
    size_t node, const struct str *args, size_t n_args, struct buf *error);
/* Message for people about an error reply, or one of the wrong type. */
void redis_session_tell(struct redis_session *session, struct str key,
    const struct redisReply *reply, struct buf *error);

int redis_admin_wipe(void *self, struct buf *error);

#endif
