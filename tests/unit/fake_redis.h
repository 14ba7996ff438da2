/*
 * fake_redis: a server on a unix socket that greets like Redis and then says
 * what the test wants: an error, garbage, half an answer or nothing at all.
 */
#ifndef SLUICE_TESTS_FAKE_REDIS_H
#define SLUICE_TESTS_FAKE_REDIS_H

#include "redis_server.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct fake_redis {
	int fd;
	atomic_bool is_ending;
	pthread_t thread;
	const char *greeting; /* to each command of the greeting, or NULL */
	const char *answer;   /* to each script; NULL: none; "": closes */
	bool closes;          /* after an answer, too */
	bool counts; /* or: script number i is answered by :i, once released */
	atomic_uint n_released;
	atomic_uint n_guests;
	atomic_uint n_scripts;
};

/* One command is an array of bulk strings; false at the end. */
static inline bool
fake_read_command(FILE *in, char name[16])
{
	char line[64], *bytes;
	long n, len;

	if (fgets(line, sizeof(line), in) == NULL || line[0] != '*')
		return false;
	n = atol(line + 1);
	for (long i = 0; i < n; i++) {
		if (fgets(line, sizeof(line), in) == NULL)
			return false;
		len = atol(line + 1) + 2;
		bytes = malloc((size_t)len + 1);
		if (bytes == NULL ||
		    fread(bytes, 1, (size_t)len, in) != (size_t)len) {
			free(bytes);
			return false;
		}
		bytes[len - 2] = '\0';
		if (i == 0)
			snprintf(name, 16, "%.15s", bytes);
		free(bytes);
	}
	return true;
}

static inline const char *
fake_answer(struct fake_redis *fake, const char *name)
{
	if (strncmp(name, "EVAL", 4) == 0) {
		atomic_fetch_add(&fake->n_scripts, 1);
		return fake->answer;
	}
	if (fake->greeting != NULL)
		return fake->greeting;
	return strcmp(name, "GET") == 0 ? "$4\r\nmark\r\n" : "+OK\r\n";
}

static inline void
fake_count(struct fake_redis *fake, int fd)
{
	unsigned i = atomic_fetch_add(&fake->n_scripts, 1);
	char answer[16];

	while (i >= atomic_load(&fake->n_released))
		nap_ms(1);
	snprintf(answer, sizeof(answer), ":%u\r\n", i);
	send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

static inline void
fake_talk(struct fake_redis *fake, int fd)
{
	FILE *in = fdopen(fd, "r");
	char name[16];

	while (in != NULL && fake_read_command(in, name)) {
		const char *answer;

		if (fake->counts && strncmp(name, "EVAL", 4) == 0) {
			fake_count(fake, fd);
			continue;
		}
		answer = fake_answer(fake, name);
		if (answer == NULL)
			continue;
		if (answer[0] == '\0')
			break;
		send(fd, answer, strlen(answer), MSG_NOSIGNAL);
		if (fake->closes && strncmp(name, "EVAL", 4) == 0)
			break;
	}
	if (in != NULL)
		fclose(in);
}

struct fake_guest {
	struct fake_redis *fake;
	int fd;
};

static inline void *
fake_run_guest(void *arg)
{
	struct fake_guest guest = *(struct fake_guest *)arg;

	free(arg);
	fake_talk(guest.fake, guest.fd);
	return NULL;
}

static inline void *
fake_run(void *arg)
{
	struct fake_redis *fake = arg;
	pthread_t threads[64];
	size_t n = 0;

	while (n < 64) {
		struct fake_guest *guest = malloc(sizeof(*guest));
		int fd = accept(fake->fd, NULL, NULL);

		if (fd == -1 || guest == NULL ||
		    atomic_load(&fake->is_ending)) {
			free(guest);
			break;
		}
		*guest = (struct fake_guest){ fake, fd };
		atomic_fetch_add(&fake->n_guests, 1);
		pthread_create(&threads[n++], NULL, fake_run_guest, guest);
	}
	while (n > 0)
		pthread_join(threads[--n], NULL);
	return NULL;
}

static inline void
fake_start(struct fake_redis *fake, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	unlink(path);
	atomic_init(&fake->is_ending, false);
	atomic_init(&fake->n_scripts, 0);
	atomic_init(&fake->n_guests, 0);
	atomic_init(&fake->n_released, 0);
	fake->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fake->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fake->fd, 64))
		server_fail(path);
	pthread_create(&fake->thread, NULL, fake_run, fake);
}

/* After the store was closed: guests end with their connections. */
static inline void
fake_stop(struct fake_redis *fake)
{
	atomic_store(&fake->is_ending, true);
	atomic_store(&fake->n_released, UINT_MAX);
	shutdown(fake->fd, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->fd);
}

#endif
