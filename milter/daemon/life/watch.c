/*
 * The trap is a keep-alive that only proves that its own timer runs. So the
 * main thread, which has nothing else to do, looks at the others before it
 * speaks, and where no mail gives proof it goes the way of an MTA itself: a
 * connection, one packet ("quit"), and the end that libmilter's worker makes of
 * it. That opens no session, so nothing is counted or logged.
 */
#include "daemon/life/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/endpoint_socket.h"
#include "daemon/keeper/keeper.h"
#include "daemon/life/notify.h"
#include "daemon/sessions.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define READY_EVERY_MS 200
#define PROBE_MAX_MS   2000
#define US_OF_MS       INT64_C(1000)

/* Main thread only. */
static struct watch {
	struct watch_past past;
	enum watch_finding finding;
	bool is_ready;
	bool was_told; /* that we are not ready */
	int64_t next_us;
} watch;

enum watch_finding
watch_judge(struct watch_past *past, const struct watch_facts *facts)
{
	bool has_progress = facts->n_callbacks != past->n_callbacks ||
			    facts->probe != WATCH_SILENT;

	past->n_callbacks = facts->n_callbacks;
	past->n_silent = has_progress ? 0 : past->n_silent + 1;
	if (facts->oldest_callback_us != 0 &&
	    facts->now_us - facts->oldest_callback_us >
		WATCH_CALLBACK_MS * US_OF_MS)
		return WATCH_CALLBACK;
	if (facts->now_us - facts->keeper_us > WATCH_KEEPER_MS * US_OF_MS)
		return WATCH_KEEPER;
	if (past->n_silent >= WATCH_SILENT_MAX)
		return WATCH_NO_PROGRESS;
	return WATCH_FINE;
}

static bool
is_soon(int fd, short events, int64_t end_us)
{
	int64_t wait_ms = (end_us - clock_steady_us()) / US_OF_MS;
	struct pollfd ready = { .fd = fd, .events = events };

	return wait_ms >= 0 && poll(&ready, 1, (int)wait_ms) == 1;
}

enum watch_probe
watch_probe(const struct endpoint *at, int wait_ms)
{
	static const char quit[] = { 0, 0, 0, 1, 'Q' };
	int64_t end_us = clock_steady_us() + wait_ms * US_OF_MS;
	enum watch_probe answer = WATCH_SILENT;
	struct endpoint_address address;
	int fd = endpoint_socket(at, &address);
	char byte;

	if (fd == -1)
		return WATCH_UNKNOWN;
	if (connect(fd, &address.any, address.len) == -1 &&
	    errno != EINPROGRESS)
		goto out;
	if (is_soon(fd, POLLOUT, end_us) &&
	    send(fd, quit, sizeof(quit), MSG_NOSIGNAL) == sizeof(quit) &&
	    is_soon(fd, POLLIN, end_us) && recv(fd, &byte, 1, 0) == 0)
		answer = WATCH_ANSWERED;
out:
	close(fd);
	return answer;
}

static void
log_finding(enum watch_finding finding, const struct watch_facts *facts)
{
	int64_t callback_s =
	    (facts->now_us - facts->oldest_callback_us) / 1000000;
	int64_t keeper_s = (facts->now_us - facts->keeper_us) / 1000000;

	switch (finding) {
	case WATCH_FINE:
		log_info("watchdog: all is well again");
		return;
	case WATCH_CALLBACK:
		log_error("watchdog: one step of a mail has been taking %lld s;"
			  " the service manager is told no more that we live",
		    (long long)callback_s);
		return;
	case WATCH_KEEPER:
		log_error("watchdog: the work beside mail stands still since "
			  "%lld s; the service manager is told no more that we "
			  "live",
		    (long long)keeper_s);
		return;
	case WATCH_NO_PROGRESS:
		log_error("watchdog: our own socket does not answer and no "
			  "mail goes on; the service manager is told no more "
			  "that we live");
		return;
	}
}

/* Before the watchdog's time is over twice. */
static int
period_ms(void)
{
	return (int)(notify_watchdog_us() / 2 / 1000);
}

static int
probe_ms(void)
{
	int quarter_ms = period_ms() / 2;

	return quarter_ms < PROBE_MAX_MS ? quarter_ms : PROBE_MAX_MS;
}

static void
look(const struct endpoint *at)
{
	struct watch_facts facts = {
		.probe = watch_probe(at, probe_ms()),
		.oldest_callback_us = sessions_oldest_us(),
		.n_callbacks = sessions_n_callbacks(),
		.keeper_us = keeper_round_us(),
		.now_us = clock_steady_us(),
	};
	enum watch_finding finding = watch_judge(&watch.past, &facts);

	if (finding != watch.finding)
		log_finding(finding, &facts);
	watch.finding = finding;
	if (finding == WATCH_FINE)
		notify_alive();
}

static void
become_ready(const struct endpoint *at)
{
	watch.is_ready = watch_probe(at, PROBE_MAX_MS) == WATCH_ANSWERED;
	if (watch.is_ready) {
		notify_ready();
	} else if (!watch.was_told) {
		log_warning(
		    "not ready: %s does not answer to ourselves", at->text);
		watch.was_told = true;
	}
}

int
watch_tick(const struct endpoint *at)
{
	int64_t now_us = clock_steady_us();

	if (!notify_is_wanted())
		return -1;
	if (!watch.is_ready)
		become_ready(at);
	if (!watch.is_ready)
		return READY_EVERY_MS;
	if (period_ms() == 0)
		return -1;
	if (now_us >= watch.next_us) {
		watch.next_us = now_us + period_ms() * US_OF_MS;
		look(at);
		now_us = clock_steady_us();
	}
	return now_us >= watch.next_us
		   ? 0
		   : (int)((watch.next_us - now_us) / US_OF_MS + 1);
}
