/*
 * redis_place: redis-servers on TCP ports, with a configuration file: masters,
 * Sentinels, nodes of a Cluster. Each has a folder of its own under TMPDIR and
 * dies with the test.
 *
 * Each process takes ports from a block of its own, by its pid, below those that
 * the system gives to clients: a port that is free now may be another's in a
 * moment, and then the wrong server would answer.
 */
#ifndef SLUICE_TESTS_REDIS_PLACE_H
#define SLUICE_TESTS_REDIS_PLACE_H

#include "redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct place {
	pid_t pid;
	unsigned port;
	bool is_sentinel;
	char dir[96];
	const char *password; /* for the test's own questions */
};

static inline bool
port_is_free(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	int rc;

	/* What was closed a moment ago is free: only a listener is not. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address));

	close(fd);
	return rc == 0;
}

#define PLACE_BLOCKS      300
#define PLACE_BLOCK_PORTS 32

/* The bus of a Cluster is 10000 above. */
static inline unsigned
free_port(void)
{
	static unsigned n;
	unsigned first =
	    10200 + (unsigned)getpid() % PLACE_BLOCKS * PLACE_BLOCK_PORTS;
	unsigned port;

	do
		port = first + n++ % PLACE_BLOCK_PORTS;
	while (!port_is_free(port) || !port_is_free(port + 10000));
	return port;
}

/* Lines of the configuration, beside where it is. */
static inline void
place_init(struct place *place, bool is_sentinel, const char *lines)
{
	const char *tmp = getenv("TMPDIR");
	char path[128];
	FILE *file;

	memset(place, 0, sizeof(*place));
	snprintf(place->dir, sizeof(place->dir), "%.40s/place-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(place->dir) == NULL)
		server_fail(place->dir);
	place->port = free_port();
	place->is_sentinel = is_sentinel;
	snprintf(path, sizeof(path), "%s/conf", place->dir);
	if ((file = fopen(path, "w")) == NULL)
		server_fail(path);
	fprintf(file,
	    "port %u\nbind 127.0.0.1\ndir %s\nlogfile log\ndaemonize no\n%s"
	    "%s\n",
	    place->port, place->dir,
	    is_sentinel ? "" : "save \"\"\nappendonly no\n", lines);
	fclose(file);
}

/* A connection for the test itself, or NULL. */
static inline redisContext *
place_connect(const struct place *place)
{
	redisContext *context = redisConnect("127.0.0.1", (int)place->port);
	redisReply *reply = NULL;

	if (context == NULL || context->err != 0) {
		redisFree(context);
		return NULL;
	}
	if (place->password != NULL)
		reply = redisCommand(context, "AUTH %s", place->password);
	if (reply != NULL)
		freeReplyObject(reply);
	return context;
}

static inline void
place_exec(const struct place *place)
{
	char path[128];
	pid_t parent = getppid();

	snprintf(path, sizeof(path), "%s/conf", place->dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execlp("redis-server", "redis-server", path,
	    place->is_sentinel ? "--sentinel" : (char *)NULL, (char *)NULL);
	server_fail("redis-server");
}

/* Starts it (again), empty, in the same place. */
static inline void
place_start(struct place *place)
{
	redisContext *context = NULL;

	if ((place->pid = fork()) == -1)
		server_fail("fork");
	if (place->pid == 0)
		place_exec(place);
	for (int i = 0; i < 500 && context == NULL; i++) {
		nap_ms(10);
		context = place_connect(place);
	}
	if (context == NULL)
		server_fail("redis-server does not start");
	redisFree(context);
}

static inline void
place_kill(struct place *place)
{
	if (place->pid <= 0)
		return;
	kill(place->pid, SIGKILL);
	waitpid(place->pid, NULL, 0);
	place->pid = 0;
}

static inline void
place_done(struct place *place)
{
	char path[400];
	struct dirent *entry;
	DIR *dir;

	place_kill(place);
	if ((dir = opendir(place->dir)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		snprintf(
		    path, sizeof(path), "%s/%s", place->dir, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(place->dir);
}

/* Asks it something; the answer as text, "" for nil and trouble. */
static inline void __attribute__((format(printf, 4, 5))) place_ask(
    const struct place *place, char *text, size_t size, const char *format, ...)
{
	redisContext *context = place_connect(place);
	redisReply *reply;
	va_list args;

	text[0] = '\0';
	if (context == NULL)
		return;
	va_start(args, format);
	reply = redisvCommand(context, format, args);
	va_end(args);
	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
		snprintf(text, size, "%lld", reply->integer);
	else if (reply != NULL && reply->str != NULL)
		snprintf(text, size, "%s", reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	redisFree(context);
}

#endif
