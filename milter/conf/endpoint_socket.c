#include "conf/endpoint_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define PORT_SIZE sizeof("65535")

int
endpoint_address(
    const struct endpoint *at, struct endpoint_address *address_out)
{
	const struct addrinfo hints = {
		.ai_family = at->kind == ENDPOINT_INET ? AF_INET : AF_INET6,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *found;
	char port[PORT_SIZE];
	int rc;

	memset(address_out, 0, sizeof(*address_out));
	if (at->kind == ENDPOINT_UNIX) {
		address_out->local.sun_family = AF_UNIX;
		memcpy(address_out->local.sun_path, at->path,
		    strlen(at->path) + 1);
		address_out->len = sizeof(address_out->local);
		return 0;
	}
	snprintf(port, sizeof(port), "%u", at->port);
	if ((rc = getaddrinfo(at->host, port, &hints, &found)) != 0)
		return rc;
	memcpy(&address_out->any, found->ai_addr, found->ai_addrlen);
	address_out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int
endpoint_socket(const struct endpoint *at, struct endpoint_address *address_out)
{
	if (endpoint_address(at, address_out) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	return socket(address_out->any.sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
