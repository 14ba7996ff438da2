/*
 * packets: a packet of the MTA's whose form libmilter trusts and should not.
 *
 * Linking this file gives the program an mi_rd_cmd of its own, the function by
 * which libmilter reads a packet. Macros come as pairs of name and value, each
 * ended by a NUL; libmilter walks over them two by two, and with an odd number
 * past the end of its array. So a name without a value is cut off, and whoever
 * can connect to the socket cannot end the daemon by one.
 */
#ifndef SLUICE_DAEMON_PACKETS_H
#define SLUICE_DAEMON_PACKETS_H

#include "base/str.h"

#include <sys/time.h>

/* Main, before libmilter serves. False: this libmilter reads packets in a way
 * that cannot be watched. */
bool packets_init(void);
/* Of a macro packet's bytes (the step's letter, then strings): how many hold
 * whole pairs. What is behind them is to be left out of account. */
size_t packet_pairs(struct str bytes);

/* libmilter's: the rest of a packet, allocated, or NULL. */
char *mi_rd_cmd(int fd, struct timeval *timeout, char *command, size_t *len_out,
    char *name);

#endif
