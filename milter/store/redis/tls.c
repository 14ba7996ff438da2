/*
 * hiredis carries the bytes, but never waits: the socket does not block, and
 * each wait is a poll that ends by the deadline. The handshake is driven here,
 * with an SSL object of our own, for two reasons: hiredis would not compare the
 * name in the certificate with the host, and could not say what was wrong.
 *
 * The trap is poll: bytes that OpenSSL has taken from the socket already are
 * not seen by it, so what is there is always read first.
 */
#include "store/redis/tls.h"

#ifdef SLUICE_TLS

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/redis/conn.h"
#include "store/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEND_NAP_US 2000

struct redis_tls {
	SSL_CTX *context;
};

struct redis_tls_conn {
	redisContext *redis; /* owns all else, the socket too */
	SSL *ssl;
};

int
redis_tls_check(struct buf *error)
{
	(void)error;
	return 0;
}

/* Why OpenSSL did not do the last thing. */
static const char *
tls_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	return reason != NULL ? reason : strerror(errno);
}

static int
set_up(SSL_CTX *context, const struct store_url *url, struct buf *error)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (url->tls_ca == NULL) {
		if (SSL_CTX_set_default_verify_paths(context) != 1) {
			buf_printf(error,
			    "the system's authorities cannot be read (%s); "
			    "name a file, as in \"rediss://…?ca=FILE\"",
			    tls_reason());
			return -1;
		}
	} else if (SSL_CTX_load_verify_locations(context, url->tls_ca, NULL) !=
		   1) {
		buf_printf(error,
		    "ca=%s: %s; expected a file of certificates in PEM",
		    url->tls_ca, tls_reason());
		return -1;
	}
	if (url->tls_cert == NULL)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, url->tls_cert) != 1) {
		buf_printf(error, "cert=%s: %s; expected a certificate in PEM",
		    url->tls_cert, tls_reason());
		return -1;
	}
	if (SSL_CTX_use_PrivateKey_file(
		context, url->tls_key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1) {
		buf_printf(error,
		    "key=%s: %s; expected the certificate's key in PEM",
		    url->tls_key, tls_reason());
		return -1;
	}
	return 0;
}

struct redis_tls *
redis_tls_new(const struct store_url *url, struct buf *error)
{
	struct redis_tls *tls = xcalloc(1, sizeof(*tls));

	/* OpenSSL writes without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	ERR_clear_error();
	if ((tls->context = SSL_CTX_new(TLS_client_method())) == NULL)
		abort(); /* no memory */
	if (set_up(tls->context, url, error) == 0)
		return tls;
	redis_tls_free(tls);
	return NULL;
}

void
redis_tls_free(struct redis_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* The name or the address that the certificate must be for. */
static bool
expect_host(SSL *ssl, const char *host)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(
			   SSL_get0_param(ssl), host) == 1;
	/* What SSL_set_tlsext_host_name does; that macro warns of its cast. */
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		   TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host) == 1;
}

/* What was wrong with the certificate, if that was it. */
static void
fail_handshake(struct redis_tls_conn *conn, struct redis_failure *failure)
{
	long verdict = SSL_get_verify_result(conn->ssl);

	redis_fail(failure, REDIS_FAILURE_LOST, "TLS: %s",
	    verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
				 : tls_reason());
}

/* A connection whose handshake is not done yet; fd is closed on failure. */
static struct redis_tls_conn *
make_conn(const struct redis_tls *tls, int fd, const char *host,
    struct redis_failure *failure)
{
	struct redis_tls_conn *conn = xcalloc(1, sizeof(*conn));
	redisOptions options = { .type = REDIS_CONN_USERFD,
		.options = REDIS_OPT_NONBLOCK };

	options.endpoint.fd = fd;
	if ((conn->redis = redisConnectWithOptions(&options)) == NULL ||
	    (conn->ssl = SSL_new(tls->context)) == NULL)
		abort(); /* no memory */
	if (expect_host(conn->ssl, host) &&
	    redisInitiateSSL(conn->redis, conn->ssl) == REDIS_OK)
		return conn;
	fail_handshake(conn, failure); /* the peer may be that quick */
	/* hiredis takes the object only where it says that all is well. */
	SSL_free(conn->ssl);
	redis_tls_close(conn);
	return NULL;
}

static int
wait_for(struct redis_tls_conn *conn, short events, int64_t until_us,
    struct redis_failure *failure)
{
	struct pollfd pollfd = { .fd = conn->redis->fd, .events = events };
	int64_t left_us = until_us - clock_steady_us();
	struct timespec left = { left_us / 1000000, left_us % 1000000 * 1000 };

	if (left_us > 0 && (ppoll(&pollfd, 1, &left, NULL) != 0))
		return 0;
	redis_fail(failure, REDIS_FAILURE_LATE, "no answer in time");
	return -1;
}

static int
shake_hands(struct redis_tls_conn *conn, int64_t deadline_us,
    struct redis_failure *failure)
{
	for (;;) {
		int rc, error;

		ERR_clear_error();
		errno = ECONNRESET; /* the end in the middle sets nothing */
		rc = SSL_do_handshake(conn->ssl);
		if (rc == 1)
			return 0;
		error = SSL_get_error(conn->ssl, rc);
		if (error != SSL_ERROR_WANT_READ &&
		    error != SSL_ERROR_WANT_WRITE) {
			fail_handshake(conn, failure);
			return -1;
		}
		if (wait_for(conn,
			error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
			deadline_us, failure) == -1)
			return -1;
	}
}

struct redis_tls_conn *
redis_tls_open(const struct redis_tls *tls, int fd, const char *host,
    int64_t deadline_us, struct redis_failure *failure)
{
	struct redis_tls_conn *conn = make_conn(tls, fd, host, failure);

	if (conn == NULL)
		return NULL;
	if (shake_hands(conn, deadline_us, failure) == 0)
		return conn;
	redis_tls_close(conn);
	return NULL;
}

void
redis_tls_close(struct redis_tls_conn *conn)
{
	redisFree(conn->redis);
	free(conn);
}

redisReader *
redis_tls_reader(struct redis_tls_conn *conn)
{
	return conn->redis->reader;
}

static int
fail_lost(struct redis_tls_conn *conn, struct redis_failure *failure)
{
	redis_fail(failure, REDIS_FAILURE_LOST, "%s",
	    conn->redis->err == REDIS_ERR_EOF ? "connection was closed"
					      : tls_reason());
	return -1;
}

int
redis_tls_send(struct redis_tls_conn *conn, struct str bytes,
    int64_t deadline_us, struct redis_failure *failure)
{
	int is_done = 0;

	if (redisAppendFormattedCommand(conn->redis, bytes.p, bytes.len) !=
	    REDIS_OK)
		abort(); /* no memory */
	for (;;) {
		int64_t nap_us = clock_steady_us() + SEND_NAP_US;

		ERR_clear_error();
		if (redisBufferWrite(conn->redis, &is_done) != REDIS_OK)
			return fail_lost(conn, failure);
		if (is_done)
			return 0;
		/* hiredis does not say what it waits for; it is rare. */
		if (clock_steady_us() >= deadline_us)
			return wait_for(conn, POLLOUT, deadline_us, failure);
		wait_for(conn, POLLIN, nap_us, failure);
	}
}

int
redis_tls_receive(struct redis_tls_conn *conn, int64_t deadline_us,
    struct redis_failure *failure)
{
	redisReader *reader = conn->redis->reader;

	for (;;) {
		size_t len = reader->len - reader->pos;

		ERR_clear_error();
		if (redisBufferRead(conn->redis) != REDIS_OK)
			return fail_lost(conn, failure);
		if (reader->len - reader->pos > len)
			return 0;
		if (wait_for(conn, POLLIN, deadline_us, failure) == -1)
			return -1;
	}
}

#else

int
redis_tls_check(struct buf *error)
{
	buf_add_cstr(error,
	    "\"rediss:\" needs a hiredis with SSL (hiredis_ssl), and this "
	    "sluice was built without; run stunnel (Debian: stunnel4) beside "
	    "it, and let store be \"redis://127.0.0.1:PORT/0\", stunnel's own "
	    "port; see \"TLS\" in sluice-redis(7)");
	return -1;
}

/* No store is ever opened with TLS here, so there is nothing more to do. */
struct redis_tls *
redis_tls_new(const struct store_url *url, struct buf *error)
{
	(void)url;
	redis_tls_check(error);
	return NULL;
}

void
redis_tls_free(struct redis_tls *tls)
{
	(void)tls;
}

struct redis_tls_conn *
redis_tls_open(const struct redis_tls *tls, int fd, const char *host,
    int64_t deadline_us, struct redis_failure *failure)
{
	(void)tls;
	(void)fd;
	(void)host;
	(void)deadline_us;
	(void)failure;
	return NULL;
}

void
redis_tls_close(struct redis_tls_conn *conn)
{
	(void)conn;
}

redisReader *
redis_tls_reader(struct redis_tls_conn *conn)
{
	(void)conn;
	return NULL;
}

int
redis_tls_send(struct redis_tls_conn *conn, struct str bytes,
    int64_t deadline_us, struct redis_failure *failure)
{
	(void)conn;
	(void)bytes;
	(void)deadline_us;
	(void)failure;
	return -1;
}

int
redis_tls_receive(struct redis_tls_conn *conn, int64_t deadline_us,
    struct redis_failure *failure)
{
	(void)conn;
	(void)deadline_us;
	(void)failure;
	return -1;
}

#endif
