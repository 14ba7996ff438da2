/*
 * One datagram for each thing said. A manager that is busy gets SEND_MS to take
 * it, since a READY=1 that is lost would end the daemon; only threads that no
 * mail waits for say anything.
 *
 * The trap is the address: a name that begins with '@' is one of the abstract
 * space, where the first byte is NUL and the length counts.
 */
#include "daemon/life/notify.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Of one line for `systemctl status`. */
#define STATUS_MAX 200
#define SEND_MS    500

/* Set before there are threads, but for what is atomic. */
static struct notify {
	int fd; /* connected; -1 where nobody asked */
	uint64_t watchdog_us;
	atomic_bool was_ready;
} notify = { .fd = -1 };

/* A path or "@NAME". 0, or -1 if it is none. */
static int
read_address(const char *text, struct sockaddr_un *address, socklen_t *len_out)
{
	size_t len = strlen(text);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len < 2 || len >= sizeof(address->sun_path) ||
	    (text[0] != '/' && text[0] != '@'))
		return -1;
	memcpy(address->sun_path, text, len);
	if (text[0] == '@')
		address->sun_path[0] = '\0';
	*len_out = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static int
connect_to(const char *text)
{
	const struct timeval patience = { .tv_usec = SEND_MS * 1000 };
	struct sockaddr_un address;
	socklen_t len;
	int fd;

	if (read_address(text, &address, &len) == -1) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* $WATCHDOG_PID, where it is set, says which process is meant. */
static uint64_t
read_watchdog(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t us, number;

	if (text == NULL || number_parse(str_of(text), INT64_MAX, &us) == -1)
		return 0;
	if (pid != NULL &&
	    (number_parse(str_of(pid), INT32_MAX, &number) == -1 ||
		number != (uint64_t)getpid()))
		return 0;
	return us < NOTIFY_WATCHDOG_MAX_US ? us : NOTIFY_WATCHDOG_MAX_US;
}

void
notify_init(void)
{
	const char *text = getenv("NOTIFY_SOCKET");

	atomic_store(&notify.was_ready, false);
	notify.fd = text == NULL ? -1 : connect_to(text);
	if (text != NULL && notify.fd == -1)
		log_warning("NOTIFY_SOCKET=%s cannot be told how it goes: %s",
		    text, strerror(errno));
	notify.watchdog_us = notify.fd == -1 ? 0 : read_watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

bool
notify_is_wanted(void)
{
	return notify.fd != -1;
}

static void
tell(const char *text)
{
	if (notify.fd != -1 &&
	    send(notify.fd, text, strlen(text), MSG_NOSIGNAL) == -1)
		log_debug("the service manager was not told '%s': %s", text,
		    strerror(errno));
}

void
notify_ready(void)
{
	atomic_store(&notify.was_ready, true);
	tell("READY=1");
}

void
notify_reloading(void)
{
	char text[64];

	if (!atomic_load(&notify.was_ready))
		return;
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)clock_steady_us());
	tell(text);
}

void
notify_reloaded(void)
{
	if (atomic_load(&notify.was_ready))
		tell("READY=1");
}

void
notify_stopping(void)
{
	tell("STOPPING=1");
}

void
notify_status(const char *text)
{
	struct buf line;

	buf_init(&line);
	buf_add_cstr(&line, "STATUS=");
	/* A line feed would begin another assignment. */
	log_escape(&line, str_of(text), STATUS_MAX);
	tell(buf_str(&line).p);
	buf_done(&line);
}

uint64_t
notify_watchdog_us(void)
{
	return notify.watchdog_us;
}

void
notify_alive(void)
{
	tell("WATCHDOG=1");
}
