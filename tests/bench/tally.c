/*
 * Every time is kept and sorted at the end: a percentile that was estimated
 * from buckets would move by more than what is being compared.
 */
#include "tally.h"
#include <ctype.h>
#include <stdlib.h>
#include <time.h>

enum { TIMES_MAX = 1 << 22 };

int64_t
tally_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void
tally_time(struct times *times, int64_t from_ns, int64_t to_ns)
{
	if (times->n == TIMES_MAX)
		return;
	if (times->n == times->capacity) {
		times->capacity = 2 * times->capacity + 1024;
		times->us =
		    realloc(times->us, times->capacity * sizeof(*times->us));
		if (times->us == NULL) {
			fprintf(stderr, "load: out of memory\n");
			abort();
		}
	}
	times->us[times->n++] = (uint32_t)((to_ns - from_ns) / 1000);
}

static int
compare_times(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void
report_times(struct times *times, const char *what, FILE *out)
{
	static const unsigned percents[] = { 50, 90, 99 };

	if (times->n == 0)
		return;
	qsort(times->us, times->n, sizeof(*times->us), compare_times);
	for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++)
		fprintf(out, "%s_us_p%u %u\n", what, percents[i],
		    times->us[(times->n - 1) * percents[i] / 100]);
	fprintf(out, "%s_us_max %u\n", what, times->us[times->n - 1]);
}

static void
report_counts(const struct tally *tally, FILE *out)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{ "connections", tally->n_connections },
		{ "connections_accepted", tally->n_connections_accepted },
		{ "connections_refused", tally->n_connections_refused },
		{ "messages", tally->n_messages },
		{ "messages_refused", tally->n_messages_refused },
		{ "rcpts_refused", tally->n_rcpts_refused },
		{ "discarded", tally->n_discarded },
		{ "packets", tally->n_packets },
		{ "waits", tally->n_waits },
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		fprintf(out, "%s %llu\n", counts[i].name,
		    (unsigned long long)counts[i].n);
	for (int kind = 0; kind < 256; kind++)
		if (tally->n_replies[kind] > 0 && isprint(kind))
			fprintf(out, "reply_%c %llu\n", kind,
			    (unsigned long long)tally->n_replies[kind]);
}

void
tally_report(struct tally *tally, double seconds, double cpu_sec, FILE *out)
{
	double per_sec = seconds > 0 ? (double)tally->n_messages / seconds : 0;

	fprintf(out, "seconds %.3f\n", seconds);
	fprintf(out, "cpu_sec %.3f\n", cpu_sec);
	fprintf(out, "messages_per_sec %.1f\n", per_sec);
	report_times(&tally->messages, "message", out);
	report_times(&tally->connects, "connect", out);
	report_counts(tally, out);
}

void
tally_done(struct tally *tally)
{
	free(tally->connects.us);
	free(tally->messages.us);
	*tally = (struct tally){ 0 };
}
