/*
 * The kernel gives out the lowest free number, so the number of a descriptor
 * tells how many are taken: whoever gets one at or above `ceiling` is about to
 * use what Redis, a helper or the log will need. That is asked for before each
 * accept, not after: a connection that was accepted can only be cut off, one
 * that waits in the backlog is served as soon as another ends.
 *
 * The trap: libmilter polls the listener and finds it readable all the while,
 * so the pause must be in here. Nothing else waits for it; libmilter holds its
 * listener's lock meanwhile, which only its own end wants, and we end without.
 */
#include "daemon/places.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OWN_FILES     64 /* usually; a quarter where there are few */
#define REFUSED_FILES 32 /* usually; an eighth */

#define PAUSE_MS          20
#define TELL_EVERY_US     INT64_C(60000000)
#define VANISHED_IDLE_SEC 120
#define VANISHED_PROBES   4
#define VANISHED_EACH_SEC 30

/* Set before there are threads. */
static int ceiling = INT32_MAX;
static uint32_t most = UINT32_MAX;
static uint64_t n_files_allowed;

static _Atomic int64_t told_us; /* when a line was last logged */
static atomic_uint_fast64_t n_accepted;

struct places
places_share(uint64_t n_files)
{
	struct places places = { .own = OWN_FILES, .refused = REFUSED_FILES };

	if (n_files > INT32_MAX)
		n_files = INT32_MAX;
	if (n_files / 4 < OWN_FILES)
		places.own = (uint32_t)(n_files / 4);
	if (n_files / 8 < REFUSED_FILES)
		places.refused = (uint32_t)(n_files / 8);
	places.served = (uint32_t)n_files - places.own - places.refused;
	return places;
}

int
places_init(struct buf *error)
{
	struct rlimit limit;
	struct places places;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warning("cannot raise the number of open files: %s",
		    strerror(errno));
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < PLACES_FILES_MIN) {
		buf_printf(error,
		    "only %llu files may be open, at least %d are needed: "
		    "raise LimitNOFILE",
		    (unsigned long long)limit.rlim_cur, PLACES_FILES_MIN);
		return -1;
	}
	places = places_share(limit.rlim_cur);
	n_files_allowed = limit.rlim_cur;
	/* Half of our own are open from the start on, as a rule. */
	ceiling = (int)(places.served + places.refused + places.own / 2);
	most = places.served;
	return 0;
}

uint32_t
places_fit(uint32_t wanted)
{
	if (wanted <= most)
		return wanted;
	log_warning("max_connections is %u, but only %llu files may be open: "
		    "it is %u now; raise LimitNOFILE",
	    wanted, (unsigned long long)n_files_allowed, most);
	return most;
}

/* Is the next descriptor one that MTAs may have? With errno if not. */
static bool
has_place(int fd)
{
	int next = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (next == -1)
		return false;
	close(next);
	if (next < ceiling)
		return true;
	errno = EMFILE;
	return false;
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

/* Says why, at most once a minute, and rests. errno stays. */
static void
wait_for_place(void)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	int saved = errno;
	int64_t now_us = clock_steady_us();

	if (told_us == 0 || now_us - told_us >= TELL_EVERY_US) {
		told_us = now_us;
		log_error("no descriptor is left for another connection (%s) "
			  "while %zu are served: MTAs wait until one ends; "
			  "raise LimitNOFILE, or let the MTAs run fewer "
			  "processes",
		    strerror(saved), sessions_n_connected());
	}
	nanosleep(&pause, NULL);
	errno = saved;
}

/*
 * An MTA's machine that vanished without a word is noticed after minutes, not
 * after the hours of the system's default (libmilter turns the probes on). And
 * the changes at the end of a message are many small packets, of which none
 * shall wait for the acknowledgement of the one before.
 */
static void
tune(int fd, int family)
{
	static const struct {
		int name, value;
	} options[] = {
		{ TCP_NODELAY, 1 },
		{ TCP_KEEPIDLE, VANISHED_IDLE_SEC },
		{ TCP_KEEPINTVL, VANISHED_EACH_SEC },
		{ TCP_KEEPCNT, VANISHED_PROBES },
	};

	if (family != AF_INET && family != AF_INET6)
		return;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, IPPROTO_TCP, options[i].name, &options[i].value,
		    sizeof(options[i].value));
}

/* By another name in C, since the C library's header declares its parameters
 * in a way of its own. */
int places_accept(int listener, struct sockaddr *address,
    socklen_t *address_len) __asm__("accept");

int
places_accept(int listener, struct sockaddr *address, socklen_t *address_len)
{
	int fd = -1;

	if (has_place(listener))
		fd = accept4(listener, address, address_len, SOCK_CLOEXEC);
	if (fd == -1 && is_shortage(errno))
		wait_for_place();
	if (fd == -1 || address == NULL)
		return fd; /* others of ours do not ask who came */
	atomic_fetch_add(&n_accepted, 1);
	tune(fd, address->sa_family);
	return fd;
}

uint64_t
places_n_accepted(void)
{
	return atomic_load(&n_accepted);
}
