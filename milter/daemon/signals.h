/*
 * signals: HUP, USR1, TERM and INT as events of the main thread.
 *
 * All functions but signals_post are for the main thread.
 */
#ifndef SLUICE_DAEMON_SIGNALS_H
#define SLUICE_DAEMON_SIGNALS_H

enum signal_event {
	SIGNAL_RELOAD,
	SIGNAL_STOP,    /* TERM */
	SIGNAL_QUIT,    /* INT: the same, by another name */
	SIGNAL_GAVE_UP, /* posted: libmilter stopped serving */
	SIGNAL_NONE,    /* the time is over */
};

/* Before any other thread: they all must inherit the blocked signals. 0, or
 * -1 with errno. */
int signals_init(void);
/* Once all threads but libmilter's are there. */
void signals_unblock(void);
/* Waits for the next event, at most wait_ms (-1: for ever). */
enum signal_event signals_wait(int wait_ms);
/* Any thread. */
void signals_post(enum signal_event event);

#endif
