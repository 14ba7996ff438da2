/*
 * cluster_kit: a Redis Cluster of three masters of one's own, with all slots
 * in order. Each dies with the test.
 */
#ifndef SLUICE_TESTS_CLUSTER_KIT_H
#define SLUICE_TESTS_CLUSTER_KIT_H

#include "redis_place.h"

#include "store/redis/cluster.h"

#define NODES 3

static struct place nodes[NODES];
static char ids[NODES][64];

static inline unsigned
first_slot(unsigned node)
{
	return CLUSTER_SLOTS * node / NODES;
}

static inline bool
is_ok(const struct place *place)
{
	char text[2048];

	place_ask(place, text, sizeof(text), "CLUSTER INFO");
	/* A node that does not yet know of the others' slots says "ok". */
	return strstr(text, "cluster_state:ok") != NULL &&
	       strstr(text, "cluster_slots_assigned:16384") != NULL &&
	       strstr(text, "cluster_known_nodes:3") != NULL;
}

static inline void
wait_until_ok(void)
{
	for (unsigned i = 0; i < NODES; i++)
		for (int n = 0; !is_ok(&nodes[i]); n++) {
			if (n > 2000)
				server_fail("no Cluster");
			nap_ms(10);
		}
}

/* Two seconds: so long a master waits before it says that all is well. */
static inline int
start_nodes(void **state)
{
	char text[256];

	(void)state;
	for (unsigned i = 0; i < NODES; i++) {
		place_init(&nodes[i], false,
		    "cluster-enabled yes\ncluster-node-timeout 15000\n"
		    "cluster-require-full-coverage no");
		place_start(&nodes[i]);
		place_ask(&nodes[i], text, sizeof(text),
		    "CLUSTER ADDSLOTSRANGE %u %u", first_slot(i),
		    first_slot(i + 1) - 1);
		place_ask(&nodes[i], text, sizeof(text),
		    "CLUSTER SET-CONFIG-EPOCH %u", i + 1);
		place_ask(&nodes[i], ids[i], sizeof(ids[i]), "CLUSTER MYID");
		place_ask(&nodes[0], text, sizeof(text),
		    "CLUSTER MEET 127.0.0.1 %u", nodes[i].port);
	}
	wait_until_ok();
	return 0;
}

static inline int
stop_nodes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NODES; i++)
		place_done(&nodes[i]);
	return 0;
}

#endif
