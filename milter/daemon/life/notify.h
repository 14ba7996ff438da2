/*
 * notify: telling the service manager how it goes (sd_notify(3): datagrams to
 * $NOTIFY_SOCKET; own code, a page of it, so that the library is no need).
 *
 * Nothing happens where nobody asked for it. Any thread.
 */
#ifndef SLUICE_DAEMON_LIFE_NOTIFY_H
#define SLUICE_DAEMON_LIFE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Main, at the start: remembers the socket and takes it out of the environment,
 * so that helpers do not inherit it. */
void notify_init(void);
bool notify_is_wanted(void);

void notify_ready(void);
/* RELOADING=1 with MONOTONIC_USEC, and READY=1 at its end, good or not. Nothing
 * before we were ready: that would be said too early. */
void notify_reloading(void);
void notify_reloaded(void);
void notify_stopping(void);
/* What `systemctl status` shows: one line. */
void notify_status(const char *text);

/* How often the watchdog wants to hear of us, 0: never. We do it twice as
 * often; one that would wait for longer hears of us each half hour. */
#define NOTIFY_WATCHDOG_MAX_US UINT64_C(3600000000)
uint64_t notify_watchdog_us(void);
void notify_alive(void);

#endif
