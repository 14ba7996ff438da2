/*
 * content_cost - what mails cost a process: memory, time; and what they hit.
 *
 *	content_cost RULES... < MAILS
 *
 * Standard input holds mails, each behind a line "NAME BYTES". Each is looked
 * at by a process of its own, a copy of one that has loaded the rules and seen
 * a small mail. Of each one line comes out, of JSON:
 *
 *	name, bytes
 *	heap_kib	the most that was allocated at a time
 *	rss_kib		by how much the process grew (VmHWM)
 *	cpu_ms		of the process and of its helpers
 *	helpers_ms	of these, the helpers'
 *	reply		"continue", "reject", …
 *	rules		that fired, observed ones too
 *	damage		words of mime.damage
 *
 * The trap: a mail must not stand in memory on its way in, or nothing could be
 * told from what it costs. It stands in a buffer that is there before the copy
 * is made.
 */
#include "base/clock.h"
#include "base/xalloc.h"
#include "conf/files.h"
#include "engine/session.h"
#include "mime/mail_text.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAIL_MAX    ((size_t)32 << 20)
#define NAME_MAX_   255
#define CHUNK_BYTES 65535 /* as libmilter gives them */
#define RULES_MAX   200
#define PATIENCE_MS 20000
/* Charsets are loaded once, for the life of a process. */
#define WARM_MAIL                                                              \
	"From: carol@example.com\r\n"                                          \
	"Subject: =?gb18030?b?sK4=?= =?big5?b?pFc=?= =?shift_jis?b?sQ==?="     \
	" =?euc-jp?b?pKI=?= =?iso-2022-jp?q?a?= =?iso-2022-kr?q?a?="           \
	" =?euc-kr?b?sK4=?= =?koi8-r?b?wQ==?= =?utf-7?q?a?="                   \
	" =?windows-1252?b?5A==?= =?windows-1255?b?5A==?="                     \
	" =?utf-16?b?AGE=?= =?utf-32?b?AAAAYQ==?=\r\n"                         \
	"Content-Type: text/html\r\n\r\n<p>Hello, http://example.com/\r\n"

/* --- the heap ----------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *p);

static _Atomic size_t heap_now;
static _Atomic size_t heap_peak;

static void *
count(void *p)
{
	size_t now;
	size_t peak = atomic_load(&heap_peak);

	if (p == NULL)
		return NULL;
	now = malloc_usable_size(p);
	now += atomic_fetch_add(&heap_now, now);
	while (
	    now > peak && !atomic_compare_exchange_weak(&heap_peak, &peak, now))
		;
	return p;
}

static void
forget(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&heap_now, malloc_usable_size(p));
}

void *
malloc(size_t size)
{
	return count(__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	return count(__libc_calloc(n, size));
}

void *
realloc(void *old, size_t size)
{
	size_t before = old != NULL ? malloc_usable_size(old) : 0;
	void *p = __libc_realloc(old, size);

	if (p == NULL && size > 0)
		return NULL;
	atomic_fetch_sub(&heap_now, before);
	return count(p);
}

void *
memalign(size_t align, size_t size)
{
	return count(__libc_memalign(align, size));
}

void *
aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int
posix_memalign(void **out, size_t align, size_t size)
{
	*out = memalign(align, size);
	return *out != NULL ? 0 : ENOMEM;
}

void
free(void *p)
{
	forget(p);
	__libc_free(p);
}

/* --- the process --------------------------------------------------------- */

static size_t
status_kib(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoul(line + strlen(name), NULL, 10);
	if (file != NULL)
		fclose(file);
	return kib;
}

static double
cpu_ms(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* --- one mail ------------------------------------------------------------ */

struct look {
	struct ruleset *rules;
	struct engine engine;
	struct session *session;
	struct str fired[RULES_MAX];
	size_t n_fired;
	struct buf damage; /* words, as JSON has them */
};

static void
note_rule(struct look *look, struct str rule)
{
	for (size_t i = 0; i < look->n_fired; i++)
		if (str_eq(look->fired[i], rule))
			return;
	if (rule.len > 0 && look->n_fired < RULES_MAX)
		look->fired[look->n_fired++] = rule;
}

static void
on_verdict(void *context, const struct verdict_report *report)
{
	note_rule(context, report->rule);
}

static void
on_hit(void *context, struct str rule, const char *action)
{
	(void)action;
	note_rule(context, rule);
}

static struct ip
address(const char *text)
{
	struct ip ip = { 0 };

	if (ip_parse(str_of(text), &ip) == -1)
		abort();
	return ip;
}

static struct store *
open_memory(void)
{
	struct store_options options = { .url = "memory" };
	struct buf error = { 0 };
	struct store *store = store_open(&options, &error);

	if (store == NULL)
		exit(1);
	return store;
}

/* All that comes before the mail itself. */
static void
begin(struct look *look)
{
	const struct session_client client = { .ip = address("192.0.2.7"),
		.port = 25,
		.name = str_of("mail.example.com") };

	engine_init(&look->engine, open_memory(), open_memory(), 1);
	look->engine.on_verdict = on_verdict;
	look->engine.on_hit = on_hit;
	look->engine.context = look;
	look->session = session_new(&look->engine, look->rules);
	session_now(look->session, clock_wall_ms(), false);
	session_macro(look->session, "{daemon_name}", "mx");
	session_connect(look->session, &client);
	session_helo(look->session, str_of("mail.example.com"));
	session_want_content(look->session);
	session_mail(look->session, str_of("<carol@example.com>"), NULL, 0);
	session_rcpt(look->session, str_of("<anna@example.net>"), NULL, 0);
	session_data(look->session);
}

static struct reply
feed(struct session *session, struct str text)
{
	static char chunk[CHUNK_BYTES];
	struct mail_text mail;
	struct str name;
	struct str value;
	struct reply reply;
	size_t n;

	mail_text_init(&mail, text);
	while (mail_text_field(&mail, &name, &value))
		session_header(session, name, value);
	reply = session_end_of_headers(session);
	while (reply.kind == REPLY_CONTINUE &&
	       (n = mail_text_body(&mail, chunk, sizeof(chunk))) > 0)
		reply = session_body(session, (struct str){ chunk, n });
	if (reply.kind == REPLY_CONTINUE || reply.kind == REPLY_SKIP)
		reply = session_end(session);
	mail_text_done(&mail);
	return reply;
}

static const char *
reply_name(enum reply_kind kind)
{
	static const char *const names[] = { "continue", "accept", "reject",
		"tempfail", "discard", "skip" };

	return names[kind];
}

/* It may take a question to a helper, so while there are some. */
static void
read_damage(struct look *look)
{
	struct buf word = { 0 };

	for (size_t i = 0;
	     session_fact_value(look->session, FACT_MIME_DAMAGE, i, &word);
	     i++) {
		buf_printf(
		    &look->damage, "%s\"%s\"", i > 0 ? ", " : "", word.p);
		buf_clear(&word);
	}
	buf_done(&word);
}

static void
print_lists(struct look *look)
{
	fputs(", \"rules\": [", stdout);
	for (size_t i = 0; i < look->n_fired; i++)
		printf(
		    "%s\"%.*s\"", i > 0 ? ", " : "", STR_ARG(look->fired[i]));
	printf("], \"damage\": [%s]}\n",
	    look->damage.len > 0 ? buf_str(&look->damage).p : "");
}

/* What a process needs once and keeps. */
static void
warm_up(struct look *look)
{
	begin(look);
	feed(look->session, str_of(WARM_MAIL));
	session_free(look->session);
	look->session = NULL;
	look->n_fired = 0;
}

static void
look_at(struct look *look, const char *name, struct str text)
{
	struct inspect_options options;
	struct inspector *inspector;
	struct reply reply;
	size_t heap, rss;
	double self;

	warm_up(look); /* the program itself is paged in again */
	heap = atomic_load(&heap_now);
	rss = status_kib("VmRSS:");
	self = cpu_ms(RUSAGE_SELF);
	inspect_options_init(&options);
	options.timeout_ms = PATIENCE_MS; /* a busy machine is no damage */
	inspector = inspector_new(&options);
	atomic_store(&heap_peak, heap);
	begin(look);
	look->engine.inspector = inspector;
	reply = feed(look->session, text);
	read_damage(look);
	self = cpu_ms(RUSAGE_SELF) - self;
	heap = atomic_load(&heap_peak) - heap;
	rss = status_kib("VmHWM:") - rss;
	inspector_free(inspector); /* its helpers are waited for */
	printf("{\"name\": \"%s\", \"bytes\": %zu, \"heap_kib\": %zu, "
	       "\"rss_kib\": %zu, \"cpu_ms\": %.0f, \"helpers_ms\": %.0f, "
	       "\"reply\": \"%s\"",
	    name, text.len, heap / 1024, rss, self + cpu_ms(RUSAGE_CHILDREN),
	    cpu_ms(RUSAGE_CHILDREN), reply_name(reply.kind));
	print_lists(look);
	fflush(stdout);
}

/* In a copy of this process. */
static int
look_apart(struct look *look, const char *name, struct str text)
{
	pid_t pid;
	int status;

	fflush(stdout);
	if ((pid = fork()) == -1)
		return -1;
	if (pid == 0) {
		look_at(look, name, text);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	if (status != 0)
		printf("{\"name\": \"%s\", \"died\": %d}\n", name, status);
	return 0;
}

/* --- all ----------------------------------------------------------------- */

static struct ruleset *
load(const char *const *files, size_t n_files)
{
	struct rules_options options;
	struct diags *diags = diags_new();
	struct buf text = { 0 };
	struct ruleset *rules;

	rules_options_init(&options);
	options.now_ms = clock_wall_ms();
	rules = ruleset_load(&files_io, files, n_files, &options, diags);
	if (rules == NULL) {
		diags_render(diags, &text);
		fputs(text.p, stderr);
		exit(1);
	}
	diags_free(diags);
	return rules;
}

int
main(int argc, char **argv)
{
	static char text[MAIL_MAX];
	struct look look = { 0 };
	char name[NAME_MAX_ + 1];
	size_t n;

	if (inspect_is_helper(argc, argv))
		return inspect_serve();
	if (argc < 2) {
		fputs("usage: content_cost RULES... < MAILS\n", stderr);
		return 2;
	}
	look.rules = load((const char *const *)argv + 1, (size_t)argc - 1);
	warm_up(&look);
	while (scanf("%255s %zu", name, &n) == 2 && getchar() == '\n') {
		if (n > MAIL_MAX || fread(text, 1, n, stdin) != n)
			return 1;
		if (look_apart(&look, name, (struct str){ text, n }) == -1)
			return 1;
	}
	return 0;
}
