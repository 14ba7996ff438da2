/*
 * The trap is to wait: a backlog that is full, a daemon that is stopped. Both
 * the connection and what is said on it are non-blocking; what does not go now
 * is not said, and a connection that broke is made anew the next time. While no
 * MTA is there nothing is said at all.
 */
#include "daemon/pulse.h"

#include "base/log.h"
#include "conf/endpoint_socket.h"
#include "daemon/places.h"
#include "daemon/sessions.h"
#include "daemon/threads.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BEAT_MS     250
#define BEATS_AFTER 40 /* the last connection that was accepted */

/* Length 1, command SMFIC_ABORT; libmilter ignores it before a negotiation. */
static const char packet[] = { 0, 0, 0, 1, 'A' };

/* A connection, perhaps still on its way, or -1. */
static int
try_connect(const struct endpoint *at)
{
	struct endpoint_address address;
	int fd = endpoint_socket(at, &address);

	if (fd == -1 || connect(fd, &address.any, address.len) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* Returns the connection from now on, or -1. */
static int
beat(int fd, const struct endpoint *at)
{
	if (fd == -1)
		fd = try_connect(at);
	if (fd == -1 ||
	    send(fd, packet, sizeof(packet), MSG_NOSIGNAL | MSG_DONTWAIT) ==
		(ssize_t)sizeof(packet) ||
	    errno == EAGAIN)
		return fd;
	log_debug(
	    "the daemon's connection to itself broke: %s", strerror(errno));
	close(fd);
	return -1;
}

static void *
work(void *argument)
{
	const struct timespec pause = { 0, BEAT_MS * 1000000L };
	const struct endpoint *at = argument;
	uint64_t n_accepted = 0;
	unsigned n_left = 0;
	int fd = -1;

	for (;;) {
		uint64_t n = places_n_accepted();

		if (n != n_accepted || sessions_n_connected() > 0)
			n_left = BEATS_AFTER;
		n_accepted = n;
		if (n_left > 0) {
			n_left--;
			fd = beat(fd, at);
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int
pulse_start(const struct endpoint *at)
{
	return threads_start("pulse", work, (void *)(uintptr_t)at);
}
