/*
 * nothing: the filter that answers "continue" to everything.
 *
 * The yardstick of the benchmark: every callback is registered, nothing is
 * negotiated away, nothing is looked at. Whatever it costs is what libmilter
 * itself and the protocol cost. No xxfi_negotiate, so that libmilter asks for
 * every step with a reply, as a filter that knows no better would.
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	(void)ctx;
	(void)host;
	(void)addr;
	return SMFIS_CONTINUE;
}

/* HELO, and any command unknown to the MTA. */
static sfsistat
on_word(SMFICTX *ctx, char *word)
{
	(void)ctx;
	(void)word;
	return SMFIS_CONTINUE;
}

static sfsistat
on_unknown(SMFICTX *ctx, const char *command)
{
	(void)ctx;
	(void)command;
	return SMFIS_CONTINUE;
}

/* MAIL and RCPT. */
static sfsistat
on_path(SMFICTX *ctx, char **words)
{
	(void)ctx;
	(void)words;
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_CONTINUE;
}

/* DATA, the end of the headers and of the message, abort and close. */
static sfsistat
on_mark(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *bytes, size_t size)
{
	(void)ctx;
	(void)bytes;
	(void)size;
	return SMFIS_CONTINUE;
}

static char filter_name[] = "nothing";

static const struct smfiDesc filter = {
	.xxfi_name = filter_name,
	.xxfi_version = SMFI_VERSION,
	.xxfi_connect = on_connect,
	.xxfi_helo = on_word,
	.xxfi_envfrom = on_path,
	.xxfi_envrcpt = on_path,
	.xxfi_header = on_header,
	.xxfi_eoh = on_mark,
	.xxfi_body = on_body,
	.xxfi_eom = on_mark,
	.xxfi_abort = on_mark,
	.xxfi_close = on_mark,
	.xxfi_unknown = on_unknown,
	.xxfi_data = on_mark,
};

int
main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "-h") == 0) {
		fprintf(argc == 2 ? stdout : stderr,
		    "usage: nothing SOCKET\n"
		    "Answers \"continue\" on SOCKET (unix:PATH or "
		    "inet:PORT@HOST) until SIGTERM.\n");
		return argc == 2 ? 0 : 2;
	}
	umask(0); /* a private Postfix may be the one that connects */
	if (smfi_register(filter) != MI_SUCCESS ||
	    smfi_setconn(argv[1]) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS) {
		fprintf(stderr, "nothing: cannot listen on %s\n", argv[1]);
		return 1;
	}
	return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
