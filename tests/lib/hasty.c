/*
 * For LD_PRELOAD: hours pass in seconds. Calendar time runs 10,000 times as
 * fast, and a poll of an hour or more ends as much sooner. That is how
 * libmilter measures how long an MTA has been silent.
 */
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HASTE   10000
#define HOUR_MS (3600 * 1000)

static struct timespec start;

__attribute__((constructor)) static void
note_start(void)
{
	clock_gettime(CLOCK_REALTIME, &start);
}

time_t
time(time_t *out)
{
	struct timespec now;
	time_t hasty;

	clock_gettime(CLOCK_REALTIME, &now);
	hasty = now.tv_sec + (now.tv_sec - start.tv_sec) * HASTE +
		(now.tv_nsec - start.tv_nsec) / (1000000000L / HASTE);
	if (out != NULL)
		*out = hasty;
	return hasty;
}

int
poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (timeout_ms >= HOUR_MS)
		timeout_ms /= HASTE;
	return (int)syscall(SYS_poll, fds, n, timeout_ms);
}
