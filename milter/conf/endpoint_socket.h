/*
 * endpoint_socket: from an endpoint to a socket, for those who listen there and
 * for those who ask whether anybody does. Any thread.
 */
#ifndef SLUICE_CONF_ENDPOINT_SOCKET_H
#define SLUICE_CONF_ENDPOINT_SOCKET_H

#include "conf/endpoint.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/* As bind(2) and connect(2) want it: &address.any, address.len. */
struct endpoint_address {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len;
};

/* The first address of the host, which may have to be asked of DNS; of a unix
 * socket its path. 0, or what gai_strerror(3) explains. */
int endpoint_address(
    const struct endpoint *at, struct endpoint_address *address_out);

/*
 * A stream socket of the right family, close-on-exec and non-blocking, neither
 * bound nor connected, and the address to do so. A descriptor, or -1 with errno
 * (EADDRNOTAVAIL: the host is not found).
 */
int endpoint_socket(
    const struct endpoint *at, struct endpoint_address *address_out);

#endif
