/*
 * store_bench: what a call of the store costs, with many threads waiting at
 * once, as the workers of libmilter do.
 *
 *	store_bench URL THREADS SECONDS CONNECTIONS [REDIS-PID]
 *
 * Each thread charges two limits a call, of keys of its own, again and again.
 * One line: calls a second, microseconds of latency (median, 99 %), and how
 * much CPU time a call takes here and in Redis, in microseconds.
 */
#include "base/clock.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS_MAX 200
#define TIMES_MAX   200000 /* of one thread */
#define KEYS        100    /* of one thread */
#define TIMEOUT_MS  1000

struct asker {
	pthread_t thread;
	unsigned number;
	uint32_t *times_us;
	size_t n_times;
	size_t n_failures;
};

static struct store *store;
static atomic_bool is_measuring, is_ending;
static struct asker askers[THREADS_MAX];

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

static double
cpu_sec_of_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* utime and stime of /proc/PID/stat; the name before them may hold blanks. */
static double
cpu_sec_of(const char *pid)
{
	unsigned long utime = 0, stime = 0;
	char path[64], line[1024];
	const char *rest = NULL;
	FILE *file;

	if (pid == NULL)
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if ((file = fopen(path, "r")) == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) != NULL)
		rest = strrchr(line, ')');
	fclose(file);
	if (rest == NULL || sscanf(rest,
				") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
				"%lu %lu",
				&utime, &stime) != 2)
		return 0;
	return (double)(utime + stime) / (double)sysconf(_SC_CLK_TCK);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
report(unsigned n_threads, double seconds, double ours_sec, double redis_sec)
{
	uint32_t *all = malloc(n_threads * TIMES_MAX * sizeof(*all));
	size_t n = 0, n_failures = 0;

	if (all == NULL)
		abort();
	for (unsigned i = 0; i < n_threads; i++) {
		memcpy(all + n, askers[i].times_us,
		    askers[i].n_times * sizeof(*all));
		n += askers[i].n_times;
		n_failures += askers[i].n_failures;
	}
	if (n > 0) {
		qsort(all, n, sizeof(*all), compare);
		printf("threads=%u calls_per_s=%.0f p50_us=%u p99_us=%u "
		       "cpu_us=%.1f redis_cpu_us=%.1f failures=%zu\n",
		    n_threads, (double)n / seconds, all[n / 2],
		    all[n / 100 * 99], ours_sec * 1e6 / (double)n,
		    redis_sec * 1e6 / (double)n, n_failures);
	}
	free(all);
}

static void
measure(unsigned n_threads, unsigned seconds, const char *pid)
{
	double ours_sec, redis_sec;
	int64_t start_us;

	for (unsigned i = 0; i < n_threads; i++) {
		askers[i].number = i;
		askers[i].times_us = calloc(TIMES_MAX, sizeof(uint32_t));
		if (askers[i].times_us == NULL)
			abort();
		pthread_create(&askers[i].thread, NULL, run_asker, &askers[i]);
	}
	sleep(1);
	ours_sec = cpu_sec_of_us();
	redis_sec = cpu_sec_of(pid);
	start_us = clock_steady_us();
	atomic_store(&is_measuring, true);
	sleep(seconds);
	atomic_store(&is_measuring, false);
	ours_sec = cpu_sec_of_us() - ours_sec;
	redis_sec = cpu_sec_of(pid) - redis_sec;
	start_us = clock_steady_us() - start_us;
	atomic_store(&is_ending, true);
	for (unsigned i = 0; i < n_threads; i++)
		pthread_join(askers[i].thread, NULL);
	report(n_threads, (double)start_us / 1e6, ours_sec, redis_sec);
	for (unsigned i = 0; i < n_threads; i++)
		free(askers[i].times_us);
}

int
main(int argc, char **argv)
{
	struct store_options options = { .prefix = "bench",
		.timeout_ms = TIMEOUT_MS };
	struct buf error = { 0 };
	unsigned n_threads;

	if (argc < 5) {
		fprintf(stderr, "usage: store_bench URL THREADS SECONDS "
				"CONNECTIONS [REDIS-PID]\n");
		return 2;
	}
	options.url = argv[1];
	options.connections = (uint32_t)atoi(argv[4]);
	n_threads = (unsigned)atoi(argv[2]);
	if (n_threads == 0 || n_threads > THREADS_MAX)
		return 2;
	if ((store = store_open(&options, &error)) == NULL) {
		fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&error)));
		return 1;
	}
	measure(n_threads, (unsigned)atoi(argv[3]), argc > 5 ? argv[5] : NULL);
	store_close(store);
	buf_done(&error);
	return 0;
}
