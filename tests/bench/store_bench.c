/*
 * store_bench: what a call of the store costs, with many threads waiting at
 * once, as the workers of libmilter do.
 *
 *	store_bench URL CLIENT THREADS SECONDS [REDIS-PID]
 *
 * Each thread charges two limits a call, of keys of its own, again and again.
 * CLIENT is how they ask, and by how many connections: shared-4 is the store
 * itself; pool-4 and iothread-1 are those of client.h, which send the same
 * bytes and read the same replies. One line: calls a second, microseconds of
 * latency (median, 99 %), and how much CPU time a call takes here and in Redis,
 * in microseconds.
 */
#include "client.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMES_MAX     200000 /* of one thread */
#define KEYS          100    /* of one thread */
#define WARM_UP_US    500000
#define COMMAND_BYTES 1024 /* of the usual one */

struct asker {
	pthread_t thread;
	unsigned number;
	uint32_t *times_us;
	size_t n_times;
	size_t n_failures;
};

static struct store *store;
static atomic_bool is_measuring, is_ending;
static struct asker askers[ASKERS_MAX];

/* NULL: the store's own. */
static const struct client *client;
static void *client_self;

static void
add_use(struct store_call *call, const char *limit, const char *identity)
{
	const struct store_rate rates[] = {
		{ .max = 1000000000, .window_sec = 60 },
		{ .max = 1000000000, .window_sec = 3600 },
	};
	const struct store_use use = {
		.limit = str_of(limit),
		.unit = STR("recipients"),
		.identity = str_of(identity),
		.rates = rates,
		.n_rates = 2,
		.op = STORE_CHARGE,
		.amount = 1,
	};

	store_call_add(call, &use);
}

/* What store_call_wait does, with another client in its middle. */
static int
wait_by_client(const struct asker *asker, struct store_call *call)
{
	struct redis_item items[CALL_ITEMS_MAX];
	const struct redis_question question = { items,
		redis_items_of(call, items), STORE_NOW };
	int64_t deadline_us = clock_steady_us() + CLIENT_TIMEOUT_US;
	struct buf command = { 0 };
	redisReply *reply;
	int rc = -1;

	call->answers = xcalloc(call->n_uses + 1, sizeof(*call->answers));
	buf_reserve(&command, COMMAND_BYTES);
	redis_script_put(&command, false, &question);
	reply = client->ask(
	    client_self, asker->number, buf_str(&command), deadline_us);
	buf_done(&command);
	if (reply == NULL)
		return -1;
	if (reply->type != REDIS_REPLY_ERROR)
		rc = redis_script_take(store->self, reply, &question);
	freeReplyObject(reply);
	return rc;
}

static void
ask_once(struct asker *asker, unsigned n)
{
	int64_t start_us = clock_steady_us();
	struct store_call *call = store_call_new(store);
	char identity[64];
	int rc;

	snprintf(identity, sizeof(identity), "user-%u-%u@example.org",
	    asker->number, n % KEYS);
	add_use(call, "user-pace", identity);
	add_use(call, "user-day", identity);
	if (client != NULL)
		rc = wait_by_client(asker, call);
	else
		rc = store_call_wait(call, STORE_NOW);
	store_call_put(call);
	if (!atomic_load(&is_measuring))
		return;
	if (rc == -1)
		asker->n_failures++;
	else if (asker->n_times < TIMES_MAX)
		asker->times_us[asker->n_times++] =
		    (uint32_t)(clock_steady_us() - start_us);
}

static void *
run_asker(void *arg)
{
	struct asker *asker = arg;

	for (unsigned n = 0; !atomic_load(&is_ending); n++)
		ask_once(asker, n);
	return NULL;
}

/* Of all threads of a process; 0: of us. */
static double
cpu_sec_of(pid_t pid)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 ||
	    clock_gettime(clock, &time) == -1)
		return 0;
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int
report(unsigned n_threads, double seconds, double ours_sec, double redis_sec)
{
	uint32_t *all = xmalloc(n_threads * TIMES_MAX * sizeof(*all));
	size_t n = 0, n_failures = 0;

	for (unsigned i = 0; i < n_threads; i++) {
		memcpy(all + n, askers[i].times_us,
		    askers[i].n_times * sizeof(*all));
		n += askers[i].n_times;
		n_failures += askers[i].n_failures;
	}
	qsort(all, n, sizeof(*all), compare);
	if (n > 0)
		printf("calls_per_s=%.0f p50_us=%u p99_us=%u cpu_us=%.1f "
		       "redis_cpu_us=%.1f failures=%zu\n",
		    (double)n / seconds, all[n / 2], all[n / 100 * 99],
		    ours_sec * 1e6 / (double)n, redis_sec * 1e6 / (double)n,
		    n_failures);
	else
		fprintf(
		    stderr, "no call was answered, %zu failed\n", n_failures);
	free(all);
	return n > 0 ? 0 : -1;
}

static int
measure(unsigned n_threads, double seconds, pid_t pid)
{
	double ours_sec, redis_sec;
	int64_t start_us;
	int rc;

	for (unsigned i = 0; i < n_threads; i++) {
		askers[i].number = i;
		askers[i].times_us = xcalloc(TIMES_MAX, sizeof(uint32_t));
		if (pthread_create(
			&askers[i].thread, NULL, run_asker, &askers[i]) != 0)
			abort();
	}
	usleep(WARM_UP_US);
	ours_sec = cpu_sec_of(0);
	redis_sec = pid != 0 ? cpu_sec_of(pid) : 0;
	start_us = clock_steady_us();
	atomic_store(&is_measuring, true);
	usleep((useconds_t)(seconds * 1e6));
	atomic_store(&is_measuring, false);
	ours_sec = cpu_sec_of(0) - ours_sec;
	redis_sec = pid != 0 ? cpu_sec_of(pid) - redis_sec : 0;
	start_us = clock_steady_us() - start_us;
	atomic_store(&is_ending, true);
	for (unsigned i = 0; i < n_threads; i++)
		pthread_join(askers[i].thread, NULL);
	rc = report(n_threads, (double)start_us / 1e6, ours_sec, redis_sec);
	for (unsigned i = 0; i < n_threads; i++)
		free(askers[i].times_us);
	return rc;
}

/* NAME-CONNECTIONS. -1: there is no such client. */
static int
choose_client(const char *text, unsigned *n_connections_out)
{
	static const struct client *const clients[] = { &client_pool,
		&client_iothread };
	const char *number = strrchr(text, '-');
	size_t len = number != NULL ? (size_t)(number - text) : 0;
	int n = number != NULL ? atoi(number + 1) : 0;
	struct str name = { text, len };

	if (n <= 0 || n > CLIENT_CONNECTIONS)
		return -1;
	*n_connections_out = (unsigned)n;
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		if (str_eq(name, str_of(clients[i]->name)))
			client = clients[i];
	return client != NULL || str_eq(name, STR("shared")) ? 0 : -1;
}

static int
run(const struct store_options *options, char **argv, unsigned n_threads)
{
	struct buf error = { 0 };
	int rc = -1;

	if ((store = store_open(options, &error)) == NULL)
		fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&error)));
	else if (client != NULL && (client_self = client->open(store->self,
					options->connections)) == NULL)
		rc = -1;
	else
		rc = measure(n_threads, atof(argv[4]),
		    argv[5] != NULL ? (pid_t)atoi(argv[5]) : 0);
	if (client_self != NULL)
		client->close(client_self);
	if (store != NULL)
		store_close(store);
	buf_done(&error);
	return rc;
}

int
main(int argc, char **argv)
{
	struct store_options options = { .prefix = "bench",
		.timeout_ms = CLIENT_TIMEOUT_US / 1000 };
	unsigned n_threads = argc > 3 ? (unsigned)atoi(argv[3]) : 0;

	if (argc < 5 || n_threads == 0 || n_threads > ASKERS_MAX ||
	    choose_client(argv[2], &options.connections) == -1) {
		fprintf(stderr,
		    "usage: store_bench URL CLIENT THREADS SECONDS "
		    "[REDIS-PID]\nCLIENT: shared-N, pool-N, "
		    "iothread-N; at most %d threads\n",
		    ASKERS_MAX);
		return 2;
	}
	options.url = argv[1];
	return run(&options, argv, n_threads) == 0 ? 0 : 1;
}
