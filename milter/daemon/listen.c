/*
 * Two daemons on one unix socket is the trap: bind removes nothing, but
 * whoever unlinks a "stale" socket may unlink a living one. So PATH.lock is
 * locked first, and a socket is stale only if nobody answers on it; at the end
 * it is removed only if device and inode are still those of ours.
 */
#include "daemon/listen.h"

#include "base/ip.h"
#include "base/quantity.h"
#include "conf/endpoint_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_FIRST_BYTES ((size_t)512)
#define LOCK_TRIES        10
#define LOCK_TEXT_MAX     32
#define LOCK_PATH_SIZE    (ENDPOINT_PATH_MAX + sizeof(".lock"))

static void
lock_path(const struct endpoint *at, char path[LOCK_PATH_SIZE])
{
	snprintf(path, LOCK_PATH_SIZE, "%s.lock", at->path);
}

/* Is the file that fd has open still the one of that name? */
static bool
is_same_file(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static void
complain_locked(int fd, const struct endpoint *at, struct buf *error)
{
	char text[LOCK_TEXT_MAX];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid;

	text[n > 0 ? n : 0] = '\0';
	pid = strtol(text, NULL, 10);
	if (pid > 0)
		buf_printf(error, "another sluiced (pid %ld) listens on %s",
		    pid, at->text);
	else
		buf_printf(error, "another sluiced listens on %s", at->text);
}

/* The administrator thinks of the folder, not of a lock in it. */
static void
complain_closed(const struct endpoint *at, const char *path, struct buf *error)
{
	buf_printf(error, "cannot listen on %s: ", at->text);
	if (errno == ENOENT)
		buf_add_cstr(error, "the folder of this socket is missing");
	else if (errno == EACCES)
		buf_printf(error,
		    "the user of sluiced (%ld here) may not write to its "
		    "folder",
		    (long)geteuid());
	else
		buf_printf(error, "cannot open %s: %s", path, strerror(errno));
}

/* A locked descriptor, -1 and a message, or -2: the file was removed
 * meanwhile by a daemon that ended. */
static int
try_lock(const struct endpoint *at, const char *path, struct buf *error)
{
	int fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

	if (fd == -1) {
		complain_closed(at, path, error);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		complain_locked(fd, at, error);
		close(fd);
		return -1;
	}
	if (!is_same_file(fd, path)) {
		close(fd);
		return -2;
	}
	return fd;
}

static int
take_lock(const struct endpoint *at, struct buf *error)
{
	char path[LOCK_PATH_SIZE], text[LOCK_TEXT_MAX];
	int fd = -2, len;

	lock_path(at, path);
	for (int i = 0; i < LOCK_TRIES && fd == -2; i++)
		fd = try_lock(at, path, error);
	if (fd == -2)
		buf_printf(error, "%s comes and goes", path);
	if (fd < 0)
		return -1;
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)len, 0) != len) {
		buf_printf(error, "cannot write %s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* Does somebody accept connections on that socket? */
static bool
is_answered(const struct endpoint *at)
{
	struct endpoint_address address;
	int fd = endpoint_socket(at, &address);
	bool is_good;

	if (fd == -1)
		return true; /* not known: leave it alone */
	is_good = connect(fd, &address.any, address.len) == 0 ||
		  errno != ECONNREFUSED;
	close(fd);
	return is_good;
}

static int
remove_stale(const struct endpoint *at, struct buf *error)
{
	struct stat st;

	if (lstat(at->path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		buf_printf(error,
		    "cannot listen on %s: there is a file of that name which "
		    "is no socket",
		    at->text);
		return -1;
	}
	if (is_answered(at)) {
		buf_printf(error, "another program listens on %s", at->text);
		return -1;
	}
	if (unlink(at->path) == -1) {
		buf_printf(error, "cannot remove the old socket %s: %s",
		    at->path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
claim_unix(struct listener *listener, struct buf *error)
{
	listener->lock_fd = take_lock(&listener->at, error);
	if (listener->lock_fd == -1)
		return -1;
	return remove_stale(&listener->at, error);
}

/* Binds and closes again, only to know why it would fail. */
static int
try_bind(const struct endpoint *at)
{
	struct endpoint_address address;
	int fd = endpoint_socket(at, &address), on = 1, saved, rc = -1;

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, &address.any, address.len) == 0 && listen(fd, 1) == 0)
		rc = 0;
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

static int
claim_inet(struct listener *listener, struct buf *error)
{
	const struct endpoint *at = &listener->at;
	struct endpoint_address address;
	int rc = endpoint_address(at, &address);

	if (rc != 0) {
		buf_printf(error, "cannot listen on %s: %s", at->text,
		    gai_strerror(rc));
		return -1;
	}
	rc = try_bind(at);
	if (rc == -1 && errno == EADDRINUSE)
		buf_printf(error,
		    "cannot listen on %s: another program uses this port",
		    at->text);
	else if (rc == -1)
		buf_printf(error, "cannot listen on %s: %s", at->text,
		    strerror(errno));
	return rc;
}

/* NULL stays NULL. */
static const char *
copied(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_cstr(arena, str_of(text));
}

int
listen_claim(
    struct listener *listener, const struct endpoint *at, struct buf *error)
{
	struct arena *arena = arena_new(ARENA_FIRST_BYTES);
	int rc;

	*listener =
	    (struct listener){ .arena = arena, .at = *at, .lock_fd = -1 };
	listener->at.text = copied(arena, at->text);
	listener->at.host = copied(arena, at->host);
	listener->at.path = copied(arena, at->path);
	if (at->kind == ENDPOINT_UNIX)
		rc = claim_unix(listener, error);
	else
		rc = claim_inet(listener, error);
	if (rc == -1)
		listen_leave(listener);
	return rc;
}

/* A name or a number. 0, or -1 if there is no such group. */
static int
find_group(const char *name, gid_t *gid_out)
{
	const struct group *group = getgrnam(name);
	uint64_t number;

	if (group != NULL)
		*gid_out = group->gr_gid;
	else if (amount_parse(str_of(name), &number) == 0 &&
		 number < UINT32_MAX)
		*gid_out = (gid_t)number;
	else
		return -1;
	return 0;
}

/* Notes which socket is ours. 0, or -1 and a message. */
static int
look_at_socket(struct listener *listener, struct stat *st, struct buf *error)
{
	if (lstat(listener->at.path, st) == -1 || !S_ISSOCK(st->st_mode)) {
		buf_printf(error, "the socket %s vanished", listener->at.path);
		return -1;
	}
	listener->device = st->st_dev;
	listener->inode = st->st_ino;
	return 0;
}

/* Looks at what bind made of umask and group: an MTA that cannot connect is
 * the most frequent complaint about milters. */
int
listen_secure(struct listener *listener, uint32_t mode, const char *group,
    struct buf *error)
{
	const char *path = listener->at.path;
	struct stat st;
	gid_t gid = (gid_t)-1;

	if (look_at_socket(listener, &st, error) == -1)
		return -1;
	if (group != NULL && find_group(group, &gid) == -1) {
		buf_printf(
		    error, "socket_group: there is no group '%s'", group);
		return -1;
	}
	if (gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) == -1) {
		buf_printf(error, "cannot give %s to group %s: %s%s", path,
		    group, strerror(errno),
		    errno == EPERM ? "; only a member may: put the user of "
				     "sluiced into it (under systemd by "
				     "SupplementaryGroups=)"
				   : "");
		return -1;
	}
	if (look_at_socket(listener, &st, error) == -1)
		return -1;
	if ((st.st_mode & 0777) != mode ||
	    (gid != (gid_t)-1 && st.st_gid != gid)) {
		buf_printf(error,
		    "the socket %s has mode %04o and group %u in spite of "
		    "socket_mode and socket_group",
		    path, (unsigned)st.st_mode & 0777, (unsigned)st.st_gid);
		return -1;
	}
	return 0;
}

/* libmilter takes an address for a host name unless it stands in brackets. */
static void
milter_text(const struct endpoint *at, struct buf *text)
{
	struct ip ip;

	if (at->kind == ENDPOINT_UNIX ||
	    ip_parse(str_of(at->host), &ip) == -1) {
		buf_add_cstr(text, at->text);
		return;
	}
	buf_printf(text, "%s:%u@[%s]",
	    at->kind == ENDPOINT_INET ? "inet" : "inet6", at->port, at->host);
}

int
listen_open(
    struct listener *listener, const struct conf *conf, struct buf *error)
{
	struct buf text;
	mode_t old = umask(0777 & ~(mode_t)conf->socket_mode);
	int rc = -1;

	buf_init(&text);
	milter_text(&listener->at, &text);
	if (smfi_setconn(text.p) == MI_SUCCESS &&
	    smfi_opensocket(false) == MI_SUCCESS)
		rc = 0;
	umask(old);
	buf_done(&text);
	if (rc == -1) {
		buf_printf(error, "cannot listen on %s: %s", listener->at.text,
		    strerror(errno));
		return -1;
	}
	if (listener->at.kind == ENDPOINT_UNIX)
		return listen_secure(
		    listener, conf->socket_mode, conf->socket_group, error);
	return 0;
}

static void
remove_socket(const struct listener *listener)
{
	const char *path = listener->at.path;
	char lock[LOCK_PATH_SIZE];
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == listener->device &&
	    st.st_ino == listener->inode)
		unlink(path);
	lock_path(&listener->at, lock);
	if (is_same_file(listener->lock_fd, lock))
		unlink(lock);
}

void
listen_leave(struct listener *listener)
{
	if (listener->arena == NULL)
		return;
	if (listener->lock_fd != -1) {
		remove_socket(listener);
		close(listener->lock_fd);
	}
	arena_free(listener->arena);
	*listener = (struct listener){ .lock_fd = -1 };
}
