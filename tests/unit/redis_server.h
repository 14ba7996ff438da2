/*
 * redis_server: a private redis-server for tests, in a folder of its own under
 * TMPDIR, on a unix socket, without persistence. It dies with the test.
 *
 * Header only, so that each test is still one source file.
 */
#ifndef SLUICE_TESTS_REDIS_SERVER_H
#define SLUICE_TESTS_REDIS_SERVER_H

#include <dirent.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVER_ARGS_MAX 8

struct redis_server {
	pid_t pid;
	char dir[64];
	char path[96]; /* of the socket */
	char url[128];
	const char *args[SERVER_ARGS_MAX]; /* more of the command line */
};

static inline void
nap_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static inline void
server_fail(const char *what)
{
	perror(what);
	exit(99);
}

/* A connection for the test itself; NULL when nobody listens. */
static inline redisContext *
server_connect(const struct redis_server *server)
{
	redisContext *context = redisConnectUnix(server->path);

	if (context != NULL && context->err != 0) {
		redisFree(context);
		context = NULL;
	}
	return context;
}

static inline void
server_exec(const struct redis_server *server)
{
	const char *argv[16 + SERVER_ARGS_MAX] = { "redis-server", "--port",
		"0", "--unixsocket", server->path, "--save", "", "--appendonly",
		"no", "--dir", server->dir, "--logfile", "redis.log" };
	size_t n = 13;
	pid_t parent = getppid();

	for (size_t i = 0; i < SERVER_ARGS_MAX; i++)
		if (server->args[i] != NULL)
			argv[n++] = server->args[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execvp(argv[0], (char **)(uintptr_t)argv);
	server_fail("redis-server");
}

/* Starts it (again), empty, in the same place. */
static inline void
server_start(struct redis_server *server)
{
	redisContext *context = NULL;

	if ((server->pid = fork()) == -1)
		server_fail("fork");
	if (server->pid == 0)
		server_exec(server);
	for (int i = 0; i < 500 && context == NULL; i++) {
		nap_ms(10);
		context = server_connect(server);
	}
	if (context == NULL)
		server_fail("redis-server does not start");
	redisFree(context);
}

static inline void
server_init(struct redis_server *server)
{
	const char *tmp = getenv("TMPDIR");
	char dir[sizeof(server->dir)];

	memset(server, 0, sizeof(*server));
	snprintf(
	    dir, sizeof(dir), "%.40s/store-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		server_fail(dir);
	memcpy(server->dir, dir, sizeof(dir));
	snprintf(server->path, sizeof(server->path), "%s/sock", dir);
	snprintf(server->url, sizeof(server->url), "redis+unix://%s/sock", dir);
}

static inline void
server_kill(struct redis_server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGCONT);
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

static inline void
server_done(struct redis_server *server)
{
	char path[384];
	struct dirent *entry;
	DIR *dir;

	server_kill(server);
	if ((dir = opendir(server->dir)) != NULL) {
		while ((entry = readdir(dir)) != NULL) {
			snprintf(path, sizeof(path), "%s/%s", server->dir,
			    entry->d_name);
			unlink(path);
		}
		closedir(dir);
	}
	rmdir(server->dir);
}

/* Asks the server something of at most four words; "" for nil and trouble. */
static inline void
server_ask(const struct redis_server *server, const char *const words[4],
    char *text, size_t size)
{
	redisContext *context = server_connect(server);
	const char *argv[4];
	redisReply *reply = NULL;
	int argc = 0;

	text[0] = '\0';
	if (context == NULL)
		return;
	while (argc < 4 && words[argc] != NULL) {
		argv[argc] = words[argc];
		argc++;
	}
	reply = redisCommandArgv(context, argc, argv, NULL);
	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
		snprintf(text, size, "%lld", reply->integer);
	else if (reply != NULL && reply->str != NULL)
		snprintf(text, size, "%s", reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	redisFree(context);
}

#endif
